//! Which mechanism `auth = "auto"` takes of those that a real Dovecot offers, behind TLS and in clear.

use super::dialogue::Server;
use super::mechanisms::ALL;
use super::place::{Place, assert_says};
use crate::support::dovecot::Logins;

/// Asserts that of these mechanisms this one is taken, with TLS or without.
#[track_caller]
fn takes(offered: &str, is_clear: bool, method: &str) {
    let place = Place::new(&Logins::by(offered).user("me", "secret"), &["me"]);
    for (index, auth) in ["", "auth = \"auto\"\n"].into_iter().enumerate() {
        let lines = format!("{auth}password = \"secret\"");
        if is_clear {
            place.configure_clear("me", &lines);
        } else {
            place.configure("me", &lines);
        }
        place.assert_fetched(&place.sync(), offered);
        assert_eq!(place.method(index + 1), method, "{offered}");
    }
}

#[test]
fn behind_tls_the_best_that_is_offered_is_taken() {
    takes(ALL, false, "SCRAM-SHA-256");
    takes(
        "plain login cram-md5 apop scram-sha-1",
        false,
        "SCRAM-SHA-1",
    );
    takes("plain login cram-md5 apop", false, "PLAIN");
    takes("login cram-md5 apop", false, "CRAM-MD5");
    takes("login apop", false, "LOGIN");
    takes("apop", false, "APOP");
}

#[test]
fn in_clear_the_password_is_not_shown_where_something_better_is_offered() {
    takes(
        "plain login cram-md5 scram-sha-1 scram-sha-256",
        true,
        "SCRAM-SHA-256",
    );
    takes("plain login cram-md5 scram-sha-1", true, "SCRAM-SHA-1");
    takes("plain login cram-md5 apop", true, "CRAM-MD5");
    takes("plain login apop", true, "APOP");
    // Nothing better, and nobody in between: the server is on this host.
    takes("plain", true, "PLAIN");
}

#[test]
fn a_refusal_is_no_reason_to_take_another_mechanism() {
    let place = Place::new(&Logins::by(ALL).user("me", "secret"), &["me"]);
    place.configure("me", "password = \"wrong\"");
    place.assert_refused(&place.sync(), 77, &["popfetch: work: "], "auto");
    let connections = place.connections(1);
    assert_eq!(connections.len(), 1, "{connections:#?}");
    assert_eq!(
        super::place::refusals(&connections[0]),
        1,
        "{connections:#?}"
    );
    assert!(
        connections[0].contains("method=SCRAM-SHA-256"),
        "{connections:#?}"
    );
}

/// Asserts that a server which knows none of its users' mechanisms is told so, after these commands.
#[track_caller]
fn assert_unknown(sasl: &str, lines: &str, asked: &[&str], words: &[&str]) {
    let server = Server::new(&format!("UIDL\nSASL {sasl}"), |talk, command| {
        talk.say(if command.starts_with("USER") {
            "-ERR Unknown command."
        } else {
            "-ERR [AUTH] Unsupported authentication mechanism."
        });
        false
    });
    let (_sandbox, out) = server.sync(lines);
    assert_says(&out, 69, words);
    let said = server.said().into_iter();
    let said: Vec<_> = said
        .filter(|line| line.starts_with("AUTH") || line.starts_with("USER"))
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(said, asked);
}

#[test]
fn a_mechanism_that_the_server_does_not_know_is_said_to_be_unknown() {
    let one = "auth = \"scram-sha-1\"\npassword = \"secret\"";
    let words = ["does not know SCRAM-SHA-1; it offers PLAIN, LOGIN; set auth"];
    assert_unknown("PLAIN LOGIN", one, &["AUTH SCRAM-SHA-1"], &words);
    // What is announced and not known is passed over, and nothing is asked twice.
    let auto = "password = \"secret\"";
    let asked = ["AUTH CRAM-MD5", "AUTH PLAIN", "USER user"];
    assert_unknown("PLAIN CRAM-MD5", auto, &asked, &["does not know USER"]);
    let token = "token-command = \"echo t0ken\"";
    let words = ["does not know XOAUTH2; it offers PLAIN; it takes no OAuth2 tokens"];
    assert_unknown("PLAIN", token, &["AUTH XOAUTH2"], &words);
    let asked = ["AUTH OAUTHBEARER", "AUTH XOAUTH2"];
    assert_unknown("OAUTHBEARER", token, &asked, &["does not know XOAUTH2"]);
}
