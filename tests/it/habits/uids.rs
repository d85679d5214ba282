//! Uids that several messages share, that are no uids by the RFC, or that only one of the listings has.

use super::super::support::mailbox::Mailbox;
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Act, Fault};
use super::{assert_here, letter, letters, plain_mailbox, sync_asking_for, sync_well};

/// A message with this uid, unlike others by its number.
fn under(uid: impl AsRef<[u8]>, n: usize) -> Message {
    Message::new(uid, letter(n).raw)
}

/// Three messages of which two share a uid, and one more that has its own.
fn shared() -> Mailbox {
    let uids = ["same", "same", "own", "same"].iter().enumerate();
    plain_mailbox(uids.map(|(n, uid)| under(uid, n)).collect())
}

#[test]
fn messages_that_share_a_uid_come_all_and_once() {
    let mailbox = shared();
    let sent = mailbox.there();
    assert_eq!(mailbox.sync().code, 0);
    assert_here(&mailbox, &sent);
    for _ in 0..2 {
        sync_asking_for(&mailbox, 0);
        assert_here(&mailbox, &sent);
    }
}

#[test]
fn messages_that_share_a_uid_are_all_deleted_where_nothing_is_kept() {
    let mailbox = shared();
    mailbox.configure("leave-on-server = false");
    let sent = mailbox.there();
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.there().len(), 0);
    sync_asking_for(&mailbox, 0);
    assert_here(&mailbox, &sent);
}

#[test]
fn messages_that_share_all_there_is_come_as_often_as_they_are_listed() {
    let mailbox = plain_mailbox([0, 0, 1].map(letter).into_iter().collect());
    let sent = mailbox.there();
    assert_eq!(mailbox.sync().code, 0);
    assert_here(&mailbox, &sent);
    sync_asking_for(&mailbox, 0);
    mailbox.configure("leave-on-server = false");
    sync_well(&mailbox);
    assert!(mailbox.there().is_empty());
    assert_here(&mailbox, &sent);
}

#[test]
fn of_a_known_uid_that_a_second_message_comes_to_share_only_the_second_is_delivered() {
    for leave in ["true", "\"14d\""] {
        let mailbox = plain_mailbox(letters(0..3));
        mailbox.configure(&format!("leave-on-server = {leave}"));
        sync_asking_for(&mailbox, 3);
        mailbox.replace([under("uid-1", 9), letter(0), letter(1), letter(2)]);
        for _ in 0..3 {
            assert_eq!(mailbox.sync().code, 0);
            assert_here(&mailbox, &mailbox.there());
        }
        sync_asking_for(&mailbox, 0);
    }
}

#[test]
fn a_uid_that_is_shared_no_more_brings_nothing_again() {
    for left in 0..2 {
        let mailbox = plain_mailbox([under("same", 0), under("same", 1)].into_iter().collect());
        let sent = mailbox.there();
        assert_eq!(mailbox.sync().code, 0);
        mailbox.replace([under("same", left)]);
        for _ in 0..3 {
            assert_eq!(mailbox.sync().code, 0);
            assert_here(&mailbox, &sent);
        }
        sync_asking_for(&mailbox, 0);
    }
}

#[test]
fn an_interruption_among_messages_that_share_a_uid_repeats_none() {
    for at in 1..=4 {
        let mailbox = shared();
        mailbox.configure("leave-on-server = false\npipelining = false");
        let sent = mailbox.there();
        let cut = Fault::At("RETR", at, Act::Cut);
        mailbox.server.set_faults(vec![cut]);
        assert_eq!(mailbox.sync().code, 75);
        mailbox.server.set_faults(Vec::new());
        assert_eq!(mailbox.sync().code, 0);
        assert_here(&mailbox, &sent);
        assert!(mailbox.there().is_empty());
    }
}

/// Uids that RFC 1939 §7 does not know, and servers do.
fn odd() -> Vec<Vec<u8>> {
    vec![
        b"with a space".to_vec(),
        b"with a space and more".to_vec(),
        b"with".to_vec(),
        b"at the end ".to_vec(),
        b"at the end".to_vec(),
        b"K\xf6ln \xff\xfe".to_vec(),
        b"K\xf6ln".to_vec(),
        vec![b'x'; 500],
        vec![b'x'; 499],
        b"../../../escaped".to_vec(),
        b"/etc/passwd".to_vec(),
        b"a\0b".to_vec(),
        b"\x1b[31mred\x07".to_vec(),
        b"1:2,S".to_vec(),
        b"%s%n'; DROP TABLE message; --".to_vec(),
    ]
}

#[test]
fn odd_uids_are_compared_byte_for_byte_and_never_shown_raw() {
    let named = odd().into_iter().enumerate();
    let mail: Maildrop = named.map(|(n, uid)| under(uid, n)).collect();
    let mailbox = plain_mailbox(mail);
    let sent = mailbox.there();
    let out = mailbox.sandbox.run(["sync", "-vv"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert!(!out.stderr.contains(['\x1b', '\x07', '\0', '\u{fffd}']));
    assert_here(&mailbox, &sent);
    sync_asking_for(&mailbox, 0);
    assert_eq!(
        mailbox.server.count("TOP"),
        0,
        "all of each uid is told apart"
    );
    assert!(!mailbox.sandbox.home("escaped").exists());
    assert!(!mailbox.sandbox.path("escaped").exists());

    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 0);
    assert!(mailbox.there().is_empty());
    sync_asking_for(&mailbox, 0);
    assert_here(&mailbox, &sent);
}

#[test]
fn what_only_one_listing_has_is_told_and_comes_when_both_have_it() {
    let size = letter(0).raw.len();
    let short_uidl = ("UIDL", "+OK\r\n1 uid-0\r\n3 uid-2\r\n.".to_owned());
    let empty_uid = ("UIDL", "+OK\r\n1 uid-0\r\n2 \r\n3 uid-2\r\n.".to_owned());
    let short_list = ("LIST", format!("+OK\r\n1 {size}\r\n3 {size}\r\n."));
    for (command, reply) in [short_uidl, empty_uid, short_list] {
        let mailbox = plain_mailbox(letters(0..3));
        let sent = mailbox.there();
        let short = Fault::Each(command, Act::reply(&reply));
        mailbox.server.set_faults(vec![short]);
        for _ in 0..2 {
            let out = mailbox.sync();
            assert_ne!(out.code, 0, "{reply}");
            assert!(out.stderr.contains("message 2"), "{}", out.stderr);
            assert_here(&mailbox, &[letter(0).stored(), letter(2).stored()]);
        }
        mailbox.configure("leave-on-server = false");
        assert_ne!(mailbox.sync().code, 0, "{reply}");
        assert_eq!(mailbox.there(), [letter(1).stored()], "{reply}");
        mailbox.server.set_faults(Vec::new());
        sync_asking_for(&mailbox, 1);
        assert_here(&mailbox, &sent);
        assert!(mailbox.there().is_empty());
    }
}

#[test]
fn a_server_whose_uids_change_with_each_session_is_left_in_the_end() {
    // As many as on a page of Gmail's, and all of them new each time: more may follow.
    let count = 250;
    let mailbox = plain_mailbox(letters(0..count));
    let sent = mailbox.there();
    let fault = |session: usize| {
        let lines = (1..=count).map(|n| format!("{n} session-{session}-{n}\r\n"));
        let reply = format!("+OK\r\n{}.\r\n", lines.collect::<String>());
        let fault = Fault::At("UIDL", 1, Act::Reply(reply.into_bytes()));
        Fault::On(session, Box::new(fault))
    };
    mailbox.server.set_faults((0..40).map(fault).collect());
    let out = mailbox.sync();
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert_here(&mailbox, &sent);
    let sessions = mailbox.server.records().len();
    assert!(sessions <= 12, "{sessions} sessions");
}
