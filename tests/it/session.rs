//! The POP3 client against transcripts: each command with each shape of its reply.
//!
//! Messages on their way are `retrieval`'s, servers that break the protocol `hostile`'s.

use popfetch::mail::{MessageNumber, Octets};
use popfetch::pop3::{
    Ahead, Argument, Body, Code, Connection, Credentials, Error, Login, Mechanism, Proof, Reply,
    Session,
};
use popfetch::secret::Secret;

use crate::retrieval::retrieve;
use crate::support::transcript::{Check, Stream, Transcript};

/// The greeting and a login without CAPA.
pub(crate) const LOGIN: &str = "S: +OK ready\nC: USER ann\nS: +OK\nC: PASS two words\nS: +OK\n";

pub(crate) fn number(n: u32) -> MessageNumber {
    MessageNumber::new(n).unwrap()
}

pub(crate) fn argument(text: &str) -> Argument {
    Argument::new(Secret::new(text)).unwrap()
}

/// Ann, with USER and PASS.
pub(crate) fn ann() -> Credentials {
    Credentials {
        user: argument("ann"),
        proof: Proof::Password(argument("two words")),
    }
}

/// A login by this mechanism.
pub(crate) fn by(credentials: &Credentials, mechanism: Mechanism) -> Login<'_> {
    Login {
        credentials,
        mechanism,
        server: ("pop.example.com", 995),
        nonce: "abc",
    }
}

/// Greets and logs in as the transcript has it.
pub(crate) fn log_in(text: &str, ahead: Ahead) -> (Result<Session<Stream>, Error>, Check) {
    let (stream, check) = Transcript::new(text);
    let session = Connection::greet(stream)
        .and_then(|connection| connection.login(&by(&ann(), Mechanism::UserPass), ahead));
    (session, check)
}

/// A session without pipelining, of which the transcript tells what follows the login.
pub(crate) fn session(text: &str) -> (Session<Stream>, Check) {
    let (session, check) = log_in(&format!("{LOGIN}{text}"), Ahead::Nothing);
    (session.unwrap(), check)
}

/// The whole of a message.
pub(crate) fn read<S: std::io::Read + std::io::Write>(
    mut body: Body<'_, S>,
) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    while let Some(chunk) = body.chunk()? {
        content.extend_from_slice(chunk);
    }
    Ok(content)
}

/// The command that was refused, and the reply.
fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> (&'static str, Reply) {
    match result {
        Err(Error::Refused { command, reply }) => (command, reply),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn every_command_is_one_line_and_has_one_reply() {
    let text = "
        S: +OK ready <1896.697170952@example.com>
        C: CAPA
        S: +OK
        S: PIPELINING
        S: .
        C: USER ann
        S: +OK name is valid
        C: PASS two words
        S: +OK
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: UIDL
        S: +OK
        S: 1 whqtswO00WBw418f9t5JxYwZ
        S: 2 QhdPYR:00WBw1Ph7x7
        S: .
        C: TOP 2 3
        S: +OK top of message follows
        S: Subject: two
        S: .
        C: RETR 1
        S: +OK 120 octets
        S: Subject: one
        S: .
        C: STAT
        S: +OK 2 320
        C: DELE 1
        S: +OK message 1 deleted
        C: NOOP
        S: +OK
        C: RSET
        S: +OK maildrop has 2 messages
        C: QUIT
        S: +OK bye";
    let (stream, check) = Transcript::new(text);
    let mut connection = Connection::greet(stream).unwrap();
    assert!(connection.capabilities().unwrap().pipelining());
    let mut session = connection
        .login(&by(&ann(), Mechanism::UserPass), Ahead::Nothing)
        .unwrap();
    assert_eq!(session.stat().unwrap(), (2, Octets(320)));
    let sizes: Vec<_> = session.list().unwrap().iter().collect();
    assert_eq!(sizes, [(number(1), Octets(120)), (number(2), Octets(200))]);
    let uids = session.uidl().unwrap();
    let uids: Vec<_> = uids.iter().collect();
    assert_eq!(uids[0], (number(1), b"whqtswO00WBw418f9t5JxYwZ".as_slice()));
    assert_eq!(uids[1], (number(2), b"QhdPYR:00WBw1Ph7x7".as_slice()));
    let top = read(session.top(number(2), 3).unwrap()).unwrap();
    assert_eq!(top, b"Subject: two\r\n");
    let mut answers = Vec::new();
    retrieve(&mut session, 1, &mut answers).unwrap();
    assert_eq!(answers, [(number(1), Ok(b"Subject: one\r\n".to_vec()))]);
    let mut deleted = Vec::new();
    session
        .delete([number(1)], |number, reply| {
            deleted.push((number, reply.positive));
        })
        .unwrap();
    assert_eq!(deleted, [(number(1), true)]);
    session.noop().unwrap();
    session.reset().unwrap();
    session.quit().unwrap();
    check.finished();
}

#[test]
fn nothing_counts_as_deleted_where_replies_are_out_of_step() {
    // The reply to a RETR before it, which a line too many has put off.
    for reply in ["+OK 61 octets", "+OK", "+OK 1"] {
        let (session, _) = log_in(
            &format!("{LOGIN}C: STAT\nC: DELE 1\nS: {reply}\nS: +OK 1 61"),
            Ahead::Session,
        );
        let result = session.unwrap().delete([number(1)], |_, _| {
            panic!("it is not known what became of it")
        });
        assert!(
            matches!(result, Err(Error::Violation { during: "STAT", .. })),
            "{result:?}"
        );
    }
}

#[test]
fn nothing_is_sent_after_a_broken_protocol_whoever_asks() {
    type Ask = fn(&mut Session<Stream>) -> Result<(), Error>;
    let asks: [(&str, Ask); 6] = [
        ("C: LIST\nS: +OK\nS: 1 +5", |session| {
            session.list().map(drop)
        }),
        ("C: UIDL\nS: +OK\nS: a", |session| session.uidl().map(drop)),
        ("C: NOOP\nS: +WHAT", Session::noop),
        ("C: STAT\nS: +OK", |session| session.stat().map(drop)),
        ("C: STAT\nS: +OK 1", |session| {
            session.delete([number(1)], |_, _| {})
        }),
        ("C: RETR 1\nS: 220", |session| {
            session.retrieve([number(1)]).next().map(drop)
        }),
    ];
    for (text, ask) in asks {
        let (mut session, check) = session(text);
        let broken = ask(&mut session);
        assert!(matches!(broken, Err(Error::Violation { .. })), "{broken:?}");
        // The transcript panics at a line that it does not have.
        let quit = session.quit();
        assert!(matches!(quit, Err(Error::Abandoned { .. })), "{quit:?}");
        check.finished();
    }
}

#[test]
fn a_session_that_is_dropped_sends_no_quit() {
    // RFC 1939 §6: without QUIT nothing is deleted. The transcript panics at a line that it does not have.
    let (mut session, check) = session("C: STAT\nS: +OK 1 7\nC: DELE 1\nS: +OK\n");
    session.delete([number(1)], |_, _| {}).unwrap();
    drop(session);
    check.finished();

    let (stream, check) = Transcript::new("S: +OK ready\n");
    drop(Connection::greet(stream).unwrap());
    check.finished();
}

#[test]
fn a_server_that_will_not_talk_says_why() {
    for (line, code) in [
        ("-ERR", None),
        ("-ERR too many connections", None),
        ("-ERR [SYS/TEMP] the disk is away", Some(Code::SysTemp)),
        ("-ERR [SYS/PERM] for ever", Some(Code::SysPerm)),
    ] {
        let (stream, check) = Transcript::new(&format!("S: {line}\n"));
        let error = Connection::greet(stream).unwrap_err();
        assert_eq!(error.code(), code, "{line}");
        assert_eq!(
            error.to_string(),
            format!("the server refused to talk: {line}")
        );
        check.finished();
    }
}

#[test]
fn a_refused_login_keeps_the_servers_reason_and_its_code() {
    for (line, code) in [
        ("-ERR", None),
        ("-ERR wrong", None),
        ("-ERR [AUTH] wrong", Some(Code::Auth)),
        ("-ERR [auth]", Some(Code::Auth)),
        ("-ERR [IN-USE] busy", Some(Code::InUse)),
        ("-ERR [LOGIN-DELAY] wait a minute", Some(Code::LoginDelay)),
        ("-ERR [SYS/TEMP] later", Some(Code::SysTemp)),
        ("-ERR [SYS/TEMP/QUOTA] later", Some(Code::SysTemp)),
        ("-ERR [SYS/PERM] never", Some(Code::SysPerm)),
        ("-ERR [X-OTHER] what", None),
        ("-ERR [AUTH", None),
        ("-ERR\t[AUTH] a tab", Some(Code::Auth)),
    ] {
        let user = format!("S: +OK ready\nC: USER ann\nS: {line}\n");
        let password = format!("S: +OK ready\nC: USER ann\nS: +OK\nC: PASS two words\nS: {line}\n");
        for text in [user, password] {
            let (refused, check) = log_in(&text, Ahead::Nothing);
            let error = refused.unwrap_err();
            assert!(matches!(error, Error::Login { .. }), "{error:?}");
            assert_eq!(error.code(), code, "{text}");
            assert!(!error.to_string().contains("two words"), "{error}");
            check.finished();
        }
    }
}

#[test]
fn each_command_may_be_refused_and_the_session_goes_on() {
    let (mut session, check) = session(
        "C: STAT
        S: -ERR
        C: LIST
        S: -ERR [SYS/TEMP] not now
        C: UIDL
        S: -ERR unknown command
        C: TOP 1 0
        S: -ERR no such message
        C: STAT
        S: +OK 0 0
        C: DELE 7
        S: -ERR message 7 already deleted
        C: NOOP
        S: -ERR
        C: RSET
        S: -ERR
        C: QUIT
        S: -ERR some deleted messages not removed",
    );
    assert_eq!(refusal(session.stat()).0, "STAT");
    assert_eq!(refusal(session.list()).1.code, Some(Code::SysTemp));
    let (command, reply) = refusal(session.uidl());
    assert_eq!(
        (command, reply.to_string().as_str()),
        ("UIDL", "-ERR unknown command")
    );
    assert_eq!(refusal(session.top(number(1), 0)).0, "TOP");
    let mut answers = Vec::new();
    session
        .delete([number(7)], |number, reply| {
            answers.push((number, reply.to_string()));
        })
        .unwrap();
    let expected = "-ERR message 7 already deleted".to_owned();
    assert_eq!(answers, [(number(7), expected)]);
    assert_eq!(refusal(session.noop()).0, "NOOP");
    assert_eq!(refusal(session.reset()).0, "RSET");
    assert_eq!(refusal(session.quit()).0, "QUIT");
    check.finished();
}

#[test]
fn capabilities_are_what_is_understood_of_odd_lines() {
    let (stream, check) = Transcript::new(
        "S: +OK ready
        C: CAPA
        S: +OK here it goes
        S: 3
        S: EXPIRE30
        S:  STLS
        S: XPIPELINING
        S-RAW: \"\\xff\\xfe\\x00\\r\\n\"
        S-RAW: \"\\r\\n\"
        S: ..
        S: IMPLEMENTATION STLS PIPELINING
        S: SASL PLAIN LOGIN
        S: .
        C: CAPA
        S: +OK
        S: stls
        S: Pipelining 3
        S: .
        C: CAPA
        S: +OK
        S: .
        C: CAPA
        S: -ERR unknown command",
    );
    let mut connection = Connection::greet(stream).unwrap();
    for both in [false, true, false, false] {
        let capabilities = connection.capabilities().unwrap();
        assert_eq!(capabilities.stls(), both);
        assert_eq!(capabilities.pipelining(), both);
    }
    check.finished();
}

#[test]
fn an_empty_maildrop_has_empty_listings() {
    let (mut session, check) = session(
        "C: STAT
        S: +OK 0 0
        C: LIST
        S: +OK
        S: .
        C: UIDL
        S: +OK no messages
        S: .",
    );
    assert_eq!(session.stat().unwrap(), (0, Octets(0)));
    assert_eq!(session.list().unwrap().iter().len(), 0);
    assert_eq!(session.uidl().unwrap().iter().len(), 0);
    check.finished();
}

#[test]
fn uids_are_bytes_whatever_they_are() {
    let long = "x".repeat(500);
    let (mut session, check) = session(&format!(
        "C: UIDL
        DRIP
        S: +OK
        S: 1 two words
        S-RAW: \"2 \\xff\\x00\\x1b[2J\\n\\r\\t\\r\\n\"
        S: 3 {long}
        S: 5 ../../etc/passwd
        S: 4 .
        S: 6
        S-RAW: \"7 \\r\\n\"
        S: 8  leading space
        S: 4294967295 last
        S: 8 twice
        S: ."
    ));
    let uids = session.uidl().unwrap();
    let uids: Vec<_> = uids.iter().collect();
    let expected: [(u32, &[u8]); 10] = [
        (1, b"two words"),
        (2, b"\xff\x00\x1b[2J\n\r\t"),
        (3, long.as_bytes()),
        (5, b"../../etc/passwd"),
        (4, b"."),
        (6, b""),
        (7, b""),
        (8, b" leading space"),
        (u32::MAX, b"last"),
        (8, b"twice"),
    ];
    assert_eq!(uids, expected.map(|(n, uid)| (number(n), uid)));
    check.finished();
}

#[test]
fn a_listing_line_may_be_stuffed_and_may_say_more_than_it_must() {
    let (mut session, check) = session(
        "C: LIST
        S: +OK
        S: 1 120 octets
        S: ..
        S: .",
    );
    // RFC 1939 §3: the second line is a dot alone, stuffed; no size, and not the end either.
    let error = session.list().unwrap_err().to_string();
    assert!(error.contains("\".\" is no line of a listing"), "{error}");
    drop(session);
    drop(check);

    let (mut session, check) = self::session(
        "C: LIST
        S: +OK
        S: .1 120 octets
        S: 2 18446744073709551615
        S: .
        C: UIDL
        S: +OK
        S: .1 .uid
        S: .",
    );
    let sizes: Vec<_> = session.list().unwrap().iter().collect();
    assert_eq!(
        sizes,
        [(number(1), Octets(120)), (number(2), Octets(u64::MAX))]
    );
    let uids = session.uidl().unwrap();
    assert_eq!(uids.iter().next(), Some((number(1), b".uid".as_slice())));
    check.finished();
}
