//! One maildrop's rows: what is known of its uids, and how that changes.
//!
//! It refuses to know what a file or a server is. Invariant: a message has a row from the moment it is safe here, and at
//! least one delivery; both come with the same transaction.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::error::Error;
use super::ledger::Ledger;
use crate::mail::{Digest, Octets, Uid};

/// One maildrop's rows.
#[derive(Debug)]
pub struct Account<'l> {
    ledger: &'l Ledger,
    id: i64,
    tag: String,
}

/// A message's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(i64);

/// What is on record of a listed uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its row.
    pub id: MessageId,
    /// When it was first seen on the server.
    pub first_seen: Timestamp,
    /// Whether it is where it was to go.
    pub published: bool,
}

/// A listing held against the record.
#[derive(Debug)]
pub struct Facts {
    /// For each uid asked about, in the same order: what is known of it.
    pub known: Vec<Option<Known>>,
    /// Those that were listed before and are not now.
    gone: Vec<MessageId>,
    /// Those that were not listed the last time and are now.
    returned: Vec<MessageId>,
}

impl Facts {
    /// The facts of so many messages of which nothing is known.
    #[must_use]
    pub fn of_strangers(listed: usize) -> Self {
        Self {
            known: vec![None; listed],
            gone: Vec::new(),
            returned: Vec::new(),
        }
    }
}

/// A staged message to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its uid on the server.
    pub uid: Uid,
    /// Its size as staged.
    pub size: Octets,
    /// The digest of the same octets.
    pub digest: Digest,
    /// The file's name at its destination.
    pub file: String,
}

/// A committed message that nobody saw published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpublished {
    /// Its row.
    pub id: MessageId,
    /// The address of its destination.
    pub destination: String,
    /// The file's name there.
    pub file: String,
    /// When it was committed.
    pub committed: Timestamp,
}

impl<'l> Account<'l> {
    pub(super) fn new(ledger: &'l Ledger, id: i64, tag: String) -> Self {
        Self { ledger, id, tag }
    }

    /// The mark of this account's staged files.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Holds a whole listing against the record; changes nothing.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn facts(&self, listed: &[&[u8]]) -> Result<Facts, Error> {
        self.read_facts(&self.ledger.connection(), listed)
            .map_err(|source| self.ledger.error(source))
    }

    /// Reads the rows that the last listing had in one pass, and looks up only the uids that are not among them: the
    /// cost depends on the maildrop, not on what was ever fetched.
    fn read_facts(&self, connection: &Connection, listed: &[&[u8]]) -> rusqlite::Result<Facts> {
        let unpublished: HashSet<i64> = connection
            .prepare_cached("SELECT message FROM delivery WHERE published IS NULL")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let known = |row: &Row<'_>| -> rusqlite::Result<Known> {
            let id = row.get(0)?;
            Ok(Known {
                id: MessageId(id),
                first_seen: time(row.get(1)?),
                published: !unpublished.contains(&id),
            })
        };
        let mut facts = Facts::of_strangers(listed.len());
        let positions: HashMap<&[u8], usize> = listed
            .iter()
            .enumerate()
            .map(|(at, uid)| (*uid, at))
            .collect();
        let mut present = connection.prepare_cached(
            "SELECT id, first_seen, uid FROM message WHERE account = ? AND absent_since IS NULL",
        )?;
        let mut rows = present.query([self.id])?;
        while let Some(row) = rows.next()? {
            match positions.get(row.get_ref(2)?.as_blob()?) {
                Some(at) => facts.known[*at] = Some(known(row)?),
                None => facts.gone.push(MessageId(row.get(0)?)),
            }
        }
        let mut absent = connection
            .prepare_cached("SELECT id, first_seen FROM message WHERE account = ? AND uid = ?")?;
        for (at, uid) in listed.iter().enumerate() {
            if facts.known[at].is_none() {
                facts.known[at] = absent.query_row(params![self.id, uid], known).optional()?;
                facts.returned.extend(facts.known[at].map(|known| known.id));
            }
        }
        Ok(facts)
    }

    /// Records what a listing changed: a uid that is gone is absent from now, and deleted if that was asked for.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn settle(&self, facts: &Facts, now: Timestamp) -> Result<(), Error> {
        if facts.gone.is_empty() && facts.returned.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            let mut gone = transaction.prepare_cached(
                "UPDATE message SET absent_since = ?1, deleted = iif(delete_sent IS NULL, NULL, ?1) WHERE id = ?2",
            )?;
            for id in &facts.gone {
                gone.execute(params![now.as_second(), id.0])?;
            }
            let mut returned = transaction
                .prepare_cached("UPDATE message SET absent_since = NULL, deleted = NULL WHERE id = ?")?;
            for id in &facts.returned {
                returned.execute([id.0])?;
            }
            Ok(())
        })
    }

    /// Makes a batch known: these uids are here, in these files, which are durable. With the same transaction those in
    /// `published` are said to be published.
    ///
    /// # Errors
    /// The database cannot be written; then nothing of the batch is known.
    pub fn commit(
        &self,
        arrivals: &[Arrival],
        destination: &str,
        published: &[MessageId],
        now: Timestamp,
    ) -> Result<Vec<MessageId>, Error> {
        let now = now.as_second();
        self.ledger.write(|transaction| {
            mark_published(transaction, published, now)?;
            transaction.execute(
                "INSERT INTO destination (address) VALUES (?) ON CONFLICT DO NOTHING",
                [destination],
            )?;
            let destination: i64 = transaction.query_row(
                "SELECT id FROM destination WHERE address = ?",
                [destination],
                |row| row.get(0),
            )?;
            let mut message = transaction.prepare_cached(
                "INSERT INTO message (account, uid, first_seen, size, sha256) VALUES (?, ?, ?, ?, ?)",
            )?;
            let mut delivery = transaction.prepare_cached(
                "INSERT INTO delivery (message, destination, file, committed) VALUES (?, ?, ?, ?)",
            )?;
            arrivals
                .iter()
                .map(|arrival| {
                    // SQLite's integers are signed; no file is that large.
                    let size = i64::try_from(arrival.size.0).unwrap_or(i64::MAX);
                    let uid = arrival.uid.as_bytes();
                    let id = message.insert(params![self.id, uid, now, size, arrival.digest.0])?;
                    delivery.execute(params![id, destination, arrival.file, now])?;
                    Ok(MessageId(id))
                })
                .collect()
        })
    }

    /// Says that these are where they were to go, durably.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn publish(&self, ids: &[MessageId], now: Timestamp) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ledger
            .write(|transaction| mark_published(transaction, ids, now.as_second()))
    }

    /// What an interrupted run committed and did not see published.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn unpublished(&self) -> Result<Vec<Unpublished>, Error> {
        let read = |connection: &Connection| -> rusqlite::Result<Vec<Unpublished>> {
            connection
                .prepare_cached(
                    "SELECT message.id, address, file, committed FROM delivery
                     JOIN message ON message.id = delivery.message
                     JOIN destination ON destination.id = delivery.destination
                     WHERE published IS NULL AND account = ? ORDER BY message.id",
                )?
                .query_map([self.id], |row| {
                    Ok(Unpublished {
                        id: MessageId(row.get(0)?),
                        destination: row.get(1)?,
                        file: row.get(2)?,
                        committed: time(row.get(3)?),
                    })
                })?
                .collect()
        };
        read(&self.ledger.connection()).map_err(|source| self.ledger.error(source))
    }

    /// Forgets messages whose staged file was lost, so that they are fetched again.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn forget(&self, ids: &[MessageId]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            let mut forget = transaction.prepare_cached("DELETE FROM message WHERE id = ?")?;
            ids.iter()
                .try_for_each(|id| forget.execute([id.0]).map(drop))
        })
    }

    /// Records that the server accepted DELE for these.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn delete_sent(&self, ids: &[MessageId], now: Timestamp) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            let mut sent =
                transaction.prepare_cached("UPDATE message SET delete_sent = ? WHERE id = ?")?;
            ids.iter()
                .try_for_each(|id| sent.execute(params![now.as_second(), id.0]).map(drop))
        })
    }
}

fn mark_published(
    transaction: &Transaction<'_>,
    ids: &[MessageId],
    now: i64,
) -> rusqlite::Result<()> {
    let mut publish =
        transaction.prepare_cached("UPDATE delivery SET published = ? WHERE message = ?")?;
    ids.iter()
        .try_for_each(|id| publish.execute(params![now, id.0]).map(drop))
}

/// A time on record; one that is out of range, as only a damaged row has, is never long ago enough to delete.
fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
