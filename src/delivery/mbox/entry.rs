//! What stands in an mbox for a message: a From_ line, the message quoted, a blank line.
//!
//! It refuses to know where the bytes go: appending writes them, recovery compares them. Invariants: the same staged
//! message and time give the same bytes, each time; memory does not grow with the message's size.

use std::fs::File;
use std::io;

use jiff::Timestamp;

use super::super::envelope::{from_line, sender};
use super::super::error::Error;
use super::super::pack::Content;
use super::quote::Quoter;
use super::read::{BLOCK, fill};

/// A message to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The staged message, with LF line ends.
    pub staged: Content,
    /// The time for its From_ line.
    pub time: Timestamp,
}

/// Renders entries, one after another.
#[derive(Debug)]
pub(super) struct Renderer {
    /// Kept from one message to the next. It holds a small one as a whole.
    buffer: Vec<u8>,
}

impl Renderer {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; BLOCK],
        }
    }

    /// Passes the bytes of `entry` on to `sink`, as they stand in an mbox.
    pub(super) fn render<E: From<Error>>(
        &mut self,
        entry: &Entry,
        sink: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut staged, mut read) = self.open(entry)?;
        sink(self.line_of(entry, read)?.as_bytes())?;
        let (mut quoter, mut last) = (Quoter::new(), None);
        while read > 0 {
            let chunk = &self.buffer[..read];
            last = chunk.last().copied();
            quoter.quote(chunk, sink)?;
            // A short read was the end.
            if read < self.buffer.len() {
                break;
            }
            read = fill(&mut staged, &mut self.buffer).map_err(unreadable(entry))?;
        }
        quoter.finish(sink)?;
        // What POP3 brings ends with a line's end; an mbox has no way to say that the last line has none.
        let ended = matches!(last, None | Some(b'\n'));
        sink(if ended { b"\n" } else { b"\n\n" })
    }

    /// The From_ line of `entry`.
    pub(super) fn first_line(&mut self, entry: &Entry) -> Result<String, Error> {
        let (_, read) = self.open(entry)?;
        self.line_of(entry, read)
    }

    /// Opens the staged file and fills the buffer from it.
    fn open(&mut self, entry: &Entry) -> Result<(io::Take<File>, usize), Error> {
        let mut open = || {
            let mut staged = entry.staged.open()?;
            let read = fill(&mut staged, &mut self.buffer)?;
            Ok((staged, read))
        };
        open().map_err(unreadable(entry))
    }

    /// The From_ line: the sender is looked for in what was read first.
    fn line_of(&self, entry: &Entry, read: usize) -> Result<String, Error> {
        let sender = sender(&mut &self.buffer[..read]).map_err(unreadable(entry))?;
        Ok(from_line(sender.as_deref(), entry.time))
    }
}

fn unreadable(entry: &Entry) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = entry.staged.path.clone();
    |source| Error::Staged { path, source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn rendered(content: &[u8]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let staged = folder.path().join("staged");
        fs::write(&staged, content).unwrap();
        let time = Timestamp::UNIX_EPOCH;
        let entry = Entry {
            staged: staged.into(),
            time,
        };
        let mut bytes = Vec::new();
        let mut renderer = Renderer::new();
        renderer
            .render(&entry, &mut |chunk| {
                bytes.extend_from_slice(chunk);
                Ok::<_, Error>(())
            })
            .unwrap();
        let first = renderer.first_line(&entry).unwrap();
        assert!(bytes.starts_with(first.as_bytes()));
        bytes
    }

    #[test]
    fn an_entry_is_a_from_line_the_quoted_message_and_a_blank_line() {
        assert_eq!(
            rendered(b"Return-Path: <a@b.c>\n\nFrom me\n"),
            b"From a@b.c Thu Jan  1 00:00:00 1970\nReturn-Path: <a@b.c>\n\n>From me\n\n"
        );
    }

    #[test]
    fn a_last_line_without_an_end_gets_one() {
        let start = "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n";
        for (content, expected) in [
            ("", "\n"),
            ("\n", "\n\n"),
            ("x", "x\n\n"),
            ("Fro", "Fro\n\n"),
        ] {
            assert_eq!(
                rendered(content.as_bytes()),
                [start, expected].concat().as_bytes()
            );
        }
    }

    #[test]
    fn a_message_larger_than_the_buffer_is_rendered_whole() {
        for size in [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let content = [b"x".repeat(size - 6), b"\nFrom b\n".to_vec()].concat();
            let expected = [b"x".repeat(size - 6), b"\n>From b\n\n".to_vec()].concat();
            assert!(rendered(&content).ends_with(&expected));
        }
    }

    #[test]
    fn a_staged_file_that_is_gone_is_named() {
        let staged = PathBuf::from("/nonexistent/staged");
        let entry = Entry {
            staged: staged.clone().into(),
            time: Timestamp::UNIX_EPOCH,
        };
        let error = Renderer::new().first_line(&entry).unwrap_err();
        assert!(matches!(error, Error::Staged { path, .. } if path == staged));
    }
}
