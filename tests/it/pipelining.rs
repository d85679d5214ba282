//! Which commands are sent ahead of their replies, told by the pieces in which they reach the server.
//!
//! Here: servers that announce PIPELINING, and what the user wants. Invariant: where all is well, nothing is said and
//! all mail is here once.

mod memory; // what is remembered of a server, and what a wrong guess costs
mod opening; // the login and the listings against transcripts
mod private; // the password in replies to commands that were sent ahead
mod probe; // servers that do not announce it: those that keep what is sent ahead, and those that lose it
mod sasl; // logins whose last line travels with what follows

use crate::support::certificates::{Identity, self_signed};
use crate::support::mailbox::{Mailbox, PASSWORD, USER, account};
use crate::support::maildrop::Maildrop;
use crate::support::options::{Options, Tls};
use crate::support::sandbox::Sandbox;
use crate::support::server::Record;

/// The login and both listings in one piece.
const LOGIN: &str = "USER PASS LIST UIDL";

/// The same, one command at a time.
const IN_TURN: [&str; 4] = ["USER", "PASS", "LIST", "UIDL"];

/// So many messages on a server like this.
fn mailbox_on(count: usize, options: Options) -> Mailbox {
    let mail = Maildrop::sample("mail", 0, count);
    Mailbox::of(Sandbox::new(), options.user(USER, PASSWORD, mail))
}

/// So many messages on a server that does not announce PIPELINING.
fn unannounced(count: usize) -> Mailbox {
    mailbox_on(count, Options::new(Tls::None).without_pipelining())
}

/// Runs `popfetch sync` and asserts that all is well; returns the flights of each connection that it made.
#[track_caller]
fn synced(mailbox: &Mailbox) -> Vec<Vec<String>> {
    let before = mailbox.server.records().len();
    let out = mailbox.sync();
    assert_eq!(
        (out.code, out.stdout.as_str(), out.stderr.as_str()),
        (0, "", "")
    );
    flights(mailbox, before)
}

/// The flights of each connection after the first so many.
fn flights(mailbox: &Mailbox, before: usize) -> Vec<Vec<String>> {
    let records = mailbox.server.records();
    records[before..].iter().map(Record::flights).collect()
}

/// The same of a run that made one connection.
#[track_caller]
fn synced_at_once(mailbox: &Mailbox) -> Vec<String> {
    let mut flights = synced(mailbox);
    assert_eq!(flights.len(), 1, "{flights:?}");
    flights.remove(0)
}

/// More mail on the server: so many messages, whose names begin so.
fn deposit(mailbox: &Mailbox, name: &str, count: usize) {
    for n in 0..count {
        mailbox.deposit(&format!("{name}-{n}"));
    }
}

/// These flights, and so many times one behind them, and QUIT.
fn then(first: &[&str], count: usize, each: &str) -> Vec<String> {
    let each = std::iter::repeat_n(each, count);
    let all = first.iter().copied().chain(each).chain(["QUIT"]);
    all.map(str::to_owned).collect()
}

#[test]
fn a_server_that_announces_it_gets_the_login_and_the_listings_in_one_flight() {
    let mailbox = Mailbox::new(8);
    let first = synced_at_once(&mailbox);
    assert_eq!(first, ["CAPA", LOGIN, "8 RETR", "QUIT"]);
    assert_eq!(mailbox.here(), mailbox.there());

    deposit(&mailbox, "more", 3);
    assert_eq!(synced_at_once(&mailbox), [LOGIN, "3 RETR", "QUIT"]);
    assert_eq!(synced_at_once(&mailbox), [LOGIN, "QUIT"]);
    assert_eq!(mailbox.here(), mailbox.there());
}

/// A mailbox that is reached under TLS by this mode.
fn secured(tls: Tls, mode: &str, identity: &Identity) -> Mailbox {
    let mailbox = mailbox_on(8, Options::new(tls));
    let fingerprint = &identity.fingerprint;
    let tls = format!("tls = \"{mode}\"\ntls-fingerprint = \"{fingerprint}\"");
    let table = account("work", mailbox.server.port(), USER).replace("tls = \"none\"", &tls);
    let config = format!("{table}password = \"{PASSWORD}\"\n");
    mailbox.sandbox.config(&config);
    mailbox
}

#[test]
fn under_tls_an_idle_run_is_two_flights_behind_the_handshake() {
    let identity = self_signed();
    let mailbox = secured(Tls::Implicit(identity.clone()), "implicit", &identity);
    let first = synced_at_once(&mailbox);
    assert_eq!(first, ["CAPA", LOGIN, "8 RETR", "QUIT"]);
    assert_eq!(synced_at_once(&mailbox), [LOGIN, "QUIT"]);
    assert_eq!(mailbox.here(), mailbox.there());
    assert!(mailbox.server.sent_in_clear().is_empty());
}

#[test]
fn behind_stls_nothing_is_asked_again_that_was_answered_under_tls() {
    let identity = self_signed();
    let mailbox = secured(Tls::Stls(identity.clone()), "starttls", &identity);
    let first = synced_at_once(&mailbox);
    // RFC 2595 §4: what CAPA says in the clear is not believed behind STLS.
    assert_eq!(first, ["CAPA", "STLS", "CAPA", LOGIN, "8 RETR", "QUIT"]);
    assert_eq!(synced_at_once(&mailbox), ["CAPA", "STLS", LOGIN, "QUIT"]);
    assert_eq!(mailbox.here(), mailbox.there());
    let clear = mailbox.server.sent_in_clear();
    assert_eq!(clear, ["CAPA", "STLS", "CAPA", "STLS"]);
}

#[test]
fn deletions_are_one_flight() {
    for options in [
        Options::new(Tls::None),
        Options::new(Tls::None).without_pipelining(),
    ] {
        let mailbox = mailbox_on(8, options);
        mailbox.configure("leave-on-server = false");
        let sent = mailbox.there();
        let flights = synced_at_once(&mailbox);
        assert_eq!(
            flights[flights.len() - 3..],
            ["8 RETR", "STAT 8 DELE", "QUIT"],
            "{flights:?}"
        );
        assert_eq!(mailbox.here(), sent);
        assert!(mailbox.there().is_empty());
    }
}

#[test]
fn without_pipelining_nothing_is_sent_ahead_and_capa_is_not_asked() {
    let mailbox = Mailbox::new(8);
    mailbox.configure("pipelining = false\nauth = \"user-pass\"");
    for count in [8, 0] {
        assert_eq!(synced_at_once(&mailbox), then(&IN_TURN, count, "RETR"));
    }
    assert_eq!(mailbox.here(), mailbox.there());

    // Also where it is known that all could be sent ahead.
    mailbox.configure("");
    assert_eq!(synced_at_once(&mailbox), ["CAPA", LOGIN, "QUIT"]);
    mailbox.configure("pipelining = false");
    assert_eq!(synced_at_once(&mailbox), then(&IN_TURN, 0, ""));
}

#[test]
fn with_pipelining_commands_behind_the_login_are_sent_ahead_unasked() {
    let mailbox = unannounced(8);
    mailbox.configure("pipelining = true");
    let listed = ["USER", "PASS", "LIST UIDL"];
    let first = synced_at_once(&mailbox);
    assert_eq!(first[0], "CAPA");
    assert_eq!(first[1..], [&listed[..], &["8 RETR", "QUIT"]].concat());
    assert_eq!(synced_at_once(&mailbox), [&listed[..], &["QUIT"]].concat());
    assert_eq!(mailbox.here(), mailbox.there());

    // The login's, too, where CAPA says so.
    let mailbox = Mailbox::new(8);
    mailbox.configure("pipelining = true");
    let first = synced_at_once(&mailbox);
    assert_eq!(first, ["CAPA", LOGIN, "8 RETR", "QUIT"]);
}
