//! Reads in a message's header what a person wants to see of it: when, from whom, about what.
//!
//! It refuses to trust it: dates lie, and the texts hold any character. Invariant: whatever the bytes, it comes to an end
//! soon.

use jiff::Timestamp;
use mailparse::{MailAddr, MailHeader, addrparse_header, dateparse, parse_header};

/// The longest line that a header may have (RFC 5322 §2.1.1): decoding takes longer than in proportion.
const MAX_LINE: usize = 998;

/// So much of a field is decoded; more is on no screen.
const MAX_FIELD: usize = 2 * MAX_LINE;

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// When it was sent, as the sender says.
    pub(super) date: Option<Timestamp>,
    /// From whom, decoded: all of the field.
    pub(super) from: Option<String>,
    /// The sender's name, or address where there is no name.
    pub(super) sender: Option<String>,
    /// About what, decoded.
    pub(super) subject: Option<String>,
}

impl Header {
    /// Reads a header; of a field that is there several times the first counts.
    pub(super) fn read(raw: &[u8]) -> Self {
        let mut header = Self::default();
        for field in fields(raw) {
            let key = field.get_key().trim_end().to_ascii_lowercase();
            match key.as_str() {
                "date" if header.date.is_none() => header.date = date(&value(&field)),
                "subject" if header.subject.is_none() => header.subject = Some(value(&field)),
                "from" if header.from.is_none() => {
                    header.from = Some(value(&field));
                    header.sender = Some(sender(&field));
                }
                _ => {}
            }
        }
        header
    }
}

/// The fields of a header; a line that belongs to none is passed over.
fn fields(mut raw: &[u8]) -> impl Iterator<Item = MailHeader<'_>> {
    std::iter::from_fn(move || {
        while !raw.is_empty() {
            let (field, length) = match parse_header(raw) {
                Ok((field, length)) => (Some(field), length),
                Err(_) => (None, memchr::memchr(b'\n', raw).unwrap_or(raw.len()) + 1),
            };
            raw = &raw[length.clamp(1, raw.len())..];
            if field.is_some() {
                return field;
            }
        }
        None
    })
}

/// A field as far as it is decoded.
fn bounded(field: &MailHeader<'_>) -> Vec<u8> {
    let mut bounded = b"x: ".to_vec();
    let raw = field.get_value_raw();
    let lines = start(raw, MAX_FIELD).split_inclusive(|byte| *byte == b'\n');
    let mut is_cut = raw.len() > MAX_FIELD;
    for line in lines {
        bounded.extend_from_slice(start(line, MAX_LINE));
        if line.len() > MAX_LINE {
            is_cut = true;
            break;
        }
    }
    if is_cut {
        bounded.extend_from_slice("…".as_bytes());
    }
    bounded
}

/// The first bytes, without part of a character.
fn start(bytes: &[u8], most: usize) -> &[u8] {
    if bytes.len() <= most {
        return bytes;
    }
    let is_whole = |end: &usize| bytes[*end] & 0b1100_0000 != 0b1000_0000;
    let end = (most - 3..=most).rev().find(is_whole).unwrap_or(most);
    &bytes[..end]
}

fn value(field: &MailHeader<'_>) -> String {
    // It begins with a key, so that it is a field.
    parse_header(&bounded(field)).map_or_else(|_| String::new(), |(field, _)| field.get_value())
}

fn sender(field: &MailHeader<'_>) -> String {
    let raw = bounded(field);
    let Ok((field, _)) = parse_header(&raw) else {
        return String::new();
    };
    let addresses = addrparse_header(&field).ok();
    let first = addresses.and_then(|addresses| addresses.into_inner().into_iter().next());
    let named = first.map(|address| match address {
        MailAddr::Single(single) => {
            let name = single.display_name.filter(|name| !name.trim().is_empty());
            name.unwrap_or(single.addr)
        }
        MailAddr::Group(group) => group.group_name,
    });
    named.unwrap_or_else(|| field.get_value())
}

fn date(value: &str) -> Option<Timestamp> {
    let seconds = dateparse(&value.replace(['\t', '\r', '\n'], " ")).ok()?;
    // What is no date at all is read as the beginning of time.
    let seconds = Some(seconds).filter(|seconds| *seconds > 0)?;
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(raw: impl AsRef<[u8]>) -> Header {
        Header::read(raw.as_ref())
    }

    #[test]
    fn names_subjects_and_dates_are_decoded() {
        let header = read(
            "Received: from here\r\nFrom: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\n\
             SUBJECT: =?iso-2022-jp?B?GyRCQEE1YT1xGyhC?=\r\n and\r\n\tmore\r\nDate: Sun, 22 Nov 2026 10:03:00 +0200 (EET)\r\n\r\n",
        );
        assert_eq!(header.sender.as_deref(), Some("Jörg"));
        assert_eq!(header.from.as_deref(), Some("Jörg <joerg@example.org>"));
        assert_eq!(header.subject.as_deref(), Some("請求書 and more"));
        assert_eq!(header.date.unwrap().to_string(), "2026-11-22T08:03:00Z");
    }

    #[test]
    fn a_sender_without_a_name_is_an_address_and_one_without_that_what_it_says() {
        let sender = |from: &str| read(format!("From: {from}\r\n")).sender.unwrap();
        assert_eq!(sender("<a@example.org>"), "a@example.org");
        assert_eq!(sender("\"\" <a@example.org>"), "a@example.org");
        assert_eq!(sender("a@example.org (Ann)"), "a@example.org");
        assert_eq!(sender("\"Doe, Ann\" <a@b>, c@d"), "Doe, Ann");
        assert_eq!(sender("Staff: a@b, c@d;"), "Staff");
        assert_eq!(sender("Mail Delivery System"), "Mail Delivery System");
        assert_eq!(sender(""), "");
    }

    #[test]
    fn what_is_no_date_is_none() {
        let date = |date: &str| read(format!("Date: {date}\r\n")).date;
        for no_date in [
            "",
            "yesterday",
            "32 Jan 2024 1:1",
            "1 Jan 99999999 00:00:00 +0000",
            "1 Jan 2024 \x1b[m",
        ] {
            assert_eq!(date(no_date), None, "{no_date:?}");
        }
        assert!(date("1\tJan\t2024\r\n\t08:03:00 GMT").is_some());
    }

    #[test]
    fn a_line_that_is_no_field_hides_no_other() {
        let header =
            read(" folded from nowhere\r\n\rodd\r\nno colon\r\nSubject : one\r\nSubject: two\r\n");
        assert_eq!(header.subject.as_deref(), Some("one"));
        assert_eq!(read("").subject, None);
        assert_eq!(read("\r\n"), Header::default());
    }

    #[test]
    fn a_subject_without_end_is_cut_between_characters() {
        for shift in 0..4 {
            let raw = format!(
                "Subject: {}{}\r\n",
                "x".repeat(shift),
                "é株🎉".repeat(100_000)
            );
            let subject = read(raw).subject.unwrap();
            assert!(
                subject.ends_with('…') && subject.len() < 1010,
                "{}",
                subject.len()
            );
            assert!(!subject.contains(['Ã', '\u{fffd}']), "{subject}");
        }
        let folded = format!("Subject: {}", "a\r\n ".repeat(100_000));
        assert!(read(folded).subject.unwrap().len() <= MAX_FIELD);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(
            field in prop_oneof![Just("From: "), Just("Subject: "), Just("Date: "), Just("")],
            parts in prop::collection::vec(
                prop_oneof![
                    any::<String>(),
                    "(=\\?|\\?=|\\?B\\?|\\?q\\?|utf-8|[<>\"(),:;@\\\\ \t\r\n=]){0,9}",
                    Just("=?utf-8?B?4p".to_owned()),
                    Just("1 Jan 2024 00:00:".to_owned()),
                ], 0..12),
            bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let raw = [field.as_bytes(), parts.concat().as_bytes(), &bytes].concat();
            Header::read(&raw);
        }
    }
}
