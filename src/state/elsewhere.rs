//! Takes up what another program says it has seen, so that it is not fetched once more.
//!
//! It refuses to know the programs. Invariants: what is on record stays as it is; a uid that was not stored whole stands
//! for a message only where one alone can be meant, and only in the first listing; a message that nobody is known to have
//! fetched is told from one that another program fetched.

use jiff::Timestamp;
use rusqlite::{Row, Transaction, params};

use super::account::{Account, MEND};
use super::bulk;
use super::error::Error;
use super::facts::{Facts, Met, stored};
use super::likeness::{Likeness, distinct};
use crate::mail::{Octets, Uid};

/// What stands for the size of a message that no listing had yet.
pub(super) const ANY_SIZE: i64 = -2;

/// The source of what was marked as seen.
pub const MARKED: &str = "mark-seen";

/// Who fetched a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// popfetch.
    Fetched,
    /// Another program, which was to delete it from the server next if it was `asked` to.
    Elsewhere {
        /// Whether it was.
        asked: bool,
    },
    /// Another program, as it seems: its uid is only like the one that the program stored.
    Guessed,
    /// Nobody that is known of: somebody said that it is not to be fetched.
    Marked,
}

impl Origin {
    /// Reads the columns `source`, `asked` and `likeness`, which follow one another from this one on.
    pub(super) fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        Ok(match row.get_ref(column)?.as_str_or_null()? {
            None => Self::Fetched,
            Some(MARKED) => Self::Marked,
            Some(_) if Likeness::read(row, column + 2)? == Some(Likeness::Guessed) => Self::Guessed,
            Some(_) => Self::Elsewhere {
                asked: row.get::<_, Option<i64>>(column + 1)?.is_some(),
            },
        })
    }
}

/// A message that another program has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its uid, as the program stored it.
    pub uid: Uid,
    /// When the program saw it first, if that is on record there.
    pub first_seen: Option<Timestamp>,
    /// Whether the program was to delete it from the server next.
    pub delete: bool,
}

/// A uid of so many octets is no count that begins anew one day: only then is a message deleted for its uid alone.
const LONG: usize = 8;

impl Taken {
    /// Whether it will be deleted as the other program was told to.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.delete && self.uid.as_bytes().len() >= LONG
    }
}

/// What came of taking over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// So many uids are on record now that were not.
    pub new: usize,
    /// So many were on record already.
    pub known: usize,
}

impl Account<'_> {
    /// Puts on record what another program, `source`, has of the maildrop. The caller holds its [`Lock`](super::Lock).
    ///
    /// # Errors
    /// The database cannot be written; then nothing of it is on record.
    pub fn take_over(
        &self,
        source: &str,
        likeness: Likeness,
        taken: &[Taken],
        now: Timestamp,
    ) -> Result<TakenOver, Error> {
        let distinct = distinct(likeness, taken);
        self.ledger.write(|transaction| {
            // Mail of which nothing is on record may be here, too: only its content tells.
            transaction.execute(
                "UPDATE account SET rebuilding = ifnull(rebuilding, ?1)
                 WHERE id = ?2 AND NOT EXISTS (SELECT 1 FROM message WHERE account = ?2)",
                params![now.as_second(), self.id],
            )?;
            // Until it is listed it is absent, and in a month it is forgotten, as all that is.
            let mut insert = transaction.prepare_cached(
                "INSERT INTO message (account, uid, first_seen, listed, size, sha256, absent_since, source, likeness, asked)
                 VALUES (?1, ?2, ?3, ?4, 0, x'', ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            )?;
            let mut over = TakenOver::default();
            for message in distinct {
                // A time to come is a clock's that was wrong.
                let first_seen = message.first_seen.filter(|seen| *seen <= now);
                let is_new = insert.execute(params![
                    self.id,
                    message.uid.as_bytes(),
                    first_seen.unwrap_or(now).as_second(),
                    ANY_SIZE,
                    now.as_second(),
                    source,
                    likeness.name(),
                    message.is_deleted().then(|| now.as_second()),
                ])? > 0;
                over.new += usize::from(is_new);
                over.known += usize::from(!is_new);
            }
            Ok(over)
        })
    }

    /// Puts messages on record that are listed with these sizes and are not to be fetched, in place of what is there of
    /// their uids.
    ///
    /// # Errors
    /// The database cannot be written; then nothing of it is on record.
    pub fn mark_seen(&self, listed: &[(&[u8], Octets)], now: Timestamp) -> Result<(), Error> {
        let now = now.as_second();
        self.ledger.write(|transaction| {
            let mut replace = transaction.prepare_cached(
                "UPDATE message SET replaced = ?1, absent_since = ifnull(absent_since, ?1)
                 WHERE account = ?2 AND uid = ?3 AND replaced IS NULL",
            )?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO message (account, uid, first_seen, listed, size, sha256, source)
                 VALUES (?, ?, ?, ?, 0, x'', ?)",
            )?;
            let mut mend = transaction.prepare_cached(MEND)?;
            listed.iter().try_for_each(|(uid, size)| {
                replace.execute(params![now, self.id, uid])?;
                insert.execute(params![self.id, uid, now, stored(*size), MARKED])?;
                mend.execute(params![self.id, uid]).map(drop)
            })
        })
    }
}

/// Records what a listing says of messages that were taken over. What may stand for several is forgotten. What the listing
/// lacks keeps its uid, which from now on is the server's or nobody's: later another message may be like it.
pub(super) fn meet(
    transaction: &Transaction<'_>,
    account: i64,
    facts: &Facts,
    now: i64,
) -> rusqlite::Result<()> {
    let mut meet = transaction.prepare_cached(
        "UPDATE message SET likeness = iif(uid = ?1, NULL, 'guessed'), uid = ?1, listed = ?2, absent_since = NULL
         WHERE id = ?3",
    )?;
    for (id, Met { uid, listed }) in &facts.met {
        meet.execute(params![uid, listed, id.0])?;
    }
    let mut forget = transaction.prepare_cached("UPDATE message SET replaced = ? WHERE id = ?")?;
    for id in &facts.vague {
        forget.execute([now, id.0])?;
    }
    // An empty listing may be a server's hiccup.
    if !facts.are_inexact || facts.standings.is_empty() {
        return Ok(());
    }
    bulk::change(
        transaction,
        "likeness = NULL",
        "account = ? AND likeness IS NOT NULL AND likeness != 'guessed'",
        [account],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;
    use crate::state::{Ledger, Standing};

    const SIZE: Octets = Octets(9);

    fn at(second: i64) -> Timestamp {
        Timestamp::constant(1_800_000_000 + second, 0)
    }

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), Arc::default()).unwrap();
        (folder, ledger)
    }

    fn taken(uids: &[&str]) -> Vec<Taken> {
        let taken = uids.iter().map(|uid| Taken {
            uid: Uid::new(uid.as_bytes()).unwrap(),
            first_seen: Some(at(-5)),
            delete: false,
        });
        taken.collect()
    }

    /// What a listing of these uids is held to be, `+` for what is known, `-` for what is new, `?` for what is in doubt; it
    /// is settled, as a run does.
    fn listed(account: &Account<'_>, uids: &[&str]) -> String {
        let listed: Vec<_> = uids.iter().map(|uid| (uid.as_bytes(), SIZE)).collect();
        let present = account.present().unwrap();
        let facts = account.facts(&present, &listed, &HashSet::new()).unwrap();
        account.settle(&facts, at(1)).unwrap();
        let mark = |standing: &Standing| match standing {
            Standing::Known(_) => '+',
            Standing::New => '-',
            Standing::Doubtful { .. } => '?',
        };
        facts.standings.iter().map(mark).collect()
    }

    #[test]
    fn a_uid_that_may_be_a_mere_count_is_no_reason_to_delete() {
        let (_folder, ledger) = ledger();
        let account = ledger.account("x", "ann").unwrap();
        let mut taken = taken(&["7", "1234567", "12345678"]);
        for message in &mut taken {
            message.delete = true;
        }
        let likeness = Likeness::Same;
        account
            .take_over("thunderbird", likeness, &taken, at(0))
            .unwrap();
        let uids: Vec<_> = taken
            .iter()
            .map(|taken| (taken.uid.as_bytes(), SIZE))
            .collect();
        let present = account.present().unwrap();
        let facts = account.facts(&present, &uids, &HashSet::new()).unwrap();
        let is_asked = |standing: &Standing| match standing {
            Standing::Known(known) => known.origin == Origin::Elsewhere { asked: true },
            Standing::New | Standing::Doubtful { .. } => panic!("it is known"),
        };
        let asked: Vec<bool> = facts.standings.iter().map(is_asked).collect();
        assert_eq!(asked, [false, false, true]);
    }

    #[test]
    fn what_another_program_has_is_known_at_any_size_and_then_at_that_one() {
        let (_folder, ledger) = ledger();
        let account = ledger.account("x", "ann").unwrap();
        let over = account
            .take_over("mpop", Likeness::Same, &taken(&["a", "b", "b"]), at(0))
            .unwrap();
        assert_eq!(over, TakenOver { new: 2, known: 1 });
        assert_eq!(listed(&account, &["a", "c"]), "+-");
        assert_eq!(listed(&account, &["a", "c", "b"]), "+-+");
        let larger = [(&b"a"[..], Octets(10))];
        let present = account.present().unwrap();
        let facts = account.facts(&present, &larger, &HashSet::new()).unwrap();
        assert!(matches!(
            facts.standings[0],
            Standing::Doubtful { digest: None, .. }
        ));
    }

    #[test]
    fn the_other_programs_time_counts_unless_it_is_to_come() {
        let (_folder, ledger) = ledger();
        let account = ledger.account("x", "ann").unwrap();
        let mut messages = taken(&["a", "b", "c"]);
        messages[1].first_seen = Some(at(99));
        messages[2].first_seen = None;
        account
            .take_over("getmail", Likeness::Same, &messages, at(0))
            .unwrap();
        listed(&account, &["a", "b", "c"]);
        let seen: Vec<_> = account
            .kept()
            .unwrap()
            .iter()
            .map(|it| it.first_seen)
            .collect();
        assert_eq!(seen, [at(-5), at(0), at(0)]);
    }

    #[test]
    fn a_uid_that_was_cut_stands_for_the_one_that_can_be_meant() {
        let (_folder, ledger) = ledger();
        let account = ledger.account("x", "ann").unwrap();
        let cut = taken(&["whole", "once", "twice", "both"]);
        account
            .take_over("fetchmail", Likeness::CutAtSpace, &cut, at(0))
            .unwrap();
        let uids = ["whole", "once 1", "twice 1", "twice 2", "both", "both 2"];
        assert_eq!(listed(&account, &uids), "++--?-");
        assert_eq!(listed(&account, &uids), "++----");
        // Later another message may be like it.
        assert_eq!(listed(&account, &["twice 1"]), "-");
    }

    #[test]
    fn an_empty_listing_bears_nothing_out() {
        let (_folder, ledger) = ledger();
        let account = ledger.account("x", "ann").unwrap();
        account
            .take_over(
                "getmail",
                Likeness::DashForSlash,
                &taken(&["a-b-c", "d-e"]),
                at(0),
            )
            .unwrap();
        assert_eq!(listed(&account, &[]), "");
        assert_eq!(listed(&account, &["a/b-c", "d-e", "d/e"]), "+?-");
        assert_eq!(listed(&account, &["a/b-c"]), "+");
    }

    #[test]
    fn what_popfetch_has_is_not_taken_over() {
        let (_folder, ledger) = ledger();
        let account = ledger.account("x", "ann").unwrap();
        account.mark_seen(&[(b"a", SIZE)], at(0)).unwrap();
        let over = account
            .take_over("mpop", Likeness::Same, &taken(&["a"]), at(0))
            .unwrap();
        assert_eq!(over, TakenOver { new: 0, known: 1 });
        assert_eq!(account.kept().unwrap()[0].origin, Origin::Marked);
    }

    #[test]
    fn what_is_not_listed_for_a_month_is_forgotten() {
        let (_folder, ledger) = ledger();
        let account = ledger.account("x", "ann").unwrap();
        account
            .take_over("mpop", Likeness::Same, &taken(&["a", "b"]), at(0))
            .unwrap();
        let month = 31 * 24 * 60 * 60;
        let settle = |uids: &[&[u8]], now| {
            let listed: Vec<_> = uids.iter().map(|uid| (*uid, SIZE)).collect();
            let present = account.present().unwrap();
            let facts = account.facts(&present, &listed, &HashSet::new()).unwrap();
            account.settle(&facts, now).unwrap();
        };
        // The first run may be late: what it lists counts.
        settle(&[b"a"], at(month));
        assert_eq!(listed(&account, &["a", "b"]), "+-");
    }
}
