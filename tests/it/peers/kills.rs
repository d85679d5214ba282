//! `kill -9 after k of n mails`: where the server stands, and for a program also where it stands.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::super::support::maildrop::Maildrop;
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::Sandbox;
use super::super::support::server::begins;
use super::{Kind, assert_delivered, letters, sync_well};

/// How long a program may take to come to a point before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills runs after 12, 8, 5 and 2 more of the messages were asked for, and completes.
fn kill_after_some(kind: Kind) {
    const COUNT: usize = 16;
    let mail = Maildrop::sample("mail", 0, COUNT);
    // At this pace a run takes longer than a batch waits, so that some messages are safe before the end.
    let options = Options::new(Tls::None)
        .user(USER, PASSWORD, mail)
        .without_pipelining()
        .pace(150_000);
    let mailbox = Mailbox::of(Sandbox::new(), options);
    kind.configure(&mailbox, "");
    let sent = mailbox.there();
    for k in [12, 8, 5, 2] {
        let connection = mailbox.server.records().len();
        let running = mailbox.sandbox.start(["sync"]);
        mailbox.server.wait_until(connection, |record| {
            let asked = record.lines.iter().filter(|line| begins(line, "RETR"));
            asked.count() >= k || record.ended
        });
        running.signal("KILL");
        assert_eq!(running.finish().code, 137);
        mailbox.server.wait_until(connection, |record| record.ended);
    }
    sync_well(&mailbox);
    assert_delivered(kind, &mailbox, &sent);
    let asked = mailbox.server.count("RETR");
    assert!(
        asked < 4 * COUNT,
        "{asked} were asked for: nothing was kept"
    );
    sync_well(&mailbox);
    assert_delivered(kind, &mailbox, &sent);
}

#[test]
fn kill_9_after_k_of_n_mails_brings_none_again_into_a_maildir() {
    kill_after_some(Kind::Maildir);
}

#[test]
fn kill_9_after_k_of_n_mails_brings_none_again_into_an_mbox() {
    kill_after_some(Kind::Mbox);
}

#[test]
fn kill_9_while_an_mbox_is_written_brings_none_again() {
    let mailbox = letters(1);
    Kind::Mbox.configure(&mailbox, "leave-on-server = false");
    let mut sent = mailbox.there();
    // It is there, so that strace(1) can tell what is done to it.
    sync_well(&mailbox);
    let (log, mbox) = (
        mailbox.sandbox.path("tmp/strace.log"),
        mailbox.sandbox.home("mbox"),
    );
    let (log, mbox) = (log.to_str().unwrap(), mbox.to_str().unwrap());
    // In the first run, or when the next one completes it, before or after the bytes are there.
    for (strike, call) in ["write", "fsync", "fsync", "write", "fsync"]
        .iter()
        .enumerate()
    {
        for letter in 0..2 {
            let name = format!("{strike}-{letter}");
            mailbox.deposit(&name);
            sent.push(format!("Subject: {name}\n\n{name}\n").into_bytes());
        }
        let trace = format!("trace={call}");
        let kill = format!("inject={call}:signal=SIGKILL:when=1");
        let arguments = [
            "-f", "-qq", "-o", log, "-P", mbox, "-e", &trace, "-e", &kill,
        ];
        let out = mailbox.sandbox.sync_through("strace", &arguments);
        assert_eq!(
            out.code, 137,
            "strace must be allowed to trace: {}",
            out.stderr
        );
    }
    sync_well(&mailbox);
    sent.sort();
    assert_delivered(Kind::Mbox, &mailbox, &sent);
    sync_well(&mailbox);
    assert!(mailbox.there().is_empty());
}

#[test]
fn kill_9_after_k_of_n_mails_gives_a_program_at_most_the_one_in_flight_again() {
    const COUNT: usize = 8;
    let mailbox = letters(COUNT);
    // The program has the message, but popfetch does not hear of it.
    let waits = "n=$(sed -n 's/^Subject: //p' \"$hidden\")\nif [ -p \"$HOME/gate.$n\" ]; then\n\
        mv \"$hidden\" \"$HOME/kept/\"\n: > \"$HOME/reached.$n\"\nread line < \"$HOME/gate.$n\"\nexit 0\nfi\n";
    Kind::Pipe.configure_with(&mailbox, waits, "leave-on-server = false");
    let sent = mailbox.there();
    let stops = [0, 3, COUNT - 1];
    for stop in stops {
        let path = mailbox.sandbox.home(format!("gate.{stop}"));
        let gate = Gate::new(&path);
        let running = mailbox.sandbox.start(["sync"]);
        wait_for(&mailbox.sandbox.home(format!("reached.{stop}")));
        running.signal("KILL");
        assert_eq!(running.finish().code, 137);
        drop(gate);
        assert_eq!(
            mailbox.there().len(),
            COUNT,
            "nothing is deleted before all is known"
        );
    }
    sync_well(&mailbox);
    let mut all = sent.clone();
    all.extend(stops.map(|stop| format!("Subject: {stop}\n\nletter {stop}\n").into_bytes()));
    all.sort();
    assert_delivered(Kind::Pipe, &mailbox, &all);
    sync_well(&mailbox);
    assert!(mailbox.there().is_empty());
}

/// A FIFO at which a program waits; dropping it lets the program go, and removes the FIFO.
struct Gate<'p> {
    path: &'p Path,
    /// Held open for both, so that neither end waits for the other to be opened.
    file: File,
}

impl<'p> Gate<'p> {
    fn new(path: &'p Path) -> Self {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();
        Self { path, file }
    }
}

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        // A program that comes too late finds none, one that came reads what it waits for. A failure here would hide
        // the test's own.
        let _ = fs::remove_file(self.path);
        let _ = self.file.write_all(b"go\n");
    }
}

/// Waits until there is something at this path.
fn wait_for(path: &Path) {
    let started = Instant::now();
    while !path.exists() {
        assert!(
            started.elapsed() < PATIENCE,
            "{} never came",
            path.display()
        );
        thread::sleep(Duration::from_millis(2));
    }
}
