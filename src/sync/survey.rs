//! Asks what is on the server, and joins LIST and UIDL to one maildrop.
//!
//! It refuses to know what is new. Invariant: each entry has a uid that no other entry has; what cannot be told apart is
//! a problem and no entry, so that it is neither fetched as another nor deleted for another.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::{Read, Write};

use super::outcome::{Error, Problem, Tally};
use crate::mail::{MessageNumber, Octets, Uid};
use crate::pop3::{self, Session, SizeListing, UidListing};

/// A message on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'l> {
    pub(super) number: MessageNumber,
    pub(super) size: Octets,
    pub(super) uid: &'l [u8],
}

impl Entry<'_> {
    pub(super) fn owned_uid(&self) -> Uid {
        // `join` lets no empty uid pass.
        Uid::new(self.uid).expect("a uid is not empty")
    }
}

/// Asks for both listings.
pub(super) fn ask<S: Read + Write>(
    session: &mut Session<S>,
) -> Result<(SizeListing, UidListing), Error> {
    let sizes = match session.list() {
        // Some servers have no listing for an empty maildrop.
        Err(refusal @ pop3::Error::Refused { .. }) => match session.stat()? {
            (0, _) => return Ok((SizeListing::default(), UidListing::default())),
            _ => return Err(refusal.into()),
        },
        result => result?,
    };
    match session.uidl() {
        Ok(uids) => Ok((sizes, uids)),
        Err(pop3::Error::Refused { reply, .. }) => Err(Error::NoUidl { reply }),
        Err(error) => Err(error.into()),
    }
}

/// Joins the listings by number, in the order of UIDL.
pub(super) fn join<'l>(
    sizes: &SizeListing,
    uids: &'l UidListing,
    tally: &mut Tally,
) -> Vec<Entry<'l>> {
    let mut sizes: HashMap<MessageNumber, Octets> = sizes.iter().collect();
    let numbers = Counts::of(uids.iter().map(|(number, _)| number));
    let uids_seen = Counts::of(uids.iter().map(|(_, uid)| uid));
    let mut entries = Vec::with_capacity(uids.iter().len());
    for (number, uid) in uids.iter() {
        let size = sizes.remove(&number);
        match (Uid::new(uid), size) {
            (None, _) => tally.note(Problem::NoUid { number }),
            (Some(_), _) if numbers.is_repeated(&number) => {
                tally.note(Problem::DuplicateNumber { number });
            }
            (Some(uid), _) if uids_seen.is_repeated(&uid.as_bytes()) => {
                tally.note(Problem::DuplicateUid { number, uid });
            }
            (Some(_), None) => tally.note(Problem::NoSize { number }),
            (Some(_), Some(size)) => entries.push(Entry { number, size, uid }),
        }
    }
    let mut without_uid: Vec<MessageNumber> = sizes.into_keys().collect();
    without_uid.sort_unstable();
    for number in without_uid {
        tally.note(Problem::NoUid { number });
    }
    entries
}

/// How often something occurs.
struct Counts<T>(HashMap<T, usize>);

impl<T: Eq + Hash> Counts<T> {
    fn of(items: impl ExactSizeIterator<Item = T>) -> Self {
        let mut counts = HashMap::with_capacity(items.len());
        for item in items {
            *counts.entry(item).or_default() += 1;
        }
        Self(counts)
    }

    fn is_repeated(&self, item: &T) -> bool {
        self.0.get(item).is_some_and(|count| *count > 1)
    }
}

/// What the record is asked about.
pub(super) fn uids_and_sizes<'l>(maildrop: &[Entry<'l>]) -> Vec<(&'l [u8], Octets)> {
    maildrop
        .iter()
        .map(|entry| (entry.uid, entry.size))
        .collect()
}
