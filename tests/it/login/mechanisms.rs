//! Each mechanism with a real Dovecot: it lets in with the right secret, and is tried once with a wrong one.

use super::place::{MAIL, Place, refusals};
use crate::support::dovecot::Logins;

/// What Dovecot is to offer: everything.
pub(crate) const ALL: &str =
    "plain login cram-md5 apop scram-sha-1 scram-sha-256 xoauth2 oauthbearer";

/// The value of `auth`, and what Dovecot calls it.
const MECHANISMS: [(&str, &str); 9] = [
    ("user-pass", "PLAIN"),
    ("apop", "APOP"),
    ("plain", "PLAIN"),
    ("login", "LOGIN"),
    ("cram-md5", "CRAM-MD5"),
    ("scram-sha-1", "SCRAM-SHA-1"),
    ("scram-sha-256", "SCRAM-SHA-256"),
    ("xoauth2", "XOAUTH2"),
    ("oauthbearer", "OAUTHBEARER"),
];

const SECRET: &str = "p4ssw0rd-of-all-ways";

fn place() -> Place {
    Place::new(&Logins::by(ALL).user("me", SECRET), &["me"])
}

/// The lines of an account that logs in like this with this secret.
fn lines(auth: &str, secret: &str) -> String {
    let source = match auth {
        "xoauth2" | "oauthbearer" => format!("token-command = [\"printf\", \"%s\", \"{secret}\"]"),
        _ => format!("password = \"{secret}\""),
    };
    format!("auth = \"{auth}\"\n{source}")
}

#[test]
fn each_mechanism_lets_in_with_the_right_secret() {
    let place = place();
    for (index, (auth, method)) in MECHANISMS.into_iter().enumerate() {
        place.configure("me", &lines(auth, SECRET));
        place.assert_fetched(&place.sync(), auth);
        assert_eq!(place.method(index + 1), method, "{auth}");
        assert!(place.connections(index + 1)[index].contains(", TLS"));
    }
}

#[test]
fn each_mechanism_is_tried_once_with_a_wrong_secret() {
    let place = place();
    for (index, (auth, _)) in MECHANISMS.into_iter().enumerate() {
        place.configure("me", &lines(auth, "wrong"));
        place.assert_refused(&place.sync(), 77, &["popfetch: work: "], auth);
        let connections = place.connections(index + 1);
        assert_eq!(connections.len(), index + 1, "{auth}: {connections:#?}");
        assert_eq!(refusals(&connections[index]), 1, "{}", connections[index]);
        assert!(!place.let_in(), "{auth}");
    }
    assert_eq!(place.dovecot.contents("me"), [MAIL]);
}

#[test]
fn a_mechanism_that_is_chosen_and_not_offered_is_not_replaced_by_another() {
    let place = Place::new(&Logins::by("plain login").user("me", SECRET), &["me"]);
    for auth in ["apop", "cram-md5", "scram-sha-1", "scram-sha-256"] {
        place.configure("me", &lines(auth, SECRET));
        let out = place.sync();
        assert_ne!(out.code, 0, "{auth}");
        place.assert_refused(&out, out.code, &["popfetch: work: "], auth);
        assert!(!place.let_in(), "{auth}");
    }
}
