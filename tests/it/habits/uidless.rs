//! Servers without UIDL: messages are known by their headers, each is fetched once, and the user is told so once.

use super::super::support::mailbox::Mailbox;
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Act, Fault, Options};
use super::{assert_here, letter, letters, mailbox, sync_asking_for, sync_well};

/// This mail on a server without UIDL.
fn uidless(mail: Maildrop) -> Mailbox {
    mailbox(mail, |options| options.without("UIDL"))
}

/// Letters, two that are the same, and some without a header.
fn various() -> Maildrop {
    let mut mail = letters(0..3);
    mail.push(letter(1));
    for raw in ["\r\nno header\r\n", "\r\nno header either\r\n", ""] {
        mail.push(Message::new("", raw));
    }
    mail
}

/// The first run, in which the user is told; the runs after it are silent.
#[track_caller]
fn first_sync(mailbox: &Mailbox) {
    let out = mailbox.sync();
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    assert!(out.stderr.contains("UIDL"), "{}", out.stderr);
}

#[test]
fn each_message_comes_once_whatever_others_do_to_the_numbers() {
    let mailbox = uidless(various());
    let sent = mailbox.there();
    first_sync(&mailbox);
    assert_here(&mailbox, &sent);
    sync_asking_for(&mailbox, 0);

    // Another client deletes the first two, and the numbers of the rest change.
    let rest = mailbox.server.maildrop(super::USER);
    mailbox.replace(
        rest.messages()[2..]
            .iter()
            .map(|message| Message::clone(message)),
    );
    for _ in 0..2 {
        sync_well(&mailbox);
        assert_here(&mailbox, &sent);
    }
    mailbox.server.deposit(super::USER, letter(9));
    sync_asking_for(&mailbox, 1);
    sync_asking_for(&mailbox, 0);
    let mut all = [sent, vec![letter(9).stored()]].concat();
    all.sort();
    assert_here(&mailbox, &all);
}

#[test]
fn all_is_deleted_where_nothing_is_kept_and_later_mail_comes_too() {
    let mailbox = uidless(various());
    mailbox.configure("leave-on-server = false");
    let mut sent = mailbox.there();
    first_sync(&mailbox);
    assert!(mailbox.there().is_empty());
    for n in 10..13 {
        mailbox.server.deposit(super::USER, letter(n));
        sync_asking_for(&mailbox, 1);
        assert!(mailbox.there().is_empty());
        sent.push(letter(n).stored());
    }
    sent.sort();
    assert_here(&mailbox, &sent);
}

#[test]
fn headers_that_are_alike_do_not_make_two_messages_one() {
    let alike = |body: &str| Message::new("", format!("Subject: report\r\n\r\n{body}\r\n"));
    // Of the same size, so that only the content tells, and of another.
    for bodies in [
        ["one", "two", "six", "ten"],
        ["one", "two", "three", "fourteen"],
    ] {
        let [one, two, three, four] = bodies.map(alike);
        let mailbox = uidless([one, two.clone(), three.clone()].into_iter().collect());
        first_sync(&mailbox);
        assert_here(&mailbox, &mailbox.there());
        let before = mailbox.there();
        // Another client deletes the first, and the others move up.
        mailbox.replace([two.clone(), three.clone()]);
        sync_well(&mailbox);
        assert_here(&mailbox, &before);
        mailbox.replace([two, three, four.clone()]);
        sync_well(&mailbox);
        let mut all = [before, vec![four.stored()]].concat();
        all.sort();
        assert_here(&mailbox, &all);
        sync_asking_for(&mailbox, 0);
    }
}

#[test]
fn a_message_like_one_that_we_deleted_is_delivered() {
    let mailbox = uidless(letters(0..1));
    mailbox.configure("leave-on-server = false");
    first_sync(&mailbox);
    // The same header, of the same size, with another body.
    let other = String::from_utf8(letter(0).raw)
        .unwrap()
        .replace("letter 0", "lETTER 0");
    mailbox.server.deposit(super::USER, Message::new("", other));
    sync_asking_for(&mailbox, 1);
    assert_eq!(mailbox.here().len(), 2);
    assert!(mailbox.there().is_empty());
}

#[test]
fn an_interruption_repeats_none() {
    for fault in [
        Fault::At("RETR", 3, Act::Cut),
        Fault::At("TOP", 3, Act::Cut),
        Fault::At("QUIT", 1, Act::Cut),
    ] {
        let mailbox = uidless(various());
        mailbox.configure("leave-on-server = false\npipelining = false");
        let sent = mailbox.there();
        mailbox.server.set_faults(vec![fault]);
        assert_eq!(mailbox.sync().code, 75);
        mailbox.server.set_faults(Vec::new());
        assert_eq!(mailbox.sync().code, 0);
        assert_here(&mailbox, &sent);
        assert!(mailbox.there().is_empty());
    }
}

#[test]
fn a_header_that_is_refused_keeps_no_other_message_from_coming() {
    let mailbox = uidless(letters(0..3));
    mailbox.configure("leave-on-server = false");
    let sent = mailbox.there();
    let refusal = Fault::Each("TOP 2", Act::reply("-ERR no such message"));
    mailbox.server.set_faults(vec![refusal]);
    let out = mailbox.sync();
    assert_ne!(out.code, 0);
    assert!(out.stderr.contains("message 2"), "{}", out.stderr);
    assert_eq!(mailbox.there(), [letter(1).stored()]);
    mailbox.server.set_faults(Vec::new());
    sync_well(&mailbox);
    assert_here(&mailbox, &sent);
    assert!(mailbox.there().is_empty());
}

#[test]
fn a_server_that_has_uidl_and_not_capa_is_asked_for_uidl() {
    let mailbox = mailbox(letters(0..3), Options::without_capa);
    sync_asking_for(&mailbox, 3);
    assert_eq!(mailbox.server.count("TOP"), 0);
}

#[test]
fn without_top_as_well_nothing_is_fetched_and_the_reason_is_told() {
    for capa in [true, false] {
        let mailbox = mailbox(letters(0..3), |options| {
            let options = options.without("UIDL").without("TOP");
            if capa {
                options
            } else {
                options.without_capa()
            }
        });
        mailbox.configure("leave-on-server = false");
        for _ in 0..2 {
            let out = mailbox.sync();
            assert_eq!(out.code, 69, "{}", out.stderr);
            assert!(out.stderr.contains("UIDL"), "{}", out.stderr);
            assert!(out.stderr.contains("TOP"), "{}", out.stderr);
        }
        assert_eq!(
            mailbox.server.count("RETR") + mailbox.server.count("DELE"),
            0
        );
        assert_eq!(mailbox.there().len(), 3);
    }
}

#[test]
fn an_empty_maildrop_without_uidl_is_understood() {
    let mailbox = uidless(Maildrop::default());
    assert_eq!(mailbox.sync().code, 0);
    mailbox.server.deposit(super::USER, letter(0));
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), 1);
}
