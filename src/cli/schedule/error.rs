//! What can go wrong in setting up a timer.
//!
//! It refuses to know the status that comes of it.

use std::io;
use std::path::PathBuf;

/// Why a timer could not be set up or taken away.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Error {
    /// crontab(1) is missing.
    #[error(
        "there is no crontab program: install cron (Debian: cron, Fedora and Arch: cronie), or use `popfetch schedule systemd`"
    )]
    NoCrontab,
    /// crontab(1) refused.
    #[error("crontab failed: {said}")]
    Crontab {
        /// Its own words.
        said: String,
    },
    /// A program that sets up timers could not be run.
    #[error("cannot run {name}")]
    Run {
        /// The program.
        name: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It does not come to an end.
    #[error(
        "{name} has not answered for {seconds} s: run it by hand to see what it waits for: {line}"
    )]
    Slow {
        /// The program.
        name: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// How it was run.
        line: String,
    },
    /// The place of this program or of a file is unknown.
    #[error("cannot tell where popfetch is")]
    Program(#[source] io::Error),
    /// A path or name has a character that no table of timers can hold.
    #[error(
        "{} cannot be written into a timer: it is not UTF-8, has a control character, or has a backslash, which crons read in different ways",
        path.display()
    )]
    Unwritable {
        /// The path or name.
        path: PathBuf,
    },
    /// A file that is not ours is where ours would be.
    #[error(
        "{} was written by somebody else: move it away first",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be read, written or removed.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The service manager refused.
    #[error("{name} failed: {said}")]
    Manager {
        /// The program that speaks to it.
        name: &'static str,
        /// Its own words.
        said: String,
    },
}

impl Error {
    /// The error of doing something with a file.
    pub(super) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}
