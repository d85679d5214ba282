//! One session with an LMTP server: a transaction for each message.
//!
//! Invariants: a message is done only when the server's last reply to it says so; one that is refused leaves the session
//! to the next.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::super::envelope;
use super::super::error::Error;
use super::super::handover::Handover;
use super::address::Recipient;
use super::content::{Stuffer, each_chunk, measure};
use super::reply::{Reply, Severity};
use super::wire::{Patience, Wire};

/// How long the reply to a whole message, and that to QUIT, are waited for once nobody wants to wait: without the first,
/// the message comes again.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// What answers an address that is none (RFC 5321 §4.2.2): a syntax error, a name that is not allowed.
const MALFORMED: [u16; 2] = [501, 553];

/// A session in which messages can be delivered.
#[derive(Debug)]
pub struct LmtpSession {
    wire: Wire,
    recipient: Recipient,
    /// RFC 1870: sizes may be declared.
    size: bool,
    /// RFC 6152: octets beyond ASCII may be declared.
    eight_bit: bool,
    /// The last transaction was begun and not brought to its end.
    unfinished: bool,
}

impl LmtpSession {
    /// Reads the greeting and introduces this host.
    pub(super) fn begin(
        wire: Wire,
        recipient: Recipient,
        host_name: &str,
        patience: Patience<'_>,
    ) -> Result<Self, Error> {
        let mut session = Self {
            wire,
            recipient,
            size: false,
            eight_bit: false,
            unfinished: false,
        };
        let greeting = session.wire.reply("the greeting", patience)?;
        session.demand("the greeting", &greeting, 220)?;
        // RFC 2033 §4.1: LHLO in place of EHLO.
        let hello = format!("LHLO {}", domain(host_name));
        let offer = session.ask(&hello, "LHLO", patience)?;
        session.demand("LHLO", &offer, 250)?;
        session.size = offer.offers("SIZE");
        session.eight_bit = offer.offers("8BITMIME");
        Ok(session)
    }

    /// Delivers one message.
    ///
    /// # Errors
    /// The staged message cannot be read, or the session is over. Where that happened after the message was sent, it may
    /// have been delivered.
    pub fn deliver(&mut self, staged: &Path, stop: &AtomicBool) -> Result<Handover, Error> {
        let file = File::open(staged).map_err(Error::read(staged))?;
        let result = self.transact(staged, file, Patience::until(stop));
        if result.is_err() {
            // Nothing that might come later could be told apart, and half a message may be on its way.
            self.wire.shut();
        }
        result
    }

    /// Ends the session.
    pub fn quit(mut self) {
        let stop = AtomicBool::new(false);
        let patience = Patience::until(&stop);
        self.wire.hurry(LAST_MOMENT);
        // All that matters was answered before.
        let _ = self.ask("QUIT", "QUIT", patience);
    }

    fn transact(
        &mut self,
        staged: &Path,
        mut file: File,
        patience: Patience<'_>,
    ) -> Result<Handover, Error> {
        if std::mem::take(&mut self.unfinished) {
            // RFC 5321 §4.1.1.5. Not sooner: a refusal must not be lost because of a server that goes then.
            let reply = self.ask("RSET", "RSET", patience)?;
            self.demand("RSET", &reply, 250)?;
        }
        let reply = self.mail(staged, &mut file, patience)?;
        if let Some(refusal) = refusal("MAIL", &reply) {
            return Ok(refusal);
        }
        self.expect("MAIL", &reply, Severity::Completion)?;
        self.unfinished = true;

        let reply = self.ask(&format!("RCPT TO:<{}>", self.recipient), "RCPT", patience)?;
        if let Some(refusal) = refusal("RCPT", &reply) {
            return Ok(refusal);
        }
        self.expect("RCPT", &reply, Severity::Completion)?;

        let reply = self.ask("DATA", "DATA", patience)?;
        if let Some(refusal) = refusal("DATA", &reply) {
            return Ok(refusal);
        }
        self.expect("DATA", &reply, Severity::Intermediate)?;
        self.send(staged, &mut file, patience)?;

        // RFC 2033 §4.2: one reply for each recipient that was accepted, which is one.
        let reply = self.wire.reply(
            "the message",
            Patience {
                grace: LAST_MOMENT,
                ..patience
            },
        )?;
        self.unfinished = false;
        if let Some(refusal) = refusal("the message", &reply) {
            return Ok(refusal);
        }
        self.expect("the message", &reply, Severity::Completion)?;
        Ok(Handover::Done)
    }

    /// Opens a transaction for this message.
    fn mail(
        &mut self,
        staged: &Path,
        file: &mut File,
        patience: Patience<'_>,
    ) -> Result<Reply, Error> {
        let sender = envelope::sender(file).map_err(Error::read(staged))?;
        let measure = measure(file, staged)?;
        let size = if self.size {
            format!(" SIZE={}", measure.octets)
        } else {
            String::new()
        };
        // A server that does not offer it gets the same bytes: mail is never changed.
        let body = if self.eight_bit && measure.eight_bit {
            " BODY=8BITMIME"
        } else {
            ""
        };
        let from = |sender: &str| format!("MAIL FROM:<{sender}>{size}{body}");

        let sender = sender.unwrap_or_default();
        let reply = self.ask(&from(&sender), "MAIL", patience)?;
        if !sender.is_empty() && MALFORMED.contains(&reply.code) {
            // What somebody wrote into a header must not keep mail from its reader.
            return self.ask(&from(""), "MAIL", patience);
        }
        Ok(reply)
    }

    /// Sends the message and the dot behind it.
    fn send(
        &mut self,
        staged: &Path,
        file: &mut File,
        patience: Patience<'_>,
    ) -> Result<(), Error> {
        log::trace!("C: (a message)");
        let mut stuffer = Stuffer::default();
        let mut outgoing = Vec::new();
        each_chunk(file, staged, |chunk| {
            outgoing.clear();
            stuffer.convert(chunk, &mut outgoing);
            self.wire.send(&outgoing, "the message", patience)
        })?;
        outgoing.clear();
        stuffer.finish(&mut outgoing);
        self.wire.send(&outgoing, "the message", patience)
    }

    fn ask(
        &mut self,
        command: &str,
        verb: &'static str,
        patience: Patience<'_>,
    ) -> Result<Reply, Error> {
        self.wire.command(command, verb, patience)?;
        self.wire.reply(verb, patience)
    }

    /// Accepts the one reply with which the session goes on (RFC 5321 §4.3.2).
    fn demand(&self, during: &'static str, reply: &Reply, code: u16) -> Result<(), Error> {
        match reply.severity() {
            _ if reply.code == code => Ok(()),
            Severity::Transient | Severity::Permanent => Err(self.wire.refused(during, reply)),
            Severity::Completion | Severity::Intermediate => {
                Err(self.wire.no_lmtp(during, reply.shown().as_bytes()))
            }
        }
    }

    fn expect(&self, during: &'static str, reply: &Reply, severity: Severity) -> Result<(), Error> {
        if reply.severity() == severity {
            Ok(())
        } else {
            Err(self.wire.no_lmtp(during, reply.shown().as_bytes()))
        }
    }
}

/// What a reply means for the message, if it is a refusal.
fn refusal(step: &str, reply: &Reply) -> Option<Handover> {
    let reason = || format!("the LMTP server answered {step} with {}", reply.shown());
    match reply.severity() {
        Severity::Transient => Some(Handover::Later(reason())),
        Severity::Permanent => Some(Handover::Failed(reason())),
        Severity::Completion | Severity::Intermediate => None,
    }
}

/// The host's name, if it can be written as a domain (RFC 5321 §4.1.2).
fn domain(host_name: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let fits = (1..=255).contains(&host_name.len());
    if fits && host_name.bytes().all(plain) {
        host_name
    } else {
        "localhost"
    }
}
