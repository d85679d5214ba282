//! Uids that are other ones than before, as after a server's move: the same mail is known by its content.
//!
//! It owns the proofs that what is known comes to no second delivery, and what is not known is never taken for known.

use std::time::Duration;

use popfetch::retention::Policy;

use super::super::support::certificates::{Authority, Leaf};
use super::super::support::dovecot::{self, Dovecot};
use super::super::support::engine::{Engine, day};
use super::super::support::mailbox::{Mailbox, USER};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Act, Fault};
use super::super::support::sandbox::Sandbox;
use super::super::support::server::begins;
use super::{
    assert_here, assert_recognised, letter, letters, plain_mailbox, sync_asking_for, sync_well,
};

/// How many messages there are.
const COUNT: usize = 20;

/// Gives new uids to those of the messages that are chosen by their places.
fn renumber(mailbox: &Mailbox, chosen: impl Fn(usize) -> bool) {
    let old = mailbox.server.maildrop(USER);
    let new = old.renumbered(|n, uid| {
        if chosen(n) {
            [b"new-", uid].concat()
        } else {
            uid.to_vec()
        }
    });
    mailbox.server.replace(USER, new);
}

/// A mailbox of every kind of mail, fetched.
fn fetched() -> Mailbox {
    let mailbox = Mailbox::new(COUNT);
    sync_asking_for(&mailbox, COUNT);
    mailbox
}

#[test]
fn mail_whose_uids_all_changed_is_not_delivered_again() {
    let mailbox = fetched();
    renumber(&mailbox, |_| true);
    assert_recognised(&mailbox);
    assert_here(&mailbox, &mailbox.there());
    // And once more: the new uids are as good as the old ones were.
    renumber(&mailbox, |_| true);
    assert_recognised(&mailbox);
}

#[test]
fn mail_half_of_whose_uids_changed_is_not_delivered_again() {
    let mailbox = fetched();
    renumber(&mailbox, |n| n % 2 == 0);
    assert_recognised(&mailbox);
    assert_here(&mailbox, &mailbox.there());
}

#[test]
fn new_mail_among_the_renumbered_is_delivered() {
    let mailbox = fetched();
    mailbox.deposit("new");
    renumber(&mailbox, |n| n != 3);
    sync_well(&mailbox);
    assert_here(&mailbox, &mailbox.there());
    sync_asking_for(&mailbox, 0);
}

#[test]
fn an_interruption_while_mail_is_recognised_costs_no_second_delivery() {
    for at in [1, COUNT / 2, COUNT] {
        let mailbox = fetched();
        mailbox.configure("pipelining = false");
        renumber(&mailbox, |_| true);
        let cut = Fault::At("RETR", at, Act::Cut);
        mailbox.server.set_faults(vec![cut]);
        assert_eq!(mailbox.sync().code, 75);
        mailbox.server.set_faults(Vec::new());
        assert_recognised(&mailbox);
        assert_here(&mailbox, &mailbox.there());
    }
}

#[test]
fn a_kill_while_mail_is_recognised_costs_no_second_delivery() {
    for at in [2, COUNT / 2] {
        let mailbox = fetched();
        mailbox.configure("pipelining = false");
        renumber(&mailbox, |_| true);
        let stall = Fault::At("RETR", at, Act::Stall);
        mailbox.server.set_faults(vec![stall]);
        let connection = mailbox.server.records().len();
        let running = mailbox.sandbox.start(["sync"]);
        mailbox
            .server
            .wait_until(connection, |record| record.stalled);
        running.signal("KILL");
        assert_eq!(running.finish().code, 137);
        mailbox.server.set_faults(Vec::new());
        assert_recognised(&mailbox);
        assert_here(&mailbox, &mailbox.there());
    }
}

#[test]
fn a_copy_of_what_is_still_listed_under_its_old_uid_is_delivered() {
    let mailbox = fetched();
    let first = mailbox.server.maildrop(USER).messages()[0].raw.clone();
    mailbox.server.deposit(USER, Message::new("copy", &first));
    sync_asking_for(&mailbox, 1);
    assert_here(&mailbox, &mailbox.there());
    sync_asking_for(&mailbox, 0);
}

#[test]
fn as_many_are_recognised_as_vanished_and_a_further_copy_is_delivered() {
    let copy = |uid: &str| Message::new(uid, letter(7).raw);
    let mailbox = plain_mailbox([copy("a"), letter(0), copy("b")].into_iter().collect());
    sync_asking_for(&mailbox, 3);
    mailbox.replace([copy("c"), copy("d"), letter(0), copy("e")]);
    sync_well(&mailbox);
    assert_here(&mailbox, &mailbox.there());
    sync_asking_for(&mailbox, 0);
}

#[test]
fn a_byte_that_differs_is_another_message() {
    let other = |message: &Message| {
        let mut raw = message.raw.clone();
        let last = raw.len() - 3;
        raw[last] ^= 1;
        let uid = [b"other-", message.uid.as_slice()].concat();
        Message::new(uid, raw)
    };
    let mailbox = plain_mailbox(letters(0..3));
    let first = mailbox.there();
    sync_asking_for(&mailbox, 3);
    let old = mailbox.server.maildrop(USER);
    mailbox.replace(old.messages().iter().map(|message| other(message)));
    sync_asking_for(&mailbox, 3);
    let mut both = [first, mailbox.there()].concat();
    both.sort();
    assert_here(&mailbox, &both);
}

#[test]
fn what_was_deleted_at_our_word_and_is_sent_again_is_delivered() {
    let mailbox = plain_mailbox(letters(0..2));
    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 2);
    sync_well(&mailbox);
    mailbox.replace([Message::new("again", letter(1).raw)]);
    sync_asking_for(&mailbox, 1);
    assert_eq!(mailbox.here().len(), 3);
    assert!(mailbox.there().is_empty());
}

#[test]
fn a_message_under_its_new_uid_is_deleted_when_its_time_is_over() {
    let policy = Policy::KeepFor(Duration::from_hours(14 * 24));
    let mailbox = plain_mailbox(letters(0..5));
    let engine = Engine::on(&mailbox);
    engine.run_well(day(0, 0), policy);
    renumber(&mailbox, |_| true);
    engine.run_well(day(5, 0), policy);
    engine.run_well(day(14, -1), policy);
    assert_eq!(mailbox.there().len(), 5);
    engine.run_well(day(14, 0), policy);
    assert_eq!((mailbox.there().len(), mailbox.here().len()), (0, 5));
}

#[test]
fn two_thousand_messages_of_a_dovecot_whose_uids_all_change_come_once() {
    const MANY: usize = 2_000;
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let server = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    let mail: Maildrop = letters(0..MANY);
    server.fill(
        "ann",
        mail.messages().iter().map(|message| message.stored()),
    );
    let sandbox = Sandbox::new();
    let ca = sandbox.write("ca.pem", authority.pem());
    sandbox.config(&format!(
        "[accounts.work]\nhost = \"localhost\"\nport = {}\ntls-ca-file = \"{}\"\nuser = \"ann\"\n\
         password = \"{}\"\ndeliver = {{ maildir = \"~/Mail\" }}\n",
        server.port_pop3s(),
        ca.display(),
        dovecot::PASSWORD,
    ));
    let listing = || {
        let out = sandbox.run(["sync", "-vv"]);
        assert_eq!(out.code, 0, "{}", out.stderr);
        let sent = |words| {
            let commands = out
                .stderr
                .lines()
                .filter_map(|line| line.strip_prefix("work: C: "));
            commands.filter(|command| begins(command, words)).count()
        };
        assert_eq!(sent("UIDL"), 1, "the trace tells what is sent");
        let uids: Vec<_> = out
            .stderr
            .lines()
            .filter(|line| line.starts_with("work: S: 1 "))
            .collect();
        (sent("RETR"), uids.join("\n"))
    };
    let (asked, uids) = listing();
    assert_eq!(asked, MANY);
    let here = sandbox.mail("Mail");
    assert!(here == mail.stored(), "what is here is not what was sent");

    server.change_uids("ann");
    let (_, changed) = listing();
    assert_ne!(changed, uids, "the uids have not changed");
    assert!(
        sandbox.mail("Mail") == here,
        "something was delivered again"
    );
    assert_eq!(listing(), (0, changed));
    assert!(
        sandbox.mail("Mail") == here,
        "something was delivered again"
    );
}
