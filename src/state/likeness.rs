//! How the uids that another program stored are like the server's, and which of them can stand for a message.
//!
//! It changes nothing. Invariant: of several messages that may be meant, none is.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::elsewhere::Taken;
use crate::mail::{Octets, Uid};

/// How a program's uids are like the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Likeness {
    /// They are the same.
    Same,
    /// They end before the first space.
    CutAtSpace,
    /// They have `-` for `/`.
    DashForSlash,
    /// They are the same, but were found by one of the other ways.
    Guessed,
}

impl Likeness {
    /// Those that the database has names for.
    const NAMES: [(Self, &str); 3] = [
        (Self::CutAtSpace, "cut"),
        (Self::DashForSlash, "dash"),
        (Self::Guessed, "guessed"),
    ];

    /// What the program would have stored for this uid.
    #[must_use]
    pub fn of(self, uid: &[u8]) -> Option<Uid> {
        match self {
            Self::Same | Self::Guessed => Uid::new(uid),
            Self::CutAtSpace => Uid::new(uid.split(|byte| *byte == b' ').next()?),
            Self::DashForSlash => {
                let dashed = |byte: &u8| if *byte == b'/' { b'-' } else { *byte };
                Uid::new(&uid.iter().map(dashed).collect::<Vec<u8>>())
            }
        }
    }

    /// What the database calls it; nothing, if the uid is the server's.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let named = Self::NAMES.iter().find(|(likeness, _)| *likeness == self);
        named.map(|(_, name)| *name)
    }

    /// What is called so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let named = Self::NAMES.iter().find(|(_, known)| *known == name);
        named.map(|(likeness, _)| *likeness)
    }

    /// Reads the column `likeness`: nothing where the uid is the server's.
    pub(super) fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Self>> {
        let name = row.get_ref(column)?.as_str_or_null()?;
        Ok(name.and_then(Self::from_name))
    }
}

/// What can stand for a message: a uid that was stored several times, not whole, is that of several.
pub(super) fn distinct(likeness: Likeness, taken: &[Taken]) -> Vec<&Taken> {
    if likeness == Likeness::Same {
        return taken.iter().collect();
    }
    let mut counts: HashMap<&Uid, usize> = HashMap::new();
    for message in taken {
        *counts.entry(&message.uid).or_insert(0) += 1;
    }
    let is_alone = |message: &&Taken| counts.get(&message.uid) == Some(&1);
    taken.iter().filter(is_alone).collect()
}

/// Which of an account's uids are only like the server's.
pub(super) struct Inexact<'l> {
    pub(super) kinds: Vec<Likeness>,
    listed: &'l [(&'l [u8], Octets)],
    /// How many listed uids would have been stored as this.
    counts: HashMap<Likeness, HashMap<Uid, usize>>,
}

impl<'l> Inexact<'l> {
    pub(super) fn of(
        connection: &Connection,
        account: i64,
        listed: &'l [(&'l [u8], Octets)],
    ) -> rusqlite::Result<Self> {
        let kinds = connection
            .prepare_cached(
                "SELECT DISTINCT likeness FROM message WHERE account = ? AND likeness IS NOT NULL",
            )?
            .query_map([account], |row| Likeness::read(row, 0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let kinds = kinds.into_iter().flatten();
        Ok(Self {
            kinds: kinds.filter(|kind| *kind != Likeness::Guessed).collect(),
            listed,
            counts: HashMap::new(),
        })
    }

    /// Whether this listed uid is the only one that would have been stored as it would.
    pub(super) fn is_meant(&mut self, likeness: Likeness, uid: &[u8]) -> bool {
        let counts = self.counts.entry(likeness).or_insert_with(|| {
            let mut counts = HashMap::new();
            for alike in self.listed.iter().filter_map(|(uid, _)| likeness.of(uid)) {
                *counts.entry(alike).or_insert(0) += 1;
            }
            counts
        });
        let alike = likeness.of(uid);
        alike.is_some_and(|alike| counts.get(&alike) == Some(&1))
    }
}
