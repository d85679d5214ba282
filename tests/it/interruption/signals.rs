//! SIGTERM and SIGINT: what is whole is published, the rest comes next time, and nobody waits for the server.

use std::fs::OpenOptions;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, Mode, mkfifoat};

use super::super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::super::support::options::{Act, Fault, Options};
use super::super::support::server::{Record, begins};
use super::{assert_the_next_run_completes, kill, mailbox_with, visible};

/// How long popfetch may take to come to a point before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_signal_in_a_message_ends_the_run_with_what_is_whole() {
    for signal in ["TERM", "INT"] {
        let half = b"+OK\r\nSubject: half\r\n\r\nhalf\r\n".to_vec();
        let mailbox = mailbox_with(5, Options::without_pipelining);
        let sent = mailbox.there();
        mailbox
            .server
            .set_faults(vec![Fault::At("RETR", 4, Act::Reply(half))]);
        let running = mailbox.sandbox.start(["sync"]);
        let asked = |record: &Record| record.lines.iter().any(|line| begins(line, "RETR 4"));
        mailbox.server.wait_until(0, asked);
        running.signal(signal);
        let out = running.finish();
        assert_eq!(out.code, 75);
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
        assert!(
            out.stderr.contains("stopped before the server was done"),
            "{}",
            out.stderr
        );
        assert_eq!(mailbox.here().len(), 3, "those that were whole");
        assert_eq!(mailbox.server.count("QUIT"), 0);

        assert_the_next_run_completes(&mailbox, &sent);
        assert_eq!(mailbox.server.count("RETR"), 5 + 1);
    }
}

#[test]
fn a_signal_before_the_first_message_ends_the_run_with_nothing() {
    for command in ["GREETING", "PASS", "UIDL"] {
        let mailbox = mailbox_with(3, |options| options);
        let sent = mailbox.there();
        mailbox
            .server
            .set_faults(vec![Fault::At(command, 1, Act::Stall)]);
        let running = mailbox.sandbox.start(["sync"]);
        mailbox.server.wait_until(0, |record| record.stalled);
        running.signal("TERM");
        assert_eq!(running.finish().code, 75, "{command}");
        assert!(visible(&mailbox).is_empty());
        assert_the_next_run_completes(&mailbox, &sent);
    }
}

#[test]
fn a_signal_at_quit_deletes_what_the_next_run_still_finds() {
    let mailbox = mailbox_with(4, |options| options);
    mailbox.configure("leave-on-server = false\ntimeout = \"10m\"");
    let sent = mailbox.there();
    mailbox
        .server
        .set_faults(vec![Fault::At("QUIT", 1, Act::Stall)]);
    let running = mailbox.sandbox.start(["sync"]);
    mailbox.server.wait_until(0, |record| record.stalled);
    running.signal("INT");
    assert_eq!(running.finish().code, 75);
    assert_eq!(mailbox.there(), sent);
    assert_the_next_run_completes(&mailbox, &sent);
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.server.count("RETR"), 4);
}

#[test]
fn a_second_signal_ends_the_run_at_once_where_the_first_cannot() {
    let mailbox = Mailbox::new(3);
    // Opened for reading, a pipe waits for somebody who writes; no flag ends that.
    let pipe = mailbox.sandbox.home("ca.pem");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    let table = account("work", mailbox.server.port(), USER);
    let table = table.replace("tls = \"none\"", "tls-ca-file = \"~/ca.pem\"");
    mailbox
        .sandbox
        .config(&format!("{table}password = \"{PASSWORD}\"\n"));
    let running = mailbox.sandbox.start(["sync"]);
    let (sender, opened) = channel();
    thread::spawn(move || sender.send(OpenOptions::new().write(true).open(pipe)));
    let opened = opened.recv_timeout(PATIENCE);
    let _writer = opened.expect("popfetch opens the file").unwrap();
    running.signal("TERM");
    running.signal("INT");
    let out = running.finish();
    assert_eq!((out.code, out.stderr.as_str()), (75, ""));
    assert!(visible(&mailbox).is_empty());
}

#[test]
fn a_run_that_was_killed_locks_nobody_out() {
    let mailbox = mailbox_with(3, |options| options);
    let sent = mailbox.there();
    mailbox
        .server
        .set_faults(vec![Fault::At("UIDL", 1, Act::Stall)]);
    let running = mailbox.sandbox.start(["sync"]);
    mailbox.server.wait_until(0, |record| record.stalled);
    kill(running);
    assert_the_next_run_completes(&mailbox, &sent);
}
