//! Servers that break the protocol, fall silent or hang up: nothing after that is believed, and no message is half.

use std::fmt::Write as _;
use std::io::{self, Read, Write};

use popfetch::mail::MessageNumber;
use popfetch::pop3::{Ahead, Connection, Error, Mechanism, Session, Violation};

use crate::retrieval::retrieve;
use crate::session::{LOGIN, ann, by, log_in, number, read, session};
use crate::support::transcript::{Stream, Transcript};

/// How the server broke the protocol, and during what.
fn violation<T: std::fmt::Debug>(result: Result<T, Error>) -> (&'static str, Violation) {
    match result {
        Err(Error::Violation { during, violation }) => (during, violation),
        other => panic!("no violation: {other:?}"),
    }
}

/// Lines that are neither `+OK` nor `-ERR` (RFC 1939 §3).
const ODD: [&str; 10] = [
    "",
    "+",
    "+ok",
    "+OKAY",
    "-ERROR",
    "OK",
    " +OK",
    "* OK IMAP4rev1 ready",
    "220 mail.example.com ESMTP",
    "+ c2VuZCBtb3Jl",
];

#[test]
fn a_line_that_is_no_status_line_ends_the_session_wherever_it_comes() {
    type Ask = fn(&mut Session<Stream>) -> Result<(), Error>;
    let asks: [(&str, Ask); 8] = [
        ("STAT", |session| session.stat().map(drop)),
        ("LIST", |session| session.list().map(drop)),
        ("UIDL", |session| session.uidl().map(drop)),
        ("TOP 1 0", |session| session.top(number(1), 0).map(drop)),
        ("RETR 1", |session| retrieve(session, 1, &mut Vec::new())),
        ("DELE 1", |session| session.delete([number(1)], |_, _| {})),
        ("NOOP", Session::noop),
        ("RSET", Session::reset),
    ];
    for line in ODD {
        let odd = Violation::Status(line.to_owned());
        let greeting = Transcript::new(&format!("S: {line}")).0;
        let found = violation(Connection::greet(greeting));
        assert_eq!(found, ("the greeting", odd.clone()));

        for (sent, verb) in [("", "USER"), ("C: USER ann\nS: +OK\n", "PASS")] {
            let command = if verb == "USER" { "ann" } else { "two words" };
            let text = format!("S: +OK\n{sent}C: {verb} {command}\nS: {line}");
            let (refused, check) = log_in(&text, Ahead::Nothing);
            assert_eq!(violation(refused), (verb, odd.clone()));
            check.finished();
        }
        let (stream, check) = Transcript::new(&format!("S: +OK\nC: CAPA\nS: {line}"));
        let capabilities = Connection::greet(stream).unwrap().capabilities();
        assert_eq!(violation(capabilities), ("CAPA", odd.clone()));
        check.finished();

        for (command, ask) in asks {
            let before = if command == "DELE 1" {
                "C: STAT\nS: +OK 1 7\n"
            } else {
                ""
            };
            let (mut session, check) = session(&format!("{before}C: {command}\nS: {line}"));
            let verb = command.split(' ').next().unwrap();
            assert_eq!(violation(ask(&mut session)), (verb, odd.clone()));
            check.finished();
        }
        let (session, check) = session(&format!("C: QUIT\nS: {line}"));
        assert_eq!(violation(session.quit()), ("QUIT", odd));
        check.finished();
    }
}

#[test]
fn what_a_server_sent_is_shown_harmless_and_short() {
    let noise = "\\x1b[2J\\x07\\xff".repeat(1000);
    let (stream, _) = Transcript::new(&format!("S-RAW: \"{noise}\\r\\n\""));
    let error = Connection::greet(stream).unwrap_err().to_string();
    assert!(error.contains(r"\x1b[2J\x07\xff"), "{error}");
    assert!(error.is_ascii() && error.len() < 500, "{error}");
}

#[test]
fn the_reply_to_stat_is_two_numbers() {
    for text in [
        "+OK",
        "+OK 2",
        "+OK two 320",
        "+OK -1 5",
        "+OK 4294967296 1",
    ] {
        let (mut session, check) = session(&format!("C: STAT\nS: {text}"));
        let expected = Violation::Status(text.to_owned());
        assert_eq!(violation(session.stat()), ("STAT", expected));
        check.finished();
    }
}

#[test]
fn a_listing_with_a_line_that_is_none_is_not_believed() {
    let sizes = ["", "1", "0 5", "x 5", "1 x", "1 -5", "4294967296 5", "-1 5"];
    for line in sizes {
        let (mut session, _) = session(&format!("C: LIST\nS: +OK\nS: 1 7\nS: {line}\nS: ."));
        let expected = Violation::Listing(line.to_owned());
        assert_eq!(violation(session.list()), ("LIST", expected));
    }
    for line in ["", "0 a", "x a", "1a", "-1 a", "4294967296 a", "+OK"] {
        let (mut session, _) = session(&format!("C: UIDL\nS: +OK\nS: 1 a\nS: {line}\nS: ."));
        let expected = Violation::Listing(line.to_owned());
        assert_eq!(violation(session.uidl()), ("UIDL", expected));
    }
}

#[test]
fn a_line_without_end_is_given_up() {
    let endless = format!("S-RAW: \"{}\"", "a\\n".repeat(50_000));
    for text in ["", "S: +OK\n"] {
        let (mut session, _) = session(&format!("C: UIDL\n{text}{endless}"));
        let (during, found) = violation(session.uidl());
        assert_eq!(during, "UIDL");
        assert!(matches!(found, Violation::LineTooLong(_)), "{found}");
    }
    let (stream, _) = Transcript::new(&endless);
    let (_, found) = violation(Connection::greet(stream));
    assert!(matches!(found, Violation::LineTooLong(_)), "{found}");
}

/// A greeting, and then the same lines for ever.
struct Endless {
    greeting: &'static [u8],
    lines: Vec<u8>,
    at: usize,
}

impl Endless {
    fn new(line: &[u8]) -> Self {
        let (greeting, lines) = (b"+OK ready\r\n", line.repeat(1000));
        Self {
            greeting,
            lines,
            at: 0,
        }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.greeting.is_empty() {
            return self.greeting.read(buffer);
        }
        let read = (&self.lines[self.at..]).read(buffer)?;
        self.at = (self.at + read) % self.lines.len();
        Ok(read)
    }
}

impl Write for Endless {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_listing_without_end_is_given_up() {
    // Each line is a status line, and as good a line of CAPA as any.
    let mut connection = Connection::greet(Endless::new(b"+OK\r\n")).unwrap();
    let (during, found) = violation(connection.capabilities());
    assert_eq!(during, "CAPA");
    assert!(matches!(found, Violation::ListingTooLong(_)), "{found}");
}

#[test]
fn a_listing_of_long_lines_is_given_up_before_it_fills_the_memory() {
    let line = [b"+OK ".to_vec(), vec![b'A'; 8000], b"\r\n".to_vec()].concat();
    let mut connection = Connection::greet(Endless::new(&line)).unwrap();
    let (_, found) = violation(connection.capabilities());
    assert!(matches!(found, Violation::ListingTooLarge(_)), "{found}");
}

#[test]
fn what_comes_before_it_was_asked_for_ends_the_session() {
    // A reply too many, a line of noise, or half of one: whatever waits when a command is to be sent.
    for extra in [
        "S: +OK",
        "S: -ERR",
        "JUNK 40",
        "S-RAW: \"+\"",
        "S-RAW: \"\\r\\n\"",
    ] {
        let (refused, _) = log_in(&format!("S: +OK ready\n{extra}"), Ahead::Nothing);
        assert_eq!(violation(refused), ("USER", Violation::Unasked), "{extra}");

        let early = format!("S: +OK ready\nC: USER ann\nS: +OK\n{extra}");
        let (refused, _) = log_in(&early, Ahead::Nothing);
        assert_eq!(violation(refused), ("PASS", Violation::Unasked), "{extra}");

        let (mut session, _) = session(extra);
        assert_eq!(violation(session.stat()), ("STAT", Violation::Unasked));

        let listing = format!("C: UIDL\nS: +OK\nS: 1 a\nS: .\n{extra}");
        let (mut session, _) = self::session(&listing);
        session.uidl().unwrap();
        assert_eq!(violation(session.quit()), ("QUIT", Violation::Unasked));
    }
}

#[test]
fn a_reply_too_many_behind_messages_is_never_the_reply_to_quit() {
    let retrieved = "C: RETR 1\nC: RETR 2\nS: +OK\nS: one\nS: .\nS: +OK\nS: two\nS: .\nS: +OK bye";
    let (session, _) = log_in(&format!("{LOGIN}{retrieved}"), Ahead::Session);
    let mut session = session.unwrap();
    retrieve(&mut session, 2, &mut Vec::new()).unwrap();
    assert_eq!(violation(session.quit()), ("QUIT", Violation::Unasked));

    let (mut session, _) = self::session("C: STAT\nS: +OK 1 7\nC: DELE 1\nS: +OK\nS: +OK bye");
    session.delete([number(1)], |_, _| {}).unwrap();
    assert_eq!(violation(session.quit()), ("QUIT", Violation::Unasked));

    // With a message not looked at before it, which is read past first.
    let (mut session, _) = self::session("C: TOP 1 0\nS: +OK\nS: x\nS: .\nS: +OK bye");
    session.top(number(1), 0).unwrap();
    assert_eq!(violation(session.quit()), ("QUIT", Violation::Unasked));
}

#[test]
fn silence_is_told_with_what_it_came_in() {
    let silent = |result: Result<(), Error>| match result {
        Err(Error::TimedOut { during }) => during,
        other => panic!("not silent: {other:?}"),
    };
    let (stream, _) = Transcript::new("S-RAW: \"+OK\"\nSTALL");
    assert_eq!(silent(Connection::greet(stream).map(drop)), "the greeting");
    let (refused, _) = log_in("S: +OK\nC: USER ann\nSTALL", Ahead::Nothing);
    assert_eq!(silent(refused.map(drop)), "USER");
    let (mut session, _) = session("C: LIST\nS: +OK\nS: 1 7\nS-RAW: \"2 \"\nSTALL");
    assert_eq!(silent(session.list().map(drop)), "LIST");
    let (session, _) = self::session("C: QUIT\nSTALL");
    assert_eq!(silent(session.quit()), "QUIT");

    for half in ["", "S: x\n", "S: x\nS-RAW: \".\\r\"\n"] {
        let (mut session, _) = self::session(&format!("C: RETR 1\nS: +OK\n{half}STALL"));
        let mut answers = Vec::new();
        let result = retrieve(&mut session, 1, &mut answers);
        assert_eq!(silent(result), "RETR");
        assert!(answers.is_empty());
    }
}

/// A session of every command, of which each cut makes another.
const WHOLE: &str = "S: +OK ready
C: CAPA
S: +OK
S: PIPELINING
S: .
C: USER ann
S: +OK
C: PASS two words
S: +OK
C: STAT
S: +OK 3 12
C: LIST
S: +OK
S: 1 3
S: 2 9
S: 3 0
S: .
C: UIDL
S: +OK
S: 1 a
S: 2 b
S: 3 c
S: .
C: TOP 1 0
S: +OK
S: head
S: .
C: RETR 1
C: RETR 2
C: RETR 3
S: +OK
S: a
S: .
S: +OK
S: ..
S: +OK 0
S: .
S: +OK
S: .
C: STAT
C: DELE 1
C: DELE 2
C: DELE 3
S: +OK 3 12
S: +OK
S: +OK
S: +OK
C: QUIT
S: +OK bye
";

/// The messages of it.
const MESSAGES: [&[u8]; 3] = [b"a\r\n", b".\r\n+OK 0\r\n", b""];

/// The session up to the octet `cut` of what the server sends, where the line ends.
fn cut_at(cut: usize) -> String {
    let (mut text, mut left) = (String::new(), cut);
    for line in WHOLE.lines() {
        if let Some(sent) = line.strip_prefix("S: ") {
            let wire = format!("{sent}\r\n");
            if left < wire.len() {
                let half = wire[..left].escape_default();
                writeln!(text, "S-RAW: \"{half}\"").expect("a string takes any text");
                break;
            }
            left -= wire.len();
        } else if left == 0 {
            break;
        }
        text += line;
        text.push('\n');
    }
    text + "CUT"
}

/// Plays the session, and keeps what came of it.
fn play(
    text: &str,
    messages: &mut Vec<(MessageNumber, Result<Vec<u8>, String>)>,
) -> Result<(), Error> {
    let (stream, _) = Transcript::new(text);
    let mut connection = Connection::greet(stream)?;
    assert!(connection.capabilities()?.pipelining());
    let mut session = connection.login(&by(&ann(), Mechanism::UserPass), Ahead::Session)?;
    assert_eq!(session.stat()?.0, 3);
    assert_eq!(session.list()?.iter().len(), 3);
    assert_eq!(session.uidl()?.iter().len(), 3);
    assert_eq!(read(session.top(number(1), 0)?)?, b"head\r\n");
    retrieve(&mut session, 3, messages)?;
    session.delete([1, 2, 3].map(number), |_, reply| assert!(reply.positive))?;
    session.quit()
}

#[test]
fn a_session_cut_anywhere_gives_whole_messages_and_an_error() {
    let sent = WHOLE.lines().filter_map(|line| line.strip_prefix("S: "));
    let octets: usize = sent.map(|line| line.len() + 2).sum();
    for drip in ["", "DRIP\n"] {
        for cut in 0..octets {
            let mut messages = Vec::new();
            let result = play(&format!("{drip}{}", cut_at(cut)), &mut messages);
            assert!(
                matches!(result, Err(Error::Closed { .. } | Error::Lost { .. })),
                "cut at {cut}: {result:?}"
            );
            for ((_, content), whole) in messages.iter().zip(MESSAGES) {
                assert_eq!(content.as_deref(), Ok(whole), "cut at {cut}");
            }
        }
        let mut messages = Vec::new();
        play(&format!("{drip}{WHOLE}"), &mut messages).unwrap();
        assert_eq!(messages.len(), 3);
    }
}
