//! `oldmail-*`: the uids that getmail has seen, each with the time it saw it first.
//!
//! It refuses to know the accounts. A line is the uid, a zero byte and the seconds since 1970; a `/` in a uid was stored
//! as `-`, and getmail takes no uid that is not ASCII. Invariants: any content is survived; the file's name is only read,
//! never made a path of.

use std::path::Path;

use jiff::Timestamp;

use crate::import::Record;
use crate::mail::Uid;
use crate::state::{Likeness, Taken};

/// What the name of each such file begins with.
pub(super) const PREFIX: &str = "oldmail-";

/// What getmail puts `-` for in these names; which of them depends on its version.
const ODD: [char; 7] = ['/', '\\', ':', ';', '<', '>', '|'];

/// The ports of IMAP, whose messages are numbered in another way.
const IMAP: [&str; 2] = ["143", "993"];

/// A name as all versions of getmail would have it.
pub(super) fn dashed(name: &str) -> String {
    name.replace(ODD, "-")
}

/// The name of an account's file, as [`dashed`] makes it.
pub(super) fn name(server: &str, port: u16, user: &str) -> String {
    dashed(&format!("{PREFIX}{server}-{port}-{user}"))
}

/// Whether the name is that of a file for IMAP.
pub(super) fn is_for_imap(name: &str) -> bool {
    parts(name).is_some_and(|(_, port, _)| IMAP.contains(&port))
}

/// Server, port and user. A server's name may hold what separates them: a port that mail is fetched from is looked for
/// first.
fn parts(name: &str) -> Option<(&str, &str, &str)> {
    let rest = name.strip_prefix(PREFIX)?;
    let mut found = None;
    let mut start = 0;
    for part in rest.split('-') {
        let end = start + part.len();
        let is_port = start > 0 && !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if is_port && end < rest.len() {
            let parts = (&rest[..start - 1], part, &rest[end + 1..]);
            if matches!(part, "110" | "995") || IMAP.contains(&part) {
                return Some(parts);
            }
            found = found.or(Some(parts));
        }
        start = end + 1;
    }
    found
}

/// What the file has.
pub(in crate::import) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let (host, _, user) = parts(&name).unwrap_or(("", "", ""));
    let lines = content.split(|byte| *byte == b'\n');
    let taken: Vec<Taken> = lines.filter_map(taken).collect();
    vec![Record {
        file: file.to_owned(),
        host: host.to_owned(),
        user: user.to_owned(),
        likeness: Likeness::DashForSlash,
        taken,
    }]
}

fn taken(line: &[u8]) -> Option<Taken> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut parts = line.splitn(2, |byte| *byte == 0);
    Some(Taken {
        uid: Uid::new(parts.next()?)?,
        first_seen: parts.next().and_then(time),
        delete: false,
    })
}

fn time(digits: &[u8]) -> Option<Timestamp> {
    let seconds = std::str::from_utf8(digits).ok()?.trim().parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_uid_and_the_time_it_was_first_seen() {
        let file = Path::new("/g/oldmail-pop.example.net-995-me@example.net");
        let content = b"a-b\x001795365376\nc d\x001795365377\nno time\n\n\x005\nodd\x00soon\n";
        let records = records(file, content);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].host, "pop.example.net");
        assert_eq!(records[0].user, "me@example.net");
        assert_eq!(records[0].likeness, Likeness::DashForSlash);
        let seen = |taken: &Taken| {
            (
                taken.uid.to_string(),
                taken.first_seen.map(Timestamp::as_second),
            )
        };
        let seen: Vec<_> = records[0].taken.iter().map(seen).collect();
        assert_eq!(
            seen,
            [
                ("a-b".to_owned(), Some(1_795_365_376)),
                ("c d".to_owned(), Some(1_795_365_377)),
                ("no time".to_owned(), None),
                ("odd".to_owned(), None),
            ]
        );
    }

    #[test]
    fn server_port_and_user_are_told_apart_where_that_can_be_done() {
        for (name, expected) in [
            (
                "oldmail-pop.example.net-8110-me",
                ("pop.example.net", "8110", "me"),
            ),
            ("oldmail-a-2-b-995-me-3-x", ("a-2-b", "995", "me-3-x")),
            ("oldmail-a-2-b-8110-me", ("a", "2", "b-8110-me")),
        ] {
            assert_eq!(parts(name), Some(expected));
        }
        for name in [
            "oldmail-",
            "oldmail-a",
            "oldmail-995-x",
            "oldmail-a-995",
            "x-1-y",
        ] {
            assert_eq!(parts(name), None, "{name}");
        }
        assert!(is_for_imap("oldmail-imap.example.net-993-me-INBOX"));
        assert!(!is_for_imap("oldmail-pop.example.net-995-me"));
    }

    #[test]
    fn an_accounts_file_is_known_whatever_version_wrote_it() {
        let name = name("127.0.0.1", 995, "a/b\\c:d;e<f>g|h@I j");
        assert_eq!(name, dashed("oldmail-127.0.0.1-995-a-b\\c-d-e-f-g-h@I j"));
        assert_eq!(name, dashed("oldmail-127.0.0.1-995-a-b-c-d-e-f-g-h@I j"));
    }
}
