//! Tokens: how they are sent, how a refusal is answered and shown, and which oddities are borne.

use super::dialogue::{CONNECTED, Server, Talk, decoded, fetched};
use super::place::assert_says;
use crate::support::sandbox::{Finished, Sandbox};

const TOKEN: &str = "ya29.a-token-like-no-other";

fn lines(auth: &str) -> String {
    format!("auth = \"{auth}\"\ntoken-command = [\"printf\", \"%s\", \"{TOKEN}\"]")
}

/// Asserts a refusal that shows these words, after one connection and one AUTH.
#[track_caller]
fn refused(server: &Server, (sandbox, out): &(Sandbox, Finished), code: i32, words: &[&str]) {
    assert_says(out, code, words);
    assert!(!out.stderr.contains(TOKEN), "{}", out.stderr);
    assert!(sandbox.mail("Mail").is_empty());
    let said = server.said();
    assert_eq!(server.count(CONNECTED), 1, "{said:?}");
    assert_eq!(server.count("AUTH"), 1, "{said:?}");
}

/// The response to an empty challenge.
fn told(talk: &mut Talk) -> String {
    talk.say("+ ");
    talk.response().unwrap_or_default()
}

#[test]
fn xoauth2_is_sent_in_two_steps() {
    let server = Server::new("UIDL\nSASL PLAIN XOAUTH2", |talk, command| {
        assert_eq!(command, "AUTH XOAUTH2");
        let is_right = told(talk) == format!("user=user\x01auth=Bearer {TOKEN}\x01\x01");
        talk.say(if is_right { "+OK" } else { "-ERR [AUTH] no" });
        is_right
    });
    fetched(&server, &server.sync(&lines("xoauth2")));
}

#[test]
fn oauthbearer_is_sent_in_two_steps_with_host_and_port() {
    let server = Server::new("UIDL\nSASL OAUTHBEARER", |talk, command| {
        assert_eq!(command, "AUTH OAUTHBEARER");
        let told = told(talk);
        // RFC 7628 §3.1
        let mut parts = told.split('\x01');
        let is_right = parts.next() == Some("n,a=user,")
            && parts.next() == Some("host=127.0.0.1")
            && parts.next().is_some_and(|part| part.starts_with("port="))
            && parts.next() == Some(&format!("auth=Bearer {TOKEN}"))
            && parts.eq(["", ""]);
        talk.say(if is_right { "+OK" } else { "-ERR [AUTH] no" });
        is_right
    });
    fetched(&server, &server.sync(&lines("oauthbearer")));
}

#[test]
fn the_error_challenge_of_xoauth2_is_answered_with_an_empty_line_and_its_status_shown() {
    let server = Server::new("UIDL\nSASL XOAUTH2", |talk, _| {
        told(talk);
        talk.challenge(r#"{"status":"401","schemes":"bearer","scope":"https://mail.example/"}"#);
        let answer = talk.hear();
        talk.say(&format!("-ERR [AUTH] that was {answer:?}"));
        false
    });
    refused(&server, &server.sync(&lines("xoauth2")), 77, &["401"]);
    let said = server.said();
    let at = said.iter().position(|line| line == "AUTH XOAUTH2").unwrap();
    assert_eq!(said[at + 2], "", "{said:?}");
}

#[test]
fn the_error_challenge_of_oauthbearer_is_answered_and_its_status_shown() {
    let server = Server::new("UIDL\nSASL OAUTHBEARER", |talk, _| {
        told(talk);
        talk.challenge(r#"{"status":"invalid_token"}"#);
        let answer = talk.hear();
        talk.say(&format!("-ERR [AUTH] that was {answer:?}"));
        false
    });
    refused(
        &server,
        &server.sync(&lines("oauthbearer")),
        77,
        &["invalid_token"],
    );
    // RFC 7628 §3.2.3
    let said = server.said();
    let at = said
        .iter()
        .position(|line| line == "AUTH OAUTHBEARER")
        .unwrap();
    assert_eq!(said[at + 2], "AQ==", "{said:?}");
}

#[test]
fn an_error_challenge_that_is_nothing_known_is_answered_too() {
    for challenge in ["+ !!", "+ e30=", "+ W10=", "+ eyJzdGF0dXMiOiI="] {
        let server = Server::new("UIDL\nSASL XOAUTH2", move |talk, _| {
            told(talk);
            talk.say(challenge);
            talk.hear();
            talk.say("-ERR [AUTH] no");
            false
        });
        let out = server.sync(&lines("xoauth2"));
        let code = out.1.code;
        assert!([76, 77].contains(&code), "{challenge}: {}", out.1.stderr);
        refused(&server, &out, code, &["popfetch: work: "]);
    }
}

#[test]
fn what_an_error_challenge_says_is_shown_in_one_harmless_line() {
    let server = Server::new("UIDL\nSASL XOAUTH2", |talk, _| {
        told(talk);
        talk.challenge(r#"{"status":"4\u001b[31m01\nfetched 12 messages\u202e","scope":"x"}"#);
        talk.hear();
        talk.say("-ERR [AUTH] no");
        false
    });
    let out = server.sync(&lines("xoauth2"));
    refused(&server, &out, 77, &[]);
    assert!(
        !out.1.stderr.contains(['\x1b', '\u{202e}']),
        "{:?}",
        out.1.stderr
    );
}

#[test]
fn a_mechanism_that_capa_lacks_is_tried_if_it_was_chosen() {
    let server = Server::new("UIDL\nUSER", |talk, command| {
        assert_eq!(command, "AUTH XOAUTH2");
        told(talk);
        talk.say("+OK");
        true
    });
    fetched(&server, &server.sync(&lines("xoauth2")));
}

#[test]
fn exchanges_ok_in_place_of_a_challenge_is_borne() {
    let server = Server::new("UIDL\nSASL LOGIN", |talk, command| {
        assert_eq!(command, "AUTH LOGIN");
        talk.say("+OK");
        let user = talk.response();
        talk.say("+ UGFzc3dvcmQ6");
        let is_right =
            user.as_deref() == Some("user") && talk.response().as_deref() == Some("pass");
        talk.say(if is_right { "+OK" } else { "-ERR" });
        is_right
    });
    fetched(
        &server,
        &server.sync("auth = \"login\"\npassword = \"pass\""),
    );

    let server = Server::new("UIDL\nSASL XOAUTH2", |talk, _| {
        talk.say("+OK");
        let is_right = talk.response().is_some_and(|told| told.contains(TOKEN));
        talk.say(if is_right { "+OK" } else { "-ERR" });
        is_right
    });
    fetched(&server, &server.sync(&lines("xoauth2")));
}

#[test]
fn a_token_command_that_fails_is_said_to_be_temporary_and_sends_nothing() {
    let server = Server::new("UIDL\nSASL XOAUTH2", |talk, _| {
        talk.say("-ERR never");
        false
    });
    let fails =
        "auth = \"xoauth2\"\ntoken-command = [\"sh\", \"-c\", \"echo the cat has it >&2; exit 3\"]";
    let (_, out) = server.sync(fails);
    assert_eq!((out.code, out.stdout.as_str()), (75, ""), "{}", out.stderr);
    for part in ["popfetch: work: ", "token-command", "the cat has it"] {
        assert!(out.stderr.contains(part), "no {part:?} in {}", out.stderr);
    }
    assert_eq!(server.count("AUTH"), 0, "{:?}", server.said());
}

#[test]
fn a_refused_token_is_sent_again_only_if_the_command_has_another() {
    let server = Server::new("UIDL\nSASL XOAUTH2", |talk, _| {
        let is_new = told(talk).contains("new-token");
        talk.say(if is_new { "+OK" } else { "-ERR [AUTH] no" });
        is_new
    });
    let sandbox = Sandbox::new();
    // The first time it still gives the old one.
    let script = "#!/bin/sh\nif [ -e \"$HOME/asked\" ]; then echo new-token; else echo old-token; fi\n: > \"$HOME/asked\"\n";
    let command = sandbox.write("home/token", script);
    sandbox.chmod("home/token", 0o700);
    server.configure(
        &sandbox,
        &format!(
            "auth = \"xoauth2\"\ntoken-command = [\"{}\"]",
            command.display()
        ),
    );
    let out = sandbox.run(["sync"]);
    let sent: Vec<_> = server
        .said()
        .iter()
        .filter_map(|line| decoded(line))
        .collect();
    let tokens = sent.iter().filter(|text| text.contains("Bearer ")).count();
    // Whether a second is asked for is popfetch's choice; the same is never sent twice.
    assert!(tokens <= 2, "{sent:?}");
    let old = sent
        .iter()
        .filter(|text| text.contains("old-token"))
        .count();
    assert_eq!(old, 1, "{sent:?}");
    assert_eq!(out.code, if tokens == 2 { 0 } else { 77 }, "{}", out.stderr);
}
