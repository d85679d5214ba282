//! What is deleted from the server, and when: only what is published here, only what is due, and all of that.
//!
//! It owns the proofs of `leave-on-server` and `--keep`. What the server's copy is worth when a run is interrupted
//! before it deletes anything belongs to `interruption`.

use std::fs;
use std::time::Duration;

use popfetch::retention::Policy;
use popfetch::sync::Event;

use super::support::certificates::{Authority, Leaf};
use super::support::dovecot::{self, Dovecot};
use super::support::engine::{Engine, day};
use super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::support::maildrop::{Maildrop, Message};
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::Sandbox;

/// Nothing is left on the server.
const DELETE: &str = "leave-on-server = false";

/// A mailbox of so many messages that are to be deleted.
fn delivered_and_deleted(count: usize) -> Mailbox {
    let mailbox = Mailbox::new(count);
    mailbox.configure(DELETE);
    mailbox
}

/// How many of the server's messages the state holds for deleted.
fn recorded_as_deleted(mailbox: &Mailbox) -> u32 {
    let path = mailbox.sandbox.path("state/popfetch/state.db");
    let database = rusqlite::Connection::open(path).unwrap();
    let count = "SELECT count(*) FROM message WHERE deleted IS NOT NULL";
    database.query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn mail_that_is_not_left_on_the_server_is_gone_from_it_after_one_run() {
    for pipelining in [true, false] {
        let mailbox = delivered_and_deleted(12);
        mailbox.configure(&format!("{DELETE}\npipelining = {pipelining}"));
        let sent = mailbox.there();
        let out = mailbox.sync();
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(mailbox.here(), sent);
        assert!(mailbox.there().is_empty());
        assert_eq!(recorded_as_deleted(&mailbox), 0, "no listing has shown it");

        assert_eq!(mailbox.sync().code, 0);
        assert_eq!(recorded_as_deleted(&mailbox), 12);
        assert_eq!(mailbox.server.count("RETR"), 12);
    }
}

#[test]
fn a_dovecots_maildrop_is_empty_after_one_run() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let server = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    let sent: Vec<_> = (10..40)
        .map(|n| format!("Subject: {n}\n\n.text\n").into_bytes())
        .collect();
    server.fill("ann", sent.clone());
    let sandbox = Sandbox::new();
    let ca = sandbox.write("ca.pem", authority.pem());
    let account = format!(
        "[accounts.work]\nhost = \"localhost\"\nport = {}\ntls-ca-file = \"{}\"\nuser = \"ann\"\n\
         password = \"{}\"\ndeliver = {{ maildir = \"~/Mail/work\" }}\n{DELETE}\n",
        server.port_pop3s(),
        ca.display(),
        dovecot::PASSWORD,
    );
    sandbox.config(&account);
    for _ in 0..2 {
        let out = sandbox.run(["sync"]);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(server.messages("ann"), 0);
        assert_eq!(sandbox.mail("Mail/work"), sent);
    }
}

#[test]
fn a_period_deletes_exactly_what_is_older() {
    let mailbox = Mailbox::new(3);
    let engine = Engine::on(&mailbox);
    let policy = Policy::KeepFor(Duration::from_hours(14 * 24));
    let listed = |now, deleted: usize| {
        let ran = engine.run_well(now, policy);
        assert_eq!(ran.outcome.tally.deleted, deleted, "at {now}");
        let deleting = (deleted > 0).then_some(Event::Deleting(deleted));
        assert!(deleting.is_none_or(|event| ran.events.contains(&event)));
        mailbox.there().len()
    };
    assert_eq!(listed(day(0, 0), 0), 3);
    mailbox.deposit("a day later");
    assert_eq!(listed(day(1, 0), 0), 4);
    assert_eq!(listed(day(14, -1), 0), 4, "not a second too soon");
    assert_eq!(listed(day(14, 0), 3), 1, "those of the first day");
    assert_eq!(listed(day(15, -1), 0), 1);
    mailbox.deposit("so late that it must stay");
    assert_eq!(listed(day(15, 0), 1), 1, "that of the second day");
    let left = &mailbox.server.maildrop(USER).messages()[0].uid.clone();
    assert_eq!(left, b"so late that it must stay");
    assert_eq!(mailbox.here().len(), 5);
    assert_eq!(mailbox.server.count("RETR"), 5);
}

#[test]
fn a_connection_that_ends_before_the_reply_to_quit_loses_nothing_and_the_next_run_finishes() {
    for act in [Act::Cut, Act::DoneThenCut] {
        let mailbox = delivered_and_deleted(8);
        let sent = mailbox.there();
        mailbox
            .server
            .set_faults(vec![Fault::At("QUIT", 1, act.clone())]);
        let out = mailbox.sync();
        assert_eq!(out.code, 75, "{}", out.stderr);
        assert!(
            out.stderr.contains("closed the connection during QUIT"),
            "{}",
            out.stderr
        );
        assert_eq!(mailbox.here(), sent);
        let left = if matches!(act, Act::Cut) { 8 } else { 0 };
        assert_eq!(mailbox.there().len(), left);

        mailbox.server.set_faults(Vec::new());
        for _ in 0..2 {
            let out = mailbox.sync();
            assert_eq!((out.code, out.stderr.as_str()), (0, ""));
            assert!(mailbox.there().is_empty());
            assert_eq!(mailbox.here(), sent);
        }
        assert_eq!(mailbox.server.count("RETR"), 8);
        assert_eq!(recorded_as_deleted(&mailbox), 8);
    }
}

#[test]
fn a_connection_that_ends_amid_the_deletes_deletes_nothing_and_the_next_run_finishes() {
    for nth in [1, 4, 8] {
        let mailbox = delivered_and_deleted(8);
        let sent = mailbox.there();
        mailbox
            .server
            .set_faults(vec![Fault::At("DELE", nth, Act::DoneThenCut)]);
        assert_eq!(mailbox.sync().code, 75);
        assert_eq!(mailbox.there(), sent);

        mailbox.server.set_faults(Vec::new());
        assert_eq!(mailbox.sync().code, 0);
        assert!(mailbox.there().is_empty());
        assert_eq!(mailbox.here(), sent);
        assert_eq!(mailbox.server.count("RETR"), 8);
    }
}

#[test]
fn a_message_whose_deletion_is_refused_stays_and_the_others_go() {
    for (reply, code) in [("-ERR no", 69), ("-ERR [SYS/TEMP] not now", 75)] {
        let mailbox = delivered_and_deleted(5);
        let sent = mailbox.there();
        let refusal = Fault::Each("DELE 3", Act::reply(reply));
        mailbox.server.set_faults(vec![refusal]);
        let out = mailbox.sync();
        assert_eq!(out.code, code);
        let line = format!("popfetch: work: the server refused DELE for mail-00002: {reply}\n");
        assert_eq!(out.stderr, line);
        let left = mailbox.server.maildrop(USER);
        assert_eq!(left.messages().len(), 1);
        assert_eq!(left.messages()[0].uid, b"mail-00002");

        mailbox.server.set_faults(Vec::new());
        assert_eq!(mailbox.sync().code, 0);
        assert!(mailbox.there().is_empty());
        assert_eq!(mailbox.here(), sent);
        assert_eq!(mailbox.server.count("RETR"), 5);
    }
}

#[test]
fn a_server_that_deletes_nothing_at_quit_is_asked_again() {
    let mailbox = delivered_and_deleted(4);
    let refusal = Act::reply("-ERR some deleted messages not removed"); // RFC 1939 §6
    mailbox
        .server
        .set_faults(vec![Fault::Each("QUIT", refusal)]);
    let out = mailbox.sync();
    assert_eq!(out.code, 69);
    assert!(
        out.stderr.contains("could not delete all"),
        "{}",
        out.stderr
    );
    assert_eq!(mailbox.there().len(), 4);

    mailbox.server.set_faults(Vec::new());
    assert_eq!(mailbox.sync().code, 0);
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.here().len(), 4);
    assert_eq!(mailbox.server.count("RETR"), 4);
}

#[test]
fn keep_deletes_nothing_in_this_run_and_says_nothing_of_the_next() {
    let mailbox = delivered_and_deleted(4);
    for _ in 0..2 {
        assert_eq!(mailbox.sandbox.run(["sync", "--keep"]).code, 0);
        assert_eq!(mailbox.there().len(), 4);
        assert_eq!(mailbox.server.count("DELE"), 0);
    }
    assert_eq!(mailbox.sync().code, 0);
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.server.count("RETR"), 4);
}

#[test]
fn a_dry_run_deletes_nothing() {
    let mailbox = delivered_and_deleted(4);
    assert_eq!(mailbox.sandbox.run(["sync", "--keep"]).code, 0);
    assert_eq!(mailbox.sandbox.run(["sync", "--dry-run"]).code, 0);
    assert_eq!(mailbox.server.count("DELE"), 0);
    assert_eq!(mailbox.there().len(), 4);
}

#[test]
fn what_is_not_asked_to_be_deleted_never_is() {
    let mailbox = Mailbox::new(4);
    for _ in 0..3 {
        assert_eq!(mailbox.sync().code, 0);
    }
    assert_eq!(mailbox.server.count("DELE"), 0);
    assert_eq!(mailbox.there().len(), 4);
}

#[test]
fn what_could_not_be_published_is_not_deleted() {
    let mailbox = Mailbox::within(Sandbox::unprivileged(), 6);
    mailbox.configure(DELETE);
    let sent = mailbox.there();
    mailbox.sandbox.write("home/Mail/work/new/.placed", "");
    mailbox.sandbox.chmod("home/Mail/work/new", 0o500);
    assert_eq!(mailbox.sync().code, 74);
    assert_eq!(mailbox.server.count("DELE"), 0);
    assert_eq!(mailbox.there(), sent);

    mailbox.sandbox.chmod("home/Mail/work/new", 0o700);
    fs::remove_file(mailbox.sandbox.home("Mail/work/new/.placed")).unwrap();
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here(), sent);
    assert!(mailbox.there().is_empty());
    assert_eq!(
        mailbox.server.count("RETR"),
        6,
        "what is committed is not fetched again"
    );
}

#[test]
fn what_was_never_delivered_is_not_deleted() {
    let mailbox = Mailbox::new(6);
    mailbox.configure(&format!("{DELETE}\nmax-messages = 2"));
    let refusal = Fault::Each("RETR 1", Act::reply("-ERR no"));
    mailbox.server.set_faults(vec![refusal]);
    assert_eq!(mailbox.sync().code, 69);
    assert_eq!(mailbox.here().len(), 1);
    assert_eq!(mailbox.there().len(), 5);
    assert_eq!(
        mailbox.server.maildrop(USER).messages()[0].uid,
        b"mail-00000"
    );
}

#[test]
fn a_profile_that_is_renamed_keeps_what_is_known() {
    let mailbox = Mailbox::new(5);
    assert_eq!(mailbox.sync().code, 0);
    let renamed = account("office", mailbox.server.port(), USER);
    mailbox
        .sandbox
        .config(&format!("{renamed}password = \"{PASSWORD}\"\n{DELETE}\n"));
    mailbox.deposit("later");
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.sandbox.mail("Mail/office").len(), 1);
    assert_eq!(mailbox.here().len(), 5);
    assert_eq!(mailbox.server.count("RETR"), 6);
    assert!(
        mailbox.there().is_empty(),
        "what the old name brought may go, too"
    );
}

#[test]
fn what_another_program_deletes_stays_here_and_is_no_trouble() {
    let mailbox = Mailbox::new(5);
    assert_eq!(mailbox.sync().code, 0);
    let all = mailbox.here();
    let elsewhere = Sandbox::new();
    let account = account("other", mailbox.server.port(), USER);
    let terms = format!("password = \"{PASSWORD}\"\nmax-messages = 2\n{DELETE}\n");
    elsewhere.config(&(account + &terms));
    assert_eq!(elsewhere.run(["sync"]).code, 0);
    assert_eq!(mailbox.there().len(), 3);

    for lines in ["", DELETE, DELETE] {
        mailbox.configure(lines);
        let out = mailbox.sync();
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(mailbox.here(), all);
    }
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.server.count("RETR"), 5 + 2);
    assert_eq!(
        recorded_as_deleted(&mailbox),
        3,
        "those that popfetch itself deleted"
    );
}

#[test]
fn a_listing_that_is_empty_once_brings_nothing_twice_and_keeps_the_times() {
    let mailbox = Mailbox::new(5);
    let engine = Engine::on(&mailbox);
    let policy = Policy::KeepFor(Duration::from_hours(14 * 24));
    engine.run_well(day(0, 0), policy);
    let empty = |command| Fault::Each(command, Act::Reply(b"+OK\r\n.\r\n".to_vec()));
    mailbox
        .server
        .set_faults(vec![empty("LIST"), empty("UIDL")]);
    engine.run_well(day(7, 0), policy);

    mailbox.server.set_faults(Vec::new());
    engine.run_well(day(8, 0), policy);
    assert_eq!(mailbox.here().len(), 5);
    assert_eq!(mailbox.server.count("RETR"), 5);
    engine.run_well(day(14, -1), policy);
    assert_eq!(mailbox.there().len(), 5);
    engine.run_well(day(14, 0), policy);
    assert!(
        mailbox.there().is_empty(),
        "they were first seen on the first day"
    );
}

#[test]
fn messages_without_uids_are_neither_fetched_nor_deleted() {
    let mailbox = delivered_and_deleted(3);
    let empty = Act::Reply(b"+OK\r\n.\r\n".to_vec());
    mailbox.server.set_faults(vec![Fault::Each("UIDL", empty)]);
    let out = mailbox.sync();
    assert_eq!(out.code, 76);
    assert!(
        out.stderr.contains("message 1 has no uid"),
        "{}",
        out.stderr
    );
    assert_eq!(mailbox.there().len(), 3);
    mailbox.server.set_faults(Vec::new());
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), 3);
}

#[test]
fn of_messages_with_one_uid_each_is_deleted_once_it_is_here() {
    let twins = ["one", "two"].map(|text| Message::new("same", format!("{text}\r\n")));
    let single = Message::new("single", "three\r\n");
    let mail: Maildrop = twins.into_iter().chain([single]).collect();
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    let mailbox = Mailbox::of(Sandbox::new(), options);
    mailbox.configure(DELETE);
    for _ in 0..2 {
        assert_eq!(mailbox.sync().code, 0);
        assert_eq!(mailbox.here(), [&b"one\n"[..], b"three\n", b"two\n"]);
        assert!(mailbox.there().is_empty());
    }
}
