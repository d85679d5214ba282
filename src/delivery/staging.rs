//! Writes messages to hidden files, one after another, and knows size and digest of each when it is whole.
//!
//! Invariants: what is dropped before it is whole is removed; digest and size are of the
//! octets in the file.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::maildir::{Maildir, visible};
use super::newline::ToLf;
use crate::mail::{Digest, Octets};

/// How much is collected for one write: enough that system calls do not count, little enough for many accounts.
const BUFFER: usize = 64 * 1024;

/// A whole message in a hidden file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The name that it will have once it is published.
    pub file: String,
    /// Its size in the store.
    pub size: Octets,
    /// The digest of the same octets.
    pub digest: Digest,
}

/// Stages messages for a Maildir.
#[derive(Debug)]
pub struct Stager<'m> {
    maildir: &'m Maildir<'m>,
    /// What is collected for the next write; kept from one message to the next.
    buffer: Vec<u8>,
}

impl<'m> Stager<'m> {
    /// A stager for one message after another.
    #[must_use]
    pub fn new(maildir: &'m Maildir<'m>) -> Self {
        Self {
            maildir,
            buffer: Vec::with_capacity(2 * BUFFER),
        }
    }

    /// Begins a message.
    ///
    /// # Errors
    /// The hidden file cannot be made.
    pub fn begin(&mut self) -> Result<Draft<'_>, Error> {
        self.buffer.clear();
        let unique = self.maildir.unique();
        let path = self.maildir.hidden(&unique);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| Error::Stage {
                path: path.clone(),
                source,
            })?;
        Ok(Draft {
            buffer: &mut self.buffer,
            file,
            path,
            unique,
            newline: ToLf::default(),
            size: 0,
            digest: Sha256::new(),
            whole: false,
        })
    }
}

/// A message that is not whole yet; dropped, it leaves no file behind.
#[derive(Debug)]
pub struct Draft<'s> {
    buffer: &'s mut Vec<u8>,
    file: File,
    path: PathBuf,
    unique: String,
    newline: ToLf,
    size: u64,
    digest: Sha256,
    whole: bool,
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
        self.save()?;
        self.whole = true;
        let size = Octets(self.size);
        Ok(Staged {
            file: visible(&self.unique, size),
            size,
            digest: Digest(std::mem::take(&mut self.digest).finalize().into()),
        })
    }

    /// Writes the buffer out and empties it.
    fn save(&mut self) -> Result<(), Error> {
        self.file
            .write_all(self.buffer)
            .map_err(|source| Error::Stage {
                path: self.path.clone(),
                source,
            })?;
        self.digest.update(&*self.buffer);
        self.size += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.whole {
            // If it cannot be removed now, the next run does.
            let _ = fs::remove_file(&self.path);
        }
    }
}
