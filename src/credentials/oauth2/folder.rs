//! The folder where an account's tokens are kept if the keyring is not to be, or cannot be, their place.
//!
//! It refuses to know what a file says. Invariants: nobody else can read the folder or a file; after a crash a file has
//! its old content or its new; the lock is the kernel's and ends with the process.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::Error;
use crate::credentials::Owner;
use crate::mail::Digest;
use crate::secret::Secret;

/// How much of a file is read. Tokens have a few kilobytes.
const MAX_FILE: usize = 128 * 1024;

/// How long the lock is waited for: whoever has it asks a server, and that is bounded.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is tried.
const TICK: Duration = Duration::from_millis(50);

/// Where one account's file is.
pub(super) struct Folder {
    path: PathBuf,
    name: String,
}

/// The right to change an account's tokens, until it is dropped.
pub(super) struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // Closed, the file would still be open in a child that another thread has just started. If this fails, it is
        // free when that child runs its program.
        let _ = self.0.unlock();
    }
}

impl Folder {
    pub(super) fn new(path: PathBuf, owner: Owner<'_>) -> Self {
        // Any name of a server or user makes a harmless file name this way.
        let text = [owner.server.as_bytes(), b"\0", owner.user.as_bytes()].concat();
        let name = Digest(Sha256::digest(text).into()).to_string();
        Self { path, name }
    }

    /// Where the tokens are.
    pub(super) fn file(&self) -> PathBuf {
        self.path.join(format!("{}.json", self.name))
    }

    /// What the file says, if it is there.
    pub(super) fn read(&self) -> Result<Option<Secret>, Error> {
        let path = self.file();
        let failed = |source| Error::file("read", &path)(source);
        let opened = OpenOptions::new()
            .read(true)
            // Opening a pipe would wait for somebody to write to it.
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(&path);
        let file = match opened {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(Error::Exposed { path, mode });
        }
        let mut content = Zeroizing::new(Vec::with_capacity(MAX_FILE));
        file.take(MAX_FILE as u64)
            .read_to_end(&mut content)
            .map_err(failed)?;
        match String::from_utf8(std::mem::take(&mut *content)) {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(_) => Err(Error::Damaged {
                place: path.display().to_string(),
                reason: "they are no text",
            }),
        }
    }

    /// Puts the text into the file, in place of what was there.
    pub(super) fn replace(&self, text: &Secret, _held: &Held) -> Result<(), Error> {
        let beside = self.beside();
        remove_if_there(&beside)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)
            .map_err(Error::file("create", &beside))?;
        file.write_all(text.expose().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(Error::file("write", &beside))?;
        let path = self.file();
        fs::rename(&beside, &path).map_err(Error::file("replace", &path))?;
        self.sync()
    }

    /// Removes the file, and what a crash left beside it; false if there was none.
    pub(super) fn remove(&self, _held: &Held) -> Result<bool, Error> {
        remove_if_there(&self.beside())?;
        let removed = remove_if_there(&self.file())?;
        if removed {
            self.sync()?;
        }
        Ok(removed)
    }

    /// Waits for the right to change the tokens.
    pub(super) fn hold(&self, stop: &AtomicBool) -> Result<Held, Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(Error::file("create", &self.path))?;
        let path = self.path.join(format!("{}.lock", self.name));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::file("open", &path))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Held(file)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(Error::file("lock", &path)(source)),
            }
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            if waited >= PATIENCE {
                return Err(Error::Busy);
            }
            thread::sleep(TICK);
            waited += TICK;
        }
    }

    fn beside(&self) -> PathBuf {
        self.path.join(format!("{}.new", self.name))
    }

    /// Makes a rename or removal durable.
    fn sync(&self) -> Result<(), Error> {
        File::open(&self.path)
            .and_then(|folder| folder.sync_all())
            .map_err(Error::file("sync", &self.path))
    }
}

fn remove_if_there(path: &Path) -> Result<bool, Error> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file("remove", path)(error)),
    }
}
