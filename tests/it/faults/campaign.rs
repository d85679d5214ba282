//! Trials in rows: at the first place, the second and so on, until a run comes to its end without a fault.
//!
//! It owns which places there are, how many of them are tried, and the totals. It refuses to know how a trial is judged.

use std::env;
use std::fmt;

use super::kinds::{CLONE, WAL, kinds};
use super::store::Store;
use super::strike::{Blow, Calls, Strike};
use super::trial::{Case, Start, names};
use super::verdict::Verdict;

/// Where mail goes.
type Stores = &'static [Store];

/// Set to 1, every place is tried; else some, in strides.
const EXHAUSTIVE: &str = "POPFETCH_EXHAUSTIVE";

/// Set to the words before a finding's colon, only that trial takes place.
const ONLY: &str = "POPFETCH_FAULT";

/// The reply to QUIT is shorter than this.
const QUIT_REPLY: usize = 64;

/// In a quick campaign each start has one of so many shares of the places.
const SHARES: usize = 2;

/// So many findings are enough.
const ENOUGH: usize = 20;

/// Where the second of two batches begins: the calls, and the first and the last of them.
const BETWEEN_BATCHES: [(Calls, usize, usize); 4] = [
    (Calls::all("/^rename"), 500, 502),
    (Calls::all("fsync"), 3, 5),
    (Calls::all("syncfs"), 2, 2),
    (Calls::on("pwrite64", WAL), 120, 122),
];

fn is_exhaustive() -> bool {
    env::var_os(EXHAUSTIVE).is_some_and(|value| value == "1")
}

/// Whether mail is kept on the server.
fn modes() -> impl Iterator<Item = bool> {
    let modes: &[bool] = if is_exhaustive() {
        &[true, false]
    } else {
        &[false]
    };
    modes.iter().copied()
}

/// Strikes at each call of runs that keep mail on the server, and of runs that delete it.
pub(super) fn strike(stores: Stores, blow: Blow) {
    for keep in [true, false] {
        let mut totals = Totals::of(stores, keep, &blow.to_string());
        for (share, start) in starts(keep, blow).into_iter().enumerate() {
            let case = Case {
                stores,
                keep,
                start,
            };
            let mut at = share;
            for (calls, quick) in kinds(stores, blow) {
                if is_exhaustive() {
                    if start.exposes(calls) {
                        totals.row(case, blow, calls, 1..);
                    }
                } else {
                    let is_ours = |_: &&usize| {
                        at += 1;
                        at % SHARES == 0
                    };
                    let places = quick.iter().filter(is_ours).copied();
                    totals.row(case, blow, calls, places);
                }
            }
        }
        totals.report();
    }
}

/// What runs begin with.
fn starts(keep: bool, blow: Blow) -> Vec<Start> {
    use Start::{Fetched, Fresh, Many, Owed, Prepared};
    match (is_exhaustive(), blow, keep) {
        (true, _, true) => vec![Fresh, Prepared, Owed, Many],
        (true, _, false) => vec![Fresh, Prepared, Owed, Fetched, Many],
        (false, Blow::Kill, false) => vec![Prepared, Owed, Fetched],
        (false, Blow::Fail("ENOSPC"), true) | (false, Blow::Fail("EIO"), false) => vec![Prepared],
        (false, Blow::Fail("EINTR"), false) => vec![Owed],
        (false, ..) => vec![],
    }
}

/// Kills a run that has so much mail to fetch that it commits twice, where one batch ends and another begins.
pub(super) fn kill_between_batches(stores: Stores) {
    let mut totals = Totals::of(stores, false, "SIGKILL between batches");
    let (keep, start) = (false, Start::Batches);
    let places = if is_exhaustive() { 4 } else { 1 };
    for (calls, first, last) in BETWEEN_BATCHES.into_iter().take(places) {
        let case = Case {
            stores,
            keep,
            start,
        };
        totals.row(case, Blow::Kill, calls, first..=last);
    }
    totals.report();
}

/// Lets the system refuse to start one thread or child after the other.
pub(super) fn refuse_threads(stores: Stores) {
    let mut totals = Totals::of(stores, false, "EAGAIN");
    let (keep, start) = (false, Start::Prepared);
    let case = Case {
        stores,
        keep,
        start,
    };
    totals.row(case, Blow::Fail("EAGAIN"), CLONE, 1..);
    totals.report();
}

/// Kills run after run of the same account, so that what takes up an interrupted run is interrupted in its turn.
pub(super) fn kill_again_and_again(stores: Stores) {
    let rounds = if is_exhaustive() { 60 } else { 1 };
    for keep in modes() {
        let mut totals = Totals::of(stores, keep, "SIGKILL again and again");
        let start = Start::Prepared;
        let case = Case {
            stores,
            keep,
            start,
        };
        let name = format!("{case}: SIGKILL again and again ");
        for round in numbers(&name, 1..=rounds) {
            let (strikes, verdict) = case.strike_again_and_again(&series(stores, round));
            totals.strikes += strikes;
            totals.add(&format!("{name}{round}"), &verdict);
        }
        totals.report();
    }
}

/// Six places that have nothing to do with each other, the same for the same round.
fn series(stores: Stores, round: usize) -> Vec<Strike> {
    let mut kinds = kinds(stores, Blow::Kill);
    kinds.retain(|(_, quick)| !quick.is_empty());
    let mut noise = round;
    let mut next = |below: usize| {
        noise = (noise * 1_103 + 12_345) % 65_521;
        noise % below
    };
    let mut strike = || {
        let (calls, quick) = kinds[next(kinds.len())];
        // Some of them, or what lies before them.
        let last = quick[next(quick.len())];
        let nth = 1 + next(last);
        let blow = Blow::Kill;
        Strike { blow, calls, nth }
    };
    (0..6).map(|_| strike()).collect()
}

/// Cuts the connection after the first byte of the server's, the second and so on, until a run has come to its end.
pub(super) fn cut(stores: Stores) {
    let stride = if is_exhaustive() { 1 } else { 41 };
    for keep in modes() {
        let mut totals = Totals::of(stores, keep, "cut");
        let start = Start::Prepared;
        let case = Case {
            stores,
            keep,
            start,
        };
        let mut unnoticed = 0;
        for bytes in numbers(&format!("{case}: cut after "), (0..).step_by(stride)) {
            let (noticed, verdict) = case.cut(bytes as u64);
            totals.strikes += 1;
            totals.add(&format!("{case}: cut after {bytes}"), &verdict);
            // Nothing hangs on the reply to a QUIT that deletes nothing: a cut in it is not noticed, either.
            unnoticed += if noticed { 0 } else { stride };
            if unnoticed > QUIT_REPLY {
                break;
            }
        }
        totals.report();
    }
}

/// The numbers that are wanted: these, or, where somebody asked for one trial alone, that one.
fn numbers(name: &str, all: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    let only = env::var(ONLY).ok();
    let asked = only
        .iter()
        .find_map(|only| only.strip_prefix(name)?.parse().ok());
    let all = only.is_none().then_some(all);
    all.into_iter().flatten().chain(asked)
}

/// What came of some trials.
struct Totals {
    name: String,
    strikes: usize,
    sum: Verdict,
}

impl Totals {
    fn of(stores: Stores, keep: bool, what: &str) -> Self {
        let mode = if keep { "keeping" } else { "deleting" };
        Self {
            name: format!("{}, {mode}, {what}", names(stores)),
            strikes: 0,
            sum: Verdict::default(),
        }
    }

    /// Strikes at one place after another, until a run makes no such call any more.
    fn row(&mut self, case: Case, blow: Blow, calls: Calls, places: impl Iterator<Item = usize>) {
        let name = format!("{case}: {blow} at {calls} ");
        for nth in numbers(&name, places) {
            let (hit, verdict) = case.strike(Strike { blow, calls, nth });
            self.add(&format!("{name}{nth}"), &verdict);
            if !hit {
                break;
            }
            self.strikes += 1;
        }
    }

    fn add(&mut self, name: &str, verdict: &Verdict) {
        self.sum.add(name, verdict);
        assert!(self.sum.words.len() < ENOUGH, "{self}");
    }

    /// Prints the totals, and asserts that nothing was found.
    #[expect(
        clippy::print_stdout,
        reason = "an exhaustive campaign is for its totals"
    )]
    fn report(&self) {
        if self.strikes > 0 {
            println!("faults: {self}");
        }
        assert!(self.sum.is_well(), "{self}");
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, strikes, sum } = self;
        write!(f, "{name}: {strikes} interruptions, {sum}")
    }
}
