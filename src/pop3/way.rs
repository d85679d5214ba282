//! The way to a server: through which proxy, from which address, over which family of addresses.
//!
//! It refuses to know how the way is gone. Invariants: a proxy's login fits into the one message that carries it (RFC 1929
//! §2), and its password is a secret.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::secret::Secret;

/// How a server is reached; with a proxy, source and family say how that is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// What stands between here and the server.
    pub proxy: Option<Proxy>,
    /// The address of this machine that connections come from; the system's choice, if there is none.
    pub source: Option<IpAddr>,
    /// The only family of addresses that is tried; both, if there is none.
    pub family: Option<Family>,
}

impl Way {
    /// The one family that may be tried: a source address has no way to the other.
    pub(super) fn family(&self) -> Option<Family> {
        self.family.or_else(|| self.source.map(Family::of))
    }
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv6() {
            Self::V6
        } else {
            Self::V4
        }
    }

    /// Whether the address is of this family.
    pub(super) fn has(self, address: &SocketAddr) -> bool {
        Self::of(address.ip()) == self
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// A SOCKS5 proxy (RFC 1928), which looks the server's name up itself. Shown as its host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// A DNS name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Who asks, if it wants to know.
    pub login: Option<ProxyLogin>,
}

impl Proxy {
    /// The port of SOCKS (RFC 1928 §3).
    pub const PORT: u16 = 1080;
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A user and a password for a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyLogin {
    user: String,
    password: Secret,
}

impl ProxyLogin {
    /// The longest user and the longest password, in octets: their lengths are one octet (RFC 1929 §2).
    pub const LONGEST: usize = 255;

    /// A login, unless one of the two is empty or too long.
    #[must_use]
    pub fn new(user: String, password: Secret) -> Option<Self> {
        let fits = |text: &str| (1..=Self::LONGEST).contains(&text.len());
        (fits(&user) && fits(password.expose())).then_some(Self { user, password })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> &Secret {
        &self.password
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_address_has_a_way_to_its_own_family_only() {
        let from = |source: &str| Way {
            source: Some(source.parse().unwrap()),
            ..Way::default()
        };
        assert_eq!(from("192.0.2.1").family(), Some(Family::V4));
        assert_eq!(from("2001:db8::1").family(), Some(Family::V6));
        assert_eq!(Way::default().family(), None);
    }

    #[test]
    fn a_login_fits_into_one_message_and_hides_its_password() {
        let login = |user: &str, password: &str| {
            ProxyLogin::new(user.to_owned(), Secret::new(password.to_owned()))
        };
        let longest = "x".repeat(255);
        let shown = format!("{:?}", login(&longest, "hunter2").unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
        for (user, password) in [
            ("", "y"),
            ("y", ""),
            ("y", &(longest.clone() + "x")),
            (&(longest.clone() + "x"), "y"),
        ] {
            assert_eq!(login(user, password), None);
        }
    }

    #[test]
    fn a_proxy_is_shown_without_its_login() {
        let proxy = |host: &str| Proxy {
            host: host.to_owned(),
            port: 1080,
            login: ProxyLogin::new("me".to_owned(), Secret::new("hunter2")),
        };
        assert_eq!(proxy("proxy.example").to_string(), "proxy.example:1080");
        assert_eq!(proxy("::1").to_string(), "[::1]:1080");
    }
}
