//! What lies on a fake server: messages, each with its uid.
//!
//! It owns their bytes, as they travel (lines end in CRLF, nothing is dot-stuffed) and as a store on disk
//! should hold them afterwards. It refuses to know POP3. Samples are the same at each call: no clock, no chance.

use std::collections::HashSet;
use std::sync::Arc;

/// One message on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// What UIDL shows. It may be empty or somebody else's: that is the test's affair.
    pub(crate) uid: Vec<u8>,
    /// The message with CRLF line ends, not dot-stuffed.
    pub(crate) raw: Vec<u8>,
    /// What LIST says in place of the true size.
    pub(crate) claimed: Option<u64>,
}

/// A user's messages, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Maildrop {
    messages: Vec<Arc<Message>>,
}

impl Message {
    /// A message with this uid and these bytes, whose size LIST tells truly.
    pub(crate) fn new(uid: impl AsRef<[u8]>, raw: impl AsRef<[u8]>) -> Self {
        Self {
            uid: uid.as_ref().to_vec(),
            raw: raw.as_ref().to_vec(),
            claimed: None,
        }
    }

    /// The message as a Maildir should hold it: CRLF became LF, and the last line has its end.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let mut stored = Vec::with_capacity(self.raw.len());
        for &byte in &self.raw {
            if byte == b'\n' && stored.last() == Some(&b'\r') {
                stored.pop();
            }
            stored.push(byte);
        }
        if !self.raw.is_empty() && !self.raw.ends_with(b"\r\n") {
            stored.push(b'\n');
        }
        stored
    }
}

impl Maildrop {
    /// `count` messages of every kind, those after the first `skip` of their endless row. `name` tells one
    /// row from another: it is in each uid and each subject.
    pub(crate) fn sample(name: &str, skip: usize, count: usize) -> Self {
        (skip..skip + count)
            .map(|n| Message::new(format!("{name}-{n:05}"), sample(name, n)))
            .collect()
    }

    /// The messages, in order.
    pub(crate) fn messages(&self) -> &[Arc<Message>] {
        &self.messages
    }

    /// Puts a message behind the others.
    pub(crate) fn push(&mut self, message: Message) {
        self.messages.push(Arc::new(message));
    }

    /// Removes those of these messages that are still here.
    pub(crate) fn remove<'m>(&mut self, gone: impl Iterator<Item = &'m Arc<Message>>) {
        let gone: HashSet<_> = gone.map(Arc::as_ptr).collect();
        self.messages
            .retain(|message| !gone.contains(&Arc::as_ptr(message)));
    }

    /// The same messages in the same order, each under the uid that `rename` gives it for its place and the uid that
    /// it had.
    pub(crate) fn renumbered<U: AsRef<[u8]>>(
        &self,
        mut rename: impl FnMut(usize, &[u8]) -> U,
    ) -> Self {
        let renamed = self
            .messages
            .iter()
            .enumerate()
            .map(|(n, message)| Message {
                uid: rename(n, &message.uid).as_ref().to_vec(),
                ..Message::clone(message)
            });
        renamed.collect()
    }

    /// Each message as a Maildir should hold it, sorted by content.
    pub(crate) fn stored(&self) -> Vec<Vec<u8>> {
        let mut stored: Vec<_> = self
            .messages
            .iter()
            .map(|message| message.stored())
            .collect();
        stored.sort();
        stored
    }
}

impl Extend<Arc<Message>> for Maildrop {
    fn extend<I: IntoIterator<Item = Arc<Message>>>(&mut self, messages: I) {
        self.messages.extend(messages);
    }
}

impl FromIterator<Message> for Maildrop {
    fn from_iter<I: IntoIterator<Item = Message>>(messages: I) -> Self {
        Self {
            messages: messages.into_iter().map(Arc::new).collect(),
        }
    }
}

/// The `n`th message of the row: the kinds take turns, and number 17 alone is of several megabytes.
fn sample(name: &str, n: usize) -> Vec<u8> {
    let plain = "Content-Type: text/plain; charset=us-ascii";
    let (kind, header, body) = match n % 10 {
        _ if n == 17 => ("several megabytes", plain, lines(n, 3 << 20)),
        0 => ("plain", plain, lines(n, 1200)),
        1 => (
            "8-bit",
            "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit",
            b"Gr\xfc\xdfe aus K\xf6ln, and a stray \xff\xfe\x80.\r\n".repeat(1 + n % 7),
        ),
        2 => (
            "attachment",
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b\"",
            multipart(n),
        ),
        3 => (
            "leading dots",
            plain,
            b".\r\n..\r\n.hidden\r\n...three\r\ntext\r\n.\r\n".repeat(1 + n % 3),
        ),
        4 => (
            "From lines",
            plain,
            b"From here on\r\n>From there\r\n\r\nFrom me Mon Jan  1\r\n".to_vec(),
        ),
        5 => (
            "long line",
            plain,
            [vec![b'x'; 70_000 + n], b"\r\n".to_vec()].concat(),
        ),
        6 => ("empty body", plain, Vec::new()),
        7 => (
            "no end of line",
            plain,
            b"the last line has no end".to_vec(),
        ),
        8 => (
            "bare CR and LF",
            plain,
            b"a\rb\nc\n.\nd\r\r\n\n\r\ne\0f\r\n".to_vec(),
        ),
        _ => ("long", plain, lines(n, 9_000)),
    };
    let head = format!(
        "From: Sender {n} <sender-{n}@example.org>\r\nTo: {name}@example.org\r\nSubject: {kind}, {name} {n}\r\n\
         Date: Mon, 1 Jan 2024 {:02}:{:02}:00 +0000\r\nMessage-ID: <{n}.{name}@example.org>\r\n{header}\r\n\r\n",
        n / 60 % 24,
        n % 60,
    );
    [head.into_bytes(), body].concat()
}

/// At least `size` bytes in lines of up to 78 characters.
fn lines(n: usize, size: usize) -> Vec<u8> {
    const TEXT: &[u8; 78] =
        b"The quick brown fox jumps over the lazy dog, and then it does so another time.";
    let mut body = Vec::with_capacity(size + TEXT.len() + 2);
    let mut length = n;
    while body.len() < size {
        length = (length * 31 + 7) % (TEXT.len() + 1);
        body.extend_from_slice(&TEXT[..length]);
        body.extend_from_slice(b"\r\n");
    }
    body
}

/// A text and an attachment of noise in 76 columns.
fn multipart(n: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut body = b"--=_b\r\nContent-Type: text/plain\r\n\r\nSee the attachment.\r\n--=_b\r\n\
        Content-Type: application/octet-stream; name=\"noise.bin\"\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename=\"noise.bin\"\r\n\r\n"
        .to_vec();
    let mut noise = n;
    for _ in 0..100 + n % 100 {
        for _ in 0..76 {
            noise = (noise * 1_103 + 12_345) % 65_521;
            body.push(ALPHABET[noise % 64]);
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--=_b--\r\n");
    body
}
