//! Maildrops whose server has another name now: which there are, and whether one is still the same.
//!
//! It refuses to know what a name says. Invariant: from the moment a maildrop's rows have another server's name, none of
//! its uids stands for a message until a listing bears all of them out, or its content the one.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::account::Account;
use super::bulk;
use super::error::Error;
use super::facts::{Facts, Standing};
use super::ledger::Ledger;
use crate::mail::Octets;

/// Where no size differs from the one on record, this is no coincidence any more: uids with so many different sizes, or so
/// many uids that are more than a count.
const ENOUGH: usize = 3;

/// A uid of so many octets is more than a count.
const LONG: usize = 8;

impl Ledger {
    /// The servers of which something is on record for this user.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn servers_of(&self, user: &str) -> Result<Vec<String>, Error> {
        let read = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            connection
                .prepare(
                    "SELECT server FROM account WHERE user = ?
                     AND EXISTS (SELECT 1 FROM message WHERE account = account.id)",
                )?
                .query_map([user], |row| row.get(0))?
                .collect()
        };
        read(&self.connection()).map_err(|source| self.error(source))
    }

    /// Gives the rows of a user's maildrop to the server `to`, which has none; they are to be borne out. The caller has
    /// the locks of both.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn rename(&self, user: &str, from: &str, to: &str, now: Timestamp) -> Result<(), Error> {
        self.note(|transaction| {
            transaction
                .execute(
                    "UPDATE account SET server = ?, moved = ? WHERE server = ? AND user = ?",
                    params![to, now.as_second(), from, user],
                )
                .map(drop)
        })
    }
}

impl Account<'_> {
    /// Whether the rows were another server's, and nothing has borne them out yet.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_moved(&self) -> Result<bool, Error> {
        self.is_marked("moved")
    }

    /// Says whether a listing has borne the rows out; if not, each is doubted until its content does, however long that
    /// takes.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn settle_move(&self, is_borne_out: bool) -> Result<(), Error> {
        self.ledger.note(|transaction| {
            if !is_borne_out {
                // What was taken over since is said of the maildrop as it is now.
                bulk::change(
                    transaction,
                    "listed = -1",
                    "account = ?1 AND replaced IS NULL AND listed != -1
                     AND NOT (listed = -2 AND absent_since >= (SELECT moved FROM account WHERE id = ?1))",
                    [self.id],
                )?;
            }
            transaction
                .execute("UPDATE account SET moved = NULL WHERE id = ?", [self.id])
                .map(drop)
        })
    }
}

impl Facts {
    /// Whether this listing, which was held against the record, can only be of the maildrop on record.
    #[must_use]
    pub fn bear_out(&self, listed: &[(&[u8], Octets)]) -> bool {
        let (mut sizes, mut long) = (Vec::with_capacity(ENOUGH), 0);
        for (standing, (uid, size)) in self.standings.iter().zip(listed) {
            match standing {
                Standing::Doubtful { deleted: false, .. } => return false,
                Standing::Known(known) => {
                    long += usize::from(uid.len() >= LONG);
                    // What was taken over without its size agrees with any.
                    let is_met = self.met.contains_key(&known.id);
                    if !is_met && sizes.len() < ENOUGH && !sizes.contains(size) {
                        sizes.push(*size);
                    }
                }
                Standing::New | Standing::Doubtful { .. } => {}
            }
        }
        sizes.len() == ENOUGH || long >= ENOUGH
    }
}
