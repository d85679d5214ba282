//! Messages on their way: their bytes, refusals among them, and how many commands are in flight.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use popfetch::mail::MessageNumber;
use popfetch::pop3::{Ahead, Connection, Error, Mechanism, Retrieved, Session};

use crate::session::{LOGIN, ann, by, log_in, number, read, session};

/// What came of each message: its content, or the server's refusal.
type Answers = Vec<(MessageNumber, Result<Vec<u8>, String>)>;

/// Retrieves all messages up to this number, each to its end.
pub(crate) fn retrieve<S: Read + Write>(
    session: &mut Session<S>,
    last: u32,
    answers: &mut Answers,
) -> Result<(), Error> {
    let mut retrieval = session.retrieve((1..=last).map(number));
    while let Some(retrieved) = retrieval.next()? {
        answers.push(match retrieved {
            Retrieved::Message(number, body) => (number, Ok(read(body)?)),
            Retrieved::Refused(number, reply) => (number, Err(reply.to_string())),
        });
    }
    Ok(())
}

/// The content of the one message that a server sends as these lines of a transcript.
fn content(lines: &str) -> Vec<u8> {
    let (mut session, check) = session(&format!("C: RETR 1\n{lines}\nC: NOOP\nS: +OK"));
    let mut answers = Answers::new();
    retrieve(&mut session, 1, &mut answers).unwrap();
    session.noop().unwrap();
    check.finished();
    let (_, content) = answers.pop().unwrap();
    content.unwrap()
}

#[test]
fn an_empty_message_is_a_message() {
    assert_eq!(content("S: +OK\nS: ."), b"");
    assert_eq!(content("DRIP\nS: +OK 0 octets\nS: ."), b"");
    assert_eq!(content("S: +OK\nS-RAW: \"\\r\\n\"\nS: ."), b"\r\n");
}

#[test]
fn content_is_unstuffed_and_otherwise_as_it_was_sent() {
    for (wire, expected) in [
        ("..\\r\\n", b".\r\n".as_slice()),
        ("...\\r\\n....\\r\\n", b"..\r\n...\r\n"),
        (".text\\r\\n..text\\r\\n", b"text\r\n.text\r\n"),
        ("a.\\r\\n. \\r\\n", b"a.\r\n \r\n"),
        // Only CRLF ends a line (RFC 1939 §3), so these hold a dot within a line and not an end.
        ("a\\n.\\r\\nb\\r\\n", b"a\n.\r\nb\r\n"),
        ("a\\r.\\r\\nb\\r\\n", b"a\r.\r\nb\r\n"),
        ("a\\n.\\nb\\r\\n", b"a\n.\nb\r\n"),
        ("a\\r\\n.\\nb\\r\\n", b"a\r\n\nb\r\n"),
        ("a\\r\\r\\n", b"a\r\r\n"),
        ("\\x00\\xff\\xfe\\x1b\\r\\n", b"\0\xff\xfe\x1b\r\n"),
        (
            "+OK 3 octets\\r\\n-ERR no\\r\\n",
            b"+OK 3 octets\r\n-ERR no\r\n",
        ),
    ] {
        for drip in ["", "DRIP\n"] {
            let lines = format!("{drip}S: +OK\nS-RAW: \"{wire}\"\nS: .");
            assert_eq!(content(&lines), expected, "{drip}{wire}");
        }
    }
}

#[test]
fn a_message_may_be_split_anywhere() {
    // A read takes all that is there, so only behind DRIP it is sure to end at the split.
    let wire = b"+OK\r\na\r\n..b\r\n\n.\r\nc\r\n.\r\n";
    for at in 0..wire.len() {
        let (head, tail) = (wire[..at].escape_ascii(), wire[at..].escape_ascii());
        let lines = format!("S-RAW: \"{head}\"\nDRIP\nS-RAW: \"{tail}\"");
        assert_eq!(content(&lines), b"a\r\n.b\r\n\n.\r\nc\r\n", "split at {at}");
    }
}

#[test]
fn a_line_may_be_longer_than_any_buffer() {
    let line = "x".repeat(1_000_000);
    let lines = format!("S: +OK\nS: {line}\nS: .");
    assert_eq!(content(&lines), format!("{line}\r\n").into_bytes());
}

#[test]
fn a_refusal_within_a_window_leaves_its_neighbours_alone() {
    let text = format!(
        "{LOGIN}C: RETR 1
        C: RETR 2
        C: RETR 3
        C: RETR 4
        S: +OK
        S: one
        S: .
        S: -ERR [SYS/TEMP] locked
        S: +OK
        S: .
        S: -ERR
        C: STAT
        C: DELE 1
        C: DELE 2
        C: DELE 3
        S: +OK 4 9
        S: +OK
        S: -ERR no such message
        S: +OK
        C: QUIT
        S: +OK"
    );
    let (session, check) = log_in(&text, Ahead::Session);
    let mut session = session.unwrap();
    let mut answers = Answers::new();
    retrieve(&mut session, 4, &mut answers).unwrap();
    let expected = [
        Ok(b"one\r\n".to_vec()),
        Err("-ERR [SYS/TEMP] locked".to_owned()),
        Ok(Vec::new()),
        Err("-ERR".to_owned()),
    ];
    assert_eq!(answers, numbered(expected));
    let mut deleted = Vec::new();
    session
        .delete([1, 2, 3].map(number), |_, reply| {
            deleted.push(reply.positive);
        })
        .unwrap();
    assert_eq!(deleted, [true, false, true]);
    session.quit().unwrap();
    check.finished();
}

fn numbered<const N: usize>(contents: [Result<Vec<u8>, String>; N]) -> Answers {
    (1..).map(number).zip(contents).collect()
}

#[test]
fn without_pipelining_each_command_waits_for_the_reply_before_it() {
    let (mut session, check) = session(
        "C: RETR 1
        S: +OK
        S: one
        S: .
        C: RETR 2
        S: -ERR
        C: RETR 3
        S: +OK
        S: three
        S: .
        C: STAT
        S: +OK 3 9
        C: DELE 1
        S: +OK
        C: DELE 2
        S: +OK",
    );
    let mut answers = Answers::new();
    retrieve(&mut session, 3, &mut answers).unwrap();
    assert_eq!(answers.len(), 3);
    session.delete([1, 2].map(number), |_, _| {}).unwrap();
    check.finished();
}

#[test]
fn what_is_left_of_a_message_is_read_past() {
    let (mut session, check) = session(
        "C: RETR 1
        S: +OK
        S: one
        S: +OK not a reply
        S: .
        C: RETR 2
        S: +OK
        S: two
        S: .
        C: TOP 2 1
        S: +OK
        S: never looked at
        S: .
        C: STAT
        S: +OK 2 10",
    );
    let mut retrieval = session.retrieve([1, 2].map(number));
    // Not looked at.
    assert!(matches!(
        retrieval.next().unwrap(),
        Some(Retrieved::Message(..))
    ));
    let Some(Retrieved::Message(which, mut body)) = retrieval.next().unwrap() else {
        panic!("the message was given");
    };
    assert_eq!(which, number(2));
    // Begun and not read to its end.
    assert!(body.chunk().unwrap().is_some());
    assert!(retrieval.next().unwrap().is_none());
    drop(retrieval);
    session.top(number(2), 1).unwrap();
    assert_eq!(session.stat().unwrap().0, 2);
    check.finished();
}

#[test]
fn replies_that_were_not_waited_for_are_never_the_next_commands() {
    let text = format!("{LOGIN}C: RETR 1\nC: RETR 2\nS: +OK\nS: one\nS: .\nS: +OK\nS: two\nS: .");
    let (session, _) = log_in(&text, Ahead::Session);
    let mut session = session.unwrap();
    let mut retrieval = session.retrieve([1, 2].map(number));
    retrieval.next().unwrap();
    drop(retrieval);
    assert!(matches!(session.stat(), Err(Error::Abandoned { .. })));
    assert!(matches!(session.quit(), Err(Error::Abandoned { .. })));
}

/// A server in memory that knows how many commands wait for it. A read gives one reply.
#[derive(Default)]
struct Meter {
    asked: VecDeque<String>,
    unfinished: Vec<u8>,
    reply: VecDeque<u8>,
    /// The most commands that waited, and the octets of them.
    most: (usize, usize),
    /// Commands that were sent while others still waited.
    refilled: usize,
}

impl Read for &mut Meter {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.reply.is_empty() {
            let command = self.asked.pop_front().expect("a reply is owed");
            let reply = match command.split_once(' ') {
                Some(("RETR", number)) => format!("+OK\r\nmessage {number}\r\n.\r\n"),
                _ if command == "STAT" => format!("+OK {METERED} 1\r\n"),
                _ => "+OK\r\n".to_owned(),
            };
            self.reply = reply.into_bytes().into();
        }
        self.reply.read(buffer)
    }
}

impl Write for &mut Meter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let waiting = self.asked.len();
        self.unfinished.extend_from_slice(bytes);
        while let Some(end) = self.unfinished.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.unfinished.drain(..=end).collect();
            self.asked
                .push_back(String::from_utf8(line).unwrap().trim_end().to_owned());
        }
        if waiting > 0 {
            self.refilled += self.asked.len() - waiting;
        }
        let octets = self.asked.iter().map(|command| command.len() + 2).sum();
        self.most = self.most.max((self.asked.len(), octets));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many messages a metered session retrieves and deletes.
const METERED: u32 = 10_000;

/// Retrieves and deletes many messages in a session of its own, and tells how it was asked for them.
fn metered(ahead: Ahead) -> Meter {
    let mut meter = Meter::default();
    meter.asked.push_back("the greeting".to_owned());
    let mut session = Connection::greet(&mut meter)
        .unwrap()
        .login(&by(&ann(), Mechanism::UserPass), ahead)
        .unwrap();
    let mut answers = Answers::new();
    retrieve(&mut session, METERED, &mut answers).unwrap();
    assert_eq!(answers.len(), METERED as usize);
    for (number, content) in answers {
        assert_eq!(content, Ok(format!("message {number}\r\n").into_bytes()));
    }
    let mut deleted = 0;
    session
        .delete((1..=METERED).map(number), |_, _| deleted += 1)
        .unwrap();
    assert_eq!(deleted, METERED);
    drop(session);
    meter
}

#[test]
fn a_window_is_bounded_and_refilled_before_it_is_empty() {
    let meter = metered(Ahead::Session);
    let (commands, octets) = meter.most;
    // It fits into the send buffer that the connection asks for.
    assert!(commands > 2000 && octets <= 32 * 1024, "{:?}", meter.most);
    assert!(meter.refilled > METERED as usize, "{}", meter.refilled);
    assert!(meter.asked.is_empty());
}

#[test]
fn a_server_that_does_not_pipeline_is_never_sent_two_commands() {
    let meter = metered(Ahead::Nothing);
    assert_eq!((meter.most.0, meter.refilled), (1, 0));
}
