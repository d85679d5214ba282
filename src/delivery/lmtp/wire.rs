//! The bytes of a connection to an LMTP server: commands out, replies in.
//!
//! It refuses to know which command means what. Invariants: no write and no reply takes longer than the time-out or, once a
//! stop is asked for, much longer than the grace that the caller allows; what is sent in many writes goes at some pace;
//! memory does not grow with what the server sends; a reply is read only for a command that was sent.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::error::Error;
use super::super::handover::shown;
use super::pace::Pace;
use super::reply::Reply;

/// How often a waiting connection looks whether it should stop.
pub(super) const TICK: Duration = Duration::from_millis(200);

/// The longest line of a reply: RFC 5321 §4.5.3.1.5 allows 512 octets.
const MAX_LINE: usize = 8 * 1024;

/// The most lines of a reply: servers offer some twenty extensions.
const MAX_LINES: usize = 100;

/// What is wrong with a server that takes what it is sent piece by piece.
const SLOW: &str = "it took next to nothing for too long";

/// A connection.
#[derive(Debug)]
pub(super) enum Socket {
    /// On this machine.
    Unix(UnixStream),
    /// To a host.
    Tcp(TcpStream),
}

/// Who waits, and how long once a stop is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience<'s> {
    pub(super) stop: &'s AtomicBool,
    pub(super) grace: Duration,
}

impl<'s> Patience<'s> {
    /// Patience that ends with the stop.
    pub(super) fn until(stop: &'s AtomicBool) -> Self {
        let grace = Duration::ZERO;
        Self { stop, grace }
    }
}

/// A connection with what arrived on it and was not taken yet.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    /// The server's address, for messages.
    address: String,
    timeout: Duration,
    tick: Duration,
    /// When the write or reply began that is under way.
    began: Instant,
    /// How much longer than it should the server may take with what it is sent.
    pace: Pace,
    incoming: Vec<u8>,
}

impl Wire {
    pub(super) fn new(socket: Socket, address: String, timeout: Duration) -> io::Result<Self> {
        // A zero duration would mean "wait for ever".
        let tick = TICK.min(timeout).max(Duration::from_millis(1));
        match &socket {
            Socket::Unix(stream) => {
                stream.set_read_timeout(Some(tick))?;
                stream.set_write_timeout(Some(tick))?;
            }
            Socket::Tcp(stream) => {
                stream.set_read_timeout(Some(tick))?;
                stream.set_write_timeout(Some(tick))?;
                // Commands are small and waited for: none may be held back for a fuller packet.
                stream.set_nodelay(true)?;
            }
        }
        Ok(Self {
            socket,
            address,
            timeout,
            tick,
            began: Instant::now(),
            pace: Pace::new(timeout),
            incoming: Vec::new(),
        })
    }

    /// Waits no longer than this from now on.
    pub(super) fn hurry(&mut self, timeout: Duration) {
        self.timeout = self.timeout.min(timeout);
    }

    /// Ends the connection: nothing more is sent or read.
    pub(super) fn shut(&self) {
        // It may have ended by itself.
        let _ = match &self.socket {
            Socket::Unix(stream) => stream.shutdown(Shutdown::Both),
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Sends one command.
    pub(super) fn command(
        &mut self,
        line: &str,
        during: &'static str,
        patience: Patience<'_>,
    ) -> Result<(), Error> {
        log::trace!("C: {line}");
        self.send(format!("{line}\r\n").as_bytes(), during, patience)
    }

    /// Sends bytes, to which nothing may have been answered yet. All that is sent up to the next reply goes at one pace.
    pub(super) fn send(
        &mut self,
        mut bytes: &[u8],
        during: &'static str,
        patience: Patience<'_>,
    ) -> Result<(), Error> {
        if !self.incoming.is_empty() {
            return Err(self.no_lmtp(during, &self.incoming));
        }
        while !bytes.is_empty() {
            self.began = Instant::now();
            match self.patiently(during, patience, |socket| socket.write(bytes))? {
                0 => return Err(self.lost(during, io::ErrorKind::WriteZero.into())),
                sent if self.pace.took(sent, self.began.elapsed()) => bytes = &bytes[sent..],
                _ => return Err(self.lost(during, io::Error::new(io::ErrorKind::TimedOut, SLOW))),
            }
        }
        Ok(())
    }

    /// Reads the reply to a command, or the greeting.
    pub(super) fn reply(
        &mut self,
        during: &'static str,
        patience: Patience<'_>,
    ) -> Result<Reply, Error> {
        self.began = Instant::now();
        self.pace.begins();
        let mut reply = None;
        for _ in 0..MAX_LINES {
            let line = self.line(during, patience)?;
            log::trace!("S: {}", shown(&line));
            let last = Reply::add(&mut reply, &line).ok_or_else(|| self.no_lmtp(during, &line))?;
            if let Some(reply) = reply.take_if(|_| last) {
                return if reply.ends_session() {
                    Err(self.refused(during, &reply))
                } else {
                    Ok(reply)
                };
            }
        }
        Err(self.no_lmtp(during, b"a reply without end"))
    }

    /// The error that the server refuses to talk.
    pub(super) fn refused(&self, during: &'static str, reply: &Reply) -> Error {
        Error::LmtpRefused {
            address: self.address.clone(),
            during,
            temporary: reply.is_temporary(),
            reply: reply.shown(),
        }
    }

    /// The error that an answer makes no sense.
    pub(super) fn no_lmtp(&self, during: &'static str, answer: &[u8]) -> Error {
        Error::NoLmtp {
            address: self.address.clone(),
            during,
            answer: shown(answer),
        }
    }

    fn lost(&self, during: &'static str, source: io::Error) -> Error {
        Error::LmtpLost {
            address: self.address.clone(),
            during,
            source,
        }
    }

    /// Reads one line and takes its CRLF away.
    fn line(&mut self, during: &'static str, patience: Patience<'_>) -> Result<Vec<u8>, Error> {
        let mut scanned = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.incoming[scanned..]) {
                let line: Vec<u8> = self.incoming.drain(..=scanned + at).collect();
                // RFC 5321 §2.3.8: CRLF, and nothing else, ends a line.
                let Some(text) = line.strip_suffix(b"\r\n") else {
                    return Err(self.no_lmtp(during, &line));
                };
                return Ok(text.to_vec());
            }
            scanned = self.incoming.len();
            if scanned > MAX_LINE {
                return Err(self.no_lmtp(during, &self.incoming));
            }
            let mut chunk = [0; 4 * 1024];
            match self.patiently(during, patience, |socket| socket.read(&mut chunk))? {
                0 => return Err(self.lost(during, io::ErrorKind::UnexpectedEof.into())),
                read => self.incoming.extend_from_slice(&chunk[..read]),
            }
        }
    }

    /// Tries in ticks until there is a result or patience ends.
    fn patiently<T>(
        &mut self,
        during: &'static str,
        patience: Patience<'_>,
        mut attempt: impl FnMut(&mut Socket) -> io::Result<T>,
    ) -> Result<T, Error> {
        let mut stopped = Duration::ZERO;
        loop {
            let stop = patience.stop.load(Ordering::Relaxed);
            if stop && stopped >= patience.grace {
                return Err(Error::Stopped);
            }
            if self.began.elapsed() >= self.timeout {
                return Err(self.lost(during, io::ErrorKind::TimedOut.into()));
            }
            match attempt(&mut self.socket) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // Which of the two a socket's time-out gives depends on the system.
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    if stop {
                        stopped += self.tick;
                    }
                }
                result => return result.map_err(|source| self.lost(during, source)),
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_server_that_takes_a_piece_now_and_then_is_not_waited_for() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut wire = Wire::new(Socket::Unix(ours), "here".to_owned(), PATIENCE).unwrap();
        // 16 MiB/s are wanted, and 4 KiB come each 10 ms at most.
        wire.pace = Pace::of(16 << 20, Duration::from_millis(200));
        let server = thread::spawn(move || {
            let mut piece = [0; 4 * 1024];
            while theirs.read(&mut piece).is_ok_and(|length| length > 0) {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let stop = AtomicBool::new(false);
        let message = vec![b'x'; 4 << 20];
        let mut pieces = message.chunks(64 * 1024);
        let error = pieces.find_map(|piece| {
            let sent = wire.send(piece, "the message", Patience::until(&stop));
            sent.err()
        });
        let Some(Error::LmtpLost { source, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(source.to_string(), SLOW);
        drop(wire);
        server.join().unwrap();
    }

    /// Much longer than the server is silent.
    const PATIENCE: Duration = Duration::from_secs(60);
}
