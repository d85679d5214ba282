//! What `--verbose` shows: one line an event, on standard error, with the account's name first.
//!
//! Invariant: lines never break the bars, and nothing but popfetch's own words is shown.

use indicatif::MultiProgress;
use log::{LevelFilter, Log, Metadata, Record};

use super::report;

/// Shows the log at this verbosity, above the bars.
pub(super) fn start(verbose: u8, bars: &MultiProgress) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::Info,
        _ => LevelFilter::Trace,
    };
    let lines = Lines { bars: bars.clone() };
    // Only a second start in one process could fail, and the first one serves.
    if log::set_boxed_logger(Box::new(lines)).is_ok() {
        log::set_max_level(level);
    }
}

struct Lines {
    bars: MultiProgress,
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("popfetch")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // Threads are named for the account they work on.
            let thread = std::thread::current();
            let account = thread.name().unwrap_or("popfetch");
            let line = format!("{account}: {}", record.args());
            self.bars.suspend(|| report::say(&line));
        }
    }

    fn flush(&self) {}
}
