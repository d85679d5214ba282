//! What is owed to the destinations: what was committed and not yet published, and how often that was tried.
//!
//! It refuses to know how a message reaches a destination. Invariant: a delivery is published once; until then its
//! message is not said to be published.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Row, Transaction, params};

use super::account::{Account, DestinationId, MessageId, time};
use super::error::Error;
use super::facts::stored;
use crate::mail::{Digest, Octets, Uid};

/// A message on its way to one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryId {
    /// The message.
    pub message: MessageId,
    /// The destination.
    pub destination: DestinationId,
}

/// A delivery that nobody saw published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Its row.
    pub id: DeliveryId,
    /// The message's uid.
    pub uid: Uid,
    /// The address of its destination.
    pub destination: String,
    /// The name of its file in a Maildir; the spool has it under the unique part of that.
    pub file: String,
    /// The message's size as staged.
    pub size: Octets,
    /// The digest of the same octets.
    pub digest: Digest,
    /// When it was committed.
    pub committed: Timestamp,
    /// Whether the staged file is in the spool, and not hidden at the destination.
    pub spooled: bool,
    /// Publishing from the spool was begun; then an mbox was so long.
    pub begun: Option<Octets>,
    /// How often it was refused.
    pub tries: u32,
    /// When it may be tried again.
    pub due: Option<Timestamp>,
    /// Why it waits.
    pub reason: Option<String>,
}

/// A message in a Maildir, as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Its delivery.
    pub id: DeliveryId,
    /// The address of the Maildir.
    pub destination: String,
    /// The name of its file.
    pub file: String,
    /// Its size.
    pub size: Octets,
    /// The digest of its content.
    pub digest: Digest,
}

impl Account<'_> {
    /// What is not published, in the order in which it came.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn owed(&self) -> Result<Vec<Owed>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT message.id, destination.id, uid, address, file, size, sha256, committed, spooled, begun,
                        tries, due, reason FROM delivery
                     JOIN message ON message.id = delivery.message
                     JOIN destination ON destination.id = delivery.destination
                     WHERE published IS NULL AND account = ? ORDER BY message.id",
                )?
                .query_map([self.id], owed)?
                .collect()
        })
    }

    /// Says that publishing these is begun, at an mbox of this length.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn begin(&self, ids: &[DeliveryId], length: Octets) -> Result<(), Error> {
        self.ledger.write(|transaction| {
            let mut begin = transaction.prepare_cached(
                "UPDATE delivery SET begun = ? WHERE message = ? AND destination = ?",
            )?;
            ids.iter().try_for_each(|id| {
                let (message, destination) = (id.message.0, id.destination.0);
                begin
                    .execute(params![stored(length), message, destination])
                    .map(drop)
            })
        })
    }

    /// Says that these are where they were to go, durably.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn publish(&self, ids: &[DeliveryId], now: Timestamp) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ledger
            .write(|transaction| mark_published(transaction, ids, now.as_second()))
    }

    /// The same, for what the next run would find there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn note_published(&self, ids: &[DeliveryId], now: Timestamp) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ledger
            .note(|transaction| mark_published(transaction, ids, now.as_second()))
    }

    /// Says what became of deliveries that were begun: these are published, and those have yet to begin.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn resume(
        &self,
        published: &[DeliveryId],
        not_begun: &[DeliveryId],
        now: Timestamp,
    ) -> Result<(), Error> {
        if published.is_empty() && not_begun.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            mark_published(transaction, published, now.as_second())?;
            let mut resume = transaction.prepare_cached(
                "UPDATE delivery SET begun = NULL WHERE message = ? AND destination = ?",
            )?;
            not_begun
                .iter()
                .try_for_each(|id| resume.execute([id.message.0, id.destination.0]).map(drop))
        })
    }

    /// Says that this one waits, for this reason; `refused` until `due`, if the destination will not have it.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn put_off(
        &self,
        id: DeliveryId,
        reason: &str,
        refused: Option<Timestamp>,
    ) -> Result<(), Error> {
        self.ledger.write(|transaction| {
            transaction
                .execute(
                    "UPDATE delivery SET reason = ?1, due = ?2, tries = tries + (?2 IS NOT NULL)
                     WHERE message = ?3 AND destination = ?4",
                    params![
                        reason,
                        refused.map(Timestamp::as_second),
                        id.message.0,
                        id.destination.0
                    ],
                )
                .map(drop)
        })
    }

    /// Says that the place of these was found to be gone: what is not there later may never have been published.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn miss(&self, ids: &[DeliveryId]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            let mut miss = transaction.prepare_cached(
                "UPDATE delivery SET reason = 'its Maildir was gone' WHERE message = ? AND destination = ?",
            )?;
            ids.iter()
                .try_for_each(|id| miss.execute([id.message.0, id.destination.0]).map(drop))
        })
    }

    /// Sends what is owed to destinations that are not configured any more to the first of these that neither has it
    /// nor is owed it. Where all have or are, it is owed to nobody else.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn readdress(&self, owed: &[(DeliveryId, Vec<DestinationId>)]) -> Result<(), Error> {
        if owed.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            let mut readdress = transaction.prepare_cached(
                "UPDATE OR IGNORE delivery SET destination = ?1, begun = NULL, tries = 0, due = NULL, reason = NULL
                 WHERE message = ?2 AND destination = ?3",
            )?;
            let mut remove = transaction
                .prepare_cached("DELETE FROM delivery WHERE message = ?1 AND destination = ?2")?;
            for (id, candidates) in owed {
                let (message, former) = (id.message.0, id.destination.0);
                let mut is_readdressed = false;
                for candidate in candidates {
                    is_readdressed = readdress.execute([candidate.0, message, former])? > 0;
                    if is_readdressed {
                        break;
                    }
                }
                if !is_readdressed {
                    remove.execute([message, former])?;
                }
            }
            Ok(())
        })
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

    /// Gives up deliveries whose staged file was lost. A message that is nowhere is forgotten, so that it is fetched
    /// again.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn write_off(&self, ids: &[DeliveryId]) -> Result<(), Error> {
        self.ledger.write(|transaction| {
            let mut write_off = transaction
                .prepare_cached("DELETE FROM delivery WHERE message = ? AND destination = ?")?;
            for id in ids {
                write_off.execute([id.message.0, id.destination.0])?;
            }
            let mut forget = transaction.prepare_cached(
                "DELETE FROM message WHERE id = ? AND id NOT IN (SELECT message FROM delivery)",
            )?;
            ids.iter()
                .try_for_each(|id| forget.execute([id.message.0]).map(drop))
        })
    }

    /// What is published in Maildirs and was on the server when it was listed last.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn filed(&self) -> Result<Vec<Filed>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT message.id, destination.id, address, file, size, sha256 FROM message
                     JOIN delivery ON delivery.message = message.id
                     JOIN destination ON destination.id = delivery.destination
                     WHERE account = ? AND absent_since IS NULL AND published IS NOT NULL
                     AND address LIKE 'maildir:%'",
                )?
                .query_map([self.id], |row| {
                    Ok(Filed {
                        id: delivery_id(row)?,
                        destination: row.get(2)?,
                        file: row.get(3)?,
                        size: octets(row.get(4)?),
                        digest: Digest(row.get(5)?),
                    })
                })?
                .collect()
        })
    }

    /// Records that these messages' files have other names now.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn refile(&self, names: &HashMap<DeliveryId, String>) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        self.ledger.write(|transaction| {
            let mut refile = transaction.prepare_cached(
                "UPDATE delivery SET file = ? WHERE message = ? AND destination = ?",
            )?;
            names.iter().try_for_each(|(id, file)| {
                refile
                    .execute(params![file, id.message.0, id.destination.0])
                    .map(drop)
            })
        })
    }
}

fn owed(row: &Row<'_>) -> rusqlite::Result<Owed> {
    let uid: Vec<u8> = row.get(2)?;
    Ok(Owed {
        id: delivery_id(row)?,
        uid: Uid::new(&uid).ok_or(rusqlite::Error::InvalidQuery)?,
        destination: row.get(3)?,
        file: row.get(4)?,
        size: octets(row.get(5)?),
        digest: Digest(row.get(6)?),
        committed: time(row.get(7)?),
        spooled: row.get(8)?,
        begun: row.get::<_, Option<i64>>(9)?.map(octets),
        tries: row.get(10)?,
        due: row.get::<_, Option<i64>>(11)?.map(time),
        reason: row.get(12)?,
    })
}

fn delivery_id(row: &Row<'_>) -> rusqlite::Result<DeliveryId> {
    Ok(DeliveryId {
        message: MessageId(row.get(0)?),
        destination: DestinationId(row.get(1)?),
    })
}

pub(super) fn octets(stored: i64) -> Octets {
    Octets(stored.try_into().unwrap_or(0))
}

pub(super) fn mark_published(
    transaction: &Transaction<'_>,
    ids: &[DeliveryId],
    now: i64,
) -> rusqlite::Result<()> {
    let mut publish = transaction.prepare_cached(
        "UPDATE delivery SET published = ?, due = NULL, reason = NULL WHERE message = ? AND destination = ?",
    )?;
    ids.iter().try_for_each(|id| {
        publish
            .execute(params![now, id.message.0, id.destination.0])
            .map(drop)
    })
}
