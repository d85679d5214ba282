//! Says what a run would do with each message, and does nothing of it.
//!
//! Invariant: neither the server's mail nor the state nor the destination is changed.

use super::observer::{Event, Observer};
use super::outcome::{Error, Problem};
use super::{Job, log_in, survey};
use crate::mail::{MessageNumber, Octets, Uid};
use crate::plan::{Decision, decide};
use crate::retention::{Verdict, judge};
use crate::state::{Facts, Ledger};

/// What would be done with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Its number in this session.
    pub number: MessageNumber,
    /// Its uid.
    pub uid: Uid,
    /// Its size as listed.
    pub size: Octets,
    /// Whether it would be fetched.
    pub decision: Decision,
    /// Whether it would be deleted from the server.
    pub verdict: Verdict,
}

/// Lists the maildrop and decides on each message; without a ledger everything is new.
///
/// # Errors
/// The server, the password or the ledger cannot be used.
pub fn explain(
    job: &Job<'_>,
    ledger: Option<&Ledger>,
    observer: &dyn Observer,
) -> Result<(Vec<Explained>, Vec<Problem>), Error> {
    let mut problems = Vec::new();
    let mut session = log_in(job, observer)?;
    observer.notice(Event::Listing);
    let (sizes, uids) = survey::ask(&mut session)?;
    let maildrop = survey::join(&sizes, &uids, &mut problems);
    // Nothing was retrieved or deleted, so that nothing hangs on the server's last word.
    if let Err(error) = session.quit() {
        log::debug!("{error}");
    }
    let account = match ledger {
        Some(ledger) => ledger.find(&job.endpoint.server(), job.user)?,
        None => None,
    };
    let facts = match account {
        Some(account) => account.facts(&survey::uids(&maildrop))?,
        None => Facts::of_strangers(maildrop.len()),
    };
    let listed = maildrop.iter().zip(&facts.known);
    let decisions = decide(
        listed
            .clone()
            .map(|(entry, known)| (entry.size, known.is_some())),
        job.limits,
    );
    let explained = listed
        .zip(decisions)
        .map(|((entry, known), decision)| {
            // What is fetched counts as published: by then it is.
            let (first_seen, published) = match known {
                Some(known) => (known.first_seen, true),
                None => (job.now, decision == Decision::Fetch),
            };
            Explained {
                number: entry.number,
                uid: entry.owned_uid(),
                size: entry.size,
                decision,
                verdict: judge(job.retention, first_seen, published, job.now),
            }
        })
        .collect();
    Ok((explained, problems))
}
