//! What goes wrong between here and a POP3 server.
//!
//! The messages name the host or the command and carry no secret; what to do about it is said by those who know the
//! configuration.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use super::auth::Mechanism;
use super::certificate::Leaf;
use super::pace::Slow;
use super::reply::{Code, Reply};
use super::socks::Refusal;
use super::tls::is_about_client;
use super::transport::{is_stop, slowness};
use super::way::Family;

/// Why a session could not be opened, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Commands in flight were not waited for, so that the next reply is not this command's.
    #[error("{command} cannot follow commands whose replies were not waited for")]
    Abandoned {
        /// The keyword of the command that was not sent.
        command: &'static str,
    },
    /// A client certificate cannot be read or used.
    #[error("cannot use the client certificate in {}", path.display())]
    ClientCertificate {
        /// The file as configured.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A client certificate's key cannot be read, or there is none.
    #[error("cannot use the client key in {}", path.display())]
    ClientKey {
        /// The file as configured.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others than its owner can read a client certificate's key.
    #[error("{} holds a private key and others can read it (mode {mode:04o})", path.display())]
    ClientKeyExposed {
        /// The file as configured.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A client certificate's key is encrypted, or in a form of its kind alone.
    #[error("the private key in {} is not in plain PKCS#8 form", path.display())]
    ClientKeyForm {
        /// The file as configured.
        path: PathBuf,
    },
    /// The server wants a certificate of this client, or another one than it was shown.
    #[error("the server does not let this client in without a certificate that it knows")]
    ClientRefused {
        /// The server's alert, in the words of the TLS library.
        source: io::Error,
    },
    /// The server closed the connection where it owed something.
    #[error("the server closed the connection during {during}")]
    Closed {
        /// The step or command that was under way.
        during: &'static str,
    },
    /// No address of the host answered.
    #[error("cannot connect to {host} port {port}")]
    Connect {
        /// The host as configured.
        host: String,
        /// The TCP port.
        port: u16,
        /// What the last address tried had to say.
        source: io::Error,
    },
    /// TLS could not be agreed on.
    #[error("the TLS handshake with {host} failed")]
    Handshake {
        /// The host as configured.
        host: String,
        /// What the TLS library says.
        source: native_tls::Error,
    },
    /// The login was refused.
    #[error("the server refused the login: {reply}{}", told(status.as_deref()))]
    Login {
        /// How it was tried.
        mechanism: Mechanism,
        /// What the server says.
        reply: Reply,
        /// What it said before that of a token.
        status: Option<String>,
    },
    /// The host's name has no address, or none that could be found now.
    #[error("cannot find the address of {host}")]
    Lookup {
        /// The host as configured.
        host: String,
        /// The name does not exist, as opposed to "nobody could be asked".
        unknown: bool,
        /// What the resolver says.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection was lost during {during}")]
    Lost {
        /// The step or command that was under way.
        during: &'static str,
        /// What the system or the TLS library says.
        source: io::Error,
    },
    /// The server offers STLS and refuses it.
    #[error("{host} refused STLS, so the connection would stay in the clear: {reply}")]
    StlsRefused {
        /// The host as configured.
        host: String,
        /// What the server says.
        reply: Reply,
    },
    /// The host has addresses, but none of the family that was asked for.
    #[error("{host} has no {family} address")]
    NoAddress {
        /// The host as configured, or the proxy's.
        host: String,
        /// The family.
        family: Family,
    },
    /// The server cannot start TLS on a plain connection.
    #[error("{host} does not offer STLS, so the connection would stay in the clear")]
    NoStls {
        /// The host as configured.
        host: String,
    },
    /// The server does not know the mechanism, or none that would serve.
    #[error("the server does not know {mechanism}{}", instead(offered))]
    NotOffered {
        /// The one that was tried, or the last of them.
        mechanism: Mechanism,
        /// Those that it offers, separated by commas.
        offered: String,
    },
    /// The greeting has nothing to make a digest of.
    #[error("no greeting with a timestamp came on this connection, without which there is no APOP")]
    NoTimestamp,
    /// A port that was to speak TLS from the first byte speaks POP3 in the clear.
    #[error("{host} port {port} does not speak TLS from the first byte, but POP3 in the clear")]
    PlainPort {
        /// The host as configured.
        host: String,
        /// The TCP port.
        port: u16,
    },
    /// The proxy cannot be reached, or the line to it broke before it gave an answer.
    #[error("cannot get through to the proxy {proxy}")]
    Proxy {
        /// The proxy's host and port.
        proxy: String,
        /// What the system says, or what the proxy did.
        source: io::Error,
    },
    /// The proxy gives no connection to the server.
    #[error("the proxy {proxy} gives no connection to {host} port {port}: {refusal}")]
    ProxyRefused {
        /// The proxy's host and port.
        proxy: String,
        /// The host as configured.
        host: String,
        /// The TCP port.
        port: u16,
        /// Why not.
        refusal: Refusal,
    },
    /// A PEM file cannot be read, or holds no certificate.
    #[error("cannot use the certificates in {}", path.display())]
    Roots {
        /// The file as configured.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A command was refused.
    #[error("the server refused {command}: {reply}")]
    Refused {
        /// The keyword of the command, or "to talk" for the greeting.
        command: &'static str,
        /// What the server says.
        reply: Reply,
    },
    /// The source address is none of this machine's.
    #[error("cannot connect from {address}")]
    Source {
        /// The address as configured.
        address: IpAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The session took longer than any may take; the next goes on where it ended.
    #[error("the session took too long, and was ended during {during}")]
    TooLong {
        /// The step or command that was under way.
        during: &'static str,
    },
    /// The run was told to end.
    #[error("stopped before the server was done")]
    Stopped,
    /// The server kept on sending, but next to nothing.
    #[error("the server sent next to nothing for too long during {during}")]
    Stalled {
        /// The step or command that was under way.
        during: &'static str,
    },
    /// The server was silent for longer than the time-out.
    #[error("the server was silent for too long during {during}")]
    TimedOut {
        /// The step or command that was under way.
        during: &'static str,
    },
    /// The system's TLS library cannot be set up.
    #[error("cannot set up TLS")]
    Tls {
        /// What the TLS library says.
        source: native_tls::Error,
    },
    /// A port that was to begin in the clear speaks TLS from the first byte.
    #[error("{host} port {port} speaks TLS from the first byte")]
    TlsPort {
        /// The host as configured.
        host: String,
        /// The TCP port.
        port: u16,
    },
    /// The server wanted the login, and did not prove that it knows the password, too.
    #[error("the server did not prove that it knows the password ({mechanism}): it {flaw}")]
    Unproven {
        /// How the login was tried.
        mechanism: Mechanism,
        /// What it did instead.
        flaw: &'static str,
    },
    /// The server's certificate was not believed.
    #[error("the certificate of {host} is not trusted: {reason}{}", shown(leaf.as_deref()))]
    Untrusted {
        /// The host as configured.
        host: String,
        /// What the TLS library says: self-signed, expired, another name, …
        reason: String,
        /// The certificate, where it could be had.
        leaf: Option<Box<Leaf>>,
    },
    /// The server broke the protocol; nothing after that is believed.
    #[error("the server broke the protocol during {during}: {violation}")]
    Violation {
        /// The step or command that was under way.
        during: &'static str,
        /// What it did.
        violation: Violation,
    },
    /// The server's certificate is not the pinned one.
    #[error(
        "the certificate of {host} has another fingerprint than the configured one: it shows {leaf}"
    )]
    WrongFingerprint {
        /// The host as configured.
        host: String,
        /// The certificate that was shown.
        leaf: Box<Leaf>,
    },
}

/// What a certificate says, behind the reason why it is not believed.
fn shown(leaf: Option<&Leaf>) -> String {
    leaf.map_or_else(String::new, |leaf| format!("; it shows {leaf}"))
}

/// How a server broke the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// What should be base64 is not, or nobody asked for it.
    #[error("it sent a challenge that makes no sense")]
    Challenge,
    /// A status line begins with neither `+OK` nor `-ERR`.
    #[error("\"{0}\" is no status line")]
    Status(String),
    /// A line of a listing is not a number and a value.
    #[error("\"{0}\" is no line of a listing")]
    Listing(String),
    /// A line has no end within the bound.
    #[error("a line is longer than {0} octets")]
    LineTooLong(usize),
    /// A listing has no end within the bound.
    #[error("a listing is longer than {0} lines")]
    ListingTooLong(usize),
    /// A listing has no end within the bound.
    #[error("a listing is larger than {0} octets")]
    ListingTooLarge(usize),
    /// What should be a header goes on beyond the bound.
    #[error("what should be a header is larger than {0} octets")]
    ContentTooLarge(u64),
    /// Something arrived that no command had asked for.
    #[error("it sent something that was not asked for")]
    Unasked,
    /// Something arrived in the clear behind the reply to STLS, where an attacker could have put it.
    #[error("it sent something in the clear after STLS")]
    Injected,
}

/// What a server says of a refused token, as the end of a sentence.
fn told(status: Option<&str>) -> String {
    status.map_or_else(String::new, |status| format!(" (status {status})"))
}

/// What a server offers, as the end of a sentence.
fn instead(offered: &str) -> String {
    if offered.is_empty() {
        String::new()
    } else {
        format!("; it offers {offered}")
    }
}

impl Error {
    /// The error that reading or writing met during a step or command.
    pub(super) fn from_io(source: io::Error, during: &'static str) -> Self {
        if is_stop(&source) {
            return Self::Stopped;
        }
        match slowness(&source) {
            Some(Slow::Trickle) => return Self::Stalled { during },
            Some(Slow::Session) => return Self::TooLong { during },
            None => {}
        }
        match source.kind() {
            io::ErrorKind::TimedOut => Self::TimedOut { during },
            _ if is_about_client(&source.to_string()) => Self::ClientRefused { source },
            _ => Self::Lost { during, source },
        }
    }

    /// The error that a violation is.
    pub(super) fn violation(violation: Violation, during: &'static str) -> Self {
        Self::Violation { during, violation }
    }

    /// Whether the session broke: the line was lost, or what came over it makes no sense. One that is ended because of its
    /// length did not.
    #[must_use]
    pub fn is_breakdown(&self) -> bool {
        matches!(
            self,
            Self::Closed { .. }
                | Self::Lost { .. }
                | Self::Stalled { .. }
                | Self::TimedOut { .. }
                | Self::Violation { .. }
        )
    }

    /// Whether the server hung up where it had the login to judge: some do so in place of a refusal.
    #[must_use]
    pub fn may_be_refusal(&self) -> bool {
        matches!(
            self,
            Self::Closed { during } | Self::Lost { during, .. } if ["APOP", "AUTH", "PASS"].contains(during)
        )
    }

    /// The response code of the server's refusal, if this is one and it has one.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Login { reply, .. } | Self::Refused { reply, .. } => reply.code,
            _ => None,
        }
    }
}
