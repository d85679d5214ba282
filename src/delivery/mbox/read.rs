//! Reads an mbox: which messages it holds, by size and digest, without their quoting.
//!
//! It refuses to know what a message says. Invariants: what was appended is given back as it was staged; memory does not
//! grow with a message's or a line's size.

use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use memchr::memchr;
use sha2::{Digest as _, Sha256};

use super::super::error::Error;
use super::lock::LockedMbox;
use super::quote::FROM;
use crate::mail::{Digest, Octets};

/// How much is read at once.
pub(super) const BLOCK: usize = 64 * 1024;

/// Reads on from a place in a locked mbox.
#[derive(Debug)]
pub(super) struct ReadAt<'m> {
    pub(super) mbox: &'m LockedMbox,
    pub(super) offset: u64,
}

impl Read for ReadAt<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.mbox.keep();
        let read = self.mbox.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// Reads until the buffer is full or nothing is left; returns how much there was.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl LockedMbox {
    /// Size and SHA-256 of each message, as it was staged: for rebuilding a lost state. All of the mbox is read.
    ///
    /// # Errors
    /// [`Error::Mbox`] if it cannot be read.
    pub fn contents(&self) -> Result<Vec<(Octets, Digest)>, Error> {
        let mut reader = ReadAt {
            mbox: self,
            offset: 0,
        };
        messages(&mut reader).map_err(Error::mbox(&self.path))
    }
}

/// Size and digest of each message.
fn messages(mbox: &mut impl Read) -> io::Result<Vec<(Octets, Digest)>> {
    let mut buffer = vec![0; BLOCK];
    let mut splitter = Splitter::new();
    loop {
        let read = fill(mbox, &mut buffer)?;
        splitter.push(&buffer[..read]);
        if read < buffer.len() {
            return Ok(splitter.finish());
        }
    }
}

/// Takes an mbox apart.
struct Splitter {
    line: Line,
    /// A blank line that ends the message, if a From_ line follows; else it is content.
    blank: bool,
    /// The message that is being read, once a From_ line was seen.
    message: Option<Message>,
    found: Vec<(Octets, Digest)>,
}

/// Where in a line the next byte stands.
enum Line {
    /// Behind nothing but `>`s, of which the first is held, and `seen` bytes of [`FROM`], which are held, too.
    Start { quoted: bool, seen: usize },
    /// In a line of content.
    Content,
    /// In a From_ line.
    From,
}

const START: Line = Line::Start {
    quoted: false,
    seen: 0,
};

impl Splitter {
    fn new() -> Self {
        Self {
            line: START,
            // The file's start is as good as a blank line; nothing before the first message is content.
            blank: true,
            message: None,
            found: Vec::new(),
        }
    }

    fn push(&mut self, input: &[u8]) {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match self.line {
                Line::Start { quoted, seen } if byte == FROM[seen] => {
                    at += 1;
                    self.line = Line::Start {
                        quoted,
                        seen: seen + 1,
                    };
                    if seen + 1 == FROM.len() {
                        self.from(quoted);
                    }
                }
                Line::Start { quoted, seen: 0 } if byte == b'>' => {
                    at += 1;
                    self.pass_blank();
                    if quoted {
                        self.content(b">");
                    }
                    self.line = Line::Start {
                        quoted: true,
                        seen: 0,
                    };
                }
                Line::Start {
                    quoted: false,
                    seen: 0,
                } if byte == b'\n' => {
                    at += 1;
                    self.pass_blank();
                    self.blank = true;
                }
                Line::Start { .. } => self.pass_held(),
                Line::Content | Line::From => {
                    let end = memchr(b'\n', &input[at..]).map(|end| at + end + 1);
                    if let Line::Content = self.line {
                        self.content(&input[at..end.unwrap_or(input.len())]);
                    }
                    let Some(end) = end else { break };
                    (at, self.line) = (end, START);
                }
            }
        }
    }

    /// A line begins with [`FROM`]: a message's first line, if a blank one is before it.
    fn from(&mut self, quoted: bool) {
        if self.blank && !quoted {
            self.end_message();
            self.message = Some(Message::new());
            self.blank = false;
            self.line = Line::From;
        } else {
            // The mark that was held is the one that quoting added.
            self.pass_blank();
            self.content(FROM);
            self.line = Line::Content;
        }
    }

    /// The line is no From_ line, quoted or not: what was held of it is content.
    fn pass_held(&mut self) {
        self.pass_blank();
        if let Line::Start { quoted, seen } = self.line {
            if quoted {
                self.content(b">");
            }
            self.content(&FROM[..seen]);
        }
        self.line = Line::Content;
    }

    fn pass_blank(&mut self) {
        if std::mem::take(&mut self.blank) {
            self.content(b"\n");
        }
    }

    fn content(&mut self, bytes: &[u8]) {
        if let Some(message) = &mut self.message {
            message.push(bytes);
        }
    }

    fn end_message(&mut self) {
        self.found.extend(self.message.take().map(Message::finish));
    }

    fn finish(mut self) -> Vec<(Octets, Digest)> {
        if let Line::Start { quoted, seen } = self.line
            && (quoted || seen > 0)
        {
            self.pass_held();
        }
        self.end_message();
        self.found
    }
}

/// A message that is being read.
struct Message {
    size: u64,
    digest: Sha256,
    /// What is collected for the digest: lines are short.
    buffer: Vec<u8>,
}

impl Message {
    fn new() -> Self {
        Self {
            size: 0,
            digest: Sha256::new(),
            buffer: Vec::new(),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if self.buffer.len() + bytes.len() > BLOCK {
            self.digest.update(&self.buffer);
            self.buffer.clear();
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn finish(mut self) -> (Octets, Digest) {
        self.digest.update(&self.buffer);
        (Octets(self.size), Digest(self.digest.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(content: &[u8]) -> (Octets, Digest) {
        let digest = Digest(Sha256::digest(content).into());
        (Octets(content.len() as u64), digest)
    }

    fn read(mbox: &[u8]) -> Vec<(Octets, Digest)> {
        messages(&mut &*mbox).unwrap()
    }

    #[test]
    fn each_message_is_given_without_its_quoting() {
        let mbox = b"From a\nS: 1\n\n>From x\n>>From y\n> z\n\nFrom b\nFrom body\n\n\nFrom c\n\nFrom d\nlast";
        let expected: [&[u8]; 4] = [
            b"S: 1\n\nFrom x\n>From y\n> z\n",
            b"From body\n\n",
            b"",
            b"last",
        ];
        assert_eq!(read(mbox), expected.map(known));
    }

    #[test]
    fn what_is_before_the_first_message_is_none() {
        assert_eq!(read(b""), []);
        assert_eq!(read(b"\n\n"), []);
        assert_eq!(read(b"junk\n\nFrom a\nx\n\n"), [known(b"x\n")]);
        assert_eq!(read(b"junk"), []);
    }

    #[test]
    fn a_blank_line_before_a_message_at_the_start_is_not_content() {
        assert_eq!(read(b"\nFrom a\nx\n\n"), [known(b"x\n")]);
    }

    proptest! {
        #[test]
        fn any_split_equals_the_whole(
            words in prop::collection::vec(
                prop_oneof![Just("From "), Just("Fr"), Just("om "), Just(">"), Just("\n"), Just("\n\nFrom "), Just("x")],
                0..30,
            ),
            size in 1..8_usize,
        ) {
            let input = words.concat();
            let mut splitter = Splitter::new();
            input.as_bytes().chunks(size).for_each(|chunk| splitter.push(chunk));
            prop_assert_eq!(splitter.finish(), read(input.as_bytes()));
        }
    }
}
