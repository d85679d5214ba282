//! Shows what a check finds, line by line as it is found: to a person in columns, to a program as JSON.
//!
//! It refuses to know what is looked at. Invariants: text from outside is shown harmless; no line is wider than the
//! terminal, where its words allow; what is in progress is shown on a terminal only, and replaced.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use console::{Term, style};
use serde_json::{Value, json};

use super::super::args::{Global, When};
use super::super::cure::{self, Whose};
use super::super::exit::Status;
use super::super::wrap::wrap;
use super::super::{report, visible};
use crate::check::{Event, Finding, Mark, Topic};
use crate::config;

/// The columns of mark and topic, before what was seen.
const MARGIN: usize = 18;

/// With fewer columns than this, what was seen begins right behind the topic.
const NARROW: usize = 60;

/// How lines look.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Style {
    /// The columns there are, if that is known.
    pub(in crate::cli) width: Option<usize>,
    /// Whether details are shown.
    pub(in crate::cli) verbose: bool,
    /// What a `~` stands for, so that paths are short.
    pub(in crate::cli) home: Option<String>,
}

impl Style {
    /// What standard error has room for; details are not shown.
    pub(in crate::cli) fn of_stderr() -> Self {
        let size = Term::stderr().size_checked();
        Self {
            width: size.map(|(_, columns)| usize::from(columns)),
            verbose: false,
            home: home(),
        }
    }

    /// What standard output has room for.
    pub(in crate::cli) fn of_stdout(global: &Global) -> Self {
        let size = Term::stdout().size_checked();
        Self {
            width: size.map(|(_, columns)| usize::from(columns)),
            verbose: global.verbose > 0,
            home: home(),
        }
    }

    /// A finding, and below it what to do.
    pub(in crate::cli) fn lines(&self, finding: &Finding, whose: &Whose<'_>) -> Vec<String> {
        let (word, mark) = (finding.topic.word(), mark(finding.mark));
        let is_narrow = self.width.is_some_and(|width| width < NARROW);
        let (head, margin) = if is_narrow {
            (format!("{mark} {word}: "), 4)
        } else {
            (format!("{mark} {word:<14}"), MARGIN)
        };
        let mut lines = self.wrap(
            &format!("  {head}"),
            margin,
            &self.shortened(&text(finding)),
        );
        if self.verbose {
            for detail in &finding.details {
                lines.extend(self.wrap(&" ".repeat(margin), margin, &visible::text(detail)));
            }
        }
        if let Some(cure) = cure_of(finding, whose) {
            let arrow = format!("{}→ ", " ".repeat(margin));
            lines.extend(self.wrap(&arrow, margin + 2, &visible::text(&cure)));
        }
        lines
    }

    /// A text for people, in which the home folder is `~`.
    fn shortened(&self, text: &str) -> String {
        match &self.home {
            Some(home) => text.replace(&format!("{home}/"), "~/"),
            None => text.to_owned(),
        }
    }

    /// A text behind its head, its further lines behind so many blanks.
    pub(in crate::cli) fn wrap(&self, head: &str, margin: usize, text: &str) -> Vec<String> {
        wrap(head, margin, text, self.width)
    }
}

/// The home folder, if its name can be taken for no other's.
fn home() -> Option<String> {
    let home = std::env::var("HOME").ok()?;
    let home = home.trim_end_matches('/');
    home.starts_with('/').then(|| home.to_owned())
}

fn mark(mark: Mark) -> String {
    // Where no colours are wanted, they are taken out when it is printed.
    let (sign, colour) = match mark {
        Mark::Pass => ("✓", console::Color::Green),
        Mark::Note => ("!", console::Color::Yellow),
        Mark::Fail => ("✗", console::Color::Red),
    };
    style(sign).fg(colour).force_styling(true).to_string()
}

/// What is wrong, or else what was seen.
fn text(finding: &Finding) -> String {
    visible::text(&match &finding.trouble {
        Some(trouble) => report::chain(trouble),
        None => finding.seen.clone(),
    })
}

fn cure_of(finding: &Finding, whose: &Whose<'_>) -> Option<String> {
    let trouble = finding.trouble.as_ref()?;
    cure::of_trouble(trouble, whose)
}

/// What is shown of what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// All of it.
    All,
    /// What keeps mail from coming.
    Failures,
    /// All of it, for a program.
    Json,
}

/// Where all of it is shown.
pub(in crate::cli) struct Screen {
    style: Style,
    manner: Manner,
    /// Whether what is in progress is shown.
    is_live: bool,
    /// What of the account keeps mail from coming.
    failed: Vec<Topic>,
    /// What else there is to look at.
    noted: Vec<Topic>,
    is_first: bool,
}

impl Screen {
    pub(in crate::cli) fn new(global: &Global) -> Self {
        let are_terminals = io::stdout().is_terminal() && io::stderr().is_terminal();
        let is_wanted = global.progress != When::Never && !global.quiet && global.verbose == 0;
        Self {
            style: Style::of_stdout(global),
            manner: match (global.json, global.quiet) {
                (true, _) => Manner::Json,
                (false, true) => Manner::Failures,
                (false, false) => Manner::All,
            },
            is_live: are_terminals && is_wanted && !global.json,
            failed: Vec::new(),
            noted: Vec::new(),
            is_first: true,
        }
    }

    /// An account's heading.
    pub(super) fn begin(&mut self, whose: &Whose<'_>) -> io::Result<()> {
        (self.failed, self.noted) = (Vec::new(), Vec::new());
        if self.manner != Manner::All {
            return Ok(());
        }
        if !std::mem::take(&mut self.is_first) {
            report::data(&"")?;
        }
        report::data(&style(whose.account).bold().force_styling(true))
    }

    /// Shows what happens.
    pub(in crate::cli) fn tell(&mut self, whose: &Whose<'_>, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Begins(topic) => {
                self.progress(topic);
                Ok(())
            }
            Event::Found(finding) => self.show(whose, finding),
        }
    }

    /// An account's last line.
    pub(super) fn end(&mut self, whose: &Whose<'_>, status: Status) -> io::Result<()> {
        self.clear();
        if self.manner != Manner::All {
            return Ok(());
        }
        let notes = match self.noted.as_slice() {
            [] => String::new(),
            noted => format!("; to look at (!): {}", words(noted)),
        };
        let sum = match self.failed.as_slice() {
            [] if status == Status::Later => "stopped before the end".to_owned(),
            [] if self.noted.is_empty() => "all is well".to_owned(),
            [] => format!("nothing keeps mail from coming{notes}"),
            [one] => format!("1 problem (✗): {one}{notes}"),
            failed => format!("{} problems (✗): {}{notes}", failed.len(), words(failed)),
        };
        let head = format!("{}: ", whose.account);
        for line in self.style.wrap(&head, 2, &sum) {
            report::data(&line)?;
        }
        Ok(())
    }

    /// A configuration that cannot be used.
    pub(super) fn configuration(&mut self, file: &Path, error: &config::Error) -> io::Result<()> {
        let is_missing = matches!(error, config::Error::Missing { .. });
        let cure = is_missing.then_some("begin with `popfetch account add you@example.org`");
        if self.manner == Manner::Json {
            return report::data(&visible::json(&json!({
                "version": report::JSON_VERSION,
                "account": null,
                "topic": Topic::Configuration.word(),
                "mark": word(Mark::Fail),
                "seen": file.display().to_string(),
                "details": [],
                "error": error.to_string(),
                "cure": cure,
            })));
        }
        let head = format!("{} {:<14}{}", mark(Mark::Fail), "config", file.display());
        report::data(&head)?;
        // Its own cure is in it.
        report::data(&error.render(true))
    }

    fn show(&mut self, whose: &Whose<'_>, finding: &Finding) -> io::Result<()> {
        self.clear();
        match finding.mark {
            Mark::Pass => {}
            Mark::Note => self.noted.push(finding.topic),
            Mark::Fail => self.failed.push(finding.topic),
        }
        if self.manner == Manner::Json {
            return report::data(&visible::json(&object(finding, whose)));
        }
        if self.manner == Manner::Failures && finding.mark != Mark::Fail {
            return Ok(());
        }
        let lines = self.style.lines(finding, whose).into_iter();
        lines.into_iter().try_for_each(|line| report::data(&line))
    }

    /// Says what is in progress, on a line that is replaced.
    fn progress(&self, topic: Topic) {
        // A question may be asked for the secret, on the same line.
        if self.is_live && topic != Topic::Secret {
            overwrite(&format!("  … {topic}"));
        }
    }

    fn clear(&self) {
        if self.is_live {
            overwrite("");
        }
    }
}

/// Puts this in place of the line that shows what is in progress.
fn overwrite(text: &str) {
    let mut stderr = io::stderr();
    // If it is closed there is nobody to tell.
    let _ = write!(stderr, "\r\u{1b}[K{text}").and_then(|()| stderr.flush());
}

fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Pass => "pass",
        Mark::Note => "note",
        Mark::Fail => "fail",
    }
}

/// Topics, each once.
fn words(topics: &[Topic]) -> String {
    let mut words: Vec<&str> = topics.iter().map(|topic| topic.word()).collect();
    words.dedup();
    words.join(", ")
}

/// A finding as JSON.
fn object(finding: &Finding, whose: &Whose<'_>) -> Value {
    json!({
        "version": report::JSON_VERSION,
        "account": whose.account,
        "topic": finding.topic.word(),
        "mark": word(finding.mark),
        "seen": finding.seen,
        "details": finding.details,
        "error": finding.trouble.as_ref().map(|trouble| report::chain(trouble)),
        "cure": cure_of(finding, whose),
    })
}

#[cfg(test)]
mod tests {
    use console::measure_text_width;

    use super::*;
    use crate::check::Trouble;

    fn lines(width: usize, seen: &str, trouble: Option<Trouble>) -> Vec<String> {
        let style = Style {
            width: Some(width),
            verbose: false,
            home: Some("/home/ann".to_owned()),
        };
        let whose = Whose {
            account: "work",
            user: "ann",
            provider: None,
        };
        let finding = Finding {
            topic: Topic::Capabilities,
            mark: Mark::Note,
            seen: seen.to_owned(),
            details: Vec::new(),
            trouble,
        };
        let lines = style.lines(&finding, &whose).into_iter();
        lines
            .map(|line| console::strip_ansi_codes(&line).into_owned())
            .collect()
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_the_cure_is_below() {
        for width in [40, 59, 60, 80] {
            let said = lines(width, "", Some(Trouble::Empty));
            assert!(
                said.iter().all(|line| measure_text_width(line) <= width),
                "{said:#?}"
            );
            let cures = said.iter().filter(|line| line.trim().starts_with('→'));
            assert_eq!(cures.count(), 1, "{said:#?}");
        }
    }

    #[test]
    fn a_path_at_home_is_short_and_has_a_line_of_its_own_where_it_needs_one() {
        let said = lines(40, "/home/ann/.local/state/popfetch/x/y is there", None);
        assert_eq!(
            said,
            [
                "  ! capabilities:",
                "    ~/.local/state/popfetch/x/y is there"
            ]
        );
    }

    #[test]
    fn what_a_server_says_steers_no_terminal() {
        let said = lines(80, "a\u{1b}[31mb\nc", None);
        assert_eq!(said, ["  ! capabilities  a\u{fffd}[31mb c"]);
    }
}
