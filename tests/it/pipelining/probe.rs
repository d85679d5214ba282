//! Servers that do not announce PIPELINING: whether they keep what is sent ahead is found out without harm.
//!
//! Invariant of each test: no message is lost or here twice, whatever the server does to what it is sent.

use super::{IN_TURN, deposit, flights, mailbox_on, synced, synced_at_once, then, unannounced};
use crate::support::mailbox::Mailbox;
use crate::support::options::{Act, Fault, Loss, Options, Tls};

/// CAPA, the login and the listings, one at a time.
const FIRST: [&str; 5] = ["CAPA", "USER", "PASS", "LIST", "UIDL"];

/// The same where LIST shows that it is worth finding out.
const PROBED: [&str; 5] = ["CAPA", "USER", "PASS", "LIST", "UIDL 2 NOOP"];

/// Loses what comes in one piece, but for pieces that begin with these words.
fn loses(spared: &'static [&'static str], loss: Loss) -> Vec<Fault> {
    vec![Fault::SentAhead(spared, loss)]
}

#[test]
fn a_handful_is_fetched_without_finding_out() {
    let mailbox = unannounced(5);
    assert_eq!(synced_at_once(&mailbox), then(&FIRST, 5, "RETR"));
    // Only what is new counts.
    deposit(&mailbox, "more", 5);
    assert_eq!(synced_at_once(&mailbox), then(&IN_TURN, 5, "RETR"));
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_server_that_keeps_two_noops_is_sent_all_that_follows_the_login_ahead() {
    let options = [
        Options::new(Tls::None).without_pipelining(),
        Options::new(Tls::None).without_capa(),
    ];
    for options in options {
        let mailbox = mailbox_on(6, options);
        let first = synced_at_once(&mailbox);
        assert_eq!(first[..5], PROBED);
        assert_eq!(first[5..], ["6 RETR", "QUIT"]);

        deposit(&mailbox, "more", 6);
        let ahead = ["USER", "PASS", "LIST UIDL", "6 RETR", "QUIT"];
        assert_eq!(synced_at_once(&mailbox), ahead);
        assert_eq!(
            synced_at_once(&mailbox),
            ["USER", "PASS", "LIST UIDL", "QUIT"]
        );
        assert_eq!(mailbox.here(), mailbox.there());
    }
}

#[test]
fn mail_that_only_its_uids_show_to_be_new_makes_it_worth_finding_out_too() {
    for (loss, behind) in [(None, "8 RETR"), (Some(Loss::Refused), "RETR")] {
        let mailbox = unannounced(5);
        synced_at_once(&mailbox);
        mailbox.replace(Vec::new());
        deposit(&mailbox, "other", 8);
        mailbox
            .server
            .set_faults(loss.map_or(Vec::new(), |loss| loses(&[], loss)));
        let flights = synced_at_once(&mailbox);
        assert_eq!(flights[..5], ["USER", "PASS", "LIST", "UIDL", "2 NOOP"]);
        assert_eq!(flights[5], behind);
        assert_eq!(mailbox.here().len(), 13);
    }
    for loss in [Loss::Dropped, Loss::HungUp] {
        let mailbox = unannounced(5);
        synced_at_once(&mailbox);
        mailbox.replace(Vec::new());
        deposit(&mailbox, "other", 8);
        mailbox.server.set_faults(loses(&[], loss));
        let sessions = synced(&mailbox);
        assert_eq!(sessions[0].last().unwrap(), "2 NOOP");
        assert_eq!(sessions[1..], [then(&IN_TURN, 8, "RETR")]);
        assert_eq!(mailbox.here().len(), 13);
    }
}

/// Asserts that a run on this server, which does not keep two NOOPs, ends well all the same, and that the next one does
/// not try them again.
fn found_out(loss: Loss, lines: &str) {
    let mailbox = unannounced(8);
    mailbox.server.set_faults(loses(&[], loss));
    mailbox.configure(lines);
    let sent = mailbox.there();
    let deletes = !lines.is_empty();
    let in_turn = |first: &[&str], count: usize| {
        let mut flights = then(first, count, "RETR");
        if deletes {
            let dele = std::iter::repeat_n("DELE".to_owned(), count);
            let dele = std::iter::once("STAT".to_owned()).chain(dele);
            flights.splice(first.len() + count..first.len() + count, dele);
        }
        flights
    };
    let expected = match loss {
        // The replies can be told apart, so that the session goes on.
        Loss::Refused => vec![in_turn(&PROBED, 8)],
        Loss::Dropped | Loss::HungUp => {
            let tried = PROBED.iter().map(ToString::to_string).collect();
            vec![tried, in_turn(&IN_TURN, 8)]
        }
    };
    assert_eq!(synced(&mailbox), expected, "{loss:?}");
    assert_eq!(mailbox.here(), sent, "{loss:?}");

    let left = mailbox.there();
    assert_eq!(left.len(), if deletes { 0 } else { 8 });
    deposit(&mailbox, "more", 8);
    let mut all = [sent, mailbox.there()].concat();
    all.sort();
    all.dedup();
    assert_eq!(synced(&mailbox), [in_turn(&IN_TURN, 8)], "{loss:?}");
    assert_eq!(mailbox.here(), all, "{loss:?}");
    assert_eq!(mailbox.there().len(), if deletes { 0 } else { 16 });
}

#[test]
fn a_server_that_drops_what_is_sent_ahead_costs_one_further_connection() {
    found_out(Loss::Dropped, "");
    found_out(Loss::Dropped, "leave-on-server = false");
}

#[test]
fn a_server_that_hangs_up_on_what_is_sent_ahead_costs_one_further_connection() {
    found_out(Loss::HungUp, "");
    found_out(Loss::HungUp, "leave-on-server = false");
}

#[test]
fn a_server_that_refuses_what_is_sent_ahead_is_served_in_the_same_session() {
    found_out(Loss::Refused, "");
    found_out(Loss::Refused, "leave-on-server = false");
}

#[test]
fn a_server_that_answers_the_second_with_no_reply_costs_one_further_connection() {
    let mailbox = unannounced(8);
    let junk = Fault::At("NOOP", 2, Act::Reply(b"what?\r\n".to_vec()));
    mailbox.server.set_faults(vec![junk]);
    let sessions = synced(&mailbox);
    assert_eq!(sessions[0], PROBED);
    assert_eq!(sessions[1..], [then(&IN_TURN, 8, "RETR")]);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_server_that_wants_time_between_two_logins_is_asked_in_the_next_run() {
    for loss in [Loss::Dropped, Loss::HungUp] {
        let mailbox = unannounced(8);
        let delay = Act::reply("-ERR [LOGIN-DELAY] not so soon");
        let mut faults = loses(&[], loss);
        faults.push(Fault::On(1, Box::new(Fault::At("PASS", 1, delay))));
        mailbox.server.set_faults(faults);
        let out = mailbox.sync();
        assert_eq!(out.code, 75, "{}", out.stderr);
        assert!(out.stderr.contains("not so soon"), "{}", out.stderr);
        assert_eq!(flights(&mailbox, 0).len(), 2);
        assert!(mailbox.here().is_empty());

        assert_eq!(synced_at_once(&mailbox), then(&IN_TURN, 8, "RETR"));
        assert_eq!(mailbox.here(), mailbox.there());
    }
}

/// Asserts that a run ends with 75 because of what the server does to what it is sent ahead, with so many messages here
/// that are whole, and that the next one fetches the others one at a time.
fn taken_back(mailbox: &Mailbox, arrived: usize) {
    let (out, sent) = (mailbox.sync(), mailbox.there());
    assert_eq!(out.code, 75, "{}", out.stderr);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    let here = mailbox.here();
    assert_eq!(here.len(), arrived);
    assert!(here.iter().all(|message| sent.contains(message)));

    // A message in which a session broke has one of its own.
    let flights = synced(mailbox).concat();
    let is_one = |flight: &String| !flight.contains(' ');
    assert!(flights.iter().all(is_one), "{flights:?}");
    assert_eq!(mailbox.here(), sent);
    let fetched = |flight: &&String| *flight == "RETR";
    assert_eq!(flights.iter().filter(fetched).count(), sent.len() - arrived);
}

#[test]
fn a_server_that_keeps_noops_and_loses_messages_is_found_out_by_that() {
    for (loss, arrived) in [(Loss::Dropped, 1), (Loss::HungUp, 0)] {
        let mailbox = unannounced(8);
        mailbox.server.set_faults(loses(&["UIDL", "NOOP"], loss));
        mailbox.configure("timeout = \"1s\"");
        taken_back(&mailbox, arrived);
        assert_eq!(mailbox.server.count("NOOP"), 2);
    }
}

#[test]
fn what_was_found_out_is_taken_back_when_the_server_is_another_one() {
    for loss in [Loss::Dropped, Loss::HungUp] {
        let mailbox = unannounced(8);
        mailbox.configure("timeout = \"1s\"");
        synced(&mailbox);
        deposit(&mailbox, "more", 8);
        mailbox.server.set_faults(loses(&[], loss));
        taken_back(&mailbox, 8);
        assert_eq!(mailbox.server.count("NOOP"), 2);
    }
}

#[test]
fn a_server_that_refuses_what_is_sent_ahead_later_is_asked_one_at_a_time() {
    let mailbox = unannounced(8);
    // It likes the two NOOPs, and no RETR behind another.
    mailbox
        .server
        .set_faults(loses(&["UIDL", "NOOP"], Loss::Refused));
    assert_ne!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), 1);
    assert_eq!(synced(&mailbox).len(), 1);
    assert_eq!(mailbox.here(), mailbox.there());

    // It was seen to keep what is sent ahead, and has changed since.
    let mailbox = unannounced(8);
    synced_at_once(&mailbox);
    deposit(&mailbox, "more", 8);
    mailbox.server.set_faults(loses(&[], Loss::Refused));
    let again = ["USER", "PASS", "LIST UIDL", "UIDL"];
    assert_eq!(synced(&mailbox), [then(&again, 8, "RETR")]);
    assert_eq!(mailbox.here(), mailbox.there());
}
