//! What the response codes of a refusal mean (RFC 2449 §8, RFC 3206), and delays between logins, kept from run to run.

use super::dialogue::{CONNECTED, Server};
use crate::support::engine::{Engine, day};
use crate::support::mailbox::{Mailbox, PASSWORD, USER};
use crate::support::maildrop::Maildrop;
use crate::support::options::{Act, Fault, Options, Tls};
use crate::support::sandbox::Sandbox;
use popfetch::retention::Policy;

/// Each code and what it says to do: log in otherwise, give up, try later.
const CODES: [(&str, i32); 6] = [
    ("[AUTH]", 77),
    ("[SYS/PERM]", 69),
    ("[SYS/TEMP]", 75),
    ("[IN-USE]", 75),
    ("[LOGIN-DELAY]", 75),
    ("", 77),
];

#[test]
fn a_refusal_of_auth_means_what_its_code_says() {
    for auth in [
        "plain",
        "login",
        "cram-md5",
        "scram-sha-256",
        "xoauth2",
        "oauthbearer",
        "user-pass",
        "apop",
    ] {
        for (code, status) in CODES {
            let capabilities = "UIDL\nUSER\nRESP-CODES\nAUTH-RESP-CODE\n\
                                SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER";
            let greeting = "+OK hello <1896.697170952@dbc.mtview.ca.us>";
            let server = Server::greeting(greeting, capabilities, move |talk, command| {
                let refusal = format!("-ERR {code} not for you");
                talk.say(if command.starts_with("USER") {
                    "+OK"
                } else {
                    &refusal
                });
                false
            });
            let source = if auth.contains("oauth") {
                "token-command = \"echo t0ken\""
            } else {
                "password = \"secret\""
            };
            let (sandbox, out) = server.sync(&format!("auth = \"{auth}\"\n{source}"));
            let said = server.said();
            assert_eq!(out.code, status, "{auth} {code}: {} {said:?}", out.stderr);
            assert_eq!(
                out.stderr.lines().count(),
                1,
                "{auth} {code}: {}",
                out.stderr
            );
            assert!(
                out.stderr.contains("not for you"),
                "{auth} {code}: {}",
                out.stderr
            );
            assert!(sandbox.mail("Mail").is_empty());
            assert_eq!(server.count(CONNECTED), 1, "{auth} {code}: {said:?}");
            let tries = server.count("AUTH") + server.count("PASS") + server.count("APOP");
            assert_eq!(tries, 1, "{auth} {code}: {said:?}");
        }
    }
}

/// A server that wants this much time between logins.
fn delaying(line: &str) -> Mailbox {
    let options = Options::new(Tls::None)
        .capabilities(&["TOP", "UIDL", "USER", "RESP-CODES", line])
        .user(USER, PASSWORD, Maildrop::sample("mail", 0, 2));
    Mailbox::of(Sandbox::new(), options)
}

#[test]
fn a_login_delay_that_capa_tells_is_kept_between_runs() {
    let mailbox = delaying("LOGIN-DELAY 600");
    let out = mailbox.sync();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(mailbox.here(), mailbox.there());
    mailbox.deposit("meanwhile");
    let out = mailbox.sync();
    assert_eq!((out.code, out.stdout.as_str()), (75, ""), "{}", out.stderr);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    assert!(out.stderr.starts_with("popfetch: work: "), "{}", out.stderr);
    assert_eq!(mailbox.server.count("USER"), 1);
    assert_eq!(mailbox.server.count("PASS"), 1);
    assert_eq!(mailbox.here().len(), 2);
}

#[test]
fn a_login_delay_ends_when_it_is_over() {
    let mailbox = delaying("LOGIN-DELAY 600");
    let engine = Engine::on(&mailbox);
    engine.run_well(day(0, 0), Policy::Keep);
    // One that is due in a moment is waited for.
    for (second, logins) in [(1, 1), (584, 1), (599, 2), (900, 2), (1202, 3)] {
        let ran = engine.run(day(0, second), Policy::Keep);
        assert_eq!(
            mailbox.server.count("PASS"),
            logins,
            "{second}: {:?}",
            ran.outcome
        );
        let is_new = mailbox
            .server
            .records()
            .last()
            .is_some_and(|record| record.lines.iter().any(|line| line == "UIDL"));
        assert!(
            is_new || ran.outcome.failure.is_some(),
            "{second}: {:?}",
            ran.outcome
        );
    }
}

#[test]
fn a_refusal_for_a_login_delay_is_kept_too() {
    let mailbox = delaying("LOGIN-DELAY 600");
    let refusal = Act::reply("-ERR [LOGIN-DELAY] minimum time between mail checks violation");
    mailbox
        .server
        .set_faults(vec![Fault::Each("PASS", refusal)]);
    assert_eq!(mailbox.sync().code, 75);
    assert_eq!(mailbox.server.count("PASS"), 1);
    assert_eq!(mailbox.sync().code, 75);
    assert_eq!(
        mailbox.server.count("PASS"),
        1,
        "a second login at once is as good as a wish for a third"
    );
}

#[test]
fn a_delay_of_nothing_or_of_nonsense_delays_nothing() {
    for line in [
        "LOGIN-DELAY 0",
        "LOGIN-DELAY",
        "LOGIN-DELAY soon",
        "3",
        "LOGIN-DELAY -1",
    ] {
        let mailbox = delaying(line);
        for _ in 0..2 {
            let out = mailbox.sync();
            assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{line}");
        }
        assert_eq!(mailbox.server.count("PASS"), 2, "{line}");
    }
}
