//! Takes up what the server lists, and joins LIST and UIDL to one maildrop.
//!
//! It refuses to know what is new. Invariant: each entry has a uid that no other entry has; what cannot be told apart is
//! a problem and no entry, so that it is neither fetched as another nor deleted for another. Where the server gives no
//! uids, one for several messages, or one that is beyond measure, the header stands in for the uid (`headers`).

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::io::{Read, Write};

use super::headers;
use super::outcome::{Error, Problem, Tally};
use crate::mail::{MessageNumber, Octets, Uid};
use crate::pop3::{self, Listings, Session, SizeListing, UidListing};
use crate::state::Facts;

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

/// What the server says of its messages.
#[derive(Debug, Default)]
pub(super) struct Listing {
    sizes: SizeListing,
    uids: UidListing,
    /// The messages whose uids are no good, and what stands in for these.
    unfit: HashSet<MessageNumber>,
    stand_ins: UidListing,
    /// The server has no UIDL.
    pub(super) lacks_uidl: bool,
}

impl Listing {
    /// Those of the maildrop's uids of which only the content tells whose they are.
    pub(super) fn ambiguous<'u>(&self, maildrop: &[Entry<'u>], facts: &Facts) -> HashSet<&'u [u8]> {
        if self.lacks_uidl || !self.unfit.is_empty() {
            let uids: Vec<&[u8]> = maildrop.iter().map(|entry| entry.uid).collect();
            headers::ambiguous(&uids, facts)
        } else {
            HashSet::new()
        }
    }
}

/// Takes up both listings, and asks for headers where they do not tell messages apart.
pub(super) fn complete<S: Read + Write>(
    session: &mut Session<S>,
    listings: Listings,
    tally: &mut Tally,
) -> Result<Listing, Error> {
    let sizes = match listings.sizes {
        Ok(sizes) => sizes,
        // Some servers have no listing for an empty maildrop.
        Err(_) if session.stat()?.0 == 0 => return Ok(Listing::default()),
        Err(reply) => {
            let command = "LIST";
            return Err(pop3::Error::Refused { command, reply }.into());
        }
    };
    let (uids, lacks_uidl) = match listings.uids {
        Ok(uids) => (uids, false),
        Err(reply) => {
            let numbers: Vec<_> = sizes.iter().map(|(number, _)| number).collect();
            let mut refused = Tally::default();
            let uids = headers::uids(session, &numbers, &mut refused)?;
            if uids.iter().len() == 0 && !numbers.is_empty() {
                return Err(Error::NoUidl { reply });
            }
            tally.note_all(refused.problems);
            (uids, true)
        }
    };
    let unfit = if lacks_uidl { Vec::new() } else { unfit(&uids) };
    let stand_ins = if unfit.is_empty() {
        UidListing::default()
    } else {
        headers::uids(session, &unfit, tally)?
    };
    Ok(Listing {
        sizes,
        uids,
        unfit: unfit.into_iter().collect(),
        stand_ins,
        lacks_uidl,
    })
}

/// The messages that have another's uid, too, or one that no message should have.
fn unfit(uids: &UidListing) -> Vec<MessageNumber> {
    let are_fit = uids
        .iter()
        .all(|(_, uid)| uid.is_empty() || Uid::is_fit(uid));
    // Many servers count their uids up.
    if are_fit && uids.iter().is_sorted_by(|(_, one), (_, other)| one < other) {
        return Vec::new();
    }
    let repeated = repeated(uids.iter().map(|(_, uid)| uid));
    if are_fit && repeated.is_empty() {
        return Vec::new();
    }
    let numbers = self::repeated(uids.iter().map(|(number, _)| number));
    uids.iter()
        .filter(|(number, uid)| {
            let is_unfit = !Uid::is_fit(uid) || repeated.contains(uid);
            !uid.is_empty() && is_unfit && !numbers.contains(number)
        })
        .map(|(number, _)| number)
        .collect()
}

/// Joins the listings by number, in the order of UIDL.
pub(super) fn join<'l>(listing: &'l Listing, tally: &mut Tally) -> Vec<Entry<'l>> {
    let Listing { uids, .. } = listing;
    if let Some(entries) = side_by_side(listing) {
        return entries;
    }
    let mut sizes: HashMap<MessageNumber, Octets> = listing.sizes.iter().collect();
    let stand_ins: HashMap<MessageNumber, &[u8]> = listing.stand_ins.iter().collect();
    let numbers = repeated(uids.iter().map(|(number, _)| number));
    let mut entries = Vec::with_capacity(uids.iter().len());
    for (number, uid) in uids.iter() {
        let size = sizes.remove(&number);
        let is_unfit = listing.unfit.contains(&number);
        match (is_unfit, stand_ins.get(&number), size) {
            _ if uid.is_empty() => tally.note(Problem::NoUid { number }),
            _ if numbers.contains(&number) => tally.note(Problem::DuplicateNumber { number }),
            (_, _, None) => tally.note(Problem::NoSize { number }),
            (false, _, Some(size)) => entries.push(Entry { number, size, uid }),
            (true, Some(uid), Some(size)) => entries.push(Entry { number, size, uid }),
            // That the server does not give its header is told already.
            (true, None, _) => {}
        }
    }
    let mut without_uid: Vec<MessageNumber> = sizes.into_keys().collect();
    without_uid.sort_unstable();
    for number in without_uid {
        if !listing.lacks_uidl {
            tally.note(Problem::NoUid { number });
        }
    }
    debug_assert!(are_distinct(&entries));
    entries
}

/// The entries, where both listings have the same numbers in the same order and there is nothing to tell: as a rule.
fn side_by_side(listing: &Listing) -> Option<Vec<Entry<'_>>> {
    let Listing { sizes, uids, .. } = listing;
    if !listing.unfit.is_empty() || sizes.iter().len() != uids.iter().len() {
        return None;
    }
    let mut last = None;
    let pairs = sizes.iter().zip(uids.iter());
    let entries = pairs.map(|((number, size), (same, uid))| {
        let is_next = number == same && last.replace(number) < Some(number);
        (is_next && !uid.is_empty()).then_some(Entry { number, size, uid })
    });
    let entries: Option<Vec<Entry<'_>>> = entries.collect();
    entries.inspect(|entries| debug_assert!(are_distinct(entries)))
}

fn are_distinct(entries: &[Entry<'_>]) -> bool {
    let mut seen = HashSet::new();
    entries.iter().all(|entry| seen.insert(entry.uid))
}

/// What occurs more than once, as a rule nothing.
fn repeated<T: Ord + Hash + Copy>(items: impl Iterator<Item = T>) -> HashSet<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    let pairs = items.windows(2);
    pairs
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect()
}

/// What the record is asked about.
pub(super) fn uids_and_sizes<'l>(maildrop: &[Entry<'l>]) -> Vec<(&'l [u8], Octets)> {
    maildrop
        .iter()
        .map(|entry| (entry.uid, entry.size))
        .collect()
}
