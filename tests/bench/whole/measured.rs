//! What a program takes from start to end: time, processor time, memory.
//!
//! The system adds up what all children of a process took, so each program is the only child of a process of its own: this
//! binary, started again with [`ROLE`]. It refuses to know what the program does.

use std::env;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// The first argument of the process that measures.
pub(crate) const ROLE: &str = "measured";

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) wall: Duration,
    /// User's and system's.
    pub(crate) cpu: Duration,
    /// The most memory held, in KiB.
    pub(crate) peak: u64,
    /// Whether the exit status was 0.
    pub(crate) is_well: bool,
}

/// Runs the program of a command, with its arguments and only its own variables; what it printed comes first.
pub(crate) fn run(command: &Command) -> (String, Figures) {
    let mut measuring = Command::new(env::current_exe().unwrap());
    let variables = command.get_envs();
    let variables = variables.filter_map(|(name, value)| Some((name, value?)));
    measuring
        .arg(ROLE)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let printed = String::from_utf8(measuring.output().unwrap().stdout).unwrap();
    let (before, last) = printed
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or(("", printed.trim_end()));
    let numbers: Vec<u64> = last
        .split(' ')
        .map(|number| number.parse().expect("the last line is figures"))
        .collect();
    let [wall, cpu, peak, is_well] = numbers[..] else {
        panic!("{last:?} is no line of figures");
    };
    let figures = Figures {
        wall: Duration::from_micros(wall),
        cpu: Duration::from_micros(cpu),
        peak,
        is_well: is_well == 1,
    };
    (before.to_owned(), figures)
}

/// The process that measures: runs the program of these arguments and prints what it took behind what it prints.
pub(crate) fn act(arguments: &[String]) -> ExitCode {
    match measure(arguments) {
        Ok((wall, cpu, peak, is_well)) => {
            let (wall, cpu) = (wall.as_micros(), cpu.as_micros());
            println!("\n{wall} {cpu} {peak} {}", u8::from(is_well));
            ExitCode::SUCCESS
        }
        Err(error) => panic!("{arguments:?}: {error}"),
    }
}

fn measure(arguments: &[String]) -> io::Result<(Duration, Duration, i64, bool)> {
    let (program, arguments) = arguments.split_first().expect("a program is named");
    let started = Instant::now();
    let status = Command::new(program).args(arguments).status()?;
    let wall = started.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = duration(usage.user_time()) + duration(usage.system_time());
    Ok((wall, cpu, usage.max_rss(), status.success()))
}

fn duration(time: TimeVal) -> Duration {
    let seconds = Duration::from_secs(time.tv_sec().unsigned_abs());
    seconds + Duration::from_micros(time.tv_usec().unsigned_abs())
}
