//! Mail that is the same in each run and on each machine, as it lies in a store: lines end with LF.
//!
//! It owns what the benchmarks hold to be realistic mail: lines of words, a few that begin with a dot or like a From_
//! line, 8-bit text, attachments in base64. It refuses to know where the mail goes.

/// An endless row of numbers that look like chance and are not: xorshift (Marsaglia 2003).
pub(crate) struct Noise(u32);

impl Noise {
    /// The row that belongs to this seed.
    pub(crate) fn new(seed: u32) -> Self {
        // 0 would give nothing but 0.
        Self(seed.wrapping_mul(0x9E37_79B9) | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }
}

const WORDS: [&str; 24] = [
    "report", "meeting", "budget", "please", "find", "attached", "the", "minutes", "of", "last",
    "week", "review", "schedule", "invoice", "number", "order", "shipped", "tracking", "thanks",
    "regards", "to", "we", "Grüße", "naïve",
];

/// What a line may begin with, one in so many.
const BEGINNINGS: [(usize, &str); 3] = [(50, "."), (100, "From "), (200, ">From ")];

/// The longest line of text or base64.
const COLUMNS: usize = 76;

/// At least so many octets of text.
pub(crate) fn text(noise: &mut Noise, octets: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(octets + COLUMNS + 1);
    while text.len() < octets {
        let start = text.len();
        for (rarity, beginning) in BEGINNINGS {
            if noise.below(rarity) == 0 {
                text.extend_from_slice(beginning.as_bytes());
            }
        }
        // Paragraphs end with a short line and an empty one.
        let columns = if noise.below(12) == 0 { 20 } else { COLUMNS };
        loop {
            let word = WORDS[noise.below(WORDS.len())];
            if text.len() - start + word.len() > columns {
                break;
            }
            text.extend_from_slice(word.as_bytes());
            text.push(b' ');
        }
        text.pop();
        text.extend_from_slice(if columns < COLUMNS { b"\n\n" } else { b"\n" });
    }
    text
}

/// At least so many octets of an attachment in base64.
pub(crate) fn base64(noise: &mut Noise, octets: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut lines = Vec::with_capacity(octets + COLUMNS + 1);
    while lines.len() < octets {
        for _ in 0..COLUMNS / 4 {
            let mut bits = noise.next();
            for _ in 0..4 {
                lines.push(ALPHABET[bits as usize % ALPHABET.len()]);
                bits >>= 6;
            }
        }
        lines.push(b'\n');
    }
    lines
}

/// A message of at least so many octets; a large one is a short text with an attachment.
pub(crate) fn message(noise: &mut Noise, number: usize, octets: usize) -> Vec<u8> {
    const ATTACHMENT: usize = 20_000;
    let mut message = format!(
        "Return-Path: <sender{number}@example.net>\n\
         Received: from mx{}.example.net (mx{}.example.net [192.0.2.1])\n\
         \tby mail.example.org with ESMTPS id {:08x};\n\
         \tMon, 1 Sep 2025 08:00:00 +0000\n\
         From: Sender {number} <sender{number}@example.net>\n\
         To: me@example.org\n\
         Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {number}\n\
         Date: Mon, 1 Sep 2025 08:00:00 +0000\n\
         Message-ID: <{number}.{:08x}@example.net>\n\
         MIME-Version: 1.0\n",
        number % 9,
        number % 9,
        noise.next(),
        noise.next(),
    )
    .into_bytes();
    let plain = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";
    if octets < ATTACHMENT {
        message.extend_from_slice(plain);
        let rest = octets.saturating_sub(message.len());
        message.append(&mut text(noise, rest));
        return message;
    }
    message.extend_from_slice(b"Content-Type: multipart/mixed; boundary=\"=_b\"\n\n--=_b\n");
    message.extend_from_slice(plain);
    message.append(&mut text(noise, 2_000));
    message.extend_from_slice(
        b"--=_b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n",
    );
    let rest = octets.saturating_sub(message.len());
    message.append(&mut base64(noise, rest));
    message.extend_from_slice(b"--=_b--\n");
    message
}
