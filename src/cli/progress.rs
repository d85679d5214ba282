//! The bars: a line for each account that is worked on, and one for all together.
//!
//! It refuses to know what a run does; it hears [`Event`]s. Invariant: where standard error is no terminal nothing is
//! drawn, unless it was asked for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::When;
use crate::sync::{Event, Observer};

/// How often a bar is drawn although nothing happened, so that rate and rest stay true.
const TICK: Duration = Duration::from_millis(200);

/// All bars of a run.
pub(super) struct Bars {
    multi: MultiProgress,
    total: Option<ProgressBar>,
}

/// One account's bar.
pub(super) struct AccountBar<'b> {
    bar: ProgressBar,
    total: Option<&'b ProgressBar>,
    messages: AtomicUsize,
    whole: AtomicUsize,
}

impl Bars {
    /// The bars for so many accounts.
    pub(super) fn new(when: When, accounts: usize) -> Self {
        let multi = MultiProgress::with_draw_target(match when {
            // Hidden by itself where it is no terminal.
            When::Auto => ProgressDrawTarget::stderr(),
            When::Never => ProgressDrawTarget::hidden(),
            When::Always => ProgressDrawTarget::term_like(Box::new(Term::buffered_stderr())),
        });
        let total = (accounts > 1).then(|| {
            let total = multi.add(ProgressBar::new(0).with_style(style()));
            total.set_prefix("total");
            total
        });
        Self { multi, total }
    }

    /// What other output must go through so that it does not break the bars.
    pub(super) fn multi(&self) -> &MultiProgress {
        &self.multi
    }

    /// A bar for an account, above the total.
    pub(super) fn account(&self, name: &str, width: usize) -> AccountBar<'_> {
        let bar = ProgressBar::new(0).with_style(waiting());
        let bar = match &self.total {
            Some(total) => self.multi.insert_before(total, bar),
            None => self.multi.add(bar),
        };
        bar.set_prefix(format!("{name:width$}"));
        if let Some(total) = &self.total {
            total.set_prefix(format!("{:width$}", "total"));
        }
        bar.enable_steady_tick(TICK);
        AccountBar {
            bar,
            total: self.total.as_ref(),
            messages: AtomicUsize::new(0),
            whole: AtomicUsize::new(0),
        }
    }

    /// Takes the total away.
    pub(super) fn finish(&self) {
        if let Some(total) = &self.total {
            total.finish_and_clear();
        }
    }
}

impl Drop for AccountBar<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for AccountBar<'_> {
    fn notice(&self, event: Event) {
        match event {
            Event::Connecting => self.bar.set_message("connecting"),
            Event::Listing => self.bar.set_message("listing"),
            Event::Deleting(messages) => {
                self.bar.set_style(waiting());
                self.bar
                    .set_message(format!("deleting {messages} from the server"));
            }
            Event::Fetching { messages, octets } => {
                self.messages.store(messages, Ordering::Relaxed);
                self.bar.set_style(style());
                self.bar.set_length(octets.0);
                self.bar.reset_eta();
                self.show_count();
                if let Some(total) = self.total {
                    total.inc_length(octets.0);
                }
            }
            Event::Received(octets) => {
                self.bar.inc(octets.0);
                if let Some(total) = self.total {
                    total.inc(octets.0);
                }
            }
            Event::Whole => {
                self.whole.fetch_add(1, Ordering::Relaxed);
                self.show_count();
            }
        }
    }
}

impl AccountBar<'_> {
    fn show_count(&self) {
        if self.bar.is_hidden() {
            return;
        }
        let whole = self.whole.load(Ordering::Relaxed);
        let messages = self.messages.load(Ordering::Relaxed);
        self.bar.set_message(format!("{whole}/{messages}"));
    }
}

fn waiting() -> ProgressStyle {
    template("{prefix} {msg}")
}

fn style() -> ProgressStyle {
    template("{prefix} {wide_bar:.cyan/dim} {msg} {binary_bytes} {binary_bytes_per_sec} {eta}")
        .progress_chars("━━╌")
}

fn template(text: &str) -> ProgressStyle {
    // The templates are the two above, and right.
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}
