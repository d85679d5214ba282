//! A connection in memory: what the server sends comes from the input, in pieces that the input chooses, and what the client
//! writes is kept.
//!
//! The octets `ff fe` are not sent: no read goes beyond them, so that what is behind them has not arrived yet while the client
//! reads what is before them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;

/// The client's end of the line.
#[derive(Debug)]
pub(crate) struct Wire {
    /// What is sent, up to each break.
    sent: VecDeque<Vec<u8>>,
    at: usize,
    /// The longest piece has two to this power octets.
    pieces: u32,
    /// A linear congruence, for the pieces' lengths.
    seed: u32,
    /// At the end of what is sent the server is silent; else it hangs up.
    silent: bool,
    written: Written,
}

/// What no read goes beyond.
pub(crate) const BREAK: &[u8] = b"\xff\xfe";

/// What the client wrote.
pub(crate) type Written = Rc<RefCell<Vec<u8>>>;

impl Wire {
    /// A server that sends this, the first octet says how.
    pub(crate) fn new(how: u8, sent: &[u8]) -> (Self, Written) {
        let written = Written::default();
        let wire = Self {
            sent: split(sent),
            at: 0,
            pieces: u32::from(how & 15),
            seed: u32::from(how) + 1,
            silent: how & 16 != 0,
            written: Rc::clone(&written),
        };
        (wire, written)
    }
}

/// What stands between breaks.
pub(crate) fn split(sent: &[u8]) -> VecDeque<Vec<u8>> {
    let (mut pieces, mut rest) = (VecDeque::new(), sent);
    while let Some(at) = rest.windows(2).position(|pair| pair == BREAK) {
        pieces.push_back(rest[..at].to_vec());
        rest = &rest[at + 2..];
    }
    pieces.push_back(rest.to_vec());
    pieces
}

/// The same in one piece.
pub(crate) fn joined(sent: &[u8]) -> Vec<u8> {
    split(sent).into_iter().flatten().collect()
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.sent.front().is_some_and(|sent| self.at == sent.len()) {
            self.sent.pop_front();
            self.at = 0;
        }
        let Some(sent) = self.sent.front() else {
            return if self.silent {
                Err(io::ErrorKind::TimedOut.into())
            } else {
                Ok(0)
            };
        };
        self.seed = self
            .seed
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        let piece = 1 + ((self.seed >> 16) as usize & ((1 << self.pieces) - 1));
        let len = piece.min(buffer.len()).min(sent.len() - self.at);
        buffer[..len].copy_from_slice(&sent[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
