//! Which mechanism `auth = "auto"` takes of those that a real Dovecot offers, behind TLS and in clear.

use super::mechanisms::ALL;
use super::place::Place;
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
