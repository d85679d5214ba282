//! Gives messages to an LMTP server, one at a time (RFC 2033; where that is silent, RFC 5321).
//!
//! ```text
//!   Lmtp ─ connect: greeting, LHLO ─▶ LmtpSession ─ deliver: MAIL, RCPT, DATA, the message ─▶ Handover
//!                                          └─ quit
//! ```
//!
//! It refuses to know what else is delivered where. Invariants: the message streams from its file, and memory does not
//! grow with its size; the dot that ends it is sent only when all of it was; after an error the session is over.

mod address;
mod content;
mod pace;
mod reply;
mod session;
#[cfg(test)]
mod tests;
mod wire;

pub use address::{LmtpAddress, Recipient};
pub use session::LmtpSession;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use self::wire::{Patience, Socket, TICK, Wire};
use super::error::Error;

/// An LMTP server and whom it delivers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lmtp {
    /// Where it listens.
    pub address: LmtpAddress,
    /// Who gets the mail.
    pub recipient: Recipient,
    /// How long it may be silent.
    pub timeout: Duration,
}

impl Lmtp {
    /// Connects and introduces this host by its name.
    ///
    /// # Errors
    /// There is no server, it is not willing, or it speaks something else.
    pub fn connect(&self, host_name: &str, stop: &AtomicBool) -> Result<LmtpSession, Error> {
        let wire = self
            .open(stop)?
            .and_then(|socket| Wire::new(socket, self.address.to_string(), self.timeout))
            .map_err(|source| Error::LmtpConnect {
                address: self.address.to_string(),
                source,
            })?;
        LmtpSession::begin(
            wire,
            self.recipient.clone(),
            host_name,
            Patience::until(stop),
        )
    }

    /// Opens the socket on a thread of its own, because neither a look-up nor a full queue can be interrupted.
    fn open(&self, stop: &AtomicBool) -> Result<io::Result<Socket>, Error> {
        let (sender, receiver) = mpsc::channel();
        let (address, timeout) = (self.address.clone(), self.timeout);
        let attempt = thread::Builder::new()
            .name(format!("connect {address}"))
            .spawn(move || {
                // Nobody listens any more if it took too long.
                let _ = sender.send(address.open(timeout));
            });
        if let Err(e) = attempt {
            return Ok(Err(e));
        }
        let mut waited = Duration::ZERO;
        while waited < self.timeout {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let tick = TICK.min(self.timeout);
            match receiver.recv_timeout(tick) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Timeout) => waited += tick,
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(io::ErrorKind::BrokenPipe.into()));
                }
            }
        }
        Ok(Err(io::ErrorKind::TimedOut.into()))
    }
}
