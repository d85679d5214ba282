//! `popfetch sync --dry-run`: prints what would be done with each message.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::{Value, json};

use super::cure::Whose;
use super::exit::Status;
use super::report;
use super::run::{Run, worst};
use crate::plan::Decision;
use crate::state::Ledger;
use crate::sync::{self, Explained, Outcome, Tally};

/// Explains all accounts of the run.
pub(super) fn explain(run: &Run<'_>, jobs: NonZeroUsize, as_json: bool) -> anyhow::Result<Status> {
    let ledger = ledger(run)?;
    let results = run.each(jobs, |account, observer| {
        run.with_job(account, |job| {
            let mut tally = Tally::default();
            let explained = sync::explain(job, ledger.as_ref(), observer, &mut tally);
            (explained, tally)
        })
    });
    let mut statuses = Vec::new();
    for (account, result) in run.accounts.iter().zip(results) {
        let Some((explained, tally)) = result else {
            statuses.push(None);
            continue;
        };
        if let Ok(explained) = &explained {
            print(&account.name, explained, as_json)?;
        }
        let failure = explained.err();
        let outcome = Outcome { tally, failure };
        if as_json && outcome.failure.is_some() {
            report::data(&report::json(&Whose::of(account), &outcome))?;
        }
        for line in report::run(&Whose::of(account), &outcome, false, true).lines() {
            report::say(&line);
        }
        statuses.push(Some(Status::of_outcome(&outcome)));
    }
    Ok(worst(&statuses, |status| *status))
}

/// The record, where there is one: not even an empty database is made.
pub(super) fn ledger(run: &Run<'_>) -> anyhow::Result<Option<Ledger>> {
    if Ledger::is_there(&run.state) {
        let ledger = Ledger::open(&run.state, Arc::clone(&run.stop))?;
        if let Some(aside) = ledger.set_aside() {
            report::say(&report::rebuilding(aside));
        }
        Ok(Some(ledger))
    } else {
        Ok(None)
    }
}

fn print(account: &str, explained: &[Explained], as_json: bool) -> io::Result<()> {
    if !as_json {
        let messages = explained.len();
        report::data(&format!(
            "{account}: {messages} on the server; nothing is changed"
        ))?;
    }
    for message in explained {
        if as_json {
            report::data(&object(account, message))?;
        } else {
            report::data(&text(message))?;
        }
    }
    Ok(())
}

fn text(message: &Explained) -> String {
    let Explained {
        number,
        uid,
        size,
        verdict,
        ..
    } = message;
    let size = size.to_string();
    format!(
        "{number:>7} {size:>9} {uid}: {}; {verdict}",
        message.fetching()
    )
}

/// A message as JSON.
pub(super) fn object(account: &str, message: &Explained) -> Value {
    json!({
        "version": report::JSON_VERSION,
        "account": account,
        "number": message.number.get(),
        "uid": message.uid.to_string(),
        "octets": message.size.0,
        "fetch": message.decision == Decision::Fetch,
        "delete": message.verdict.is_due(),
        "decision": message.fetching(),
        "retention": message.verdict.to_string(),
    })
}
