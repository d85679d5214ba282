//! What was asked for and did not arrive, so that it keeps nothing else from arriving, and what may have arrived as
//! something else.
//!
//! It refuses to know why. Invariant: a uid that has arrived did not stumble.

use std::collections::HashMap;

use rusqlite::params;

use super::account::{Account, MEND, MessageId};
use super::error::Error;
use crate::mail::Uid;

impl Account<'_> {
    /// Records that this uid was asked for and did not arrive.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn stumble(&self, uid: &Uid) -> Result<(), Error> {
        self.ledger.note(|transaction| {
            transaction
                .execute(
                    "INSERT INTO stumble (account, uid, times) VALUES (?, ?, 1)
                     ON CONFLICT DO UPDATE SET times = times + 1",
                    params![self.id, uid.as_bytes()],
                )
                .map(drop)
        })
    }

    /// Forgets that these uids did not arrive: they are not on the server any more.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn forget_stumbles<'u>(&self, uids: impl Iterator<Item = &'u [u8]>) -> Result<(), Error> {
        self.ledger.note(|transaction| {
            let mut mended = transaction.prepare_cached(MEND)?;
            uids.into_iter()
                .try_for_each(|uid| mended.execute(params![self.id, uid]).map(drop))
        })
    }

    /// Records that these messages may have been given for others: their uids count as known only once their content says
    /// so.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn doubt(&self, messages: &[MessageId]) -> Result<(), Error> {
        self.ledger.note(|transaction| {
            let mut doubted =
                transaction.prepare_cached("UPDATE message SET listed = -1 WHERE id = ?")?;
            let mut ids = messages.iter().map(|message| message.0);
            ids.try_for_each(|id| doubted.execute([id]).map(drop))
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
}
