//! Which account has its turn when.
//!
//! It refuses to know of clocks and threads. Invariants: an account has one turn at a time; no more are under way than is
//! allowed; one that takes its time puts off nobody else; one that fails is left alone for longer and longer, but never
//! for more than an hour where more was not asked for.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::super::exit::Status;

/// An account that fails again and again is tried this often at least.
const SELDOM: Duration = Duration::from_secs(60 * 60);

/// The turns of all accounts.
pub(super) struct Turns {
    every: Duration,
    /// How many may be under way.
    jobs: usize,
    /// The turn of the account with this name.
    of: HashMap<String, Turn>,
}

struct Turn {
    due: Timestamp,
    /// How often it failed in a row.
    failures: u32,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waits,
    UnderWay,
    /// It is, and another turn is wanted at once.
    Called,
}

impl Turns {
    pub(super) fn new(every: Duration, jobs: usize) -> Self {
        Self {
            every,
            jobs,
            of: HashMap::new(),
        }
    }

    /// These accounts there are; one that is new is due.
    pub(super) fn are_for(&mut self, names: &[&str], now: Timestamp) {
        self.of
            .retain(|name, turn| turn.stage != Stage::Waits || names.contains(&name.as_str()));
        for name in names {
            self.of.entry((*name).to_owned()).or_insert(Turn {
                due: now,
                failures: 0,
                stage: Stage::Waits,
            });
        }
    }

    /// All are due, whatever came of them before.
    pub(super) fn call(&mut self, now: Timestamp) {
        for turn in self.of.values_mut() {
            match turn.stage {
                Stage::Waits => turn.due = now,
                Stage::UnderWay | Stage::Called => turn.stage = Stage::Called,
            }
        }
    }

    /// Begins the turn of those of these accounts that are due, as far as there is room; gives their names, first who has
    /// waited longest.
    pub(super) fn begin<'n>(&mut self, names: &[&'n str], now: Timestamp) -> Vec<&'n str> {
        let due = |name: &&str| {
            let turn = self.of.get(*name);
            turn.filter(|turn| turn.stage == Stage::Waits && turn.due <= now)
                .map(|turn| turn.due)
        };
        let mut begun: Vec<&str> = names.to_vec();
        begun.retain(|name| due(name).is_some());
        begun.sort_by_key(due);
        begun.truncate(self.jobs.saturating_sub(self.under_way()));
        for name in &begun {
            if let Some(turn) = self.of.get_mut(*name) {
                turn.stage = Stage::UnderWay;
            }
        }
        begun
    }

    /// Says when an account has its next turn, after what came of one that began at this time.
    pub(super) fn judge(&mut self, name: &str, status: Status, begun: Timestamp) -> Timestamp {
        let failures = self.of.get(name).map_or(0, |turn| turn.failures);
        let failures = match status {
            // What is wrong here is no burden to the server.
            Status::Well | Status::Local => 0,
            _ => failures.saturating_add(1),
        };
        let due = begun + pause(self.every, failures, status == Status::Login);
        if let Some(turn) = self.of.get_mut(name) {
            (turn.due, turn.failures) = (due, failures);
        }
        due
    }

    /// Ends an account's turn.
    pub(super) fn end(&mut self, name: &str, now: Timestamp) {
        if let Some(turn) = self.of.get_mut(name) {
            if turn.stage == Stage::Called {
                turn.due = now;
            }
            turn.stage = Stage::Waits;
        }
    }

    /// Whether there is no account at all.
    pub(super) fn are_none(&self) -> bool {
        self.of.is_empty()
    }

    /// How many are under way.
    pub(super) fn under_way(&self) -> usize {
        let stages = self.of.values().map(|turn| turn.stage);
        stages.filter(|stage| *stage != Stage::Waits).count()
    }

    /// When the next turn can begin, as far as that is known: one may have to end before.
    pub(super) fn next(&self) -> Option<Timestamp> {
        if self.under_way() >= self.jobs {
            return None;
        }
        let waiting = self.of.values();
        let waiting = waiting.filter(|turn| turn.stage == Stage::Waits);
        waiting.map(|turn| turn.due).min()
    }
}

/// How long an account is left alone after so many failures. A server may lock an account whose login it refuses again
/// and again.
fn pause(every: Duration, failures: u32, was_refused: bool) -> Duration {
    let longest = every.max(SELDOM);
    if was_refused {
        return longest;
    }
    // So many doublings of the shortest time are longer than the longest.
    every.saturating_mul(1 << failures.min(12)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["one", "two", "three"];

    /// Five minutes apart, so many at once; and a clock in minutes.
    fn turns(jobs: usize) -> (Turns, impl Fn(u64) -> Timestamp) {
        let at = |minutes: u64| Timestamp::UNIX_EPOCH + Duration::from_secs(minutes * 60);
        let mut turns = Turns::new(Duration::from_secs(300), jobs);
        turns.are_for(&NAMES, at(0));
        (turns, at)
    }

    #[test]
    fn who_fails_is_left_alone_for_longer_and_longer_up_to_an_hour() {
        let minutes = |every: u64, failures, refused| {
            pause(Duration::from_secs(every * 60), failures, refused).as_secs() / 60
        };
        let pauses: Vec<u64> = (0..6).map(|failures| minutes(5, failures, false)).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        assert_eq!(minutes(5, 1, true), 60);
        assert_eq!(minutes(120, 3, false), 120);
        assert_eq!(minutes(5, u32::MAX, false), 60);
    }

    #[test]
    fn who_takes_long_puts_off_nobody_else() {
        let (mut turns, at) = turns(9);
        assert_eq!(turns.begin(&NAMES, at(0)), NAMES);
        for name in ["two", "three"] {
            assert_eq!(turns.judge(name, Status::Well, at(0)), at(5));
            turns.end(name, at(1));
        }
        for round in 1..100 {
            let now = turns.next().unwrap();
            assert_eq!(now, at(round * 5));
            assert_eq!(turns.begin(&NAMES, now), ["two", "three"]);
            for name in ["two", "three"] {
                turns.judge(name, Status::Well, now);
                turns.end(name, now);
            }
        }
        assert_eq!(turns.under_way(), 1);
        // … and is late itself.
        turns.judge("one", Status::Well, at(0));
        turns.end("one", at(496));
        assert_eq!(turns.begin(&NAMES, at(496)), ["one"]);
    }

    #[test]
    fn no_more_are_under_way_than_is_allowed_and_who_waited_longest_comes_first() {
        let (mut turns, at) = turns(2);
        assert_eq!(turns.begin(&NAMES, at(0)), ["one", "two"]);
        assert_eq!(turns.begin(&NAMES, at(9)), [""; 0]);
        assert_eq!(turns.next(), None);
        turns.judge("one", Status::Well, at(0));
        turns.end("one", at(9));
        assert_eq!(turns.next(), Some(at(0)));
        assert_eq!(turns.begin(&NAMES, at(9)), ["three"]);
        turns.end("two", at(10));
        assert_eq!(turns.begin(&NAMES, at(10)), ["two"]);
    }

    #[test]
    fn a_call_is_heard_by_who_waits_at_once_and_by_the_others_afterwards() {
        let (mut turns, at) = turns(9);
        turns.begin(&["one", "two"], at(0));
        assert_eq!(turns.judge("one", Status::Login, at(0)), at(60));
        turns.end("one", at(1));
        turns.call(at(2));
        turns.call(at(3));
        assert_eq!(turns.begin(&NAMES, at(3)), ["one", "three"]);
        turns.judge("two", Status::Protocol, at(0));
        turns.end("two", at(4));
        assert_eq!(turns.begin(&NAMES, at(4)), ["two"]);
        assert_eq!(turns.judge("two", Status::Protocol, at(4)), at(24));
        turns.end("two", at(4));
        assert_eq!(turns.begin(&NAMES, at(23)), [""; 0]);
    }

    #[test]
    fn accounts_come_and_go() {
        let (mut turns, at) = turns(9);
        turns.begin(&["one"], at(0));
        turns.are_for(&["four"], at(1));
        assert_eq!(turns.begin(&["four"], at(1)), ["four"]);
        assert_eq!(turns.under_way(), 2, "what is under way is not forgotten");
        for name in ["one", "four"] {
            turns.judge(name, Status::Well, at(1));
            turns.end(name, at(1));
        }
        turns.are_for(&["four"], at(2));
        assert_eq!(turns.begin(&["one", "four"], at(6)), ["four"]);
        turns.end("four", at(6));
        turns.are_for(&[], at(6));
        assert!(turns.are_none());
    }
}
