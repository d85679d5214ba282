//! What became of the messages that were ever fetched: when each came, where it went, whether the server still has it.
//!
//! It changes nothing, and costs as much as was ever fetched: it is for a person who looks back.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::account::{Account, MessageId, time};
use super::deliveries::octets;
use super::elsewhere::Origin;
use super::error::Error;
use super::facts::digest;
use crate::mail::{Digest, Octets, Uid};

/// What a message's header says of it, as it stands there: unfolded, not decoded, and cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// Its Message-ID, without the angle brackets.
    pub message_id: Option<String>,
    /// From whom.
    pub sender: Option<String>,
    /// About what.
    pub subject: Option<String>,
}

/// A message that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its row.
    pub id: MessageId,
    /// Its uid; none, where the server gave that to another message and this one was not found again.
    pub uid: Option<Uid>,
    /// When it was fetched, or seen first by who has it.
    pub fetched: Timestamp,
    /// Its size as delivered, or else as listed.
    pub size: Octets,
    /// The digest of what was delivered.
    pub digest: Option<Digest>,
    /// Who has it, if popfetch did not fetch it.
    pub source: Option<String>,
    /// What its header says.
    pub heading: Heading,
    /// Where it went, or is to go.
    pub places: Vec<Place>,
    /// Since when the server does not list it.
    pub absent_since: Option<Timestamp>,
    /// When the server was told to delete it.
    pub delete_sent: Option<Timestamp>,
}

/// A destination of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address of the destination.
    pub address: String,
    /// The name of its file in a Maildir, as far as that is known.
    pub file: String,
    /// When it arrived there; it waits, where there is nothing.
    pub published: Option<Timestamp>,
    /// Why it waits.
    pub reason: Option<String>,
}

/// A message on the server, as it matters for its deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// Whether it is where it was to go.
    pub published: bool,
    /// How often the server said that it deletes it, and still has it.
    pub kept: u32,
    /// Who fetched it.
    pub origin: Origin,
}

const MESSAGES: &str = "SELECT id, uid, first_seen, size, sha256, message_id, sender, subject, absent_since, delete_sent,
        source, listed
    FROM message WHERE account = ?1 AND first_seen >= ?2 AND first_seen < ?3 AND listed != -2 ORDER BY id";

const PLACES: &str = "SELECT address, file, published, reason FROM delivery
    JOIN destination ON destination.id = delivery.destination WHERE message = ?";

impl Account<'_> {
    /// The messages that came from the one time on and before the other, in the order in which they came, those that
    /// `is_wanted`, which is asked before their places are known.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn history(
        &self,
        from: Timestamp,
        until: Timestamp,
        is_wanted: impl Fn(&Past) -> bool,
    ) -> Result<Vec<Past>, Error> {
        self.read(|connection| {
            let mut found = Vec::new();
            let mut rows = connection.prepare_cached(MESSAGES)?;
            let (from, until) = (from.as_second(), until.as_second());
            let mut rows = rows.query(params![self.id, from, until])?;
            while let Some(row) = rows.next()? {
                let mut past = past(row)?;
                if is_wanted(&past) {
                    past.places = places(connection, past.id)?;
                    found.push(past);
                }
            }
            Ok(found)
        })
    }

    /// When messages came, from this time on.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn arrivals(&self, from: Timestamp) -> Result<Vec<Timestamp>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT first_seen FROM message WHERE account = ? AND first_seen >= ? AND source IS NULL",
                )?
                .query_map(params![self.id, from.as_second()], |row| {
                    row.get(0).map(time)
                })?
                .collect()
        })
    }

    /// What was on the server when it was listed last, but for what it deleted after that.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn kept(&self) -> Result<Vec<Kept>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT first_seen, kept,
                        NOT EXISTS (SELECT 1 FROM delivery WHERE message = message.id AND published IS NULL),
                        source, asked, likeness
                     FROM message WHERE account = ? AND absent_since IS NULL AND replaced IS NULL AND delete_accepted IS NULL",
                )?
                .query_map([self.id], |row| {
                    Ok(Kept {
                        first_seen: time(row.get(0)?),
                        kept: row.get(1)?,
                        published: row.get(2)?,
                        origin: Origin::read(row, 3)?,
                    })
                })?
                .collect()
        })
    }
}

fn past(row: &Row<'_>) -> rusqlite::Result<Past> {
    let uid: Vec<u8> = row.get(1)?;
    let digest = digest(row, 4)?;
    let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(time));
    Ok(Past {
        id: MessageId(row.get(0)?),
        // No server can list one with a line's end in it.
        uid: Uid::new(&uid).filter(|_| !uid.starts_with(b"\r\n")),
        fetched: time(row.get(2)?),
        size: octets(row.get(if digest.is_some() { 3 } else { 11 })?),
        digest,
        source: row.get(10)?,
        heading: Heading {
            message_id: row.get(5)?,
            sender: row.get(6)?,
            subject: row.get(7)?,
        },
        places: Vec::new(),
        absent_since: at(8)?,
        delete_sent: at(9)?,
    })
}

fn places(connection: &Connection, message: MessageId) -> rusqlite::Result<Vec<Place>> {
    connection
        .prepare_cached(PLACES)?
        .query_map([message.0], |row| {
            Ok(Place {
                address: row.get(0)?,
                file: row.get(1)?,
                published: row.get::<_, Option<i64>>(2)?.map(time),
                reason: row.get(3)?,
            })
        })?
        .collect()
}
