//! Where a POP3 server is and how far it is trusted.
//!
//! It refuses to know who logs in. Invariant: what is here is complete; nothing is looked up or guessed later.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::identity::ClientCertificate;
use super::way::Way;

/// A server, and the terms on which it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A DNS name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How the line is protected.
    pub security: Security,
    /// What TLS shows of this client, to a server that asks for it.
    pub client: Option<ClientCertificate>,
    /// How it is reached.
    pub way: Way,
    /// How long the server may be silent: in connecting, in reading and in writing.
    pub timeout: Duration,
}

impl Endpoint {
    /// The name under which the maildrops of this server are remembered: the host, with the port where it is not one
    /// of POP3's own (behind a tunnel `localhost` may be many servers).
    #[must_use]
    pub fn server(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        match self.port {
            Security::IMPLICIT_PORT | Security::PLAIN_PORT => host,
            port => format!("{host}:{port}"),
        }
    }

    /// Whether this is the [name](Self::server) of a server on the same host, on another port.
    #[must_use]
    pub fn is_neighbour(&self, server: &str) -> bool {
        let is_port = |rest: &str| {
            let port = rest.strip_prefix(':').map(str::parse::<u16>);
            rest.is_empty() || port.is_some_and(|port| port.is_ok())
        };
        let host = self.host.to_ascii_lowercase();
        server != self.server() && server.strip_prefix(&host).is_some_and(is_port)
    }
}

/// How the line is protected. There is no "if the server can": protection is never silently weaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 §3.2).
    Implicit(Trust),
    /// STLS before anything else is said (RFC 2595 §4); a server without it is not spoken to.
    StartTls(Trust),
    /// None at all.
    Cleartext,
}

impl Security {
    /// The port of POP3 over TLS (RFC 8314 §7.1).
    pub const IMPLICIT_PORT: u16 = 995;
    /// The port of POP3 (RFC 1939 §3).
    pub const PLAIN_PORT: u16 = 110;
}

/// Which certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those that lead to one of the system's roots and name the host.
    System,
    /// Those that lead to a root in this PEM file, and to no other, and name the host.
    Bundle(PathBuf),
    /// The one certificate with this fingerprint, whatever it says.
    Pinned(Fingerprint),
}

/// The SHA-256 of a certificate's DER form, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A fingerprint that is not written as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is \"sha256:\" and 64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` prints them"
)]
pub struct FingerprintError;

/// Reads upper and lower case, with or without colons between the bytes.
impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digits = text.strip_prefix("sha256:").ok_or(FingerprintError)?;
        let digits: Vec<u8> = digits.bytes().filter(|b| *b != b':').collect();
        if digits.len() != 64 {
            return Err(FingerprintError);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |c: u8| char::from(c).to_digit(16).ok_or(FingerprintError);
            let value = digit(pair[0])? * 16 + digit(pair[1])?;
            *byte = u8::try_from(value).map_err(|_| FingerprintError)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: &str, port: u16) -> Endpoint {
        Endpoint {
            host: host.to_owned(),
            port,
            security: Security::Implicit(Trust::System),
            client: None,
            way: Way::default(),
            timeout: Duration::from_secs(60),
        }
    }

    #[test]
    fn pop3s_and_pop3_with_stls_are_the_same_server() {
        assert_eq!(endpoint("Pop.Example.COM", 995).server(), "pop.example.com");
        assert_eq!(endpoint("pop.example.com", 110).server(), "pop.example.com");
    }

    #[test]
    fn two_tunnels_on_one_host_are_two_servers() {
        assert_eq!(endpoint("localhost", 10995).server(), "localhost:10995");
    }

    #[test]
    fn a_neighbour_has_the_same_host_and_another_port() {
        let tunnel = endpoint("Localhost", 10995);
        for name in ["localhost", "localhost:1", "localhost:10996"] {
            assert!(tunnel.is_neighbour(name), "{name}");
        }
        for name in [
            "localhost:10995",
            "localhost.example",
            "localhost:x",
            "local",
            "x",
        ] {
            assert!(!tunnel.is_neighbour(name), "{name}");
        }
        assert!(endpoint("localhost", 995).is_neighbour("localhost:10995"));
        assert!(!endpoint("localhost", 995).is_neighbour("localhost"));
    }

    #[test]
    fn a_fingerprint_reads_back_as_it_is_shown_and_as_openssl_shows_it() {
        let shown = format!("sha256:{}", "0a".repeat(31) + "ff");
        let fingerprint: Fingerprint = shown.parse().unwrap();
        assert_eq!(fingerprint.to_string(), shown);
        let colons = format!("sha256:{}FF", "0A:".repeat(31));
        assert_eq!(colons.parse(), Ok(fingerprint));
    }

    #[test]
    fn a_fingerprint_of_another_kind_or_length_is_refused() {
        for text in ["", "sha256:", "sha1:0a0a", &"0a".repeat(32), "sha256:zz"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }
}
