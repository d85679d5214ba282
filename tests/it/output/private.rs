//! A password is on the wire and nowhere else: it is looked for, byte by byte, in all that popfetch leaves behind.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::super::support::mailbox::{Mailbox, PASSWORD};
use super::super::support::options::{Act, Fault};
use super::Finished;

/// The password in the forms in which it might leak.
fn is_in(haystack: &[u8]) -> bool {
    let pieces = [PASSWORD, &PASSWORD[1..], &PASSWORD[..PASSWORD.len() - 1]];
    pieces
        .iter()
        .any(|piece| memchr::memmem::find(haystack, piece.as_bytes()).is_some())
}

/// Asserts that no file below this folder holds it, nor a name there.
fn not_below(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        assert!(
            !is_in(path.as_os_str().as_encoded_bytes()),
            "{}",
            path.display()
        );
        if path.is_dir() {
            not_below(&path);
        } else {
            assert!(!is_in(&fs::read(&path).unwrap()), "{}", path.display());
        }
    }
}

#[track_caller]
fn kept(mailbox: &Mailbox, out: &Finished) {
    assert!(!is_in(out.stdout.as_bytes()), "{}", out.stdout);
    assert!(!is_in(out.stderr.as_bytes()), "{}", out.stderr);
    for folder in ["state", "home/Mail", "data", "tmp", "runtime"] {
        not_below(&mailbox.sandbox.path(folder));
    }
}

/// Runs popfetch in all ways in which it talks.
#[track_caller]
fn kept_however_it_is_run(mailbox: &Mailbox, code: i32) {
    for arguments in [["sync", "-vv", "--dry-run"], ["sync", "-vv", "--json"]] {
        let out = mailbox.sandbox.run(arguments);
        assert_eq!(out.code, code, "{}", out.stderr);
        kept(mailbox, &out);
    }
}

#[test]
fn from_whatever_source_it_is_never_shown_or_stored() {
    let mailbox = Mailbox::new(3);
    let file = mailbox
        .sandbox
        .write("config/password", format!("{PASSWORD}\n"));
    let file = file.display();
    for source in [
        format!("password = \"{PASSWORD}\""),
        format!("password-file = \"{file}\""),
        format!("password-command = \"cat {file}\""),
    ] {
        mailbox.configure_password(&source, "");
        kept_however_it_is_run(&mailbox, 0);
    }
    assert_eq!(mailbox.server.count(&format!("PASS {PASSWORD}")), 6);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_server_that_repeats_it_does_not_bring_it_out() {
    let mailbox = Mailbox::new(1);
    for (reply, code) in [
        (
            format!("-ERR [AUTH] \"{PASSWORD}\" is not the password"),
            77,
        ),
        (format!("-ERR [SYS/TEMP] PASS {PASSWORD}: try later"), 75),
        (format!("PASS {PASSWORD}\r\n+OK"), 76),
    ] {
        mailbox
            .server
            .set_faults(vec![Fault::Each("PASS", Act::reply(&reply))]);
        kept_however_it_is_run(&mailbox, code);
    }
    mailbox.server.set_faults(vec![Fault::Each(
        "PASS",
        Act::Before(format!("+OK welcome, {PASSWORD}\r\n").into_bytes()),
    )]);
    kept_however_it_is_run(&mailbox, 76);
}

#[test]
fn a_server_that_repeats_it_long_after_the_login_does_not_bring_it_out() {
    for (command, code) in [
        ("LIST", 69),
        ("UIDL", 69),
        ("RETR", 69),
        ("DELE", 69),
        ("QUIT", 69),
    ] {
        for reply in [format!("-ERR no: {PASSWORD}"), format!("hello, {PASSWORD}")] {
            let code = if reply.starts_with("-ERR") { code } else { 76 };
            let mailbox = Mailbox::new(2);
            mailbox.configure("leave-on-server = false");
            let log = mailbox.sandbox.path("home/log");
            // Without UIDL the header stands in for it.
            let faults = [command, "TOP"].map(|it| Fault::Each(it, Act::reply(&reply)));
            mailbox.server.set_faults(faults.into());
            let log = log.to_str().unwrap();
            let out = mailbox.sandbox.run(["sync", "-vv", "--log-file", log]);
            assert_eq!(out.code, code, "{command}: {}", out.stderr);
            kept(&mailbox, &out);
            assert!(!is_in(&fs::read(log).unwrap()), "{command}");
        }
    }
}

#[test]
fn a_server_that_repeats_it_in_base64_does_not_bring_it_out() {
    let encoded = BASE64_STANDARD.encode(PASSWORD);
    let encoded = encoded.trim_end_matches('=');
    let mailbox = Mailbox::new(1);
    for padding in ["", "=", "=="] {
        let reply = Act::reply(&format!("-ERR no: {encoded}{padding}"));
        let faults = ["PASS", "RETR"].map(|command| Fault::Each(command, reply.clone()));
        for fault in faults {
            mailbox.server.set_faults(vec![fault]);
            let out = mailbox.sandbox.run(["sync", "-vv"]);
            assert_ne!(out.code, 0);
            assert!(!out.stderr.contains(encoded), "{}", out.stderr);
        }
    }
}

#[test]
fn a_server_that_knows_it_from_another_day_does_not_bring_it_out() {
    let mailbox = Mailbox::new(1);
    kept_however_it_is_run(&mailbox, 0);
    for (command, reply, code) in [
        ("GREETING", format!("-ERR busy, {PASSWORD}"), 69),
        ("GREETING", format!("hello {PASSWORD}"), 76),
        ("CAPA", format!("+OK\r\nX-{PASSWORD}\r\n."), 0),
    ] {
        let fault = Fault::Each(command, Act::reply(&reply));
        mailbox.server.set_faults(vec![fault]);
        kept_however_it_is_run(&mailbox, code);
    }
}

#[test]
fn a_configuration_that_is_wrong_does_not_bring_it_out() {
    let mailbox = Mailbox::new(1);
    for source in [
        format!("password = \"{PASSWORD}"),
        format!("password = \"{PASSWORD}\\x\""),
        format!("pasword = \"{PASSWORD}\""),
        format!("password = [\"{PASSWORD}\"]"),
        format!("password = \"{PASSWORD}\"\npassword = \"{PASSWORD}\""),
        format!("password = \"{PASSWORD}\" port = x"),
    ] {
        mailbox.configure_password(&source, "");
        kept_however_it_is_run(&mailbox, 78);
    }
}

#[test]
fn a_source_that_fails_does_not_bring_it_out() {
    let mailbox = Mailbox::new(1);
    let file = mailbox
        .sandbox
        .write("config/password", format!("{PASSWORD}\n"));
    let script = format!("cat {}; exit 3", file.display());
    mailbox.configure_password(
        &format!("password-command = [\"sh\", \"-c\", \"{script}\"]"),
        "",
    );
    kept_however_it_is_run(&mailbox, 78);
    mailbox.sandbox.chmod("config/password", 0o644);
    mailbox.configure_password(&format!("password-file = \"{}\"", file.display()), "");
    kept_however_it_is_run(&mailbox, 78);
}
