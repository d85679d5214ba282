//! A connection before the login: its protection, its greeting, what the server can do, and the login itself.
//!
//! It refuses to know what is done with the maildrop. Invariants: nothing of the user is sent before the terms of the
//! endpoint are met; a session begins only when the server has accepted the login.

use std::io::{Read, Write};

use super::auth::{Attempt, Credentials, Login};
use super::capability::Capabilities;
use super::certificate::Leaf;
use super::channel::Channel;
use super::command::Command;
use super::connect::connect;
use super::endpoint::{Endpoint, Fingerprint, Security, Trust};
use super::error::Error;
use super::identity::ClientCertificate;
use super::opening::Opening;
use super::pipeline::Ahead;
use super::reply::Reply;
use super::session::Session;
use super::silence::connect_in_the_clear;
use super::tls::{connector, handshake, leaf};
use super::transport::{Line, Patience, Wire};

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
    /// [`Error::Untrusted`] a second connection was made to see the certificate, and with [`Error::TlsPort`] perhaps one
    /// to try TLS.
    pub fn open(endpoint: &Endpoint, patience: &Patience) -> Result<Self, Error> {
        Self::open_for(endpoint, patience, None)
    }

    /// The same, for somebody whose proof the server may know since another day: what repeats it is not shown from the
    /// beginning.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub fn open_for(
        endpoint: &Endpoint,
        patience: &Patience,
        who: Option<&Credentials>,
    ) -> Result<Self, Error> {
        let result = match &endpoint.security {
            Security::Cleartext => connect_in_the_clear(endpoint, patience)
                .and_then(|wire| Self::greet_for(Line::plain(wire), who)),
            Security::Implicit(trust) | Security::StartTls(trust) => {
                encrypt(endpoint, trust, endpoint.client.as_ref(), patience, who)
            }
        };
        match result {
            Err(Error::Untrusted { host, reason, .. }) => Err(Error::Untrusted {
                leaf: presented(endpoint, patience),
                host,
                reason,
            }),
            result => result,
        }
    }

    /// The certificate that the server showed; `None` in the clear.
    ///
    /// # Errors
    /// The TLS library does not tell.
    pub fn leaf(&mut self) -> Result<Option<Leaf>, Error> {
        self.channel.stream().as_tls().map(leaf).transpose()
    }
}

/// A channel on which nothing is shown that proves who this is.
fn channel<S: Read + Write>(stream: S, who: Option<&Credentials>) -> Channel<S> {
    let mut channel = Channel::new(stream);
    who.into_iter()
        .flat_map(|who| who.proof.forms())
        .for_each(|form| channel.hide(form));
    channel
}

/// Connects under TLS, from the first byte or by STLS.
fn encrypt(
    endpoint: &Endpoint,
    trust: &Trust,
    client: Option<&ClientCertificate>,
    patience: &Patience,
    who: Option<&Credentials>,
) -> Result<Connection<Line>, Error> {
    // A PEM file that is no good is told before anybody is asked for anything.
    let connector = connector(trust, client)?;
    let protect = |wire| {
        let stream = handshake(&connector, endpoint, trust, wire)?;
        Ok(Line::tls(stream))
    };
    if matches!(endpoint.security, Security::StartTls(_)) {
        let wire = connect_in_the_clear(endpoint, patience)?;
        let wire = Connection::<Wire>::greet_for(wire, who)?.stls(&endpoint.host)?;
        // RFC 2595 §4: no greeting follows, and what was learnt in the clear is forgotten.
        return Ok(Connection {
            channel: channel(protect(wire)?, who),
            greeting: None,
        });
    }
    Connection::greet_for(protect(connect(endpoint, patience)?)?, who)
}

/// The certificate that the server shows: it is asked for with a pin that nothing matches, so that the connection ends
/// after the handshake. A server that is not trusted is not shown who asks.
fn presented(endpoint: &Endpoint, patience: &Patience) -> Option<Box<Leaf>> {
    match encrypt(
        endpoint,
        &Trust::Pinned(Fingerprint([0; 32])),
        None,
        patience,
        None,
    ) {
        Err(Error::WrongFingerprint { leaf, .. }) => Some(leaf),
        _ => None,
    }
}

impl<S: Read + Write> Connection<S> {
    /// Reads the greeting of a server on a fresh connection.
    ///
    /// # Errors
    /// The server says no (RFC 2449 §8.1.2: `[IN-USE]`), breaks the protocol or hangs up.
    pub fn greet(stream: S) -> Result<Self, Error> {
        Self::greet_for(stream, None)
    }

    fn greet_for(stream: S, who: Option<&Credentials>) -> Result<Self, Error> {
        let mut channel = channel(stream, who);
        let greeting = Some(channel.greeting()?);
        Ok(Self { channel, greeting })
    }

    /// What the server calls itself, unless it did so before STLS.
    #[must_use]
    pub fn greeting(&self) -> Option<&Reply> {
        self.greeting.as_ref()
    }

    /// Asks what the server can do, and gives the start of what it says to that, a line for each capability, with all that
    /// is not printable ASCII escaped; `None` if it does not know the question (RFC 2449 §5).
    ///
    /// # Errors
    /// The connection is lost or the protocol broken.
    pub fn announcement(&mut self) -> Result<Option<Vec<String>>, Error> {
        /// More than any server has.
        const MOST_LINES: usize = 64;
        /// RFC 2449 §4: a reply's line has 512 octets at most.
        const LONGEST: usize = 512;

        if !self.channel.ask(&Command::Capa)?.positive {
            return Ok(None);
        }
        let lines = self.channel.shown("CAPA", MOST_LINES, LONGEST)?;
        Ok(Some(lines))
    }

    /// Asks what the server can do; nothing, if it does not know the question (RFC 2449 §5).
    ///
    /// # Errors
    /// The connection is lost or the protocol broken.
    pub fn capabilities(&mut self) -> Result<Capabilities, Error> {
        let mut capabilities = Capabilities::default();
        if self.channel.ask(&Command::Capa)?.positive {
            self.channel.listing("CAPA", |line| {
                capabilities.add(line);
                Some(())
            })?;
        }
        Ok(capabilities)
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

    /// The timestamp of the greeting, which APOP needs (RFC 1939 §7).
    #[must_use]
    pub fn timestamp(&self) -> Option<&[u8]> {
        self.greeting.as_ref()?.timestamp()
    }

    /// Logs in.
    ///
    /// # Errors
    /// [`Error::Login`] if the server refuses, [`Error::Unproven`] if it does not prove what the mechanism asks of it; else
    /// the connection is lost or the protocol broken.
    pub fn login(mut self, login: &Login<'_>, ahead: Ahead) -> Result<Session<S>, Error> {
        let mut attempt = self.begin(login, ahead)?;
        self.channel.flush(attempt.verb())?;
        attempt.finish(&mut self.channel)?;
        Ok(Session::new(self.channel, self.greeting, ahead))
    }

    /// Logs in and asks what is in the maildrop, as far as commands may be sent `ahead` in one flight; what there is to
    /// wait for is left to the [`Opening`].
    ///
    /// # Errors
    /// As for [`Connection::login`].
    pub fn open_maildrop(mut self, login: &Login<'_>, ahead: Ahead) -> Result<Opening<S>, Error> {
        let attempt = self.begin(login, ahead)?;
        let is_asked = ahead == Ahead::All && attempt.may_be_followed();
        if is_asked {
            self.channel.queue(&Command::List)?;
            self.channel.queue(&Command::Uidl)?;
        }
        self.channel.flush(attempt.verb())?;
        let session = Session::new(self.channel, self.greeting, ahead);
        Ok(Opening::new(session, attempt, is_asked))
    }

    fn begin(&mut self, login: &Login<'_>, ahead: Ahead) -> Result<Attempt, Error> {
        let stamp = self.greeting.as_ref().and_then(Reply::timestamp);
        Attempt::begin(&mut self.channel, login, stamp, ahead)
    }
}
