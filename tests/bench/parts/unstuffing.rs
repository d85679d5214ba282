//! Content found in what a server sends, chunk by chunk as a connection feeds it.

use std::sync::LazyLock;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use popfetch::pop3::{Piece, Unstuffer};

use super::corpus::{self, Noise};

/// What a connection's buffer holds.
const CHUNK: usize = 64 * 1024;

/// A message's size.
const OCTETS: usize = 1 << 20;

static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| wire(&corpus::text(&mut Noise::new(1), OCTETS)));
static BASE64: LazyLock<Vec<u8>> =
    LazyLock::new(|| wire(&corpus::base64(&mut Noise::new(2), OCTETS)));

/// The content as a server sends it (RFC 1939 §3): CRLF, dots doubled, a dot at the end.
pub(crate) fn wire(content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(content.len() * 21 / 20);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[divan::bench]
fn text(bencher: Bencher<'_, '_>) {
    measure(bencher, &TEXT);
}

#[divan::bench]
fn base64(bencher: Bencher<'_, '_>) {
    measure(bencher, &BASE64);
}

fn measure(bencher: Bencher<'_, '_>, wire: &[u8]) {
    bencher
        .counter(BytesCount::of_slice(wire))
        .bench(|| unstuff(black_box(wire)));
}

/// The octets of content in a whole message. What a chunk leaves over is the start of the next one.
fn unstuff(wire: &[u8]) -> usize {
    let (mut unstuffer, mut octets, mut at) = (Unstuffer::new(), 0, 0);
    loop {
        let end = wire.len().min(at + CHUNK);
        let mut input = &wire[at..end];
        loop {
            match unstuffer.next(input) {
                Piece::Content { skip, len } => {
                    let (content, rest) = input[skip..].split_at(len);
                    octets += black_box(content).len();
                    input = rest;
                }
                Piece::End => return octets,
                Piece::Incomplete => break,
            }
        }
        at = end - input.len();
    }
}
