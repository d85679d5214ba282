//! EXTERNAL with a real Dovecot: the certificate of the TLS handshake says who it is, and there is no other secret.

use super::place::{Place, refusals};
use crate::support::certificates::{Authority, Identity, Leaf};
use crate::support::dovecot::Logins;

const OFFERED: &str = "plain external";

/// A server that believes certificates of this authority; those of clients are for the name `me`.
fn place(authority: &Authority) -> Place {
    let logins = Logins::by(OFFERED).certificates_of(&authority.pem());
    Place::new(&logins, &["me", "another"])
}

/// The lines of an account that shows this certificate.
fn lines(place: &Place, identity: &Identity) -> String {
    place
        .sandbox
        .write("config/popfetch/me.pem", &identity.chain_pem);
    place
        .sandbox
        .write("config/popfetch/me.key", &identity.key_pem);
    "auth = \"external\"\ntls-client-cert = \"me.pem\"\ntls-client-key = \"me.key\"".to_owned()
}

#[test]
fn a_certificate_lets_in_whom_it_names() {
    let authority = Authority::new();
    let place = place(&authority);
    place.configure("me", &lines(&place, &authority.issue(Leaf::Client)));
    place.assert_fetched(&place.sync(), "external");
    assert_eq!(place.method(1), "EXTERNAL");
}

#[test]
fn a_certificate_of_somebody_else_is_tried_once() {
    let authority = Authority::new();
    let place = place(&authority);
    let stranger = Authority::new().issue(Leaf::Client);
    place.configure("me", &lines(&place, &stranger));
    place.assert_refused(&place.sync(), 77, &["popfetch: work: "], "a stranger's");
    let connections = place.connections(1);
    let refused: usize = connections.iter().map(|line| refusals(line)).sum();
    assert!(refused <= 1 && connections.len() == 1, "{connections:#?}");
    assert!(!place.let_in());
}

#[test]
fn without_a_certificate_nobody_is_asked() {
    let place = place(&Authority::new());
    place.configure("me", "auth = \"external\"");
    let out = place.sync();
    assert_eq!((out.code, out.stdout.as_str()), (78, ""), "{}", out.stderr);
    assert!(out.stderr.contains("tls-client-cert"), "{}", out.stderr);
    assert!(place.connections(0).is_empty());
}
