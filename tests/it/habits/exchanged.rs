//! Uids that another message has now, while their own has another one: only contents tell.
//!
//! It owns the proofs that such a mix-up brings nothing twice and swallows nothing, also where it concerns the mail of
//! another account.

use std::ops::Range;

use super::super::support::mailbox::{PASSWORD, USER, account};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::mbox;
use super::super::support::options::{Act, Fault};
use super::{
    assert_here, assert_recognised, letters, mailbox, plain_mailbox, sync_asking_for, sync_well,
};

/// How many messages there are.
const COUNT: usize = 20;

/// Letters of sizes that differ, so that another message at a uid is noticed. Their uids are their numbers.
fn growing(numbers: Range<usize>) -> Maildrop {
    let letter = |n: usize| {
        let text = format!("Subject: {n}\r\n\r\n{}\r\n", "x".repeat(n + 1));
        Message::new(n.to_string(), text)
    };
    numbers.map(letter).collect()
}

#[test]
fn uids_that_messages_exchange_bring_none_again() {
    let mailbox = plain_mailbox(growing(0..COUNT));
    sync_asking_for(&mailbox, COUNT);
    let swapped = growing(0..COUNT).renumbered(|n, _| (COUNT - 1 - n).to_string());
    mailbox.server.replace(USER, swapped);
    assert_recognised(&mailbox);
    assert_here(&mailbox, &mailbox.there());
}

#[test]
fn uids_that_are_only_numbers_bring_none_again_when_another_client_deletes_the_first() {
    let mailbox = plain_mailbox(growing(0..COUNT));
    sync_asking_for(&mailbox, COUNT);
    let sent = mailbox.there();
    let rest = growing(1..COUNT).renumbered(|n, _| n.to_string());
    mailbox.server.replace(USER, rest);
    assert_recognised(&mailbox);
    assert_here(&mailbox, &sent);

    mailbox.deposit("new");
    sync_asking_for(&mailbox, 1);
    assert_eq!(mailbox.here().len(), COUNT + 1);
    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 0);
    assert!(mailbox.there().is_empty());
}

#[test]
fn an_interruption_among_exchanged_uids_brings_none_again() {
    for at in [2, COUNT / 2, COUNT - 1] {
        let mailbox = plain_mailbox(growing(0..COUNT));
        mailbox.configure("pipelining = false");
        sync_asking_for(&mailbox, COUNT);
        let sent = mailbox.there();
        let rest = growing(1..COUNT).renumbered(|n, _| n.to_string());
        mailbox.server.replace(USER, rest);
        let cut = Fault::At("RETR", at, Act::Cut);
        mailbox.server.set_faults(vec![cut]);
        assert_eq!(mailbox.sync().code, 75);
        mailbox.server.set_faults(Vec::new());
        assert_recognised(&mailbox);
        assert_here(&mailbox, &sent);
    }
}

#[test]
fn a_uid_that_is_a_new_messages_while_its_own_has_another_brings_the_new_one_only() {
    let [one, two] = [0, 1].map(|n| Message::clone(&growing(n..n + 1).messages()[0]));
    let moved = || Message::new("moved", &one.raw);
    let new = || Message::new(&one.uid, &two.raw);
    for mail in [[new(), moved()], [moved(), new()]] {
        let mailbox = plain_mailbox(growing(0..1));
        sync_asking_for(&mailbox, 1);
        mailbox.replace(mail);
        for _ in 0..2 {
            sync_well(&mailbox);
            assert_here(&mailbox, &mailbox.there());
        }
        mailbox.configure("leave-on-server = false");
        sync_asking_for(&mailbox, 0);
        assert!(mailbox.there().is_empty());
    }
}

#[test]
fn what_another_account_fetched_is_not_taken_for_this_ones() {
    const OTHER: &str = "other@example.org";
    for deliver in ["{ maildir = \"~/Mail/NAME\" }", "{ mbox = \"~/mbox\" }"] {
        // The same messages, to the octet, in two mailboxes.
        let mailbox = mailbox(letters(0..3), |options| {
            options.user(OTHER, PASSWORD, letters(0..3))
        });
        for (name, user) in [("work", USER), ("other", OTHER)] {
            let table = account(name, mailbox.server.port(), user);
            let usual = format!("{{ maildir = \"~/Mail/{name}\" }}");
            let table = table.replace(&usual, &deliver.replace("NAME", name));
            let password = format!("password = \"{PASSWORD}\"\n");
            mailbox.sandbox.config(&(table + &password));
            sync_asking_for(&mailbox, 3);
        }
        let mut delivered = [
            mailbox.here(),
            mailbox.sandbox.mail("Mail/other"),
            mbox::messages(&mailbox.sandbox.home("mbox")),
        ]
        .concat();
        delivered.sort();
        let mut sent = [mailbox.there(), mailbox.there()].concat();
        sent.sort();
        assert!(delivered == sent, "{deliver}: {}", delivered.len());
    }
}
