//! What an mbox holds, read as a mail program reads mboxrd, and counted by formail(1), which is not of this project.
//!
//! It refuses to mend: a file that is no whole mbox fails the test. Invariant: each entry begins with a `From ` line at
//! the file's beginning or behind an empty line, and ends with an empty line.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// One message in an mbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The line before the message, without its end.
    pub(crate) from: String,
    /// The message, unquoted.
    pub(crate) message: Vec<u8>,
}

/// The entries of the mbox at this path, in their order; none if there is no such file.
pub(crate) fn entries(path: &Path) -> Vec<Entry> {
    if !path.exists() {
        return Vec::new();
    }
    parse(&fs::read(path).unwrap())
}

/// The messages of the mbox at this path, sorted by content.
pub(crate) fn messages(path: &Path) -> Vec<Vec<u8>> {
    let entries = entries(path).into_iter();
    let mut messages: Vec<_> = entries.map(|entry| entry.message).collect();
    messages.sort();
    messages
}

/// How many messages formail(1) finds in the mbox at this path.
pub(crate) fn counted_by_formail(path: &Path) -> usize {
    let mut command = Command::new("formail");
    command.args(["-s", "sh", "-c", "cat > /dev/null; echo one"]);
    command.stdin(File::open(path).unwrap());
    let output = command.output().expect("formail is installed by tests/run");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().count()
}

/// Writes an mbox of these messages, which have nothing to quote.
pub(crate) fn write(path: &Path, messages: &[Vec<u8>]) {
    let mut file = File::create_new(path).unwrap();
    for message in messages {
        file.write_all(b"From sender@example.org Mon Jan  1 00:00:00 2024\n")
            .and_then(|()| file.write_all(message))
            .and_then(|()| file.write_all(b"\n"))
            .unwrap();
    }
}

fn parse(bytes: &[u8]) -> Vec<Entry> {
    assert!(
        bytes.is_empty() || bytes.ends_with(b"\n\n"),
        "the last message has no empty line behind it"
    );
    let mut entries: Vec<Entry> = Vec::new();
    let mut line_before = &b"\n"[..];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"From ") {
            let shown = line.escape_ascii();
            assert_eq!(line_before, b"\n", "no empty line before {shown}");
            let from = String::from_utf8_lossy(line).trim_end().to_owned();
            let message = Vec::new();
            entries.push(Entry { from, message });
        } else {
            let entry = entries.last_mut().expect("an mbox begins with From");
            entry.message.extend_from_slice(unquoted(line));
        }
        line_before = line;
    }
    for entry in &mut entries {
        // The empty line is the mbox's, not the message's.
        assert_eq!(entry.message.pop(), Some(b'\n'));
    }
    entries
}

/// A line of mboxrd as it was: one `>` less before `From `, however many there are.
fn unquoted(line: &[u8]) -> &[u8] {
    let start = line.iter().take_while(|byte| **byte == b'>').count();
    if start > 0 && line[start..].starts_with(b"From ") {
        &line[1..]
    } else {
        line
    }
}

mod tests {
    use super::*;

    #[test]
    fn entries_are_told_apart_and_unquoted() {
        let found = parse(b"From a Mon\nX: 1\n\n>From b\n>>From c\n>Fromage\n\n\nFrom d Tue\n\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].from, "From a Mon");
        let message = b"X: 1\n\nFrom b\n>From c\n>Fromage\n\n";
        assert_eq!(found[0].message, message);
        assert_eq!(
            (found[1].from.as_str(), found[1].message.len()),
            ("From d Tue", 0)
        );
    }

    #[test]
    fn a_message_that_runs_into_the_next_is_found() {
        for bytes in [&b"From a\nX\nFrom b\n\n"[..], b"From a\nX\n", b"X\n\n"] {
            assert!(std::panic::catch_unwind(|| parse(bytes)).is_err());
        }
    }

    #[test]
    fn formail_counts_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mbox");
        let sent = [b"Subject: 1\n\none\n".to_vec(), b"Subject: 2\n\n".to_vec()];
        write(&path, &sent);
        assert_eq!(counted_by_formail(&path), 2);
        assert_eq!(messages(&path), sent);
    }
}
