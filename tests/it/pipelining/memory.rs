//! What is remembered of a server from one run to the next, and what it costs when it is not true any more.

use super::{
    IN_TURN, LOGIN, deposit, flights, mailbox_on, synced, synced_at_once, then, unannounced,
};
use crate::support::mailbox::{Mailbox, PASSWORD, USER, account};
use crate::support::options::{Act, Fault, Loss, Options, Tls};

/// CAPA without PIPELINING.
fn silent_capa() -> Fault {
    Fault::Each("CAPA", Act::reply("+OK\r\nTOP\r\nUIDL\r\nUSER\r\n."))
}

/// A mailbox whose server announced PIPELINING, and now loses what is sent ahead and announces nothing.
fn changed(loss: Loss) -> Mailbox {
    let mailbox = Mailbox::new(3);
    mailbox.configure("timeout = \"1s\"");
    synced(&mailbox);
    let faults = vec![Fault::SentAhead(&[], loss), silent_capa()];
    mailbox.server.set_faults(faults);
    deposit(&mailbox, "more", 3);
    mailbox
}

#[test]
fn a_server_that_does_not_announce_it_any_more_costs_one_further_connection() {
    for loss in [Loss::Dropped, Loss::HungUp] {
        let mailbox = changed(loss);
        let asked = [&["CAPA"], &IN_TURN[..]].concat();
        let expected = [vec![LOGIN.to_owned()], then(&asked, 3, "RETR")];
        assert_eq!(synced(&mailbox), expected, "{loss:?}");
        assert_eq!(mailbox.here(), mailbox.there());
        // And not again.
        assert_eq!(synced_at_once(&mailbox), then(&IN_TURN, 0, ""));
    }
}

#[test]
fn a_server_that_refuses_what_it_announced_is_asked_again_by_the_next_run() {
    let mailbox = changed(Loss::Refused);
    let before = mailbox.server.records().len();
    // It looks like a login refused, and a second attempt could lock the user out.
    let out = mailbox.sync();
    assert_eq!(out.code, 77, "{}", out.stderr);
    assert_eq!(flights(&mailbox, before), [[LOGIN]]);

    let asked = [&["CAPA"], &IN_TURN[..]].concat();
    assert_eq!(synced_at_once(&mailbox), then(&asked, 3, "RETR"));
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_password_at_which_the_server_hangs_up_is_sent_once_in_a_run() {
    let mailbox = Mailbox::new(3);
    synced(&mailbox);
    mailbox
        .server
        .set_faults(vec![Fault::Each("PASS", Act::Cut)]);
    for _ in 0..3 {
        let before = mailbox.server.count("PASS");
        let out = mailbox.sync();
        assert_eq!(out.code, 75, "{}", out.stderr);
        assert_eq!(mailbox.server.count("PASS"), before + 1);
    }
    mailbox.server.set_faults(Vec::new());
    synced_at_once(&mailbox);
}

#[test]
fn a_wrong_password_is_sent_once_in_a_run() {
    let mailbox = Mailbox::new(3);
    synced(&mailbox);
    for flight in [&[LOGIN][..], &["CAPA", LOGIN]] {
        let before = mailbox.server.records().len();
        mailbox.configure_password("password = \"not this one\"", "");
        let out = mailbox.sync();
        assert_eq!(out.code, 77, "{}", out.stderr);
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
        // What was remembered may have been the reason, so that it is asked for anew.
        assert_eq!(flights(&mailbox, before), [flight]);
    }
    assert_eq!(mailbox.server.count("PASS not this one"), 2);
    mailbox.configure("");
    synced_at_once(&mailbox);
}

#[test]
fn a_server_that_breaks_in_a_login_that_was_not_guessed_is_not_tried_twice() {
    let mailbox = Mailbox::new(3);
    mailbox
        .server
        .set_faults(vec![Fault::Each("PASS", Act::Cut)]);
    // What is sent ahead may be the reason, and so it is not done the next time.
    for tried in [&["CAPA", LOGIN][..], &["CAPA", "USER", "PASS"]] {
        let before = mailbox.server.records().len();
        let out = mailbox.sync();
        assert_eq!(out.code, 75, "{}", out.stderr);
        assert_eq!(flights(&mailbox, before), [tried]);
    }
    mailbox.server.set_faults(Vec::new());
    synced_at_once(&mailbox);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn what_a_dry_run_learns_is_not_remembered() {
    for (mailbox, first) in [
        (Mailbox::new(8), vec!["CAPA", LOGIN, "8 RETR", "QUIT"]),
        (
            unannounced(8),
            vec![
                "CAPA",
                "USER",
                "PASS",
                "LIST",
                "UIDL 2 NOOP",
                "8 RETR",
                "QUIT",
            ],
        ),
    ] {
        // There is a state in which it could be.
        mailbox.configure("pipelining = false\nauth = \"user-pass\"");
        synced(&mailbox);
        mailbox.configure("");
        deposit(&mailbox, "more", 8);
        for _ in 0..2 {
            let before = mailbox.server.records().len();
            let out = mailbox.sandbox.run(["sync", "--dry-run"]);
            assert_eq!((out.code, out.stderr.as_str()), (0, ""));
            let flights = flights(&mailbox, before);
            assert_eq!(flights.len(), 1, "{flights:?}");
            assert_eq!(flights[0][0], "CAPA");
        }
        assert_eq!(synced_at_once(&mailbox), first);
    }
    // What a run has learnt helps it.
    let mailbox = Mailbox::new(8);
    synced(&mailbox);
    let out = mailbox.sandbox.run(["sync", "--dry-run"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert_eq!(flights(&mailbox, 1), [[LOGIN, "QUIT"]]);
}

#[test]
fn each_server_is_remembered_by_itself() {
    let options = Options::new(Tls::None).without_pipelining();
    let (one, other) = (Mailbox::new(3), mailbox_on(3, options));
    synced(&one);
    // The same state, and another account's server on the same host.
    let path = "config/popfetch/config.toml";
    let config = std::fs::read_to_string(one.sandbox.path(path)).unwrap();
    let password = format!("password = \"{PASSWORD}\"\n");
    let added = account("other", other.server.port(), USER) + &password;
    one.sandbox.config(&(config + &added));
    let out = one.sandbox.run(["sync", "other"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    let asked = [&["CAPA"], &IN_TURN[..]].concat();
    assert_eq!(flights(&other, 0), [then(&asked, 3, "RETR")]);
}

#[test]
fn a_server_that_announces_it_and_loses_the_login_is_spared_from_the_next_run_on() {
    for loss in [Loss::Dropped, Loss::HungUp] {
        let mailbox = Mailbox::new(3);
        mailbox.configure("timeout = \"1s\"");
        let faults = vec![Fault::SentAhead(&[], loss)];
        mailbox.server.set_faults(faults);
        assert_eq!(mailbox.sync().code, 75, "{loss:?}");
        let asked = [&["CAPA"], &IN_TURN[..]].concat();
        assert_eq!(synced_at_once(&mailbox), then(&asked, 3, "RETR"));
        assert_eq!(mailbox.here(), mailbox.there());
    }
}
