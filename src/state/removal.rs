//! Forgets messages that are to be fetched again, or a maildrop as a whole.
//!
//! It refuses to know configurations. Invariant: what is owed to a destination is never forgotten, as nobody would deliver
//! it any more.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::account::Account;
use super::error::Error;
use super::ledger::Ledger;
use crate::mail::Uid;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// All rows are gone; so many messages were known.
    Forgotten(u64),
    /// So many deliveries are owed: nothing was changed.
    Owed(u64),
    /// There was nothing.
    Unknown,
}

/// What came of forgetting some messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// So many are not known any more.
    pub forgotten: usize,
    /// Of these nothing is on record.
    pub unknown: Vec<Uid>,
    /// These wait for a destination, and are kept.
    pub owed: Vec<Uid>,
}

impl Account<'_> {
    /// Forgets messages, so that they are fetched and delivered again where they are listed. The caller holds the
    /// account's [`Lock`](super::Lock).
    ///
    /// # Errors
    /// The database cannot be read or written; then nothing is forgotten.
    pub fn forget_uids(&self, uids: &[Uid], now: Timestamp) -> Result<Forgotten, Error> {
        self.ledger.write(|transaction| {
            let mut find = transaction.prepare_cached(
                "SELECT id, EXISTS (SELECT 1 FROM delivery WHERE message = message.id AND published IS NULL)
                 FROM message WHERE account = ? AND uid = ? AND replaced IS NULL",
            )?;
            let mut forget = transaction.prepare_cached(
                "UPDATE message SET replaced = ?1, absent_since = ifnull(absent_since, ?1) WHERE id = ?2",
            )?;
            let mut outcome = Forgotten::default();
            for uid in uids {
                let found: Option<(i64, bool)> = find
                    .query_row(params![self.id, uid.as_bytes()], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()?;
                match found {
                    None => outcome.unknown.push(uid.clone()),
                    Some((_, true)) => outcome.owed.push(uid.clone()),
                    Some((id, false)) => {
                        forget.execute(params![now.as_second(), id])?;
                        outcome.forgotten += 1;
                    }
                }
            }
            Ok(outcome)
        })
    }
}

impl Ledger {
    /// Forgets all of a user's maildrop on a server. The caller holds its [`Lock`](super::Lock).
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn forget_account(&self, server: &str, user: &str) -> Result<Removal, Error> {
        self.write(|transaction| {
            let account: Option<i64> = transaction
                .query_row(
                    "SELECT id FROM account WHERE server = ? AND user = ?",
                    params![server, user],
                    |row| row.get(0),
                )
                .optional()?;
            let Some(account) = account else {
                return Ok(Removal::Unknown);
            };
            let count = |question: &str| -> rusqlite::Result<u64> {
                let count: i64 = transaction.query_row(question, [account], |row| row.get(0))?;
                Ok(count.unsigned_abs())
            };
            let owed = count(
                "SELECT count(*) FROM delivery JOIN message ON message.id = delivery.message
                 WHERE published IS NULL AND account = ?",
            )?;
            if owed > 0 {
                return Ok(Removal::Owed(owed));
            }
            let known =
                count("SELECT count(*) FROM message WHERE account = ? AND replaced IS NULL")?;
            // The messages, deliveries and stumbles go with it.
            transaction.execute("DELETE FROM account WHERE id = ?", [account])?;
            Ok(Removal::Forgotten(known))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A ledger in which ann has two messages, of which so many were published.
    fn ledger(published: i64) -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), Arc::default()).unwrap();
        ledger.account("pop.example.org", "ann").unwrap();
        ledger.account("pop.example.org", "bob").unwrap();
        ledger
            .write(|transaction| {
                transaction.execute_batch("INSERT INTO destination VALUES (1, 'maildir:/m')")?;
                for id in 1..=2 {
                    transaction.execute(
                        "INSERT INTO message (id, account, uid, first_seen, listed, size, sha256)
                         SELECT ?1, id, CAST(?1 AS BLOB), 1, 1, 1, x'00' FROM account WHERE user = 'ann'",
                        [id],
                    )?;
                    transaction.execute(
                        "INSERT INTO delivery (message, destination, file, committed, published)
                         VALUES (?1, 1, 'f', 1, CASE WHEN ?1 <= ?2 THEN 1 END)",
                        [id, published],
                    )?;
                }
                Ok(())
            })
            .unwrap();
        (folder, ledger)
    }

    fn rows(ledger: &Ledger, table: &str) -> i64 {
        let question = format!("SELECT count(*) FROM {table}");
        let connection = ledger.connection();
        connection
            .query_row(&question, [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn all_rows_of_the_account_go_and_no_others() {
        let (_folder, ledger) = ledger(2);
        let forget = |user| ledger.forget_account("pop.example.org", user).unwrap();
        assert_eq!(forget("ann"), Removal::Forgotten(2));
        assert_eq!(forget("ann"), Removal::Unknown);
        for (table, left) in [("account", 1), ("message", 0), ("delivery", 0)] {
            assert_eq!(rows(&ledger, table), left, "{table}");
        }
        assert_eq!(forget("bob"), Removal::Forgotten(0));
    }

    #[test]
    fn what_is_owed_is_not_forgotten() {
        let (_folder, ledger) = ledger(1);
        let removal = ledger.forget_account("pop.example.org", "ann").unwrap();
        assert_eq!(removal, Removal::Owed(1));
        assert_eq!(rows(&ledger, "message"), 2);
    }
}
