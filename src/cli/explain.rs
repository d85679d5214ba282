//! `popfetch sync --dry-run`: prints what would be done with each message.

use std::num::NonZeroUsize;

use serde_json::json;

use super::exit::Status;
use super::report;
use super::sync::{Run, worst};
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
        let outcome = result.map(|result| match result {
            Ok((explained, problems)) => {
                print(&account.name, &explained, as_json);
                Outcome {
                    tally: Tally {
                        problems,
                        ..Tally::default()
                    },
                    failure: None,
                }
            }
            Err(error) => Outcome {
                tally: Tally::default(),
                failure: Some(error),
            },
        });
        for line in outcome
            .iter()
            .flat_map(|outcome| report::run(&account.name, outcome, false))
        {
            anstream::eprintln!("{line}");
        }
        outcomes.push(outcome);
    }
    Ok(worst(&outcomes, Status::of_outcome))
}

fn print(account: &str, explained: &[Explained], as_json: bool) {
    if !as_json {
        let messages = explained.len();
        anstream::println!("{account}: {messages} on the server; nothing is changed");
    }
    for message in explained {
        let Explained {
            number,
            uid,
            size,
            decision,
            verdict,
        } = message;
        if as_json {
            let object = json!({
                "version": 1,
                "account": account,
                "number": number.to_string().parse::<u32>().ok(),
                "uid": uid.to_string(),
                "octets": size.0,
                "fetch": *decision == crate::plan::Decision::Fetch,
                "delete": verdict.is_due(),
                "decision": decision.to_string(),
                "retention": verdict.to_string(),
            });
            anstream::println!("{object}");
        } else {
            let size = size.to_string();
            anstream::println!("{number:>7} {size:>9} {uid}: {decision}; {verdict}");
        }
    }
}
