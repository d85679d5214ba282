//! Logins by SASL whose last line travels with what follows it: who is believed, and when.
//!
//! The values of SCRAM are those of RFC 5802 §5.

use popfetch::pop3::{
    Ahead, Connection, Credentials, Error, Listings, Login, Mechanism, Opening, Proof, Session,
};

use crate::session::{ann, argument, by};
use crate::support::transcript::{Check, Stream, Transcript};

type Opened = Result<(Session<Stream>, Listings), Error>;

/// What the client says up to its last line, and the server's challenge before that.
const SCRAM: &str = "S: +OK ready
C: AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM
S: + cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==
C: Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==
C: 
C: LIST
C: UIDL
";

/// The server's proof, and one that another made.
const PROOF: &str = "S: + dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9\n";
const LIE: &str = "S: + dj1BQUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9\n";

const LISTINGS: &str = "S: +OK\nS: 1 120\nS: .\nS: +OK\nS: 1 a\nS: .\n";

fn open(text: &str, login: &Login<'_>) -> (Opened, Check) {
    let (stream, check) = Transcript::new(text);
    let opened = Connection::greet(stream)
        .and_then(|connection| connection.open_maildrop(login, Ahead::All))
        .and_then(Opening::finish);
    (opened, check)
}

fn scram(rest: &str) -> (Opened, Check) {
    let credentials = Credentials {
        user: argument("user"),
        proof: Proof::Password(argument("pencil")),
    };
    let login = Login {
        nonce: "fyko+d2lbbFgONRv9qkxdawL",
        ..by(&credentials, Mechanism::ScramSha1)
    };
    open(&format!("{SCRAM}{rest}"), &login)
}

#[test]
fn plain_goes_with_the_listings_in_one_flight() {
    let text = "S: +OK ready\nC: AUTH PLAIN AGFubgB0d28gd29yZHM=\nC: LIST\nC: UIDL\nS: +OK\n";
    let (opened, check) = open(&format!("{text}{LISTINGS}"), &by(&ann(), Mechanism::Plain));
    assert_eq!(opened.unwrap().1.sizes.unwrap().iter().len(), 1);
    check.finished();
}

#[test]
fn a_server_that_proves_itself_is_thanked_with_the_listings() {
    let (opened, check) = scram(&format!("{PROOF}S: +OK logged in\n{LISTINGS}"));
    assert_eq!(opened.unwrap().1.uids.unwrap().iter().len(), 1);
    check.finished();
}

#[test]
fn nothing_is_believed_of_a_server_that_does_not() {
    for proof in [LIE, "S: +OK logged in\n", "S: + \n", "S: + dj0=\n"] {
        let (opened, _) = scram(&format!("{proof}S: +OK logged in\n{LISTINGS}"));
        assert!(
            matches!(opened, Err(Error::Unproven { .. })),
            "{proof}: {opened:?}"
        );
    }
}

#[test]
fn a_second_challenge_after_the_proof_is_none() {
    let (opened, _) = scram(&format!("{PROOF}{PROOF}S: +OK\n{LISTINGS}"));
    assert!(matches!(opened, Err(Error::Violation { .. })), "{opened:?}");
}

#[test]
fn a_refusal_is_told_though_thanks_were_sent() {
    let (opened, _) = scram("S: -ERR [AUTH] no\nS: -ERR what?\nS: -ERR no\nS: -ERR no\n");
    match opened {
        Err(Error::Login {
            reply, mechanism, ..
        }) => {
            assert_eq!(reply.to_string(), "-ERR [AUTH] no");
            assert_eq!(mechanism, Mechanism::ScramSha1);
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn an_error_in_place_of_the_proof_is_a_refusal_and_no_login() {
    let told = "S: + ZT1pbnZhbGlkLXByb29m\n";
    let (opened, _) = scram(&format!(
        "{told}S: -ERR [AUTH] no\nS: -ERR no\nS: -ERR no\n"
    ));
    match opened {
        Err(Error::Login { status, .. }) => assert_eq!(status.as_deref(), Some("invalid-proof")),
        other => panic!("not refused: {other:?}"),
    }
    let (opened, _) = scram(&format!("{told}S: +OK logged in\n{LISTINGS}"));
    assert!(matches!(opened, Err(Error::Unproven { .. })), "{opened:?}");
}

#[test]
fn what_a_server_asks_for_need_not_be_base64_where_nobody_reads_it() {
    let text = "S: +OK ready\nC: AUTH LOGIN\nS: + Username:\nC: YW5u\nS: +\nC: dHdvIHdvcmRz\nC: LIST\nC: UIDL\nS: +OK\n";
    let (opened, check) = open(&format!("{text}{LISTINGS}"), &by(&ann(), Mechanism::Login));
    opened.unwrap();
    check.finished();
    let text = "S: +OK ready\nC: AUTH CRAM-MD5\nS: + <not base64>\n";
    let (opened, _) = open(text, &by(&ann(), Mechanism::CramMd5));
    assert!(matches!(opened, Err(Error::Violation { .. })), "{opened:?}");
}

#[test]
fn a_refused_token_is_answered_before_anything_else_is_sent() {
    let credentials = Credentials {
        user: argument("ann"),
        proof: Proof::Token(argument("token")),
    };
    let text = "S: +OK ready\nC: AUTH XOAUTH2\nS: + \nC: dXNlcj1hbm4BYXV0aD1CZWFyZXIgdG9rZW4BAQ==\nS: + eyJzdGF0dXMiOiI0MDEifQ==\nC: \nS: -ERR [AUTH] no";
    let (opened, check) = open(text, &by(&credentials, Mechanism::Xoauth2));
    match opened {
        Err(Error::Login { status, .. }) => assert_eq!(status.as_deref(), Some("401")),
        other => panic!("not refused: {other:?}"),
    }
    check.finished();
}
