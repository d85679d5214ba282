//! When an account may log in again, where its server wants time between two logins (RFC 2449 §6.5, §8.1.1).
//!
//! It refuses to know how much time. Invariant: a date that is too far ahead is forgotten, because a clock was wrong.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::params;

use super::account::Account;
use super::error::Error;

/// No server asks for more.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Account<'_> {
    /// When the next login is due, if that is later than now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn login_due(&self, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let due: Option<i64> = self.read(|connection| {
            connection
                .prepare_cached("SELECT login_due FROM account WHERE id = ?")?
                .query_row([self.id], |row| row.get(0))
        })?;
        let due = due.and_then(|due| Timestamp::from_second(due).ok());
        Ok(due.filter(|due| (now..=now + LONGEST).contains(due) && *due > now))
    }

    /// Records when the next login is due; nothing, if at any time.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_login_due(&self, due: Option<Timestamp>) -> Result<(), Error> {
        let due = due.map(Timestamp::as_second);
        self.ledger.note(|transaction| {
            transaction
                .execute(
                    "UPDATE account SET login_due = ?1 WHERE id = ?2 AND login_due IS NOT ?1",
                    params![due, self.id],
                )
                .map(drop)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::state::Ledger;

    #[test]
    fn a_login_is_due_when_it_was_said_to_be_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), Arc::new(AtomicBool::new(false))).unwrap();
        let account = ledger.account("pop.example.com", "ann").unwrap();
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        assert_eq!(account.login_due(at(0)).unwrap(), None);
        account.set_login_due(Some(at(300))).unwrap();
        assert_eq!(account.login_due(at(0)).unwrap(), Some(at(300)));
        assert_eq!(account.login_due(at(299)).unwrap(), Some(at(300)));
        assert_eq!(account.login_due(at(300)).unwrap(), None);
        // The clock was a year ahead.
        assert_eq!(account.login_due(at(-40_000_000)).unwrap(), None);
        account.set_login_due(None).unwrap();
        assert_eq!(account.login_due(at(0)).unwrap(), None);
    }
}
