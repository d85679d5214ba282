//! Each state that a dead run can leave, built by hand from its steps: staged, committed, published, recorded.
//!
//! What the next run makes of it is seen in the Maildir and in what it asked the server for.

use std::fs;

use popfetch::retention::Policy;
use popfetch::state::{Account, Arrival};
use popfetch::sync::Error;

use super::super::support::engine::{Engine, Ran, day};
use super::super::support::mailbox::{Mailbox, USER};
use super::super::support::options::{Act, Fault};
use super::{hidden, visible};

/// How many messages there are.
const COUNT: usize = 5;

/// A mailbox whose run died after what `steps` do with its staged messages, on the first day.
fn died(steps: impl FnOnce(&Engine, &Account<'_>, &[Arrival])) -> (Mailbox, Engine) {
    let mailbox = Mailbox::new(COUNT);
    let dead = Engine::on(&mailbox);
    let ledger = dead.ledger();
    let account = dead.account(&ledger);
    let maildrop = mailbox.server.maildrop(USER);
    let staged = dead.stage(&account, maildrop.messages());
    assert_eq!((hidden(&mailbox), visible(&mailbox).len()), (COUNT, 0));
    steps(&dead, &account, &staged);
    let next = Engine::on(&mailbox);
    (mailbox, next)
}

/// The next run, some seconds later; it must succeed.
fn rerun(engine: &Engine) -> Ran {
    engine.run_well(day(0, 9), Policy::Keep)
}

#[test]
fn what_is_staged_and_not_committed_is_removed_and_fetched() {
    let (mailbox, engine) = died(|_, _, _| {});
    let ran = rerun(&engine);
    assert_eq!(
        (ran.outcome.tally.recovered, ran.outcome.tally.new),
        (0, COUNT)
    );
    assert_eq!(mailbox.server.count("RETR"), COUNT);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn what_is_committed_is_published_without_being_fetched_again() {
    let (mailbox, engine) = died(|dead, account, staged| dead.commit(account, staged, day(0, 0)));
    let ran = rerun(&engine);
    assert_eq!(
        (ran.outcome.tally.recovered, ran.outcome.tally.new),
        (COUNT, 0)
    );
    assert_eq!(mailbox.server.count("RETR"), 0);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn what_is_committed_is_published_by_the_program_too_and_said_so() {
    let (mailbox, _) = died(|dead, account, staged| {
        dead.commit(account, staged, jiff::Timestamp::now());
    });
    let out = mailbox.sandbox.run(["sync", "--json"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert!(out.stdout.contains("\"recovered\":5,"), "{}", out.stdout);
    assert_eq!(mailbox.server.count("RETR"), 0);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn what_is_committed_is_published_even_if_the_server_is_away() {
    let (mailbox, engine) = died(|dead, account, staged| dead.commit(account, staged, day(0, 0)));
    mailbox
        .server
        .set_faults(vec![Fault::Each("GREETING", Act::Cut)]);
    let ran = engine.run(day(0, 9), Policy::Keep);
    assert!(ran.outcome.failure.is_some());
    assert_eq!(ran.outcome.tally.recovered, COUNT);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn what_is_published_and_not_recorded_is_not_published_again() {
    let (mailbox, engine) = died(|dead, account, staged| {
        dead.commit(account, staged, day(0, 0));
        dead.publish(account, staged);
    });
    rerun(&engine);
    assert_eq!(mailbox.here(), mailbox.there());
    assert_eq!(mailbox.server.count("RETR"), 0);
    let ledger = engine.ledger();
    assert!(engine.account(&ledger).owed().unwrap().is_empty());
}

#[test]
fn what_is_half_published_is_published_to_the_end() {
    for published in 1..COUNT {
        let (mailbox, engine) = died(|dead, account, staged| {
            dead.commit(account, staged, day(0, 0));
            dead.publish(account, &staged[..published]);
        });
        let ran = rerun(&engine);
        assert_eq!(ran.outcome.tally.recovered, COUNT - published);
        assert_eq!(mailbox.here(), mailbox.there());
        assert_eq!(mailbox.server.count("RETR"), 0);
    }
}

#[test]
fn what_is_half_committed_is_completed_from_both_sides() {
    let (mailbox, engine) = died(|dead, account, staged| {
        dead.commit(account, &staged[..2], day(0, 0));
    });
    let ran = rerun(&engine);
    assert_eq!(
        (ran.outcome.tally.recovered, ran.outcome.tally.new),
        (2, COUNT - 2)
    );
    assert_eq!(mailbox.server.count("RETR"), COUNT - 2);
    assert_eq!(mailbox.here(), mailbox.there());
}

/// A dead run that published everything and recorded nothing, after which a reader does this with each file.
fn read_before_recorded(read: impl Fn(&Mailbox, &str)) -> (Mailbox, Engine) {
    let mut files = Vec::new();
    let (mailbox, engine) = died(|dead, account, staged| {
        dead.commit(account, staged, day(0, 0));
        dead.publish(account, staged);
        files.extend(staged.iter().map(|arrival| arrival.file.clone()));
    });
    for file in files {
        read(&mailbox, &file);
    }
    (mailbox, engine)
}

#[test]
fn what_a_reader_moved_meanwhile_is_not_delivered_again() {
    let (mailbox, engine) = read_before_recorded(|mailbox, file| {
        let maildir = mailbox.sandbox.home("Mail/work");
        let read = maildir.join("cur").join(format!("{file}:2,RS"));
        fs::rename(maildir.join("new").join(file), read).unwrap();
    });
    rerun(&engine);
    assert_eq!(mailbox.here(), mailbox.there());
    assert_eq!(mailbox.server.count("RETR"), 0);
}

#[test]
fn what_a_reader_deleted_meanwhile_is_not_delivered_again() {
    let (mailbox, engine) = read_before_recorded(|mailbox, file| {
        fs::remove_file(mailbox.sandbox.home("Mail/work/new").join(file)).unwrap();
    });
    for _ in 0..2 {
        rerun(&engine);
        assert!(mailbox.here().is_empty());
        assert_eq!(mailbox.server.count("RETR"), 0);
    }
}

#[test]
fn what_may_have_been_cleaned_up_before_it_was_published_is_fetched_again() {
    const LIFETIME: i64 = 36 * 60 * 60;
    for (after, fetched) in [(LIFETIME - 1, 0), (LIFETIME, COUNT)] {
        let (mailbox, engine) = died(|dead, account, staged| {
            dead.commit(account, staged, day(0, 0));
        });
        let tmp = mailbox.sandbox.home("Mail/work/tmp");
        for entry in fs::read_dir(tmp).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        engine.run_well(day(0, after), Policy::Keep);
        assert_eq!(mailbox.server.count("RETR"), fetched);
        assert_eq!(mailbox.here().len(), fetched);
    }
}

#[test]
fn a_maildir_that_is_away_for_one_run_loses_nothing_of_what_was_staged_in_it() {
    let (mailbox, engine) = died(|dead, account, staged| dead.commit(account, staged, day(0, 0)));
    let sent = mailbox.there();
    let here = mailbox.sandbox.home("Mail/work");
    let away = mailbox.sandbox.home("Mail/away");
    // As if its volume were not mounted.
    fs::rename(&here, &away).unwrap();
    let ran = engine.run(day(0, 9), Policy::Delete);
    assert!(
        matches!(ran.outcome.failure, Some(Error::MaildirGone { .. })),
        "{:?}",
        ran.outcome
    );
    assert_eq!(mailbox.there(), sent);
    assert!(!here.exists(), "another one was made in its place");

    fs::rename(&away, &here).unwrap();
    engine.run_well(day(0, 19), Policy::Delete);
    assert_eq!(mailbox.here(), sent);
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.server.count("RETR"), 0);
}

#[test]
fn what_was_staged_for_another_destination_is_published_there() {
    for published in [0, 2, COUNT] {
        let (mailbox, _) = died(|dead, account, staged| {
            dead.commit(account, staged, day(0, 0));
            dead.publish(account, &staged[..published]);
        });
        let engine = Engine::of(&mailbox, USER, "elsewhere");
        rerun(&engine);
        assert_eq!(mailbox.here(), mailbox.there());
        assert!(mailbox.sandbox.mail("Mail/elsewhere").is_empty());
        assert_eq!(mailbox.server.count("RETR"), 0);
    }
}

#[test]
fn what_was_staged_in_a_maildir_that_was_moved_is_published_in_its_new_place() {
    let (mailbox, _) = died(|dead, account, staged| {
        dead.commit(account, staged, day(0, 0));
        dead.publish(account, &staged[..2]);
    });
    let (old, new) = (
        mailbox.sandbox.home("Mail/work"),
        mailbox.sandbox.home("Mail/moved"),
    );
    fs::rename(old, new).unwrap();
    let ran = rerun(&Engine::of(&mailbox, USER, "moved"));
    assert!(ran.outcome.tally.problems.is_empty());
    assert_eq!(mailbox.sandbox.mail("Mail/moved"), mailbox.there());
    assert_eq!(mailbox.server.count("RETR"), 0);
}

#[test]
fn what_is_owed_to_a_destination_that_is_gone_is_told_and_keeps_nothing_else() {
    let (mailbox, _) = died(|dead, account, staged| dead.commit(account, staged, day(0, 0)));
    fs::rename(
        mailbox.sandbox.home("Mail/work"),
        mailbox.sandbox.home("away"),
    )
    .unwrap();
    mailbox.deposit("later");
    let engine = Engine::of(&mailbox, USER, "elsewhere");
    let ran = engine.run(day(0, 9), Policy::Keep);
    let problem = ran.outcome.tally.problems[0].to_string();
    assert!(problem.contains("wait for maildir:"), "{problem}");
    assert_eq!(mailbox.sandbox.mail("Mail/elsewhere").len(), 1);
    // Once it is back, so is the mail.
    fs::rename(
        mailbox.sandbox.home("away"),
        mailbox.sandbox.home("Mail/work"),
    )
    .unwrap();
    assert!(rerun(&engine).outcome.tally.problems.is_empty());
    assert_eq!(mailbox.here().len(), COUNT);
}

#[test]
fn nothing_of_other_programs_is_swept_away() {
    let (mailbox, engine) = died(|_, _, _| {});
    let other = mailbox
        .sandbox
        .write("home/Mail/work/tmp/1764547200.7.host", "not whole");
    let like_ours = mailbox.sandbox.write(
        "home/Mail/work/tmp/1.M1R1Q1.host.popfetch-0123456789abcdef",
        "x",
    );
    rerun(&engine);
    assert!(other.exists() && like_ours.exists());
    assert_eq!(hidden(&mailbox), 2);
    assert_eq!(visible(&mailbox), mailbox.there());
}

#[test]
fn what_was_recovered_is_deleted_from_the_server_like_any_other() {
    let (mailbox, engine) = died(|dead, account, staged| dead.commit(account, staged, day(0, 0)));
    let sent = mailbox.there();
    let ran = engine.run_well(day(0, 9), Policy::Delete);
    assert_eq!(ran.outcome.tally.deleted, COUNT);
    assert_eq!(mailbox.here(), sent);
    assert!(mailbox.there().is_empty());
}

#[test]
fn the_cure_of_a_maildir_that_is_gone_loses_nothing() {
    let (mailbox, engine) = died(|dead, account, staged| dead.commit(account, staged, day(0, 0)));
    let sent = mailbox.there();
    let here = mailbox.sandbox.home("Mail/work");
    fs::remove_dir_all(&here).unwrap();
    engine.run(day(0, 9), Policy::Delete);
    fs::create_dir_all(here.join("new")).unwrap();
    engine.run_well(day(0, 19), Policy::Delete);
    assert_eq!(mailbox.there().len() + mailbox.here().len(), sent.len());
    engine.run_well(day(0, 29), Policy::Delete);
    assert_eq!(mailbox.here(), sent);
}
