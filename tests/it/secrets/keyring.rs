//! `login`, `sync` and `logout` with a real gnome-keyring-daemon, open, locked and absent.

use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::process::{Command, Output, Stdio};

use super::super::support::keyring::Keyring;
use super::super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::super::support::sandbox::{Finished, Running};
use super::says;

/// The command that runs popfetch in a session with this keyring.
fn command(mailbox: &Mailbox, keyring: &Keyring, arguments: &[&str]) -> Command {
    let mut command = mailbox.sandbox.command();
    let bus = keyring.environment();
    let bus = bus
        .into_iter()
        .find(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS");
    command.args(arguments).envs(bus);
    command
}

fn run(mailbox: &Mailbox, keyring: &Keyring, arguments: &[&str]) -> Finished {
    Running::new(command(mailbox, keyring, arguments)).finish()
}

/// `printf 'input' | popfetch login work`.
fn login(mailbox: &Mailbox, keyring: &Keyring, input: &str) -> Output {
    let mut command = command(mailbox, keyring, &["login", "work"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// What secret-tool finds where popfetch stores.
fn looked_up(mailbox: &Mailbox, keyring: &Keyring) -> Vec<u8> {
    let owner = format!("{USER}@127.0.0.1:{}", mailbox.server.port());
    let mut command = Command::new("secret-tool");
    command.envs(keyring.environment());
    command.args(["lookup", "service", "popfetch", "username", &owner]);
    command.output().unwrap().stdout
}

/// An account that says nothing of its password.
fn unstated() -> Mailbox {
    let mailbox = Mailbox::new(2);
    mailbox.configure_password("", "");
    mailbox
}

#[test]
fn a_password_stored_by_login_is_used_by_sync_until_logout() {
    let (mailbox, keyring) = (unstated(), Keyring::unlocked());
    says(
        &run(&mailbox, &keyring, &["sync"]),
        &["no password for this account; ", "`popfetch login work`"],
    );

    let out = login(&mailbox, &keyring, &format!("{PASSWORD}\n"));
    assert!(out.status.success() && out.stdout.is_empty(), "{out:?}");
    assert_eq!(
        String::from_utf8_lossy(&out.stderr),
        "The password of work is in the keyring.\n"
    );
    assert_eq!(looked_up(&mailbox, &keyring), PASSWORD.as_bytes());

    let out = run(&mailbox, &keyring, &["sync"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(mailbox.here(), mailbox.there());

    let out = run(&mailbox, &keyring, &["logout", "work"]);
    assert_eq!((out.code, out.stdout.as_str()), (0, ""));
    assert_eq!(
        out.stderr,
        "The password of work is no longer in the keyring.\n"
    );
    assert_eq!(looked_up(&mailbox, &keyring), b"");
    says(
        &run(&mailbox, &keyring, &["sync"]),
        &["`popfetch login work`"],
    );
    let out = run(&mailbox, &keyring, &["logout", "work", "--quiet"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
}

#[test]
fn login_replaces_what_was_there_and_refuses_nothing_at_all() {
    let (mailbox, keyring) = (unstated(), Keyring::unlocked());
    assert!(login(&mailbox, &keyring, "old password").status.success());
    assert!(
        login(&mailbox, &keyring, " n\u{e9}w pass \r\nrest\n")
            .status
            .success()
    );
    assert_eq!(looked_up(&mailbox, &keyring), " n\u{e9}w pass ".as_bytes());
    for nothing in ["", "\n"] {
        let out = login(&mailbox, &keyring, nothing);
        assert_eq!(out.status.code(), Some(78), "{out:?}");
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(said.contains("standard input gave no password"), "{said}");
    }
    assert_eq!(looked_up(&mailbox, &keyring), " n\u{e9}w pass ".as_bytes());
}

#[test]
fn what_the_configuration_names_is_asked_instead() {
    let (mailbox, keyring) = (Mailbox::new(2), Keyring::unlocked());
    let out = login(&mailbox, &keyring, "another\n");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        said.contains("The configuration names another source"),
        "{said}"
    );
    let out = run(&mailbox, &keyring, &["sync"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
}

#[test]
fn without_a_keyring_that_answers_sync_ends_by_itself_and_says_why() {
    let mailbox = unstated();
    let mut locked = Keyring::unlocked();
    assert!(login(&mailbox, &locked, "kept\n").status.success());
    locked.lock();
    for keyring in [Keyring::absent(), locked] {
        let out = run(&mailbox, &keyring, &["sync"]);
        says(
            &out,
            &[
                "the keyring cannot be asked: ",
                "; ",
                "password-command or password-file",
            ],
        );
        assert!(mailbox.server.records().is_empty());

        let out = login(&mailbox, &keyring, &format!("{PASSWORD}\n"));
        assert_eq!(out.status.code(), Some(69), "{out:?}");
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(
            said.starts_with("popfetch: work: cannot use the keyring: "),
            "{said}"
        );
        assert!(
            said.contains("; use password-command or password-file"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_bus_that_never_answers_holds_nobody_up() {
    let mailbox = unstated();
    let socket = mailbox.sandbox.path("runtime/bus");
    // Whoever connects waits for ever: nobody accepts, reads or writes.
    let _deaf = UnixListener::bind(&socket).unwrap();
    let mut command = mailbox.sandbox.command();
    let address = format!("unix:path={}", socket.display());
    command.arg("sync").env("DBUS_SESSION_BUS_ADDRESS", address);
    let out = Running::new(command).finish();
    says(
        &out,
        &["did not answer", "password-command or password-file"],
    );
}
