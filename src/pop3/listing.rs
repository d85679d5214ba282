//! The lines of LIST and UIDL, kept without an allocation for each.
//!
//! It refuses to know what a size or uid is good for. Invariants: numbers are those of this session; a line that is not
//! a number and a value is a protocol error, because nothing after it can be believed.

use crate::mail::{MessageNumber, Octets};

/// The reply to LIST: the size of each message (RFC 1939 §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SizeListing(Vec<(MessageNumber, Octets)>);

impl SizeListing {
    /// Takes up one line, `1 120`; `None` if it is not one. What follows the size is ignored (RFC 1939 §5 allows it).
    pub(super) fn add(&mut self, line: &[u8]) -> Option<()> {
        let (number, rest) = split_number(line)?;
        let digits = rest
            .trim_ascii_start()
            .split(u8::is_ascii_whitespace)
            .next()?;
        // To Rust a plus sign would be part of it.
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let size = std::str::from_utf8(digits).ok()?.parse().ok()?;
        self.0.push((number, Octets(size)));
        Some(())
    }

    /// The messages in the order of the server.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (MessageNumber, Octets)> + '_ {
        self.0.iter().copied()
    }
}

/// The reply to UIDL: the unique-id of each message (RFC 1939 §7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UidListing {
    /// All uids, one behind the other.
    bytes: Vec<u8>,
    /// Where each uid ends; it begins where the one before it ends. Invariants: they are in `bytes`, and do not fall.
    entries: Vec<(MessageNumber, u32)>,
}

impl UidListing {
    /// Takes up one line, `1 whqtswO00WBw418f9t5JxYwZ`; `None` if it is not one. The uid is all that follows the one
    /// space, whatever it holds, and may be empty.
    pub(super) fn add(&mut self, line: &[u8]) -> Option<()> {
        let (number, uid) = split_number(line)?;
        self.push(number, uid)
    }

    /// Adds a uid; `None` if they are longer, all together, than any listing may be.
    fn push(&mut self, number: MessageNumber, uid: &[u8]) -> Option<()> {
        let end = u32::try_from(self.bytes.len() + uid.len()).ok()?;
        self.bytes.extend_from_slice(uid);
        self.entries.push((number, end));
        Some(())
    }

    /// The messages in the order of the server.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (MessageNumber, &[u8])> {
        let mut start = 0;
        self.entries.iter().map(move |(number, end)| {
            let end = *end as usize;
            let uid = &self.bytes[start..end];
            start = end;
            (*number, uid)
        })
    }
}

/// A listing that was made in place of a server's.
impl FromIterator<(MessageNumber, Vec<u8>)> for UidListing {
    fn from_iter<I: IntoIterator<Item = (MessageNumber, Vec<u8>)>>(uids: I) -> Self {
        let mut listing = Self::default();
        for (number, uid) in uids {
            // No listing has so many messages that what is made for them would not fit.
            if listing.push(number, &uid).is_none() {
                break;
            }
        }
        listing
    }
}

/// The message number that opens a line, and what follows the one separator behind it.
fn split_number(line: &[u8]) -> Option<(MessageNumber, &[u8])> {
    let end = line.iter().position(|b| !b.is_ascii_digit());
    let (digits, rest) = line.split_at(end.unwrap_or(line.len()));
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let rest = match rest {
        [] => rest,
        [b' ' | b'\t', rest @ ..] => rest,
        _ => return None,
    };
    Some((MessageNumber::new(number)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_what_may_follow_them() {
        let mut listing = SizeListing::default();
        for line in ["1 120", "2 18446744073709551615", "3 7 from ann"] {
            listing.add(line.as_bytes()).unwrap();
        }
        let sizes: Vec<u64> = listing.iter().map(|(_, size)| size.0).collect();
        assert_eq!(sizes, [120, u64::MAX, 7]);
    }

    #[test]
    fn a_size_line_that_is_none_is_refused() {
        for line in [
            "",
            "1",
            "0 5",
            "x 5",
            "1 x",
            "-1 5",
            "1 -5",
            "1 +5",
            "4294967296 5",
            "1  ",
        ] {
            assert_eq!(
                SizeListing::default().add(line.as_bytes()),
                None,
                "{line:?}"
            );
        }
    }

    #[test]
    fn a_uid_is_all_that_follows_the_number() {
        let mut listing = UidListing::default();
        for line in [b"1 a b".as_slice(), b"2 \xff\x01", b"7 ../x", b"8 ", b"9"] {
            listing.add(line).unwrap();
        }
        let uids: Vec<&[u8]> = listing.iter().map(|(_, uid)| uid).collect();
        assert_eq!(uids, [b"a b".as_slice(), b"\xff\x01", b"../x", b"", b""]);
    }

    #[test]
    fn a_uid_line_without_a_number_is_refused() {
        for line in ["", " 1 a", "0 a", "a", "1a"] {
            assert_eq!(UidListing::default().add(line.as_bytes()), None, "{line:?}");
        }
    }
}
