//! What a server's certificate says of itself, in words for whoever has to decide whether it is the right one.
//!
//! It refuses to know whether it is believed. Invariant: all that it says is hostile; what is kept of it is short, and
//! nothing in it can move a cursor or pass for something else.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{DateTime, Decode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

use super::endpoint::Fingerprint;

/// How many of its names are shown: some certificates have hundreds.
const MOST_NAMES: usize = 3;

/// The longest name that is shown whole, in characters: longer than most hosts' and authorities' names.
const LONGEST_NAME: usize = 64;

/// The certificate that a server showed. As text it is what it is for, how long, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// What a pin of it is.
    pub fingerprint: Fingerprint,
    /// What it says, where it can be read.
    claims: Option<Claims>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Claims {
    names: Vec<String>,
    /// How many names it has beyond these.
    more: usize,
    from: DateTime,
    until: DateTime,
    /// Who signed it; nobody but itself, if that is empty.
    issuer: Option<String>,
}

impl Leaf {
    /// Reads a certificate in DER form, or what is said to be one.
    #[must_use]
    pub fn new(der: &[u8]) -> Self {
        Self {
            fingerprint: Fingerprint(Sha256::digest(der).into()),
            claims: Certificate::from_der(der).ok().map(|c| Claims::of(&c)),
        }
    }

    /// From when to when it says that it is valid, where it can be read.
    #[must_use]
    pub fn validity(&self) -> Option<(Timestamp, Timestamp)> {
        let at = |time: &DateTime| {
            let seconds = i64::try_from(time.unix_duration().as_secs()).ok()?;
            Timestamp::from_second(seconds).ok()
        };
        let claims = self.claims.as_ref()?;
        Some((at(&claims.from)?, at(&claims.until)?))
    }
}

impl Claims {
    fn of(certificate: &Certificate) -> Self {
        let certificate = certificate.tbs_certificate();
        let (names, more) = names(certificate.subject(), certificate.get_extension());
        let validity = certificate.validity();
        let is_own = certificate.issuer() == certificate.subject();
        Self {
            names,
            more,
            from: validity.not_before.to_date_time(),
            until: validity.not_after.to_date_time(),
            issuer: (!is_own).then(|| title(certificate.issuer())),
        }
    }
}

/// The names that a client would compare with the host's, and how many more there are (RFC 6125 §6.4.4: the common name
/// counts only where there are no others).
fn names(
    subject: &Name,
    extension: Result<Option<(bool, SubjectAltName)>, x509_cert::der::Error>,
) -> (Vec<String>, usize) {
    if let Ok(Some((_, SubjectAltName(names)))) = extension {
        let mut names = names.iter().filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(harmless(name.as_str())),
            GeneralName::IpAddress(octets) => address(octets.as_bytes()),
            _ => None,
        });
        let shown: Vec<String> = names.by_ref().take(MOST_NAMES).collect();
        if !shown.is_empty() {
            return (shown, names.count());
        }
    }
    match subject.common_name() {
        Ok(Some(name)) => (vec![harmless(&name.value())], 0),
        _ => (Vec::new(), 0),
    }
}

/// RFC 5280 §4.2.1.6: four octets or sixteen.
fn address(octets: &[u8]) -> Option<String> {
    let address = match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
    };
    address.map(|address| address.to_string())
}

/// What people call an authority: its own name, or that of its organisation.
fn title(name: &Name) -> String {
    let title = |found: Result<Option<x509_cert::ext::pkix::name::DirectoryString>, _>| {
        found.ok().flatten().map(|found| harmless(&found.value()))
    };
    title(name.common_name())
        .or_else(|| title(name.organization()))
        .unwrap_or_else(|| "somebody without a name".to_owned())
}

/// The start of a text, with all that is neither letter, digit nor visible ASCII written out.
fn harmless(text: &str) -> String {
    let mut shown = String::new();
    let mut characters = text.chars();
    for c in characters.by_ref().take(LONGEST_NAME) {
        match c {
            '"' | '\\' => shown.extend(c.escape_default()),
            ' ' | '!'..='~' => shown.push(c),
            c if c.is_alphanumeric() => shown.push(c),
            c => shown.extend(c.escape_unicode()),
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(claims) = &self.claims else {
            return f.write_str("a certificate that cannot be read");
        };
        match claims.names.split_last() {
            None => f.write_str("a certificate for no name")?,
            Some((only, [])) => write!(f, "a certificate for {only}")?,
            Some((_, _)) if claims.more > 0 => {
                let names = claims.names.join(", ");
                write!(f, "a certificate for {names} and {} more", claims.more)?;
            }
            Some((last, rest)) => write!(f, "a certificate for {} and {last}", rest.join(", "))?,
        }
        let day = |at: &DateTime| format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day());
        let (from, until) = (day(&claims.from), day(&claims.until));
        write!(f, ", valid from {from} to {until}, ")?;
        match &claims.issuer {
            Some(issuer) => write!(f, "issued by \"{issuer}\""),
            None => f.write_str("issued by itself"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair, date_time_ymd};

    use super::*;

    fn params(names: &[&str], common_name: &str) -> CertificateParams {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        params.not_before = date_time_ymd(2020, 1, 2);
        params.not_after = date_time_ymd(2031, 12, 30);
        params
    }

    fn shown(params: &CertificateParams) -> String {
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Leaf::new(certificate.der()).to_string()
    }

    #[test]
    fn names_times_and_issuer_are_said() {
        let authority = params(&[], "An \"odd\" authority");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap());
        let leaf = params(&["pop.example.com", "192.0.2.1", "::1"], "unused");
        let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &authority.unwrap());
        assert_eq!(
            Leaf::new(leaf.unwrap().der()).to_string(),
            "a certificate for pop.example.com, 192.0.2.1 and ::1, valid from 2020-01-02 to 2031-12-30, \
             issued by \"An \\\"odd\\\" authority\""
        );
    }

    #[test]
    fn the_times_of_its_validity_are_those_that_it_says() {
        let params = params(&["a.example"], "c");
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let (from, until) = Leaf::new(certificate.der()).validity().unwrap();
        assert_eq!(from.to_string(), "2020-01-02T00:00:00Z");
        assert_eq!(until.to_string(), "2031-12-30T00:00:00Z");
        assert_eq!(Leaf::new(b"x").validity(), None);
    }

    #[test]
    fn only_some_of_many_names_are_said() {
        let two = shown(&params(&["a.example", "b.example"], "c"));
        assert!(two.contains("for a.example and b.example, valid"), "{two}");
        let five = params(&["a.example", "b.example", "c.example", "d", "e"], "f");
        let five = shown(&five);
        assert!(
            five.contains("a.example, b.example, c.example and 2 more"),
            "{five}"
        );
        assert!(five.ends_with("issued by itself"), "{five}");
    }

    #[test]
    fn what_could_move_a_cursor_or_go_on_for_ever_is_written_out_and_cut() {
        let evil = format!("\u{1b}[2J\n\u{202e}Ü{}", "x".repeat(1000));
        let shown = shown(&params(&[], &evil));
        assert!(shown.contains(r"for \u{1b}[2J\u{a}\u{202e}Üxx"), "{shown}");
        assert!(shown.contains("xx…, valid"), "{shown}");
        assert!(shown.chars().count() < 250, "{shown}");
        assert!(!shown.contains(['\u{1b}', '\n', '\u{202e}']));
    }

    #[test]
    fn what_is_no_certificate_has_a_fingerprint_and_no_words() {
        for der in [&[][..], b"x", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]] {
            let leaf = Leaf::new(der);
            assert_eq!(leaf.to_string(), "a certificate that cannot be read");
            assert_eq!(leaf.fingerprint.0, <[u8; 32]>::from(Sha256::digest(der)));
        }
    }
}
