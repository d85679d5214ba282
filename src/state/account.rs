//! One maildrop's rows: what is known of its uids, and how that changes.
//!
//! It refuses to know what a file or a server is. Invariant: a message has a row from the moment it is safe here, and at
//! least one delivery; both come with the same transaction.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::error::Error;
use super::facts::{self, Facts, stored};
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
pub struct MessageId(pub(super) i64);

/// A staged message to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its uid on the server.
    pub uid: Uid,
    /// Its size as the server lists it.
    pub listed: Octets,
    /// Its size as staged.
    pub size: Octets,
    /// The digest of the same octets.
    pub digest: Digest,
    /// The file's name at its destination.
    pub file: String,
    /// The row that had the uid for another message.
    pub replaces: Option<MessageId>,
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

    /// Holds a whole listing, uids and sizes, against the record; changes nothing.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn facts(&self, listed: &[(&[u8], Octets)]) -> Result<Facts, Error> {
        self.read(|connection| facts::read(connection, self.id, listed))
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
                .prepare_cached("UPDATE message SET absent_since = NULL WHERE id = ?")?;
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
            let mut replace = transaction.prepare_cached(
                "UPDATE message SET replaced = ?1, absent_since = ifnull(absent_since, ?1) WHERE id = ?2",
            )?;
            let mut message = transaction.prepare_cached(
                "INSERT INTO message (account, uid, first_seen, listed, size, sha256) VALUES (?, ?, ?, ?, ?, ?)",
            )?;
            let mut delivery = transaction.prepare_cached(
                "INSERT INTO delivery (message, destination, file, committed) VALUES (?, ?, ?, ?)",
            )?;
            let mut mended =
                transaction.prepare_cached("DELETE FROM stumble WHERE account = ? AND uid = ?")?;
            let mut record = |arrival: &Arrival| {
                if let Some(id) = arrival.replaces {
                    replace.execute(params![now, id.0])?;
                }
                let (listed, size) = (stored(arrival.listed), stored(arrival.size));
                let (uid, digest) = (arrival.uid.as_bytes(), arrival.digest.0);
                let id = message.insert(params![self.id, uid, now, listed, size, digest])?;
                delivery.execute(params![id, destination, arrival.file, now])?;
                mended.execute(params![self.id, uid])?;
                Ok(MessageId(id))
            };
            arrivals.iter().map(&mut record).collect()
        })
    }

    /// Says that these uids, of which there was doubt, still stand for the message on record, which has this size on
    /// the server.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn confirm(&self, confirmed: &[(MessageId, Octets)]) -> Result<(), Error> {
        if confirmed.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            let mut confirm = transaction.prepare_cached(
                "UPDATE message SET listed = ?1, absent_since = NULL, delete_sent = NULL, deleted = NULL,
                    kept = kept + (delete_accepted IS NOT NULL), delete_accepted = NULL WHERE id = ?2",
            )?;
            let mut mended = transaction.prepare_cached(
                "DELETE FROM stumble WHERE (account, uid) = (SELECT account, uid FROM message WHERE id = ?)",
            )?;
            confirmed.iter().try_for_each(|(id, size)| {
                confirm.execute(params![stored(*size), id.0])?;
                mended.execute([id.0]).map(drop)
            })
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
        self.read(|connection| {
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
        })
    }

    /// Records that this uid was asked for and did not arrive.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn stumble(&self, uid: &Uid) -> Result<(), Error> {
        self.ledger.write(|transaction| {
            transaction
                .execute(
                    "INSERT INTO stumble (account, uid, times) VALUES (?, ?, 1)
                     ON CONFLICT DO UPDATE SET times = times + 1",
                    params![self.id, uid.as_bytes()],
                )
                .map(drop)
        })
    }

    /// The uids that were asked for and did not arrive, and how often.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stumbles(&self) -> Result<HashMap<Vec<u8>, u32>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT uid, times FROM stumble WHERE account = ?")?
                .query_map([self.id], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    /// Tells the names of all files that were ever committed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn each_file(&self, mut each: impl FnMut(&str)) -> Result<(), Error> {
        self.read(|connection| {
            let mut files = connection.prepare_cached(
                "SELECT file FROM delivery JOIN message ON message.id = delivery.message
                 WHERE account = ?",
            )?;
            let mut rows = files.query([self.id])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_str()?);
            }
            Ok(())
        })
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        work(&self.ledger.connection()).map_err(|source| self.ledger.error(source))
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
        self.stamp("UPDATE message SET delete_sent = ? WHERE id = ?", ids, now)
    }

    /// Records that the server accepted QUIT after that: from now on the uids may be other messages'.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn delete_accepted(&self, ids: &[MessageId], now: Timestamp) -> Result<(), Error> {
        self.stamp(
            "UPDATE message SET delete_accepted = ? WHERE id = ?",
            ids,
            now,
        )
    }

    fn stamp(&self, statement: &str, ids: &[MessageId], now: Timestamp) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            let mut statement = transaction.prepare_cached(statement)?;
            ids.iter()
                .try_for_each(|id| statement.execute(params![now.as_second(), id.0]).map(drop))
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
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
