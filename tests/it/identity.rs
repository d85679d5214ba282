//! What a uid stands for: servers give one to another message, list odd things, and break at one message.
//!
//! Owns the proofs that nothing is deleted unfetched or brought twice on the word of a uid alone.

mod ports; // the same maildrop, or another one, behind another port

use crate::support::mailbox::{Mailbox, USER};
use crate::support::maildrop::Message;
use crate::support::options::{Act, Fault};

fn message(uid: &str, body: &str) -> Message {
    Message::new(uid, format!("Subject: {uid}\r\n\r\n{body}\r\n"))
}

#[test]
fn a_uid_that_comes_back_for_another_message_is_fetched_before_it_is_deleted() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("leave-on-server = false");
    mailbox.server.deposit(USER, message("1", "first"));
    assert_eq!(mailbox.sync().code, 0);
    // The server has seen the maildrop empty, and begins to count anew.
    assert_eq!(mailbox.sync().code, 0);
    // The same size, so that only the content tells.
    mailbox.server.deposit(USER, message("1", "other"));
    assert_eq!(mailbox.sync().code, 0);
    let here = mailbox.here();
    assert_eq!(here.len(), 2, "{here:?}");
    assert!(here.iter().any(|mail| mail.ends_with(b"other\n")));
    assert!(mailbox.there().is_empty());
}

#[test]
fn a_uid_that_is_reused_at_once_is_known_by_its_size() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("leave-on-server = false");
    mailbox.server.deposit(USER, message("1", "first"));
    assert_eq!(mailbox.sync().code, 0);
    mailbox.server.deposit(USER, message("1", "another one"));
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), 2);
    assert!(mailbox.there().is_empty());
}

#[test]
fn a_message_that_comes_back_after_its_deletion_is_not_delivered_again() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("leave-on-server = false");
    mailbox.server.deposit(USER, message("1", "first"));
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.sync().code, 0);
    mailbox.server.deposit(USER, message("1", "first"));
    // Once it is known to be the same, it is deleted once more.
    for _ in 0..2 {
        let run = mailbox.sync();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }
    assert_eq!(mailbox.here().len(), 1);
    assert!(mailbox.there().is_empty());
}

#[test]
fn a_message_at_which_sessions_break_keeps_no_other_from_coming_or_going() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("leave-on-server = false");
    for uid in ["poison", "a", "b", "c"] {
        mailbox.server.deposit(USER, message(uid, uid));
    }
    mailbox
        .server
        .set_faults(vec![Fault::At("RETR 1", 1, Act::Cut)]);
    assert_eq!(mailbox.sync().code, 75);
    assert_eq!(mailbox.sync().code, 75);
    assert_eq!(mailbox.here().len(), 3, "all but the one that breaks");
    assert_eq!(mailbox.there().len(), 1);
    // A server that is mended gives it, once.
    mailbox.server.set_faults(Vec::new());
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), 4);
    assert!(mailbox.there().is_empty());
}

#[test]
fn a_uid_that_is_reused_at_once_with_the_same_size_is_known_by_its_content() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("leave-on-server = false");
    mailbox.server.deposit(USER, message("1", "first"));
    assert_eq!(mailbox.sync().code, 0);
    mailbox.server.deposit(USER, message("1", "other"));
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), 2);
    assert!(mailbox.there().is_empty());
}

#[test]
fn a_server_that_keeps_what_it_deletes_is_not_fetched_from_for_ever() {
    let mailbox = Mailbox::new(3);
    mailbox.configure("leave-on-server = false");
    let accepted = Act::reply("+OK");
    mailbox
        .server
        .set_faults(vec![Fault::Each("DELE", accepted)]);
    for _ in 0..8 {
        assert_eq!(mailbox.sync().code, 0);
    }
    let fetched = mailbox.server.count("RETR");
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.server.count("RETR"), fetched);
    assert_eq!(mailbox.here().len(), 3);
}

#[test]
fn many_messages_that_do_not_arrive_keep_no_other_from_arriving() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("max-messages = 1");
    for uid in ["poison", "b", "c"] {
        mailbox.server.deposit(USER, message(uid, uid));
    }
    // The line drops once at an innocent one, and always at the first.
    mailbox.server.set_faults(vec![
        Fault::At("RETR 1", 1, Act::Cut),
        Fault::At("RETR 2", 1, Act::Cut),
    ]);
    for _ in 0..2 {
        assert_eq!(mailbox.sync().code, 75);
    }
    mailbox
        .server
        .set_faults(vec![Fault::At("RETR 1", 1, Act::Cut)]);
    for _ in 0..3 {
        mailbox.sync();
    }
    assert_eq!(mailbox.here().len(), 2);
}

#[test]
fn a_message_that_is_always_refused_is_always_told() {
    let mailbox = Mailbox::new(2);
    let refusal = Act::reply("-ERR no such message");
    mailbox
        .server
        .set_faults(vec![Fault::Each("RETR 1", refusal)]);
    for _ in 0..3 {
        let run = mailbox.sync();
        assert_eq!(run.code, 69);
        assert!(run.stderr.contains("refused RETR"), "{}", run.stderr);
    }
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn messages_that_share_a_uid_are_told_apart_by_their_headers() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("leave-on-server = false");
    for (uid, body) in [("same", "one"), ("same", "two"), ("own", "three")] {
        mailbox.server.deposit(USER, message(uid, body));
    }
    let run = mailbox.sync();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(mailbox.here().len(), 3);
    assert!(mailbox.there().is_empty());
}

#[test]
fn messages_that_share_a_uid_and_have_no_header_to_be_had_are_left_on_the_server() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("leave-on-server = false");
    for (uid, body) in [("same", "one"), ("same", "two"), ("own", "three")] {
        mailbox.server.deposit(USER, message(uid, body));
    }
    let refusal = Act::reply("-ERR no TOP here");
    mailbox.server.set_faults(vec![Fault::Each("TOP", refusal)]);
    let run = mailbox.sync();
    assert_eq!(run.code, 76);
    assert!(
        run.stderr.contains("cannot be told from others"),
        "{}",
        run.stderr
    );
    assert_eq!(mailbox.here().len(), 1);
    assert_eq!(mailbox.there().len(), 2);
}

#[test]
fn a_number_that_is_listed_twice_is_told_and_left_on_the_server() {
    let mailbox = Mailbox::new(0);
    mailbox.configure("leave-on-server = false");
    mailbox.server.deposit(USER, message("a", "one"));
    let twice = Act::Reply(b"+OK\r\n1 a\r\n1 b\r\n.\r\n".to_vec());
    mailbox.server.set_faults(vec![Fault::Each("UIDL", twice)]);
    let run = mailbox.sync();
    assert_eq!(run.code, 76);
    assert!(
        run.stderr.contains("listed several times"),
        "{}",
        run.stderr
    );
    assert!(mailbox.here().is_empty());
    assert_eq!(mailbox.there().len(), 1);
}

#[test]
fn a_server_without_a_listing_for_an_empty_maildrop_is_understood() {
    let mailbox = Mailbox::new(0);
    let refusal = Act::reply("-ERR no messages");
    mailbox
        .server
        .set_faults(vec![Fault::Each("LIST", refusal)]);
    let run = mailbox.sync();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}
