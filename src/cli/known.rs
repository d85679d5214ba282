//! `popfetch mark-seen` and `popfetch forget`: change what is known of messages.
//!
//! Invariants: no mail is touched, here or on the server; what waits for a destination is never forgotten.

use std::num::NonZeroUsize;

use jiff::Timestamp;

use super::account::ask::Asker;
use super::args::{Forget, Global, MarkSeen};
use super::cure::Whose;
use super::exit::Status;
use super::run::{Run, Scope};
use super::sync::uid_of;
use super::usage::{Cancelled, Usage};
use super::{accounts, report, surroundings};
use crate::config::Account;
use crate::mail::Uid;
use crate::providers::{self, Provider};
use crate::state::{Ledger, Removal};
use crate::sync::{self, Outcome, Tally};

/// Marks what is on the server as seen.
pub(super) fn mark_seen(options: &MarkSeen, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let (config, folders) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    if hides_what_follows(account) {
        let name = account.name.clone();
        return Err(Usage::PagedListing { name }.into());
    }
    let uids: Vec<Uid> = options.uids.iter().filter_map(|uid| uid_of(uid)).collect();
    let selected = [account];
    let run = Run::new(&selected, &config, &folders, global, Scope::Server)?;
    let asker = Asker::new(surroundings::stop_flag()?, true, global.quiet);
    let ledger = Ledger::open(&folders.state, asker.stop.clone())?;
    let results = run.each(NonZeroUsize::MIN, |account, observer| {
        run.with_job(account, |job| {
            let mut tally = Tally::default();
            let marked = sync::mark_seen(job, &ledger, &uids, observer, &mut tally);
            (marked, tally)
        })
    });
    // The one account's work panicked, and has told why.
    let Some((marked, tally)) = results.into_iter().flatten().next() else {
        return Ok(Status::Bug);
    };
    let mut status = Status::Well;
    let failure = match marked {
        Ok(marked) => {
            let name = &account.name;
            let known = match marked.known {
                0 => String::new(),
                known => format!("; {known} were on record already"),
            };
            asker.tell(&format!("{name}: {} marked as seen{known}", marked.marked));
            for uid in marked.unlisted {
                report::say(&format!("{name}: uid {uid} is not on the server"));
                status = Status::Usage;
            }
            None
        }
        Err(error) => Some(error),
    };
    let outcome = Outcome { tally, failure };
    for line in report::run(&Whose::of(account), &outcome, false, !global.quiet).lines() {
        report::say(&line);
    }
    Ok(status.max(Status::of_outcome(&outcome)))
}

/// Whether the server lists some of the mail at a time, and the rest when that was fetched.
fn hides_what_follows(account: &Account) -> bool {
    let pop3 = providers::by_host(&account.endpoint.host).and_then(Provider::pop3);
    pop3.is_some_and(|pop3| pop3.quirks.pages_listing) && !account.user.starts_with("recent:")
}

/// Forgets messages, or all of an account.
pub(super) fn forget(options: &Forget, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let (config, folders) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    let name = &account.name;
    let asker = Asker::new(surroundings::stop_flag()?, options.yes, global.quiet);
    if options.all && !options.yes && !asker.is_attended() {
        let flags = vec!["--yes".to_owned()];
        return Err(Usage::Missing { flags }.into());
    }
    let question = format!(
        "Forget all that was fetched for {name}? The next run fetches again what is on the server."
    );
    if options.all && !asker.agree(&question, false)? && asker.chooses() {
        return Err(Cancelled.into());
    }
    let ledger = Ledger::open(&folders.state, asker.stop.clone())?;
    let maildrop = (&account.endpoint, account.user.as_str());
    let now = Timestamp::now();
    let claimed = config.maildrops();
    let (_lock, rows) = sync::open_maildrop(&ledger, &folders.state, maildrop, &claimed, now)?;
    if options.all {
        return match ledger.forget_account(&account.endpoint.server(), &account.user)? {
            Removal::Owed(owed) => Err(Usage::StillOwed {
                name: name.clone(),
                owed,
                instead: "",
            }
            .into()),
            Removal::Forgotten(known) => {
                asker.tell(&format!("{name}: {known} messages forgotten"));
                Ok(Status::Well)
            }
            Removal::Unknown => {
                asker.tell(&format!("{name}: nothing is on record"));
                Ok(Status::Well)
            }
        };
    }
    let uids: Vec<Uid> = options.uids.iter().filter_map(|uid| uid_of(uid)).collect();
    let outcome = rows.forget_uids(&uids, now)?;
    asker.tell(&format!("{name}: {} forgotten", outcome.forgotten));
    for uid in &outcome.unknown {
        report::say(&format!("{name}: nothing is on record of uid {uid}"));
    }
    for uid in &outcome.owed {
        report::say(&format!(
            "{name}: uid {uid} waits for a destination, and is kept; `popfetch retry {name}` delivers it"
        ));
    }
    Ok(if outcome.unknown.is_empty() && outcome.owed.is_empty() {
        Status::Well
    } else {
        Status::Usage
    })
}
