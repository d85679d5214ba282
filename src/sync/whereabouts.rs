//! Finds out which of the messages that were put into Maildirs are still there.
//!
//! A reader may give them flags, and move them to another folder, under another name even: then their content tells.
//! Invariant: a message is said to have left only if it is in no folder of the Maildir's tree, seen twice; of a Maildir
//! that is not there at all, nothing is said.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::outcome::{Error, Problem, Tally};
use super::{Departure, Job};
use crate::delivery::{Destination, Maildir, Tree, unique_part};
use crate::retention::{self, Policy};
use crate::state::{Account, DeliveryId, Filed, MessageId};

/// What is known of the messages that are on the server and were put into Maildirs.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    /// Those that are in none of them any more.
    pub(super) left: HashSet<MessageId>,
    /// How many have left which Maildir; only Maildirs that some have left.
    pub(super) departures: Vec<Departure>,
    /// The names that a reader gave to some.
    pub(super) renamed: HashMap<DeliveryId, String>,
}

impl Whereabouts {
    /// A Maildir that so many have left at once that somebody must approve of deleting them from the server. What
    /// `was_departed` and not approved of is not approved of because new mail has come to the rest.
    fn suspicious(&self, was_departed: bool) -> Option<&Departure> {
        self.departures.iter().find(|departure| {
            was_departed || retention::is_suspicious(departure.left, departure.all)
        })
    }
}

/// Asks whether so many messages are to be deleted from the server, too.
pub(super) type Approve<'a> = &'a dyn Fn(&Departure) -> bool;

/// Those of the account's messages that have left the Maildirs here and may be deleted for that, where that is the
/// policy and, if need be, somebody approves of it. Without `approve` nothing is recorded.
pub(super) fn departed(
    job: &Job<'_>,
    account: &Account<'_>,
    approve: Option<Approve<'_>>,
    tally: &mut Tally,
) -> Result<HashSet<MessageId>, Error> {
    if !matches!(job.retention, Policy::KeepWhileHere(_)) {
        return Ok(HashSet::new());
    }
    let found = match find(account, job.destinations) {
        // New mail is fetched all the same.
        Err(Error::Delivery(source)) => {
            tally.note(Problem::Unseen { source });
            return Ok(HashSet::new());
        }
        found => found?,
    };
    let was_departed = account.is_departed()?;
    if let Some(departure) = found.suspicious(was_departed)
        && !approve.is_some_and(|approve| approve(departure))
    {
        if approve.is_some() && !was_departed {
            account.set_departed(Some(job.now))?;
        }
        tally.note(Problem::MassDeletion(departure.clone()));
        return Ok(HashSet::new());
    }
    if approve.is_some() {
        if was_departed {
            account.set_departed(None)?;
        }
        account.refile(&found.renamed)?;
    }
    Ok(found.left)
}

/// Looks for all of them: where they were put, and in the Maildirs that are configured now.
pub(super) fn find(
    account: &Account<'_>,
    destinations: &[Destination],
) -> Result<Whereabouts, Error> {
    let filed = account.filed()?;
    let mut found = Whereabouts::default();
    let mut here: HashSet<MessageId> = HashSet::new();
    let mut by_maildir: HashMap<&str, Vec<&Filed>> = HashMap::new();
    for message in &filed {
        let messages = by_maildir.entry(&message.destination).or_default();
        messages.push(message);
    }
    let configured = destinations.iter().filter_map(|it| match it {
        Destination::Maildir(path) if Maildir::exists(path) => Some(path),
        _ => None,
    });
    let configured: Vec<&PathBuf> = configured.collect();
    for (address, messages) in &by_maildir {
        let path = match Destination::from_address(address) {
            Some(Destination::Maildir(path)) if Maildir::exists(&path) => path,
            _ => {
                here.extend(messages.iter().map(|message| message.id.message));
                continue;
            }
        };
        for place in configured.iter().copied().chain([&path]) {
            let missing: Vec<&Filed> = messages
                .iter()
                .copied()
                .filter(|message| !here.contains(&message.id.message))
                .collect();
            let (there, renamed) = look(place, &missing)?;
            here.extend(there);
            found.renamed.extend(renamed);
        }
    }
    for (address, messages) in by_maildir {
        let gone = messages.iter().map(|message| message.id.message);
        let gone: HashSet<MessageId> = gone.filter(|id| !here.contains(id)).collect();
        if let Some(Destination::Maildir(path)) = Destination::from_address(address)
            && !gone.is_empty()
        {
            found.departures.push(Departure {
                left: gone.len(),
                all: messages.len(),
                path,
            });
        }
        found.left.extend(gone);
    }
    Ok(found)
}

/// The messages that are in a Maildir's tree, and those that have another name there.
fn look(
    path: &Path,
    messages: &[&Filed],
) -> Result<(HashSet<MessageId>, HashMap<DeliveryId, String>), Error> {
    let mut here = HashSet::new();
    let mut missing = messages.to_vec();
    let mut renamed = HashMap::new();
    // A message that is moved while its folders are looked through may be missed once.
    for _ in 0..2 {
        if missing.is_empty() {
            return Ok((here, renamed));
        }
        let tree = Tree::around(path)?;
        missing.retain(|message| {
            let is_here = tree.holds(&message.file);
            if is_here {
                here.insert(message.id.message);
            }
            !is_here
        });
        if missing.is_empty() {
            break;
        }
        let known: HashSet<&str> = messages
            .iter()
            .map(|message| unique_part(&message.file))
            .collect();
        let mut strangers = tree.by_size(|name| !known.contains(name))?;
        let mut still_missing = Vec::new();
        for message in missing {
            match strangers.take(message.size, message.digest)? {
                Some(name) => {
                    here.insert(message.id.message);
                    renamed.insert(message.id, name);
                }
                None => still_missing.push(message),
            }
        }
        missing = still_missing;
    }
    Ok((here, renamed))
}
