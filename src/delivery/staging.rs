//! Writes messages to hidden files, one after another, and knows size and digest of each when it is whole.
//!
//! The files are in a Maildir's `tmp/` or in the spool, where small messages may share one (`pack`). Invariants: what is
//! dropped before it is whole is removed; digest and size are of the octets in the file.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::durability::sync_files;
use super::error::Error;
use super::folder::Folder;
use super::maildir::unique_part;
use super::naming::Stamp;
use super::newline::ToLf;
use super::pack::{Packs, place};
use crate::mail::{Digest, Octets};
use crate::owner::walk;

/// How much is collected for one write: enough that system calls do not count, little enough for many accounts.
const BUFFER: usize = 64 * 1024;

/// A whole message in a hidden file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The name that it will have once it is published in a Maildir.
    pub file: String,
    /// Its size in the store.
    pub size: Octets,
    /// The digest of the same octets.
    pub digest: Digest,
}

/// A folder in which nobody looks, where messages are staged.
#[derive(Debug)]
pub struct Staging<'s> {
    pub(super) folder: Folder,
    /// What marks the files that are staged here by this account.
    suffix: String,
    stamp: &'s Stamp,
}

impl<'s> Staging<'s> {
    pub(super) fn new(folder: Folder, suffix: String, stamp: &'s Stamp) -> Self {
        Self {
            folder,
            suffix,
            stamp,
        }
    }

    /// Opens a spool, a folder of one account where messages wait for any destination; made if it is missing.
    ///
    /// # Errors
    /// The folder cannot be made or opened.
    pub fn spool(path: &Path, stamp: &'s Stamp) -> Result<Self, Error> {
        walk::make(path).map_err(Error::way(Error::folder(path)))?;
        let folder = Folder::open(path.to_owned())?;
        Ok(Self::new(folder, String::new(), stamp))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The hidden file of the message that has, or will have, this name.
    #[must_use]
    pub fn path_of(&self, file: &str) -> PathBuf {
        self.path().join(self.hidden(file))
    }

    /// The name of that file.
    pub(super) fn hidden(&self, file: &str) -> String {
        format!("{}{}", unique_part(file), self.suffix)
    }

    /// A name that no other file has.
    pub(super) fn new_name(&self) -> String {
        self.stamp.unique()
    }

    /// Makes a batch of staged messages durable, some of which may be in this pack.
    ///
    /// # Errors
    /// The system cannot promise it.
    pub fn make_durable<'f>(
        &self,
        files: impl Iterator<Item = &'f str>,
        pack: Option<&'f str>,
    ) -> Result<(), Error> {
        let is_packed =
            |file: &str| pack.is_some_and(|pack| place(file).is_some_and(|(own, _)| own == pack));
        let files = files.filter(|file| !is_packed(file)).chain(pack);
        let names: Vec<String> = files.map(|file| self.hidden(file)).collect();
        sync_files(&self.folder, &names).map_err(Error::sync(self.path()))
    }

    /// Removes a staged message.
    ///
    /// # Errors
    /// Its file cannot be removed.
    pub fn discard(&self, file: &str) -> Result<(), Error> {
        let name = self.hidden(file);
        let removed = self.folder.remove(&name);
        removed.map_err(|source| Error::folder(&self.path().join(name))(source))
    }

    /// The unique parts of the names of all that is staged here by this account.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let names = self.folder.names()?.into_iter();
        Ok(names
            .filter_map(|name| Some(name.strip_suffix(&self.suffix)?.to_owned()))
            .collect())
    }
}

/// The room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What may still be written.
    pub free: Octets,
    /// What there is in all.
    pub whole: Octets,
}

/// What stays free on a disk, at most: others need room, too.
const RESERVE: u64 = 64 << 20;

/// … but no more than this part of a small one.
const RESERVED_PART: u64 = 20;

impl Room {
    /// What of it may be filled with mail.
    #[must_use]
    pub fn usable(&self) -> Octets {
        let reserve = RESERVE.min(self.whole.0 / RESERVED_PART);
        Octets(self.free.0.saturating_sub(reserve))
    }

    /// The room on the file system of this path, or of what is there of it; `None` if the system does not tell.
    #[must_use]
    pub fn around(path: &Path) -> Option<Self> {
        let stat = path
            .ancestors()
            .find_map(|path| rustix::fs::statvfs(path).ok())?;
        let octets = |blocks: u64| Octets(blocks.saturating_mul(stat.f_frsize));
        // Some file systems do not tell how large they are.
        (stat.f_blocks > 0).then(|| Self {
            free: octets(stat.f_bavail),
            whole: octets(stat.f_blocks),
        })
    }
}

/// Stages messages, one after another.
#[derive(Debug)]
pub struct Stager<'m> {
    staging: &'m Staging<'m>,
    /// Where small messages share a file.
    packs: Option<&'m Packs<'m>>,
    /// What is collected for the next write; kept from one message to the next.
    buffer: Vec<u8>,
}

impl<'m> Stager<'m> {
    /// A stager for one message after another; with `packs`, small ones share a file.
    #[must_use]
    pub fn new(staging: &'m Staging<'m>, packs: Option<&'m Packs<'m>>) -> Self {
        Self {
            staging,
            packs,
            buffer: Vec::with_capacity(2 * BUFFER),
        }
    }

    /// Begins a message.
    pub fn begin(&mut self) -> Draft<'_> {
        self.buffer.clear();
        Draft {
            staging: self.staging,
            packs: self.packs,
            buffer: &mut self.buffer,
            own: None,
            newline: ToLf::default(),
            size: 0,
            digest: Sha256::new(),
            whole: false,
        }
    }
}

/// A message that is not whole yet; dropped, it leaves no file behind.
#[derive(Debug)]
pub struct Draft<'s> {
    staging: &'s Staging<'s>,
    packs: Option<&'s Packs<'s>>,
    buffer: &'s mut Vec<u8>,
    /// Its own file, once it is larger than the buffer, or whole.
    own: Option<Own>,
    newline: ToLf,
    size: u64,
    digest: Sha256,
    whole: bool,
}

#[derive(Debug)]
struct Own {
    file: File,
    /// The name that it will have in a Maildir.
    name: String,
}

impl Draft<'_> {
    /// Adds content with CRLF line ends.
    ///
    /// # Errors
    /// The hidden file cannot be written.
    pub fn write(&mut self, content: &[u8]) -> Result<(), Error> {
        self.newline.convert(content, self.buffer);
        if self.buffer.len() >= BUFFER {
            self.save()?;
        }
        Ok(())
    }

    /// Ends the message: it is whole, and written, but not yet durable.
    ///
    /// # Errors
    /// The hidden file cannot be written.
    pub fn finish(mut self) -> Result<Staged, Error> {
        self.newline.finish(self.buffer);
        let name = match self.packs {
            Some(packs) if self.own.is_none() => {
                self.count();
                packs.add(self.buffer)?
            }
            _ => {
                self.save()?;
                self.own.take().map(|own| own.name).unwrap_or_default()
            }
        };
        self.whole = true;
        let size = Octets(self.size);
        Ok(Staged {
            // Maildir++'s field saves readers from opening the file for its size.
            file: format!("{name},S={}", size.0),
            size,
            digest: Digest(std::mem::take(&mut self.digest).finalize().into()),
        })
    }

    /// Writes the buffer to the message's own file and empties it.
    fn save(&mut self) -> Result<(), Error> {
        self.count();
        let own = match &mut self.own {
            Some(own) => own,
            none => none.insert(Own::new(self.staging)?),
        };
        own.file
            .write_all(self.buffer)
            .map_err(|source| Error::Stage {
                path: self.staging.path_of(&own.name),
                source,
            })?;
        self.buffer.clear();
        Ok(())
    }

    /// Counts what is in the buffer as part of the message.
    fn count(&mut self) {
        self.digest.update(&*self.buffer);
        self.size += self.buffer.len() as u64;
    }
}

impl Own {
    fn new(staging: &Staging<'_>) -> Result<Self, Error> {
        let name = staging.new_name();
        let file = staging.folder.new_file(&staging.hidden(&name))?;
        Ok(Self { file, name })
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let (false, Some(own)) = (self.whole, &self.own) {
            // If it cannot be removed now, the next run does.
            let _ = self.staging.discard(&own.name);
        }
    }
}
