//! Reads the file in which fdm keeps the uids of one account's mail: `new-only cache "…"`.
//!
//! It refuses to know whose they are: the file does not say. Invariant: what does not follow the format is no uid.

use std::path::Path;

use crate::import::Record;
use crate::mail::Uid;
use crate::state::{Likeness, Taken};

/// The most digits of a length: no file is as large as more of them say.
const MOST_DIGITS: usize = 9;

/// The uids of this content, and whether all of it was understood.
pub(super) fn uids(content: &[u8]) -> (Vec<Taken>, bool) {
    let mut taken = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let Some((uid, after)) = entry(rest) else {
            return (taken, false);
        };
        taken.extend(Uid::new(uid).map(|uid| Taken {
            uid,
            first_seen: None,
            delete: false,
        }));
        rest = after;
    }
    (taken, true)
}

/// The uid at the start, which may hold spaces and line ends for all its length says, and what follows it.
fn entry(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = rest.iter().take(MOST_DIGITS + 1);
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    let (length, rest) = rest.split_at(digits);
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    let (uid, rest) = rest.strip_prefix(b" ")?.split_at_checked(length)?;
    Some((uid, rest.strip_prefix(b"\n")?))
}

/// What a cache says; nothing, if the content is none.
pub(super) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    let (taken, whole) = uids(content);
    if taken.is_empty() && !whole {
        return Vec::new();
    }
    vec![Record {
        file: file.to_owned(),
        host: String::new(),
        user: String::new(),
        likeness: Likeness::Same,
        taken,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uids_of(content: &[u8]) -> (Vec<String>, bool) {
        let (taken, whole) = uids(content);
        (
            taken.iter().map(|taken| taken.uid.to_string()).collect(),
            whole,
        )
    }

    #[test]
    fn a_uid_is_as_long_as_its_number_says() {
        assert_eq!(
            uids_of(b"5 uid/1\n3 a b\n3 x\ny\n1 \xff\n"),
            (
                vec!["uid/1".into(), "a b".into(), r"x\ny".into(), r"\xff".into()],
                true
            )
        );
        assert_eq!(uids_of(b""), (vec![], true));
    }

    #[test]
    fn what_follows_a_broken_entry_is_not_read() {
        for broken in [
            "x",
            "3 ab\n",
            "2 abc\n",
            "2 ab",
            "2ab\n",
            "2",
            "-1 a\n",
            "99999999999 a\n",
        ] {
            let content = format!("1 a\n{broken}");
            assert_eq!(
                uids_of(content.as_bytes()),
                (vec!["a".into()], false),
                "{broken}"
            );
        }
        assert_eq!(records(Path::new("c"), b"account").len(), 0);
    }
}
