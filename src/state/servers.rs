//! What is remembered of a server from one run to the next: what it says it can do, and how it takes commands that are
//! sent ahead of its replies.
//!
//! It refuses to decide what is sent. Invariants: what a server says it can do is believed for a while only; a server
//! that lost what was sent ahead is spared for a day, and for longer each time it does so again.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::error::Error;
use super::ledger::Ledger;

/// CAPA is asked again after this time.
const BELIEVED: i64 = 30 * DAY;

const DAY: i64 = 24 * 60 * 60;

/// A server is spared for four times as long as the last time, up to four to this power of days.
const MAX_DOUBTS: u32 = 4;

/// What a server can do, and how it takes commands that are sent ahead of its replies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// What CAPA listed, line by line, if that was asked not too long ago.
    pub capabilities: Option<String>,
    /// Whether it was seen to keep what was sent ahead, or to lose it.
    pub keeps: Option<bool>,
    /// Whether it ever lost something.
    pub doubted: bool,
}

/// What a session showed of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// CAPA lists this.
    Announced(String),
    /// It kept two commands that came in one piece.
    Kept,
    /// It lost one of them, or did not like them.
    Lost,
    /// A session in which much was sent ahead came to a good end.
    WentWell,
    /// A session broke.
    WentWrong,
    /// What CAPA listed may not be so any more.
    Outdated,
}

impl Habits {
    /// What is known after that lesson.
    #[must_use]
    pub fn after(self, lesson: &Lesson) -> Self {
        match lesson {
            Lesson::Announced(lines) => Self {
                capabilities: Some(lines.clone()),
                ..self
            },
            Lesson::Kept => Self {
                keeps: Some(true),
                ..self
            },
            Lesson::Lost => Self {
                keeps: Some(false),
                doubted: true,
                ..self
            },
            Lesson::WentWell => Self {
                doubted: false,
                ..self
            },
            // Whether that was the reason, nobody can say.
            Lesson::WentWrong if self.keeps == Some(true) => Self {
                capabilities: None,
                keeps: Some(false),
                doubted: true,
            },
            Lesson::WentWrong | Lesson::Outdated => Self {
                capabilities: None,
                ..self
            },
        }
    }
}

impl Ledger {
    /// What is remembered of a server.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn habits(&self, server: &str, now: Timestamp) -> Result<Habits, Error> {
        let now = now.as_second();
        let read = |row: &Row<'_>| -> rusqlite::Result<Habits> {
            let asked: Option<i64> = row.get(1)?;
            let is_believed = asked.is_some_and(|asked| (asked..asked + BELIEVED).contains(&now));
            let is_spared = row
                .get::<_, Option<i64>>(3)?
                .is_some_and(|until| now < until);
            let keeps: bool = row.get(2)?;
            let capabilities: Option<String> = row.get(0)?;
            Ok(Habits {
                capabilities: capabilities.filter(|_| is_believed),
                keeps: match (is_spared, keeps) {
                    (true, _) => Some(false),
                    (false, true) => Some(true),
                    (false, false) => None,
                },
                doubted: row.get::<_, u32>(4)? > 0,
            })
        };
        let found = self
            .connection()
            .prepare_cached(
                "SELECT capabilities, asked, keeps, spared_until, doubts FROM server WHERE name = ?",
            )
            .and_then(|mut query| query.query_row([server], read).optional())
            .map_err(|source| self.error(source))?;
        Ok(found.unwrap_or_default())
    }

    /// Takes what one server said it can do for what another says, of which nothing is remembered yet.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn liken(&self, server: &str, to: &str) -> Result<(), Error> {
        self.note(|transaction| {
            transaction
                .execute(
                    "INSERT INTO server (name, capabilities, asked)
                     SELECT ?, capabilities, asked FROM server WHERE name = ? ON CONFLICT DO NOTHING",
                    [server, to],
                )
                .map(drop)
        })
    }

    /// Remembers a lesson for the runs to come.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn learn(&self, server: &str, lesson: &Lesson, now: Timestamp) -> Result<(), Error> {
        let now = now.as_second();
        self.note(|transaction| {
            transaction.execute(
                "INSERT INTO server (name) VALUES (?) ON CONFLICT DO NOTHING",
                [server],
            )?;
            let is_lost = match lesson {
                Lesson::Announced(lines) => {
                    // Accounts of one server learn it at the same time.
                    transaction.execute(
                        "UPDATE server SET capabilities = ?1, asked = ?2
                         WHERE name = ?3 AND (capabilities IS NOT ?1 OR asked IS NOT ?2)",
                        params![lines, now, server],
                    )?;
                    false
                }
                Lesson::Kept => {
                    transaction.execute("UPDATE server SET keeps = 1 WHERE name = ?", [server])?;
                    false
                }
                Lesson::WentWell => {
                    transaction.execute("UPDATE server SET doubts = 0 WHERE name = ?", [server])?;
                    false
                }
                Lesson::Lost => true,
                Lesson::WentWrong | Lesson::Outdated => {
                    transaction.execute(
                        "UPDATE server SET capabilities = NULL, asked = NULL WHERE name = ?",
                        [server],
                    )?;
                    let is_broken = *lesson == Lesson::WentWrong;
                    is_broken
                        && transaction.query_row(
                            "SELECT keeps FROM server WHERE name = ?",
                            [server],
                            |row| row.get(0),
                        )?
                }
            };
            if is_lost {
                transaction.execute(
                    "UPDATE server SET keeps = 0, doubts = min(doubts + 1, ?1),
                     spared_until = ?2 + ?3 * (1 << (2 * min(doubts, ?1))) WHERE name = ?4",
                    params![MAX_DOUBTS, now, DAY, server],
                )?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + n * DAY).unwrap()
    }

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let state = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(state.path(), Arc::new(AtomicBool::new(false))).unwrap();
        (state, ledger)
    }

    fn announced(lines: &str) -> Lesson {
        Lesson::Announced(lines.to_owned())
    }

    #[test]
    fn what_capa_says_is_believed_for_a_month() {
        let (_state, ledger) = ledger();
        let capabilities = |server, n| ledger.habits(server, day(n)).unwrap().capabilities;
        assert_eq!(capabilities("a", 0), None);
        ledger.learn("a", &announced("PIPELINING"), day(0)).unwrap();
        ledger.learn("b", &announced(""), day(0)).unwrap();
        assert_eq!(capabilities("a", 29).as_deref(), Some("PIPELINING"));
        assert_eq!(capabilities("b", 29).as_deref(), Some(""));
        assert_eq!(capabilities("a", 30), None);
        // A clock that was wrong proves nothing.
        assert_eq!(capabilities("a", -1), None);
        ledger.learn("a", &Lesson::WentWrong, day(1)).unwrap();
        assert_eq!(capabilities("a", 1), None);
    }

    #[test]
    fn a_server_that_loses_what_is_sent_ahead_is_spared_longer_each_time() {
        let (_state, ledger) = ledger();
        let keeps = |n| ledger.habits("a", day(n)).unwrap().keeps;
        let mut now = 0;
        for spared in [1, 4, 16, 64, 256, 256] {
            assert_eq!(keeps(now), None);
            ledger.learn("a", &Lesson::Kept, day(now)).unwrap();
            assert_eq!(keeps(now), Some(true));
            ledger.learn("a", &Lesson::WentWrong, day(now)).unwrap();
            assert_eq!(keeps(now + spared - 1), Some(false));
            now += spared;
        }
        ledger.learn("a", &Lesson::Kept, day(now)).unwrap();
        ledger.learn("a", &Lesson::WentWell, day(now)).unwrap();
        assert!(!ledger.habits("a", day(now)).unwrap().doubted);
        ledger.learn("a", &Lesson::Lost, day(now)).unwrap();
        assert_eq!(keeps(now), Some(false));
        assert_eq!(keeps(now + 1), None);
    }

    #[test]
    fn a_broken_session_says_nothing_of_a_server_to_which_nothing_was_sent_ahead() {
        let (_state, ledger) = ledger();
        ledger.learn("a", &Lesson::WentWrong, day(0)).unwrap();
        assert_eq!(ledger.habits("a", day(0)).unwrap(), Habits::default());
    }

    #[test]
    fn a_lesson_changes_the_same_here_and_on_record() {
        let lessons = [
            announced(""),
            Lesson::Kept,
            Lesson::WentWell,
            Lesson::WentWrong,
            announced("PIPELINING"),
            Lesson::Outdated,
            Lesson::Lost,
            Lesson::WentWrong,
        ];
        let (_state, ledger) = ledger();
        let mut habits = Habits::default();
        for lesson in lessons {
            habits = habits.after(&lesson);
            ledger.learn("a", &lesson, day(0)).unwrap();
            assert_eq!(ledger.habits("a", day(0)).unwrap(), habits, "{lesson:?}");
        }
    }
}
