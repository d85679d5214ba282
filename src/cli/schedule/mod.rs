//! `popfetch schedule`: prints, installs and removes what runs popfetch by the clock, and finds what is installed.
//!
//! ```text
//! every ─▶ job ─▶ cron ─▶ crontab      a line in the user's crontab
//!              ├▶ systemd ─▶ manager   a service and its timer
//!              └▶ launchd              a property list
//! ```
//!
//! It refuses to know what a run does. Invariant: what --remove takes away is what --install put there, and nothing else.

mod advice;
mod cron;
mod crontab;
mod error;
mod every;
mod job;
mod launchd;
mod manager;
mod program;
mod systemd;
mod times;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{Global, Schedule};
use super::exit::Status;
use super::usage::Usage;
use super::{accounts, report, surroundings};
use crate::config::Folders;
use job::Job;

pub(in crate::cli) use error::Error;
pub(in crate::cli) use every::Every;

/// What runs popfetch by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Kind {
    Cron,
    Systemd,
    Launchd,
}

impl Kind {
    /// What people call it.
    pub(in crate::cli) fn name(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
        }
    }
}

/// A timer that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Timer {
    /// Whose it is.
    pub(in crate::cli) kind: Kind,
    /// How often it runs, in words: `every 10 minutes`.
    pub(in crate::cli) every: String,
    /// When it runs next, if that can be known.
    pub(in crate::cli) next: Option<Timestamp>,
}

/// The timers that run `popfetch sync` for this user; what cannot be read has none.
pub(in crate::cli) fn installed(home: &Path, now: Timestamp) -> Vec<Timer> {
    let crontab = crontab::read().ok().flatten().unwrap_or_default();
    let mut timers = cron::timers(&crontab, now, &TimeZone::system());
    timers.extend(systemd::timer(home));
    timers.extend(launchd::timer(home));
    timers
}

/// Prints, installs or removes a timer.
pub(super) fn schedule(options: &Schedule, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    if options.watch && options.kind != Kind::Systemd {
        return Err(Usage::OnlySystemdWatches.into());
    }
    if options.remove {
        // What is to go needs no configuration.
        return remove(options.kind, &Folders::find()?.home, global.quiet);
    }
    let (config, folders) = accounts::load(global)?;
    let selected = accounts::select(&config, &options.accounts)?;
    let job = Job::new(global, &options.accounts)?;
    let done = match options.kind {
        Kind::Cron => for_cron(&job, options, &folders.home)?,
        Kind::Systemd => for_systemd(&job, options, &folders.home)?,
        Kind::Launchd => for_launchd(&job, options, &folders.home)?,
    };
    if !global.quiet {
        report::say(&done.said);
        let said = advice::of_accounts(options.kind, &selected, &folders.state);
        for line in advice::of_job(&job).into_iter().chain(said) {
            report::say(&line);
        }
    }
    Ok(done.status)
}

/// What was done, or is left to do.
struct Done {
    status: Status,
    said: String,
}

impl Done {
    fn well(said: impl Into<String>) -> Self {
        Self {
            status: Status::Well,
            said: said.into(),
        }
    }
}

fn for_cron(job: &Job, options: &Schedule, home: &Path) -> anyhow::Result<Done> {
    let every = options.every;
    let fields = times::fields(every, spread()).ok_or_else(|| Usage::NotForCron {
        every: every.to_string(),
        possible: times::POSSIBLE,
    })?;
    let line = cron::line(job, &fields)?;
    if !options.install {
        report::data(&line)?;
        return Ok(Done::well(
            "Put this line into your crontab with `crontab -e`, or have it put there with --install.",
        ));
    }
    let crontab = crontab::read()?.unwrap_or_default();
    let changed = cron::with(&crontab, &line);
    if changed != crontab {
        crontab::write(&changed)?;
    }
    Ok(Done::well(match cron::foreign(&crontab) {
        0 => runs(options, home),
        _ => format!(
            "{} Your crontab has another line that runs it, which was left as it is: remove it with `crontab -e`.",
            runs(options, home)
        ),
    }))
}

fn for_systemd(job: &Job, options: &Schedule, home: &Path) -> anyhow::Result<Done> {
    let every = options.every;
    let units = if options.watch {
        systemd::watching(job, every)
    } else {
        systemd::timed(job, every)
    };
    let folder = systemd::folder(home);
    if options.install {
        let left = manager::install_units(&folder, &units)?;
        return Ok(match left {
            None => Done::well(runs(options, home)),
            Some(left) => Done {
                status: Status::Later,
                said: format!(
                    "The units are in {}. systemd is not reached from here; run this where you are logged in: {left}",
                    folder.display()
                ),
            },
        });
    }
    for (name, text) in &units {
        report::data(&format!("# {}\n{text}", folder.join(name).display()))?;
    }
    let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
    Ok(Done::well(format!(
        "Put this into {} as {}, or have it put there with --install.",
        folder.display(),
        names.join(" and ")
    )))
}

fn for_launchd(job: &Job, options: &Schedule, home: &Path) -> anyhow::Result<Done> {
    let list = launchd::list(job, options.every);
    let path = launchd::path(home);
    if !options.install {
        report::data(&list)?;
        return Ok(Done::well(format!(
            "Put this into {} and run: launchctl bootstrap gui/$(id -u) {}",
            path.display(),
            shell_words::quote(&path.to_string_lossy())
        )));
    }
    if !cfg!(target_os = "macos") {
        return Err(Usage::NoLaunchd.into());
    }
    manager::install_list(&path, &list)?;
    Ok(Done::well(format!(
        "launchd runs popfetch {}.",
        options.every
    )))
}

/// What runs popfetch from now on, and when first: as it is found, not as it was meant.
fn runs(options: &Schedule, home: &Path) -> String {
    let timers = installed(home, Timestamp::now()).into_iter();
    let every = options.every.to_string();
    let mut ours = timers.filter(|timer| timer.kind == options.kind && timer.every == every);
    let name = options.kind.name();
    match ours.next().and_then(|timer| timer.next) {
        None => format!("{name} runs popfetch {every}."),
        Some(next) => {
            let next = next.to_zoned(TimeZone::system());
            format!(
                "{name} runs popfetch {every}, next at {}.",
                next.strftime("%H:%M")
            )
        }
    }
}

/// Takes away what was installed; that there is nothing is no trouble.
fn remove(kind: Kind, home: &Path, quiet: bool) -> anyhow::Result<Status> {
    let is_removed = match kind {
        Kind::Cron => match crontab::read()?.and_then(|crontab| cron::without(&crontab)) {
            Some(rest) => crontab::write(&rest).map(|()| true)?,
            None => false,
        },
        Kind::Systemd => manager::remove_units(&systemd::folder(home))?,
        Kind::Launchd => manager::remove_list(&launchd::path(home))?,
    };
    if !quiet {
        let name = kind.name();
        let place = match kind {
            Kind::Cron => "your crontab",
            Kind::Systemd => "your user units",
            Kind::Launchd => "your launch agents",
        };
        report::say(&if is_removed {
            format!("{name} no longer runs popfetch.")
        } else {
            format!("There is nothing of `popfetch schedule {name}` in {place}.")
        });
    }
    Ok(Status::Well)
}

/// This user's own number on this machine, always the same.
fn spread() -> u64 {
    let mut hasher = DefaultHasher::new();
    (surroundings::login_name(), surroundings::host_name()).hash(&mut hasher);
    hasher.finish()
}
