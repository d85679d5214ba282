//! Judges names that others published: whether one can be a host's.
//!
//! It refuses to look them up. Invariant: what passes is of letters, digits, dots, hyphens and underscores, or an address,
//! so that it can be shown, written to a file and put into a URL as it is.

use std::net::IpAddr;

/// The longest name (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;

/// The longest part of one.
const MAX_LABEL: usize = 63;

/// Whether it can be the name or the address of a host.
#[must_use]
pub fn is_host(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok() || is_name(name)
}

/// Whether it can be the domain of an address: a name of several parts, of which the last is not a number.
#[must_use]
pub fn is_domain(name: &str) -> bool {
    let top = name.rsplit('.').next().unwrap_or_default();
    is_name(name) && name.contains('.') && !top.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= MAX_NAME && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_hosts_and_nothing_else() {
        for host in [
            "pop.example.org",
            "localhost",
            "a_b.c",
            "127.0.0.1",
            "::1",
            "xn--bcher-kva.example",
        ] {
            assert!(is_host(host), "{host}");
        }
        let long = ["a".repeat(64), "a.".repeat(127) + "a"];
        let odd = [
            "",
            ".",
            "a..b",
            "a.",
            "-a",
            "a-",
            "a b",
            "a/b",
            "a:1",
            "[::1]",
            "a\x1b[m",
            "bücher.example",
            "a\n",
        ];
        for host in odd.into_iter().chain(long.iter().map(String::as_str)) {
            assert!(!is_host(host), "{host:?}");
        }
    }

    #[test]
    fn a_domain_has_parts_and_is_no_address() {
        assert!(is_domain("example.org"));
        for domain in ["localhost", "127.0.0.1", "::1", ""] {
            assert!(!is_domain(domain), "{domain}");
        }
    }
}
