//! The bars: a line for each account that is worked on, and one for all together.
//!
//! It refuses to know what a run does; it hears [`Event`]s. Invariant: where standard error is no terminal nothing is
//! drawn, unless it was asked for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use console::{Alignment, Term, measure_text_width, pad_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::When;
use super::report;
use crate::mail::Octets;
use crate::sync::{Event, Observer};

/// How often a bar is drawn although nothing happened, so that rate and rest stay true.
const TICK: Duration = Duration::from_millis(200);

/// What the line of all accounts is called.
const TOTAL: &str = "total";

/// On a terminal that is narrower, rate and rest would leave no room for the bar.
const WIDE: u16 = 72;

/// Names have this part of the terminal at most, so that there is room for the bar.
const NAMES: usize = 3;

/// Where lines stand in place of bars, one comes after each such part of the messages.
const PARTS: usize = 4;

/// … but only of so many messages: fewer are soon here.
const MANY: usize = 200;

/// All bars of a run.
pub(super) struct Bars {
    when: When,
    quiet: bool,
    /// Whether lines stand in their place, for who has the screen read out.
    plain: bool,
    multi: MultiProgress,
    /// How wide the names are.
    width: usize,
    total: Option<Gauge>,
}

/// One account's bar.
pub(super) struct AccountBar<'b> {
    own: Gauge,
    total: Option<&'b Gauge>,
}

/// A bar and the messages it counts.
struct Gauge {
    bar: ProgressBar,
    messages: AtomicUsize,
    whole: AtomicUsize,
    /// The name that stands before each line, if lines stand in place of the bar.
    plain: Option<String>,
}

impl Bars {
    /// The bars for accounts with these names. Where bars are not wanted and somebody watches, there are lines, unless
    /// `quiet`.
    pub(super) fn new<'n>(when: When, quiet: bool, names: impl Iterator<Item = &'n str>) -> Self {
        let names: Vec<&str> = names.collect();
        if names.len() < 2 {
            return Self::lasting(when, quiet, names.into_iter());
        }
        let mut bars = Self::lasting(when, quiet, names.into_iter().chain([TOTAL]));
        let total = bars.multi.add(ProgressBar::new(0));
        bars.total = Some(Gauge::new(total, TOTAL, bars.width));
        bars
    }

    /// The same, for accounts that are worked on again and again, each in its own time: there is no total.
    pub(super) fn lasting<'n>(
        when: When,
        quiet: bool,
        names: impl Iterator<Item = &'n str>,
    ) -> Self {
        let (_, columns) = Term::stderr().size();
        let width = names.map(measure_text_width).max().unwrap_or(0);
        Self {
            when,
            quiet,
            plain: when == When::Never && !quiet && Term::stderr().is_term(),
            multi: MultiProgress::with_draw_target(target(when, quiet)),
            width: width.min(usize::from(columns) / NAMES),
            total: None,
        }
    }

    /// Leaves the terminal to a question: nothing is drawn until it is answered, and nothing that would be drawn waits.
    pub(super) fn step_aside<T>(&self, ask: impl FnOnce() -> T) -> T {
        // What cannot be wiped away stays.
        let _ = self.multi.clear();
        self.multi.set_draw_target(ProgressDrawTarget::hidden());
        let answer = ask();
        self.multi.set_draw_target(target(self.when, self.quiet));
        answer
    }

    /// What other output must go through so that it does not break the bars.
    pub(super) fn multi(&self) -> &MultiProgress {
        &self.multi
    }

    /// A bar for an account, above the total.
    pub(super) fn account(&self, name: &str) -> AccountBar<'_> {
        let bar = ProgressBar::new(0);
        let bar = match &self.total {
            Some(total) => self.multi.insert_before(&total.bar, bar),
            None => self.multi.add(bar),
        };
        let mut own = Gauge::new(bar, name, self.width);
        own.plain = self.plain.then(|| name.to_owned());
        own.bar.enable_steady_tick(TICK);
        AccountBar {
            own,
            total: self.total.as_ref(),
        }
    }

    /// Takes the total away.
    pub(super) fn finish(&self) {
        if let Some(total) = &self.total {
            total.bar.finish_and_clear();
        }
    }
}

/// Where bars are drawn.
fn target(when: When, quiet: bool) -> ProgressDrawTarget {
    match when {
        _ if quiet => ProgressDrawTarget::hidden(),
        // Hidden by itself where it is no terminal.
        When::Auto => ProgressDrawTarget::stderr(),
        When::Never => ProgressDrawTarget::hidden(),
        When::Always => ProgressDrawTarget::term_like(Box::new(Term::buffered_stderr())),
    }
}

impl Drop for AccountBar<'_> {
    fn drop(&mut self) {
        self.own.bar.finish_and_clear();
    }
}

impl Observer for AccountBar<'_> {
    fn notice(&self, event: Event) {
        let gauges = || self.total.into_iter().chain([&self.own]);
        match event {
            Event::Connecting => self.own.say("connecting"),
            Event::Listing => self.own.say("listing"),
            Event::Headers(messages) => self.own.say(&format!("reading {messages} headers")),
            Event::Deleting(messages) => {
                self.own
                    .say(&format!("deleting {messages} from the server"));
            }
            Event::Fetching { messages, octets } => {
                gauges().for_each(|gauge| gauge.expect(messages, octets));
            }
            Event::Received(octets) => gauges().for_each(|gauge| gauge.bar.inc(octets.0)),
            Event::Whole => gauges().for_each(Gauge::count),
        }
    }
}

impl AccountBar<'_> {
    /// Prints something, with no bar in its way.
    pub(super) fn step_aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.own.bar.suspend(print)
    }
}

impl Gauge {
    fn new(bar: ProgressBar, name: &str, width: usize) -> Self {
        let bar = bar
            .with_style(waiting())
            .with_prefix(pad_str(name, width, Alignment::Left, Some("…")).into_owned());
        Self {
            bar,
            messages: AtomicUsize::new(0),
            whole: AtomicUsize::new(0),
            plain: None,
        }
    }

    /// Shows words in place of the bar.
    fn say(&self, words: &str) {
        self.bar.set_style(waiting());
        self.bar.set_message(words.to_owned());
    }

    /// So much more will come.
    fn expect(&self, messages: usize, octets: Octets) {
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.show_count();
        if self.bar.length() == Some(0) {
            // Waiting was no part of the work.
            self.bar.reset_eta();
            self.bar.set_style(measuring());
        }
        self.bar.inc_length(octets.0);
        if let Some(name) = &self.plain {
            let messages = if messages == 1 {
                "1 message".to_owned()
            } else {
                format!("{messages} messages")
            };
            report::say(&format!("{name}: fetching {messages}, {octets}"));
        }
    }

    /// One more message is whole.
    fn count(&self) {
        let whole = self.whole.fetch_add(1, Ordering::Relaxed) + 1;
        self.show_count();
        if let Some(name) = &self.plain {
            let all = self.messages.load(Ordering::Relaxed);
            // The summary tells the last part.
            if all >= MANY && whole < all && whole.is_multiple_of(all / PARTS) {
                report::say(&format!("{name}: {whole} of {all} messages"));
            }
        }
    }

    fn show_count(&self) {
        if !self.bar.is_hidden() {
            let whole = self.whole.load(Ordering::Relaxed);
            let messages = self.messages.load(Ordering::Relaxed);
            self.bar.set_message(format!("{whole}/{messages}"));
        }
    }
}

fn waiting() -> ProgressStyle {
    template("{prefix} {msg}")
}

fn measuring() -> ProgressStyle {
    let (_, columns) = Term::stderr().size();
    let style = if columns < WIDE {
        template("{prefix} {wide_bar:.cyan/dim} {msg:>11}")
    } else {
        template(
            "{prefix} {wide_bar:.cyan/dim} {msg:>11} {binary_bytes:>11} {binary_bytes_per_sec:>13} {eta:>4}",
        )
    };
    style.progress_chars("━━╌")
}

fn template(text: &str) -> ProgressStyle {
    // The templates are the three above, and right.
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}
