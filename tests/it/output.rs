//! What popfetch prints: nothing when all is well and nobody watches, else what was asked for; never what a server says
//! as it says it, and never a secret.

mod dry_run; // what would be done, and that nothing is
mod private; // that no secret is anywhere but on the wire

use std::fs::File;
use std::io::pipe;
use std::process::Stdio;

use serde_json::Value;

use super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::support::maildrop::{Maildrop, Message};
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::{Finished, Sandbox};

/// The lines of standard output, each as JSON.
fn objects(out: &Finished) -> Vec<Value> {
    let lines = out.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[track_caller]
fn is_silent(out: &Finished) {
    let said = (out.code, out.stdout.as_str(), out.stderr.as_str());
    assert_eq!(said, (0, "", ""));
}

#[test]
fn when_all_is_well_and_nobody_watches_nothing_is_said() {
    let mailbox = Mailbox::new(12);
    is_silent(&mailbox.sync());
    assert_eq!(mailbox.here(), mailbox.there());
    is_silent(&mailbox.sync());
    is_silent(&Mailbox::new(0).sync());
    mailbox.configure("leave-on-server = false");
    is_silent(&mailbox.sync());
    assert!(mailbox.there().is_empty());
}

#[test]
fn quiet_is_about_success_only() {
    let mailbox = Mailbox::new(3);
    is_silent(&mailbox.sandbox.run(["sync", "--quiet"]));
    mailbox.configure_password("password = \"wrong\"", "");
    let out = mailbox.sandbox.run(["sync", "--quiet"]);
    assert_eq!(out.code, 77);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
}

#[test]
fn verbose_says_a_line_a_message_and_a_summary() {
    let mailbox = Mailbox::new(4);
    let out = mailbox.sandbox.run(["sync", "-v"]);
    assert_eq!((out.code, out.stdout.as_str()), (0, ""));
    let lines: Vec<_> = out.stderr.lines().collect();
    assert_eq!(lines.len(), 5, "{}", out.stderr);
    for (n, line) in lines[..4].iter().enumerate() {
        let start = format!("work: mail-{n:05} arrived, ");
        assert!(line.starts_with(&start), "{line}");
        let file = line.rsplit_once(" as ").unwrap().1;
        assert!(mailbox.sandbox.home("Mail/work/new").join(file).is_file());
    }
    let octets: usize = mailbox.here().iter().map(Vec::len).sum();
    assert!(octets > 1024, "the summary is in KiB");
    assert!(lines[4].starts_with("work: 4 new ("), "{}", lines[4]);
    assert!(lines[4].ends_with("KiB), 4 on the server"), "{}", lines[4]);

    let out = mailbox.sandbox.run(["sync", "-v"]);
    assert_eq!(out.stderr, "work: nothing new, 4 on the server\n");
}

#[test]
fn verbose_twice_shows_the_protocol_with_the_password_masked() {
    let mailbox = Mailbox::new(2);
    let out = mailbox.sandbox.run(["sync", "-vv"]);
    assert_eq!(out.code, 0);
    for line in [
        "work: S: +OK popfetch test server",
        &format!("work: C: USER {USER}"),
        "work: C: PASS ****",
        "work: C: UIDL",
        "work: C: RETR 2",
        "work: C: QUIT",
    ] {
        assert!(
            out.stderr.lines().any(|said| said == line),
            "no {line:?} in:\n{}",
            out.stderr
        );
    }
    // Mail is no protocol.
    assert!(!out.stderr.contains("Subject:"), "{}", out.stderr);
    assert_eq!(mailbox.server.count(&format!("PASS {PASSWORD}")), 1);
}

#[test]
fn json_tells_a_program_what_a_person_is_told() {
    let mailbox = Mailbox::new(5);
    mailbox.configure("leave-on-server = false\nmax-messages = 3");
    let out = mailbox.sandbox.run(["sync", "--json"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    let octets: usize = mailbox.here().iter().map(Vec::len).sum();
    let expected = serde_json::json!({
        "version": 1, "account": "work", "status": 0, "listed": 5, "new": 3, "new_octets": octets, "recovered": 0,
        "deleted": 3, "too_large": 0, "after_limit": 2, "recognised": 0, "found": 0, "no_room": 0, "waiting": 0, "problems": [], "error": null, "cure": null,
    });
    assert_eq!(objects(&out), [expected]);

    mailbox.configure_password("password = \"wrong\"", "");
    let out = mailbox.sandbox.run(["sync", "--json"]);
    assert_eq!(out.code, 77);
    let [object] = &objects(&out)[..] else {
        panic!("{}", out.stdout)
    };
    assert_eq!(object["status"], 77);
    let error = object["error"].as_str().unwrap();
    assert!(error.contains("[AUTH]"), "{error}");
    assert!(object["cure"].as_str().unwrap().contains("password"));
    // For people the same is on standard error.
    assert!(out.stderr.contains(error), "{}", out.stderr);
}

#[test]
fn a_run_goes_on_where_nobody_can_hear_it() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mailbox = Mailbox::new(3);
    let status = |arguments: &[&str], stdout: Stdio, stderr: Stdio| {
        let mut command = mailbox.sandbox.command();
        command.args(arguments).stdout(stdout).stderr(stderr);
        command.status().unwrap().code()
    };
    for arguments in [
        &["sync", "--dry-run"][..],
        &["sync", "--json"],
        &["completions", "bash"],
    ] {
        // A reader who is gone has seen enough; on a full disk what was to be printed is lost.
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        assert_eq!(status(arguments, writer.into(), full().into()), Some(0));
        assert_eq!(status(arguments, full().into(), Stdio::null()), Some(74));
    }
    mailbox.deposit("later");
    assert_eq!(
        status(&["sync", "-vv"], Stdio::null(), full().into()),
        Some(0)
    );
    assert_eq!(mailbox.here(), mailbox.there());
    mailbox.configure_password("password = \"wrong\"", "");
    assert_eq!(status(&["sync"], Stdio::null(), full().into()), Some(77));
}

#[test]
fn what_a_server_says_is_never_shown_raw() {
    let mail = [
        Message::new(b"a\x1b[2J\xff", "x\r\n"),
        Message::new("b\u{9b}31m\u{202e}", "y\r\n"),
    ];
    let options = Options::new(Tls::None)
        .user(USER, PASSWORD, mail.into_iter().collect::<Maildrop>())
        .capabilities(&["UIDL", "X-\x1b]0;title\x07"])
        .fault(Fault::At(
            "RETR 2",
            1,
            Act::reply("-ERR \x1b[31mred\x07\u{9b}0m\u{202e}"),
        ));
    let mailbox = Mailbox::of(Sandbox::new(), options);
    let harmless = |out: &Finished| {
        for said in [&out.stdout, &out.stderr] {
            let raw = said
                .chars()
                .find(|c| *c != '\n' && !(' '..='~').contains(c));
            assert_eq!(raw, None, "{said:?}");
        }
    };
    for arguments in [
        ["sync", "--dry-run", "-vv"],
        ["sync", "--dry-run", "--json"],
        ["sync", "--json", "-vv"],
    ] {
        harmless(&mailbox.sandbox.run(arguments));
    }
    for (words, line) in [
        ("GREETING", "-ERR \x1b[5mgo away\x1b[0m"),
        ("GREETING", "\x1b]0;no status\x07"),
        ("PASS", "-ERR [AUTH] \x1b[2J\r"),
        ("UIDL", "+OK\r\n1\x1b[2J\r\n."),
    ] {
        mailbox
            .server
            .set_faults(vec![Fault::Each(words, Act::reply(line))]);
        let out = mailbox.sandbox.run(["sync", "--json", "-vv"]);
        assert_ne!(out.code, 0);
        harmless(&out);
    }
}
