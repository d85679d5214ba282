//! Runs that nobody watches: what they say and when, what they keep in a log, and what they start after new mail.
//!
//! It owns a cron table that is obeyed as fast as the machine can: popfetch gets cron's environment and a clock of its
//! own. It refuses to know how popfetch remembers what it told.

mod kinds; // which trouble is the same, and who is told each time
mod lasting; // a day and three days of runs
mod news; // what is run after new mail
mod record; // --log-file

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::support::clock;
use super::support::mailbox::Mailbox;
use super::support::sandbox::{Finished, Running, Sandbox};

/// When cron began: 2026-11-02 00:00:00 UTC.
const BEGINNING: i64 = 1_793_577_600;

/// How long something may take before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at it.
const GLANCE: Duration = Duration::from_millis(5);

/// The way in which cron runs popfetch.
struct Cron<'s> {
    sandbox: &'s Sandbox,
    /// Before the command.
    global: Vec<String>,
}

/// A mailbox without mail, whose runs are cron's.
fn mailbox() -> Mailbox {
    Mailbox::new(0)
}

impl<'s> Cron<'s> {
    fn new(sandbox: &'s Sandbox) -> Self {
        let global = Vec::new();
        Self { sandbox, global }
    }

    /// The same, with these arguments more.
    fn with(mut self, arguments: &[&str]) -> Self {
        self.global
            .extend(arguments.iter().map(|it| (*it).to_owned()));
        self
    }

    /// The command that cron starts so many minutes after it began.
    fn command(&self, minute: i64) -> Command {
        let like = self.sandbox.command();
        let mut command = self.sandbox.command();
        for (name, _) in like.get_envs() {
            command.env_remove(name);
        }
        // crontab(5)
        command
            .env("HOME", self.sandbox.path("home"))
            .env("LOGNAME", "me")
            .env("SHELL", "/bin/sh")
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.sandbox.path("home"))
            .stdin(Stdio::null());
        let beginning = Timestamp::from_second(BEGINNING).unwrap();
        clock::set(&mut command, beginning + SignedDuration::from_mins(minute));
        let config = self.sandbox.path("config/popfetch/config.toml");
        command
            .arg("--config")
            .arg(config)
            .args(&self.global)
            .arg("sync");
        command
    }

    fn run(&self, minute: i64) -> Finished {
        Running::new(self.command(minute)).finish()
    }

    /// Where the state is.
    fn state(&self) -> PathBuf {
        self.sandbox.home(".local/state/popfetch")
    }
}

/// Asserts that a run ended with this status and said one line, with all of these in it; gives it.
#[track_caller]
fn tells(out: &Finished, code: i32, words: &[&str]) -> String {
    assert_eq!(out.code, code, "{}", out.stderr);
    assert_eq!(out.stdout, "");
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    for word in words {
        assert!(out.stderr.contains(word), "no {word:?}: {}", out.stderr);
    }
    out.stderr.clone()
}

/// Asserts that a run ended with this status and said nothing.
#[track_caller]
fn is_silent(out: &Finished, code: i32) {
    let said = (out.code, out.stdout.as_str(), out.stderr.as_str());
    assert_eq!(said, (code, "", ""));
}

/// Waits until this holds, for something that has no way to announce itself.
#[track_caller]
fn wait_for(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "it never came");
        thread::sleep(GLANCE);
    }
}
