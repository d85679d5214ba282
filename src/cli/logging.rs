//! The log: what `--verbose` shows, one line an event on standard error with the account's name first, and what
//! `--log-file` keeps.
//!
//! Invariants: lines never break the bars, and nothing but popfetch's own words is shown; a file has all that is said, and
//! at least what `--verbose` says, each line with its time.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

use anyhow::Context;
use console::strip_ansi_codes;
use indicatif::MultiProgress;
use jiff::{Timestamp, Zoned};
use log::{LevelFilter, Log, Metadata, Record};
use rustix::fs::{Mode, OFlags, fcntl_setfl};

use super::args::Global;
use super::{report, visible};
use crate::owner::{is_trusted, own, walk};

/// Where lines go. There is one log in a process.
static PLACES: Mutex<Places> = Mutex::new(Places {
    bars: None,
    file: None,
    shown: LevelFilter::Off,
    main: None,
});

struct Places {
    bars: Option<MultiProgress>,
    file: Option<File>,
    shown: LevelFilter,
    /// The thread that works on no account, whatever the system calls it.
    main: Option<ThreadId>,
}

/// Shows the log above the bars, and keeps it, as far as was asked for.
pub(super) fn start(global: &Global, bars: &MultiProgress) -> anyhow::Result<()> {
    let shown = match global.verbose {
        0 => LevelFilter::Off,
        1 => LevelFilter::Info,
        _ => LevelFilter::Trace,
    };
    let file = match &global.log_file {
        Some(path) => {
            let file =
                open(path).with_context(|| format!("cannot write the log {}", path.display()))?;
            Some(file)
        }
        None => None,
    };
    let level = match &file {
        Some(_) => shown.max(LevelFilter::Info),
        None => shown,
    };
    *places() = Places {
        bars: Some(bars.clone()),
        file,
        shown,
        main: Some(std::thread::current().id()),
    };
    // Only a second start in one process could fail, and the first one serves.
    let _ = log::set_logger(&Lines);
    log::set_max_level(level);
    Ok(())
}

/// Shows the log above the bars of a further run, and keeps it in the file that has the name now: the former one may have
/// been put away. One that cannot be opened is kept, for no log keeps mail from arriving.
pub(super) fn go_on(global: &Global, bars: &MultiProgress) {
    let mut places = places();
    places.bars = Some(bars.clone());
    if let Some(file) = global.log_file.as_deref().and_then(|path| open(path).ok()) {
        places.file = Some(file);
    }
}

fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait for somebody to read it.
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOCTTY;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = match walk::file(path, flags | OFlags::NONBLOCK, mode) {
        Ok(file) => file,
        Err(walk::Error::Io(error)) => return Err(error),
        Err(error @ walk::Error::Led { .. }) => return Err(io::Error::other(error)),
    };
    fcntl_setfl(&file, OFlags::APPEND)?;
    // Who made it first in a folder like /tmp could read it.
    let (opened, named) = (file.metadata()?, path.symlink_metadata()?);
    let is_named_pipe = named.file_type().is_fifo();
    let of_others = |it: &fs::Metadata| !is_trusted(it.uid(), own());
    let is_theirs = (opened.is_file() || is_named_pipe) && of_others(&opened);
    if is_theirs || named.is_symlink() && of_others(&named) {
        return Err(io::Error::other("it belongs to another user"));
    }
    Ok(file)
}

/// Keeps a line that is said to whoever started popfetch.
pub(super) fn keep(line: &dyn Display) {
    if let Some(file) = &mut places().file {
        write(file, &line.to_string());
    }
}

fn places() -> std::sync::MutexGuard<'static, Places> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a text, each line of it with the time and without colours. A log that cannot be written keeps no mail from
/// arriving.
fn write(file: &mut File, text: &str) {
    let now: Zoned = Timestamp::now().to_zoned(jiff::tz::TimeZone::system());
    let now = now.strftime("%Y-%m-%d %H:%M:%S%:z");
    for line in strip_ansi_codes(text).lines() {
        let _ = writeln!(file, "{now} {}", visible::line(line));
    }
}

struct Lines;

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("popfetch")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // Threads are named for the account they work on.
        let thread = std::thread::current();
        let account = match thread.name() {
            Some(account) if Some(thread.id()) != places().main => account,
            _ => "popfetch",
        };
        // An event is one line, whatever is in it.
        let line = format!("{account}: {}", record.args()).replace(['\r', '\n'], "\u{fffd}");
        // Whoever suspends the bars may have something to keep: nobody holds both.
        let bars = {
            let mut places = places();
            if let Some(file) = &mut places.file {
                write(file, &line);
            }
            let is_shown = record.level() <= places.shown;
            places.bars.clone().filter(|_| is_shown)
        };
        if let Some(bars) = bars {
            bars.suspend(|| report::show(&line));
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};

    use super::*;

    #[test]
    fn each_line_that_is_kept_has_its_time_and_no_colours() {
        let mut file = tempfile::tempfile().unwrap();
        write(&mut file, "\u{1b}[31merror\u{1b}[0m: one\n  two");
        let mut kept = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut kept).unwrap();
        let rests: Vec<_> = kept
            .lines()
            .map(|line| line.splitn(3, ' ').last().unwrap())
            .collect();
        assert_eq!(rests, ["error: one", "  two"]);
    }
}
