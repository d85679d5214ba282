//! When a message is tried again that was refused: after pauses that grow, and ten times at most.
//!
//! The engine is called with the times; no test waits.

use std::fs;
use std::time::Duration;

use popfetch::delivery::{Destination, Program};
use popfetch::retention::Policy;

use super::super::support::engine::{Engine, day};
use super::super::support::mailbox::Mailbox;
use super::{assert_same, kept, letters, script, spooled};

/// The engine, delivering to the program that [`script`] wrote.
fn engine(mailbox: &Mailbox) -> Engine {
    let path = mailbox.sandbox.path("program.sh");
    let argv = ["sh", path.to_str().unwrap()].map(str::to_owned).to_vec();
    Engine::on(mailbox).delivering_to(Destination::Pipe(Program {
        argv,
        unix_from: false,
        timeout: Duration::from_secs(60),
    }))
}

/// How often the program was run.
fn tried(mailbox: &Mailbox) -> usize {
    let log = fs::read_to_string(mailbox.sandbox.path("log"));
    log.map_or(0, |log| log.lines().count())
}

/// A program that writes a line whenever it is run, and then does this.
fn program(mailbox: &Mailbox, then: &str) {
    let log = mailbox.sandbox.path("log");
    let text = format!("echo tried >> '{}'\n{then}\n", log.display());
    script(&mailbox.sandbox, &text);
}

#[test]
fn a_refused_message_is_tried_after_growing_pauses_and_ten_times() {
    let mailbox = letters(1);
    program(&mailbox, "exit 1");
    let engine = engine(&mailbox);
    let run_at = |seconds| {
        let ran = engine.run(day(0, seconds), Policy::Keep);
        assert!(ran.outcome.failure.is_none(), "{:?}", ran.outcome);
        // Whether it is tried or not, what waits is told.
        assert_eq!(ran.outcome.tally.problems.len(), 1, "{:?}", ran.outcome);
        tried(&mailbox)
    };
    let mut now = 0;
    assert_eq!(run_at(now), 1);
    for (n, minutes) in [5, 10, 20, 40, 80, 160, 320, 640, 1280].iter().enumerate() {
        now += minutes * 60;
        assert_eq!(run_at(now - 1), n + 1, "it was tried too soon");
        assert_eq!(run_at(now), n + 2, "it was not tried in time");
    }
    assert_eq!(run_at(now + 400 * 24 * 60 * 60), 10);
    assert_eq!((spooled(&mailbox), mailbox.server.count("RETR")), (1, 1));
}

#[test]
fn a_message_that_is_put_off_is_tried_in_each_run_at_any_time() {
    let mailbox = letters(1);
    let sent = mailbox.there();
    program(&mailbox, "exit 75");
    let engine = engine(&mailbox);
    for n in 1..=25_usize {
        // The same second again and again, and a clock that is set back.
        engine.run(day(i64::from(n % 2 == 0), 0), Policy::Keep);
        assert_eq!(tried(&mailbox), n);
    }
    super::keeper(&mailbox.sandbox, "");
    engine.run_well(day(0, 1), Policy::Keep);
    assert_same(&kept(&mailbox.sandbox), &sent);
    assert_eq!((spooled(&mailbox), mailbox.server.count("RETR")), (0, 1));
}

#[test]
fn one_message_s_pause_is_not_anothers() {
    let mailbox = letters(1);
    program(&mailbox, "exit 1");
    let engine = engine(&mailbox);
    engine.run(day(0, 0), Policy::Keep);
    mailbox.deposit("second");
    engine.run(day(0, 1), Policy::Keep);
    assert_eq!(tried(&mailbox), 2);
    super::keeper(&mailbox.sandbox, "");
    engine.run(day(0, 5 * 60), Policy::Keep);
    let first = [b"Subject: 0\n\nThis is letter 0.\n".to_vec()];
    assert_same(&kept(&mailbox.sandbox), &first);
    engine.run_well(day(0, 5 * 60 + 1), Policy::Keep);
    assert_eq!(kept(&mailbox.sandbox).len(), 2);
}
