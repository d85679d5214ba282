//! The lock file beside an mbox, `mbox.lock`: the one lock that all mail programs know.
//!
//! Its content is `PID:HOST`, as Dovecot writes it; a program that reads only a number sees the process. Invariants: it
//! appears with its content; only a lock that its owner has left for good is taken away; only an own one is removed.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{OFlags, Timespec, Timestamps, UTIME_NOW};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use rustix::system::uname;

use super::open::{FileId, folder_of, id};

/// A lock file that was not touched for so long is nobody's: what procmail, mutt and Dovecot wait, or less.
const ABANDONED: Duration = Duration::from_secs(300);

/// A number alone may be of a process on another host, or one that is just beginning: only after so long it is believed.
const BELIEVED: Duration = Duration::from_secs(10);

/// Who holds a lock for long touches it so often, so that nobody thinks it abandoned.
const TOUCH: Duration = Duration::from_secs(60);

/// The longest content that is looked at: a number and a host's name.
const CONTENT: u64 = 512;

/// The lock file, until it is dropped.
#[derive(Debug)]
pub(super) struct Dotlock {
    path: PathBuf,
    file: File,
    id: FileId,
    touched: Cell<Instant>,
}

/// What came of an attempt to take the lock.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It is ours.
    Taken(Dotlock),
    /// Somebody has it.
    Busy,
    /// No file can be made there by us, as in /var/mail: other programs of ours cannot either.
    Forbidden,
}

impl Dotlock {
    /// Tries once to take the lock of `mbox`. `own` are the lock files that this process holds.
    pub(super) fn attempt(mbox: &Path, own: &BTreeSet<FileId>) -> io::Result<Attempt> {
        let path = beside(mbox);
        let made = match make(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => remove_stale(&path, own)
                .and_then(|gone| if gone { make(&path) } else { Err(error) }),
            result => result,
        };
        match made {
            Ok(file) => Ok(Attempt::Taken(Self {
                id: id(&file.metadata()?),
                path,
                file,
                touched: Cell::new(Instant::now()),
            })),
            Err(error) => match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(Attempt::Busy),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    log::debug!("{} cannot be made: {error}", path.display());
                    Ok(Attempt::Forbidden)
                }
                _ => Err(error),
            },
        }
    }

    /// Which file it is.
    pub(super) fn id(&self) -> FileId {
        self.id
    }

    /// Says from time to time that the lock is still held.
    pub(super) fn touch(&self) {
        if self.touched.get().elapsed() < TOUCH {
            return;
        }
        self.touched.set(Instant::now());
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        };
        let times = Timestamps {
            last_access: now,
            last_modification: now,
        };
        // If it fails, the lock may be thought abandoned after minutes; the kernel's is still held.
        let _ = rustix::fs::futimens(&self.file, &times);
    }
}

impl Drop for Dotlock {
    fn drop(&mut self) {
        // Somebody may have thought it abandoned and made one of his own.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| id(&found) == self.id) {
            // If it cannot be removed, the next one sees that its process has ended.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The path of the lock file.
pub(super) fn beside(mbox: &Path) -> PathBuf {
    let mut path = OsString::from(mbox);
    path.push(".lock");
    path.into()
}

fn content() -> String {
    format!("{}:{}", process::id(), uname().nodename().to_string_lossy())
}

/// Makes the lock file, unless there is one.
fn make(path: &Path) -> io::Result<File> {
    // Where it works, the file gets its name only once its content is there: a process that is killed leaves a lock
    // that tells so.
    #[cfg(target_os = "linux")]
    match make_whole(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
        result => return result,
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    if let Err(error) = file.write_all(content().as_bytes()) {
        // Nobody can have thought it abandoned yet.
        let _ = fs::remove_file(path);
        return Err(error);
    }
    Ok(file)
}

#[cfg(target_os = "linux")]
fn make_whole(path: &Path) -> io::Result<File> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};

    let mut file = OpenOptions::new()
        .write(true)
        .mode(0o600)
        .custom_flags(OFlags::TMPFILE.bits().cast_signed())
        .open(folder_of(path))?;
    file.write_all(content().as_bytes())?;
    let source = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, source, CWD, path, AtFlags::SYMLINK_FOLLOW)?;
    Ok(file)
}

/// Removes the lock file if its owner has left it; returns whether another attempt is worth it.
fn remove_stale(path: &Path, own: &BTreeSet<FileId>) -> io::Result<bool> {
    let Some(seen) = look_at(path)? else {
        return Ok(true);
    };
    if !seen.is_stale(own) {
        return Ok(false);
    }
    // Of two that find the same stale lock, the second must not remove the new one of the first: who removes one has it
    // locked, and looks again. One that cannot be opened is old: nobody else is as quick.
    let _guard = match &seen.file {
        Some(file) => match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => Some(file),
            Err(TryLockError::WouldBlock) => return Ok(false),
        },
        None => None,
    };
    match fs::symlink_metadata(path) {
        Ok(now) if id(&now) == seen.id => {}
        _ => return Ok(true),
    }
    log::warn!(
        "removing the lock {}: its owner has left it",
        path.display()
    );
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        result => result.map(|()| true),
    }
}

/// A lock file that somebody made.
struct Found {
    id: FileId,
    /// The file, if it can be read.
    file: Option<File>,
    content: String,
    age: Duration,
}

/// Looks at a lock file; nothing if it is gone.
fn look_at(path: &Path) -> io::Result<Option<Found>> {
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if gone(&error) => return Ok(None),
        result => result?,
    };
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .ok()
        .filter(|file| file.metadata().is_ok_and(|open| id(&open) == id(&metadata)));
    let mut content = String::new();
    if let Some(file) = &mut file {
        // What cannot be read says nothing.
        let _ = file.take(CONTENT).read_to_string(&mut content);
    }
    let modified = metadata.modified()?;
    Ok(Some(Found {
        id: id(&metadata),
        file,
        content,
        // A time to come is no age.
        age: SystemTime::now()
            .duration_since(modified)
            .unwrap_or_default(),
    }))
}

impl Found {
    fn is_stale(&self, own: &BTreeSet<FileId>) -> bool {
        let (pid, host) = match self.content.trim_end().split_once(':') {
            Some((pid, host)) => (pid, Some(host)),
            None => (self.content.trim_end(), None),
        };
        let believed = match host {
            Some(host) => host == uname().nodename().to_string_lossy(),
            None => self.age > BELIEVED,
        };
        self.age > ABANDONED && !own.contains(&self.id)
            || believed && pid.parse().is_ok_and(|pid| self.is_dead(pid, own))
    }

    /// Whether the process that made the lock has ended. One with our own number has, unless the lock is ours: after a
    /// new start of a container, numbers come again.
    fn is_dead(&self, pid: i32, own: &BTreeSet<FileId>) -> bool {
        if u32::try_from(pid) == Ok(process::id()) {
            return !own.contains(&self.id);
        }
        // 0 and below name no process: some programs write such a number.
        pid > 0 && Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &BTreeSet<FileId> = &BTreeSet::new();

    fn taken(mbox: &Path) -> Option<Dotlock> {
        match Dotlock::attempt(mbox, NONE).unwrap() {
            Attempt::Taken(lock) => Some(lock),
            Attempt::Busy => None,
            Attempt::Forbidden => panic!("a file can be made there"),
        }
    }

    fn dead() -> u32 {
        let mut child = process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    fn host() -> String {
        uname().nodename().to_string_lossy().into_owned()
    }

    /// Whether a lock with this content and age is taken away.
    fn gives_way(content: &str, age: Duration) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let mbox = folder.path().join("mbox");
        fs::write(beside(&mbox), content).unwrap();
        let file = OpenOptions::new().write(true).open(beside(&mbox)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        taken(&mbox).is_some()
    }

    #[test]
    fn a_lock_is_taken_once_and_removed_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let mbox = folder.path().join("mbox");
        let lock = taken(&mbox).unwrap();
        let found = fs::read_to_string(beside(&mbox)).unwrap();
        assert_eq!(found, format!("{}:{}", process::id(), host()));
        let own = BTreeSet::from([lock.id()]);
        let again = Dotlock::attempt(&mbox, &own).unwrap();
        assert!(matches!(again, Attempt::Busy), "{again:?}");
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_lock_of_a_process_that_has_ended_gives_way() {
        let (now, soon) = (Duration::ZERO, BELIEVED * 2);
        let (dead, host) = (dead(), host());
        assert!(gives_way(&format!("{dead}:{host}"), now));
        assert!(gives_way(&format!("{dead}\n"), soon));
        assert!(!gives_way(&format!("{dead}\n"), now));
        assert!(!gives_way(&format!("{dead}:elsewhere.{host}"), soon));
        // The number of this process, which did not take the lock, is of one before it.
        assert!(gives_way(&format!("{}:{host}", process::id()), now));
    }

    #[test]
    fn the_lock_of_a_living_process_does_not_give_way() {
        for content in ["1", &format!("1:{}", host()), "", "0", "-1", "x:y"] {
            assert!(!gives_way(content, BELIEVED * 2), "{content}");
        }
    }

    #[test]
    fn an_abandoned_lock_gives_way_whatever_is_in_it() {
        for content in ["1", "", "0", "1:elsewhere"] {
            assert!(gives_way(content, ABANDONED * 2), "{content}");
        }
    }

    #[test]
    fn a_lock_that_is_not_ours_any_more_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mbox = folder.path().join("mbox");
        let lock = taken(&mbox).unwrap();
        fs::rename(beside(&mbox), folder.path().join("old")).unwrap();
        fs::write(beside(&mbox), "another's").unwrap();
        drop(lock);
        assert_eq!(fs::read(beside(&mbox)).unwrap(), b"another's");
    }

    #[test]
    fn a_lock_that_is_held_for_long_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let lock = taken(&folder.path().join("mbox")).unwrap();
        let long_ago = SystemTime::now() - ABANDONED * 2;
        lock.file.set_modified(long_ago).unwrap();
        lock.touch();
        let modified = || lock.file.metadata().unwrap().modified().unwrap();
        assert!(
            modified() < SystemTime::now() - ABANDONED,
            "it is not time yet"
        );
        let Some(touched) = lock.touched.get().checked_sub(TOUCH) else {
            return; // The system has just begun.
        };
        lock.touched.set(touched);
        lock.touch();
        assert!(modified() > SystemTime::now() - ABANDONED);
    }
}
