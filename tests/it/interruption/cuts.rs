//! The connection ends: anywhere, in a message, between messages, in a listing.

use super::super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Act, Fault, Options, Tls};
use super::super::support::sandbox::Sandbox;
use super::{assert_nothing_half_or_twice, assert_the_next_run_completes};

/// Three messages that are easily mistaken when they are not whole, to be deleted from the server.
fn small() -> Mailbox {
    let mail: Maildrop = [
        Message::new("a", "Subject: a\r\n\r\n.\r\nmore\r\n"),
        Message::new("b", ""),
        Message::new("c", "Subject: c\r\n\r\n.\n.\r.\r\n..\r\nno end"),
    ]
    .into_iter()
    .collect();
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    let mailbox = Mailbox::of(Sandbox::new(), options);
    mailbox.configure("leave-on-server = false");
    mailbox
}

#[test]
fn a_connection_cut_at_any_byte_loses_nothing_and_shows_nothing_half() {
    let whole = (0..).step_by(7).find(|&bytes| !cut_after(bytes));
    assert!(whole.is_some_and(|bytes| bytes > 250), "{whole:?}");
}

/// Cuts the connection after so many bytes, and completes in the next run; says whether the first run noticed.
fn cut_after(bytes: u64) -> bool {
    let mailbox = small();
    let sent = mailbox.there();
    mailbox.server.set_faults(vec![Fault::CutAfterBytes(bytes)]);
    let out = mailbox.sync();
    if out.code == 0 {
        return false;
    }
    assert_eq!(out.code, 75, "after {bytes} bytes: {}", out.stderr);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    assert_nothing_half_or_twice(&mailbox, &sent);
    let safe = [mailbox.here(), mailbox.there()].concat();
    assert!(
        sent.iter().all(|message| safe.contains(message)),
        "after {bytes} bytes"
    );
    assert_the_next_run_completes(&mailbox, &sent);
    assert!(mailbox.there().is_empty());
    true
}

/// What a run does whose connection suffers this; the next one completes it. Gives the numbers of messages that are
/// here after the first, and that were asked for by both.
fn suffers(fault: Fault) -> (usize, usize) {
    let mailbox = Mailbox::new(8);
    mailbox.configure("pipelining = false");
    let sent = mailbox.there();
    mailbox.server.set_faults(vec![fault]);
    let out = mailbox.sync();
    assert_eq!(out.code, 75, "{}", out.stderr);
    assert_nothing_half_or_twice(&mailbox, &sent);
    let here = mailbox.here().len();
    assert_the_next_run_completes(&mailbox, &sent);
    (here, mailbox.server.count("RETR"))
}

#[test]
fn cut_between_messages_what_came_before_stays_and_is_not_fetched_again() {
    assert_eq!(suffers(Fault::At("RETR", 5, Act::Cut)), (4, 8 + 1));
    assert_eq!(suffers(Fault::At("RETR", 1, Act::Cut)), (0, 8 + 1));
}

#[test]
fn silent_in_the_middle_of_a_message_what_came_before_stays_and_is_not_fetched_again() {
    let half = b"+OK 900 octets\r\nSubject: half\r\n\r\nhalf\r\n.".to_vec();
    let silence = Fault::At("RETR", 5, Act::Reply(half));
    let mailbox = Mailbox::new(8);
    mailbox.configure("pipelining = false\ntimeout = \"1s\"");
    let sent = mailbox.there();
    mailbox.server.set_faults(vec![silence]);
    let out = mailbox.sync();
    assert_eq!(out.code, 75, "{}", out.stderr);
    assert!(
        out.stderr.contains("silent for too long during RETR"),
        "{}",
        out.stderr
    );
    assert_nothing_half_or_twice(&mailbox, &sent);
    assert_eq!(mailbox.here().len(), 4);
    assert_the_next_run_completes(&mailbox, &sent);
    assert_eq!(mailbox.server.count("RETR"), 8 + 1);
}

#[test]
fn cut_before_the_listings_nothing_is_fetched() {
    for command in ["LIST", "UIDL"] {
        for act in [Act::Cut, Act::DoneThenCut] {
            let (here, asked) = suffers(Fault::At(command, 1, act));
            assert_eq!((here, asked), (0, 8), "{command}");
        }
    }
}

#[test]
fn a_listing_that_is_cut_is_not_taken_for_a_short_one() {
    let mailbox = Mailbox::new(8);
    assert_eq!(mailbox.sync().code, 0);
    let sent = mailbox.there();
    for command in ["LIST", "UIDL"] {
        let half = Act::Reply(b"+OK\r\n1 mail-00000\r\n".to_vec());
        mailbox.configure("leave-on-server = false\ntimeout = \"1s\"");
        mailbox.server.set_faults(vec![Fault::At(command, 1, half)]);
        assert_ne!(mailbox.sync().code, 0);
        assert_eq!(mailbox.server.count("DELE"), 0);
        assert_eq!(mailbox.there(), sent);
    }
    assert_the_next_run_completes(&mailbox, &sent);
    assert_eq!(mailbox.server.count("RETR"), 8);
}
