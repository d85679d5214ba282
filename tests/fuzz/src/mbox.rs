//! An mbox, written by popfetch and read again by the rules of mboxrd alone.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use popfetch::delivery::{Content, Entry, Mbox};

/// So many messages are appended at once.
const MOST: usize = 6;

/// What stands between two parts of an input.
const BREAK: u8 = 0xfe;

/// A folder of this thread, and what was there is gone when it ends.
struct Room(PathBuf);

impl Room {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("popfetch-fuzz-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder in memory");
        Self(path)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // It is in memory, or in the system's folder for such.
        let _ = fs::remove_dir_all(&self.0);
    }
}

thread_local! {
    static ROOM: RefCell<Option<Room>> = const { RefCell::new(None) };
}

/// Gives the work this thread's folder.
pub(crate) fn with_room<T>(work: impl FnOnce(&Path) -> T) -> T {
    ROOM.with_borrow_mut(|room| work(&room.get_or_insert_with(Room::new).0))
}

/// The first part of the input is what the mbox holds already, the others are messages. What was there stays, each message
/// comes out as it went in, and there are no others.
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
            let mut expected = message.to_vec();
            if !expected.is_empty() && !expected.ends_with(b"\n") {
                expected.push(b'\n');
            }
            assert_eq!(*found, expected, "a message is what it was");
        }
    });
}

fn append(room: &Path, path: &Path, messages: &[&[u8]]) {
    let staged: Vec<PathBuf> = (0..messages.len())
        .map(|at| room.join(at.to_string()))
        .collect();
    for (path, message) in staged.iter().zip(messages) {
        fs::write(path, message).expect("it can be written");
    }
    let time = "2024-02-29T12:00:00Z".parse().expect("a time");
    let entries: Vec<Entry> = staged
        .into_iter()
        .map(|staged| Entry {
            staged: Content::from(staged),
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
