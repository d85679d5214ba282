//! What TLS may have against a server, and what a check says of it.

use super::super::support::certificates::{Authority, Identity, Leaf, self_signed};
use super::super::support::mailbox::{PASSWORD, USER};
use super::super::support::maildrop::Maildrop;
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::{Finished, Sandbox};
use super::super::support::server::Server;
use super::{assert_says, assert_silent, run, schedule};

/// A check of a server that shows this certificate, with these lines more in the account.
fn shown(identity: &Identity, lines: &str, arguments: &[&str]) -> Finished {
    let mail = Maildrop::sample("mail", 0, 1);
    let options = Options::new(Tls::Implicit(identity.clone())).user(USER, PASSWORD, mail);
    let (server, sandbox) = (Server::start(options), Sandbox::new());
    schedule(&sandbox);
    configure(&sandbox, server.port(), lines);
    let out = run(&sandbox, arguments, &[]);
    if out.code != 0 {
        assert_eq!(server.count("USER"), 0, "the user was told");
    }
    out
}

fn configure(sandbox: &Sandbox, port: u16, lines: &str) {
    sandbox.config(&format!(
        "[accounts.work]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{USER}\"\npassword = \"{PASSWORD}\"\n\
         deliver = {{ maildir = \"~/Mail\" }}\n{lines}\n"
    ));
}

/// The same for a certificate of this authority, which the account believes.
fn issued(leaf: Leaf, arguments: &[&str]) -> Finished {
    let authority = Authority::new();
    let identity = authority.issue(leaf);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let line = format!("tls-ca-file = \"{}\"", file.display());
    shown(&identity, &line, arguments)
}

/// What needs the server's trust.
const AFTER: [&str; 5] = ["capabilities", "login", "maildrop", "UIDL", "new mail"];

#[test]
fn a_certificate_of_another_name() {
    let out = issued(Leaf::WrongName, &[]);
    let words = ["not trusted", "address mismatch", "pop.elsewhere.example"];
    assert_says(
        &out,
        76,
        ("✗", "TLS"),
        &words,
        &["check host", "tls-fingerprint"],
    );
    assert_silent(&out, &AFTER);
}

#[test]
fn an_expired_certificate() {
    let out = issued(Leaf::Expired, &[]);
    let words = ["expired", "2020-01-01 to 2021-01-01"];
    assert_says(
        &out,
        76,
        ("✗", "TLS"),
        &words,
        &["clock", "needs a new one"],
    );
    assert_silent(&out, &AFTER);
}

#[test]
fn a_self_signed_certificate_until_it_is_pinned() {
    let identity = self_signed();
    let pin = format!("tls-fingerprint = \"{}\"", identity.fingerprint);
    let out = shown(&identity, "", &[]);
    assert_says(
        &out,
        76,
        ("✗", "TLS"),
        &["self-signed"],
        &[&pin, "tls-ca-file"],
    );
    assert_silent(&out, &AFTER);
    let out = shown(&identity, &pin, &["-v"]);
    assert_says(&out, 0, ("✓", "TLS"), &["pinned by tls-fingerprint"], &[]);
    assert!(out.stdout.contains(&identity.fingerprint), "{}", out.stdout);
}

#[test]
fn a_certificate_that_is_not_yet_valid_points_to_the_clock() {
    let out = issued(Leaf::NotYet, &[]);
    let words = ["not yet valid", "2090-01-01"];
    assert_says(&out, 76, ("✗", "TLS"), &words, &["clock"]);
    let words = ["this machine says that it is 20", "from a later time"];
    assert_says(&out, 76, ("!", "clock"), &words, &["set the clock"]);
    assert_silent(&out, &AFTER);
    assert!(!out.stdout.contains("✓ clock"), "{}", out.stdout);
}

#[test]
fn a_certificate_that_ends_soon_is_told_of_in_time() {
    let out = issued(Leaf::EndsSoon, &[]);
    assert_says(
        &out,
        0,
        ("!", "TLS"),
        &["ends in", " days, on "],
        &["ask whoever runs it"],
    );
    assert!(
        out.stdout
            .ends_with("work: nothing keeps mail from coming; to look at (!): TLS\n"),
        "{}",
        out.stdout
    );
}

#[test]
fn a_pinned_certificate_out_of_its_time_is_told_of() {
    let identity = Authority::new().issue(Leaf::Expired);
    let pin = format!("tls-fingerprint = \"{}\"", identity.fingerprint);
    let out = shown(&identity, &pin, &[]);
    assert_says(
        &out,
        0,
        ("!", "TLS"),
        &["to 2021-01-01 only", "pinned"],
        &["new one"],
    );
}

#[test]
fn another_certificate_than_the_pinned_one() {
    let other = Authority::new().issue(Leaf::Good);
    let pin = format!("tls-fingerprint = \"{}\"", self_signed().fingerprint);
    let out = shown(&other, &pin, &[]);
    let cure = format!("set tls-fingerprint = \"{}\"", other.fingerprint);
    assert_says(&out, 76, ("✗", "TLS"), &["another fingerprint"], &[&cure]);
}
