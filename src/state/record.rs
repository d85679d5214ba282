//! What is on record of an account as a whole: what the last listing had, how much there is, under which names, with
//! which contents.
//!
//! It changes nothing. What costs as much as was ever fetched is asked where that is worth it, and not in each run.

use std::collections::{HashMap, HashSet};

use super::account::{Account, DestinationId, MessageId};
use super::deliveries::octets;
use super::error::Error;
use super::facts::{self, Facts, Present};
use crate::mail::{Digest, Octets};

impl Account<'_> {
    /// Reads what the last listing had.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn present(&self) -> Result<Present, Error> {
        self.read(|connection| Present::read(connection, self.id))
    }

    /// Holds a whole listing, uids and sizes, against the record, of which `present` was read since it changed; changes
    /// nothing. What is `doubted` counts as known only by its content.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn facts(
        &self,
        present: &Present,
        listed: &[(&[u8], Octets)],
        doubted: &HashSet<&[u8]>,
    ) -> Result<Facts, Error> {
        self.read(|connection| facts::compare(connection, self.id, present, listed, doubted))
    }

    /// Whether nothing is on record of the maildrop.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_new(&self) -> Result<bool, Error> {
        self.read(|connection| {
            connection.query_row(
                "SELECT NOT EXISTS (SELECT 1 FROM message WHERE account = ?)",
                [self.id],
                |row| row.get(0),
            )
        })
    }

    /// What was listed before and vanished, without having been deleted from here: by the digest of what was delivered.
    /// A server that was moved lists it under another uid.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn vanished(&self) -> Result<HashMap<Digest, Vec<MessageId>>, Error> {
        self.read(|connection| {
            let mut vanished: HashMap<Digest, Vec<MessageId>> = HashMap::new();
            let mut rows = connection.prepare_cached(
                "SELECT id, sha256 FROM message WHERE account = ? AND absent_since IS NOT NULL AND replaced IS NULL
                 AND delete_sent IS NULL AND source IS NULL ORDER BY id DESC",
            )?;
            let mut rows = rows.query([self.id])?;
            while let Some(row) = rows.next()? {
                let digest = Digest(row.get(1)?);
                vanished.entry(digest).or_default().push(MessageId(row.get(0)?));
            }
            Ok(vanished)
        })
    }

    /// How many messages were ever fetched, and how many that are on record were on the server when it was listed last, but
    /// for those that it deleted after that.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn count(&self) -> Result<(u32, u32), Error> {
        self.read(|connection| {
            connection.query_row(
                "SELECT count(*) FILTER (WHERE source IS NULL), count(*) FILTER (WHERE absent_since IS NULL AND replaced IS NULL AND delete_accepted IS NULL)
                 FROM message WHERE account = ?",
                [self.id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
        })
    }

    /// Tells the names of all files that were ever committed, by any account.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn each_file(&self, mut each: impl FnMut(&str)) -> Result<(), Error> {
        self.read(|connection| {
            let mut files = connection.prepare_cached("SELECT file FROM delivery")?;
            let mut rows = files.query([])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_str()?);
            }
            Ok(())
        })
    }

    /// Tells size and digest of all that was ever committed to this destination, by any account.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn each_content(
        &self,
        destination: DestinationId,
        mut each: impl FnMut(Octets, Digest),
    ) -> Result<(), Error> {
        self.read(|connection| {
            let mut contents = connection.prepare_cached(
                "SELECT size, sha256 FROM delivery JOIN message ON message.id = delivery.message
                 WHERE destination = ?",
            )?;
            let mut rows = contents.query([destination.0])?;
            while let Some(row) = rows.next()? {
                each(octets(row.get(0)?), Digest(row.get(1)?));
            }
            Ok(())
        })
    }
}
