//! One connection of the fake server: lines in, replies out, TLS between, and the faults that strike.
//!
//! What is right by the RFCs is `protocol`'s; here it is carried, and goes wrong where a test asks for that.
//! Invariant: what was sent before an end reaches the client, unless the server stops.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use native_tls::TlsStream;

use super::options::{Act, Fault, Loss, Tls};
use super::protocol::{Dialogue, Next};
use super::server::{Shared, begins};

/// The first byte of a TLS handshake record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// Room for what a client writes at once.
const PIECE: usize = 64 * 1024;

/// What no client listens to for so long.
const ENDLESS: u64 = 8 << 30;

/// Between two bytes that drip.
const DROP: Duration = Duration::from_millis(500);

/// How many bytes drip before a test has failed.
const MOST_DROPS: usize = 600;

/// Why a connection is not served to its end.
#[derive(Debug)]
enum Interruption {
    Cut,
    Stall,
    /// The client is gone, or the server stops.
    Socket,
}

impl From<io::Error> for Interruption {
    fn from(_: io::Error) -> Self {
        Self::Socket
    }
}

/// One connection, in its thread.
pub(super) struct Connection {
    shared: Arc<Shared>,
    /// Of its record.
    index: usize,
    socket: TcpStream,
    tls: Option<TlsStream<TcpStream>>,
    /// What arrived and was not taken as a command yet.
    input: Vec<u8>,
    /// What came in one piece with another command is answered `-ERR`.
    refuses: bool,
    /// The faults, each with the number of commands that it matched.
    faults: Vec<(Fault, usize)>,
    started: Instant,
    sent: u64,
}

impl Connection {
    /// A connection just accepted, on which these faults strike. `index` is that of its record.
    pub(super) fn new(
        shared: Arc<Shared>,
        index: usize,
        socket: TcpStream,
        faults: &[Fault],
    ) -> Self {
        let faults = faults.iter().filter_map(|fault| fault.on(index));
        let faults = faults.map(|fault| (fault.clone(), 0)).collect();
        let (tls, input, started) = (None, Vec::new(), Instant::now());
        Self {
            shared,
            index,
            socket,
            tls,
            input,
            refuses: false,
            faults,
            started,
            sent: 0,
        }
    }

    /// Serves the client, and sees to it that all that was sent arrives before the end does.
    pub(super) fn serve(mut self) {
        let outcome = self.converse();
        match (&outcome, &mut self.tls) {
            (Err(Interruption::Stall), _) => self
                .shared
                .record(self.index, |record| record.stalled = true),
            (Ok(()), Some(tls)) => {
                // A client that is gone needs no farewell.
                let _ = tls.shutdown();
                let _ = self.socket.shutdown(Shutdown::Write);
            }
            (Ok(()) | Err(Interruption::Cut), _) => {
                let _ = self.socket.shutdown(Shutdown::Write);
            }
            (Err(Interruption::Socket), _) => {
                let _ = self.socket.shutdown(Shutdown::Both);
            }
        }
        // Closed with bytes unread, the socket would reset the connection, and what is on its way be lost.
        let mut unheard = Vec::new();
        let _ = self.socket.read_to_end(&mut unheard);
        let _ = self.socket.shutdown(Shutdown::Both);
        self.shared.state.lock().unwrap().open.remove(&self.index);
        let piece = commands(&unheard);
        let is_tls = unheard.first() == Some(&HANDSHAKE);
        self.shared.record(self.index, |record| {
            // What is TLS is no text.
            if !record.secured && !is_tls && !piece.is_empty() {
                record.pieces.push(piece);
            }
            record.ended = true;
        });
    }

    /// The connection from its greeting to the reply to QUIT.
    fn converse(&mut self) -> Result<(), Interruption> {
        self.socket.set_nodelay(true)?;
        if matches!(self.shared.tls, Tls::Implicit(_)) {
            self.handshake()?;
        }
        let stls = matches!(self.shared.tls, Tls::Stls(_));
        let mut dialogue = Dialogue::new(
            Arc::clone(&self.shared.users),
            self.shared.unknown.clone(),
            self.shared.capabilities.clone(),
            stls,
        );
        let greeting = self.shared.greeting;
        self.respond("GREETING", || (greeting.into(), Next::Command))?;
        while let Some((line, is_refused)) = self.line()? {
            let command = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
            let answer = || {
                if is_refused {
                    (b"-ERR one at a time\r\n".to_vec(), Next::Command)
                } else {
                    dialogue.answer(&line)
                }
            };
            match self.respond(&command, answer)? {
                Next::Command => {}
                Next::Handshake => {
                    // RFC 2595 §4: what came in clear is not taken as a command behind TLS.
                    self.input.clear();
                    self.handshake()?;
                }
                Next::Close => return Ok(()),
            }
        }
        Ok(())
    }

    /// Begins TLS. A client that does not is heard out, for the record.
    fn handshake(&mut self) -> Result<(), Interruption> {
        let mut first = [0];
        if self.socket.peek(&mut first)? == 1 && first[0] != HANDSHAKE {
            while self.line()?.is_some() {}
            return Err(Interruption::Socket);
        }
        let acceptor = self
            .shared
            .acceptor
            .as_ref()
            .expect("a server with TLS has one");
        self.tls = Some(
            acceptor
                .accept(self.socket.try_clone()?)
                .map_err(|_| Interruption::Socket)?,
        );
        self.shared
            .record(self.index, |record| record.secured = true);
        Ok(())
    }

    /// Sends what `answer` says, or what a fault says in its place.
    fn respond(
        &mut self,
        command: &str,
        answer: impl FnOnce() -> (Vec<u8>, Next),
    ) -> Result<Next, Interruption> {
        let (mut before, mut after, mut done_then_cut, mut instead) =
            (Vec::new(), Vec::new(), false, None);
        let (mut short, mut split) = (None, None);
        for act in self.acts(command) {
            match act {
                Act::Cut => return Err(Interruption::Cut),
                Act::Stall => return Err(Interruption::Stall),
                Act::DoneThenCut => done_then_cut = true,
                Act::Reply(bytes) => instead = Some(bytes),
                Act::Before(bytes) => before = bytes,
                Act::After(bytes) => after = bytes,
                Act::Short(left_out) => short = Some(left_out),
                Act::Split(second) => split = Some(second),
                Act::Endless(once, for_ever) => return self.go_on(&once, &for_ever),
                Act::Drip(at_once, for_ever) => return self.drip(&at_once, &for_ever),
                Act::Babble(reply, babble) => {
                    self.send(&reply)?;
                    // It may be TLS, and is no command then.
                    let _ = self.socket.read(&mut vec![0; PIECE])?;
                    self.send(&babble)?;
                    return Err(Interruption::Cut);
                }
            }
        }
        let (reply, next) = instead.map_or_else(answer, |bytes| (bytes, Next::Command));
        if done_then_cut {
            return Err(Interruption::Cut);
        }
        let sent = [before, reply, after].concat();
        let end = sent.len().saturating_sub(short.unwrap_or(0));
        let (first, second) = sent[..end].split_at(end.saturating_sub(split.unwrap_or(0)));
        self.send(first)?;
        self.send(second)?;
        match short {
            Some(_) => Err(Interruption::Cut),
            None => Ok(next),
        }
    }

    /// Sends something once, and then something else until the client has had enough.
    fn go_on(&mut self, once: &[u8], for_ever: &[u8]) -> Result<Next, Interruption> {
        let chunk = for_ever.repeat(PIECE / for_ever.len() + 1);
        self.send(once)?;
        while self.sent < ENDLESS {
            self.send(&chunk)?;
        }
        Err(Interruption::Cut)
    }

    /// Sends something at once, and then a byte at a time until the client has had enough.
    fn drip(&mut self, at_once: &[u8], for_ever: &[u8]) -> Result<Next, Interruption> {
        self.send(at_once)?;
        for byte in for_ever.iter().cycle().take(MOST_DROPS) {
            self.wait(DROP)?;
            self.send(&[*byte])?;
        }
        Err(Interruption::Cut)
    }

    /// What goes wrong at this command.
    fn acts(&mut self, command: &str) -> Vec<Act> {
        let mut acts = Vec::new();
        for (fault, seen) in &mut self.faults {
            let (words, only, act) = match fault {
                Fault::At(words, nth, act) => (words, Some(*nth), act),
                Fault::Each(words, act) => (words, None, act),
                _ => continue,
            };
            if begins(command, words) {
                *seen += 1;
                if only.is_none_or(|nth| nth == *seen) {
                    acts.push(act.clone());
                }
            }
        }
        acts
    }

    /// The next line with its end, recorded, and whether it is to be refused; `None` at the client's end.
    fn line(&mut self) -> Result<Option<(Vec<u8>, bool)>, Interruption> {
        let mut is_first = false;
        let end = loop {
            if let Some(at) = memchr::memchr(b'\n', &self.input) {
                break at + 1;
            }
            if !self.receive()? {
                return Ok(None);
            }
            is_first = true;
        };
        let line: Vec<u8> = self.input.drain(..end).collect();
        let shown = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        let ahead = memchr::memchr_iter(b'\n', &self.input).count();
        let clear = self.tls.is_none();
        self.shared.record(self.index, |record| {
            record.ahead = record.ahead.max(ahead);
            if clear {
                record.clear.push(shown.clone());
            }
            record.lines.push(shown);
        });
        Ok(Some((line, self.refuses && !is_first)))
    }

    /// Reads a piece, records it, and loses what the faults let it lose; false at the client's end.
    fn receive(&mut self) -> Result<bool, Interruption> {
        let mut chunk = vec![0; PIECE];
        let read = match &mut self.tls {
            Some(tls) => tls.read(&mut chunk)?,
            None => self.socket.read(&mut chunk)?,
        };
        self.input.extend_from_slice(&chunk[..read]);
        let piece = commands(&self.input);
        let loss = match &piece[..] {
            [first, _, ..] => self.loss(first),
            _ => None,
        };
        if !piece.is_empty() {
            self.shared
                .record(self.index, |record| record.pieces.push(piece));
        }
        self.refuses = loss == Some(Loss::Refused);
        match loss {
            Some(Loss::HungUp) => return Err(Interruption::Cut),
            Some(Loss::Dropped) => {
                let first = memchr::memchr(b'\n', &self.input).map_or(0, |at| at + 1);
                self.input.truncate(first);
            }
            Some(Loss::Refused) | None => {}
        }
        Ok(read > 0)
    }

    /// What becomes of a piece that has several commands and begins with this one.
    fn loss(&self, first: &str) -> Option<Loss> {
        self.faults.iter().find_map(|(fault, _)| match fault {
            Fault::SentAhead(spared, loss) => {
                let is_spared = spared.iter().any(|words| begins(first, words));
                (!is_spared).then_some(*loss)
            }
            _ => None,
        })
    }

    /// Sends bytes, as far and as fast as the faults and the pace let them go.
    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Interruption> {
        loop {
            let mut size = bytes.len();
            for (fault, _) in &self.faults {
                match fault {
                    Fault::CutAfterBytes(limit) if self.sent >= *limit => {
                        return Err(Interruption::Cut);
                    }
                    Fault::StallAfterBytes(limit) if self.sent >= *limit => {
                        return Err(Interruption::Stall);
                    }
                    Fault::CutAfterBytes(limit) | Fault::StallAfterBytes(limit) => {
                        size = size.min(usize::try_from(limit - self.sent).unwrap_or(usize::MAX));
                    }
                    Fault::OneByteAtATime => size = size.min(1),
                    Fault::At(..) | Fault::Each(..) | Fault::SentAhead(..) | Fault::On(..) => {}
                }
            }
            if bytes.is_empty() {
                return Ok(());
            }
            if let Some(pace) = self.shared.pace {
                // A fiftieth of a second's worth at a time keeps a progress bar smooth.
                size = size.min(usize::try_from(pace / 50).unwrap_or(usize::MAX).max(1));
                self.wait_for_pace(pace)?;
            }
            match &mut self.tls {
                Some(tls) => tls.write_all(&bytes[..size])?,
                None => self.socket.write_all(&bytes[..size])?,
            }
            self.sent += size as u64;
            bytes = &bytes[size..];
        }
    }

    /// Waits until what was sent may have been sent.
    fn wait_for_pace(&self, pace: u64) -> Result<(), Interruption> {
        let due = self.started + Duration::from_micros(self.sent.saturating_mul(1_000_000) / pace);
        self.wait(due.saturating_duration_since(Instant::now()))
    }

    /// Waits for so long, unless the server stops.
    fn wait(&self, wait: Duration) -> Result<(), Interruption> {
        let state = self.shared.state.lock().unwrap();
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, wait, |state| !state.stopping)
            .unwrap();
        if state.stopping {
            Err(Interruption::Socket)
        } else {
            Ok(())
        }
    }
}

/// The commands that have arrived whole.
fn commands(input: &[u8]) -> Vec<String> {
    let lines = input.split_inclusive(|&byte| byte == b'\n');
    lines
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(|line| String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
        .collect()
}
