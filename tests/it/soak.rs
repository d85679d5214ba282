//! The soak: thousands of runs against a real server, most of them struck by something, in which nothing may pile up.
//!
//! Worlds stand side by side: a Dovecot, relays that cut connections, three accounts that deliver to Maildirs, mboxes and a
//! program, a clock that jumps. In each, runs are killed, told to stop, cut off, denied room, left without a server, and
//! begun side by side, while mail comes; from time to time a run without a fault must leave everything as promised, and
//! the state within its bounds. In one world more, popfetch stays, and what it holds must not grow.
//!
//! A plain `cargo test` makes some runs; `tests/run --soak` makes as many as `POPFETCH_SOAK` says. What happens follows from
//! a seed, which is printed: `POPFETCH_SOAK_SEED` with the same `POPFETCH_SOAK` and as many cores has it again, though not to
//! the microsecond. The promises themselves are other modules' affair: faults aimed at each call and each byte belong
//! to `faults`.

mod blow; // what happens to a run
mod bounds; // how much a state may hold
mod chance; // what happens next
mod figures; // what was seen, in all
mod lasting; // a process that stays
mod memcheck; // each byte of memory looked at
mod relay; // connections that break
mod store; // what is there of what was sent
mod world; // a server, accounts, a clock

use std::env;
use std::thread;

use blow::Blow;
use figures::Figures;
use world::World;

/// How many runs there are, where that is not said: some seconds.
const FEW: u64 = 40;

/// Set to a number, there are so many runs.
const RUNS: &str = "POPFETCH_SOAK";

/// Set to the number that was printed, the same happens again.
const SEED: &str = "POPFETCH_SOAK_SEED";

/// Of so many runs, one is a process's that stays.
const OF_WHICH_ONE_STAYS: u64 = 10;

/// A process that stays makes so many runs in each of its rounds: a struck one and two more.
const RUNS_A_ROUND: u64 = 3;

/// A run without a fault comes once in so many times, behind each that was struck.
const SETTLES: u64 = 2;

/// So many rounds at least: one for each thing that goes wrong in them.
const ROUNDS: u64 = 5;

/// So many findings are enough.
const ENOUGH: usize = 10;

#[test]
fn whatever_strikes_runs_each_message_is_here_once_and_nothing_piles_up() {
    let (runs, seed) = (asked(RUNS), asked(SEED));
    let seed = seed.unwrap_or_else(any_seed);
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    // Worlds wait more than they work.
    let worlds = if runs.is_some() { 2 * cores } else { 1 };
    let runs = runs.unwrap_or(FEW);
    let staying = runs / OF_WHICH_ONE_STAYS;
    let mut threads = vec![thread::spawn(move || {
        stays(seed, ROUNDS.max(staying / RUNS_A_ROUND))
    })];
    for world in 1..=worlds {
        let share = (runs - staying) / worlds;
        threads.push(thread::spawn(move || {
            strikes(seed.wrapping_add(world), share)
        }));
    }
    let (mut figures, mut wrong) = (Figures::default(), Vec::new());
    for thread in threads {
        match thread.join() {
            Ok((some, found)) => {
                figures.add(some);
                wrong.extend(found);
            }
            Err(_) => wrong.push("a world ended in a panic".to_owned()),
        }
    }
    report(seed, &figures);
    let wrong = wrong.join("\n");
    assert!(wrong.is_empty(), "{SEED}={seed}: {figures}\n{wrong}");
}

#[test]
fn whole_runs_are_well_and_so_is_their_memory_where_it_is_checked() {
    let mut world = World::new(1);
    let mut wrong = memcheck::whole_runs(&mut world);
    world.settle();
    let (_, more) = world.end();
    wrong.extend(more);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A world in which so many runs are struck, or not.
fn strikes(seed: u64, runs: u64) -> (Figures, Vec<String>) {
    let mut world = World::new(seed);
    world.settle();
    while world.figures.syncs < runs && world.wrong.len() < ENOUGH {
        world.mail_arrives();
        let mut what = Vec::new();
        if world.time_passes() {
            world.figures.strikes("clock jump");
            what.push("clock jump".to_owned());
        }
        let blow = Blow::any(&mut world.chance);
        what.push(blow.to_string());
        let (before, at) = (world.wrong.len(), world.figures.syncs);
        blow.strike(&mut world);
        world.look();
        if world.chance.once_in(SETTLES) {
            world.settle();
        }
        for wrong in &mut world.wrong[before..] {
            *wrong = format!("seed {seed}, run {at}, {}: {wrong}", what.join(", "));
        }
    }
    world.settle();
    world.end()
}

/// A world in which popfetch stays for so many rounds.
fn stays(seed: u64, rounds: u64) -> (Figures, Vec<String>) {
    let mut world = World::new(seed);
    lasting::stay(&mut world, rounds);
    world.end()
}

fn asked(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(value.parse().expect("it is a number"))
}

fn any_seed() -> u64 {
    getrandom::u64().expect("the system has random numbers") % 1_000_000
}

#[expect(clippy::print_stdout, reason = "a campaign is for its figures")]
fn report(seed: u64, figures: &Figures) {
    println!("soak: {SEED}={seed}: {figures}");
}
