//! Says what a run would do with each message, and does nothing of it.
//!
//! Invariant: neither the server's mail nor the state nor the destination is changed.

use std::collections::HashSet;

use super::observer::{Event, Observer};
use super::outcome::{Error, Tally};
use super::retire::{copy_of, fresh};
use super::survey::Entry;
use super::{Identity, Job, store, survey, whereabouts};
use crate::mail::{MessageNumber, Octets, Uid};
use crate::plan::{Decision, decide};
use crate::retention::{Copy, Policy, Verdict, judge};
use crate::state::{Account, Facts, Ledger, MessageId, Standing};

/// What would be done with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Its number in this session.
    pub number: MessageNumber,
    /// Its uid.
    pub uid: Uid,
    /// Its size as listed.
    pub size: Octets,
    /// What is here of it.
    pub presence: Presence,
    /// Whether it would be fetched.
    pub decision: Decision,
    /// Whether it would be deleted from the server.
    pub verdict: Verdict,
}

/// Lists the maildrop and decides on each message; without a ledger everything is new. What cannot be told apart goes
/// into `tally`.
///
/// # Errors
/// The server, the password or the ledger cannot be used.
pub fn explain(
    job: &Job<'_>,
    ledger: Option<&Ledger>,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<Vec<Explained>, Error> {
    let mut session = Identity::find(job)?.log_in(job, observer)?;
    observer.notice(Event::Listing);
    let listing = survey::ask(&mut session, tally)?;
    let maildrop = survey::join(&listing, tally);
    // Nothing was retrieved or deleted, so that nothing hangs on the server's last word.
    if let Err(error) = session.quit() {
        log::debug!("{error}");
    }
    let account = match ledger {
        Some(ledger) => ledger.find(&job.endpoint.server(), job.user)?,
        None => None,
    };
    let (facts, left) = match account {
        Some(account) => (
            account.facts(&survey::uids_and_sizes(&maildrop), &HashSet::new())?,
            departed(job, &account)?,
        ),
        None => (Facts::of_strangers(maildrop.len()), HashSet::new()),
    };
    let listed = maildrop.iter().zip(&facts.standings);
    let decisions = decide(
        listed
            .clone()
            .map(|(entry, standing)| (entry.size, standing.is_known())),
        store::limits(job),
    );
    let explain = |((entry, standing), decision): ((&Entry<'_>, &Standing), Decision)| {
        // What is fetched, or owed by an interrupted run, counts as published: by then it is.
        let copy = match standing {
            Standing::Known(known) => Copy {
                published: true,
                ..copy_of(known, &left)
            },
            Standing::New | Standing::Doubtful { .. } => Copy {
                published: decision == Decision::Fetch,
                ..fresh(job.now)
            },
        };
        Explained {
            number: entry.number,
            uid: entry.owned_uid(),
            size: entry.size,
            decision,
            verdict: judge(job.retention, copy, job.now),
        }
    };
    Ok(listed.zip(decisions).map(explain).collect())
}

/// Those that have left the Maildirs here; nobody is asked, as it is not done yet.
fn departed(job: &Job<'_>, account: &Account<'_>) -> Result<HashSet<MessageId>, Error> {
    match job.retention {
        Policy::KeepWhileHere(_) => Ok(whereabouts::find(account)?.left),
        _ => Ok(HashSet::new()),
    }
}
