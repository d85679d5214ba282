//! Whatever ends a run, and when: nothing is lost, nothing comes twice, nothing is seen half.
//!
//! It owns what the parts share: how a run is ended, and what must hold after the next one. Where a run stands is read
//! from the server's record, never from a clock.

mod cuts; // the connection ends
mod kills; // SIGKILL, where the server stands
mod recovery; // each state that a dead run can leave
mod signals; // SIGTERM and SIGINT

use std::fs;

use super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::support::maildrop::Maildrop;
use super::support::options::{Options, Tls};
use super::support::sandbox::{Running, Sandbox};
use super::support::server::Record;

/// A mailbox of so many messages of all kinds, and its server's options changed like this.
fn mailbox_with(count: usize, change: impl FnOnce(Options) -> Options) -> Mailbox {
    let mail = Maildrop::sample("mail", 0, count);
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    let mailbox = Mailbox::of(Sandbox::new(), change(options));
    mailbox.configure("timeout = \"10m\"");
    mailbox
}

/// The index that the next connection to the server will have.
fn next_connection(mailbox: &Mailbox) -> usize {
    mailbox.server.records().len()
}

/// Starts a run and waits until its connection has come so far, then kills it.
fn kill_when(mailbox: &Mailbox, holds: impl FnMut(&Record) -> bool) {
    let connection = next_connection(mailbox);
    let running = mailbox.sandbox.start(["sync"]);
    mailbox.server.wait_until(connection, holds);
    kill(running);
    mailbox.server.wait_until(connection, |record| record.ended);
}

fn kill(running: Running) {
    running.signal("KILL");
    assert_eq!(running.finish().code, 137);
}

/// What a reader of the Maildir sees now, sorted by content.
fn visible(mailbox: &Mailbox) -> Vec<Vec<u8>> {
    let mut mail = Vec::new();
    for folder in ["new", "cur"] {
        let Ok(entries) = fs::read_dir(mailbox.sandbox.home("Mail/work").join(folder)) else {
            continue;
        };
        mail.extend(entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()));
    }
    mail.sort();
    mail
}

/// How many files are hidden in `tmp/`.
fn hidden(mailbox: &Mailbox) -> usize {
    fs::read_dir(mailbox.sandbox.home("Mail/work/tmp")).map_or(0, Iterator::count)
}

/// Asserts that a reader of the Maildir sees whole messages only, and none of them twice.
#[track_caller]
fn assert_nothing_half_or_twice(mailbox: &Mailbox, sent: &[Vec<u8>]) {
    let seen = visible(mailbox);
    assert!(
        seen.windows(2).all(|pair| pair[0] != pair[1]),
        "something came twice"
    );
    assert!(
        seen.iter().all(|message| sent.contains(message)),
        "something is not what was sent"
    );
}

/// Runs to the end without faults, and asserts that each message of `sent` is here once and nothing else.
#[track_caller]
fn assert_the_next_run_completes(mailbox: &Mailbox, sent: &[Vec<u8>]) {
    mailbox.server.set_faults(Vec::new());
    let out = mailbox.sync();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    let here = mailbox.here();
    assert_eq!(here.len(), sent.len());
    assert!(here == sent, "what is here is not what was sent");
}
