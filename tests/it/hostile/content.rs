//! What may be in a message: all of it arrives, whole and unchanged, wherever its way is cut in pieces.
//!
//! It refuses to know what else a server may get wrong: here each reply is one, if an odd one.

use std::iter;

use super::case::{Case, Store, Way, letter, stored};
use super::trial::try_all;
use crate::support::maildrop::Message;
use crate::support::options::{Act, Fault};

/// The room for what arrives: whatever is as large may lie across its edge.
const BUFFER: usize = 64 * 1024;

/// Contents that could be taken for something else, by name.
fn odd() -> Vec<(String, Vec<u8>)> {
    let of = |name: &str, content: &[u8]| (name.to_owned(), content.to_vec());
    let mut all = vec![
        of("nothing", b""),
        of("an empty line", b"\r\n"),
        of("empty lines", b"\r\n\r\n\r\n"),
        of("one dot", b".\r\n"),
        of("lines of one dot", b".\r\n.\r\n.\r\n"),
        of("lines of dots", b"..\r\n...\r\n....\r\n.\r\n"),
        of("dots before words", b".a\r\n..b\r\n...c\r\n"),
        of("dots behind words", b"a.\r\nb..\r\n c .\r\n"),
        of("a dot and a space", b". \r\n .\r\n"),
        of("a dot at the end without a line's end", b"a\r\n."),
        of("dots at the end without a line's end", b"a\r\n.."),
        of("no line's end", b"a"),
        of("no line's end behind lines", b"a\r\nb"),
        of("LF dot CRLF", b"a\n.\r\nb\r\n"),
        of("LF dot LF", b"a\n.\nb\r\n"),
        of("CR dot CRLF", b"a\r.\r\nb\r\n"),
        of("CR dot CR", b"a\r.\rb\r\n"),
        of("CRLF dot LF", b"a\r\n.\nb\r\n"),
        of("CRLF dot CR", b"a\r\n.\rb\r\n"),
        of("CRLF dot CR CRLF", b"a\r\n.\r\r\nb\r\n"),
        of("LF CRLF", b"a\n\r\n.\r\nb\r\n"),
        of("CR CRLF", b"a\r\r\n.\r\nb\r\n"),
        of("LF LF", b"a\n\n.\r\nb\r\n"),
        of("CRLF LF", b"a\r\n\n.\r\nb\r\n"),
        of("CRLF CR dot", b"a\r\n\r.\r\nb\r\n"),
        of("LF at the beginning", b"\n.\r\na\r\n"),
        of("CR at the beginning", b"\r.\r\na\r\n"),
        of("LF at the end", b"a\n"),
        of("CR at the end", b"a\r"),
        of("NUL", b"a\0b\r\n\0\r\n.\0\r\n"),
        of("each byte", &(0..=255).collect::<Vec<u8>>()),
        of("8-bit", b"Gr\xfc\xdfe \xff\xfe\x80\r\n"),
        of(
            "a forged second message",
            b"a\n.\r\n+OK\r\nSubject: forged\r\n\r\nx\r\n",
        ),
        of("replies", b"+OK\r\n-ERR\r\n+OK 2 320\r\n+\r\n"),
        of(
            "a whole session",
            b"QUIT\r\n.\r\n+OK bye\r\n.\r\n+OK\r\n1 uid\r\n.\r\n",
        ),
        of(
            "From lines",
            b"From a\r\n>From b\r\n\r\nFrom c Mon Jan  1 00:00:00 2024\r\n\r\n",
        ),
    ];
    // Letters of the beginning come before it, and a header of its own.
    let headed = all.iter_mut().skip(1);
    for (name, content) in headed {
        *content = [format!("Subject: {name}\r\n\r\n").as_bytes(), content].concat();
    }
    all
}

/// A content between two letters.
fn between(name: String, content: impl AsRef<[u8]>) -> Case {
    Case::new(name).mail([letter(0), Message::new("odd", content), letter(2)])
}

#[test]
fn any_content_arrives_unchanged_in_a_maildir_and_in_an_mbox() {
    let cases = odd().into_iter().flat_map(|(name, content)| {
        let [maildir, mbox] = [Store::Maildir, Store::Mbox]
            .map(|into| between(format!("{name} in {into:?}"), &content).into(into));
        [maildir.by(Way::Implicit), mbox]
    });
    try_all("content", cases.collect());
}

#[test]
fn any_content_arrives_unchanged_byte_by_byte() {
    let cases = odd().into_iter().map(|(name, content)| {
        let each = between(format!("{name} byte by byte"), content);
        each.fault(Fault::OneByteAtATime).by(Way::Implicit)
    });
    try_all("content byte by byte", cases.collect());
}

#[test]
fn a_message_of_any_size_arrives_whole_at_the_edges_of_what_is_read_at_once() {
    let edges = [512, 4096, 8192, 16 * 1024, BUFFER, 2 * BUFFER];
    let sizes = edges.into_iter().flat_map(|edge| edge - 4..=edge + 4);
    let of_size = |size: usize| {
        let head = format!("Subject: {size}\r\n\r\n");
        let filled = size - head.len() - 2;
        let body: Vec<u8> = b".x\r\n".iter().copied().cycle().take(filled).collect();
        Message::new(
            format!("size-{size}"),
            [head.as_bytes(), &body, b"\r\n"].concat(),
        )
    };
    let mail: Vec<Message> = (1..=9).map(letter).chain(sizes.map(of_size)).collect();
    let (clear, secure) = (
        Case::new("sizes"),
        Case::new("sizes under TLS").by(Way::Implicit),
    );
    let boxed = Case::new("sizes in an mbox").into(Store::Mbox);
    let slow = Case::new("sizes in turn")
        .in_turn()
        .lines("pipelining = false");
    let in_turn: Vec<&str> = ["CAPA", "USER", "PASS", "LIST", "UIDL"]
        .into_iter()
        .chain(iter::repeat_n("RETR", mail.len()))
        .chain(["QUIT"])
        .collect();
    let slow = slow.sent(&[&in_turn]);
    let cases = [clear, secure, boxed, slow].map(|case| case.mail(mail.clone()));
    try_all("content of each size", cases.into());
}

#[test]
fn a_reply_in_two_tls_records_is_the_same_wherever_it_is_split() {
    let content = b"Subject: x\r\n\r\n.\r\na\r\n..\r\n";
    // The reply: the status line, the content with three dots more, the terminator.
    let length = "+OK 23 octets\r\n".len() + content.len() + 2 + 3;
    let cases = (1..length).flat_map(|second| {
        [Way::Implicit, Way::Clear].map(|way| {
            let case = between(format!("split at -{second}, {way:?}"), content).by(way);
            case.at("RETR 2", Act::Split(second))
        })
    });
    let listings = ["GREETING", "CAPA", "USER", "PASS", "LIST", "UIDL", "QUIT"];
    let listings = listings.into_iter().flat_map(|command| {
        (1..=6).map(move |second| {
            let case = Case::new(format!("{command} split at -{second}")).by(Way::Implicit);
            case.at(command, Act::Split(second))
        })
    });
    try_all("replies split in two", cases.chain(listings).collect());
}

#[test]
fn a_line_of_20_megabytes_is_content() {
    let line = |from: &str| [from.as_bytes(), &vec![b'x'; 20 << 20], b"\r\n"].concat();
    let cases = ["Subject: long\r\n\r\n", "Subject: ", "..", "From "].map(|from| {
        let case = between(format!("{from:?} and 20 MB"), line(from));
        if from == "From " {
            case.into(Store::Mbox)
        } else {
            case
        }
    });
    try_all("lines of 20 MB", cases.into());
}

#[test]
fn a_stuffed_dot_that_is_not_is_read_as_the_rfc_has_it() {
    // Each body is sent as it is, with no dot doubled.
    let bodies: [(&str, &[u8], &[u8]); 6] = [
        ("a dot before LF", b"a\r\n.\nb\r\n", b"a\n\nb\n"),
        ("a dot before CR", b"a\r\n.\rb\r\n", b"a\n\rb\n"),
        ("a dot before a word", b".a\r\nb\r\n", b"a\nb\n"),
        ("a dot before a space", b". \r\nb\r\n", b" \nb\n"),
        ("LF dot CRLF", b"a\n.\r\nb\r\n", b"a\n.\nb\n"),
        (
            "dots that begin a line of LF",
            b"a\n..\r\nb\r\n",
            b"a\n..\nb\n",
        ),
    ];
    let cases = bodies.map(|(name, wire, content)| {
        let head = b"Subject: unstuffed\r\n\r\n";
        let reply = [b"+OK\r\n", &head[..], wire, b".\r\n"].concat();
        let expected = [b"Subject: unstuffed\n\n", content].concat();
        // Of the message that the server has, nothing is seen while it is well later: it has the same uid.
        let is = [&head[..], content.escape_ascii().to_string().as_bytes()].concat();
        let undoubled = wire.starts_with(b".") || wire.windows(3).any(|it| it == b"\r\n.");
        let size = head.len() + wire.len() - usize::from(undoubled);
        let is = Message {
            claimed: Some(size as u64),
            ..Message::new("uid-1", is)
        };
        Case::new(name)
            .mail([letter(0), is, letter(2)])
            .says_to("RETR 2", reply)
            .keeps([stored([0, 2]), vec![expected]].concat())
    });
    try_all("dots that are not doubled", cases.into());
}
