//! The envelope of a staged message: whom it came from, and the From_ line that says so.
//!
//! It reads one header field, `Return-Path:`, and refuses to know any other. Invariants: an address that is given out is
//! printable ASCII without a space, so that it can stand in a line or in an argument; whatever the bytes, nothing
//! panics, and no more than a bounded part of the message is looked at.

use std::io::{self, BufRead, BufReader, Read};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How much of a message is searched for the sender. Servers put `Return-Path:` first (RFC 5321 §4.4); a header that is
/// longer than this is no reason to read a whole message twice.
const SEARCHED: u64 = 64 * 1024;

/// The longest address: a path has at most 256 octets (RFC 5321 §4.5.3.1.3); some are longer, none by this much.
const LONGEST: usize = 1024;

/// Finds the envelope sender of a message with LF line ends, at whose beginning `message` stands: what its first
/// `Return-Path:` says. The empty string is the sender of a bounce, `<>`; `None` means that there is none, or one that
/// is no plain address.
pub(super) fn sender(message: &mut impl Read) -> io::Result<Option<String>> {
    let mut header = BufReader::new(message.take(SEARCHED));
    let (mut line, mut value) = (Vec::new(), None::<Vec<u8>>);
    loop {
        line.clear();
        header.read_until(b'\n', &mut line)?;
        // A line without an end is the last one, or was cut where the search ends.
        let Some(content) = line.strip_suffix(b"\n") else {
            break;
        };
        match (&mut value, content.first()) {
            // RFC 5322 §2.2.3: a line that begins with white space goes on with the field before it.
            (Some(value), Some(b' ' | b'\t')) => value.extend_from_slice(content),
            // The header ends with an empty line.
            (Some(_), _) | (None, None) => break,
            (None, _) => value = return_path(content).map(<[u8]>::to_vec),
        }
    }
    Ok(value.and_then(|value| address(&value)))
}

/// What stands behind the colon, if the line begins the field. White space before the colon is obsolete, but allowed
/// (RFC 5322 §4.5).
fn return_path(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"return-path";
    let (name, rest) = line.split_at_checked(NAME.len())?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    rest.trim_ascii_start().strip_prefix(b":")
}

/// The address between the angle brackets, or without any.
fn address(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    if value.is_empty() {
        return None;
    }
    let address = match value.strip_prefix(b"<") {
        Some(rest) => rest.strip_suffix(b">")?.trim_ascii(),
        None => value,
    };
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>');
    if address.len() > LONGEST || !address.iter().all(plain) {
        return None;
    }
    String::from_utf8(address.to_vec()).ok()
}

/// The line that begins a message in an mbox, with the time in UTC as asctime(3) writes it.
pub(super) fn from_line(sender: Option<&str>, time: Timestamp) -> String {
    let sender = sender
        .filter(|sender| !sender.is_empty())
        .unwrap_or("MAILER-DAEMON");
    let time = time.to_zoned(TimeZone::UTC);
    format!("From {sender} {}\n", time.strftime("%a %b %e %H:%M:%S %Y"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(message: &[u8]) -> Option<String> {
        sender(&mut &*message).unwrap()
    }

    #[test]
    fn the_first_return_path_of_the_header_is_the_sender() {
        let some = |address: &str| Some(address.to_owned());
        assert_eq!(found(b"Return-Path: <a@b.c>\n\nx"), some("a@b.c"));
        assert_eq!(
            found(b"To: x\nRETURN-path : a@b\nReturn-Path: <z>\n\n"),
            some("a@b")
        );
        assert_eq!(
            found(b"Return-Path:\n\t<a@b.c>\nSubject: x\n\n"),
            some("a@b.c")
        );
        assert_eq!(found(b"Return-Path:<>\nTo: x\n\n"), some(""));
    }

    #[test]
    fn what_is_no_plain_address_is_no_sender() {
        for message in [
            &b""[..],
            b"\nReturn-Path: <body@b.c>\n",
            b"Subject: x\n Return-Path: <folded@b.c>\n\n",
            b"Return-Path:\n\n",
            b"Return-Path: <cut@b.c>",
            b"Return-Path: <a@b.c\n\n",
            b"Return-Path: <a b@c>\n\n",
            b"Return-Path: <a@b> (said so)\n\n",
            b"Return-Path: <a\xc3\xa9@b>\n\n",
            b"Return-Path: <a\x1b@b>\n\n",
            b"Return-Pathology: <a@b>\n\n",
        ] {
            assert_eq!(found(message), None, "{}", message.escape_ascii());
        }
    }

    #[test]
    fn only_the_beginning_of_a_message_is_searched() {
        let mut message = b"X: ".to_vec();
        message.resize(100_000, b'x');
        message.extend_from_slice(b"\nReturn-Path: <a@b.c>\n\n");
        assert_eq!(found(&message), None);
    }

    #[test]
    fn the_from_line_has_the_sender_and_the_time_in_utc() {
        let time: Timestamp = "2026-11-09T08:03:01Z".parse().unwrap();
        assert_eq!(
            from_line(Some("a@b.c"), time),
            "From a@b.c Mon Nov  9 08:03:01 2026\n"
        );
        for nobody in [None, Some("")] {
            assert_eq!(
                from_line(nobody, time),
                "From MAILER-DAEMON Mon Nov  9 08:03:01 2026\n"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_a_sender_is_one_plain_word(
            start in prop_oneof![Just("Return-Path: <"), Just("Return-Path:"), Just("")],
            bytes in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let message = [start.as_bytes(), &bytes, b">\n\n"].concat();
            if let Some(sender) = found(&message) {
                prop_assert!(sender.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
