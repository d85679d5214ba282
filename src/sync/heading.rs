//! Takes from a message what its header says of sender, subject and Message-ID, as it streams by, for the record.
//!
//! It refuses to decode or to judge it, and changes nothing of the message. Invariant: what it keeps is short, whatever
//! comes; a header that is odd leaves gaps and stops nothing.

use memchr::{memchr, memmem};

use crate::state::Heading;

/// How much of a header is looked at: what people write comes before this.
const MAX_HEADER: usize = 16 * 1024;

/// How much of a field is kept, in bytes: more is on no screen.
const MAX_FIELD: usize = 500;

/// A header that is coming in.
#[derive(Debug, Default)]
pub(super) struct Header {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Header {
    /// Takes up the next part of the message.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        if self.is_whole {
            return;
        }
        let room = MAX_HEADER - self.bytes.len();
        // The end of the header may be split.
        let from = self.bytes.len().saturating_sub(END.len() - 1);
        self.bytes
            .extend_from_slice(&chunk[..chunk.len().min(room)]);
        if self.bytes.starts_with(b"\r\n") {
            self.bytes.clear();
            self.is_whole = true;
        } else if let Some(end) = memmem::find(&self.bytes[from..], END) {
            self.bytes.truncate(from + end);
            self.is_whole = true;
        } else {
            self.is_whole = self.bytes.len() == MAX_HEADER;
        }
    }

    /// What the header says; of a field that is there several times the first counts.
    pub(super) fn heading(&self) -> Heading {
        let mut heading = Heading::default();
        let mut rest = &self.bytes[..];
        while !rest.is_empty() {
            let field = field(rest);
            rest = &rest[field.len()..];
            let Some(colon) = memchr(b':', field) else {
                continue;
            };
            let (name, value) = (field[..colon].trim_ascii_end(), &field[colon + 1..]);
            let slot = if name.eq_ignore_ascii_case(b"message-id") {
                &mut heading.message_id
            } else if name.eq_ignore_ascii_case(b"from") {
                &mut heading.sender
            } else if name.eq_ignore_ascii_case(b"subject") {
                &mut heading.subject
            } else {
                continue;
            };
            if slot.is_none() {
                *slot = Some(kept(value));
            }
        }
        let bare = |id: String| id.trim_start_matches('<').trim_end_matches('>').to_owned();
        heading.message_id = heading.message_id.map(bare);
        heading
    }
}

/// Between header and body (RFC 5322 §2.1).
const END: &[u8] = b"\r\n\r\n";

/// The first field, with the lines that are folded into it (RFC 5322 §2.2.3).
fn field(header: &[u8]) -> &[u8] {
    let mut length = 0;
    loop {
        length += memchr(b'\n', &header[length..]).map_or(header.len() - length, |end| end + 1);
        if !matches!(header.get(length), Some(b' ' | b'\t')) {
            return &header[..length];
        }
    }
}

/// A value on one line, cut.
fn kept(value: &[u8]) -> String {
    let value = &value[..value.len().min(2 * MAX_FIELD)];
    let text = String::from_utf8_lossy(value);
    let mut kept = String::with_capacity(value.len().min(MAX_FIELD));
    for c in text.trim().chars() {
        if kept.len() + c.len_utf8() > MAX_FIELD {
            break;
        }
        match c {
            '\r' | '\n' => {}
            c if c.is_control() => kept.push(' '),
            c => kept.push(c),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heading(message: &[u8], chunk: usize) -> Heading {
        let mut header = Header::default();
        message.chunks(chunk).for_each(|chunk| header.push(chunk));
        header.heading()
    }

    #[test]
    fn three_fields_are_kept_however_the_message_is_split() {
        let message = b"Received: a\r\n\tfrom: b\r\nmessage-id : <1@x>\r\nFrom: Ann\r\n <ann@x>\r\nSubject: =?utf-8?q?a?=\r\nSubject: b\r\n\r\nFrom: body\r\n";
        for chunk in 1..message.len() {
            let heading = heading(message, chunk);
            assert_eq!(heading.message_id.as_deref(), Some("1@x"), "{chunk}");
            assert_eq!(heading.sender.as_deref(), Some("Ann <ann@x>"), "{chunk}");
            assert_eq!(heading.subject.as_deref(), Some("=?utf-8?q?a?="), "{chunk}");
        }
    }

    #[test]
    fn a_body_without_header_says_nothing() {
        for chunk in 1..5 {
            let message = b"\r\nFrom: x\r\n\r\n";
            assert_eq!(heading(message, chunk), Heading::default());
        }
        assert_eq!(heading(b"", 1), Heading::default());
    }

    #[test]
    fn a_field_without_end_is_cut_and_its_letters_are_whole() {
        let message = format!("Subject: {}\r\nX: y\r\n\r\n", "ä株".repeat(10_000));
        let subject = heading(message.as_bytes(), 1000).subject.unwrap();
        assert!(subject.len() <= MAX_FIELD && subject.len() > MAX_FIELD - 4);
        assert!(!subject.contains('\u{fffd}'));
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(message in prop::collection::vec(
            prop_oneof![Just(b"From:".to_vec()), Just(b"\r\n".to_vec()), Just(b" \t".to_vec()), prop::collection::vec(any::<u8>(), 0..9)], 0..40)) {
            let message = message.concat();
            let whole = heading(&message, message.len().max(1));
            prop_assert_eq!(heading(&message, 3), whole);
        }
    }
}
