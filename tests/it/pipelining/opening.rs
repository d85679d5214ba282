//! The login and the listings against transcripts: what is sent ahead of what, and which reply belongs to which command.

use popfetch::pop3::{
    Ahead, Connection, Credentials, Error, Listings, Mechanism, Opening, Proof, Session, Violation,
};

use crate::session::{ann, argument, by, number};
use crate::support::transcript::{Check, Stream, Transcript};

/// What is sent and answered before a maildrop's listings are waited for, by how far commands are sent ahead.
const OPENED: [(Ahead, &str, &str); 3] = [
    (
        Ahead::Nothing,
        "S: +OK ready\nC: USER ann\nS: +OK\nC: PASS two words\n",
        "S: +OK\nC: LIST\n<sizes>C: UIDL\n<uids>",
    ),
    (
        Ahead::Session,
        "S: +OK ready\nC: USER ann\nS: +OK\nC: PASS two words\n",
        "S: +OK\nC: LIST\nC: UIDL\n<sizes><uids>",
    ),
    (
        Ahead::All,
        "S: +OK ready\nC: USER ann\nC: PASS two words\nC: LIST\nC: UIDL\n",
        "S: +OK\nS: +OK\n<sizes><uids>",
    ),
];

const SIZES: &str = "S: +OK\nS: 1 120\nS: 2 200\nS: .\n";
const UIDS: &str = "S: +OK\nS: 1 a\nS: 2 b\nS: .\n";

fn open(text: &str, ahead: Ahead) -> (Result<Opening<Stream>, Error>, Check) {
    let (stream, check) = Transcript::new(text);
    let opening = Connection::greet(stream)
        .and_then(|connection| connection.open_maildrop(&by(&ann(), Mechanism::UserPass), ahead));
    (opening, check)
}

fn finish(text: &str, ahead: Ahead) -> (Result<(Session<Stream>, Listings), Error>, Check) {
    let (opening, check) = open(text, ahead);
    (opening.and_then(Opening::finish), check)
}

/// The transcript of a maildrop that is opened, with these listings.
fn text(opened: (&str, &str), sizes: &str, uids: &str) -> String {
    let listed = opened.1.replace("<sizes>", sizes);
    opened.0.to_owned() + &listed.replace("<uids>", uids)
}

fn violation<T: std::fmt::Debug>(result: Result<T, Error>) -> (&'static str, Violation) {
    match result {
        Err(Error::Violation { during, violation }) => (during, violation),
        other => panic!("no violation: {other:?}"),
    }
}

fn assert_sizes(listings: &Listings) {
    let sizes = listings.sizes.as_ref().unwrap().iter();
    let sizes: Vec<_> = sizes.map(|(number, size)| (number, size.0)).collect();
    assert_eq!(sizes, [(number(1), 120), (number(2), 200)]);
}

fn assert_uids(listings: &Listings) {
    let uids: Vec<_> = listings.uids.as_ref().unwrap().iter().collect();
    assert_eq!(uids, [(number(1), &b"a"[..]), (number(2), b"b")]);
}

#[test]
fn nothing_is_waited_for_before_there_is_something_to_wait_for() {
    for (ahead, sent, _) in OPENED {
        let (opening, check) = open(sent, ahead);
        opening.unwrap();
        check.finished();
    }
}

#[test]
fn replies_belong_to_commands_in_their_order() {
    for (ahead, sent, answered) in OPENED {
        let text = text((sent, answered), SIZES, UIDS) + "C: QUIT\nS: +OK";
        for drip in ["", "DRIP\n"] {
            let (opened, check) = finish(&format!("{drip}{text}"), ahead);
            let (session, listings) = opened.unwrap();
            assert_eq!(session.is_pipelined(), ahead != Ahead::Nothing);
            assert_sizes(&listings);
            assert_uids(&listings);
            session.quit().unwrap();
            check.finished();
        }
    }
}

#[test]
fn a_login_that_is_refused_is_told_with_the_first_refusal() {
    let told = |text: &str, ahead, reason: &str| match finish(text, ahead).0 {
        Err(Error::Login { reply, .. }) => assert_eq!(reply.to_string(), format!("-ERR {reason}")),
        other => panic!("not refused: {other:?}"),
    };
    let sent = "S: +OK ready\nC: USER ann\nC: PASS two words\nC: LIST\nC: UIDL\n";
    let after = "S: -ERR no login\nS: -ERR no login\n";
    let user = format!("{sent}S: -ERR no such user\nS: -ERR USER first\n{after}");
    told(&user, Ahead::All, "no such user");
    let password = format!("{sent}S: +OK\nS: -ERR wrong\n{after}");
    told(&password, Ahead::All, "wrong");
    for ahead in [Ahead::Nothing, Ahead::Session] {
        let user = "S: +OK ready\nC: USER ann\nS: -ERR no such user";
        told(user, ahead, "no such user");
        let password = "S: +OK ready\nC: USER ann\nS: +OK\nC: PASS two words\nS: -ERR wrong";
        told(password, ahead, "wrong");
    }
}

#[test]
fn a_listing_that_is_refused_leaves_the_other_alone() {
    for (ahead, sent, answered) in OPENED {
        let refused = "S: -ERR unknown command\n";
        let quit = "C: QUIT\nS: +OK";
        let text = |sizes, uids| text((sent, answered), sizes, uids) + quit;

        let (opened, check) = finish(&text(refused, UIDS), ahead);
        let (session, listings) = opened.unwrap();
        let reply = listings.sizes.as_ref().unwrap_err();
        assert_eq!(reply.to_string(), "-ERR unknown command");
        assert_uids(&listings);
        session.quit().unwrap();
        check.finished();

        let (opened, check) = finish(&text(SIZES, refused), ahead);
        let (session, listings) = opened.unwrap();
        let reply = listings.uids.as_ref().unwrap_err();
        assert_eq!(reply.to_string(), "-ERR unknown command");
        assert_sizes(&listings);
        session.quit().unwrap();
        check.finished();
    }
}

#[test]
fn what_was_not_asked_for_is_never_a_reply() {
    for (ahead, sent, answered) in OPENED {
        // Ahead of the first command.
        let early = sent.replacen("S: +OK ready\n", "S-RAW: \"+OK ready\\r\\n+OK\\r\\n\"\n", 1);
        let (opening, _) = open(&early, ahead);
        assert_eq!(violation(opening), ("USER", Violation::Unasked));

        // Behind the last one.
        for extra in [
            "S: +OK\n",
            "S-RAW: \"\\0\"\n".replace("\\0", "\\x00").as_str(),
        ] {
            let text = text((sent, answered), SIZES, UIDS) + extra;
            let (opened, _) = finish(&text, ahead);
            let (session, _) = opened.unwrap();
            assert_eq!(violation(session.quit()), ("QUIT", Violation::Unasked));
        }
    }
    // In between: a reply that is one too many is taken for the next one's, and what then follows makes no sense.
    let (_, sent, _) = OPENED[2];
    let text = format!("{sent}S: +OK\nS: +OK\nS: +OK logged in\n{SIZES}{UIDS}");
    let (during, violation) = violation(finish(&text, Ahead::All).0);
    assert_eq!(during, "LIST");
    assert!(matches!(violation, Violation::Listing(_)), "{violation:?}");
}

#[test]
fn an_end_within_the_flight_is_an_error_wherever_it_comes() {
    for (ahead, sent, answered) in OPENED {
        let whole = text((sent, answered), SIZES, UIDS);
        let lines: Vec<_> = whole.lines().collect();
        for count in 1..lines.len() {
            let cut = lines[..count].join("\n") + "\nCUT";
            let error = finish(&cut, ahead).0.map(drop).unwrap_err();
            assert!(error.is_breakdown(), "{error:?} after {count} lines");
        }
    }
}

/// Opens a maildrop with all sent ahead that may be, by this mechanism.
fn by_sasl(
    text: &str,
    mechanism: Mechanism,
    proof: Proof,
) -> (Result<(Session<Stream>, Listings), Error>, Check) {
    let credentials = Credentials { proof, ..ann() };
    let (stream, check) = Transcript::new(text);
    let opened = Connection::greet(stream)
        .and_then(|connection| connection.open_maildrop(&by(&credentials, mechanism), Ahead::All))
        .and_then(Opening::finish);
    (opened, check)
}

/// `\0ann\0two words`.
const PLAIN: &str = "S: +OK ready\nC: AUTH PLAIN AGFubgB0d28gd29yZHM=\nC: LIST\nC: UIDL\n";

/// A token, which is not sent with the command.
const TOKEN: &str = "S: +OK ready\nC: AUTH XOAUTH2\nS: +\nC: dXNlcj1hbm4BYXV0aD1CZWFyZXIgeAEB\n";

fn token() -> Proof {
    Proof::Token(argument("x"))
}

#[test]
fn what_follows_a_password_is_sent_with_it_and_what_follows_a_token_is_not() {
    let (opened, check) = by_sasl(
        &format!("{PLAIN}S: +OK\n{SIZES}{UIDS}"),
        Mechanism::Plain,
        ann().proof,
    );
    assert_uids(&opened.unwrap().1);
    check.finished();
    let (opened, check) = by_sasl(
        &format!("{TOKEN}S: +OK\nC: LIST\nC: UIDL\n{SIZES}{UIDS}"),
        Mechanism::Xoauth2,
        token(),
    );
    assert_uids(&opened.unwrap().1);
    check.finished();
}

#[test]
fn a_challenge_in_place_of_a_verdict_ends_the_session() {
    for challenge in ["S: +\n", "S: + AAAA\n", "S: + no base64!\n"] {
        let (opened, check) = by_sasl(
            &format!("{PLAIN}{challenge}"),
            Mechanism::Plain,
            ann().proof,
        );
        assert_eq!(violation(opened), ("AUTH", Violation::Challenge));
        check.finished();
    }
}

#[test]
fn a_token_is_not_accepted_after_it_was_refused() {
    // {"status":"401"}
    let refused = format!("{TOKEN}S: + eyJzdGF0dXMiOiI0MDEifQ==\n# an empty line\nC: \n");
    let (opened, check) = by_sasl(&format!("{refused}S: +OK\n"), Mechanism::Xoauth2, token());
    assert_eq!(violation(opened), ("AUTH", Violation::Challenge));
    check.finished();
    // Nor is a second challenge answered.
    let (opened, check) = by_sasl(
        &format!("{refused}S: + AAAA\n"),
        Mechanism::Xoauth2,
        token(),
    );
    assert!(matches!(violation(opened).1, Violation::Status(_)));
    check.finished();
    let (opened, check) = by_sasl(
        &format!("{refused}S: -ERR no\n"),
        Mechanism::Xoauth2,
        token(),
    );
    let Err(Error::Login { status, .. }) = opened else {
        panic!("{opened:?}");
    };
    assert_eq!(status.as_deref(), Some("401"));
    check.finished();
}
