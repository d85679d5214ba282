//! Whole runs under valgrind's memcheck, where `POPFETCH_MEMCHECK` asks for it: what SQLite and OpenSSL are given, and what
//! they do with it.
//!
//! It owns valgrind's options. It refuses to make exceptions: others' code is linked in, and nothing is suppressed.
//! Invariant: a finding makes valgrind end with a status of its own. What a child does is its own affair.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use super::super::support::sandbox::{Finished, Running};
use super::world::World;

/// Set to 1, runs take place under valgrind.
const MEMCHECK: &str = "POPFETCH_MEMCHECK";

/// Not one of popfetch's statuses.
const FINDING: i32 = 99;

/// Under valgrind a run takes so long at most.
const PATIENCE: Duration = Duration::from_secs(600);

/// popfetch with these arguments, under valgrind or not; gives also what valgrind says.
fn run(world: &World, arguments: &[&str]) -> (Finished, String) {
    let like = world.sandbox.command();
    if env::var_os(MEMCHECK).is_none() {
        let mut command = like;
        command.args(arguments);
        return (Running::new(command).finish(), String::new());
    }
    let log = world.sandbox.path("tmp/memcheck.log");
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=memcheck", "--leak-check=full", "--num-callers=40"])
        .args([
            "--show-leak-kinds=definite",
            "--errors-for-leak-kinds=definite",
        ])
        .arg(format!("--error-exitcode={FINDING}"))
        .arg(format!("--log-file={}", log.display()))
        .arg("--child-silent-after-fork=yes")
        .arg(like.get_program())
        .args(arguments);
    let variables = like.get_envs();
    let variables = variables.filter_map(|(name, value)| Some((name, value?)));
    command.env_clear().envs(variables);
    let run = Running::new(command).finish_within(PATIENCE);
    (run, fs::read_to_string(log).unwrap())
}

/// Runs that fetch over TLS and in clear into each kind of destination, delete, and find nothing more; and those that only
/// look. Gives what is wrong.
#[expect(clippy::print_stdout, reason = "what valgrind sums up is asked for")]
pub(super) fn whole_runs(world: &mut World) -> Vec<String> {
    let sync: &[&str] = &["sync"];
    let rounds = [sync, sync, &["check"], &["list", "ann"]];
    let looks: [&[&str]; 3] = [&["status"], &["history"], &["sync", "--dry-run"]];
    let mut wrong = Vec::new();
    for arguments in rounds.into_iter().chain(looks) {
        for _ in 0..4 {
            world.mail_arrives();
        }
        let (run, said) = run(world, arguments);
        let name = arguments.join(" ");
        for line in said.lines() {
            if ["ERROR SUMMARY", "definitely lost", "no leaks"]
                .iter()
                .any(|sum| line.contains(sum))
            {
                println!("memcheck: {name}: {line}");
            }
        }
        if run.code != 0 {
            let stderr = run.stderr;
            wrong.push(format!("{name} ended with {}: {stderr}\n{said}", run.code));
        }
    }
    wrong
}
