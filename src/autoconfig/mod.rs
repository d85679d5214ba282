//! Finds out where the POP3 server of an address is, from what its provider, or Thunderbird's database, publishes for
//! mail programs (Mozilla's autoconfig, config-v1.1.xml).
//!
//! ```text
//! address ─▶ sources ─▶ fetch ─▶ document ─▶ Found
//! ```
//!
//! It refuses to know accounts, the terminal and POP3 itself; whether it may ask anybody is for its caller to know.
//! Invariants: everything is asked over HTTPS, wherever a redirect leads; the time and the size of an answer are bounded;
//! the address itself goes to its own domain only; what comes out is of harmless characters, and a server without TLS
//! stands behind those with it.

mod document;
mod error;
mod fetch;
mod names;

use std::sync::atomic::AtomicBool;

pub use error::Error;
pub use names::{is_domain, is_host};

/// What was found for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The host that said it.
    pub told_by: String,
    /// What the provider calls itself.
    pub name: Option<String>,
    /// Its POP3 servers, the best protected first, else as the provider orders them; not empty.
    pub servers: Vec<Server>,
    /// A page for people, in HTTPS.
    pub page: Option<String>,
}

/// A POP3 server as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How the line is protected.
    pub tls: Tls,
    /// The name to log in with.
    pub user: String,
    /// Whether one can log in with a password, in whatever form it is sent.
    pub takes_password: bool,
    /// Whether one can log in with an OAuth2 token.
    pub takes_oauth2: bool,
}

/// How a published server is protected, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tls {
    /// From the first byte.
    Implicit,
    /// By STLS.
    StartTls,
    /// Not at all.
    None,
}

/// Where to look, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sources {
    /// The domain's own two addresses, then Thunderbird's database, which gets the domain alone.
    Usual,
    /// This address and no other.
    Only(String),
}

/// Asks one source after another until one names a POP3 server.
///
/// # Errors
/// [`Error::Stopped`]; else the error of the source that came nearest, or [`Error::Nowhere`].
pub fn look_up(address: &str, sources: &Sources, stop: &AtomicBool) -> Result<Found, Error> {
    let (_, domain) = address
        .rsplit_once('@')
        .filter(|(local, domain)| !local.is_empty() && is_domain(domain))
        .ok_or(Error::Address)?;
    let urls = match sources {
        Sources::Usual => usual(address, domain),
        Sources::Only(url) => vec![url.clone()],
    };
    let mut nearest = Error::Nowhere {
        domain: domain.to_owned(),
    };
    for url in urls {
        let found = fetch::get(&url, stop)
            .and_then(|(told_by, content)| understand(&content, &told_by, address));
        match found {
            Err(Error::Stopped) => return Err(Error::Stopped),
            // One that has an answer, and no good one, is nearer than one that has none.
            Err(error) => {
                log::info!("autoconfig: {error}");
                if error.is_near() || matches!(sources, Sources::Only(_)) {
                    nearest = error;
                }
            }
            found => return found,
        }
    }
    Err(nearest)
}

/// What a document, which `told_by` sent, says for this address.
///
/// # Errors
/// It is none, or names no POP3 server.
pub fn understand(content: &[u8], told_by: &str, address: &str) -> Result<Found, Error> {
    document::read(content, told_by, address)
}

/// The addresses that mail programs look at.
fn usual(address: &str, domain: &str) -> Vec<String> {
    let domain = domain.to_ascii_lowercase();
    let escaped: String = address
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    vec![
        format!("https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={escaped}"),
        format!("https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml"),
        format!("https://autoconfig.thunderbird.net/v1.1/{domain}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_goes_to_its_own_domain_only() {
        let urls = usual("ann+x&y@Example.org", "Example.org");
        assert_eq!(
            urls,
            [
                "https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=ann%2Bx%26y%40Example.org",
                "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml",
                "https://autoconfig.thunderbird.net/v1.1/example.org",
            ]
        );
    }

    #[test]
    fn what_is_no_address_is_asked_of_nobody() {
        let stop = AtomicBool::new(false);
        for address in [
            "ann",
            "@example.org",
            "ann@",
            "ann@a b",
            "ann@x/../y",
            "a@[::1]",
        ] {
            let error = look_up(address, &Sources::Usual, &stop).unwrap_err();
            assert!(matches!(error, Error::Address), "{address}: {error}");
        }
    }

    #[test]
    fn nothing_is_asked_without_tls_or_after_a_stop() {
        let only = |url: &str| Sources::Only(url.to_owned());
        let stop = AtomicBool::new(false);
        for url in [
            "http://127.0.0.1/x",
            "file:///etc/passwd",
            "https:///x",
            "x",
        ] {
            let error = look_up("ann@example.org", &only(url), &stop).unwrap_err();
            assert!(matches!(error, Error::NotHttps), "{url}: {error}");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let error = look_up("ann@example.org", &Sources::Usual, &stop).unwrap_err();
        assert!(matches!(error, Error::Stopped));
    }
}
