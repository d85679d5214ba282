//! A POP3 server in memory: a stream that answers each command at once, from replies made beforehand.
//!
//! It refuses to judge the client. Invariant: nothing is to be read that was not asked for.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;

use popfetch::pop3::{Ahead, Argument, Connection, Credentials, Login, Mechanism, Proof, Session};
use popfetch::secret::Secret;

/// What the server answers, whole: status line, lines, terminator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replies {
    /// To LIST.
    pub(crate) list: Arc<[u8]>,
    /// To UIDL.
    pub(crate) uidl: Arc<[u8]>,
    /// To any RETR.
    pub(crate) retr: Arc<[u8]>,
}

/// The client's end of a connection to the server.
#[derive(Debug)]
pub(crate) struct Stream {
    replies: Replies,
    /// What was written and is not a whole line yet.
    line: Vec<u8>,
    /// What is to be read, and how much of the first was.
    ready: VecDeque<Arc<[u8]>>,
    read: usize,
}

impl Stream {
    fn answer(&self) -> Arc<[u8]> {
        let verb = self.line.split(u8::is_ascii_whitespace).next();
        match verb.unwrap_or_default() {
            b"LIST" => Arc::clone(&self.replies.list),
            b"UIDL" => Arc::clone(&self.replies.uidl),
            b"RETR" => Arc::clone(&self.replies.retr),
            b"CAPA" => Arc::from(*b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n"),
            _ => Arc::from(*b"+OK\r\n"),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(reply) = self.ready.front() {
            let left = &reply[self.read..];
            let room = &mut buffer[filled..];
            let count = left.len().min(room.len());
            room[..count].copy_from_slice(&left[..count]);
            filled += count;
            if count < left.len() {
                self.read += count;
                break;
            }
            self.ready.pop_front();
            self.read = 0;
        }
        Ok(filled)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let answer = self.answer();
                self.ready.push_back(answer);
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A session with such a server.
pub(crate) fn session(replies: &Replies) -> Session<Stream> {
    let stream = Stream {
        replies: replies.clone(),
        line: Vec::new(),
        ready: VecDeque::from([Arc::from(*b"+OK hello\r\n")]),
        read: 0,
    };
    let word = |text| Argument::new(Secret::new(text)).unwrap();
    let login = Login {
        credentials: &Credentials {
            user: word("ann"),
            proof: Proof::Password(word("secret")),
        },
        mechanism: Mechanism::UserPass,
        server: ("localhost", 110),
        nonce: "",
    };
    Connection::greet(stream)
        .and_then(|it| it.login(&login, Ahead::Session))
        .unwrap()
}
