//! `popfetch sync --dry-run`: prints what would be done with each message.

use std::num::NonZeroUsize;

use serde_json::{Value, json};

use super::exit::Status;
use super::report;
use super::sync::{Run, worst};
use crate::plan::Decision;
use crate::state::Ledger;
use crate::sync::{self, Explained, Outcome, Tally};

/// Explains all accounts of the run.
pub(super) fn explain(run: &Run<'_>, jobs: NonZeroUsize, as_json: bool) -> anyhow::Result<Status> {
    // Not even an empty database is made.
    let ledger = if run.state.join("state.db").exists() {
        Some(Ledger::open(&run.state)?)
    } else {
        None
    };
    let results = run.each(jobs, |account, observer| {
        run.with_job(account, |job| sync::explain(job, ledger.as_ref(), observer))
    });
    let mut outcomes = Vec::new();
    for (account, result) in run.accounts.iter().zip(results) {
        let mut tally = Tally::default();
        let explained = match result {
            Some(Ok((explained, problems))) => {
                tally.problems = problems;
                Ok(explained)
            }
            Some(Err(error)) => Err(error),
            None => {
                outcomes.push(None);
                continue;
            }
        };
        match &explained {
            Ok(explained) if as_json => {
                for message in explained {
                    report::data(&object(&account.name, message))?;
                }
            }
            Ok(explained) => {
                let (name, messages) = (&account.name, explained.len());
                report::data(&format!(
                    "{name}: {messages} on the server; nothing is changed"
                ))?;
                for message in explained {
                    report::data(&text(message))?;
                }
            }
            Err(_) => {}
        }
        let failure = explained.err();
        let outcome = Outcome { tally, failure };
        if as_json && outcome.failure.is_some() {
            report::data(&report::json(&account.name, &outcome))?;
        }
        for line in report::run(&account.name, &outcome, false) {
            report::say(&line);
        }
        outcomes.push(Some(outcome));
    }
    Ok(worst(&outcomes, Status::of_outcome))
}

fn text(message: &Explained) -> String {
    let Explained {
        number,
        uid,
        size,
        decision,
        verdict,
    } = message;
    let size = size.to_string();
    format!("{number:>7} {size:>9} {uid}: {decision}; {verdict}")
}

fn object(account: &str, message: &Explained) -> Value {
    json!({
        "version": report::JSON_VERSION,
        "account": account,
        "number": message.number.get(),
        "uid": message.uid.to_string(),
        "octets": message.size.0,
        "fetch": message.decision == Decision::Fetch,
        "delete": message.verdict.is_due(),
        "decision": message.decision.to_string(),
        "retention": message.verdict.to_string(),
    })
}
