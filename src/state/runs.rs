//! How an account's runs end: the last of them, and the trouble that lasts from one to the next, so that runs that nobody
//! watches tell it once.
//!
//! It refuses to know what a kind of trouble means. Invariants: what comes up is told at once, unless the same was told a
//! short time ago; what lasts is told once a day; nothing is lost if a note of this is.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use super::account::{Account, time};
use super::error::Error;

/// What lasts is told so often: once a day, less a minute, for a timer is not that exact.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60 - 60);

/// What was over and comes back within a day is told once it lasts for this long.
const AGAIN: Duration = Duration::from_secs(60 * 60);

/// The last run of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When it began.
    pub at: Timestamp,
    /// Its exit status.
    pub status: u8,
    /// Its trouble, in words, if it had any.
    pub trouble: Option<String>,
    /// When the last one began that had none.
    pub well: Option<Timestamp>,
}

/// A kind of trouble that a run had.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trouble(pub String);

/// What is to be told of a run's trouble.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Those of its kinds that are to be told now.
    pub now: Vec<Trouble>,
    /// All that was told before is over: since when it lasted.
    pub recovered_since: Option<Timestamp>,
}

/// A row of trouble.
struct Known {
    since: Timestamp,
    told: Option<Timestamp>,
}

impl Known {
    /// Whether it is to be told now.
    fn is_due(&self, now: Timestamp) -> bool {
        let lasts =
            |from: Timestamp, long: Duration| now.duration_since(from).unsigned_abs() >= long;
        match self.told {
            None => true,
            // A clock that was set back tells once too often rather than never.
            Some(told) if told > now || lasts(told, DAILY) => true,
            // It was told before it came back.
            Some(told) => told < self.since && lasts(self.since, AGAIN),
        }
    }
}

impl Account<'_> {
    /// Records how a run ended.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn note_run(&self, at: Timestamp, status: u8, trouble: Option<&str>) -> Result<(), Error> {
        self.ledger.note(|transaction| {
            transaction
                .prepare_cached(
                    "UPDATE account SET last_run = ?1, last_status = ?2, last_trouble = ?3,
                        last_well = iif(?3 IS NULL, ?1, last_well), next_run = NULL WHERE id = ?4",
                )?
                .execute(params![at.as_second(), status, trouble, self.id])
                .map(drop)
        })
    }

    /// Records when a run comes again that waits in the foreground.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn note_next_run(&self, at: Timestamp) -> Result<(), Error> {
        self.ledger.note(|transaction| {
            transaction
                .prepare_cached("UPDATE account SET next_run = ? WHERE id = ?")?
                .execute(params![at.as_second(), self.id])
                .map(drop)
        })
    }

    /// How the last run ended; nothing, if there was none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn last_run(&self) -> Result<Option<LastRun>, Error> {
        self.read(|connection| {
            connection
                .query_row(
                    "SELECT last_run, last_status, last_trouble, last_well FROM account
                     WHERE id = ? AND last_run IS NOT NULL",
                    [self.id],
                    |row| {
                        Ok(LastRun {
                            at: time(row.get(0)?),
                            status: row.get(1)?,
                            trouble: row.get(2)?,
                            well: row.get::<_, Option<i64>>(3)?.map(time),
                        })
                    },
                )
                .optional()
        })
    }

    /// When a run comes again that waits in the foreground.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn next_run(&self) -> Result<Option<Timestamp>, Error> {
        self.read(|connection| {
            connection.query_row(
                "SELECT next_run FROM account WHERE id = ?",
                [self.id],
                |row| Ok(row.get::<_, Option<i64>>(0)?.map(time)),
            )
        })
    }

    /// Takes up the trouble of a run that nobody watches. Where it `ended_early`, what it had not come to may last.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn tell(
        &self,
        trouble: &[Trouble],
        ended_early: bool,
        now: Timestamp,
    ) -> Result<Told, Error> {
        if trouble.is_empty() && !self.has_trouble()? {
            return Ok(Told::default());
        }
        self.ledger.note(|transaction| {
            let mut told = Told::default();
            for kind in trouble {
                if self.take_up(transaction, kind, now)? {
                    told.now.push(kind.clone());
                }
            }
            if !ended_early {
                told.recovered_since = self.end(transaction, trouble, now)?;
            }
            Ok(told)
        })
    }

    fn has_trouble(&self) -> Result<bool, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM trouble WHERE account = ? AND over IS NULL)",
                )?
                .query_row([self.id], |row| row.get(0))
        })
    }

    /// Records one kind of trouble; says whether it is to be told now.
    fn take_up(
        &self,
        transaction: &Transaction<'_>,
        kind: &Trouble,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        let at = now.as_second();
        transaction
            .prepare_cached(
                "INSERT INTO trouble (account, kind, since) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE
                 SET since = iif(over IS NULL, since, ?3), over = NULL",
            )?
            .execute(params![self.id, kind.0, at])?;
        let known = transaction
            .prepare_cached("SELECT since, told FROM trouble WHERE account = ? AND kind = ?")?
            .query_row(params![self.id, kind.0], |row| {
                Ok(Known {
                    since: time(row.get(0)?),
                    told: row.get::<_, Option<i64>>(1)?.map(time),
                })
            })?;
        let is_due = known.is_due(now);
        if is_due {
            transaction
                .prepare_cached("UPDATE trouble SET told = ? WHERE account = ? AND kind = ?")?
                .execute(params![at, self.id, kind.0])?;
        }
        Ok(is_due)
    }

    /// Ends the trouble that is not among these. Where none is left, and some of it was told, says since when that lasted.
    fn end(
        &self,
        transaction: &Transaction<'_>,
        trouble: &[Trouble],
        now: Timestamp,
    ) -> rusqlite::Result<Option<Timestamp>> {
        let lasting: Vec<(String, i64, bool)> = transaction
            .prepare_cached(
                "SELECT kind, since, told IS NOT NULL AND told >= since FROM trouble WHERE account = ? AND over IS NULL",
            )?
            .query_map([self.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let is_still = |kind: &str| trouble.iter().any(|trouble| trouble.0 == kind);
        let over = lasting.iter().filter(|(kind, ..)| !is_still(kind));
        let mut end = transaction
            .prepare_cached("UPDATE trouble SET over = ? WHERE account = ? AND kind = ?")?;
        for (kind, ..) in over {
            end.execute(params![now.as_second(), self.id, kind])?;
        }
        // What was over for so long that it would be told at once is not remembered.
        let long_ago = now.as_second() - DAILY.as_secs().cast_signed();
        transaction
            .prepare_cached(
                "DELETE FROM trouble WHERE account = ? AND over < ? AND ifnull(told, 0) < ?",
            )?
            .execute(params![self.id, long_ago, long_ago])?;
        let told = lasting.iter().filter(|(.., was_told)| *was_told);
        let since = told.map(|(_, since, _)| *since).min();
        Ok(since.filter(|_| trouble.is_empty()).map(time))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::state::Ledger;

    /// What runs tell that find this trouble, each at its minute.
    fn told(runs: &[(i64, &[&str], bool)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), Arc::default()).unwrap();
        let account = ledger.account("pop.example.com", "ann").unwrap();
        let mut lines = Vec::new();
        for (minute, kinds, ended_early) in runs {
            let now = Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
            let kinds: Vec<Trouble> = kinds
                .iter()
                .map(|kind| Trouble((*kind).to_owned()))
                .collect();
            let told = account.tell(&kinds, *ended_early, now).unwrap();
            lines.extend(told.now.iter().map(|kind| format!("{minute} {}", kind.0)));
            if let Some(since) = told.recovered_since {
                let lasted = now.duration_since(since).as_secs() / 60;
                lines.push(format!("{minute} well after {lasted}"));
            }
        }
        lines
    }

    #[test]
    fn an_outage_is_told_when_it_begins_once_a_day_and_when_it_is_over() {
        let down: &[&str] = &["down"];
        let mut runs: Vec<(i64, &[&str], bool)> =
            (0..700).map(|run| (run * 5, down, true)).collect();
        runs.insert(0, (-5, &[], false));
        runs.push((3500, &[], false));
        runs.push((3505, &[], false));
        // Each five minutes: the run before a day is over has a slack of one.
        assert_eq!(
            told(&runs),
            ["0 down", "1440 down", "2880 down", "3500 well after 3500"]
        );
    }

    #[test]
    fn what_comes_and_goes_is_not_told_each_time() {
        let mut runs: Vec<(i64, &[&str], bool)> = Vec::new();
        for run in 0..100 {
            runs.push((run * 10, &["busy"], true));
            runs.push((run * 10 + 5, &[], false));
        }
        assert_eq!(told(&runs), ["0 busy", "5 well after 5"]);
        let again: &[(i64, &[&str], bool)] = &[
            (0, &["busy"], true),
            (5, &[], false),
            (10, &["busy"], true),
            (40, &["busy"], true),
            (70, &["busy"], true),
            (75, &[], false),
        ];
        assert_eq!(
            told(again),
            ["0 busy", "5 well after 5", "70 busy", "75 well after 65"]
        );
    }

    #[test]
    fn a_run_that_ended_early_ends_no_trouble_that_it_did_not_come_to() {
        let runs: &[(i64, &[&str], bool)] = &[
            (0, &["waits 1"], false),
            (5, &["down"], true),
            (10, &["waits 1"], false),
            (15, &["waits 1", "waits 2"], false),
            (20, &["waits 2"], false),
            (25, &[], false),
        ];
        assert_eq!(
            told(runs),
            ["0 waits 1", "5 down", "15 waits 2", "25 well after 10"]
        );
    }

    #[test]
    fn the_last_run_is_kept_with_the_last_that_went_well() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), Arc::default()).unwrap();
        let account = ledger.account("pop.example.com", "ann").unwrap();
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        assert_eq!(account.last_run().unwrap(), None);
        account.note_run(at(0), 0, None).unwrap();
        account.note_next_run(at(900)).unwrap();
        assert_eq!(account.next_run().unwrap(), Some(at(900)));
        account
            .note_run(at(300), 75, Some("the line is cut"))
            .unwrap();
        let last = account.last_run().unwrap().unwrap();
        assert_eq!(
            (last.at, last.status, last.well),
            (at(300), 75, Some(at(0)))
        );
        assert_eq!(last.trouble.as_deref(), Some("the line is cut"));
        assert_eq!(account.next_run().unwrap(), None);
    }
}
