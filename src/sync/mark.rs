//! Puts what is on the server on record as seen, without fetching it.
//!
//! Invariant: what is on record as fetched stays as it is, and the server's mail too.

use std::collections::HashSet;

use super::explain::{leave, look};
use super::observer::Observer;
use super::outcome::{Error, Tally};
use super::{Job, Presence, identity, open};
use crate::mail::{Octets, Uid};
use crate::state::Ledger;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// So many messages are on record now that were not.
    pub marked: usize,
    /// So many were already.
    pub known: usize,
    /// The server does not list these.
    pub unlisted: Vec<Uid>,
}

/// Marks all that is on the server and new, or those of it with these `uids`.
///
/// # Errors
/// The server, the password or the ledger cannot be used.
pub fn mark_seen(
    job: &Job<'_>,
    ledger: &Ledger,
    uids: &[Uid],
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<Marked, Error> {
    let (_lock, account) = open(job, ledger)?;
    identity::wait_until_due(job, &account)?;
    let (session, explained) = look(job, Some(ledger), observer, tally)?;
    leave(session);
    tally.listed = explained.len();
    let wanted: HashSet<&Uid> = uids.iter().collect();
    let (mut marked, mut listed) = (Marked::default(), HashSet::new());
    let mut new: Vec<(&[u8], Octets)> = Vec::new();
    for message in &explained {
        if !uids.is_empty() && !wanted.contains(&message.uid) {
            continue;
        }
        listed.insert(&message.uid);
        match message.presence {
            Presence::New | Presence::Doubtful => new.push((message.uid.as_bytes(), message.size)),
            Presence::Here | Presence::Waiting | Presence::Seen => marked.known += 1,
        }
    }
    account.mark_seen(&new, job.now)?;
    marked.marked = new.len();
    let unlisted = uids.iter().filter(|uid| !listed.contains(uid));
    marked.unlisted = unlisted.cloned().collect();
    Ok(marked)
}
