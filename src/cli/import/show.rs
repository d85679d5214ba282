//! Shows a plan: what is written, whose the uids are, what is not carried over.
//!
//! Invariants: what another program's file says is shown harmless; no password is shown.

use std::path::Path;

use jiff::Timestamp;

use super::plan::{Plan, Planned};
use crate::cli::account::words::tilde;
use crate::cli::visible;
use crate::config::Account;
use crate::import::Record;
use crate::retention::Policy;

/// The plan in lines.
pub(super) fn lines(plan: &Plan, home: &Path) -> Vec<String> {
    let program = plan.source.name();
    let files = plan.files.iter().map(|file| tilde(file, home));
    let files: Vec<String> = files.collect();
    let mut lines = vec![format!("{program}: {}", files.join(", "))];
    let accounts: Vec<Shown> = plan
        .accounts
        .iter()
        .map(|planned| shown(planned, program, home))
        .collect();
    let shared = shared(&accounts);
    for account in &accounts {
        lines.push(String::new());
        lines.extend(account.head.iter().cloned());
        let own = account.remarks.iter();
        let own = own.filter(|remark| !shared.contains(remark));
        lines.extend(own.map(|remark| format!("  - {remark}")));
    }
    if !shared.is_empty() {
        lines.push(String::new());
        lines.push("All of them:".to_owned());
        lines.extend(shared.iter().map(|remark| format!("  - {remark}")));
    }
    if !plan.strays.is_empty() {
        lines.push(String::new());
        lines.push("Uids of no account here:".to_owned());
        for stray in &plan.strays {
            lines.push(format!("  {}", of_nobody(stray, home)));
        }
        lines.push(
            "  --account NAME gives those of a file to an account of the configuration".to_owned(),
        );
    }
    if !plan.left_out.is_empty() {
        lines.push(String::new());
        lines.push("Not carried over:".to_owned());
        for left in &plan.left_out {
            let file = tilde(&left.file, home);
            lines.push(format!(
                "  {file}:{}: {}: {}",
                left.line, left.what, left.why
            ));
        }
    }
    if plan.is_empty() {
        lines.push(String::new());
        lines.push("There is nothing to take over.".to_owned());
    }
    lines.iter().map(|line| harmless(line)).collect()
}

/// A line that steers no terminal, indented as it was.
pub(super) fn harmless(line: &str) -> String {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    format!("{:indent$}{}", "", visible::text(text))
}

/// An account in lines, and what is to be known of it.
struct Shown {
    head: Vec<String>,
    remarks: Vec<String>,
}

fn shown(planned: &Planned, program: &str, home: &Path) -> Shown {
    let name = &planned.account.name;
    let (mut head, mut remarks) = (Vec::new(), Vec::new());
    match &planned.entry {
        Some(entry) => {
            head.push(format!("Account {name}, new:"));
            head.extend(entry.lines().map(|line| format!("  {line}")));
            if planned.password.is_some() {
                let is_file = entry
                    .settings
                    .iter()
                    .any(|(key, _)| *key == "password-file");
                let place = if is_file { "that file" } else { "the keyring" };
                remarks.push(format!("its password goes to {place}"));
            }
        }
        None => head.push(format!(
            "Account {name}, which is there and keeps its settings:"
        )),
    }
    let records = planned.records.iter();
    let records = records.filter(|record| !record.taken.is_empty());
    remarks.extend(records.map(|record| of_record(record, &planned.account, program, home)));
    if planned.entry.is_some() && planned.uids() == 0 {
        remarks.push(format!(
            "{program} has no record of what it fetched: all that is on the server is new"
        ));
    }
    if planned.entry.is_none() && planned.uids() == 0 {
        remarks.push("there is nothing to add".to_owned());
    }
    remarks.extend(planned.remarks.iter().cloned());
    Shown { head, remarks }
}

/// The remarks that all accounts have, where there are several.
fn shared(accounts: &[Shown]) -> Vec<String> {
    let Some((first, others)) = accounts.split_first().filter(|(_, it)| !it.is_empty()) else {
        return Vec::new();
    };
    let has = |account: &Shown, remark: &String| account.remarks.contains(remark);
    let remarks = first.remarks.iter();
    let shared = remarks.filter(|remark| others.iter().all(|other| has(other, remark)));
    shared.cloned().collect()
}

fn of_record(record: &Record, account: &Account, program: &str, home: &Path) -> String {
    let count = messages(record.taken.len());
    let mut file = tilde(&record.file, home);
    let is_own = account.endpoint.host.eq_ignore_ascii_case(&record.host)
        && account.user.eq_ignore_ascii_case(&record.user);
    // As it was given to this account by hand, or by another name of the server.
    if !is_own && !record.host.is_empty() {
        file = format!("{file}, {} at {}", record.user, record.host);
    }
    let asked = record
        .taken
        .iter()
        .filter(|taken| taken.is_deleted())
        .count();
    let dated = record.taken.iter().any(|taken| taken.first_seen.is_some());
    let deleted = (asked > 0).then(|| {
        let them = match asked {
            1 => "1 of them is".to_owned(),
            _ => format!("{asked} of them are"),
        };
        format!("{them} deleted from the server, as {program} was told")
    });
    let due = due(record, account.retention);
    let undated = (!dated && matches!(account.retention, Policy::KeepFor(_)))
        .then(|| "it has no dates, so that the time in leave-on-server begins now".to_owned());
    let clauses = [
        Some(format!(
            "{count} fetched by {program} ({file}) will not be fetched again"
        )),
        deleted,
        due,
        undated,
    ];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    clauses.join("; ")
}

/// What of it the next run deletes from the server by the account's retention.
fn due(record: &Record, retention: Policy) -> Option<String> {
    let time = match retention {
        Policy::Delete => {
            let text = "what of it is still on the server is deleted by the next run";
            return Some(text.to_owned());
        }
        Policy::KeepFor(time) | Policy::KeepWhileHere(Some(time)) => time,
        _ => return None,
    };
    let now = Timestamp::now();
    let is_due = |seen: Timestamp| seen.checked_add(time).is_ok_and(|until| until <= now);
    let seen = record.taken.iter().filter_map(|taken| taken.first_seen);
    let count = seen.filter(|seen| is_due(*seen)).count();
    (count > 0).then(|| {
        format!(
            "the next run deletes from the server what of it is older than leave-on-server says, {} as far as still there",
            messages(count)
        )
    })
}

fn of_nobody(record: &Record, home: &Path) -> String {
    let count = messages(record.taken.len());
    let file = tilde(&record.file, home);
    if record.host.is_empty() {
        format!("{file}: {count}")
    } else {
        format!("{file}: {count} of {} at {}", record.user, record.host)
    }
}

/// So many messages, in words.
pub(super) fn messages(count: usize) -> String {
    match count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}
