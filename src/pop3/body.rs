//! Finds a message's content in what a server sends: undoes the dot-stuffing and knows the end (RFC 1939 §3).
//!
//! Pure: it looks at bytes and says what they are; reading more is for others. Invariants: only CRLF ends a line, only a
//! line of one dot ends the message, and the pieces do not depend on how the bytes were split on their way.

use memchr::memmem::Finder;

/// Undoes the dot-stuffing of one message.
#[derive(Debug)]
pub struct Unstuffer {
    /// The next byte opens a line.
    at_line_start: bool,
    dotted_line: Finder<'static>,
}

/// What the head of the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A dot to drop (or none), then so many octets of content.
    Content {
        /// 0 or 1.
        skip: usize,
        /// Not 0, unless a dot is skipped.
        len: usize,
    },
    /// The terminator: [`Unstuffer::TERMINATOR`] octets that are no content.
    End,
    /// Not to be told without more input; nothing was taken.
    Incomplete,
}

impl Unstuffer {
    /// The length of `.` CRLF, which ends a message.
    pub const TERMINATOR: usize = 3;

    /// An unstuffer at the start of a message.
    #[must_use]
    pub fn new() -> Self {
        Self {
            at_line_start: true,
            dotted_line: Finder::new(b"\r\n."),
        }
    }

    /// Says what the head of `input` is. The caller takes it away before the next call.
    pub fn next(&mut self, input: &[u8]) -> Piece {
        let mut skip = 0;
        if self.at_line_start {
            match input {
                [b'.', b'\r', b'\n', ..] => return Piece::End,
                [] | [b'.'] | [b'.', b'\r'] => return Piece::Incomplete,
                // RFC 1939 §3: a line that begins with the termination octet has it doubled; the first is dropped.
                [b'.', ..] => skip = 1,
                _ => {}
            }
        }
        let rest = &input[skip..];
        let (len, at_line_start) = match self.dotted_line.find(rest) {
            Some(start) => (start + 2, true),
            // A CRLF at the end may be followed by a dot: it waits for what comes next.
            None => (rest.len() - line_end_suffix(rest), false),
        };
        if skip + len == 0 {
            return Piece::Incomplete;
        }
        self.at_line_start = at_line_start;
        Piece::Content { skip, len }
    }
}

impl Default for Unstuffer {
    fn default() -> Self {
        Self::new()
    }
}

/// How many octets at the end are the start of a CRLF.
fn line_end_suffix(input: &[u8]) -> usize {
    match input {
        [.., b'\r', b'\n'] => 2,
        [.., b'\r'] => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds the chunks as a connection would; gives the content and what is left after the terminator.
    fn unstuff(chunks: &[&[u8]]) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut unstuffer, mut input, mut content) = (Unstuffer::new(), Vec::new(), Vec::new());
        let mut chunks = chunks.iter();
        loop {
            match unstuffer.next(&input) {
                Piece::Content { skip, len } => {
                    content.extend_from_slice(&input[skip..skip + len]);
                    input.drain(..skip + len);
                }
                Piece::End => {
                    input.drain(..Unstuffer::TERMINATOR);
                    input.extend(chunks.flat_map(|chunk| chunk.iter()));
                    return Some((content, input));
                }
                Piece::Incomplete => input.extend_from_slice(chunks.next()?),
            }
        }
    }

    /// What RFC 1939 §3 makes a server do, written from the other side.
    fn stuff(lines: &[Vec<u8>]) -> Vec<u8> {
        let mut wire = Vec::new();
        for line in lines {
            if line.starts_with(b".") {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }

    fn content_of(wire: &[u8]) -> Vec<u8> {
        unstuff(&[wire]).unwrap().0
    }

    #[test]
    fn a_message_ends_at_a_line_of_one_dot() {
        assert_eq!(content_of(b"a\r\nb\r\n.\r\n"), b"a\r\nb\r\n");
        assert_eq!(content_of(b".\r\n"), b"");
    }

    #[test]
    fn stuffed_dots_lose_one() {
        assert_eq!(content_of(b"..\r\n...a\r\n.\r\n"), b".\r\n..a\r\n");
    }

    #[test]
    fn only_crlf_ends_a_line() {
        let wire = b"a\n.\r\nb\n.\nc\r.\r\nd\r\n.\n\r\n.\r\n";
        assert_eq!(content_of(wire), b"a\n.\r\nb\n.\nc\r.\r\nd\r\n\n\r\n");
    }

    #[test]
    fn what_follows_the_terminator_is_left_alone() {
        let (content, rest) = unstuff(&[b"a\r\n.\r\n+OK next"]).unwrap();
        assert_eq!(
            (content.as_slice(), rest.as_slice()),
            (&b"a\r\n"[..], &b"+OK next"[..])
        );
    }

    #[test]
    fn a_message_without_its_terminator_never_ends() {
        for wire in [
            b"".as_slice(),
            b".",
            b".\r",
            b"a\r\n",
            b"a\r\n.",
            b"a\r\n.\r",
            b"a\r\n.\n",
        ] {
            assert_eq!(unstuff(&[wire]), None, "{}", wire.escape_ascii());
        }
    }

    /// Lines that are likely to go wrong: dots, bare CR and LF, nothing, 8-bit.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            3 => Just(b'.'), 2 => Just(b'\r'), 2 => Just(b'\n'), 1 => Just(b'a'), 1 => any::<u8>(),
        ];
        prop::collection::vec(byte, 0..12)
            .prop_filter("a line holds no CRLF and ends in no CR", |line| {
                !line.windows(2).any(|pair| pair == b"\r\n") && !line.ends_with(b"\r")
            })
    }

    proptest! {
        #[test]
        fn any_split_of_any_message_equals_the_whole(
            lines in prop::collection::vec(line(), 0..8),
            cuts in prop::collection::vec(0..200_usize, 0..10),
            rest in prop::collection::vec(any::<u8>(), 0..5),
        ) {
            let mut wire = stuff(&lines);
            wire.extend_from_slice(&rest);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % (wire.len() + 1)).collect();
            cuts.extend([0, wire.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &wire[cut[0]..cut[1]]).collect();
            let expected: Vec<u8> = lines.iter().flat_map(|line| [line.as_slice(), b"\r\n"].concat()).collect();
            prop_assert_eq!(unstuff(&chunks), Some((expected, rest)));
        }

        #[test]
        fn byte_by_byte_equals_at_once_whatever_the_bytes(wire in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes: Vec<&[u8]> = wire.chunks(1).collect();
            prop_assert_eq!(unstuff(&bytes), unstuff(&[&wire]));
        }
    }
}
