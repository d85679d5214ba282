//! `popstate.dat`: the uids that Thunderbird has, each with a letter and the time it came.
//!
//! `k` is kept on the server and `d` deleted from it next. `b` was too big, so that only its top was fetched, and of `f`
//! the rest is fetched next: neither is here yet. Thunderbird ends a uid at its first space. It refuses to know the
//! accounts. Invariants: any content is survived; what is not known to be here is not said to be.

use std::path::Path;

use jiff::Timestamp;

use crate::import::Record;
use crate::mail::Uid;
use crate::state::{Likeness, Taken};

/// The name of the file.
pub(super) const NAME: &str = "popstate.dat";

/// What it begins with.
pub(super) const HEAD: &[u8] = b"# POP3 State File";

/// What the file has: a record for each line with a server and a user. What stands before the first of these lines
/// Thunderbird passes over, too.
pub(in crate::import) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for line in content.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(maildrop) = line.strip_prefix(b"*") {
            let maildrop = String::from_utf8_lossy(maildrop);
            let (host, user) = maildrop.split_once(' ').unwrap_or((&maildrop, ""));
            records.push(Record {
                file: file.to_owned(),
                host: host.to_owned(),
                user: user.trim().to_owned(),
                likeness: Likeness::CutAtSpace,
                taken: Vec::new(),
            });
        } else if let (Some(record), Some(taken)) = (records.last_mut(), taken(line)) {
            record.taken.push(taken);
        }
    }
    records
}

fn taken(line: &[u8]) -> Option<Taken> {
    let mut words = line.split(|byte| *byte == b' ');
    let delete = match words.next()? {
        b"k" => false,
        b"d" => true,
        _ => return None,
    };
    Some(Taken {
        uid: Uid::new(words.next()?)?,
        // Thunderbird of long ago wrote no time.
        first_seen: words.next().and_then(time),
        delete,
    })
}

fn time(digits: &[u8]) -> Option<Timestamp> {
    let seconds: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    // 0 is for no time.
    (seconds > 0).then(|| Timestamp::from_second(seconds).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lines: &[u8]) -> Vec<(String, Option<i64>, bool)> {
        let records = records(Path::new("/p/popstate.dat"), &[HEAD, b"\n", lines].concat());
        let taken = records.iter().flat_map(|record| &record.taken);
        taken
            .map(|t| {
                (
                    t.uid.to_string(),
                    t.first_seen.map(Timestamp::as_second),
                    t.delete,
                )
            })
            .collect()
    }

    #[test]
    fn what_is_kept_and_what_is_deleted_next_is_here() {
        let lines =
            b"*pop.example.net jo\nk uid1 1795365376\nd uid2 1795365377\r\nb uid3 1\nf uid4 2\n";
        assert_eq!(
            seen(lines),
            [
                ("uid1".to_owned(), Some(1_795_365_376), false),
                ("uid2".to_owned(), Some(1_795_365_377), true)
            ]
        );
    }

    #[test]
    fn a_time_may_be_missing() {
        let lines = b"*h u\nk a\nk b 0\nk c undefined\nk d 99999999999999999\n";
        let seen = seen(lines);
        assert_eq!(seen.len(), 4);
        assert!(seen.iter().all(|(_, time, _)| time.is_none()), "{seen:?}");
    }

    #[test]
    fn each_maildrop_has_its_record() {
        let content = b"k early 1\n*one jo@example.net\nk a 1\n#*two x\n*three \nk b 1\n*four\n";
        let records = records(Path::new("/p/popstate.dat"), content);
        let named: Vec<_> = records
            .iter()
            .map(|r| (&*r.host, &*r.user, r.taken.len()))
            .collect();
        assert_eq!(
            named,
            [
                ("one", "jo@example.net", 1),
                ("three", "", 1),
                ("four", "", 0)
            ]
        );
        assert!(records.iter().all(|r| r.likeness == Likeness::CutAtSpace));
    }

    #[test]
    fn a_line_that_is_none_of_thunderbirds_is_nothing() {
        assert_eq!(seen(b"*h u\nk\nk \nx a 1\nkk a 1\n\nk  1\n\xff\xfe\n"), []);
    }
}
