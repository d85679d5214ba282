//! Reads fetchmail's uids: one file, a line `user@server uid` for each message that it has and that was still on the
//! server.
//!
//! It refuses to know accounts; `server` is the label that an entry begins with, whatever `via` says. Invariant: a line
//! that is no such line is passed over, and what stays is in the file's order.

use std::collections::HashMap;
use std::path::Path;

use memchr::{memchr, memchr2, memrchr};

use crate::import::Record;
use crate::mail::Uid;
use crate::state::{Likeness, Taken};

/// How many lines are looked at to tell such a file from others.
const LOOKED_AT: usize = 20;

/// What a file says of each maildrop.
pub(super) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    for (user, server, uid) in content.split(|octet| *octet == b'\n').filter_map(line) {
        // fetchmail compares both without regard to case.
        let key = [user, b"@", server].concat().to_ascii_lowercase();
        let place = *places.entry(key).or_insert_with(|| {
            let text = |octets| String::from_utf8_lossy(octets).into_owned();
            records.push(Record {
                file: file.to_owned(),
                host: text(server),
                user: text(user),
                likeness: Likeness::CutAtSpace,
                taken: Vec::new(),
            });
            records.len() - 1
        });
        records[place].taken.push(Taken {
            uid,
            first_seen: None,
            delete: false,
        });
    }
    records
}

/// User, server and uid. A user may hold blanks before its first `@`, and more of them; the server holds neither.
fn line(line: &[u8]) -> Option<(&[u8], &[u8], Uid)> {
    let line = line.trim_ascii();
    let at = memchr(b'@', line)?;
    let blank = at + memchr2(b' ', b'\t', &line[at..])?;
    let (whose, uid) = (&line[..blank], line[blank..].trim_ascii_start());
    let at = memrchr(b'@', whose)?;
    let end = memchr2(b' ', b'\t', uid).unwrap_or(uid.len());
    Some((&whose[..at], &whose[at + 1..], Uid::new(&uid[..end])?))
}

/// Whether this is such a file, and no run control file: by its first lines, which all have a maildrop and one uid.
pub(super) fn is_record(content: &[u8]) -> bool {
    let lines = content.split(|octet| *octet == b'\n');
    let mut lines = lines
        .filter(|line| !line.trim_ascii().is_empty())
        .peekable();
    let one_uid = |text: &[u8]| {
        let text = text.trim_ascii();
        let behind =
            memchr(b'@', text).and_then(|at| Some(at + memchr2(b' ', b'\t', &text[at..])?));
        let uid = behind.map(|behind| text[behind..].trim_ascii());
        let word = |uid: &[u8]| !uid.is_empty() && memchr2(b' ', b'\t', uid).is_none();
        uid.is_some_and(word) && !text.starts_with(b"#")
    };
    lines.peek().is_some() && lines.take(LOOKED_AT).all(one_uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Vec<(String, String, Vec<String>)> {
        records(Path::new("/h/.fetchids"), content.as_bytes())
            .into_iter()
            .map(|record| {
                let uids = record.taken.iter().map(|taken| taken.uid.to_string());
                (record.user, record.host, uids.collect())
            })
            .collect()
    }

    #[test]
    fn uids_are_filed_by_user_and_server_in_any_case() {
        let records = read("me@pop.example a1\nYou@pop.example b1\nME@POP.example a2\n\njunk\n");
        assert_eq!(
            records,
            [
                (
                    "me".into(),
                    "pop.example".into(),
                    vec!["a1".into(), "a2".into()]
                ),
                ("You".into(), "pop.example".into(), vec!["b1".into()]),
            ]
        );
    }

    #[test]
    fn a_user_may_be_an_address_and_hold_a_blank() {
        assert_eq!(
            read("me@example.org@pop.example a1\n  my self@pop.example <b@1>\r\n"),
            [
                (
                    "me@example.org".into(),
                    "pop.example".into(),
                    vec!["a1".into()]
                ),
                ("my self".into(), "pop.example".into(), vec!["<b@1>".into()]),
            ]
        );
    }

    #[test]
    fn what_comes_behind_a_uid_is_none_of_it() {
        assert_eq!(
            read("me@pop a1\tx\nme@pop  a2 y\nme@pop\nme@pop \n"),
            [("me".into(), "pop".into(), vec!["a1".into(), "a2".into()])]
        );
    }

    #[test]
    fn uids_are_known_to_be_cut() {
        let records = records(Path::new("ids"), b"me@pop a1");
        assert_eq!(records[0].likeness, Likeness::CutAtSpace);
    }

    #[test]
    fn a_record_is_told_from_a_configuration() {
        for record in ["me@pop a\n", "\n my self@pop a\nyou@x@pop b\n"] {
            assert!(is_record(record.as_bytes()), "{record}");
        }
        for other in [
            "",
            "\n",
            "poll pop.example proto pop3 user me@example.org pass secret\n",
            "me@pop a\npoll x\n",
            "# me@pop a\n",
            "poll a user x\n",
        ] {
            assert!(!is_record(other.as_bytes()), "{other}");
        }
    }
}
