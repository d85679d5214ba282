//! Appends messages to an mbox, and makes them durable.
//!
//! Invariants: after a failure the mbox is as long as before, if the system lets us; what was in it is not touched.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use super::super::error::Error;
use super::entry::{Entry, Renderer};
use super::lock::LockedMbox;
use super::open::folder_of;
use super::read::ReadAt;

/// How much is collected for one write: many small messages go in one.
const BUFFER: usize = 256 * 1024;

impl LockedMbox {
    /// How long the mbox is, in bytes: what has to be on record before anything is appended.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn length(&self) -> Result<u64, Error> {
        let metadata = self.file.metadata().map_err(Error::mbox(&self.path))?;
        Ok(metadata.len())
    }

    /// Appends the entries in their order, and makes them durable. An mbox that does not end with a blank line gets one
    /// first.
    ///
    /// # Errors
    /// [`Error::Staged`] if a message cannot be read, [`Error::Mbox`] if the mbox cannot be written: it is cut back to the
    /// length that it had.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), Error> {
        let old = self.length()?;
        self.write(old, entries).inspect_err(|_| {
            if let Err(error) = self.cut(old) {
                // What is on record of this append tells the next run what to do.
                log::warn!("{error}: what was appended is left to the next run");
            }
        })
    }

    fn write(&self, old: u64, entries: &[Entry]) -> Result<(), Error> {
        let padding = self.padding(old)?;
        (&self.file)
            .seek(SeekFrom::Start(old))
            .map_err(Error::mbox(&self.path))?;
        let (mut renderer, mut buffer) = (Renderer::new(), Vec::with_capacity(BUFFER));
        buffer.extend_from_slice(padding);
        for entry in entries {
            renderer.render(entry, &mut |bytes| {
                if buffer.len() + bytes.len() > BUFFER {
                    self.save(&mut buffer)?;
                }
                buffer.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        self.save(&mut buffer)?;
        self.sync(old)
    }

    /// Writes the buffer out and empties it.
    fn save(&self, buffer: &mut Vec<u8>) -> Result<(), Error> {
        self.keep();
        (&self.file)
            .write_all(buffer)
            .map_err(Error::mbox(&self.path))?;
        buffer.clear();
        Ok(())
    }

    /// What has to come before the first entry behind `end`, so that readers see its From_ line as one: the end of a
    /// line and a blank line, as far as they are not there.
    pub(super) fn padding(&self, end: u64) -> Result<&'static [u8], Error> {
        let offset = end.saturating_sub(2);
        let mut last = Vec::with_capacity(2);
        ReadAt { mbox: self, offset }
            .take(end - offset)
            .read_to_end(&mut last)
            .map_err(Error::mbox(&self.path))?;
        Ok(match last.as_slice() {
            [] | [b'\n'] | [b'\n', b'\n'] => b"",
            [.., b'\n'] => b"\n",
            _ => b"\n\n",
        })
    }

    /// Cuts the mbox to this length, durably.
    pub(super) fn cut(&self, length: u64) -> Result<(), Error> {
        if self.length()? > length {
            self.file.set_len(length).map_err(Error::mbox(&self.path))?;
            self.sync(length)?;
        }
        Ok(())
    }

    /// Makes what was written behind `old` durable. Where nothing was before, the file may be new: then its entry in the
    /// folder, too.
    pub(super) fn sync(&self, old: u64) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::mbox(&self.path))?;
        if old == 0 {
            let folder = folder_of(&self.path);
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(Error::mbox(folder))?;
        }
        Ok(())
    }
}
