//! One run of popfetch, or two, and what happens to it.
//!
//! It owns the kinds of faults, and with which statuses a run that meets one may end. It refuses to know what must hold
//! afterwards.

use std::fmt;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::super::support::sandbox::{Finished, Running};
use super::chance::Chance;
use super::relay::{Break, Relay};
use super::world::{World, clear_away_clock};

/// Between two looks at what has passed.
const GLANCE: Duration = Duration::from_micros(200);

/// A session has about so many bytes: cuts come anywhere in it, most of them early.
const SESSION: u64 = 12_000;

/// A run says one line for each account …
const ACCOUNTS: usize = 3;

/// … and, where a destination takes nothing, one for each of some messages.
const MOST_WORDS: usize = 14;

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blow {
    /// A signal at some moment.
    Signal(&'static str),
    /// The connections break.
    Cut,
    /// They fall silent.
    Silence,
    /// No file may be longer than so many blocks of 512 bytes, as on a full disk.
    FullDisk,
    /// The server ends in the middle, and comes again afterwards.
    Restart,
    /// The server is not there.
    Away,
    /// The program refuses mail.
    Refusal,
    /// Another run of the same accounts, and one of the two may be killed.
    Company,
}

/// Each as often as it is here.
const BLOWS: [Blow; 25] = [
    Blow::Signal("KILL"),
    Blow::Signal("KILL"),
    Blow::Signal("KILL"),
    Blow::Signal("KILL"),
    Blow::Signal("KILL"),
    Blow::Signal("KILL"),
    Blow::Signal("TERM"),
    Blow::Signal("TERM"),
    Blow::Signal("TERM"),
    Blow::Signal("INT"),
    Blow::Signal("INT"),
    Blow::Cut,
    Blow::Cut,
    Blow::Cut,
    Blow::Cut,
    Blow::Cut,
    Blow::FullDisk,
    Blow::FullDisk,
    Blow::FullDisk,
    Blow::Company,
    Blow::Company,
    Blow::Refusal,
    Blow::Restart,
    Blow::Away,
    Blow::Silence,
];

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Blow {
    /// One of them.
    pub(super) fn any(chance: &mut Chance) -> Self {
        chance.of(&BLOWS)
    }

    /// The word for it in the figures.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Signal("KILL") => "SIGKILL",
            Self::Signal("TERM") => "SIGTERM",
            Self::Signal(_) => "SIGINT",
            Self::Cut => "cut",
            Self::Silence => "silent",
            Self::FullDisk => "full disk",
            Self::Restart => "restart",
            Self::Away => "server away",
            Self::Refusal => "refused",
            Self::Company => "side by side",
        }
    }

    /// The statuses with which a run may end that meets this.
    fn statuses(self) -> &'static [i32] {
        match self {
            Self::Signal("KILL") => &[0, 137],
            // Before it is listened for, a signal ends the process by itself.
            Self::Signal("TERM") => &[0, 75, 143],
            Self::Signal(_) => &[0, 75, 130],
            Self::Cut | Self::Silence => &[0, 75],
            Self::FullDisk => &[0, 74],
            Self::Refusal => &[0, 74, 75],
            // A server that ends may say so where nobody asked it (76).
            Self::Restart => &[0, 75, 76],
            Self::Away => &[75],
            Self::Company => &[0, 75, 137],
        }
    }

    /// How many lines a run may say where nothing waits.
    fn lines(self) -> usize {
        match self {
            Self::FullDisk => MOST_WORDS,
            _ => ACCOUNTS,
        }
    }

    /// Runs popfetch and strikes.
    pub(super) fn strike(self, world: &mut World) {
        world.figures.strikes(self.name());
        let runs = match self {
            Self::Signal(name) => vec![signalled(world, name)],
            Self::Cut | Self::Silence => vec![cut(world, self == Self::Silence)],
            Self::FullDisk => vec![limited(world)],
            Self::Restart | Self::Away => vec![without_server(world, self == Self::Away)],
            Self::Refusal => {
                let status = world.chance.of(&[67, 75]);
                world.refuse(status);
                let run = Running::new(world.command()).finish();
                world.heal();
                vec![run]
            }
            Self::Company => side_by_side(world),
        };
        for run in runs {
            world.note(&run);
            *world.figures.statuses.entry(run.code).or_default() += 1;
            let lines: Vec<&str> = run.stderr.lines().collect();
            let is_strange = |line: &&str| !line.starts_with("popfetch: ");
            let waits = world.waits && [74, 75].contains(&run.code);
            let known = waits || self.statuses().contains(&run.code);
            let most = if world.waits {
                MOST_WORDS
            } else {
                self.lines()
            };
            if !known || lines.len() > most || lines.iter().any(is_strange) {
                let said = format!("{self}: ended with {}: {}", run.code, run.stderr);
                world.wrong.push(said);
            }
        }
    }
}

/// Lets some moment of a run pass: when some bytes have come, or some time has passed.
fn some_moment(world: &mut World) {
    let by_bytes = world.chance.once_in(2);
    let of_time = world.chance.below(1200);
    let of_bytes = world.chance.below(SESSION);
    let passed = |world: &World| -> u64 { world.relays().iter().map(Relay::passed).sum() };
    let (before, started) = (passed(world), Instant::now());
    let usual = u32::try_from(of_time).expect("it is small") * (world.usual / 1000);
    let limit = if by_bytes { world.usual } else { usual };
    while started.elapsed() < limit && !(by_bytes && passed(world) - before >= of_bytes) {
        thread::sleep(GLANCE);
    }
}

fn signalled(world: &mut World, name: &str) -> Finished {
    let running = Running::new(world.command());
    let id = running.id();
    some_moment(world);
    running.signal(name);
    let run = running.finish();
    clear_away_clock(id);
    run
}

fn cut(world: &mut World, silent: bool) -> Finished {
    let bytes = world.chance.below(SESSION);
    // Half of them before the first message.
    let bytes = if world.chance.once_in(2) {
        bytes
    } else {
        bytes / 8
    };
    let how = if silent {
        world.configure("1s");
        Break::Silent(bytes)
    } else if world.chance.once_in(2) {
        Break::Reset(bytes)
    } else {
        Break::Closed(bytes)
    };
    for relay in world.relays() {
        relay.set_break(Some(how));
    }
    let run = Running::new(world.command()).finish();
    world.heal();
    run
}

fn limited(world: &mut World) -> Finished {
    let like = world.command();
    let blocks = 1 << world.chance.below(12);
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" sync");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(like.get_program());
    command.env_clear().envs(
        like.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command.current_dir(like.get_current_dir().expect("a sandbox has one"));
    // The shell is popfetch in the end, and its clock is left.
    let running = Running::new(command);
    let id = running.id();
    let run = running.finish();
    clear_away_clock(id);
    run
}

fn without_server(world: &mut World, away: bool) -> Finished {
    if away {
        world.dovecot.stop();
    }
    let running = Running::new(world.command());
    if !away {
        some_moment(world);
        world.dovecot.stop();
    }
    let run = running.finish();
    world.dovecot.start_again();
    world.lead();
    run
}

fn side_by_side(world: &mut World) -> Vec<Finished> {
    let first = Running::new(world.command());
    some_moment(world);
    let second = Running::new(world.command());
    let id = first.id();
    if world.chance.once_in(3) {
        some_moment(world);
        first.signal("KILL");
    }
    let runs = vec![first.finish(), second.finish()];
    clear_away_clock(id);
    runs
}
