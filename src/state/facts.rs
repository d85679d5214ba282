//! Holds a whole listing against the record: which uids are known, which are gone, which may be another message now.
//!
//! It changes nothing. Invariants: the cost depends on the maildrop, not on what was ever fetched; a uid counts as known
//! only if nothing speaks for another message behind it, because what is known may be deleted from the server. The price:
//! where a server changes a message after it was fetched, size and content, the new one is delivered as well.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::account::{MessageId, time};
use super::elsewhere::{ANY_SIZE, Origin};
use super::likeness::{Inexact, Likeness};
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
        /// The digest of what was delivered then, if popfetch fetched it.
        digest: Option<Digest>,
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
    /// Who fetched it.
    pub origin: Origin,
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
    /// Those that were taken over, and are listed for the first time.
    pub(super) met: HashMap<MessageId, Met>,
    /// Those that were taken over and may stand for several that are listed.
    pub(super) vague: Vec<MessageId>,
    /// Whether uids are on record that are only like the server's.
    pub(super) are_inexact: bool,
}

/// A message that was taken over, as the server lists it.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) uid: Box<[u8]>,
    pub(super) listed: i64,
}

impl Facts {
    /// How many of the uids asked about are not known.
    #[must_use]
    pub fn unknown(&self) -> usize {
        let standings = self.standings.iter();
        standings.filter(|standing| !standing.is_known()).count()
    }

    /// Those that are known and that popfetch did not fetch.
    #[must_use]
    pub fn elsewhere(&self) -> HashSet<MessageId> {
        let standings = self.standings.iter();
        let elsewhere = standings.filter_map(|standing| match standing {
            Standing::Known(known) if known.origin != Origin::Fetched => Some(known.id),
            Standing::Known(_) | Standing::New | Standing::Doubtful { .. } => None,
        });
        elsewhere.collect()
    }

    /// Whether all uids asked about are known.
    #[must_use]
    pub fn are_known(&self) -> bool {
        self.unknown() == 0
    }

    /// The uids that were listed before and are not now.
    pub fn gone(&self) -> impl Iterator<Item = &[u8]> {
        self.gone.iter().map(|(_, uid)| &**uid)
    }

    /// Whether this uid, the `at`th that was asked about, was listed the last time, as the message that is on record.
    #[must_use]
    pub fn is_settled(&self, at: usize) -> bool {
        match self.standings[at] {
            Standing::Known(known) => {
                !self.returned.contains(&known.id) && !self.met.contains_key(&known.id)
            }
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
            met: HashMap::new(),
            vague: Vec::new(),
            are_inexact: false,
        }
    }
}

/// The rows that the last listing had, read while the server is still at the next one.
#[derive(Debug, Default)]
pub struct Present {
    rows: Vec<Record>,
    /// All uids, one behind the other, in the same order.
    uids: Vec<u8>,
}

/// What judging a row takes, but for its uid.
#[derive(Clone, Copy, Debug)]
struct Record {
    id: i64,
    first_seen: i64,
    listed: i64,
    kept: u32,
    was_deleted: bool,
    published: bool,
    origin: Origin,
    likeness: Option<Likeness>,
    /// Where its uid ends among those of [`Present`].
    end: usize,
}

/// The columns that [`Record::read`] reads.
const COLUMNS: &str =
    "id, first_seen, listed, kept, ifnull(deleted, delete_accepted), source, asked, likeness";

impl Record {
    fn read(row: &Row<'_>, unpublished: &HashSet<i64>, end: usize) -> rusqlite::Result<Self> {
        let id = row.get(0)?;
        Ok(Self {
            id,
            first_seen: row.get(1)?,
            listed: row.get(2)?,
            kept: row.get(3)?,
            was_deleted: row.get::<_, Option<i64>>(4)?.is_some(),
            published: !unpublished.contains(&id),
            origin: Origin::read(row, 5)?,
            likeness: Likeness::read(row, 7)?,
            end,
        })
    }

    /// Judges the row by what the server says of its uid now.
    fn standing(
        &self,
        connection: &Connection,
        size: Octets,
        is_doubted: bool,
    ) -> rusqlite::Result<Standing> {
        let fits = self.listed == stored(size) || self.listed == ANY_SIZE;
        if fits && !self.was_deleted && !is_doubted {
            return Ok(Standing::Known(Known {
                id: MessageId(self.id),
                first_seen: time(self.first_seen),
                published: self.published,
                kept: self.kept,
                origin: self.origin,
            }));
        }
        let digest = connection
            .prepare_cached("SELECT sha256 FROM message WHERE id = ?")?
            .query_row([self.id], |row| digest(row, 0))?;
        Ok(Standing::Doubtful {
            id: MessageId(self.id),
            digest,
            deleted: self.was_deleted,
        })
    }
}

impl Present {
    /// Reads the rows in one pass, in the order in which their messages came: as a rule that of the server.
    pub(super) fn read(connection: &Connection, account: i64) -> rusqlite::Result<Self> {
        let unpublished = unpublished(connection)?;
        let mut present = Self::default();
        let mut rows = connection.prepare_cached(&format!(
            "SELECT {COLUMNS}, uid FROM message WHERE account = ? AND absent_since IS NULL"
        ))?;
        let mut rows = rows.query([account])?;
        while let Some(row) = rows.next()? {
            present.uids.extend_from_slice(row.get_ref(8)?.as_blob()?);
            let record = Record::read(row, &unpublished, present.uids.len())?;
            present.rows.push(record);
        }
        Ok(present)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn uid(&self, at: usize) -> Option<&[u8]> {
        let start = at.checked_sub(1).map_or(0, |before| self.rows[before].end);
        Some(&self.uids[start..self.rows.get(at)?.end])
    }

    fn by_uid(&self) -> HashMap<&[u8], usize> {
        (0..self.rows.len())
            .filter_map(|at| Some((self.uid(at)?, at)))
            .collect()
    }
}

/// Holds a listing against the rows that the last one had, side by side as long as their order is the same, and looks up
/// only the uids that are not among them.
pub(super) fn compare(
    connection: &Connection,
    account: i64,
    present: &Present,
    listed: &[(&[u8], Octets)],
    doubted: &HashSet<&[u8]>,
) -> rusqlite::Result<Facts> {
    let mut facts = Facts::of_strangers(listed.len());
    let mut absent = Absent::of(connection, account)?;
    let mut inexact = Inexact::of(connection, account, listed)?;
    facts.are_inexact = !inexact.kinds.is_empty();
    let mut by_uid = None;
    let mut is_listed = vec![false; present.rows.len()];
    // Which row is expected, and how many have not been met.
    let (mut next, mut left) = (0, present.rows.len());
    for (at, &(uid, size)) in listed.iter().enumerate() {
        let is_doubted = !doubted.is_empty() && doubted.contains(uid);
        let met = match present.uid(next) {
            Some(expected) if expected == uid => Some(next),
            _ if left == 0 => None,
            _ => {
                let by_uid = by_uid.get_or_insert_with(|| present.by_uid());
                by_uid.get(uid).copied()
            }
        };
        if let Some(row) = met {
            left -= usize::from(!is_listed[row]);
            is_listed[row] = true;
            next = row + 1;
            facts.standings[at] = present.rows[row].standing(connection, size, is_doubted)?;
        } else if let Some(record) = absent.find(uid, &mut inexact)? {
            // Of several that it may stand for, it stands for none.
            let is_vague = record
                .likeness
                .is_some_and(|likeness| !inexact.is_meant(likeness, uid));
            if is_vague {
                facts.vague.push(MessageId(record.id));
            }
            let standing = record.standing(connection, size, is_doubted || is_vague)?;
            match standing {
                Standing::Known(known) if record.listed == ANY_SIZE => {
                    let (uid, listed) = (uid.into(), stored(size));
                    facts.met.insert(known.id, Met { uid, listed });
                }
                Standing::Known(known) => facts.returned.push(known.id),
                Standing::New | Standing::Doubtful { .. } => {}
            }
            facts.standings[at] = standing;
        }
    }
    for (at, row) in present.rows.iter().enumerate() {
        if let (false, Some(uid)) = (is_listed[at], present.uid(at)) {
            facts.gone.push((MessageId(row.id), uid.into()));
        }
    }
    Ok(facts)
}

/// The rows that the last listing did not have.
struct Absent<'c> {
    /// How to find one, and what is unpublished; `None` if there are none.
    query: Option<(CachedStatement<'c>, HashSet<i64>)>,
    account: i64,
}

impl<'c> Absent<'c> {
    fn of(connection: &'c Connection, account: i64) -> rusqlite::Result<Self> {
        let are_there: bool = connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM message
                 WHERE account = ? AND absent_since IS NOT NULL AND replaced IS NULL)",
            )?
            .query_row([account], |row| row.get(0))?;
        let find = format!(
            "SELECT {COLUMNS} FROM message
             WHERE account = ? AND uid = ? AND absent_since IS NOT NULL AND replaced IS NULL"
        );
        let query = || {
            Ok::<_, rusqlite::Error>((connection.prepare_cached(&find)?, unpublished(connection)?))
        };
        Ok(Self {
            query: are_there.then(query).transpose()?,
            account,
        })
    }

    /// The row that has this uid, or the one that stands for it alone.
    fn find(&mut self, uid: &[u8], inexact: &mut Inexact<'_>) -> rusqlite::Result<Option<Record>> {
        let Some((query, unpublished)) = &mut self.query else {
            return Ok(None);
        };
        let account = self.account;
        let mut row = |uid: &[u8]| {
            query
                .query_row(params![account, uid], |row| {
                    Record::read(row, unpublished, 0)
                })
                .optional()
        };
        if let Some(record) = row(uid)? {
            return Ok(Some(record));
        }
        for at in 0..inexact.kinds.len() {
            let likeness = inexact.kinds[at];
            let Some(alike) = likeness.of(uid).filter(|alike| alike.as_bytes() != uid) else {
                continue;
            };
            let record = row(alike.as_bytes())?.filter(|it| it.likeness == Some(likeness));
            if let Some(record) = record
                && inexact.is_meant(likeness, uid)
            {
                let origin = Origin::Guessed;
                return Ok(Some(Record { origin, ..record }));
            }
        }
        Ok(None)
    }
}

/// The messages that are not where they are to go.
fn unpublished(connection: &Connection) -> rusqlite::Result<HashSet<i64>> {
    connection
        .prepare_cached("SELECT message FROM delivery WHERE published IS NULL")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// The digest of what was delivered; none, if popfetch did not fetch it.
pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Digest>> {
    Ok(match row.get_ref(column)?.as_blob()? {
        [] => None,
        _ => Some(Digest(row.get(column)?)),
    })
}

/// A size as the database holds it: its integers are signed, and no message is that large.
pub(super) fn stored(size: Octets) -> i64 {
    i64::try_from(size.0).unwrap_or(i64::MAX)
}
