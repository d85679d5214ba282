//! One connection's bytes as commands out, and status lines, listings and message content in.
//!
//! It refuses to know which command means what. Invariants: memory does not grow with what the server sends; a reply is
//! read only for a command that was sent, and bytes that nobody asked for end the session.

use std::io::{Read, Write};
use std::mem;

use memchr::memchr;
use memchr::memmem;
use zeroize::{Zeroize, Zeroizing};

use super::body::{Piece, Unstuffer};
use super::command::Command;
use super::error::{Error, Violation};
use super::reply::Reply;
use super::transport::AHEAD;
use crate::secret::Secret;

/// Room for four TLS records; whatever arrives passes through it.
const BUFFER: usize = 64 * 1024;

/// The longest status or listing line, and so the longest uid, too: RFC 2449 §4 allows 512 octets, and uids of several
/// hundred are seen.
const MAX_LINE: usize = 8 * 1024;

/// Nothing that comes in the clear is left with the wire: behind STLS it would be taken for TLS.
const _: () = assert!(BUFFER - MAX_LINE >= AHEAD);

/// The longest listing, and so the most messages in a session: beyond any maildrop that is served in practice. One of so
/// many costs some 180 octets for each here, one that goes on beyond it is given up before that.
const MAX_LISTING: usize = 1 << 20;

/// … and the most octets in it: 300,000 uids of the 70 octets that RFC 1939 §7 allows, or a million of those that servers
/// give.
const MAX_LISTING_OCTETS: usize = 24 << 20;

/// The most that is read of a message of which only the header was asked for: some servers send all of it, and none of them
/// takes a mail that is larger.
const MAX_TOP: u64 = 64 << 20;

/// Room for all that is queued while a password is: a buffer that grows leaves copies of it behind.
const OUTGOING: usize = 16 * 1024;

/// What a server says to a line of a login.
#[derive(Debug)]
pub(super) enum Answer {
    /// It goes on: this is to be answered, and should be base64.
    Challenge(Zeroizing<Vec<u8>>),
    /// It is over.
    Verdict(Reply),
}

#[derive(Debug)]
pub(super) struct Channel<S> {
    stream: S,
    incoming: Incoming,
    /// Commands that were queued and not sent yet.
    outgoing: Zeroizing<Vec<u8>>,
    /// Replies that the server owes.
    owed: usize,
    /// A message's content that was begun and not read to its end.
    open: Option<Unstuffer>,
    /// What of it may still come.
    left: u64,
    /// What was sent to log in: any reply may repeat it, also much later.
    hidden: Vec<Secret>,
    /// Replies are owed that nobody waits for, or one made no sense: nobody can say any more which reply is whose.
    abandoned: bool,
}

impl<S> Channel<S> {
    /// Says that the commands in flight are not waited for.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
    }
}

impl<S: Read + Write> Channel<S> {
    /// The stream below.
    pub(super) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            incoming: Incoming::new(),
            outgoing: Zeroizing::new(Vec::with_capacity(OUTGOING)),
            owed: 0,
            open: None,
            left: 0,
            hidden: Vec::new(),
            abandoned: false,
        }
    }

    /// Gives the stream back, if nothing was read beyond what was taken.
    pub(super) fn into_stream(self) -> Result<S, Violation> {
        if self.incoming.waiting().is_empty() {
            Ok(self.stream)
        } else {
            Err(Violation::Injected)
        }
    }

    /// Queues a command; returns its length on the wire.
    pub(super) fn queue(&mut self, command: &Command) -> Result<usize, Error> {
        if self.abandoned {
            return Err(Error::Abandoned {
                command: command.verb(),
            });
        }
        if self.owed == 0 {
            self.skip_content(command.verb())?;
            if !self.incoming.waiting().is_empty() {
                return Err(Error::violation(Violation::Unasked, command.verb()));
            }
        }
        log::trace!("C: {}", command.masked());
        let before = self.outgoing.len();
        // Writing to a vector cannot fail.
        let _ = write!(self.outgoing, "{command}\r\n");
        self.owed += 1;
        Ok(self.outgoing.len() - before)
    }

    /// Keeps this out of logs and errors.
    pub(super) fn hide(&mut self, secret: Secret) {
        self.hidden.push(secret);
    }

    /// The start of each line of a multi-line reply, of so many octets at most, to be shown.
    pub(super) fn shown(
        &mut self,
        during: &'static str,
        lines: usize,
        octets: usize,
    ) -> Result<Vec<String>, Error> {
        let hidden = self.hidden.clone();
        let mut starts = Vec::new();
        self.listing(during, |line| {
            if starts.len() < lines {
                let line = without(&hidden, line);
                starts.push(line[..line.len().min(octets)].escape_ascii().to_string());
            }
            Some(())
        })?;
        Ok(starts)
    }

    /// Sends what is queued.
    pub(super) fn flush(&mut self, during: &'static str) -> Result<(), Error> {
        if self.outgoing.is_empty() {
            return Ok(());
        }
        let sent = self
            .stream
            .write_all(&self.outgoing)
            .and_then(|()| self.stream.flush());
        // A password was in it, perhaps.
        self.outgoing.zeroize();
        sent.map_err(|source| Error::from_io(source, during))
    }

    /// Sends one command and reads its status line.
    pub(super) fn ask(&mut self, command: &Command) -> Result<Reply, Error> {
        self.queue(command)?;
        self.flush(command.verb())?;
        self.reply(command.verb())
    }

    /// Sends one command that must not be refused.
    pub(super) fn demand(&mut self, command: &Command) -> Result<Reply, Error> {
        accepted(self.ask(command)?, command.verb())
    }

    /// Reads the greeting, the one reply that no command asked for (RFC 1939 §4).
    pub(super) fn greeting(&mut self) -> Result<Reply, Error> {
        self.owed += 1;
        accepted(self.reply("the greeting")?, "to talk")
    }

    /// Reads the status line of the command that is answered next.
    pub(super) fn reply(&mut self, during: &'static str) -> Result<Reply, Error> {
        self.skip_content(during)?;
        self.owed -= 1;
        let line = self.incoming.line(&mut self.stream, during);
        let reply = line.and_then(|line| status(line, &self.hidden, during));
        // Once one made no sense, nothing more is sent.
        self.abandoned |= matches!(reply, Err(Error::Violation { .. }));
        reply
    }

    /// Reads what answers a line of a login: a status line, or a challenge (RFC 5034 §4).
    pub(super) fn answer(&mut self, during: &'static str) -> Result<Answer, Error> {
        self.owed -= 1;
        let line = self.incoming.line(&mut self.stream, during)?;
        let (b"+" | [b'+', b' ', ..]) = line else {
            return status(line, &self.hidden, during).map(Answer::Verdict);
        };
        // With what the client says to it, somebody could try passwords on it.
        log::trace!("S: + ({} octets)", line.len().saturating_sub(2));
        let challenge = line.get(2..).unwrap_or_default().trim_ascii();
        Ok(Answer::Challenge(Zeroizing::new(challenge.to_vec())))
    }

    /// Reads a multi-line reply to its end, line by line without CRLF and stuffing (RFC 1939 §3).
    pub(super) fn listing(
        &mut self,
        during: &'static str,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<(), Error> {
        let hidden = &self.hidden;
        let mut octets = 0;
        // Unless it has an end, nothing more is sent.
        let before = mem::replace(&mut self.abandoned, true);
        for _ in 0..=MAX_LISTING {
            let line = match self.incoming.line(&mut self.stream, during)? {
                b"." => {
                    self.abandoned = before;
                    return Ok(());
                }
                [b'.', line @ ..] | line => line,
            };
            log::trace!("S: {}", without(hidden, line).escape_ascii());
            octets += line.len();
            if octets > MAX_LISTING_OCTETS {
                let violation = Violation::ListingTooLarge(MAX_LISTING_OCTETS);
                return Err(Error::violation(violation, during));
            }
            each(line).ok_or_else(|| {
                let line = without(hidden, line);
                Error::violation(Violation::Listing(shown(line)), during)
            })?;
        }
        Err(Error::violation(
            Violation::ListingTooLong(MAX_LISTING),
            during,
        ))
    }

    /// Says that a message's content follows, or a part of it. How large a whole one may be is for those who asked for it.
    pub(super) fn open_content(&mut self, is_whole: bool) {
        log::trace!("S: (a message)");
        self.open = Some(Unstuffer::new());
        self.left = if is_whole { u64::MAX } else { MAX_TOP };
    }

    /// Reads the next piece of the content that follows; `None` at its end.
    pub(super) fn content(&mut self, during: &'static str) -> Result<Option<&[u8]>, Error> {
        let Some(unstuffer) = &mut self.open else {
            return Ok(None);
        };
        loop {
            match unstuffer.next(self.incoming.waiting()) {
                Piece::Content { skip, len } => {
                    self.incoming.take(skip);
                    let left = self.left.checked_sub(len as u64);
                    let too_large = || Violation::ContentTooLarge(MAX_TOP);
                    self.left = left.ok_or_else(|| Error::violation(too_large(), during))?;
                    if len > 0 {
                        return Ok(Some(self.incoming.take(len)));
                    }
                }
                Piece::End => {
                    self.incoming.take(Unstuffer::TERMINATOR);
                    self.open = None;
                    return Ok(None);
                }
                Piece::Incomplete => self.incoming.fill(&mut self.stream, during)?,
            }
        }
    }

    /// Reads past the content that was begun and not read to its end.
    fn skip_content(&mut self, during: &'static str) -> Result<(), Error> {
        while self.content(during)?.is_some() {}
        Ok(())
    }
}

/// What arrived and was not taken yet.
#[derive(Debug)]
struct Incoming {
    buffer: Box<[u8]>,
    start: usize,
    /// Invariant: `start <= end <= buffer.len()`.
    end: usize,
}

impl Incoming {
    fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    fn waiting(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Takes the next `len` octets, of which there must be so many.
    fn take(&mut self, len: usize) -> &[u8] {
        let from = self.start;
        self.start += len;
        &self.buffer[from..self.start]
    }

    /// Reads one line and takes its CRLF away.
    fn line<S: Read>(&mut self, stream: &mut S, during: &'static str) -> Result<&[u8], Error> {
        let mut scanned = 0;
        loop {
            let waiting = self.waiting();
            match memchr(b'\n', &waiting[scanned..]) {
                // It is too long, whether it came in one piece or in several.
                Some(at) if scanned + at > MAX_LINE => {
                    return Err(Error::violation(Violation::LineTooLong(MAX_LINE), during));
                }
                // RFC 1939 §3: lines end with CRLF; a lone LF is part of the line.
                Some(at) if waiting[..scanned + at].ends_with(b"\r") => {
                    let line = self.take(scanned + at + 1);
                    return Ok(&line[..line.len() - 2]);
                }
                Some(at) => scanned += at + 1,
                None if waiting.len() > MAX_LINE => {
                    return Err(Error::violation(Violation::LineTooLong(MAX_LINE), during));
                }
                None => {
                    scanned = waiting.len();
                    self.fill(stream, during)?;
                }
            }
        }
    }

    /// Reads more behind what waits. There is room: nobody waits for as much as the buffer holds.
    fn fill<S: Read>(&mut self, stream: &mut S, during: &'static str) -> Result<(), Error> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let read = stream
            .read(&mut self.buffer[self.end..])
            .map_err(|source| Error::from_io(source, during))?;
        if read == 0 {
            return Err(Error::Closed { during });
        }
        self.end += read;
        Ok(())
    }
}

/// The reply, unless it is a refusal.
pub(super) fn accepted(reply: Reply, command: &'static str) -> Result<Reply, Error> {
    if reply.positive {
        Ok(reply)
    } else {
        Err(Error::Refused { command, reply })
    }
}

/// The line as a status line; one that repeats a secret is kept out of logs and errors.
fn status(line: &[u8], hidden: &[Secret], during: &'static str) -> Result<Reply, Error> {
    let Some(reply) = Reply::parse(line) else {
        let line = shown(without(hidden, line));
        log::trace!("S: {line}");
        return Err(Error::violation(Violation::Status(line), during));
    };
    let reply = if is_in(hidden, line) {
        reply.in_secret()
    } else {
        reply
    };
    log::trace!("S: {reply}");
    Ok(reply)
}

/// The line, unless a secret is in it.
fn without<'l>(hidden: &[Secret], line: &'l [u8]) -> &'l [u8] {
    if is_in(hidden, line) {
        b"(not shown)"
    } else {
        line
    }
}

fn is_in(hidden: &[Secret], line: &[u8]) -> bool {
    let mut secrets = hidden.iter().map(|secret| secret.expose().as_bytes());
    secrets.any(|secret| !secret.is_empty() && memmem::find(line, secret).is_some())
}

/// The start of a line, harmless, for a message.
fn shown(line: &[u8]) -> String {
    line[..line.len().min(80)].escape_ascii().to_string()
}
