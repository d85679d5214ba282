//! A staged message as it goes over the wire: CRLF line ends, dots doubled, a lone dot at the end.
//!
//! It refuses to know who reads it. Invariants: memory does not grow with the message's size; the result does not depend
//! on how the input was split; an LF is a line end and anything else, a lone CR among it, stays what it is.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use memchr::{memchr, memchr_iter};

use super::super::error::Error;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// What has to be said of a message before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// Its octets with CRLF line ends, without doubled dots and the last one (RFC 1870 §3).
    pub(super) octets: u64,
    /// Whether any octet is beyond ASCII (RFC 6152).
    pub(super) eight_bit: bool,
}

/// Reads the file from its start to its end, to measure it, and goes back to the start.
pub(super) fn measure(file: &mut File, path: &Path) -> Result<Measure, Error> {
    let mut measure = Measure::default();
    let mut at_line_start = true;
    file.rewind().map_err(Error::read(path))?;
    each_chunk(file, path, |chunk| {
        let line_ends = memchr_iter(b'\n', chunk).count();
        measure.octets += (chunk.len() + line_ends) as u64;
        measure.eight_bit |= !chunk.is_ascii();
        at_line_start = chunk.ends_with(b"\n");
        Ok(())
    })?;
    if !at_line_start {
        measure.octets += 2;
    }
    file.rewind().map_err(Error::read(path))?;
    Ok(measure)
}

/// Gives the rest of the file, chunk by chunk.
pub(super) fn each_chunk(
    file: &mut File,
    path: &Path,
    mut give: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => give(&chunk[..length])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::read(path)(e)),
        }
    }
}

/// Turns a stored message into what follows DATA.
#[derive(Debug, Default)]
pub(super) struct Stuffer {
    /// The last input ended within a line.
    in_line: bool,
}

impl Stuffer {
    /// Appends the converted input to `output`.
    pub(super) fn convert(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        while !input.is_empty() {
            // RFC 5321 §4.5.2: a line that begins with a dot gets one more.
            if !self.in_line && input[0] == b'.' {
                output.push(b'.');
            }
            let Some(at) = memchr(b'\n', input) else {
                output.extend_from_slice(input);
                self.in_line = true;
                return;
            };
            output.extend_from_slice(&input[..at]);
            output.extend_from_slice(b"\r\n");
            self.in_line = false;
            input = &input[at + 1..];
        }
    }

    /// Appends the end of the message; a last line that has no end gets one (RFC 5321 §4.1.1.4).
    pub(super) fn finish(self, output: &mut Vec<u8>) {
        if self.in_line {
            output.extend_from_slice(b"\r\n");
        }
        output.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn wire(chunks: &[&[u8]]) -> Vec<u8> {
        let (mut stuffer, mut output) = (Stuffer::default(), Vec::new());
        for chunk in chunks {
            stuffer.convert(chunk, &mut output);
        }
        stuffer.finish(&mut output);
        output
    }

    fn measured(content: &[u8]) -> Measure {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        let measure = measure(&mut file, Path::new("message")).unwrap();
        assert_eq!(file.stream_position().unwrap(), 0);
        measure
    }

    #[test]
    fn lines_end_in_crlf_and_dots_are_doubled() {
        assert_eq!(
            wire(&[b"A: b\n\n.\n..c\nd.\n"]),
            b"A: b\r\n\r\n..\r\n...c\r\nd.\r\n.\r\n"
        );
        assert_eq!(wire(&[b""]), b".\r\n");
        assert_eq!(wire(&[b"no end"]), b"no end\r\n.\r\n");
    }

    #[test]
    fn a_lone_cr_is_content() {
        assert_eq!(wire(&[b"a\rb\r\n\r.\n"]), b"a\rb\r\r\n\r.\r\n.\r\n");
    }

    #[test]
    fn a_message_is_measured_as_it_is_on_the_wire() {
        let octets = |content: &[u8]| measured(content).octets;
        assert_eq!(octets(b""), 0);
        assert_eq!(octets(b"a\n.\n"), 6);
        assert_eq!(octets(b"a\nb"), 6);
        assert!(measured("ä\n".as_bytes()).eight_bit);
        assert!(!measured(b"a\n").eight_bit);
    }

    proptest! {
        #[test]
        fn any_content_ends_once_and_comes_back_whole(
            content in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'.'), Just(b'\r'), any::<u8>()], 0..200),
            split in 0_usize..200,
        ) {
            let (first, second) = content.split_at(split.min(content.len()));
            let sent = wire(&[first, second]);
            prop_assert_eq!(&sent, &wire(&[&content]));
            let at_end = sent.strip_suffix(b".\r\n").unwrap();
            let mut back = Vec::new();
            for line in at_end.split_inclusive(|&byte| byte == b'\n') {
                let line = line.strip_suffix(b"\r\n").unwrap();
                prop_assert_ne!(line, b".");
                back.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
                back.push(b'\n');
            }
            if !content.is_empty() && !content.ends_with(b"\n") {
                prop_assert_eq!(back.pop(), Some(b'\n'));
            }
            prop_assert_eq!(back, content);
        }
    }
}
