//! `popfetch list`: shows what is on the server, and what would be done with it.
//!
//! It refuses to know how that is found out. Invariant: however much senders write into their headers, little of it is held.

use std::io;
use std::num::NonZeroUsize;

use console::{Term, measure_text_width};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{Global, List};
use super::cure::Whose;
use super::exit::Status;
use super::header::Header;
use super::rows::{self, Row};
use super::run::{Run, Scope};
use super::wrap::wrap;
use super::{accounts, explain, report, visible};
use crate::plan::Decision;
use crate::retention::Verdict;
use crate::sync::{self, Came, Explained, Outcome, Presence, Tally};

/// How much is kept before it is shown: many thousands of rows. A list that is longer, as a hostile server's, is shown piece
/// by piece, each with its own columns.
const MAX_KEPT: usize = 2 << 20;

/// Lists the account that was named.
pub(super) fn list(options: &List, global: &Global) -> anyhow::Result<Status> {
    let (config, folders) = accounts::load(global)?;
    let selected = [accounts::named(&config, &options.account)?];
    let run = Run::new(&selected, &config, &folders, global, Scope::Server)?;
    let ledger = explain::ledger(&run)?;
    let results = run.each(NonZeroUsize::MIN, |account, observer| {
        run.with_job(account, |job| {
            let mut tally = Tally::default();
            let mut shown = Shown::new(&options.account, global);
            let show = |came: Came<'_>| {
                shown.keep(&came);
                if shown.kept >= MAX_KEPT {
                    observer.step_aside(|| shown.print(came.listed, came.total));
                }
            };
            let ledger = ledger.as_ref();
            let listed = sync::list(job, ledger, options.new, show, observer, &mut tally);
            (listed, tally, shown)
        })
    });
    // The one account's work panicked, and has told why.
    let Some((listed, tally, mut shown)) = results.into_iter().flatten().next() else {
        return Ok(Status::Bug);
    };
    if let Ok(listed) = &listed {
        shown.print(listed, tally.listed);
        shown.explain(listed);
    }
    shown.result?;
    let failure = listed.err();
    let outcome = Outcome { tally, failure };
    let whose = Whose::of(selected[0]);
    if global.json && outcome.failure.is_some() {
        report::data(&report::json(&whose, &outcome))?;
    }
    for line in report::run(&whose, &outcome, false, !global.quiet).lines() {
        report::say(&line);
    }
    Ok(Status::of_outcome(&outcome))
}

/// What is shown, and what is kept until it is.
struct Shown<'s> {
    account: &'s str,
    as_json: bool,
    /// Each message has a line with the reason below it.
    reasons: bool,
    now: Timestamp,
    /// The columns of the terminal, if it is one.
    width: Option<usize>,
    has_begun: bool,
    rows: Vec<(usize, Row)>,
    objects: Vec<String>,
    /// How much is kept, in octets.
    kept: usize,
    /// Whether all of it could be printed.
    result: io::Result<()>,
}

impl<'s> Shown<'s> {
    fn new(account: &'s str, global: &Global) -> Self {
        let stdout = Term::stdout();
        Self {
            account,
            as_json: global.json,
            reasons: global.verbose > 0,
            now: Timestamp::now(),
            width: stdout.is_term().then(|| stdout.size().1.into()),
            has_begun: false,
            rows: Vec::new(),
            objects: Vec::new(),
            kept: 0,
            result: Ok(()),
        }
    }

    fn keep(&mut self, came: &Came<'_>) {
        let message = &came.listed[came.at];
        let header = came.header.map(Header::read);
        if self.as_json {
            let object = visible::json(&object(self.account, message, header.as_ref()));
            self.kept += size_of::<String>() + object.len();
            self.objects.push(object);
        } else {
            let row = row(message, header.as_ref(), self.now);
            self.kept += size_of::<(usize, Row)>() + row.octets();
            self.rows.push((came.at, row));
        }
    }

    /// Prints what is kept.
    fn print(&mut self, listed: &[Explained], total: usize) {
        self.kept = 0;
        let lines = if self.as_json {
            std::mem::take(&mut self.objects)
        } else {
            self.text(listed, total)
        };
        self.say(&lines);
    }

    /// What a person sees of it.
    fn text(&mut self, listed: &[Explained], total: usize) -> Vec<String> {
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        let mut lines = Vec::new();
        if !has_begun {
            let is_new = |message: &&Explained| {
                matches!(message.presence, Presence::New | Presence::Doubtful)
            };
            let (account, new) = (self.account, listed.iter().filter(is_new).count());
            lines.push(format!(
                "{account}: {total} on the server, {new} of them new"
            ));
        }
        let (places, rows): (Vec<usize>, Vec<Row>) = self.rows.drain(..).unzip();
        if rows.is_empty() {
            return lines;
        }
        let mut rows = rows::lines(&rows, self.width).into_iter();
        lines.extend(rows.next().filter(|_| !has_begun));
        for (at, row) in places.into_iter().zip(rows) {
            lines.push(row);
            if self.reasons {
                let Explained {
                    uid,
                    decision,
                    verdict,
                    ..
                } = &listed[at];
                lines.push(format!("    {uid}: {decision}; {verdict}"));
            }
        }
        lines
    }

    /// Prints what the plans mean.
    fn explain(&mut self, listed: &[Explained]) {
        if !self.as_json && !listed.is_empty() {
            self.say(&[String::new()]);
            self.say(&legend(listed, self.width));
        }
    }

    fn say(&mut self, lines: &[String]) {
        if self.result.is_ok() {
            self.result = lines.iter().try_for_each(|line| report::data(line));
        }
    }
}

fn row(message: &Explained, header: Option<&Header>, now: Timestamp) -> Row {
    let shown = |text: Option<&String>| text.map_or_else(String::new, |text| visible::text(text));
    Row {
        number: message.number.to_string(),
        size: message.size.to_string(),
        date: header.and_then(|header| header.date),
        presence: message.presence.to_string(),
        plan: plan(message, &|until| days(until, now)),
        from: shown(header.and_then(|header| header.sender.as_ref())),
        subject: shown(header.and_then(|header| header.subject.as_ref())),
    }
}

/// What would be done, in as few words as can be.
fn plan(message: &Explained, days: &dyn Fn(Timestamp) -> String) -> String {
    let keep = match message.verdict {
        Verdict::Keep
        | Verdict::KeepRecent
        | Verdict::KeepWhileHere
        | Verdict::KeepUnpublished
        | Verdict::KeepUndeletable
        | Verdict::KeepElsewhere
        | Verdict::KeepGuessed
        | Verdict::KeepMarked
        | Verdict::KeepUndated => "keep".to_owned(),
        Verdict::KeepUntil(until) => format!("keep {}d", days(until)),
        Verdict::Delete | Verdict::DeleteLeft | Verdict::DeleteAsked | Verdict::DeleteOlder(_) => {
            "delete".to_owned()
        }
    };
    match message.decision {
        Decision::Fetch => format!("fetch, {keep}"),
        Decision::Known => keep,
        // It stays where it is.
        Decision::TooLarge(_) => "too large".to_owned(),
        Decision::AfterLimit(_) => "fetch later".to_owned(),
        Decision::NoRoom => "no room".to_owned(),
    }
}

/// How many days are left, a begun one counting whole.
fn days(until: Timestamp, now: Timestamp) -> String {
    const DAY: i64 = 24 * 60 * 60;
    let seconds = until.duration_since(now).as_secs().max(1);
    ((seconds - 1) / DAY + 1).to_string()
}

/// Each plan with its reasons, and how many messages have it.
fn legend(listed: &[Explained], columns: Option<usize>) -> Vec<String> {
    let mut kinds: Vec<(String, String, String, usize)> = Vec::new();
    for message in listed {
        let plan = plan(message, &|_| "N".to_owned());
        let (fetch, keep) = (message.fetching(), reason(message.verdict));
        let same = kinds
            .iter_mut()
            .find(|(known, why, why_too, _)| (known, why, why_too) == (&plan, &fetch, &keep));
        match same {
            Some((.., count)) => *count += 1,
            None => kinds.push((plan, fetch, keep, 1)),
        }
    }
    let width = kinds.iter().map(|(plan, ..)| plan.len()).max().unwrap_or(0);
    let digits = listed.len().to_string().len();
    let mut lines = Vec::new();
    for (plan, fetch, keep, count) in kinds {
        let start = format!("{count:>digits$} {plan:width$}  {fetch};");
        let line = format!("{start} {keep}");
        let indent = digits + width + 3;
        let widest = measure_text_width(&start).max(indent + measure_text_width(&keep));
        let is_narrow = |columns| widest > columns;
        if let Some(columns) = columns.filter(|columns| is_narrow(*columns)) {
            lines.push(format!("{count:>digits$} {plan}"));
            lines.extend(wrap("", 2, &format!("  {fetch}; {keep}"), Some(columns)));
        } else if columns.is_some_and(|columns| line.len() > columns) {
            lines.extend([start, format!("{:indent$}{keep}", "")]);
        } else {
            lines.push(line);
        }
    }
    lines
}

/// Why a copy stays or goes, without its own date.
fn reason(verdict: Verdict) -> String {
    match verdict {
        Verdict::KeepUntil(_) => "keep on the server for N days more".to_owned(),
        Verdict::DeleteOlder(_) => "delete from the server: its time there is over".to_owned(),
        verdict => verdict.to_string(),
    }
}

fn object(account: &str, message: &Explained, header: Option<&Header>) -> Value {
    let mut object = explain::object(account, message);
    let date = header.and_then(|header| header.date);
    object["date"] = json!(date.map(|date| date.to_string()));
    object["from"] = json!(header.and_then(|header| header.from.as_ref()));
    object["subject"] = json!(header.and_then(|header| header.subject.as_ref()));
    object["state"] = json!(message.presence.to_string());
    object
}
