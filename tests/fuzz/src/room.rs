//! A folder for the files that a target needs, in memory where there is such.
//!
//! It refuses to know what is in it. Invariant: the folders of processes that are gone do not stay.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of this thread, and what was there is gone when it ends. libFuzzer ends processes without a farewell: what they
/// left behind goes when the next begins.
struct Room(PathBuf);

/// What such folders' names begin with; the process and a number follow.
const PREFIX: &str = "popfetch-fuzz-";

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
        if count == 0 {
            remove_orphans(&base);
        }
        let path = base.join(format!("{PREFIX}{}-{count}", std::process::id()));
        // Another of this number may have been here.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder in memory");
        Self(path)
    }
}

/// Removes the folders of processes that are gone.
fn remove_orphans(base: &Path) {
    let processes = Path::new("/proc");
    if !processes.join("self").exists() {
        // Nobody can say here who is gone.
        return;
    }
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let process: Option<u32> = rest
            .and_then(|rest| rest.split_once('-'))
            .and_then(|(process, _)| process.parse().ok());
        if process.is_some_and(|process| !processes.join(process.to_string()).exists()) {
            // Another that begins now may have been faster.
            let _ = fs::remove_dir_all(entry.path());
        }
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
