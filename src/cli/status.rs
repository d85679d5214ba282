//! `popfetch status`: how the accounts stand.

use indicatif::MultiProgress;
use serde_json::json;

use super::args::{Global, Status as Options};
use super::exit::Status;
use super::{accounts, logging, report, surroundings};
use crate::state::Ledger;
use crate::sync::{self, Problem, Standing};

/// Tells of the accounts that were named, or all.
pub(super) fn status(options: &Options, global: &Global) -> anyhow::Result<Status> {
    let (config, folders) = accounts::load(global)?;
    let selected = accounts::select(&config, &options.accounts)?;
    logging::start(global.verbose, &MultiProgress::new());
    // Not even an empty database is made.
    let ledger = if folders.state.join("state.db").exists() {
        let ledger = Ledger::open(&folders.state, surroundings::stop_flag()?)?;
        if let Some(aside) = ledger.set_aside() {
            report::say(&report::rebuilding(aside));
        }
        Some(ledger)
    } else {
        None
    };
    let claimed = config.maildrops();
    for account in selected {
        let standing = match &ledger {
            Some(ledger) => sync::status(ledger, &account.endpoint, &account.user, &claimed)?,
            None => Standing::default(),
        };
        if global.json {
            report::data(&object(&account.name, &standing))?;
        } else {
            report::data(&format!("{}: {}", account.name, sentence(&standing)))?;
            for problem in &standing.waiting {
                report::data(&format!("  {problem}"))?;
            }
        }
    }
    Ok(Status::Well)
}

fn sentence(standing: &Standing) -> String {
    let Standing {
        stored,
        on_server,
        waiting,
    } = standing;
    let waiting = match waiting.len() {
        0 => String::new(),
        waiting => format!(", {waiting} waiting to be delivered"),
    };
    format!("{stored} fetched, {on_server} of them still on the server{waiting}")
}

fn object(account: &str, standing: &Standing) -> serde_json::Value {
    let waiting = standing.waiting.iter().filter_map(|problem| match problem {
        Problem::Waits {
            uid,
            address,
            reason,
            tries,
            wait,
        } => Some(json!({
            "uid": uid.to_string(),
            "destination": address,
            "reason": reason,
            "tries": tries,
            "quarantined": *wait == sync::Wait::Quarantined,
        })),
        _ => None,
    });
    json!({
        "version": report::JSON_VERSION,
        "account": account,
        "stored": standing.stored,
        "on_server": standing.on_server,
        "waiting": waiting.collect::<Vec<_>>(),
    })
}
