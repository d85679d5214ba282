//! Uids that are gone from the listing: for once, for some weeks, for good.

use std::time::Duration;

use popfetch::retention::Policy;

use super::super::support::engine::{Engine, day};
use super::super::support::mailbox::Mailbox;
use super::super::support::options::{Act, Fault};
use super::{assert_here, empty_listings, letter, letters, plain_mailbox, sync_asking_for};

#[test]
fn an_empty_listing_between_good_ones_forgets_nothing() {
    let no_listing = || Fault::Each("LIST", Act::reply("-ERR no messages"));
    let nothing = || Fault::Each("STAT", Act::reply("+OK 0 0"));
    for empty in [empty_listings(), vec![no_listing(), nothing()]] {
        let mailbox = plain_mailbox(letters(0..5));
        sync_asking_for(&mailbox, 5);
        for _ in 0..2 {
            mailbox.server.set_faults(empty.clone());
            sync_asking_for(&mailbox, 0);
            mailbox.server.set_faults(Vec::new());
            sync_asking_for(&mailbox, 0);
        }
        assert_here(&mailbox, &mailbox.there());
    }
}

#[test]
fn an_empty_listing_does_not_set_the_clock_of_retention_back() {
    let policy = Policy::KeepFor(Duration::from_hours(14 * 24));
    let mailbox = plain_mailbox(letters(0..5));
    let engine = Engine::on(&mailbox);
    engine.run_well(day(0, 0), policy);
    mailbox.server.set_faults(empty_listings());
    engine.run_well(day(5, 0), policy);
    mailbox.server.set_faults(Vec::new());
    engine.run_well(day(14, -1), policy);
    assert_eq!(mailbox.there().len(), 5);
    engine.run_well(day(14, 0), policy);
    assert_eq!(mailbox.there().len(), 0);
    assert_eq!((mailbox.here().len(), mailbox.server.count("RETR")), (5, 5));
}

/// A message that was fetched, missing from the listing of the first day, and is there again after so many seconds more
/// than 30 days; in between a listing lacked it too. Gives the number of times that it was asked for.
fn asked_for_after_thirty_days_and(seconds: i64) -> usize {
    let mailbox = plain_mailbox(letters(0..2));
    let engine = Engine::on(&mailbox);
    engine.run_well(day(0, 0), Policy::Keep);
    let all = mailbox.server.maildrop(super::USER);
    mailbox.replace([letter(0)]);
    engine.run_well(day(1, 0), Policy::Keep);
    engine.run_well(day(31, seconds - 1), Policy::Keep);
    mailbox.server.replace(super::USER, all);
    for _ in 0..2 {
        engine.run_well(day(31, seconds), Policy::Keep);
    }
    assert_eq!(mailbox.server.count("RETR 1"), 1, "it was never gone");
    mailbox.server.count("RETR 2")
}

#[test]
fn a_uid_is_forgotten_when_it_was_gone_for_thirty_days_and_not_before() {
    const DAY: i64 = 24 * 60 * 60;
    assert_eq!(asked_for_after_thirty_days_and(-DAY), 1);
    assert_eq!(asked_for_after_thirty_days_and(DAY), 2);
}

#[test]
fn a_maildrop_that_nobody_looked_into_for_long_is_not_forgotten() {
    let mailbox: Mailbox = plain_mailbox(letters(0..3));
    let engine = Engine::on(&mailbox);
    for day in [day(0, 0), day(100, 0), day(400, 0)] {
        engine.run_well(day, Policy::Keep);
    }
    assert_eq!(mailbox.server.count("RETR"), 3);
}
