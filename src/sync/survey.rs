//! Asks what is on the server, and joins LIST and UIDL to one maildrop.
//!
//! It refuses to know what is new. Invariant: each entry has a uid that no other entry has; what cannot be told apart is
//! a problem and no entry, so that it is neither fetched as another nor deleted for another.

use std::collections::HashMap;
use std::io::{Read, Write};

use super::outcome::{Error, Problem};
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
    let sizes = session.list()?;
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
    problems: &mut Vec<Problem>,
) -> Vec<Entry<'l>> {
    let mut sizes: HashMap<MessageNumber, Octets> = sizes.iter().collect();
    let mut seen: HashMap<&[u8], usize> = HashMap::with_capacity(uids.iter().len());
    for (_, uid) in uids.iter() {
        *seen.entry(uid).or_default() += 1;
    }
    let mut entries = Vec::with_capacity(uids.iter().len());
    for (number, uid) in uids.iter() {
        let size = sizes.remove(&number);
        match (Uid::new(uid), size) {
            (None, _) => problems.push(Problem::NoUid { number }),
            (Some(uid), _) if seen[uid.as_bytes()] > 1 => {
                problems.push(Problem::DuplicateUid { number, uid });
            }
            (Some(_), None) => problems.push(Problem::NoSize { number }),
            (Some(_), Some(size)) => entries.push(Entry { number, size, uid }),
        }
    }
    let mut without_uid: Vec<MessageNumber> = sizes.into_keys().collect();
    without_uid.sort_unstable();
    problems.extend(
        without_uid
            .into_iter()
            .map(|number| Problem::NoUid { number }),
    );
    entries
}

/// The uids of a maildrop.
pub(super) fn uids<'l>(maildrop: &[Entry<'l>]) -> Vec<&'l [u8]> {
    maildrop.iter().map(|entry| entry.uid).collect()
}
