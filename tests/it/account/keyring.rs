//! Passwords in a real keyring, and where there is none.

use std::io::Write as _;
use std::process::{Output, Stdio};

use super::Place;
use crate::support::keyring::Keyring;
use crate::support::mailbox::{PASSWORD, USER};

/// Runs popfetch in a session with this keyring, with this on standard input.
fn run(place: &Place, keyring: &Keyring, arguments: &[&str], input: &str) -> Output {
    let mut command = place.sandbox.command();
    let bus = keyring.environment();
    let bus = bus
        .into_iter()
        .find(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS");
    command.args(arguments).envs(bus);
    command.env("SSL_CERT_FILE", &place.roots);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // One that ends at once has not waited for its input.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn add(place: &Place, keyring: &Keyring, input: &str) -> Output {
    let port = place.server.port().to_string();
    let server = [
        "account",
        "add",
        USER,
        "--host",
        "127.0.0.1",
        "--port",
        &port,
    ];
    run(
        place,
        keyring,
        &[&server[..], &["--keyring", "--yes"]].concat(),
        input,
    )
}

#[test]
fn the_password_of_standard_input_goes_to_the_keyring_and_leaves_with_the_account() {
    let (place, keyring) = (Place::new(2), Keyring::unlocked());
    let out = add(&place, &keyring, &format!("{PASSWORD}\nmore\n"));
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert!(!place.config().contains("password"), "{}", place.config());
    let sync = |code| {
        let out = run(&place, &keyring, &["sync"], "");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(code), "{said}");
    };
    sync(0);
    let mail = place.sandbox.mail("Mail/example");
    assert_eq!(mail, place.server.maildrop(USER).stored());

    let config = place.config();
    let out = run(
        &place,
        &keyring,
        &["account", "remove", "example", "--yes"],
        "",
    );
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{said}");
    place.sandbox.config(&config);
    sync(78);
}

#[test]
fn a_wrong_password_never_reaches_the_keyring() {
    let (place, keyring) = (Place::new(0), Keyring::unlocked());
    assert_eq!(add(&place, &keyring, "wrong\n").status.code(), Some(77));
    assert_eq!(place.config(), "");
    place.add(&["--password-file", "x", "--yes", "--no-test"]);
    let config = place.config().replace("password-file", "# password-file");
    place.sandbox.config(&config);
    let out = run(&place, &keyring, &["sync"], "");
    assert_eq!(out.status.code(), Some(78), "{config}");
}

#[test]
fn without_a_keyring_nothing_is_asked_or_written() {
    let place = Place::new(0);
    let out = add(&place, &Keyring::absent(), "anything\n");
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(69), "{said}");
    assert!(said.contains("cannot use the keyring"), "{said}");
    assert!(place.server.records().is_empty());
    assert_eq!(place.config(), "");
    let out = add(&place, &Keyring::unlocked(), "\n");
    assert_eq!(out.status.code(), Some(78));
}
