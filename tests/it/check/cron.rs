//! What a person has and cron has not.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags, mkfifoat};

use super::super::support::keyring::Keyring;
use super::super::support::mailbox::{Mailbox, PASSWORD};
use super::super::support::sandbox::Running;
use super::{assert_says, assert_silent, check, run};

#[test]
fn a_command_that_needs_a_variable_fails_under_cron_only() {
    let mailbox = Mailbox::new(1);
    let command = "password-command = [\"sh\", \"-c\", \"test -n \\\"$SAFE\\\" || { echo the safe is unknown >&2; exit 3; }; echo $SAFE\"]";
    mailbox.configure_password(command, "");
    let out = run(&mailbox.sandbox, &[], &[("SAFE", PASSWORD)]);
    assert_says(
        &out,
        0,
        ("✓", "secret"),
        &["password-command sh gives it"],
        &[],
    );
    let words = ["cron would not find it", "the safe is unknown"];
    assert_says(
        &out,
        0,
        ("!", "under cron"),
        &words,
        &["few variables", "password-file"],
    );
    assert_says(&out, 0, ("✓", "login"), &[], &[]);
    let without = run(&mailbox.sandbox, &[], &[]);
    assert_says(
        &without,
        78,
        ("✗", "secret"),
        &["the safe is unknown"],
        &["run it by hand"],
    );
    assert_silent(&without, &["under cron", "login"]);
    // What the server has to say is known all the same.
    assert_says(&without, 78, ("✓", "capabilities"), &["UIDL"], &[]);
}

#[test]
fn a_command_that_needs_nothing_is_found_by_cron() {
    let mailbox = Mailbox::new(1);
    let file = mailbox.sandbox.write("home/safe", format!("{PASSWORD}\n"));
    mailbox.configure_password(
        &format!("password-command = \"cat {}\"", file.display()),
        "",
    );
    let out = check(&mailbox, &[]);
    assert_says(&out, 0, ("✓", "under cron"), &["without a terminal"], &[]);
}

#[test]
fn a_command_finds_no_terminal_under_cron() {
    let mailbox = Mailbox::new(1);
    let script = mailbox.sandbox.write(
        "home/ask",
        format!("#!/bin/sh\nif (: < /dev/tty) 2>/dev/null; then echo there is a terminal >&2; exit 1; fi\necho {PASSWORD}\n"),
    );
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    mailbox.configure_password(&format!("password-command = \"{}\"", script.display()), "");
    let mut command = std::process::Command::new("script");
    let popfetch = mailbox.sandbox.command();
    let line = format!(
        "{} check --secret-only work --config {}",
        popfetch.get_program().display(),
        mailbox
            .sandbox
            .path("config/popfetch/config.toml")
            .display()
    );
    // script(1) gives it a terminal of its own, which it is to leave behind.
    command.args([
        "-qec",
        &format!("sh -c '{line}; echo ended with $?'"),
        "/dev/null",
    ]);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", mailbox.sandbox.path("home"));
    command.stdin(std::process::Stdio::null());
    let out = Running::new(command).finish();
    assert!(out.stdout.contains("ended with 0"), "{}", out.stdout);
}

#[test]
fn what_cron_would_wait_for_ends_with_the_check() {
    let mailbox = Mailbox::new(1);
    let path = mailbox.sandbox.path("fifo");
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    let mut options = File::options();
    let options = options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut fifo = options.open(&path).unwrap();
    let script = format!(
        "test -n \\\"$SAFE\\\" && exec echo $SAFE; exec 3>{}; sleep 1000 & echo begun >&3; wait",
        path.display()
    );
    let command = format!("password-command = [\"sh\", \"-c\", \"{script}\"]");
    mailbox.configure_password(&command, "");
    let mut check = mailbox.sandbox.command();
    check.arg("check").env("SAFE", PASSWORD);
    let check = Running::new(check);
    // Nothing comes before somebody has opened it, which looks like an end.
    assert_eq!(read(&mut fifo, |length| length > 0), "begun\n".len());
    check.signal("INT");
    assert_eq!(check.finish().code, 75);
    // The end comes once nobody has it open any more.
    assert_eq!(read(&mut fifo, |_| true), 0);
}

/// Reads until so much came that it will do.
fn read(fifo: &mut File, will_do: impl Fn(usize) -> bool) -> usize {
    for _ in 0..3000 {
        match fifo.read(&mut [0; 64]) {
            Ok(length) if will_do(length) => return length,
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it is still open, and nothing comes");
}

#[test]
fn a_keyring_of_a_session_is_not_crons() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_password("", "");
    let keyring = Keyring::unlocked();
    let bus = keyring.environment().into_iter();
    let bus = bus.filter(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS");
    let bus: Vec<_> = bus
        .map(|(name, value)| (name, value.into_string().unwrap()))
        .collect();
    let shown: Vec<(&str, &str)> = bus
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut login = mailbox.sandbox.command();
    let file = mailbox.sandbox.write("typed", PASSWORD);
    login.args(["login", "work"]).envs(shown.iter().copied());
    login.stdin(fs::File::open(file).unwrap());
    assert_eq!(Running::new(login).finish().code, 0);
    let out = run(&mailbox.sandbox, &[], &shown);
    assert_says(&out, 0, ("✓", "secret"), &["in the keyring"], &[]);
    let words = ["there is no password for this account"];
    assert_says(&out, 0, ("!", "under cron"), &words, &["no keyring"]);
}

#[test]
fn variables_that_lead_elsewhere_are_told_of() {
    let mailbox = Mailbox::new(1);
    let state = mailbox.sandbox.path("state");
    let shown = state.to_str().unwrap();
    let out = run(&mailbox.sandbox, &[], &[("XDG_STATE_HOME", shown)]);
    let line = format!("XDG_STATE_HOME={shown}");
    assert_says(
        &out,
        0,
        ("!", "config"),
        &["XDG_STATE_HOME leads to"],
        &[&line],
    );
}

#[test]
fn a_configuration_that_others_can_write_is_told_of() {
    let mailbox = Mailbox::new(1);
    let file = mailbox.sandbox.write("home/safe", PASSWORD);
    mailbox.configure_password(&format!("password-file = \"{}\"", file.display()), "");
    mailbox.sandbox.chmod("config/popfetch/config.toml", 0o664);
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        0,
        ("!", "config"),
        &["written by others (mode 0664)"],
        &["chmod go-w"],
    );
    assert_silent(&out, &["under cron"]);
}
