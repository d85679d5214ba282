//! One maildrop's rows: what is known of its uids, and how that changes.
//!
//! It refuses to know what a file or a server is. Invariant: a message has a row from the moment it is safe here, and at
//! least one delivery, unless another program has it; both come with the same transaction.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::bulk;
use super::deliveries::{self, DeliveryId};
use super::elsewhere;
use super::error::Error;
use super::facts::{Facts, stored};
use super::history::Heading;
use super::ledger::Ledger;
use crate::mail::{Digest, Octets, Uid};

/// A uid that was absent for so long is forgotten: servers lose a listing for a day, and list what a person restores, but
/// a uid may be given to another message in the end.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What has been absent from an account since before some time.
const LONG_ABSENT: &str =
    "account = ?1 AND absent_since IS NOT NULL AND absent_since < ?2 AND replaced IS NULL";

/// What was asked for and did not arrive has arrived.
pub(super) const MEND: &str = "DELETE FROM stumble WHERE account = ? AND uid = ?";

/// One maildrop's rows.
#[derive(Debug)]
pub struct Account<'l> {
    pub(super) ledger: &'l Ledger,
    pub(super) id: i64,
    tag: String,
}

/// A message's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(pub(super) i64);

/// A destination's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DestinationId(pub(super) i64);

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
    /// The name of its file in a Maildir.
    pub file: String,
    /// When it was first seen on the server.
    pub first_seen: Timestamp,
    /// The row that had the uid before.
    pub replaces: Option<MessageId>,
    /// It was everywhere already, as `file`, before anything was on record: it is delivered nowhere.
    pub found: bool,
    /// Where it was already, if not everywhere.
    pub had: Vec<DestinationId>,
    /// What its header says.
    pub heading: Heading,
}

/// A message on the server that proved to be one on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Its row.
    pub id: MessageId,
    /// Its uid now.
    pub uid: Uid,
    /// Its size as the server lists it now.
    pub listed: Octets,
}

/// How the messages of a batch reach their destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where they go.
    pub destinations: Vec<DestinationId>,
    /// Whether they wait in the spool, and not hidden at the destination itself.
    pub spooled: bool,
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

    /// Records what a listing changed: a uid that is gone is absent from now, and deleted if that was asked for; one
    /// that has been absent for long is forgotten.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn settle(&self, facts: &Facts, now: Timestamp) -> Result<(), Error> {
        let now = now.as_second();
        let long_ago = now - MEMORY.as_secs().cast_signed();
        let is_long_absent = |connection: &Connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT EXISTS (SELECT 1 FROM message WHERE {LONG_ABSENT})"
                ))?
                .query_row(params![self.id, long_ago], |row| row.get(0))
        };
        if facts.gone.is_empty()
            && facts.returned.is_empty()
            && facts.met.is_empty()
            && !facts.are_inexact
            && !self.read(is_long_absent)?
        {
            return Ok(());
        }
        self.ledger.note(|transaction| {
            let mut returned = transaction
                .prepare_cached("UPDATE message SET absent_since = NULL WHERE id = ?")?;
            for id in &facts.returned {
                returned.execute([id.0])?;
            }
            elsewhere::meet(transaction, self.id, facts, now)?;
            // What is just found to be back was never absent for long.
            let values = (self.id, long_ago, now);
            bulk::change(transaction, "replaced = ?3", LONG_ABSENT, values)?;
            let mut gone = transaction.prepare_cached(
                "UPDATE message SET absent_since = ?1, deleted = iif(delete_sent IS NULL, NULL, ?1) WHERE id = ?2",
            )?;
            for (id, _) in &facts.gone {
                gone.execute(params![now, id.0])?;
            }
            Ok(())
        })
    }

    /// The row of the destination with this address; made if it is missing.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn destination(&self, address: &str) -> Result<DestinationId, Error> {
        const FIND: &str = "SELECT id FROM destination WHERE address = ?";
        let find = |connection: &Connection| {
            connection
                .query_row(FIND, [address], |row| row.get(0).map(DestinationId))
                .optional()
        };
        if let Some(id) = self.read(find)? {
            return Ok(id);
        }
        self.ledger.note(|transaction| {
            transaction.execute(
                "INSERT INTO destination (address) VALUES (?) ON CONFLICT DO NOTHING",
                [address],
            )?;
            transaction.query_row(FIND, [address], |row| row.get(0).map(DestinationId))
        })
    }

    /// Makes a batch known: these uids are here, staged and durable, on this route; those prove to be on record. With
    /// the same transaction the deliveries in `published` are said to be published.
    ///
    /// # Errors
    /// The database cannot be written; then nothing of the batch is known.
    pub fn commit(
        &self,
        arrivals: &[Arrival],
        route: &Route,
        recognised: &[Recognised],
        published: &[DeliveryId],
        now: Timestamp,
    ) -> Result<Vec<MessageId>, Error> {
        let now = now.as_second();
        self.ledger.write(|transaction| {
            deliveries::mark_published(transaction, published, now)?;
            self.recognise(transaction, recognised, now)?;
            let mut replace = transaction.prepare_cached(
                "UPDATE message SET replaced = ?1, absent_since = ifnull(absent_since, ?1) WHERE id = ?2 AND uid = ?3",
            )?;
            let mut message = transaction.prepare_cached(
                "INSERT INTO message (account, uid, first_seen, listed, size, sha256, message_id, sender, subject)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            let mut delivery = transaction.prepare_cached(
                "INSERT INTO delivery (message, destination, file, committed, published, spooled) VALUES (?, ?, ?, ?, ?, ?)",
            )?;
            let mut mended = transaction.prepare_cached(MEND)?;
            let mut record = |arrival: &Arrival| {
                if let Some(id) = arrival.replaces {
                    // Unless it proved to have another uid now.
                    replace.execute(params![now, id.0, arrival.uid.as_bytes()])?;
                }
                let (listed, size) = (stored(arrival.listed), stored(arrival.size));
                let (uid, digest) = (arrival.uid.as_bytes(), arrival.digest.0);
                let first_seen = arrival.first_seen.as_second();
                let Heading {
                    message_id,
                    sender,
                    subject,
                } = &arrival.heading;
                let id = message.insert(params![
                    self.id, uid, first_seen, listed, size, digest, message_id, sender, subject
                ])?;
                for destination in &route.destinations {
                    let is_there = arrival.found || arrival.had.contains(destination);
                    let published = is_there.then_some(now);
                    delivery.execute(params![
                        id,
                        destination.0,
                        arrival.file,
                        now,
                        published,
                        route.spooled && !is_there
                    ])?;
                }
                mended.execute(params![self.id, uid])?;
                Ok(MessageId(id))
            };
            arrivals.iter().map(&mut record).collect()
        })
    }

    /// Says that these uids stand for messages on record.
    fn recognise(
        &self,
        transaction: &Transaction<'_>,
        recognised: &[Recognised],
        now: i64,
    ) -> rusqlite::Result<()> {
        // Messages may have exchanged their uids: the one that has this uid vanishes, under one that no server can list,
        // until it is recognised.
        let mut free = transaction.prepare_cached(
            "UPDATE message SET uid = CAST(x'0d0a' || id AS BLOB), absent_since = ifnull(absent_since, ?)
             WHERE account = ? AND uid = ? AND replaced IS NULL AND id != ?",
        )?;
        let mut recognise = transaction.prepare_cached(
            "UPDATE message SET uid = ?1, listed = ?2, absent_since = NULL, replaced = NULL, delete_sent = NULL,
                deleted = NULL, kept = kept + (delete_accepted IS NOT NULL), delete_accepted = NULL WHERE id = ?3",
        )?;
        let mut mended = transaction.prepare_cached(MEND)?;
        recognised.iter().try_for_each(|message| {
            let uid = message.uid.as_bytes();
            free.execute(params![now, self.id, uid, message.id.0])?;
            recognise.execute(params![uid, stored(message.listed), message.id.0])?;
            mended.execute(params![self.id, uid]).map(drop)
        })
    }

    /// Whether mail of this account may be here of which nothing is on record, since the state was lost.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_rebuilding(&self) -> Result<bool, Error> {
        self.is_marked("rebuilding")
    }

    /// Says whether it may.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_rebuilding(&self, since: Option<Timestamp>) -> Result<(), Error> {
        self.mark("rebuilding", since)
    }

    /// Whether mail has left the Maildirs here and nobody has approved of deleting it from the server.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_departed(&self) -> Result<bool, Error> {
        self.is_marked("departed")
    }

    /// Says since when that is so.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_departed(&self, since: Option<Timestamp>) -> Result<(), Error> {
        self.mark("departed", since)
    }

    /// Records that the server tells no uids; says whether that was not known before.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn lacks_uidl(&self, now: Timestamp) -> Result<bool, Error> {
        if self.is_marked("without_uidl")? {
            return Ok(false);
        }
        self.mark("without_uidl", Some(now))?;
        Ok(true)
    }

    /// Whether this column of the account's own row has a time.
    pub(super) fn is_marked(&self, column: &str) -> Result<bool, Error> {
        let query = format!("SELECT {column} IS NOT NULL FROM account WHERE id = ?");
        self.read(|connection| connection.query_row(&query, [self.id], |row| row.get(0)))
    }

    fn mark(&self, column: &str, since: Option<Timestamp>) -> Result<(), Error> {
        let since = since.map(Timestamp::as_second);
        let update = format!("UPDATE account SET {column} = ? WHERE id = ?");
        self.ledger.note(|transaction| {
            transaction
                .execute(&update, params![since, self.id])
                .map(drop)
        })
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        work(&self.ledger.connection()).map_err(|source| self.ledger.error(source))
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

/// A time on record; one that is out of range, as only a damaged row has, is never long ago enough to delete.
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
