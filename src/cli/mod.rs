//! The edge: the only place that reads arguments, prints, prompts or exits.
//!
//! It refuses to decide anything about mail. Each command is one file that translates what was asked for into a call of
//! the layers below, and what came of it into words and a status.

mod account;
mod accounts;
mod approve;
mod args;
mod authorise;
mod check;
mod completions;
mod cure;
mod exit;
mod explain;
mod export;
mod header;
mod history;
mod import;
mod known;
mod list;
mod logging;
mod login;
mod overview;
mod progress;
mod report;
mod rows;
mod run;
mod sandbox;
mod schedule;
mod secrets;
mod status;
mod surroundings;
mod sync;
mod time;
mod trouble;
mod usage;
// Public for the fuzzers: all that others wrote goes through it.
pub mod visible;
mod watch;
mod welcome;
mod wrap;

use std::ffi::OsString;
use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use indicatif::MultiProgress;

use args::{Args, Command};
use exit::Status;

/// Runs popfetch with these arguments, the program's own name first; says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let is_bare = arguments.len() <= 1;
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(_) if is_bare && welcome::is_new() => return welcome::greet().into(),
        Err(error) => return refuse(&error),
    };
    args.global.color.apply();
    surroundings::tame_umask();
    // A panic has told what it is.
    let result = catch_unwind(|| obey(&args)).unwrap_or(Ok(Status::Bug));
    let status = result.unwrap_or_else(|error| {
        report::failure(&error);
        Status::of(&error)
    });
    status.into()
}

fn obey(args: &Args) -> anyhow::Result<Status> {
    // First of all: what is wrong with the configuration is to be kept, too.
    logging::start(&args.global, &MultiProgress::new())?;
    match &args.command {
        Command::Sync(options) => sync::sync(options, &args.global),
        Command::Retry(options) => sync::retry(options, &args.global),
        Command::Refetch(options) => sync::refetch(options, &args.global),
        Command::MarkSeen(options) => known::mark_seen(options, &args.global),
        Command::Forget(options) => known::forget(options, &args.global),
        Command::Import(options) => import::import(options, &args.global),
        Command::Export(options) => export::export(options, &args.global),
        Command::Check(options) => check::check(options, &args.global),
        Command::List(options) => list::list(options, &args.global),
        Command::Status(options) => status::status(options, &args.global),
        Command::History(options) => history::history(options, &args.global),
        Command::Account(options) => account::account(options, &args.global),
        Command::Login(options) => login::login(options, &args.global),
        Command::Logout(options) => login::logout(options, &args.global),
        Command::Schedule(options) => schedule::schedule(options, &args.global),
        Command::Completions(options) => completions::completions(options, &args.global),
    }
}

/// The definition of the command line, for man pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Help and version are asked for and go to standard output; all else is a usage error.
fn refuse(error: &clap::Error) -> ExitCode {
    // There is nobody left to tell.
    let _ = error.print();
    if error.use_stderr() {
        Status::Usage.into()
    } else {
        Status::Well.into()
    }
}
