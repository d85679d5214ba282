//! The states of a session as types: `Connection` before the login, `Session` after it.
//!
//! It refuses to know why a message is wanted. Invariants: each command is answered once before the session goes on; a
//! session ends with QUIT only where [`Session::quit`] is called.

use std::io::{Read, Write};
use std::iter::Peekable;

use super::capability::Capabilities;
use super::channel::{Channel, accepted};
use super::command::{Argument, Command};
use super::connect::connect;
use super::endpoint::{Endpoint, Fingerprint, Security, Trust};
use super::error::{Error, Violation};
use super::listing::{SizeListing, UidListing};
use super::pipeline::{Pipelining, Window};
use super::reply::Reply;
use super::tls::{connector, handshake};
use super::transport::{Line, Patience, Wire};
use crate::mail::{MessageNumber, Octets};

/// A connection on which nobody has logged in (RFC 1939 §4).
#[derive(Debug)]
pub struct Connection<S> {
    channel: Channel<S>,
    /// What the server calls itself, where it greeted on this stream.
    greeting: Option<Reply>,
}

impl Connection<Line> {
    /// Connects to a server on its terms, up to where the login may follow.
    ///
    /// # Errors
    /// The host cannot be found or reached, its certificate is not trusted, or it breaks the protocol. With
    /// [`Error::Untrusted`] a second connection was made to learn the certificate's fingerprint.
    pub fn open(endpoint: &Endpoint, patience: &Patience) -> Result<Self, Error> {
        let result = match &endpoint.security {
            Security::Cleartext => Self::greet(Line::Plain(connect(endpoint, patience)?)),
            Security::Implicit(trust) | Security::StartTls(trust) => {
                encrypt(endpoint, trust, patience)
            }
        };
        match result {
            Err(Error::Untrusted { host, reason, .. }) => Err(Error::Untrusted {
                fingerprint: presented(endpoint, patience),
                host,
                reason,
            }),
            result => result,
        }
    }
}

/// Connects under TLS, from the first byte or by STLS.
fn encrypt(
    endpoint: &Endpoint,
    trust: &Trust,
    patience: &Patience,
) -> Result<Connection<Line>, Error> {
    // A PEM file that is no good is told before anybody is asked for anything.
    let connector = connector(trust)?;
    let wire = connect(endpoint, patience)?;
    let protect = |wire| {
        let stream = handshake(&connector, &endpoint.host, trust, wire)?;
        Ok(Line::Tls(Box::new(stream)))
    };
    if matches!(endpoint.security, Security::StartTls(_)) {
        let wire = Connection::<Wire>::greet(wire)?.stls(&endpoint.host)?;
        // RFC 2595 §4: no greeting follows, and what was learnt in the clear is forgotten.
        return Ok(Connection {
            channel: Channel::new(protect(wire)?),
            greeting: None,
        });
    }
    Connection::greet(protect(wire)?)
}

/// The fingerprint of the certificate that the server shows: it is asked for with a pin that nothing matches, so that
/// the connection ends after the handshake.
fn presented(endpoint: &Endpoint, patience: &Patience) -> Option<Fingerprint> {
    match encrypt(endpoint, &Trust::Pinned(Fingerprint([0; 32])), patience) {
        Err(Error::WrongFingerprint { found, .. }) => Some(found),
        _ => None,
    }
}

impl<S: Read + Write> Connection<S> {
    /// Reads the greeting of a server on a fresh connection.
    ///
    /// # Errors
    /// The server says no (RFC 2449 §8.1.2: `[IN-USE]`), breaks the protocol or hangs up.
    pub fn greet(stream: S) -> Result<Self, Error> {
        let mut channel = Channel::new(stream);
        let greeting = Some(channel.greeting()?);
        Ok(Self { channel, greeting })
    }

    /// Asks what the server can do; nothing, if it does not know the question (RFC 2449 §5).
    ///
    /// # Errors
    /// The connection is lost or the protocol broken.
    pub fn capabilities(&mut self) -> Result<Capabilities, Error> {
        capabilities(&mut self.channel)
    }

    /// Asks for TLS and gives the stream back for the handshake (RFC 2595 §4).
    fn stls(mut self, host: &str) -> Result<S, Error> {
        let host = || host.to_owned();
        // RFC 2595 §4: a client that requires TLS ends here if it is not offered; nothing of the user was sent.
        if !self.capabilities()?.stls() {
            return Err(Error::NoStls { host: host() });
        }
        let reply = self.channel.ask(&Command::Stls)?;
        if !reply.positive {
            return Err(Error::StlsRefused {
                host: host(),
                reply,
            });
        }
        self.channel
            .into_stream()
            .map_err(|violation| Error::violation(violation, "STLS"))
    }

    /// Logs in with USER and PASS (RFC 1939 §7), then asks once more what the server can do.
    ///
    /// # Errors
    /// [`Error::Login`] if the server refuses; else the connection is lost or the protocol broken.
    pub fn login(
        mut self,
        user: &Argument,
        password: &Argument,
        pipelining: Pipelining,
    ) -> Result<Session<S>, Error> {
        for command in [Command::User(user.clone()), Command::Pass(password.clone())] {
            let reply = self.channel.ask(&command)?;
            if !reply.positive {
                return Err(Error::Login { reply });
            }
        }
        let pipelined = match pipelining {
            // RFC 2449 §5: capabilities may differ after the login, so that only these count.
            Pipelining::Auto => self.capabilities()?.pipelining(),
            Pipelining::Always => true,
            Pipelining::Never => false,
        };
        Ok(Session {
            channel: self.channel,
            greeting: self.greeting,
            pipelined,
        })
    }
}

fn capabilities<S: Read + Write>(channel: &mut Channel<S>) -> Result<Capabilities, Error> {
    let mut capabilities = Capabilities::default();
    if channel.ask(&Command::Capa)?.positive {
        channel.listing("CAPA", |line| {
            capabilities.add(line);
            Some(())
        })?;
    }
    Ok(capabilities)
}

/// A session with an open maildrop (RFC 1939 §5). Dropping it ends the connection without deleting anything.
#[derive(Debug)]
pub struct Session<S> {
    channel: Channel<S>,
    greeting: Option<Reply>,
    pipelined: bool,
}

impl<S: Read + Write> Session<S> {
    /// What the server said first, unless it said so before STLS.
    #[must_use]
    pub fn greeting(&self) -> Option<&Reply> {
        self.greeting.as_ref()
    }

    /// Asks for the number of messages and their size together.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn stat(&mut self) -> Result<(u32, Octets), Error> {
        let reply = self.channel.demand(&Command::Stat)?;
        let (count, octets) = reply
            .numbers()
            .ok_or_else(|| Error::violation(Violation::Status(reply.to_string()), "STAT"))?;
        Ok((count, Octets(octets)))
    }

    /// Asks for the size of each message.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn list(&mut self) -> Result<SizeListing, Error> {
        let mut listing = SizeListing::default();
        self.channel.demand(&Command::List)?;
        self.channel.listing("LIST", |line| listing.add(line))?;
        Ok(listing)
    }

    /// Asks for the unique-id of each message.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn uidl(&mut self) -> Result<UidListing, Error> {
        let mut listing = UidListing::default();
        self.channel.demand(&Command::Uidl)?;
        self.channel.listing("UIDL", |line| listing.add(line))?;
        Ok(listing)
    }

    /// Asks for a message's header and the first `lines` lines of its body.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn top(&mut self, number: MessageNumber, lines: u32) -> Result<Body<'_, S>, Error> {
        self.channel.demand(&Command::Top(number, lines))?;
        Ok(Body::open(&mut self.channel, "TOP"))
    }

    /// Asks for messages, as many at a time as the server takes.
    pub fn retrieve<I>(&mut self, numbers: I) -> Retrieval<'_, S, impl Iterator<Item = Command>>
    where
        I: IntoIterator<Item = MessageNumber>,
    {
        Retrieval(Exchange::new(self, numbers.into_iter().map(Command::Retr)))
    }

    /// Asks for the headers of messages, as many at a time as the server takes.
    pub fn headers<I>(&mut self, numbers: I) -> Retrieval<'_, S, impl Iterator<Item = Command>>
    where
        I: IntoIterator<Item = MessageNumber>,
    {
        let commands = numbers.into_iter().map(|number| Command::Top(number, 0));
        Retrieval(Exchange::new(self, commands))
    }

    /// Marks messages as deleted, all in one flight where the server takes it; tells the reply to each.
    ///
    /// # Errors
    /// The connection is lost or the protocol broken. A refusal is no error here.
    pub fn delete(
        &mut self,
        numbers: impl IntoIterator<Item = MessageNumber>,
        mut each: impl FnMut(MessageNumber, Reply),
    ) -> Result<(), Error> {
        let mut exchange = Exchange::new(self, numbers.into_iter().map(Command::Dele));
        while let Some((command, reply)) = exchange.next()? {
            if let Command::Dele(number) = command {
                each(number, reply);
            }
        }
        Ok(())
    }

    /// Asks for a reply.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn noop(&mut self) -> Result<(), Error> {
        self.channel.demand(&Command::Noop).map(drop)
    }

    /// Takes back every deletion of this session.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn reset(&mut self) -> Result<(), Error> {
        self.channel.demand(&Command::Rset).map(drop)
    }

    /// Ends the session; what was marked is deleted now (RFC 1939 §6).
    ///
    /// # Errors
    /// The server could not delete all, or its reply was lost: then nobody knows what it did.
    pub fn quit(mut self) -> Result<(), Error> {
        self.channel.demand(&Command::Quit).map(drop)
    }
}

/// Commands and their replies, with as many in flight as the window admits.
struct Exchange<'s, S, I: Iterator> {
    channel: &'s mut Channel<S>,
    window: Window<Command>,
    commands: Peekable<I>,
}

impl<S, I: Iterator> Drop for Exchange<'_, S, I> {
    fn drop(&mut self) {
        if self.window.answered().is_some() {
            self.channel.abandon();
        }
    }
}

impl<'s, S: Read + Write, I: Iterator<Item = Command>> Exchange<'s, S, I> {
    fn new(session: &'s mut Session<S>, commands: I) -> Self {
        Self {
            window: Window::new(session.pipelined),
            channel: &mut session.channel,
            commands: commands.peekable(),
        }
    }

    /// Sends what the window admits and reads one status line; `None` when all commands are answered.
    fn next(&mut self) -> Result<Option<(Command, Reply)>, Error> {
        if self.window.wants_more() {
            while let Some(command) = self
                .commands
                .next_if(|command| self.window.admits(command.to_string().len() + 2))
            {
                let len = self.channel.queue(&command)?;
                self.window.sent(command, len);
            }
            self.channel.flush("sending commands")?;
        }
        let Some(command) = self.window.answered() else {
            return Ok(None);
        };
        let reply = self.channel.reply(command.verb())?;
        Ok(Some((command, reply)))
    }
}

/// Messages, or their headers, on their way.
pub struct Retrieval<'s, S, I: Iterator>(Exchange<'s, S, I>);

/// What came of one RETR or TOP.
#[derive(Debug)]
pub enum Retrieved<'r, S> {
    /// The message follows.
    Message(MessageNumber, Body<'r, S>),
    /// The server does not give it.
    Refused(MessageNumber, Reply),
}

impl<S: Read + Write, I: Iterator<Item = Command>> Retrieval<'_, S, I> {
    /// Waits for the next message, in the order they were asked for; what is left of the last one is read past. `None`
    /// at the end.
    ///
    /// # Errors
    /// The connection is lost or the protocol broken.
    #[expect(
        clippy::should_implement_trait,
        reason = "what it gives borrows from it"
    )]
    pub fn next(&mut self) -> Result<Option<Retrieved<'_, S>>, Error> {
        let Some((command, reply)) = self.0.next()? else {
            return Ok(None);
        };
        let (Command::Retr(number) | Command::Top(number, _)) = command else {
            return Ok(None);
        };
        let verb = command.verb();
        Ok(Some(match accepted(reply, verb) {
            Ok(_) => Retrieved::Message(number, Body::open(self.0.channel, verb)),
            Err(Error::Refused { reply, .. }) => Retrieved::Refused(number, reply),
            Err(error) => return Err(error),
        }))
    }
}

/// A message as it arrives: its content with CRLF line ends, without stuffing.
#[derive(Debug)]
pub struct Body<'r, S> {
    channel: &'r mut Channel<S>,
    during: &'static str,
}

impl<'r, S: Read + Write> Body<'r, S> {
    fn open(channel: &'r mut Channel<S>, during: &'static str) -> Self {
        channel.open_content();
        Self { channel, during }
    }

    /// The next piece of content, of any length but 0; `None` once the terminator was read.
    ///
    /// # Errors
    /// The connection is lost: what came before is not a message.
    pub fn chunk(&mut self) -> Result<Option<&[u8]>, Error> {
        self.channel.content(self.during)
    }
}
