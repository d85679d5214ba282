//! One run at a time for an account: a lock that the kernel holds, so that nothing can go stale.
//!
//! Invariant: the lock ends with the process, however it ends; the file stays and means nothing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::error::Error;
use crate::mail::Digest;
use crate::owner::own;

/// The folder of the lock files, in that of the state.
const FOLDER: &str = "locks";

/// The permission to write, of all.
const ALL_WRITE: u32 = 0o002;

/// … and of a group.
const GROUP_WRITES: u32 = 0o020;

/// What the folder should have.
const PRIVATE: u32 = 0o700;

/// The right to work on an account, until it is dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closed, the file would still be open in a child that another thread has just started. If this fails, it is
        // free when that child runs its program.
        let _ = self.0.unlock();
    }
}

impl Lock {
    /// Takes the lock of `user` at `server` in the state folder.
    ///
    /// # Errors
    /// [`Error::Busy`] at once if another process has it; [`Error::Folder`] if the file cannot be made.
    pub fn acquire(state: &Path, server: &str, user: &str) -> Result<Self, Error> {
        make_private_folder(&state.join(FOLDER))?;
        let path = path_of(state, server, user);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(Error::folder(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(&path)),
            Err(TryLockError::Error(source)) => return Err(Error::folder(&path)(source)),
        }
        // Who holds it is a kindness to the next one who asks; the lock does not depend on it.
        let _ = file.set_len(0);
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Self(file))
    }

    /// Finds out whether the lock is to be had, and changes nothing. A run that wants it in this very moment takes it for
    /// busy.
    ///
    /// # Errors
    /// [`Error::Busy`] if a process has it; [`Error::Folder`] if the file cannot be read; [`Error::Foreign`] and
    /// [`Error::Exposed`] if nobody would take it there.
    pub fn probe(state: &Path, server: &str, user: &str) -> Result<(), Error> {
        let folders = [state.to_owned(), state.join(FOLDER)];
        folders
            .iter()
            .filter(|folder| folder.is_dir())
            .try_for_each(|folder| match judge(folder)? & GROUP_WRITES {
                0 => Ok(()),
                _ => sweep(folder),
            })?;
        let path = path_of(state, server, user);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            result => result.map_err(Error::folder(&path))?,
        };
        match file.try_lock_shared() {
            Ok(()) => file.unlock().map_err(Error::folder(&path)),
            Err(TryLockError::WouldBlock) => Err(busy(&path)),
            Err(TryLockError::Error(source)) => Err(Error::folder(&path)(source)),
        }
    }
}

/// The lock file of a user at a server: any name makes a harmless file name this way.
fn path_of(state: &Path, server: &str, user: &str) -> PathBuf {
    let digest = Sha256::digest([server.as_bytes(), b"\0", user.as_bytes()].concat());
    state.join(FOLDER).join(Digest(digest.into()).to_string())
}

/// Another process has it, which wrote its number there.
fn busy(path: &Path) -> Error {
    let holder = fs::read_to_string(path).unwrap_or_default();
    let pid = holder.trim().parse().ok();
    Error::Busy { pid }
}

/// Makes a folder that only its owner can enter, with those above it. What is there already must be ours, and no other's
/// to write to: what others could have put there would be believed.
pub(super) fn make_private_folder(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(Error::folder(path))?;
    let mode = judge(path)?;
    if mode & GROUP_WRITES != 0 {
        // That a group of one's own may write is usual, where a folder was made by hand or mounted so. Should it not be
        // allowed to take that back, the next run tries again.
        let set = |mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
        let _ = set(PRIVATE);
        // What the group has put there up to now would be believed.
        if let Err(error) = sweep(path) {
            let _ = set(mode);
            return Err(error);
        }
    }
    Ok(())
}

/// Refuses what is not ours in a folder and below it; no link is followed.
fn sweep(folder: &Path) -> Result<(), Error> {
    let failed = Error::folder(folder);
    let entries: Vec<_> = fs::read_dir(folder)
        .and_then(Iterator::collect)
        .map_err(failed)?;
    for entry in entries {
        let path = entry.path();
        let found = match entry.metadata() {
            // Another process of ours is at work.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            found => found.map_err(Error::folder(&path))?,
        };
        let (owner, own) = (found.uid(), own());
        if owner != own {
            return Err(Error::Foreign { path, owner, own });
        }
        if found.is_dir() {
            sweep(&path)?;
        }
    }
    Ok(())
}

/// Refuses a folder that is not ours, or in which all may put anything; gives its permissions.
fn judge(path: &Path) -> Result<u32, Error> {
    let found = fs::metadata(path).map_err(Error::folder(path))?;
    let (owner, own, mode) = (found.uid(), own(), found.mode() & 0o7777);
    let path = path.to_owned();
    if owner != own {
        Err(Error::Foreign { path, owner, own })
    } else if mode & ALL_WRITE != 0 {
        Err(Error::Exposed { path, mode })
    } else {
        Ok(mode)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use super::*;

    #[test]
    fn a_second_run_is_told_who_is_busy() {
        let state = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(state.path(), "pop.example.com", "ann").unwrap();
        let refused = Lock::acquire(state.path(), "pop.example.com", "ann").unwrap_err();
        let own = std::process::id();
        assert!(matches!(refused, Error::Busy { pid: Some(pid) } if pid == own));
        let probed = Lock::probe(state.path(), "pop.example.com", "ann").unwrap_err();
        assert!(matches!(probed, Error::Busy { pid: Some(pid) } if pid == own));
        drop(lock);
        Lock::probe(state.path(), "pop.example.com", "ann").unwrap();
        Lock::acquire(state.path(), "pop.example.com", "ann").unwrap();
        Lock::probe(&state.path().join("none"), "pop.example.com", "ann").unwrap();
    }

    #[test]
    fn a_state_folder_that_others_can_change_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let acquire = || Lock::acquire(state.path(), "pop.example.com", "ann").map(drop);
        acquire().unwrap();
        let locks = state.path().join(FOLDER);
        let set = |mode| fs::set_permissions(&locks, fs::Permissions::from_mode(mode)).unwrap();
        set(0o772);
        let exposed = acquire().unwrap_err();
        assert!(matches!(exposed, Error::Exposed { mode: 0o772, .. }));
        set(0o755);
        acquire().unwrap();
        set(0o2770);
        acquire().unwrap();
        assert_eq!(fs::metadata(&locks).unwrap().mode() & 0o7777, 0o700);
        // Only root may give a file or folder away.
        let file = path_of(state.path(), "pop.example.com", "ann");
        if chown(&file, Some(12345), None).is_ok() {
            let make = || make_private_folder(state.path());
            make().unwrap();
            fs::set_permissions(state.path(), fs::Permissions::from_mode(0o770)).unwrap();
            for _ in 0..2 {
                let foreign = make().unwrap_err();
                assert!(matches!(foreign, Error::Foreign { path, .. } if path == file));
                assert_eq!(fs::metadata(state.path()).unwrap().mode() & 0o777, 0o770);
            }
            Lock::probe(state.path(), "pop.example.com", "ann").unwrap_err();
            chown(&file, Some(own()), None).unwrap();
            make().unwrap();
        }
        if chown(&locks, Some(12345), None).is_ok() {
            let foreign = acquire().unwrap_err();
            assert!(matches!(foreign, Error::Foreign { owner: 12345, .. }));
        }
    }

    #[test]
    fn accounts_do_not_wait_for_each_other() {
        let state = tempfile::tempdir().unwrap();
        let _ann = Lock::acquire(state.path(), "pop.example.com", "ann").unwrap();
        let _bob = Lock::acquire(state.path(), "pop.example.com", "../bob").unwrap();
    }
}
