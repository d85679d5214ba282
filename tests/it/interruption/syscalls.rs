//! SIGKILL at the moments that matter: when a file is renamed, made durable or removed, and when the state is written.
//!
//! strace(1) counts a thread's system calls and kills at the nth, before it is carried out. It must be there and be
//! allowed to trace: a test that cannot strike proves nothing and fails.

use std::process::Command;

use jiff::Timestamp;

use super::super::support::engine::Engine;
use super::super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::{Running, Sandbox};
use super::{assert_nothing_half_or_twice, assert_the_next_run_completes, visible};

/// The system calls that make a message visible.
const RENAME: &str = "/^rename";
/// Those that make it durable.
const SYNC: &str = "fsync,fdatasync,syncfs";
/// Those that remove a file.
const UNLINK: &str = "/^unlink";
/// Those with which SQLite writes.
const WRITE: &str = "pwrite64";

/// A mailbox of tiny messages that are to be deleted from the server.
fn tiny(count: usize) -> Mailbox {
    let message = |n| Message::new(format!("uid-{n}"), format!("Subject: {n}\r\n\r\n{n}\r\n"));
    let mail: Maildrop = (0..count).map(message).collect();
    let mailbox = Mailbox::of(
        Sandbox::new(),
        Options::new(Tls::None).user(USER, PASSWORD, mail),
    );
    mailbox.configure("leave-on-server = false");
    mailbox
}

/// The same, after a run that brought nothing: the state is made, and its first lines are written.
fn prepared(count: usize) -> Mailbox {
    let mailbox = tiny(count);
    mailbox.configure("max-size = 1");
    assert_eq!(mailbox.sync().code, 0);
    mailbox.configure("leave-on-server = false");
    mailbox
}

/// Runs popfetch and kills it at the `nth` of these calls that a thread makes; says whether there were so many.
fn struck(mailbox: &Mailbox, calls: &str, nth: usize) -> bool {
    let like = mailbox.sandbox.command();
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-o"])
        .arg(mailbox.sandbox.path("tmp/strace.log"))
        .args(["-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={calls}:signal=SIGKILL:when={nth}")])
        .arg(like.get_program())
        .arg("sync")
        .env_clear()
        .envs(
            like.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let out = Running::new(command).finish();
    match out.code {
        0 => false,
        137 => true,
        code => panic!(
            "strace must be allowed to trace (in a container: --cap-add=SYS_PTRACE); it ended with {code}: {}",
            out.stderr
        ),
    }
}

/// Strikes once, and asserts that the next run completes what was begun. Says whether the strike hit.
fn survives(mailbox: &Mailbox, sent: &[Vec<u8>], calls: &str, nth: usize) -> bool {
    let hit = struck(mailbox, calls, nth);
    assert_nothing_half_or_twice(mailbox, sent);
    let safe = [visible(mailbox), mailbox.there()].concat();
    let safe = sent.iter().all(|message| safe.contains(message));
    assert!(
        safe,
        "{calls} {nth}: something is neither here nor on the server"
    );
    assert_the_next_run_completes(mailbox, sent);
    assert!(mailbox.there().is_empty());
    hit
}

/// Strikes at the first of these calls, the second, and so on, each time in a new place; says how often it hit.
fn strikes(place: impl Fn() -> Mailbox, calls: &str, most: usize) -> usize {
    let hit = (1..=most).take_while(|nth| {
        let mailbox = place();
        let sent = mailbox.there();
        survives(&mailbox, &sent, calls, *nth)
    });
    hit.count()
}

#[test]
fn killed_at_each_rename_each_message_arrives_once() {
    assert_eq!(strikes(|| prepared(5), RENAME, 6), 5);
}

#[test]
fn killed_at_each_sync_each_message_arrives_once() {
    let hit = strikes(|| prepared(5), SYNC, 16);
    assert!(hit >= 4, "{hit} strikes hit");
}

#[test]
fn killed_at_each_write_of_the_state_each_message_arrives_once() {
    let hit = strikes(|| prepared(5), WRITE, 20);
    assert!(hit >= 4, "{hit} strikes hit");
}

#[test]
fn killed_at_each_removal_each_message_arrives_once() {
    let with_leftovers = || {
        let mailbox = prepared(5);
        let dead = Engine::on(&mailbox);
        let ledger = dead.ledger();
        let account = dead.account(&ledger);
        let maildrop = mailbox.server.maildrop(USER);
        let staged = dead.stage(&account, maildrop.messages());
        dead.commit(&account, &staged[..2], Timestamp::now());
        mailbox
    };
    let hit = strikes(with_leftovers, UNLINK, 6);
    assert!(hit >= 3, "{hit} strikes hit");
}

#[test]
fn killed_while_the_state_is_made_the_next_run_makes_it() {
    for (calls, nth) in [(WRITE, 1), (WRITE, 5), (WRITE, 9), (SYNC, 1), (SYNC, 2)] {
        let mailbox = tiny(5);
        let sent = mailbox.there();
        assert!(survives(&mailbox, &sent, calls, nth), "{calls} {nth}");
    }
}

#[test]
fn killed_between_two_batches_each_message_arrives_once() {
    for (calls, nth) in [(RENAME, 499), (RENAME, 503), (SYNC, 4), (WRITE, 30)] {
        let mailbox = prepared(510);
        let sent = mailbox.there();
        survives(&mailbox, &sent, calls, nth);
    }
}

#[test]
fn killed_again_and_again_each_message_arrives_once() {
    let mailbox = prepared(5);
    let sent = mailbox.there();
    for (calls, nth) in [
        (SYNC, 1),
        (RENAME, 3),
        (UNLINK, 1),
        (RENAME, 1),
        (SYNC, 2),
        (WRITE, 2),
    ] {
        struck(&mailbox, calls, nth);
        assert_nothing_half_or_twice(&mailbox, &sent);
    }
    assert_the_next_run_completes(&mailbox, &sent);
}
