//! `popfetch schedule`: prints, installs and removes what runs popfetch by the clock, and finds what is installed.
//!
//! ```text
//! every ─▶ job ─▶ cron ─▶ crontab      a line in the user's crontab
//!              ├▶ systemd ─▶ manager   a service and its timer
//!              └▶ launchd              a property list
//! ```
//!
//! It refuses to know what a run does. Invariant: what --remove takes away is what --install put there, and nothing else.

mod cron;
mod crontab;
mod error;
mod every;
mod job;
mod launchd;
mod systemd;
mod times;

use std::path::Path;

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(in crate::cli) use error::Error;
pub(in crate::cli) use every::Every;

/// What runs popfetch by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Kind {
    Cron,
    Systemd,
    Launchd,
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
