//! An mbox, written by popfetch from messages that it staged as they come over the line, and read again by the rules of mboxrd
//! alone.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use popfetch::delivery::{Entry, Mbox, Packs, Stager, Staging, Stamp};

use super::room::with_room;

/// So many messages are appended at once.
const MOST: usize = 6;

/// What stands between two parts of an input.
const BREAK: u8 = 0xfe;

/// The first part of the input is what the mbox holds already, the others are messages as they come over the line. What was
/// there stays, each message comes out as it went in, with the store's line ends, and there are no others.
pub fn holds(input: &[u8]) {
    let mut parts = input.split(|octet| *octet == BREAK);
    let old = parts.next().unwrap_or_default();
    let messages: Vec<&[u8]> = parts.take(MOST).collect();
    if messages.is_empty() {
        return;
    }
    with_room(|room| {
        let path = room.join("inbox");
        fs::write(&path, old).expect("it can be written");
        append(room, &path, &messages);
        let new = fs::read(&path).expect("it can be read");
        fs::remove_file(&path).expect("it can be removed");
        let added = new.strip_prefix(old).expect("what was there stays");
        let gap = match old {
            [] | [.., b'\n', b'\n'] | [b'\n'] => 0,
            [.., b'\n'] => 1,
            _ => 2,
        };
        assert!(added[..gap].iter().all(|octet| *octet == b'\n'), "the gap");
        let found = read(&added[gap..]);
        assert_eq!(found.len(), messages.len(), "so many messages");
        for (found, message) in found.iter().zip(&messages) {
            // An mbox cannot say that the last line has no end.
            let mut expected = stored(message);
            if !expected.is_empty() && !expected.ends_with(b"\n") {
                expected.push(b'\n');
            }
            assert_eq!(*found, expected, "a message is what it was");
        }
    });
}

/// A message with CRLF turned into LF, and nothing else.
fn stored(message: &[u8]) -> Vec<u8> {
    let mut stored = Vec::new();
    for octet in message {
        if *octet == b'\n' && stored.last() == Some(&b'\r') {
            stored.pop();
        }
        stored.push(*octet);
    }
    stored
}

/// Stages the messages in a spool, in pieces and in a pack or each in its own file as their number says, and appends them.
fn append(room: &Path, path: &Path, messages: &[&[u8]]) {
    let time = "2024-02-29T12:00:00Z".parse().expect("a time");
    let stamp = Stamp::new(time, "host.example", 1);
    let staging = Staging::spool(&room.join("spool"), &stamp).expect("a spool");
    let packs = Packs::new(&staging);
    let packed = messages.len().is_multiple_of(2).then_some(&packs);
    let mut writer = Stager::new(&staging, packed);
    let staged: Vec<_> = messages
        .iter()
        .map(|message| {
            let mut draft = writer.begin();
            for piece in message.chunks(1 + message.len() % 7) {
                draft.write(piece).expect("it can be written");
            }
            let staged = draft.finish().expect("it can be written");
            assert_eq!(staged.size.0, stored(message).len() as u64);
            staged
        })
        .collect();
    let pack = packs.seal();
    let entries: Vec<Entry> = staged
        .iter()
        .map(|staged| Entry {
            staged: staging.content_of(&staged.file, staged.size, pack.as_deref()),
            time,
        })
        .collect();
    let mbox = Mbox {
        path: path.to_owned(),
        flock: false,
        lock_timeout: Duration::from_secs(1),
    };
    let mut locked = mbox
        .lock(&AtomicBool::new(false))
        .expect("nobody else has it");
    locked.append(&entries).expect("there is room");
    for name in staging.names().expect("the spool can be read") {
        staging.discard(&name).expect("it can be removed");
    }
}

/// The messages, as a program reads them that knows mboxrd: each is behind a From_ line at the beginning or behind an empty
/// line, and `>`s before `From ` lose one.
fn read(mbox: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut is_behind_empty = true;
    for line in mbox.split_inclusive(|octet| *octet == b'\n') {
        if is_behind_empty && line.starts_with(b"From ") {
            found.push(Vec::new());
        } else {
            let quotes = line.iter().take_while(|octet| **octet == b'>').count();
            let is_quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
            assert!(
                quotes > 0 || !line.starts_with(b"From "),
                "an unquoted From_ line"
            );
            let message = found.last_mut().expect("a From_ line comes first");
            message.extend_from_slice(if is_quoted { &line[1..] } else { line });
        }
        is_behind_empty = line == b"\n";
    }
    for message in &mut found {
        assert_eq!(
            message.pop(),
            Some(b'\n'),
            "an empty line is behind each message"
        );
    }
    found
}
