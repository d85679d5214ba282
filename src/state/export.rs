//! Gives away all that is on record of messages, and takes it back, so that nobody is locked in.
//!
//! It refuses to know in which form. Invariants: what is exported says of each message what a run goes by; what is
//! restored never takes the place of what is on record; a message that was not everywhere when it was exported is not
//! restored, because the file it waited in is not here: it is fetched again.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, params};

use super::account::{Account, time};
use super::deliveries::octets;
use super::elsewhere::ANY_SIZE;
use super::error::Error;
use super::facts::{digest, stored};
use super::history::Heading;
use super::ledger::Ledger;
use super::likeness::Likeness;
use crate::mail::{Digest, Octets, Uid};

/// A message, as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Its uid.
    pub uid: Uid,
    /// When it was first seen on the server.
    pub first_seen: Timestamp,
    /// Its size as the server lists it, where that is known.
    pub listed: Option<Octets>,
    /// Size and digest of what was delivered; nothing, if popfetch did not fetch it.
    pub content: Option<(Octets, Digest)>,
    /// Who has it, if popfetch did not fetch it.
    pub source: Option<String>,
    /// How its uid is like the server's.
    pub likeness: Likeness,
    /// Whether that program was to delete it from the server.
    pub asked: bool,
    /// What its header says.
    pub heading: Heading,
    /// Since when the server does not list it.
    pub absent_since: Option<Timestamp>,
    /// When the server was told to delete it.
    pub delete_sent: Option<Timestamp>,
    /// When it accepted that.
    pub delete_accepted: Option<Timestamp>,
    /// When it was found to have done it.
    pub deleted: Option<Timestamp>,
    /// When its uid was found to be another message's, or it was forgotten.
    pub replaced: Option<Timestamp>,
    /// Where it went.
    pub copies: Vec<Copied>,
}

/// A message at a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The address of the destination.
    pub address: String,
    /// The name of its file in a Maildir.
    pub file: String,
    /// When it was committed.
    pub committed: Timestamp,
    /// When it arrived there; it waits, where there is nothing.
    pub published: Option<Timestamp>,
}

impl Exported {
    /// Whether it has yet to arrive somewhere.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.copies.iter().any(|copy| copy.published.is_none())
    }
}

/// What came of restoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// So many messages are on record now that were not.
    pub new: usize,
    /// So many were on record already.
    pub known: usize,
    /// So many had yet to arrive somewhere, and are fetched again.
    pub waiting: usize,
}

const MESSAGES: &str =
    "SELECT id, uid, first_seen, listed, size, sha256, source, asked, message_id, sender, subject,
        absent_since, delete_sent, delete_accepted, deleted, replaced, likeness
    FROM message WHERE account = ? AND substr(uid, 1, 2) != x'0d0a' ORDER BY id";

const COPIES: &str = "SELECT address, file, committed, published FROM delivery
    JOIN destination ON destination.id = delivery.destination WHERE message = ?";

impl Ledger {
    /// The servers and users of all maildrops on record.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn maildrops(&self) -> Result<Vec<(String, String)>, Error> {
        let read = |connection: &Connection| -> rusqlite::Result<Vec<(String, String)>> {
            connection
                .prepare("SELECT server, user FROM account ORDER BY server, user")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        read(&self.connection()).map_err(|source| self.error(source))
    }
}

impl Account<'_> {
    /// Tells each message on record, in the order in which they came.
    ///
    /// # Errors
    /// The database cannot be read, or what `each` says.
    pub fn export<E: From<Error>>(
        &self,
        mut each: impl FnMut(Exported) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut last = None;
        let mut read = || {
            self.read(|connection| {
                let mut messages = connection.prepare_cached(MESSAGES)?;
                let mut copies = connection.prepare_cached(COPIES)?;
                let mut rows = messages.query([self.id])?;
                while let Some(row) = rows.next()? {
                    let places = copies.query_map([row.get::<_, i64>(0)?], copied)?;
                    let exported = exported(row, places.collect::<rusqlite::Result<_>>()?)?;
                    if let Err(error) = each(exported) {
                        last = Some(error);
                        break;
                    }
                }
                Ok(())
            })
        };
        read()?;
        last.map_or(Ok(()), Err)
    }

    /// Puts messages on record that were exported. The caller holds the account's [`Lock`](super::Lock).
    ///
    /// # Errors
    /// The database cannot be written; then nothing of it is on record.
    pub fn restore(&self, messages: &[Exported], now: Timestamp) -> Result<Restored, Error> {
        self.ledger.write(|transaction| {
            let mut restored = Restored::default();
            let mut former = former(transaction, self.id)?;
            for message in messages {
                if message.waits() {
                    restored.waiting += 1;
                } else if restore(transaction, self.id, message, &mut former, now)? {
                    restored.new += 1;
                } else {
                    restored.known += 1;
                }
            }
            Ok(restored)
        })
    }
}

fn exported(row: &Row<'_>, copies: Vec<Copied>) -> rusqlite::Result<Exported> {
    let uid: Vec<u8> = row.get(1)?;
    let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(time));
    let size = octets(row.get(4)?);
    Ok(Exported {
        uid: Uid::new(&uid).ok_or(rusqlite::Error::InvalidQuery)?,
        first_seen: time(row.get(2)?),
        // Below zero are those whose size is not known.
        listed: u64::try_from(row.get::<_, i64>(3)?).ok().map(Octets),
        content: digest(row, 5)?.map(|digest| (size, digest)),
        source: row.get(6)?,
        likeness: Likeness::read(row, 16)?.unwrap_or(Likeness::Same),
        asked: row.get::<_, Option<i64>>(7)?.is_some(),
        heading: Heading {
            message_id: row.get(8)?,
            sender: row.get(9)?,
            subject: row.get(10)?,
        },
        absent_since: at(11)?,
        delete_sent: at(12)?,
        delete_accepted: at(13)?,
        deleted: at(14)?,
        replaced: at(15)?,
        copies,
    })
}

fn copied(row: &Row<'_>) -> rusqlite::Result<Copied> {
    Ok(Copied {
        address: row.get(0)?,
        file: row.get(1)?,
        committed: time(row.get(2)?),
        published: row.get::<_, Option<i64>>(3)?.map(time),
    })
}

/// The messages whose uids are others' now: uid, when they were first seen, content.
type Former = HashSet<(Vec<u8>, i64, Vec<u8>)>;

fn former(transaction: &Transaction<'_>, account: i64) -> rusqlite::Result<Former> {
    transaction
        .prepare_cached(
            "SELECT uid, first_seen, sha256 FROM message WHERE account = ? AND replaced IS NOT NULL",
        )?
        .query_map([account], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// Says whether the message was not on record before.
fn restore(
    transaction: &Transaction<'_>,
    account: i64,
    message: &Exported,
    former: &mut Former,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let at = |time: Option<Timestamp>| time.map(Timestamp::as_second);
    let uid = message.uid.as_bytes();
    let first_seen = message.first_seen.as_second();
    let (size, digest) = message
        .content
        .map_or((Octets(0), Vec::new()), |(size, digest)| {
            (size, digest.0.to_vec())
        });
    // Of what has no digest only the uid speaks; of what has one, the content, where the size is not known.
    let unknown = if message.content.is_some() {
        -1
    } else {
        ANY_SIZE
    };
    // It waits for its first listing.
    let is_unlisted = message.listed.is_none() && message.content.is_none();
    let absent_since = message.absent_since.or(is_unlisted.then_some(now));
    let is_former = message.replaced.is_some();
    if is_former && !former.insert((uid.to_vec(), first_seen, digest.clone())) {
        return Ok(false);
    }
    let inserted = transaction
        .prepare_cached(
            "INSERT INTO message (account, uid, first_seen, listed, size, sha256, source, likeness, asked, message_id,
                sender, subject, absent_since, delete_sent, delete_accepted, deleted, replaced)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            account,
            uid,
            first_seen,
            message.listed.map_or(unknown, stored),
            stored(size),
            digest,
            message.source,
            message.likeness.name(),
            message.asked.then_some(first_seen),
            message.heading.message_id,
            message.heading.sender,
            message.heading.subject,
            at(absent_since),
            at(message.delete_sent),
            at(message.delete_accepted),
            at(message.deleted),
            at(message.replaced),
        ])?;
    if inserted == 0 {
        return Ok(false);
    }
    let id = transaction.last_insert_rowid();
    for copy in &message.copies {
        transaction
            .prepare_cached("INSERT INTO destination (address) VALUES (?) ON CONFLICT DO NOTHING")?
            .execute([&copy.address])?;
        transaction
            .prepare_cached(
                "INSERT INTO delivery (message, destination, file, committed, published)
                 SELECT ?, id, ?, ?, ? FROM destination WHERE address = ? ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                id,
                copy.file,
                copy.committed.as_second(),
                at(copy.published),
                copy.address
            ])?;
    }
    Ok(true)
}
