//! Asks a person, line by line, and counts on nobody being there.
//!
//! It refuses to know what the answers are for. Invariants: nobody is asked without a terminal; a stop or an end of input
//! ends all questions; what is typed as a secret is not shown.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::cli::check::Style;
use crate::cli::usage::Cancelled;
use crate::cli::{report, surroundings};
use crate::credentials;
use crate::secret::Secret;

/// How often a stop is looked for: a tenth of a second.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Whoever may be asked.
pub(in crate::cli) struct Asker {
    /// Set when the run is to end.
    pub(in crate::cli) stop: Arc<AtomicBool>,
    /// Whether somebody is there.
    is_attended: bool,
    /// Whether every proposal is taken.
    agrees: bool,
    /// Whether only trouble is told.
    is_quiet: bool,
}

impl Asker {
    pub(in crate::cli) fn new(stop: Arc<AtomicBool>, agrees: bool, is_quiet: bool) -> Self {
        Self {
            stop,
            is_attended: surroundings::is_attended(),
            agrees,
            is_quiet,
        }
    }

    /// Whether only trouble is told: what belongs to a question is told all the same.
    pub(in crate::cli) fn is_quiet(&self) -> bool {
        self.is_quiet && !self.chooses()
    }

    /// Tells something that is no trouble, in as many lines as the terminal needs for it.
    pub(in crate::cli) fn tell(&self, text: &str) {
        self.tell_behind("", text);
    }

    /// The same behind a head, under which no other line begins.
    pub(in crate::cli) fn tell_behind(&self, head: &str, text: &str) {
        if self.is_quiet() {
            return;
        }
        for line in Style::of_stderr().wrap(head, head.len(), text) {
            report::say(&line);
        }
    }

    /// Whether somebody can be asked at all.
    pub(in crate::cli) fn is_attended(&self) -> bool {
        self.is_attended
    }

    /// Whether somebody is to choose: else every proposal is taken.
    pub(in crate::cli) fn chooses(&self) -> bool {
        self.is_attended && !self.agrees
    }

    /// Asks for a line; an empty one means the proposal, if there is one.
    pub(in crate::cli) fn line(
        &self,
        question: &str,
        proposal: Option<&str>,
    ) -> Result<String, Cancelled> {
        let shown = match proposal {
            Some(proposal) => format!("{question} [{proposal}]: "),
            None => format!("{question}: "),
        };
        loop {
            let answer = self.read(&shown)?;
            match (answer.trim(), proposal) {
                ("", Some(proposal)) => return Ok(proposal.to_owned()),
                ("", None) => {}
                (answer, _) => return Ok(answer.to_owned()),
            }
        }
    }

    /// Asks for yes or no; where nobody chooses it is the proposal.
    pub(in crate::cli) fn agree(&self, question: &str, proposal: bool) -> Result<bool, Cancelled> {
        if !self.chooses() {
            return Ok(proposal);
        }
        let shown = format!("{question} [{}] ", if proposal { "Y/n" } else { "y/N" });
        loop {
            match self.read(&shown)?.trim().to_lowercase().as_str() {
                "" => return Ok(proposal),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => report::say(&"Please type y or n."),
            }
        }
    }

    /// Shows a list and asks for a number, the first being proposed; `other` may make something of another answer.
    pub(in crate::cli) fn choose<T: Clone>(
        &self,
        question: &str,
        options: &[(&str, T)],
        other: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Cancelled> {
        self.tell("");
        self.tell(question);
        for (number, (words, _)) in (1..).zip(options) {
            self.tell_behind(&format!("  {number}  "), words);
        }
        loop {
            let answer = self.line("Number", Some("1"))?;
            let number = answer.parse::<usize>().ok();
            let chosen = number.and_then(|number| options.get(number.checked_sub(1)?));
            if let Some(chosen) = chosen
                .map(|(_, value)| value.clone())
                .or_else(|| other(&answer))
            {
                return Ok(chosen);
            }
            report::say(&format!(
                "Please type a number from 1 to {}.",
                options.len()
            ));
        }
    }

    /// Asks for a secret, which is not shown; an empty answer is `None`.
    pub(in crate::cli) fn secret(&self, question: &str) -> anyhow::Result<Option<Secret>> {
        let asked = credentials::ask(&format!("{question}: "), &self.stop);
        match asked {
            Ok(secret) => Ok(Some(secret).filter(|secret| !secret.expose().is_empty())),
            Err(credentials::Error::Stopped) => {
                // The cursor still stands behind the question.
                report::say(&"");
                Err(Cancelled.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// That nobody has asked for a stop.
    pub(in crate::cli) fn goes_on(&self) -> Result<(), Cancelled> {
        if self.stop.load(Ordering::Relaxed) {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }

    fn read(&self, shown: &str) -> Result<String, Cancelled> {
        if !self.is_attended {
            return Err(Cancelled);
        }
        let mut stderr = anstream::stderr();
        // If nobody sees it nobody answers, which is found out below.
        let _ = write!(stderr, "{shown}").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let is_answered = self.is_typed() && io::stdin().read_line(&mut answer).is_ok();
        if answer.ends_with('\n') && is_answered {
            return Ok(answer);
        }
        // The cursor still stands behind the question.
        report::say(&"");
        Err(Cancelled)
    }

    /// Waits for a line; false once the run is to end.
    fn is_typed(&self) -> bool {
        let stdin = io::stdin();
        loop {
            if self.goes_on().is_err() {
                return false;
            }
            let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
            if poll(&mut waiting, Some(&TICK)).is_ok_and(|ready| ready > 0) {
                return true;
            }
        }
    }
}
