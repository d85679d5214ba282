//! `popfetch list`: shows what is on the server, and what would be done with it.

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
use crate::sync::{self, Explained, Outcome, Presence, Tally};

/// A message, and what its header says where the server gives it.
type Listed = (Explained, Option<Header>);

/// Lists the account that was named.
pub(super) fn list(options: &List, global: &Global) -> anyhow::Result<Status> {
    let (config, folders) = accounts::load(global)?;
    let selected = [accounts::named(&config, &options.account)?];
    let run = Run::new(&selected, &config, &folders, global, Scope::Server)?;
    let ledger = explain::ledger(&run)?;
    let results = run.each(NonZeroUsize::MIN, |account, observer| {
        run.with_job(account, |job| {
            let mut tally = Tally::default();
            let only_new = options.new;
            let listed = sync::list(
                job,
                ledger.as_ref(),
                only_new,
                Header::read,
                observer,
                &mut tally,
            );
            (listed, tally)
        })
    });
    // The one account's work panicked, and has told why.
    let Some((listed, tally)) = results.into_iter().flatten().next() else {
        return Ok(Status::Bug);
    };
    let name = &options.account;
    match &listed {
        Ok(listed) if global.json => {
            for message in listed {
                report::data(&visible::json(&object(name, message)))?;
            }
        }
        Ok(listed) => {
            for line in text(name, listed, tally.listed, global.verbose > 0) {
                report::data(&line)?;
            }
        }
        Err(_) => {}
    }
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

/// What a person sees; with `reasons` also a line with the reason below each message.
fn text(account: &str, listed: &[Listed], all: usize, reasons: bool) -> Vec<String> {
    let is_new =
        |(message, _): &&Listed| matches!(message.presence, Presence::New | Presence::Doubtful);
    let new = listed.iter().filter(is_new).count();
    let mut lines = vec![format!("{account}: {all} on the server, {new} of them new")];
    if listed.is_empty() {
        return lines;
    }
    let now = Timestamp::now();
    let rows: Vec<Row> = listed.iter().map(|message| row(message, now)).collect();
    let stdout = Term::stdout();
    let width = stdout.is_term().then(|| stdout.size().1.into());
    let mut rows = rows::lines(&rows, width).into_iter();
    lines.extend(rows.next());
    for (row, (message, _)) in rows.zip(listed) {
        lines.push(row);
        if reasons {
            let Explained {
                uid,
                decision,
                verdict,
                ..
            } = message;
            lines.push(format!("    {uid}: {decision}; {verdict}"));
        }
    }
    lines.push(String::new());
    lines.extend(legend(listed, width));
    lines
}

fn row((message, header): &Listed, now: Timestamp) -> Row {
    let shown = |text: Option<&String>| text.map_or_else(String::new, |text| visible::text(text));
    let header = header.as_ref();
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
fn legend(listed: &[Listed], columns: Option<usize>) -> Vec<String> {
    let mut kinds: Vec<(String, String, String, usize)> = Vec::new();
    for (message, _) in listed {
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

fn object(account: &str, (message, header): &Listed) -> Value {
    let mut object = explain::object(account, message);
    let header = header.as_ref();
    let date = header.and_then(|header| header.date);
    object["date"] = json!(date.map(|date| date.to_string()));
    object["from"] = json!(header.and_then(|header| header.from.as_ref()));
    object["subject"] = json!(header.and_then(|header| header.subject.as_ref()));
    object["state"] = json!(message.presence.to_string());
    object
}
