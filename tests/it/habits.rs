//! Servers as they are: what they do to uids, listings and hidden mail, and that all mail comes once all the same.
//!
//! It owns what the parts share: small mail, and runs in which all is well. How a server breaks the protocol belongs to
//! `hostile`, what a uid may be mistaken for to `identity`. What was asked for is read from the server's record.

mod absence; // uids that are gone for a while, or for good
mod exchanged; // uids that another message has now
mod gmail; // pages, hidden mail, `recent:`
mod logins; // what a server wants of logins, from one to the next
mod moved; // all uids are other ones
mod uidless; // no UIDL
mod uids; // shared, odd, missing

use std::ops::Range;

use super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::support::maildrop::{Maildrop, Message};
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::Sandbox;

/// A small message like no other, whose uid and subject have its number.
fn letter(n: usize) -> Message {
    let text = format!("Subject: {n}\r\nMessage-ID: <{n}@example.org>\r\n\r\nletter {n}\r\n");
    Message::new(format!("uid-{n}"), text)
}

/// Such messages.
fn letters(numbers: Range<usize>) -> Maildrop {
    numbers.map(letter).collect()
}

/// This mail on a server whose options are changed like this.
fn mailbox(mail: Maildrop, change: impl FnOnce(Options) -> Options) -> Mailbox {
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    Mailbox::of(Sandbox::new(), change(options))
}

/// This mail on a server that does as the RFCs say.
fn plain_mailbox(mail: Maildrop) -> Mailbox {
    mailbox(mail, |options| options)
}

/// A run in which all is well.
#[track_caller]
fn sync_well(mailbox: &Mailbox) {
    let out = mailbox.sync();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
}

/// A run in which all is well, that asks for so many messages.
#[track_caller]
fn sync_asking_for(mailbox: &Mailbox, messages: usize) {
    let before = mailbox.server.count("RETR");
    sync_well(mailbox);
    assert_eq!(mailbox.server.count("RETR") - before, messages);
}

/// Asserts that these are here, each once, and nothing else.
#[track_caller]
fn assert_here(mailbox: &Mailbox, sent: &[Vec<u8>]) {
    let here = mailbox.here();
    assert_eq!(here.len(), sent.len(), "not as many as were sent");
    assert!(here == sent, "what is here is not what was sent");
}

/// Every listing is an empty one.
fn empty_listings() -> Vec<Fault> {
    let none = Act::reply("+OK\r\n.");
    vec![
        Fault::Each("LIST", none.clone()),
        Fault::Each("UIDL", none),
        Fault::Each("STAT", Act::reply("+OK 0 0")),
    ]
}

/// Asserts that runs from now on deliver nothing and, after the first, ask for nothing.
#[track_caller]
fn assert_recognised(mailbox: &Mailbox) {
    let before = mailbox.here();
    sync_well(mailbox);
    assert_here(mailbox, &before);
    sync_asking_for(mailbox, 0);
    assert_here(mailbox, &before);
}
