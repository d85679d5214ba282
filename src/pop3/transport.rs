//! The bytes of a connection: TCP with a time-out and a way to stop, alone or under TLS.
//!
//! It refuses to know the protocol. Invariants: no read or write waits longer than the time-out or, once a stop is
//! asked for, longer than a tick; all reads together no longer than the server's `pace` admits; `WouldBlock` never
//! reaches the caller, so that TLS above needs no state for it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use native_tls::TlsStream;

use super::pace::{Pace, Slow};
use super::pipeline::SEND_BUFFER;

/// How often a waiting connection looks whether it should stop.
pub(super) const TICK: Duration = Duration::from_millis(200);

/// How long a server may be silent, and whether anyone still wants to hear it.
#[derive(Clone, Debug)]
pub struct Patience {
    timeout: Duration,
    stop: Arc<AtomicBool>,
}

/// The mark of an I/O error that is no error: the run was told to end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("stopped")]
struct Stopped;

/// Whether an I/O error says no more than that.
pub(super) fn is_stop(error: &io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<Stopped>())
}

/// Whether an I/O error says that the server is too slow, and how.
pub(super) fn slowness(error: &io::Error) -> Option<Slow> {
    error.get_ref()?.downcast_ref().copied()
}

impl Patience {
    /// Patience for `timeout`, or until `stop` is set.
    #[must_use]
    pub fn new(timeout: Duration, stop: Arc<AtomicBool>) -> Self {
        Self { timeout, stop }
    }

    /// The flag that is set when the run is to end.
    #[must_use]
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// The longest silence.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The same for no longer than this.
    pub(super) fn within(&self, most: Duration) -> Self {
        Self {
            timeout: self.timeout.min(most),
            stop: Arc::clone(&self.stop),
        }
    }

    /// Says whether one may go on after having waited for so long.
    pub(super) fn after(&self, waited: Duration) -> io::Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other(Stopped));
        }
        if waited >= self.timeout {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

/// TLS asks for the five octets that open a record, and then for the rest of it (RFC 8446 §5.1): both come with one call
/// this way, and more than one record, if it is there.
pub(super) const AHEAD: usize = 32 * 1024;

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    tick: Duration,
    patience: Patience,
    pace: Pace,
    /// What was read beyond what was asked for.
    ahead: Box<[u8]>,
    /// Where in `ahead` that is.
    waiting: Range<usize>,
    /// The first octet that was read since somebody wanted to know it.
    first: Arc<OnceLock<u8>>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, patience: Patience) -> io::Result<Self> {
        // A zero duration would mean "wait for ever".
        let tick = TICK.min(patience.timeout).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(tick))?;
        stream.set_write_timeout(Some(tick))?;
        // Commands are small and waited for: none may be held back for a fuller packet.
        stream.set_nodelay(true)?;
        // All that the window admits is taken at once, so that no write waits for a server that waits for us.
        rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER)?;
        Ok(Self {
            stream,
            tick,
            pace: Pace::new(patience.timeout),
            patience,
            ahead: vec![0; AHEAD].into_boxed_slice(),
            waiting: 0..0,
            first: Arc::default(),
        })
    }

    /// Where the next octet that is read will be noted: a TLS library that fails keeps the wire to itself.
    pub(super) fn note_first(&mut self) -> Arc<OnceLock<u8>> {
        self.first = Arc::default();
        Arc::clone(&self.first)
    }

    /// Waits no longer than this for the next octet, and leaves it to be read; `None` if the line is at its end.
    pub(super) fn peek(&mut self, within: Duration) -> io::Result<Option<u8>> {
        let before = self.set_timeout(within.min(self.patience.timeout));
        let filled = self.fill();
        self.set_timeout(before);
        filled?;
        Ok(self.ahead[self.waiting.clone()].first().copied())
    }

    /// Reads ahead, if nothing waits.
    fn fill(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            let mut ahead = std::mem::take(&mut self.ahead);
            let read = self.receive(&mut ahead);
            self.ahead = ahead;
            self.waiting = 0..read?;
        }
        Ok(())
    }

    /// Sets how long the server may be silent; returns what it was.
    fn set_timeout(&mut self, timeout: Duration) -> Duration {
        std::mem::replace(&mut self.patience.timeout, timeout)
    }

    /// Reads what there is, at the server's pace.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let began = Instant::now();
        let read = self.patiently(|stream| stream.read(buffer))?;
        self.pace
            .came(read, began.elapsed())
            .map_err(io::Error::other)?;
        Ok(read)
    }

    /// Tries in ticks until there is a result, patience ends or a stop is asked for.
    fn patiently<T>(
        &mut self,
        mut attempt: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut waited = Duration::ZERO;
        loop {
            self.patience.after(waited)?;
            match attempt(&mut self.stream) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // Which of the two a socket's time-out gives depends on the system.
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    waited += self.tick;
                }
                result => return result,
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = if self.waiting.is_empty() && buffer.len() >= AHEAD {
            self.receive(buffer)?
        } else {
            self.fill()?;
            let len = buffer.len().min(self.waiting.len());
            let end = self.waiting.start + len;
            buffer[..len].copy_from_slice(&self.ahead[self.waiting.start..end]);
            self.waiting.start = end;
            len
        };
        if let Some(first) = buffer[..len].first() {
            self.first.get_or_init(|| *first);
        }
        Ok(len)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.patiently(|stream| stream.write(bytes))?;
        self.pace.said();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A connection as the protocol sees it.
#[derive(Debug)]
pub struct Line {
    protection: Protection,
    /// What TLS adds to each octet is more than a whole record brings; only what comes out of it counts.
    pace: Pace,
}

/// How a connection is protected.
#[derive(Debug)]
enum Protection {
    /// In the clear.
    Plain(Wire),
    /// Under TLS.
    Tls(Box<TlsStream<Wire>>),
}

impl Line {
    /// A connection in the clear.
    pub(super) fn plain(wire: Wire) -> Self {
        Self {
            pace: Pace::new(wire.patience.timeout),
            protection: Protection::Plain(wire),
        }
    }

    /// A connection under TLS.
    pub(super) fn tls(stream: TlsStream<Wire>) -> Self {
        Self {
            pace: Pace::new(stream.get_ref().patience.timeout),
            protection: Protection::Tls(Box::new(stream)),
        }
    }

    /// The TLS of the connection, if it has any.
    pub(super) fn as_tls(&self) -> Option<&TlsStream<Wire>> {
        match &self.protection {
            Protection::Plain(_) => None,
            Protection::Tls(stream) => Some(stream),
        }
    }

    /// Sets how long the server may be silent; returns what it was.
    pub(super) fn set_timeout(&mut self, timeout: Duration) -> Duration {
        match &mut self.protection {
            Protection::Plain(wire) => wire.set_timeout(timeout),
            Protection::Tls(stream) => stream.get_mut().set_timeout(timeout),
        }
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let began = Instant::now();
        let read = match &mut self.protection {
            Protection::Plain(wire) => wire.read(buffer),
            Protection::Tls(stream) => stream.read(buffer),
        }?;
        self.pace
            .came(read, began.elapsed())
            .map_err(io::Error::other)?;
        Ok(read)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.protection {
            Protection::Plain(wire) => wire.write(bytes),
            Protection::Tls(stream) => stream.write(bytes),
        }?;
        self.pace.said();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.protection {
            Protection::Plain(wire) => wire.flush(),
            Protection::Tls(stream) => stream.flush(),
        }
    }
}
