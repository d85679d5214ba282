//! What mpop's arguments mean.
//!
//! It refuses to know what popfetch makes of them. Invariant: nothing is read here that mpop does not take.

use std::time::Duration;

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// As popfetch calls it; without a name, the best that the server offers.
    Known(Option<&'static str>),
    /// One that is bound to the TLS connection.
    Bound,
    /// One that popfetch does not have.
    Foreign,
    /// None that mpop has.
    Unknown,
}

pub(super) fn auth(argument: &str) -> Auth {
    let word = match argument {
        "" | "on" => return Auth::Known(None),
        "user" => "user-pass",
        "plain" => "plain",
        "scram-sha-1" => "scram-sha-1",
        "scram-sha-256" => "scram-sha-256",
        "apop" => "apop",
        "cram-md5" => "cram-md5",
        "login" => "login",
        "oauthbearer" => "oauthbearer",
        "xoauth2" => "xoauth2",
        "external" => "external",
        "scram-sha-1-plus" | "scram-sha-256-plus" => return Auth::Bound,
        "digest-md5" | "gssapi" | "ntlm" => return Auth::Foreign,
        _ => return Auth::Unknown,
    };
    Auth::Known(Some(word))
}

/// `on` is what is meant where nothing is said.
pub(super) fn flag(argument: &str) -> Option<bool> {
    match argument {
        "on" | "" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// What stays on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    On,
    Off,
    /// For so long; since version 1.4.23.
    For(Duration),
}

pub(super) fn keep(argument: &str) -> Option<Keep> {
    match flag(argument) {
        Some(true) => Some(Keep::On),
        Some(false) => Some(Keep::Off),
        None => duration(argument).map(Keep::For),
    }
}

/// Numbers with units, as in `1d12h`.
fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let unit = match rest.as_bytes()[end] {
            b's' => 1,
            b'm' => 60,
            b'h' => 60 * 60,
            b'd' => 24 * 60 * 60,
            b'w' => 7 * 24 * 60 * 60,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    (1..=CENTURY)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

/// Nothing lasts longer in popfetch.
const CENTURY: u64 = 100 * 365 * 24 * 60 * 60;

pub(super) fn port(argument: &str) -> Option<u16> {
    number(argument).and_then(|number| u16::try_from(number).ok().filter(|port| *port > 0))
}

/// A limit, or none: `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit<T> {
    Off,
    At(T),
}

impl<T> Limit<T> {
    pub(super) fn get(self) -> Option<T> {
        match self {
            Self::Off => None,
            Self::At(limit) => Some(limit),
        }
    }
}

/// A number of octets.
pub(super) fn size(argument: &str) -> Option<Limit<u64>> {
    if argument == "off" {
        return Some(Limit::Off);
    }
    let (digits, unit) = match argument.as_bytes().last()? {
        b'k' => (&argument[..argument.len() - 1], 1024),
        b'm' => (&argument[..argument.len() - 1], 1024 * 1024),
        _ => (argument, 1),
    };
    number(digits)?.checked_mul(unit).map(Limit::At)
}

/// How long the server may be silent.
pub(super) fn timeout(argument: &str) -> Option<Limit<Duration>> {
    if argument == "off" {
        return Some(Limit::Off);
    }
    let seconds = number(argument).filter(|seconds| (1..=CENTURY).contains(seconds))?;
    Some(Limit::At(Duration::from_secs(seconds)))
}

/// The number of octets of a fingerprint, which are told apart by colons; 0 unsets it.
pub(super) fn fingerprint(argument: &str) -> Option<usize> {
    if argument.is_empty() {
        return Some(0);
    }
    let hexadecimal =
        |octet: &str| octet.len() == 2 && octet.bytes().all(|b| b.is_ascii_hexdigit());
    let octets = argument.split(':');
    let length = octets.clone().count();
    (octets.clone().all(hexadecimal) && matches!(length, 16 | 20 | 32)).then_some(length)
}

/// C reads a sign, too.
fn number(text: &str) -> Option<u64> {
    text.trim_start_matches([' ', '\t']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_octets_or_kibibytes_or_mebibytes() {
        for (written, size) in [
            ("off", Some(Limit::Off)),
            ("0", Some(Limit::At(0))),
            ("+7", Some(Limit::At(7))),
            ("5k", Some(Limit::At(5120))),
            ("10m", Some(Limit::At(10 << 20))),
            ("10K", None),
            ("1 k", None),
            ("-1", None),
            ("k", None),
            ("", None),
            ("99999999999999999m", None),
        ] {
            assert_eq!(super::size(written), size, "{written}");
        }
    }

    #[test]
    fn mail_is_kept_for_good_not_at_all_or_for_a_time() {
        let hours = |hours: u64| Some(Keep::For(Duration::from_secs(hours * 3600)));
        for (written, keep) in [
            ("", Some(Keep::On)),
            ("on", Some(Keep::On)),
            ("off", Some(Keep::Off)),
            ("1d12h", hours(36)),
            ("2w", hours(14 * 24)),
            ("60m", hours(1)),
            ("3600s", hours(1)),
            ("14", None),
            ("d", None),
            ("1dd", None),
            ("1d 2h", None),
            ("0d", None),
            ("99999999999999999999w", None),
            ("9999999999999999w", None),
            ("1ä", None),
        ] {
            assert_eq!(super::keep(written), keep, "{written}");
        }
    }

    #[test]
    fn fingerprints_are_told_by_their_length() {
        for octets in [16, 20, 32] {
            let written = vec!["aB"; octets].join(":");
            assert_eq!(fingerprint(&written), Some(octets));
        }
        assert_eq!(fingerprint(""), Some(0));
        for wrong in ["aB", "00112233445566778899aabbccddeeff", &"zz:".repeat(16)] {
            assert_eq!(fingerprint(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ports_and_times_are_numbers_above_nothing() {
        assert_eq!(port("995"), Some(995));
        for wrong in ["0", "65536", "pop3s", "", "-1"] {
            assert_eq!(port(wrong), None, "{wrong}");
        }
        assert_eq!(timeout("90"), Some(Limit::At(Duration::from_secs(90))));
        assert_eq!(timeout("off"), Some(Limit::Off));
        for wrong in ["0", "10s", "", "99999999999"] {
            assert_eq!(timeout(wrong), None, "{wrong}");
        }
    }
}
