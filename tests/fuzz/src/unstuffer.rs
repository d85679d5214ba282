//! The end of a message and its dots, compared with what RFC 1939 §3 says of lines.

use popfetch::pop3::{Piece, Unstuffer};

/// Any octets in any pieces give the content that reading line by line gives, and leave the same behind. The first octet
/// says how long the pieces are.
pub fn agrees(input: &[u8]) {
    let Some((how, wire)) = input.split_first() else {
        return;
    };
    let expected = by_lines(wire);
    for length in [usize::from(*how) % 7 + 1, wire.len().max(1)] {
        assert_eq!(in_pieces(wire, length), expected, "pieces of {length}");
    }
}

/// The content and what follows its end, as popfetch reads it.
fn in_pieces(wire: &[u8], length: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut unstuffer, mut waiting, mut content) = (Unstuffer::new(), Vec::new(), Vec::new());
    let mut pieces = wire.chunks(length);
    loop {
        match unstuffer.next(&waiting) {
            Piece::Content { skip, len } => {
                assert!(skip <= 1 && skip + len > 0, "{skip} {len}");
                content.extend_from_slice(&waiting[skip..skip + len]);
                waiting.drain(..skip + len);
            }
            Piece::End => {
                waiting.drain(..Unstuffer::TERMINATOR);
                waiting.extend(pieces.flatten());
                return Some((content, waiting));
            }
            Piece::Incomplete => {
                assert!(waiting.len() <= 3, "{} octets are held back", waiting.len());
                waiting.extend_from_slice(pieces.next()?);
            }
        }
    }
}

/// The same, the slow way; `None` if there is no end.
pub(crate) fn by_lines(wire: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut rest, mut content) = (wire, Vec::new());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")? + 2;
        let (line, after) = rest.split_at(end);
        match line {
            b".\r\n" => return Some((content, after.to_vec())),
            [b'.', line @ ..] | line => content.extend_from_slice(line),
        }
        rest = after;
    }
}
