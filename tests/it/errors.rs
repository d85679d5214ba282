//! What goes wrong ends with the right status, names its place and its cure, and loses nothing.
//!
//! It owns the failures outside the protocol, and refusals within it. In all tests the account deletes from the server
//! what it has fetched, so that a failure has something to lose. Invariant of each test: after the failure the server has
//! all its mail, and once the cure is applied all of it arrives.

mod configuration; // the file, and the command line
mod refusals; // what the server says no to
mod stores; // the Maildir and the state

use super::support::mailbox::Mailbox;
use super::support::sandbox::{Finished, Sandbox};

/// How many messages are at stake.
const COUNT: usize = 8;

/// The line that puts mail at stake.
const DELETING: &str = "leave-on-server = false";

/// Mail at stake.
fn at_stake() -> Mailbox {
    at_stake_in(Sandbox::new())
}

/// Mail at stake, in this sandbox.
fn at_stake_in(sandbox: Sandbox) -> Mailbox {
    let mailbox = Mailbox::within(sandbox, COUNT);
    mailbox.configure(DELETING);
    mailbox
}

/// Asserts the exit status, that all of `parts` are on standard error, and that standard output is empty.
#[track_caller]
fn says(out: &Finished, code: i32, parts: &[&str]) {
    assert_eq!(out.code, code, "{}", out.stderr);
    assert_eq!(out.stdout, "");
    for part in parts {
        assert!(out.stderr.contains(part), "no {part:?} in:\n{}", out.stderr);
    }
}

/// Asserts that it is one line for a person to read: popfetch, the account, what is wrong, what to do.
#[track_caller]
fn says_in_a_line(out: &Finished, code: i32, parts: &[&str]) {
    says(out, code, parts);
    assert!(
        out.stderr.starts_with("popfetch: work: ") && out.stderr.contains("; "),
        "{}",
        out.stderr
    );
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
}

/// Asserts that the server has all its mail.
#[track_caller]
fn all_is_there(mailbox: &Mailbox) {
    assert_eq!(mailbox.there().len(), COUNT);
    assert_eq!(mailbox.server.count("DELE"), 0);
}

/// Asserts that the next run moves all mail here, and says nothing.
#[track_caller]
fn then_all_arrives(mailbox: &Mailbox) {
    all_is_there(mailbox);
    let mail = mailbox.there();
    let out = mailbox.sync();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(mailbox.here(), mail);
    assert!(mailbox.there().is_empty());
}

/// Does what the message says to do: the one command in it that begins with this word.
#[track_caller]
fn obey(out: &Finished, word: &str) {
    let at = out.stderr.find(&format!("{word} ")).expect("a command");
    let command = out.stderr[at..].split([')', '\n']).next().unwrap();
    let done = std::process::Command::new("sh")
        .args(["-c", command])
        .status();
    assert!(done.unwrap().success(), "{command}");
}
