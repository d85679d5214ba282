//! Runs every few minutes for days, most of them idle, and a server that is away for a while.

use super::super::support::mailbox::Mailbox;
use super::super::support::options::{Act, Fault};
use super::{Cron, mailbox};

/// How a server is away: at the door, in mid-session, in mid-message, without a word.
fn ways_to_be_away() -> [Vec<Fault>; 6] {
    let refusal = |words, line| Fault::Each(words, Act::reply(line));
    [
        vec![Fault::Each("GREETING", Act::Cut)],
        vec![refusal("GREETING", "-ERR [SYS/TEMP] down for repairs")],
        vec![refusal("PASS", "-ERR [SYS/TEMP] try later")],
        vec![refusal(
            "PASS",
            "-ERR [IN-USE] another session has the maildrop",
        )],
        vec![Fault::Each("UIDL", Act::Cut)],
        vec![Fault::CutAfterBytes(60)],
    ]
}

/// What was said, each line with the minute of its run.
struct Said(Vec<(i64, String)>);

impl Said {
    /// Runs popfetch and takes up what it says; it must end with this status.
    #[track_caller]
    fn run(&mut self, cron: &Cron<'_>, minute: i64, code: i32) {
        let out = cron.run(minute);
        assert_eq!(out.code, code, "minute {minute}: {}", out.stderr);
        assert_eq!(out.stdout, "");
        let lines = out.stderr.lines().map(|line| (minute, line.to_owned()));
        self.0.extend(lines);
    }

    fn minutes(&self) -> Vec<i64> {
        self.0.iter().map(|(minute, _)| *minute).collect()
    }
}

/// New mail: a message that no run has seen.
fn deposit(mailbox: &Mailbox, minute: i64) {
    mailbox.deposit(&format!("letter-{minute}"));
}

#[test]
fn a_day_of_288_runs_with_an_outage_of_two_hours_says_two_lines() {
    let mailbox = mailbox();
    mailbox.configure("timeout = \"1s\"");
    let cron = Cron::new(&mailbox.sandbox);
    let mut said = Said(Vec::new());
    let outage = 10 * 60..12 * 60;
    let mut ways = ways_to_be_away().into_iter().cycle();
    for minute in (0..24 * 60).step_by(5) {
        if minute % 35 == 0 {
            deposit(&mailbox, minute);
        }
        let is_away = outage.contains(&minute);
        let faults = match minute {
            // Silence takes a second each time.
            660 | 690 => vec![Fault::At("PASS", 1, Act::Stall)],
            _ if is_away => ways.next().unwrap(),
            _ => Vec::new(),
        };
        mailbox.server.set_faults(faults);
        said.run(&cron, minute, if is_away { 75 } else { 0 });
        if !is_away {
            assert_eq!(mailbox.here(), mailbox.there(), "minute {minute}");
        }
    }
    assert_eq!(said.minutes(), [600, 720], "{:#?}", said.0);
    assert!(said.0[0].1.starts_with("popfetch: work: "), "{:#?}", said.0);
    assert_eq!(said.0[1].1, "popfetch: work: well again, after 2 h");
    assert_eq!(mailbox.here().len(), 42);
    // A session that was cut off may be tried again at once, more carefully.
    assert!(mailbox.server.records().len() >= 288, "each run asks");
}

#[test]
fn an_outage_of_three_days_is_told_when_it_begins_once_a_day_and_when_it_is_over() {
    let mailbox = mailbox();
    let cron = Cron::new(&mailbox.sandbox);
    let mut said = Said(Vec::new());
    let mut ways = ways_to_be_away().into_iter().cycle();
    deposit(&mailbox, -60);
    said.run(&cron, -60, 0);
    deposit(&mailbox, 0);
    for minute in (0..3 * 24 * 60).step_by(30) {
        mailbox.server.set_faults(ways.next().unwrap());
        said.run(&cron, minute, 75);
    }
    mailbox.server.set_faults(Vec::new());
    said.run(&cron, 3 * 24 * 60, 0);
    said.run(&cron, 3 * 24 * 60 + 30, 0);
    let day = 24 * 60;
    assert_eq!(said.minutes(), [0, day, 2 * day, 3 * day], "{:#?}", said.0);
    assert_eq!(said.0[3].1, "popfetch: work: well again, after 3 d");
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_server_that_comes_and_goes_is_told_of_once() {
    let mailbox = mailbox();
    let cron = Cron::new(&mailbox.sandbox);
    let mut said = Said(Vec::new());
    for minute in (0..8 * 60).step_by(10) {
        mailbox
            .server
            .set_faults(vec![Fault::Each("GREETING", Act::Cut)]);
        said.run(&cron, minute, 75);
        mailbox.server.set_faults(Vec::new());
        said.run(&cron, minute + 5, 0);
    }
    assert_eq!(said.minutes(), [0, 5], "{:#?}", said.0);
}
