//! A popfetch that stays, through faults and jumps of its clock: what it holds does not grow.
//!
//! It owns what is sampled, and how much it may change. Each round is asked for by a signal, so that no time is waited for.

use std::fmt;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::super::support::clock;
use super::super::support::sandbox::Running;
use super::super::support::service::Service;
use super::ROUNDS;
use super::relay::Break;
use super::world::World;

/// What is held may settle in the first of so many parts of the rounds, and is judged by the last.
const WARM_UP: usize = 4;

/// The allocator may keep that much more: some pages for each of its threads' arenas.
const MORE_MEMORY: u64 = 4 << 10;

/// So many descriptors, or threads, may be there once more: a turn that is just ending has the database's three files
/// open, and its threads. What leaks one in each round is seen in the fewest rounds there are.
const MORE: u64 = ROUNDS - 2;

/// In fewer rounds than these, caches are still being filled.
const MANY: usize = 100;

/// All the jumps of the clock between two rounds are shorter: a run comes only when it is asked for.
const EVERY: &str = "600h";

/// It is looked at so often between two rounds, and so long apart.
const LOOKS: usize = 5;
const GLANCE: Duration = Duration::from_millis(2);

/// What the process holds between two rounds.
#[derive(Clone, Copy, Default)]
struct Held {
    descriptors: u64,
    kibibytes: u64,
    threads: u64,
}

impl Held {
    /// What it holds at rest: the least that some looks find, as it may be reading the clock's file, or a thread ending.
    fn at_rest(id: u32) -> Self {
        let look = |_| {
            thread::sleep(GLANCE);
            Self::by(id)
        };
        let looks: Vec<_> = (0..LOOKS).map(look).collect();
        Self::fold(&looks, u64::min)
    }

    /// The least or the most of each.
    fn fold(held: &[Self], choose: fn(u64, u64) -> u64) -> Self {
        held.iter().fold(held[0], |all, it| Self {
            descriptors: choose(all.descriptors, it.descriptors),
            kibibytes: choose(all.kibibytes, it.kibibytes),
            threads: choose(all.threads, it.threads),
        })
    }

    fn by(id: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            word.and_then(|word| word.parse().ok())
                .expect("proc(5) has it")
        };
        let descriptors = fs::read_dir(format!("/proc/{id}/fd")).unwrap().count() as u64;
        Self {
            descriptors,
            kibibytes: value("VmRSS:"),
            threads: value("Threads:"),
        }
    }
}

/// Has popfetch stay for so many rounds.
pub(super) fn stay(world: &mut World, rounds: u64) {
    let clock = world.sandbox.path("tmp/clock");
    set(world, &clock);
    let mut command = world.command();
    clock::follow(&mut command, &clock);
    command.args(["--every", EVERY]);
    let service = Service::of(&world.sandbox, command);
    service.begins();
    let id = service.popfetch.id();
    let mut held = Vec::new();
    for round in 0..rounds {
        world.mail_arrives();
        if world.time_passes() {
            world.figures.strikes("clock jump");
        }
        set(world, &clock);
        let struck = strike(world, round);
        service.fetches();
        world.figures.syncs += 1;
        heal(world, struck);
        world.look();
        service.fetches();
        world.figures.syncs += 1;
        world.retry();
        service.fetches();
        world.figures.syncs += 1;
        world.judge();
        held.push(Held::at_rest(id));
    }
    let out = service.ends();
    if out.code != 0 || out.stderr.contains("panicked") {
        world.wrong.push(format!(
            "what stays ended with {}: {}",
            out.code, out.stderr
        ));
    }
    compare(world, &held);
}

/// What goes wrong in a round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Struck {
    Nothing,
    Network,
    Server,
    Program,
}

fn strike(world: &mut World, round: u64) -> Struck {
    match round % 5 {
        0 => Struck::Nothing,
        1 => {
            let bytes = world.chance.below(8000);
            for relay in world.relays() {
                relay.set_break(Some(Break::Reset(bytes)));
            }
            world.figures.strikes("cut");
            Struck::Network
        }
        2 => {
            world.figures.strikes("refused");
            world.refuse(67);
            Struck::Program
        }
        3 if round % 15 == 3 => {
            world.figures.strikes("server away");
            world.dovecot.stop();
            Struck::Server
        }
        _ => {
            // Another run takes the mail away from under it, or finds it busy.
            let other = Running::new(world.command()).finish();
            world.note(&other);
            world.figures.strikes("side by side");
            Struck::Nothing
        }
    }
}

fn heal(world: &mut World, struck: Struck) {
    if struck == Struck::Server {
        world.dovecot.start_again();
        world.lead();
    }
    world.heal();
}

/// Writes the world's time to where the process looks.
fn set(world: &World, path: &Path) {
    let hidden = path.with_extension("new");
    fs::write(&hidden, format!("@{}\n", world.now.as_second())).unwrap();
    fs::rename(hidden, path).unwrap();
}

/// Holds what was held in the end against what was held when it had settled. What leaks is never held less again: the
/// least of the last rounds counts.
fn compare(world: &mut World, held: &[Held]) {
    let part = (held.len() / WARM_UP).max(1);
    let (early, late) = (&held[..part], &held[held.len() - part..]);
    let (warm, most, last) = (
        Held::fold(early, u64::max),
        Held::fold(held, u64::max),
        Held::fold(late, u64::min),
    );
    let line = format!(
        "one that stayed for {} rounds held {warm} when warm, {most} at most, {last} in the end",
        held.len(),
    );
    if last.descriptors > warm.descriptors + MORE
        || last.threads > warm.threads + MORE
        || held.len() >= MANY && last.kibibytes > warm.kibibytes + MORE_MEMORY
    {
        world.wrong.push(line.clone());
    }
    world.figures.lasting.push(line);
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            descriptors,
            kibibytes,
            threads,
        } = self;
        write!(
            f,
            "{descriptors} descriptors, {threads} threads and {kibibytes} KiB"
        )
    }
}
