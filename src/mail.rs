//! The words that every other module shares: which message, which uid, how many octets, which content.
//!
//! It refuses to know where they come from (a server, a database, a folder) or what is done with them.

use std::fmt;
use std::num::NonZeroU32;

/// A message's number in one session, from 1 (RFC 1939 §4). It means nothing in the next session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageNumber(NonZeroU32);

impl MessageNumber {
    /// The number `n`, unless it is 0, which names no message.
    #[must_use]
    pub fn new(n: u32) -> Option<Self> {
        NonZeroU32::new(n).map(Self)
    }

    /// The number as it is sent.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for MessageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A message's unique-id: the bytes that UIDL gave, compared as a whole (RFC 1939 §7).
///
/// The RFC asks for 1 to 70 characters from 0x21 to 0x7E; servers send more and others, so any bytes are
/// kept as they came. Invariant: never empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Box<[u8]>);

impl Uid {
    /// The longest uid in octets that is taken from a server. Seven times what RFC 1939 allows: no server is known to come
    /// near, and each is kept for as long as its message is there.
    pub const LONGEST: usize = 512;

    /// What begins the uids that popfetch makes where a server's are no good.
    pub const STAND_IN: &str = "header-sha256:";

    /// Whether these bytes are good for a uid, so far as they tell by themselves. What looks like a stand-in is not: it could
    /// be taken for another message's.
    #[must_use]
    pub fn is_fit(bytes: &[u8]) -> bool {
        (1..=Self::LONGEST).contains(&bytes.len()) && !bytes.starts_with(Self::STAND_IN.as_bytes())
    }

    /// The uid of these bytes, unless there are none.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self(bytes.into()))
    }

    /// The bytes as the server sent them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Shows what is not printable ASCII as `\xNN`, so that a uid is harmless on a terminal and in a log.
impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({self})")
    }
}

/// A size in octets, as LIST gives it: a hint, never an allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Octets(pub u64);

impl std::iter::Sum for Octets {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.fold(0, |sum, octets| sum.saturating_add(octets.0)))
    }
}

/// Shows three significant figures and a binary unit: `824 B`, `3.4 KiB`, `1.07 GiB`.
impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "three figures are shown")]
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = 0;
        // 999.5 would be shown as "1000".
        while value >= 999.5 {
            value /= 1024.0;
            unit += 1;
        }
        let decimals = match value {
            v if v < 9.995 => 2,
            v if v < 99.95 => 1,
            _ => 0,
        };
        write!(f, "{value:.decimals$} {}", UNITS[unit])
    }
}

/// The SHA-256 of a message as it was delivered.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_numbers_start_at_one() {
        assert_eq!(MessageNumber::new(0), None);
        assert_eq!(MessageNumber::new(7).unwrap().to_string(), "7");
    }

    #[test]
    fn a_uid_holds_any_bytes_and_shows_none_of_them_raw() {
        let uid = Uid::new(b"a b\x1b[31m\xff").unwrap();
        assert_eq!(uid.as_bytes(), b"a b\x1b[31m\xff");
        assert_eq!(uid.to_string(), r"a b\x1b[31m\xff");
        assert_eq!(Uid::new(b""), None);
    }

    #[test]
    fn octets_are_shown_with_three_figures() {
        let shown = |n| Octets(n).to_string();
        assert_eq!(shown(0), "0 B");
        assert_eq!(shown(1023), "1023 B");
        assert_eq!(shown(3_500), "3.42 KiB");
        assert_eq!(shown(1024 * 1024 - 1), "1.00 MiB");
        assert_eq!(shown(1 << 30), "1.00 GiB");
        assert_eq!(shown(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn a_sum_of_lying_sizes_does_not_overflow() {
        let sum: Octets = [Octets(u64::MAX), Octets(9)].into_iter().sum();
        assert_eq!(sum, Octets(u64::MAX));
    }
}
