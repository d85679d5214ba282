//! What is shared keeps apart: one Maildir for two accounts, one state for two processes, one maildrop for two runs.
//!
//! It also owns the limits of a run, which share a maildrop between this run and later ones.

use std::fs::{self, DirEntry};
use std::io;

use popfetch::retention::Policy;

use super::support::engine::{Engine, day};
use super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::support::maildrop::{Maildrop, Message};
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::Sandbox;

/// How many messages each of two users has.
const COUNT: usize = 6;

/// Two users on one server, and an account for each, `ann` and `bob`, which deliver to the same Maildir.
fn two() -> Mailbox {
    let mut options = Options::new(Tls::None);
    for user in ["ann", "bob"] {
        options = options.user(user, PASSWORD, Maildrop::sample(user, 0, COUNT));
    }
    let mailbox = Mailbox::of(Sandbox::new(), options);
    mailbox
        .sandbox
        .config(&(table(&mailbox, "ann") + &table(&mailbox, "bob")));
    mailbox
}

/// The account of this name and user.
fn table(mailbox: &Mailbox, user: &str) -> String {
    format!(
        "[accounts.{user}]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nuser = \"{user}\"\n\
         password = \"{PASSWORD}\"\ndeliver = {{ maildir = \"~/Mail/work\" }}\ntimeout = \"10m\"\n",
        mailbox.server.port()
    )
}

/// What both users have on the server.
fn both(mailbox: &Mailbox) -> Vec<Vec<u8>> {
    let stored = |user| mailbox.server.maildrop(user).stored();
    let mut both = [stored("ann"), stored("bob")].concat();
    both.sort();
    both
}

/// The names of the files in `tmp/`, sorted.
fn in_tmp(mailbox: &Mailbox) -> Vec<String> {
    let entries = fs::read_dir(mailbox.sandbox.home("Mail/work/tmp")).unwrap();
    let name = |entry: io::Result<DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn two_accounts_deliver_to_one_maildir_at_once() {
    let mailbox = two();
    for _ in 0..2 {
        let out = mailbox.sandbox.run(["sync", "--jobs", "2"]);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert!(mailbox.here() == both(&mailbox));
    }
    assert_eq!(mailbox.server.count("RETR"), 2 * COUNT);
}

#[test]
fn interrupted_at_once_neither_account_sweeps_the_others_files_away() {
    let mailbox = two();
    // Each stands with whole messages and half of one staged.
    let half = Act::Reply(b"+OK\r\nSubject: half\r\n\r\nhalf\r\n".to_vec());
    mailbox.server.set_faults(vec![Fault::At("RETR", 4, half)]);
    let no_pipelining = ["ann", "bob"].map(|user| table(&mailbox, user) + "pipelining = false\n");
    mailbox.sandbox.config(&no_pipelining.concat());
    let running = mailbox.sandbox.start(["sync", "--jobs", "2"]);
    for connection in [0, 1] {
        let stands = |line: &String| line == "RETR 4";
        mailbox
            .server
            .wait_until(connection, |record| record.lines.iter().any(stands));
    }
    running.signal("KILL");
    assert_eq!(running.finish().code, 137);
    let bob = Engine::of(&mailbox, "bob", "work");
    let ledger = bob.ledger();
    let tag = bob.account(&ledger).tag().to_owned();
    let of_bob = |names: Vec<String>| -> Vec<String> {
        let names = names.into_iter();
        names.filter(|name| name.ends_with(&tag)).collect()
    };
    let left = of_bob(in_tmp(&mailbox));

    mailbox.server.set_faults(Vec::new());
    assert_eq!(mailbox.sandbox.run(["sync", "ann"]).code, 0);
    assert_eq!(
        in_tmp(&mailbox),
        left,
        "bob's files stay, and none of ann's"
    );
    assert_eq!(mailbox.sandbox.run(["sync", "bob"]).code, 0);
    assert!(mailbox.here() == both(&mailbox));
}

#[test]
fn what_one_account_has_committed_another_neither_publishes_nor_removes() {
    let mailbox = two();
    let (ann, bob) = (
        Engine::of(&mailbox, "ann", "work"),
        Engine::of(&mailbox, "bob", "work"),
    );
    let ledger = bob.ledger();
    let account = bob.account(&ledger);
    let maildrop = mailbox.server.maildrop("bob");
    let staged = bob.stage(&account, maildrop.messages());
    bob.commit(&account, &staged, day(0, 0));
    let ran = ann.run_well(day(0, 1), Policy::Keep);
    assert_eq!(
        (ran.outcome.tally.recovered, ran.outcome.tally.new),
        (0, COUNT)
    );
    assert_eq!(in_tmp(&mailbox).len(), COUNT);
    let ran = bob.run_well(day(0, 2), Policy::Keep);
    assert_eq!(
        (ran.outcome.tally.recovered, ran.outcome.tally.new),
        (COUNT, 0)
    );
    assert!(mailbox.here() == both(&mailbox));
}

#[test]
fn a_second_run_on_a_busy_account_ends_at_once_and_names_the_first() {
    let mailbox = Mailbox::new(COUNT);
    mailbox.configure("timeout = \"10m\"");
    mailbox
        .server
        .set_faults(vec![Fault::At("UIDL", 1, Act::Stall)]);
    let first = mailbox.sandbox.start(["sync"]);
    mailbox.server.wait_until(0, |record| record.stalled);

    let second = mailbox.sync();
    assert_eq!(second.code, 75);
    assert_eq!(second.stderr.lines().count(), 1, "{}", second.stderr);
    let busy = format!(
        "popfetch: work: another run (process {}) is busy",
        first.id()
    );
    assert!(second.stderr.starts_with(&busy), "{}", second.stderr);
    assert_eq!(
        mailbox.server.records().len(),
        1,
        "the second did not connect"
    );

    first.signal("TERM");
    assert_eq!(first.finish().code, 75);
    mailbox.server.set_faults(Vec::new());
    assert_eq!(mailbox.sync().code, 0);
    assert!(mailbox.here() == mailbox.there());
}

#[test]
fn a_busy_account_does_not_hold_up_another_one_in_another_process() {
    let mailbox = two();
    mailbox
        .server
        .set_faults(vec![Fault::At("UIDL", 1, Act::Stall)]);
    let first = mailbox.sandbox.start(["sync", "ann"]);
    mailbox.server.wait_until(0, |record| record.stalled);
    mailbox.server.set_faults(Vec::new());

    assert_eq!(mailbox.sandbox.run(["sync", "bob"]).code, 0);
    assert!(mailbox.here() == mailbox.server.maildrop("bob").stored());
    let all = mailbox.sandbox.run(["sync"]);
    assert_eq!(all.code, 75);
    assert!(
        all.stderr.starts_with("popfetch: ann: another run"),
        "{}",
        all.stderr
    );
    first.signal("TERM");
    assert_eq!(first.finish().code, 75);
    assert_eq!(mailbox.sandbox.run(["sync"]).code, 0);
    assert!(mailbox.here() == both(&mailbox));
}

#[test]
fn two_processes_that_make_the_state_at_once_both_succeed() {
    let mailbox = two();
    let runs = ["ann", "bob"].map(|user| mailbox.sandbox.start(["sync", user]));
    for run in runs {
        let out = run.finish();
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    }
    assert!(mailbox.here() == both(&mailbox));
}

#[test]
fn an_account_that_is_added_later_brings_its_mail_and_leaves_the_first_alone() {
    let mailbox = two();
    mailbox.sandbox.config(&table(&mailbox, "ann"));
    assert_eq!(mailbox.sandbox.run(["sync"]).code, 0);
    assert!(mailbox.here() == mailbox.server.maildrop("ann").stored());
    mailbox
        .sandbox
        .config(&(table(&mailbox, "bob") + &table(&mailbox, "ann")));
    assert_eq!(mailbox.sandbox.run(["sync"]).code, 0);
    assert!(mailbox.here() == both(&mailbox));
    assert_eq!(mailbox.server.count("RETR"), 2 * COUNT);
}

#[test]
fn two_states_that_deliver_to_one_maildir_leave_each_other_alone() {
    let mailbox = two();
    let elsewhere = Sandbox::new();
    let maildir = mailbox.sandbox.home("Mail/work");
    let path = format!("\"{}\"", maildir.display());
    elsewhere.config(&table(&mailbox, "bob").replace("\"~/Mail/work\"", &path));
    let engine = Engine::of(&mailbox, "ann", "work");
    let ledger = engine.ledger();
    let account = engine.account(&ledger);
    let staged = engine.stage(&account, mailbox.server.maildrop("ann").messages());
    engine.commit(&account, &staged, day(0, 0));

    assert_eq!(elsewhere.run(["sync"]).code, 0);
    assert_eq!(in_tmp(&mailbox).len(), COUNT);
    engine.run_well(day(0, 1), Policy::Keep);
    assert!(mailbox.here() == both(&mailbox));
}

/// A mailbox of messages of these sizes.
fn sized(sizes: &[usize]) -> Mailbox {
    let message = |(n, size): (usize, &usize)| {
        Message::new(format!("uid-{n}"), "x".repeat(size - 2) + "\r\n")
    };
    let mail: Maildrop = sizes.iter().enumerate().map(message).collect();
    Mailbox::of(
        Sandbox::new(),
        Options::new(Tls::None).user(USER, PASSWORD, mail),
    )
}

#[test]
fn what_is_larger_than_max_size_stays_on_the_server_and_is_counted() {
    let mailbox = sized(&[100, 101, 99, 5000]);
    for run in 0..2 {
        mailbox.configure("max-size = 100\nleave-on-server = false");
        let out = mailbox.sandbox.run(["sync", "--json"]);
        assert_eq!(out.code, 0);
        assert!(out.stdout.contains("\"too_large\":2"), "{}", out.stdout);
        assert_eq!(mailbox.here().len(), 2, "run {run}");
        assert_eq!(mailbox.there().len(), 2, "run {run}");
    }
    mailbox.configure("leave-on-server = false");
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), 4);
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.server.count("RETR"), 4);
}

#[test]
fn no_run_fetches_more_than_max_messages_and_later_ones_fetch_the_rest() {
    let mailbox = Mailbox::new(7);
    mailbox.configure("max-messages = 3");
    for (here, left) in [(3, 4), (6, 1), (7, 0), (7, 0)] {
        let out = mailbox.sandbox.run(["sync", "--json"]);
        assert_eq!(out.code, 0);
        let after_limit = format!("\"after_limit\":{left}");
        assert!(out.stdout.contains(&after_limit), "{}", out.stdout);
        assert_eq!(mailbox.here().len(), here);
    }
    assert_eq!(mailbox.server.count("RETR"), 7);
    assert!(mailbox.here() == mailbox.there());
}
