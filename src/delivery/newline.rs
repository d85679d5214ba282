//! Turns the line ends of the network into those of the store, while a message streams by.
//!
//! Invariants: only CRLF is changed; a lone CR or LF is content (RFC 1939 knows no other line end), and the result does
//! not depend on how the input was split.

use memchr::memchr;

/// Turns CRLF into LF.
#[derive(Debug, Default)]
pub(super) struct ToLf {
    /// The last input ended in a CR, which is not written yet.
    held_cr: bool,
}

impl ToLf {
    /// Appends the converted input to `output`.
    pub(super) fn convert(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        if input.is_empty() {
            return;
        }
        if std::mem::take(&mut self.held_cr) && input[0] != b'\n' {
            output.push(b'\r');
        }
        while let Some(at) = memchr(b'\r', input) {
            let (before, from_cr) = input.split_at(at);
            output.extend_from_slice(before);
            input = &from_cr[1..];
            match input.first() {
                Some(b'\n') => {}
                Some(_) => output.push(b'\r'),
                None => self.held_cr = true,
            }
        }
        output.extend_from_slice(input);
    }

    /// Appends what was held back at the end of the message, and is ready for the next one.
    pub(super) fn finish(&mut self, output: &mut Vec<u8>) {
        if std::mem::take(&mut self.held_cr) {
            output.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn converted(chunks: &[&[u8]]) -> Vec<u8> {
        let (mut converter, mut output) = (ToLf::default(), Vec::new());
        for chunk in chunks {
            converter.convert(chunk, &mut output);
        }
        converter.finish(&mut output);
        output
    }

    #[test]
    fn only_crlf_is_changed() {
        assert_eq!(converted(&[b"a\r\nb\nc\rd\r\r\n\r"]), b"a\nb\nc\rd\r\n\r");
        assert_eq!(converted(&[b"a\r", b"", b"\nb\r", b"c"]), b"a\nb\rc");
    }

    proptest! {
        #[test]
        fn any_split_equals_the_whole(
            input in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a')], 0..40),
            size in 1..8_usize,
        ) {
            let chunks: Vec<&[u8]> = input.chunks(size).collect();
            let expected = String::from_utf8(input.clone()).unwrap().replace("\r\n", "\n");
            prop_assert_eq!(converted(&chunks), expected.as_bytes());
        }
    }
}
