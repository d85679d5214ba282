//! Compares what is in an mbox with what was to be appended: byte for byte, or as a mail reader would have kept it.
//!
//! Invariant: memory does not grow with a message's or a line's size.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use memchr::memchr;

use super::super::error::Error;
use super::entry::{Entry, Renderer};
use super::lock::LockedMbox;
use super::quote::FROM;
use super::read::{BLOCK, ReadAt, fill};

/// Longer lines of a header are compared in pieces.
const PIECE: usize = 8 * 1024;

/// Why a comparison ended early.
#[derive(Debug)]
pub(super) enum Halt {
    /// The mbox differs, or ends.
    Differs,
    /// It cannot go on.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// How far an mbox agrees with what was to be appended.
#[derive(Debug)]
pub(super) struct Agreement {
    /// So many entries are there.
    pub(super) whole: usize,
    /// Where the first begins that is not, with the padding before it.
    pub(super) start: u64,
    /// Where the From_ line of that one begins.
    pub(super) from: u64,
    /// Where the mbox differs, or ends.
    pub(super) end: u64,
}

/// Compares what is behind `begun`, byte for byte.
pub(super) fn compare(
    mbox: &LockedMbox,
    begun: u64,
    entries: &[Entry],
) -> Result<Agreement, Error> {
    let padding = mbox.padding(begun)?;
    let mut reader = reader(mbox, begun);
    let mut end = begun;
    let mut agree = |expected: &[u8]| {
        let agreed = agreeing(&mut reader, expected).map_err(Error::mbox(&mbox.path))?;
        end += agreed as u64;
        if agreed == expected.len() {
            Ok(end)
        } else {
            Err(Halt::Differs)
        }
    };
    let mut agreement = Agreement {
        whole: 0,
        start: begun,
        from: begun + padding.len() as u64,
        end: begun,
    };
    let mut renderer = Renderer::new();
    let mut compared = agree(padding);
    for entry in entries {
        if compared.is_err() {
            break;
        }
        compared = renderer
            .render(entry, &mut |bytes| agree(bytes).map(drop))
            .and_then(|()| agree(b""));
        if let Ok(end) = compared {
            agreement.whole += 1;
            (agreement.start, agreement.from) = (end, end);
        }
    }
    agreement.end = end;
    match compared {
        Err(Halt::Failed(error)) => Err(error),
        _ => Ok(agreement),
    }
}

/// Whether `entry` stands at `offset` as a mail reader would have kept it: lines may have been added to its header, and
/// at the end of the file the blank line may be missing.
pub(super) fn is_kept(mbox: &LockedMbox, offset: u64, entry: &Entry) -> Result<bool, Error> {
    let mut kept = Kept {
        reader: reader(mbox, offset),
        in_header: true,
        line: Vec::new(),
    };
    let path = &mbox.path;
    let compared = Renderer::new()
        .render(entry, &mut |expected| match kept.compare(expected) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Halt::Differs),
            Err(error) => Err(Halt::Failed(Error::mbox(path)(error))),
        })
        .and_then(|()| Ok(kept.has_ended().map_err(Error::mbox(path))?));
    match compared {
        Ok(ended) => Ok(ended),
        Err(Halt::Differs) => Ok(false),
        Err(Halt::Failed(error)) => Err(error),
    }
}

fn reader(mbox: &LockedMbox, offset: u64) -> BufReader<ReadAt<'_>> {
    BufReader::with_capacity(BLOCK, ReadAt { mbox, offset })
}

/// Reads on as long as the bytes are the expected ones; returns how many were.
fn agreeing(reader: &mut impl BufRead, expected: &[u8]) -> io::Result<usize> {
    let mut agreed = 0;
    while agreed < expected.len() {
        let found = match reader.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        };
        let pairs = found.iter().zip(&expected[agreed..]);
        let length = found.len().min(expected.len() - agreed);
        let same = if found[..length] == expected[agreed..agreed + length] {
            length
        } else {
            pairs.take_while(|(a, b)| a == b).count()
        };
        reader.consume(same);
        agreed += same;
        if same < length || length == 0 {
            break;
        }
    }
    Ok(agreed)
}

/// A message in an mbox, as a mail reader keeps it.
struct Kept<'m> {
    reader: BufReader<ReadAt<'m>>,
    in_header: bool,
    /// The line of the header, or the piece of it, that is expected.
    line: Vec<u8>,
}

impl Kept<'_> {
    /// Compares what is expected next.
    fn compare(&mut self, mut expected: &[u8]) -> io::Result<bool> {
        while self.in_header && !expected.is_empty() {
            let end = memchr(b'\n', expected).map_or(expected.len(), |end| end + 1);
            let (line, rest) = expected.split_at(end.min(PIECE - self.line.len()));
            self.line.extend_from_slice(line);
            expected = rest;
            if self.line.ends_with(b"\n") || self.line.len() == PIECE {
                if !self.find_line()? {
                    return Ok(false);
                }
                self.in_header = self.line != b"\n";
                self.line.clear();
            }
        }
        let agreed = agreeing(&mut self.reader, expected)?;
        let missing = &expected[agreed..];
        Ok(missing.is_empty() || missing == b"\n" && self.at_end()?)
    }

    /// Reads on to the expected line of the header, past those that were added.
    fn find_line(&mut self) -> io::Result<bool> {
        let mut found = Vec::with_capacity(self.line.len());
        loop {
            found.clear();
            (&mut self.reader)
                .take(PIECE as u64)
                .read_until(b'\n', &mut found)?;
            if found == self.line {
                return Ok(true);
            }
            if found.is_empty() || found == b"\n" {
                return Ok(false);
            }
        }
    }

    fn at_end(&mut self) -> io::Result<bool> {
        Ok(fill(&mut self.reader, &mut [0])? == 0)
    }

    /// Whether the message ends here.
    fn has_ended(&mut self) -> io::Result<bool> {
        let mut next = [0; FROM.len()];
        let read = fill(&mut self.reader, &mut next)?;
        Ok(read == 0 || next[0] == b'\n' || next == FROM)
    }
}
