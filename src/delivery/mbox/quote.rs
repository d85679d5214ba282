//! The quoting of an mbox, "mboxrd": a line of a message that would read as a From_ line, whether quoted already or not,
//! gets one more `>`, so that it can be taken away again.
//!
//! Invariants: the result does not depend on how the input was split; memory does not grow with a line's length.

use memchr::memchr;

/// What begins a message in an mbox, at the start of a line.
pub(super) const FROM: &[u8] = b"From ";

/// Quotes a message that streams by.
#[derive(Debug)]
pub(super) struct Quoter {
    /// How many bytes of [`FROM`] were seen behind a line's start and its `>`s, and not passed on yet; nothing within a
    /// line that cannot become one any more.
    seen: Option<usize>,
}

impl Quoter {
    pub(super) fn new() -> Self {
        Self { seen: Some(0) }
    }

    /// Passes the quoted input on to `sink`.
    pub(super) fn quote<E>(
        &mut self,
        input: &[u8],
        sink: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        // What lies before `passed` was passed on, or is held as `seen`; the next byte to look at is at `at`.
        let (mut passed, mut at) = (0, 0);
        while let Some(&byte) = input.get(at) {
            match self.seen {
                Some(seen) if byte == FROM[seen] => {
                    at += 1;
                    if seen + 1 < FROM.len() {
                        self.seen = Some(seen + 1);
                        continue;
                    }
                    // The line is one: all but what stands in this input was held.
                    let before = at.saturating_sub(FROM.len());
                    sink(&input[passed.min(before)..before])?;
                    sink(b">From ")?;
                    (passed, self.seen) = (at, None);
                }
                Some(0) if byte == b'>' => at += 1,
                Some(seen) => {
                    // It is none. What an earlier input ended with was held.
                    if let Some(held @ 1..) = seen.checked_sub(at) {
                        sink(&FROM[..held])?;
                    }
                    self.seen = None;
                }
                None => match memchr(b'\n', &input[at..]) {
                    Some(end) => {
                        at += end + 1;
                        self.seen = Some(0);
                    }
                    None => break,
                },
            }
        }
        let held = self.seen.unwrap_or(0).min(input.len());
        let end = input.len() - held;
        if passed < end {
            sink(&input[passed..end])?;
        }
        Ok(())
    }

    /// Passes on what was held back at the end of the message.
    pub(super) fn finish<E>(self, sink: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        match self.seen {
            Some(seen @ 1..) => sink(&FROM[..seen]),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn quoted(chunks: &[&[u8]]) -> Vec<u8> {
        let (mut quoter, mut output) = (Quoter::new(), Vec::new());
        let mut sink = |bytes: &[u8]| {
            output.extend_from_slice(bytes);
            Ok::<_, Infallible>(())
        };
        for chunk in chunks {
            quoter.quote(chunk, &mut sink).unwrap();
        }
        quoter.finish(&mut sink).unwrap();
        output
    }

    #[test]
    fn a_line_that_would_read_as_a_from_line_gets_a_mark() {
        assert_eq!(
            quoted(&[b"From a\n>From b\n>>From \nFrom\nfrom c\n From d\nx From e\n"]),
            b">From a\n>>From b\n>>>From \nFrom\nfrom c\n From d\nx From e\n"
        );
        assert_eq!(quoted(&[b"\n\nFrom "]), b"\n\n>From ");
        assert_eq!(quoted(&[b"\rFrom a\n\r\nFrom "]), b"\rFrom a\n\r\n>From ");
    }

    #[test]
    fn what_was_held_back_is_not_lost() {
        assert_eq!(
            quoted(&[b"Fr", b"om", b"a\nFro", b"m b\n>Fr"]),
            b"Froma\n>From b\n>Fr"
        );
        assert_eq!(
            quoted(&[b"F", b"F", b"\nF", b"r", b"om", b" "]),
            b"FF\n>From "
        );
        assert_eq!(quoted(&[b"Fro", b"", b"\n"]), b"Fro\n");
    }

    proptest! {
        #[test]
        fn any_split_equals_the_lines_quoted_one_by_one(
            words in prop::collection::vec(
                prop_oneof![Just("From "), Just("Fro"), Just("m "), Just(">"), Just("\n"), Just("F"), Just("x\r")],
                0..30,
            ),
            size in 1..8_usize,
        ) {
            let input = words.concat();
            let marked = |line: &str| {
                let from = line.trim_start_matches('>').starts_with("From ");
                [if from { ">" } else { "" }, line].concat()
            };
            let expected: Vec<String> = input.split_inclusive('\n').map(marked).collect();
            let chunks: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
            prop_assert_eq!(quoted(&chunks), expected.concat().into_bytes());
        }
    }
}
