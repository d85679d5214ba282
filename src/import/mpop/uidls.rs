//! mpop's files of uids: lists, each of a server and a user.
//!
//! ```text
//! # comments before anything else, with the version of mpop
//!  2 pop.example.org joe
//! uid-a 1784000000
//! uid-b 1784000000
//! ```
//!
//! The number after a uid is when mpop saw it first, in seconds since 1970; before version 1.4.23 it is not there. It
//! refuses to know where the files are. Invariant: a uid is whole, or it is in no list.

use std::path::Path;

use jiff::Timestamp;

use super::super::Record;
use crate::mail::Uid;
use crate::state::{Likeness, Taken};

/// No time before this is one that mpop wrote: it is in 2001.
const EARLIEST: i64 = 1_000_000_000;

/// Nor one after this, which is in 2286.
const LATEST: i64 = 9_999_999_999;

/// Whether it begins as such a file does.
pub(super) fn is_one(content: &[u8]) -> bool {
    let mut lines = lines(content);
    lines.next().is_some_and(|line| Head::of(line).is_some())
}

/// Its lists.
pub(super) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    let lists = lists(content);
    let dated = !is_undated(content) && are_dated(&lists);
    let records = lists.into_iter().map(|(head, uids)| Record {
        file: file.to_owned(),
        host: head.host,
        user: head.user,
        likeness: Likeness::Same,
        taken: uids
            .into_iter()
            .filter_map(|uid| taken(uid, dated))
            .collect(),
    });
    records.collect()
}

/// A list's first line.
struct Head {
    count: usize,
    host: String,
    user: String,
}

impl Head {
    fn of(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line.strip_prefix(b" ")?);
        let mut words = line.splitn(3, ' ');
        let count = words.next()?.parse().ok()?;
        let (host, user) = (words.next()?, words.next()?);
        (!host.is_empty() && !user.is_empty()).then(|| Self {
            count,
            host: host.to_owned(),
            user: user.to_owned(),
        })
    }
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = content.split(|byte| *byte == b'\n');
    // A uid may begin so, too, but stands behind its list's first line.
    lines.skip_while(|line| line.is_empty() || line.starts_with(b"#"))
}

/// Each list with its lines. One that is shorter than it says ends with the file; what is in none is left.
fn lists(content: &[u8]) -> Vec<(Head, Vec<&[u8]>)> {
    let mut lines = lines(content).filter(|line| !line.is_empty());
    let mut lists = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(head) = Head::of(line) {
            let uids = lines.by_ref().take(head.count).collect();
            lists.push((head, uids));
        }
    }
    lists
}

/// The first version that writes times.
const DATED_SINCE: [u32; 3] = [1, 4, 23];

/// Whether a comment says that an older version wrote the file.
fn is_undated(content: &[u8]) -> bool {
    let comments = content.split(|byte| *byte == b'\n');
    let comments = comments.take_while(|line| line.is_empty() || line.starts_with(b"#"));
    let mut versions = comments.filter_map(|line| {
        let (_, version) = str::from_utf8(line).ok()?.split_once("mpop version ")?;
        let numbers = version.split('.').map_while(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit());
            part[..digits.unwrap_or(part.len())].parse().ok()
        });
        let numbers: Vec<u32> = numbers.collect();
        (!numbers.is_empty()).then_some(numbers)
    });
    versions.any(|version| version.as_slice() < DATED_SINCE.as_slice())
}

/// Whether the lines of the file end with times. One that does not shows a file of an older mpop, in which others that seem
/// to are uids with a space; so does a file in which no number is a time. One time alone may be odd, where a clock was.
fn are_dated(lists: &[(Head, Vec<&[u8]>)]) -> bool {
    let uids = || lists.iter().flat_map(|(_, uids)| uids);
    let times = || uids().filter_map(|line| Some(split(line)?.1));
    times().count() == uids().count() && times().any(is_time)
}

fn is_time(seconds: i64) -> bool {
    (EARLIEST..=LATEST).contains(&seconds)
}

fn split(line: &[u8]) -> Option<(&[u8], i64)> {
    let space = line.iter().rposition(|byte| *byte == b' ')?;
    let (uid, time) = (&line[..space], &line[space + 1..]);
    let digits = time.iter().all(u8::is_ascii_digit);
    let time = str::from_utf8(time).ok()?.parse().ok()?;
    (digits && !uid.is_empty()).then_some((uid, time))
}

fn taken(line: &[u8], dated: bool) -> Option<Taken> {
    let (uid, time) = match split(line) {
        Some((uid, time)) if dated => {
            let time = Some(time).filter(|time| is_time(*time));
            (uid, time.and_then(|time| Timestamp::from_second(time).ok()))
        }
        _ => (line, None),
    };
    Some(Taken {
        uid: Uid::new(uid)?,
        first_seen: time,
        delete: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Uids = Vec<(String, Option<i64>)>;

    fn read(content: &str) -> Vec<(String, String, Uids)> {
        let records = records(Path::new("/uidls"), content.as_bytes()).into_iter();
        let shown = records.map(|record| {
            let taken = record.taken.into_iter().map(|taken| {
                let time = taken.first_seen.map(Timestamp::as_second);
                (taken.uid.to_string(), time)
            });
            (record.host, record.user, taken.collect())
        });
        shown.collect()
    }

    fn uids(content: &str) -> Uids {
        let lists = read(content).into_iter();
        lists.flat_map(|(_, _, uids)| uids).collect()
    }

    fn undated<const N: usize>(uids: [&str; N]) -> Uids {
        uids.map(|uid| (uid.to_owned(), None)).into()
    }

    #[test]
    fn a_file_has_lists_of_several_servers_and_users() {
        let text =
            "# by mpop\n# more\n 2 pop.a.example joe smith\n#1\nb\n 0 h nobody\n 1 h u@x\nc\n";
        let lists = read(text);
        assert_eq!(lists.len(), 3);
        assert_eq!(
            (lists[0].0.as_str(), lists[0].1.as_str()),
            ("pop.a.example", "joe smith")
        );
        assert_eq!(lists[0].2, undated(["#1", "b"]));
        assert_eq!(lists[1].2, []);
        assert_eq!((lists[2].0.as_str(), lists[2].1.as_str()), ("h", "u@x"));
        assert_eq!(lists[2].2, undated(["c"]));
    }

    #[test]
    fn a_file_of_a_newer_mpop_says_when_each_was_seen() {
        let text = " 2 h u\na 1784000000\nb c 1784000001\n 1 h v\nd 1784000002\n";
        assert_eq!(
            uids(text),
            [
                ("a".to_owned(), Some(1_784_000_000)),
                ("b c".to_owned(), Some(1_784_000_001)),
                ("d".to_owned(), Some(1_784_000_002)),
            ]
        );
    }

    #[test]
    fn a_time_from_when_the_clock_was_wrong_is_none() {
        let text = " 2 h u\na 1784000000\nb 86400\n";
        let expected = [
            ("a".to_owned(), Some(1_784_000_000)),
            ("b".to_owned(), None),
        ];
        assert_eq!(uids(text), expected);
    }

    #[test]
    fn one_line_without_a_time_shows_that_the_others_have_none() {
        let text = " 3 h u\na 1784000000\nb c\nd 123\n";
        assert_eq!(uids(text), undated(["a 1784000000", "b c", "d 123"]));
    }

    #[test]
    fn a_file_says_which_version_wrote_it() {
        let read = |version: &str| {
            uids(&format!(
                "# This file was generated by mpop version {version}.\n#\n 1 h u\na 1784000000\n"
            ))
        };
        for older in ["1.4.18", "1.4.22", "1.3", "0.8.7", "1"] {
            assert_eq!(read(older), undated(["a 1784000000"]), "{older}");
        }
        for newer in ["1.4.23", "1.4.30-git", "2.0", "x", ""] {
            assert_eq!(
                read(newer),
                [("a".to_owned(), Some(1_784_000_000))],
                "{newer}"
            );
        }
    }

    #[test]
    fn numbers_that_are_no_times_are_parts_of_uids() {
        let text = " 2 h u\nmsg 1\nmsg 2\n";
        assert_eq!(uids(text), undated(["msg 1", "msg 2"]));
        let text = " 1 h u\n 1784000000\n";
        assert_eq!(uids(text), undated([" 1784000000"]));
    }

    #[test]
    fn a_list_that_is_cut_off_has_what_is_there() {
        assert_eq!(uids(" 99999999999999999999 h u\na\n"), []);
        assert_eq!(uids(" 9 h u\na\nb"), undated(["a", "b"]));
        assert_eq!(uids("a\nb\n 1 h\nc\n"), []);
    }

    #[test]
    fn such_a_file_is_told_from_a_configuration() {
        assert!(is_one(b"# x\n 0 h u\n"));
        for other in ["", "# x\n", " host h\n", "account a\n", " 1 h\n"] {
            assert!(!is_one(other.as_bytes()), "{other:?}");
        }
    }
}
