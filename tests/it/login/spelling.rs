//! Names and passwords as people have them: with spaces, quotes, commas, equals signs and letters of all scripts, and long.

use super::PASSWORDED;
use super::dialogue::{Server, decoded};
use super::place::{Place, quoted};
use super::private::assert_absent;
use crate::support::dovecot::Logins;

/// é as one character and as two.
const COMPOSED: &str = "caf\u{e9}-no\u{eb}l";
const DECOMPOSED: &str = "cafe\u{301}-noe\u{308}l";

const OFFERED: &str = "plain login cram-md5 apop scram-sha-1 scram-sha-256";

/// Every character that RFC 6750 has for a token, and as long as Microsoft makes them.
const TOKEN: &str = concat!(
    "ya29.-~+/AZaz09",
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9",
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9==",
);

fn credentials() -> Vec<(String, String)> {
    let long = |letter: &str| letter.repeat(200 / letter.len());
    let pairs = [
        ("me", "two words"),
        ("spaced", "  led and trailed  "),
        ("quotes", "\"quoted\" and 'quoted'"),
        ("comma,equals=sign", "a,b=c,=2C,=3D,n,,p="),
        ("percent%40", "100%\\ back`slash $HOME #"),
        ("slashed", "a/b\\c:d;e|f&g"),
        ("m\u{e9}", COMPOSED),
        (
            "\u{43f}\u{43e}\u{447}\u{442}\u{430}",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{1f511}",
        ),
    ];
    let mut credentials: Vec<_> = pairs
        .into_iter()
        .map(|(user, password)| (user.to_owned(), password.to_owned()))
        .collect();
    credentials.push((long("u"), long("p4ss")));
    credentials.push((long("\u{fc}"), long("\u{e9}")));
    credentials
}

/// Asserts that the user is let in, and that a log of the protocol does not show the password.
#[track_caller]
fn lets_in(place: &Place, auth: &str, user: &str, password: &str) {
    let case = format!("{auth}: {user:?} {password:?}");
    let lines = format!("auth = \"{auth}\"\npassword = {}", quoted(password));
    place.configure(user, &lines);
    place.assert_fetched(&place.sync(), &case);
    let out = place.sandbox.run(["sync", "-vv"]);
    assert_eq!(out.code, 0, "{case}: {}", out.stderr);
    // Those with spaces around are looked for without.
    assert_absent(password.trim(), out.stderr.as_bytes(), &case);
    assert_absent(password.trim(), out.stdout.as_bytes(), &case);
    place.forget();
}

#[test]
fn any_name_and_password_lets_in_by_each_mechanism() {
    let credentials = credentials();
    let logins = credentials
        .iter()
        .fold(Logins::by(OFFERED), |logins, (user, password)| {
            logins.user(user, password)
        });
    let users: Vec<_> = credentials.iter().map(|(user, _)| user.as_str()).collect();
    let place = Place::new(&logins, &users);
    for (user, password) in &credentials {
        for auth in PASSWORDED {
            lets_in(&place, auth, user, password);
        }
    }
}

#[test]
fn a_name_with_a_space_lets_in_where_the_mechanism_has_room_for_it() {
    let user = "anna maria";
    let place = Place::new(&Logins::by(OFFERED).user(user, "secret word"), &[user]);
    for auth in ["user-pass", "plain", "login", "cram-md5", "scram-sha-256"] {
        lets_in(&place, auth, user, "secret word");
    }
}

#[test]
fn a_name_with_commas_and_equals_signs_lets_in_with_a_token() {
    for user in ["comma,equals=sign", "m\u{e9}@example.org", "two words"] {
        let place = Place::new(
            &Logins::by("xoauth2 oauthbearer").user(user, TOKEN),
            &[user],
        );
        for auth in ["xoauth2", "oauthbearer"] {
            let command = format!("token-command = [\"printf\", \"%s\", \"{TOKEN}\"]");
            place.configure(user, &format!("auth = \"{auth}\"\n{command}"));
            place.assert_fetched(&place.sync(), &format!("{auth} {user:?}"));
        }
    }
}

#[test]
fn a_password_that_was_typed_decomposed_is_what_scram_prepares_it_to_be() {
    // RFC 5802 §5.1 with RFC 4013: both spellings are one password.
    let place = Place::new(&Logins::by(OFFERED).user("me", COMPOSED), &["me"]);
    for auth in ["scram-sha-1", "scram-sha-256"] {
        lets_in(&place, auth, "me", DECOMPOSED);
    }
    // The others say what was written, and the server compares it as it is.
    let place = Place::new(&Logins::by(OFFERED).user("me", DECOMPOSED), &["me"]);
    for auth in ["user-pass", "plain", "login", "cram-md5", "apop"] {
        lets_in(&place, auth, "me", DECOMPOSED);
    }
}

#[test]
fn no_command_line_is_too_long_and_what_does_not_fit_waits_for_the_server() {
    // RFC 2449 §4, RFC 5034 §4: 255 octets with CRLF. A response by itself may be longer.
    let mut alone = Vec::new();
    for length in 165..185 {
        let password = "p".repeat(length);
        let expected = format!("\0user\0{password}");
        let server = Server::new("UIDL\nSASL PLAIN", move |talk, command| {
            assert!(command.len() <= 253, "{command}");
            let told = if let Some(told) = command.strip_prefix("AUTH PLAIN ") {
                decoded(told)
            } else {
                talk.say("+ ");
                talk.response()
            };
            let is_right = told.as_deref() == Some(expected.as_str());
            talk.say(if is_right { "+OK" } else { "-ERR" });
            is_right
        });
        let (_, out) = server.sync(&format!("password = \"{password}\""));
        assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{length}");
        alone.push(server.count("AUTH PLAIN ") == 0);
    }
    assert!(alone.is_sorted() && !alone[0] && alone[19], "{alone:?}");
}

#[test]
fn a_name_or_password_that_no_line_can_hold_is_refused_before_it_is_sent() {
    let place = Place::new(&Logins::by(OFFERED).user("me", "secret"), &["me"]);
    for password in ["secret\r\nDELE 1", "secret\nDELE 1", "sec\0ret"] {
        for auth in PASSWORDED {
            let lines = format!("auth = \"{auth}\"\npassword = {}", quoted(password));
            place.configure("me", &lines);
            let out = place.sync();
            assert_eq!(out.code, 78, "{auth} {password:?}: {}", out.stderr);
            assert!(out.stderr.contains("control character"), "{}", out.stderr);
            assert_absent("sec", out.stderr.as_bytes(), auth);
        }
    }
    // Where it comes from a command, its first line is taken; what is left is not sent either.
    for said in ["sec\\0ret", "\\rsecret", "sec\\rDELE 1"] {
        let command = format!(
            "password-command = [\"printf\", \"{}\"]",
            said.replace('\\', "\\\\")
        );
        place.configure("me", &command);
        let out = place.sync();
        assert_eq!(out.code, 78, "{said}: {}", out.stderr);
        assert_absent("sec", out.stderr.as_bytes(), said);
    }
    assert!(place.connections(0).is_empty());
}
