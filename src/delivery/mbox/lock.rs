//! Locks an mbox against other programs and other accounts of this one.
//!
//! A lock is all of: the file beside the mbox, where one can be made; fcntl's; flock's, if it is wished. They are tried in
//! this order, and given back when one of them is not to be had, so that nobody waits for us while we wait for him.
//!
//! Invariant: fcntl's locks belong to the process, not to the thread, and end when *any* descriptor of the file is closed
//! (fcntl(2)). So who has an mbox is also kept here, and a thread opens no mbox that another one has.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, fcntl_lock, flock};
use rustix::io::{Errno, retry_on_intr};

use super::super::error::Error;
use super::dotlock::{Attempt, Dotlock, beside};
use super::open::{FileId, folder_of, id, look_at, open};
use crate::owner::walk;

/// The pause between two attempts: short beside what an append takes, long beside what an attempt costs.
const PAUSE: Duration = Duration::from_millis(20);

/// The files that this process has locked: mboxes, and the lock files beside them.
static HELD: Mutex<BTreeSet<FileId>> = Mutex::new(BTreeSet::new());

fn held() -> MutexGuard<'static, BTreeSet<FileId>> {
    // A set of numbers is whole after a panic, too.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An mbox file and how it is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mbox {
    /// The file.
    pub path: PathBuf,
    /// Whether flock(2) is used beside fcntl(2) and the lock file.
    pub flock: bool,
    /// How long a lock is waited for.
    pub lock_timeout: Duration,
}

/// An mbox that nobody else writes to or reads, until it is dropped.
///
/// In this process the file must not be opened by other means meanwhile: closing it would give up the lock.
#[derive(Debug)]
pub struct LockedMbox {
    // Dropped in this order: the file before the claim, or closing it would give up the lock of the next thread.
    pub(super) file: File,
    dotlock: Option<Dotlock>,
    flock: bool,
    pub(super) path: PathBuf,
    /// What says that this process has it, until it is dropped.
    _claim: Claim,
}

impl Mbox {
    /// The folder that it is in, and the file that locks it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// Opens the mbox and locks it. It is made if it is missing, for its owner alone, and so are the folders above it. The
    /// first attempt is made even if `stop` is set.
    ///
    /// # Errors
    /// [`Error::Locked`] if another program has it for all of the time-out, [`Error::Stopped`] if `stop` is set
    /// meanwhile; [`Error::NotAnMbox`] if something else is in its place; [`Error::Mbox`] if it cannot be made, opened
    /// or locked.
    pub fn lock(&self, stop: &AtomicBool) -> Result<LockedMbox, Error> {
        let started = Instant::now();
        loop {
            if let Some(locked) = self.attempt()? {
                return Ok(locked);
            }
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let waited = started.elapsed();
            let Some(left) = self
                .lock_timeout
                .checked_sub(waited)
                .filter(|left| !left.is_zero())
            else {
                return Err(Error::Locked {
                    path: self.path.clone(),
                    waited,
                });
            };
            thread::sleep(PAUSE.min(left));
        }
    }

    /// Tries once; nothing if somebody else has it.
    fn attempt(&self) -> Result<Option<LockedMbox>, Error> {
        let path = self.path.as_path();
        // Held to the end, so that no thread opens and closes a file that another one is just about to lock.
        let mut held = held();
        let seen = look_at(path)?;
        match seen.file() {
            Some(file) if held.contains(&file) => return Ok(None),
            Some(_) => {}
            None => {
                let folder = folder_of(path);
                walk::make(folder).map_err(Error::way(Error::mbox(folder)))?;
            }
        }
        // Nothing is made, the lock's file neither, where another user's link leads.
        let folder = folder_of(path);
        let folder = walk::enter(folder).map_err(Error::way(Error::mbox(folder)))?;
        let dotlock = match Dotlock::attempt(path, &held).map_err(Error::mbox(&beside(path)))? {
            Attempt::Taken(dotlock) => Some(dotlock),
            Attempt::Busy => return Ok(None),
            Attempt::Forbidden => None,
        };
        let Some(file) = open(&folder, path, seen)? else {
            return Ok(None);
        };
        if !self.try_kernel_locks(&file)? {
            return Ok(None);
        }
        let file_id = id(&file.metadata().map_err(Error::mbox(path))?);
        // A mail reader may have put a new file in its place before we had the lock.
        if !fs::metadata(path).is_ok_and(|now| id(&now) == file_id) {
            return Ok(None);
        }
        let mut claim = vec![file_id];
        claim.extend(dotlock.as_ref().map(Dotlock::id));
        held.extend(&claim);
        Ok(Some(LockedMbox {
            file,
            dotlock,
            flock: self.flock,
            path: path.to_owned(),
            _claim: Claim(claim),
        }))
    }

    fn try_kernel_locks(&self, file: &File) -> Result<bool, Error> {
        let exclusive = FlockOperation::NonBlockingLockExclusive;
        let mut taken = retry_on_intr(|| fcntl_lock(file, exclusive));
        if self.flock && taken.is_ok() {
            taken = retry_on_intr(|| flock(file, exclusive));
        }
        match taken {
            Ok(()) => Ok(true),
            // fcntl(2) allows either for a lock that somebody else has.
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
            Err(error) => Err(Error::mbox(&self.path)(error.into())),
        }
    }
}

impl LockedMbox {
    /// Says from time to time that the lock is still held.
    pub(super) fn keep(&self) {
        if let Some(dotlock) = &self.dotlock {
            dotlock.touch();
        }
    }
}

impl Drop for LockedMbox {
    fn drop(&mut self) {
        if self.flock {
            // Closed, the file would still be open in a child that another thread has just started.
            let _ = flock(&self.file, FlockOperation::Unlock);
        }
    }
}

/// The files of one lock, as this process holds them.
#[derive(Debug)]
struct Claim(Vec<FileId>);

impl Drop for Claim {
    fn drop(&mut self) {
        let mut held = held();
        for file in &self.0 {
            held.remove(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::*;

    static GO: AtomicBool = AtomicBool::new(false);

    fn mbox(path: &Path) -> Mbox {
        Mbox {
            path: path.to_owned(),
            flock: false,
            lock_timeout: Duration::ZERO,
        }
    }

    #[test]
    fn a_missing_mbox_is_made_with_its_folders_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/mbox");
        drop(mbox(&path).lock(&GO).unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert!(!beside(&path).exists());
    }

    #[test]
    fn a_locked_mbox_is_busy_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("mbox"), folder.path().join("link"));
        symlink(&path, &link).unwrap();
        let locked = mbox(&path).lock(&GO).unwrap();
        for name in [&path, &link] {
            let error = mbox(name).lock(&GO).unwrap_err();
            assert!(matches!(error, Error::Locked { .. }), "{error}");
        }
        drop(locked);
        drop(mbox(&link).lock(&GO).unwrap());
        drop(mbox(&path).lock(&GO).unwrap());
    }

    #[test]
    fn another_program_with_flock_is_kept_out_where_it_is_wished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mbox");
        let other = File::create(&path).unwrap();
        let flocked = Mbox {
            flock: true,
            ..mbox(&path)
        };
        flock(&other, FlockOperation::LockExclusive).unwrap();
        assert!(matches!(flocked.lock(&GO), Err(Error::Locked { .. })));
        assert!(!beside(&path).exists(), "what was locked is given back");
        assert!(mbox(&path).lock(&GO).is_ok());
        flock(&other, FlockOperation::Unlock).unwrap();
        let locked = flocked.lock(&GO).unwrap();
        let again = flock(&other, FlockOperation::NonBlockingLockExclusive);
        assert_eq!(again, Err(Errno::AGAIN));
        drop(locked);
        flock(&other, FlockOperation::NonBlockingLockExclusive).unwrap();
    }

    /// The mbox, for whose lock is waited longer than any test takes.
    fn patient(path: &Path) -> Mbox {
        Mbox {
            lock_timeout: Duration::from_secs(600),
            ..mbox(path)
        }
    }

    #[test]
    fn the_lock_of_another_program_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mbox");
        fs::write(beside(&path), "1").unwrap();
        let patient = patient(&path);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| patient.lock(&GO).map(drop));
            fs::remove_file(beside(&path)).unwrap();
            waiting.join().unwrap().unwrap();
        });
    }

    #[test]
    fn waiting_ends_when_it_is_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mbox");
        fs::write(beside(&path), "1").unwrap();
        let patient = patient(&path);
        let stop = AtomicBool::new(true);
        assert!(matches!(patient.lock(&stop), Err(Error::Stopped)));
        fs::remove_file(beside(&path)).unwrap();
        assert!(patient.lock(&stop).is_ok(), "nobody has it");
    }

    #[test]
    fn what_is_no_mbox_is_neither_locked_nor_changed() {
        let folder = tempfile::tempdir().unwrap();
        let error = mbox(folder.path()).lock(&GO).unwrap_err();
        assert!(
            error.to_string().ends_with("is a folder, not an mbox"),
            "{error}"
        );
        assert!(!beside(folder.path()).exists());
        assert!(matches!(
            mbox(Path::new("/dev/null")).lock(&GO),
            Err(Error::NotAnMbox { .. })
        ));
    }
}
