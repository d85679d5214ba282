//! What is said when all is done: one line for each account, and one for each thing that went wrong.
//!
//! Invariant: nothing that a server sent is shown raw; the errors below escape it.

use std::collections::HashSet;
use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};
use std::mem;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::check::Style;
use super::cure::{self, Whose};
use super::exit::Status;
use super::usage::OfAccount;
use super::{logging, time, trouble, visible};
use crate::state::Trouble;
use crate::sync::{Outcome, Problem, Tally};
use crate::{config, state};

/// The version of the JSON that is printed; a field may be added, none is changed or removed.
pub(super) const JSON_VERSION: u32 = 1;

/// How far the further lines of one that was broken are indented.
const FURTHER: usize = 2;

/// Prints data to standard output. A reader that has gone away has seen enough.
pub(super) fn data(line: &dyn Display) -> io::Result<()> {
    match writeln!(anstream::stdout(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Prints anything else to standard error, and into the log. If the one is closed there is nobody to tell.
pub(super) fn say(line: &dyn Display) {
    logging::keep(line);
    show(line);
}

/// Prints to standard error only. On a terminal, what is wider than it is broken between words.
pub(super) fn show(line: &dyn Display) {
    let style = Style::of_stderr();
    let mut stderr = anstream::stderr();
    for line in line.to_string().split('\n') {
        let line = &visible::line(line);
        let indent = line.len() - line.trim_start_matches(' ').len();
        for line in style.wrap("", indent + FURTHER, line) {
            let _ = writeln!(stderr, "{line}");
        }
    }
}

/// Prints an error that ended the program, with its causes and its cure.
pub(super) fn failure(error: &anyhow::Error) {
    if let Some(error) = error.downcast_ref::<config::Error>() {
        let color = anstream::AutoStream::choice(&io::stderr());
        say(&error.render(color != anstream::ColorChoice::Never));
        return;
    }
    let cure = if let Some(error) = error.downcast_ref::<state::Error>() {
        Some(cure::of_state(error))
    } else if let Some(OfAccount { account, error }) = error.downcast_ref() {
        cure::of_credentials(error, account)
    } else {
        None
    };
    say(&line(None, &format!("{error:#}"), cure));
}

/// Says that a damaged state was set aside.
pub(super) fn rebuilding(aside: &Path) -> String {
    let text = format!(
        "the state database was damaged, and is kept as {}",
        aside.display()
    );
    let cure = "mail that is in a Maildir or mbox already is recognised and not delivered again";
    line(None, &text, Some(cure.to_owned()))
}

/// What there is to say of an account's run.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// What was done, and what has to be known once.
    pub(super) summary: Vec<String>,
    /// What went wrong without ending it: a line for each, with its kind.
    problems: Vec<(Trouble, String)>,
    /// How many more there are without a line.
    further: usize,
    /// What ended it.
    failure: Option<(Trouble, String)>,
    account: String,
}

/// How many problems of one run are told one by one.
const MAX_PROBLEMS: usize = 10;

impl Report {
    /// The lines about what was done and about trouble of these kinds; then those about other trouble.
    pub(super) fn about(mut self, kinds: &[Trouble]) -> (Vec<String>, Vec<String>) {
        let is_told = |(kind, _): &(Trouble, String)| kinds.contains(kind);
        let (told, other): (Vec<_>, Vec<_>) = self.problems.into_iter().partition(is_told);
        let (failure, other_failure) = match self.failure {
            Some(failure) if is_told(&failure) => (Some(failure), None),
            other => (None, other),
        };
        let held_back = Self {
            summary: Vec::new(),
            // What has no line has no kind: it is told with the others or not at all.
            further: if other.is_empty() {
                0
            } else {
                mem::take(&mut self.further)
            },
            problems: other,
            failure: other_failure,
            account: self.account.clone(),
        };
        let said = Self {
            problems: told,
            failure,
            ..self
        };
        (said.lines(), held_back.lines())
    }

    /// All lines.
    pub(super) fn lines(self) -> Vec<String> {
        let more = self.problems.len().saturating_sub(MAX_PROBLEMS) + self.further;
        let more = (more > 0).then(|| {
            let text = format!("{more} more of the kind");
            line(Some(&self.account), &text, None)
        });
        let problems = self.problems.into_iter().take(MAX_PROBLEMS);
        let trouble = problems.chain(self.failure).map(|(_, line)| line);
        self.summary
            .into_iter()
            .chain(trouble)
            .chain(more)
            .collect()
    }

    /// What `status` says of it later: what ended it, or else a problem.
    pub(super) fn trouble(&self) -> Option<&str> {
        let trouble = self.failure.as_ref().or(self.problems.first());
        trouble.map(|(_, line)| line.as_str())
    }
}

/// What is to be said of an account's run: its trouble always, its summary if `summary`, what should be known once if
/// `notices`.
pub(super) fn run(whose: &Whose<'_>, outcome: &Outcome, summary: bool, notices: bool) -> Report {
    let account = whose.account;
    let mut report = Report {
        account: account.to_owned(),
        ..Report::default()
    };
    if notices {
        report.summary.extend(notices_of(account, &outcome.tally));
    }
    if summary && (outcome.failure.is_none() || outcome.tally.new + outcome.tally.recovered > 0) {
        let line = format!("{account}: {}", sentence(&outcome.tally));
        report.summary.push(line);
    }
    report.problems = problems(whose, outcome);
    report.further = outcome.tally.further_problems;
    if let Some(error) = &outcome.failure {
        let cure = cure::of_run(error, whose);
        let line = line(Some(account), &chain(error), cure);
        report.failure = Some((trouble::of_failure(error), line));
    }
    report
}

/// That an account is well again.
pub(super) fn recovered(account: &str, after: Duration) -> String {
    // What is shorter is one run after the other by hand.
    let text = if after < Duration::from_secs(60) {
        "well again".to_owned()
    } else {
        format!("well again, after {}", time::span(after))
    };
    line(Some(account), &text, None)
}

/// What is no trouble, and has to be known once.
fn notices_of(account: &str, tally: &Tally) -> Vec<String> {
    let mut lines = Vec::new();
    if tally.lacks_uidl {
        let text = "the server has no UIDL: messages are told apart by their headers";
        let more = "it is asked for all headers in each run; this is said once";
        lines.push(line(Some(account), text, Some(more.to_owned())));
    }
    if let Some(reply) = &tally.no_headers {
        let text = format!("the server refused TOP: {reply}");
        let more = "without it, date, from and subject are not known";
        lines.push(line(Some(account), &text, Some(more.to_owned())));
    }
    if tally.found > 0 {
        let text = format!(
            "{} messages were here already, although nothing was on record",
            tally.found
        );
        let more = "they were put on record, and not delivered again";
        lines.push(line(Some(account), &text, Some(more.to_owned())));
    }
    lines
}

fn problems(whose: &Whose<'_>, outcome: &Outcome) -> Vec<(Trouble, String)> {
    let problems = &outcome.tally.problems;
    // One of each kind comes before the second of any.
    let mut kinds = HashSet::new();
    let (firsts, others): (Vec<_>, Vec<_>) = problems
        .iter()
        .partition(|problem| kinds.insert(mem::discriminant(*problem)));
    let told = firsts.into_iter().chain(others);
    let told = told.map(|problem| {
        let cure = cure::of_problem(problem, whose);
        let line = line(Some(whose.account), &chain(problem), cure);
        (trouble::of_problem(problem), line)
    });
    told.collect()
}

/// One line of trouble, which says whose it is and what to do.
fn line(account: Option<&str>, text: &str, cure: Option<String>) -> String {
    let mut line = "popfetch: ".to_owned();
    if let Some(account) = account {
        // Writing to a string cannot fail.
        let _ = write!(line, "{account}: ");
    }
    let Some(cure) = cure else {
        line.push_str(text);
        return line;
    };
    // A server's own sentence may end here, this one does not.
    let _ = write!(line, "{}; {cure}", text.strip_suffix('.').unwrap_or(text));
    line
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // The TLS library's error says what its cause says.
        let said = error.to_string();
        if !text.ends_with(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text.replace(['\n', '\r'], " ")
}

/// What was done, in words.
fn sentence(tally: &Tally) -> String {
    let mut parts = Vec::new();
    if tally.new > 0 {
        parts.push(format!("{} new ({})", tally.new, tally.new_octets));
    }
    if tally.recovered > 0 {
        parts.push(format!("{} finished from an earlier run", tally.recovered));
    }
    if tally.recognised > 0 {
        parts.push(format!("{} known under new uids", tally.recognised));
    }
    let waiting = count(tally, |problem| matches!(problem, Problem::Waits { .. }));
    if waiting > 0 {
        parts.push(format!("{waiting} waiting to be delivered"));
    }
    if parts.is_empty() {
        parts.push("nothing new".to_owned());
    }
    if tally.deleted > 0 {
        parts.push(format!("{} deleted from the server", tally.deleted));
    }
    let left = tally.listed.saturating_sub(tally.deleted);
    if left > 0 {
        parts.push(format!("{left} on the server"));
    }
    let refused = count(tally, |problem| {
        matches!(problem, Problem::NotRetrieved { .. })
    });
    if refused > 0 {
        parts.push(format!("{refused} could not be fetched"));
    }
    if tally.no_room > 0 {
        parts.push(format!("{} for which there is no room", tally.no_room));
    }
    if tally.too_large > 0 {
        parts.push(format!(
            "{} larger than max-size left there",
            tally.too_large
        ));
    }
    if tally.after_limit > 0 {
        parts.push(format!(
            "{} left for the next run by max-messages",
            tally.after_limit
        ));
    }
    parts.join(", ")
}

fn count(tally: &Tally, which: impl Fn(&&Problem) -> bool) -> usize {
    tally.problems.iter().filter(which).count()
}

/// An account's run as JSON.
pub(super) fn json(whose: &Whose<'_>, outcome: &Outcome) -> Value {
    let tally = &outcome.tally;
    json!({
        "version": JSON_VERSION,
        "account": whose.account,
        "status": Status::of_outcome(outcome).number(),
        "listed": tally.listed,
        "new": tally.new,
        "new_octets": tally.new_octets.0,
        "recovered": tally.recovered,
        "deleted": tally.deleted,
        "too_large": tally.too_large,
        "after_limit": tally.after_limit,
        "recognised": tally.recognised,
        "found": tally.found,
        "no_room": tally.no_room,
        "waiting": count(tally, |problem| matches!(problem, Problem::Waits { .. })),
        "problems": tally.problems.iter().map(|problem| chain(problem)).collect::<Vec<_>>(),
        "error": outcome.failure.as_ref().map(|error| chain(error)),
        "cure": outcome.failure.as_ref().and_then(|error| cure::of_run(error, whose)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Octets;
    use crate::pop3;
    use crate::sync::Error;

    #[test]
    fn a_summary_says_what_a_person_wants_to_know() {
        let mut tally = Tally {
            listed: 12,
            ..Tally::default()
        };
        assert_eq!(sentence(&tally), "nothing new, 12 on the server");
        tally.new = 3;
        tally.new_octets = Octets(4096);
        tally.deleted = 12;
        tally.too_large = 1;
        assert_eq!(
            sentence(&tally),
            "3 new (4.00 KiB), 12 deleted from the server, 1 larger than max-size left there"
        );
    }

    #[test]
    fn trouble_is_one_line_with_its_cause_and_its_cure() {
        let failure = Error::Pop3(pop3::Error::Connect {
            host: "pop.example.com".to_owned(),
            port: 995,
            source: std::io::Error::other("no\nroute"),
        });
        let outcome = Outcome {
            tally: Tally::default(),
            failure: Some(failure),
        };
        let whose = Whose {
            account: "work",
            user: "ann",
            provider: None,
        };
        let lines = run(&whose, &outcome, true, true).lines();
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].starts_with(
                "popfetch: work: cannot connect to pop.example.com port 995: no route; check host"
            ),
            "{}",
            lines[0]
        );
    }
}
