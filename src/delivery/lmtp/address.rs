//! Where an LMTP server listens, for whom it delivers, and how it is reached.
//!
//! It refuses to know what is said then. Invariant: what becomes part of a command holds nothing that could end it.

use std::fmt;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::wire::Socket;

/// The longest path of a command, with its angle brackets (RFC 5321 §4.5.3.1.3).
const MAX_PATH: usize = 256;

/// Where an LMTP server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LmtpAddress {
    /// A socket on this machine.
    Unix(PathBuf),
    /// A host and port. RFC 2033 §5 forbids port 25 and names no other.
    Tcp {
        /// Its name or address, without brackets.
        host: String,
        /// Its port.
        port: u16,
    },
}

impl LmtpAddress {
    /// The address that is written `unix:PATH` or `HOST:PORT`, an IPv6 address in brackets.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return (!path.is_empty()).then(|| Self::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if host.is_empty()
            || bare.unwrap_or(host).is_empty()
            || bare.is_none() && host.contains(':')
        {
            return None;
        }
        Some(Self::Tcp {
            host: bare.unwrap_or(host).to_owned(),
            port: port.parse().ok().filter(|&port| port != 0)?,
        })
    }

    /// Connects; looking up a host cannot be interrupted.
    pub(super) fn open(&self, timeout: Duration) -> io::Result<Socket> {
        match self {
            Self::Unix(path) => UnixStream::connect(path).map(Socket::Unix),
            Self::Tcp { host, port } => {
                let mut last = io::Error::other("it has no address");
                for address in (host.as_str(), *port).to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, timeout) {
                        Ok(stream) => return Ok(Socket::Tcp(stream)),
                        Err(e) => last = e,
                    }
                }
                Err(last)
            }
        }
    }
}

/// Shows the form that [`LmtpAddress::from_text`] reads.
impl fmt::Display for LmtpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

/// Whom an LMTP server delivers to: `ann` or `ann@example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(String);

impl Recipient {
    /// The recipient of this name, if it can be written in a command: printable ASCII without blanks and angle brackets.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=MAX_PATH - 2).contains(&name.len());
        let harmless = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>');
        (fits && name.bytes().all(harmless)).then(|| Self(name.to_owned()))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_as_they_are_written() {
        for text in [
            "unix:/run/lmtp",
            "host.example:24",
            "[::1]:2003",
            "127.0.0.1:24",
        ] {
            assert_eq!(LmtpAddress::from_text(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "unix:",
            "host",
            "host:",
            ":24",
            "host:0",
            "host:65536",
            "::1:24",
            "[]:24",
            "/run/lmtp",
        ] {
            assert_eq!(LmtpAddress::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn no_recipient_ends_a_command() {
        for name in ["ann", "ann@example.org", "\"ann\"@[127.0.0.1]"] {
            assert_eq!(Recipient::new(name).unwrap().to_string(), name);
        }
        let long = "a".repeat(MAX_PATH - 1);
        for name in [
            "",
            "a\r\nDATA",
            "a b",
            "a>",
            "<a",
            "ä",
            "a\0",
            long.as_str(),
        ] {
            assert_eq!(Recipient::new(name), None, "{name:?}");
        }
    }
}
