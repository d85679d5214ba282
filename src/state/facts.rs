//! Holds a whole listing against the record: which uids are known, which are gone, which may be another message now.
//!
//! It changes nothing. Invariants: the cost depends on the maildrop, not on what was ever fetched; a uid counts as known
//! only if nothing speaks for another message behind it, because what is known may be deleted from the server. The price:
//! where a server changes a message after it was fetched, size and content, the new one is delivered as well.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{MessageId, time};
use crate::mail::{Digest, Octets};

/// What is on record of a listed uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    New,
    /// The message of this row.
    Known(Known),
    /// A row has the uid, but the server may have given it to another message (which RFC 1939 §7 forbids, and
    /// servers do): only the content tells.
    Doubtful {
        /// The row.
        id: MessageId,
        /// The digest of what was delivered then.
        digest: Digest,
        /// Whether it was deleted from here.
        deleted: bool,
    },
}

/// A message that is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its row.
    pub id: MessageId,
    /// When it was first seen on the server.
    pub first_seen: Timestamp,
    /// Whether it is where it was to go.
    pub published: bool,
    /// How often the server said that it deletes it, and still has it.
    pub kept: u32,
}

impl Standing {
    /// Whether there is nothing to fetch.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }
}

/// A listing held against the record.
#[derive(Debug)]
pub struct Facts {
    /// For each uid asked about, in the same order: what is on record.
    pub standings: Vec<Standing>,
    /// Those that were listed before and are not now.
    pub(super) gone: Vec<(MessageId, Box<[u8]>)>,
    /// Those that were not listed the last time, are now, and are known.
    pub(super) returned: Vec<MessageId>,
}

impl Facts {
    /// Whether all uids asked about are known.
    #[must_use]
    pub fn are_known(&self) -> bool {
        self.standings.iter().all(Standing::is_known)
    }

    /// The uids that were listed before and are not now.
    pub fn gone(&self) -> impl Iterator<Item = &[u8]> {
        self.gone.iter().map(|(_, uid)| &**uid)
    }

    /// Whether this uid, the `at`th that was asked about, was listed the last time, as the message that is on record.
    #[must_use]
    pub fn is_settled(&self, at: usize) -> bool {
        match self.standings[at] {
            Standing::Known(known) => !self.returned.contains(&known.id),
            Standing::New | Standing::Doubtful { .. } => false,
        }
    }

    /// Whether there is doubt about one.
    #[must_use]
    pub fn are_doubtful(&self) -> bool {
        let mut standings = self.standings.iter();
        standings.any(|standing| matches!(standing, Standing::Doubtful { .. }))
    }

    /// The facts of so many messages of which nothing is on record.
    #[must_use]
    pub fn of_strangers(listed: usize) -> Self {
        Self {
            standings: vec![Standing::New; listed],
            gone: Vec::new(),
            returned: Vec::new(),
        }
    }
}

/// The columns that [`Rows::standing`] reads.
const COLUMNS: &str = "id, first_seen, sha256, listed, ifnull(deleted, delete_accepted), uid, kept";

/// Reads the rows that the last listing had in one pass, and looks up only the uids that are not among them.
pub(super) fn read(
    connection: &Connection,
    account: i64,
    listed: &[(&[u8], Octets)],
    doubted: &HashSet<&[u8]>,
) -> rusqlite::Result<Facts> {
    let rows = Rows::new(connection, doubted)?;
    let mut facts = Facts::of_strangers(listed.len());
    let positions: HashMap<&[u8], usize> = listed
        .iter()
        .enumerate()
        .map(|(at, (uid, _))| (*uid, at))
        .collect();
    let mut present = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE account = ? AND absent_since IS NULL"
    ))?;
    let mut present = present.query([account])?;
    while let Some(row) = present.next()? {
        let uid = row.get_ref(5)?.as_blob()?;
        if let Some(at) = positions.get(uid) {
            facts.standings[*at] = rows.standing(row, listed[*at].1)?;
        } else {
            facts.gone.push((MessageId(row.get(0)?), uid.into()));
        }
    }
    let mut absent = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE account = ? AND uid = ? AND replaced IS NULL"
    ))?;
    for (at, (uid, size)) in listed.iter().enumerate() {
        if facts.standings[at] == Standing::New {
            let found = absent
                .query_row(params![account, uid], |row| rows.standing(row, *size))
                .optional()?;
            if let Some(Standing::Known(known)) = found {
                facts.returned.push(known.id);
            }
            facts.standings[at] = found.unwrap_or(Standing::New);
        }
    }
    Ok(facts)
}

/// What is to be known to judge a row.
struct Rows<'d> {
    unpublished: HashSet<i64>,
    doubted: &'d HashSet<&'d [u8]>,
}

impl<'d> Rows<'d> {
    fn new(connection: &Connection, doubted: &'d HashSet<&'d [u8]>) -> rusqlite::Result<Self> {
        let unpublished = connection
            .prepare_cached("SELECT message FROM delivery WHERE published IS NULL")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            unpublished,
            doubted,
        })
    }

    /// Judges a row by what the server says of its uid now.
    fn standing(&self, row: &Row<'_>, size: Octets) -> rusqlite::Result<Standing> {
        let id = row.get(0)?;
        let same_size = row.get::<_, i64>(3)? == stored(size);
        let was_deleted = row.get::<_, Option<i64>>(4)?.is_some();
        let is_doubted =
            !self.doubted.is_empty() && self.doubted.contains(row.get_ref(5)?.as_blob()?);
        if same_size && !was_deleted && !is_doubted {
            return Ok(Standing::Known(Known {
                id: MessageId(id),
                first_seen: time(row.get(1)?),
                published: !self.unpublished.contains(&id),
                kept: row.get(6)?,
            }));
        }
        Ok(Standing::Doubtful {
            id: MessageId(id),
            digest: Digest(row.get(2)?),
            deleted: was_deleted,
        })
    }
}

/// A size as the database holds it: its integers are signed, and no message is that large.
pub(super) fn stored(size: Octets) -> i64 {
    i64::try_from(size.0).unwrap_or(i64::MAX)
}
