//! Claws Mail's files of uids, one for each server and user.
//!
//! ```text
//! uid-a →  1784000000 →  0
//! uid-b →  1784000000 →  1
//! uid-c →  2 →  0
//! ```
//!
//! Three fields, told apart by tabs, here arrows: the uid, which ends at a blank even where the server's goes on; when it was fetched, in
//! seconds since 1970, or a small number where that is not known; and whether it was fetched whole (`0`), or its beginning
//! only, as it is large (anything else). It refuses to know where the files are. Invariant: a message of which only a part
//! is here is not among those that are taken over, so that popfetch fetches it.

use std::path::Path;

use jiff::Timestamp;

use super::super::Record;
use crate::mail::Uid;
use crate::state::{Likeness, Taken};

/// Claws Mail reads a uid up to the first blank.
pub(super) const LIKENESS: Likeness = Likeness::CutAtSpace;

/// What is not more than this is no time: 1 is fetched at an unknown one, 2 kept because a filter said so, 3 is below.
const LARGEST_FLAG: i64 = 3;

/// The flag of a message that is to be deleted, in the versions that have one.
const DELETE: i64 = 3;

/// Whether it looks like one: a first line of such fields.
pub(super) fn is_one(content: &[u8]) -> bool {
    let mut lines = content.split(|byte| *byte == b'\n');
    lines.next().is_some_and(|line| {
        let mut fields = line.split(|byte| *byte == b'\t');
        fields.next().is_some_and(|uid| !uid.is_empty()) && fields.next().and_then(number).is_some()
    })
}

/// What the file says by itself: which server and user it is for is in its name, and not for certain.
pub(super) fn record(file: &Path, content: &[u8]) -> Option<Record> {
    if !is_one(content) {
        return None;
    }
    let name = file.file_name()?.to_string_lossy();
    let (host, user) = split(&name)?;
    Some(Record {
        file: file.to_owned(),
        host: host.to_owned(),
        user: user.to_owned(),
        likeness: LIKENESS,
        taken: taken(content),
    })
}

/// How the file of a server and a user is called.
pub(super) fn name(host: &str, user: &str) -> String {
    let user = user.replace(['\t', '\r', '\n', '\\', '/', '*'], "_");
    format!("{host}-{user}")
}

/// The server and the user. Both may have hyphens: the server ends with the last part, after a dot, in which one follows.
fn split(name: &str) -> Option<(&str, &str)> {
    // The domain of an address has dots and hyphens, too.
    let end = name.find('@').unwrap_or(name.len());
    let mut dots = name[..end].rmatch_indices('.').map(|(at, _)| at);
    let mut until = end;
    let hyphen = dots.find_map(|dot| {
        let hyphen = name[dot..until].find('-').map(|at| dot + at);
        until = dot;
        hyphen
    });
    let hyphen = hyphen.or_else(|| name[..end].find('-'))?;
    let (host, user) = (&name[..hyphen], &name[hyphen + 1..]);
    (!host.is_empty() && !user.is_empty()).then_some((host, user))
}

/// The messages that are here whole.
pub(super) fn taken(content: &[u8]) -> Vec<Taken> {
    let lines = content.split(|byte| *byte == b'\n');
    lines.filter_map(one).collect()
}

fn one(line: &[u8]) -> Option<Taken> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut fields = line.split(|byte| *byte == b'\t');
    let uid = Uid::new(fields.next()?)?;
    // The oldest versions wrote the uid alone.
    let time = fields.next().map_or(Some(0), number)?;
    if fields.next().is_some_and(|part| part != b"0") {
        return None;
    }
    let first_seen = Some(time).filter(|time| *time > LARGEST_FLAG);
    Some(Taken {
        uid,
        first_seen: first_seen.and_then(|time| Timestamp::from_second(time).ok()),
        delete: time == DELETE,
    })
}

fn number(field: &[u8]) -> Option<i64> {
    let field = field.strip_suffix(b"\r").unwrap_or(field);
    str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Vec<(String, Option<i64>, bool)> {
        let taken = taken(content.as_bytes()).into_iter();
        let shown = taken.map(|taken| {
            let time = taken.first_seen.map(Timestamp::as_second);
            (taken.uid.to_string(), time, taken.delete)
        });
        shown.collect()
    }

    #[test]
    fn whole_messages_are_taken_over_with_their_times() {
        let text = "a\t1784000000\t0\nb\t1\t0\r\nc\t2\t0\nd\t3\t0\ne\nf\t1784000001\n";
        assert_eq!(
            read(text),
            [
                ("a".to_owned(), Some(1_784_000_000), false),
                ("b".to_owned(), None, false),
                ("c".to_owned(), None, false),
                ("d".to_owned(), None, true),
                ("e".to_owned(), None, false),
                ("f".to_owned(), Some(1_784_000_001), false),
            ]
        );
    }

    #[test]
    fn messages_of_which_a_part_is_here_are_fetched_again() {
        let text = "a\t1784000000\t1\nb\t1784000000\t2\nc\t1784000000\t#mh/Mail/inbox:7\n\t5\t0\nd\tx\t0\n";
        assert_eq!(read(text), []);
    }

    #[test]
    fn a_file_is_named_after_the_server_and_the_user() {
        assert_eq!(
            name("pop.example.org", "me/x*y@z"),
            "pop.example.org-me_x_y@z"
        );
        for (name, host, user) in [
            ("pop.example.org-me", "pop.example.org", "me"),
            (
                "pop.my-isp.example-joe-doe",
                "pop.my-isp.example",
                "joe-doe",
            ),
            ("pop.isp.example-joe.doe", "pop.isp.example", "joe.doe"),
            (
                "pop.isp.example-joe@my-isp.example",
                "pop.isp.example",
                "joe@my-isp.example",
            ),
            (
                "pop.isp.example-j.d@isp.example",
                "pop.isp.example",
                "j.d@isp.example",
            ),
            ("localhost-me", "localhost", "me"),
        ] {
            assert_eq!(split(name), Some((host, user)), "{name}");
        }
        for name in ["", "-", "pop.example.org", "x-", "-x", "@", "a@b-c"] {
            assert_eq!(split(name), None, "{name}");
        }
    }

    #[test]
    fn a_file_is_known_by_its_first_line() {
        assert!(is_one(b"a\t1784000000\t0\n"));
        for other in ["", "a\n", "[Account: 1]\n", "\t5\t0\n", "a\tb\n"] {
            assert!(!is_one(other.as_bytes()), "{other:?}");
        }
    }
}
