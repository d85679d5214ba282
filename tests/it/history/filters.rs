//! Which messages are shown: those with a uid, a Message-ID, a sender, of some time; the last of them.

use std::process::Command;

use jiff::Timestamp;

use super::super::support::clock;
use super::super::support::mailbox::Mailbox;
use super::super::support::screen;
use super::{history, message, objects, uids, well, with};

/// Mail of several people, which was fetched.
fn correspondence() -> Mailbox {
    let mailbox = with([
        message(
            "a",
            "From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.org>\r\nMessage-ID: <1@example.org>",
        ),
        message(
            "b",
            "From: bob@example.com\r\nMessage-ID:\r\n <2@example.org>",
        ),
        message(
            "c",
            "From: \"Smith, Zoe\" <zoe@EXAMPLE.com>\r\nMessage-ID: 3@example.org",
        ),
        message("d d", "Subject: from nobody"),
    ]);
    well(&mailbox.sync());
    mailbox
}

#[test]
fn a_uid_is_found_as_it_is_shown() {
    let mailbox = with([
        message("a", "X: 1"),
        message("ab", "X: 2"),
        message("\\\x01", "X: 3"),
    ]);
    well(&mailbox.sync());
    let all = history(&mailbox, &[]);
    assert_eq!(all.len(), 3);
    for uid in uids(&all) {
        assert_eq!(uids(&history(&mailbox, &["--uid", uid])), [uid]);
    }
    assert!(history(&mailbox, &["--uid", "b"]).is_empty());
}

#[test]
fn a_message_id_is_found_with_its_brackets_and_without() {
    let mailbox = correspondence();
    for (id, uid) in [
        ("1@example.org", "a"),
        ("2@example.org", "b"),
        ("3@example.org", "c"),
    ] {
        assert_eq!(uids(&history(&mailbox, &["--message-id", id])), [uid]);
        let id = format!("<{id}>");
        assert_eq!(uids(&history(&mailbox, &["--message-id", &id])), [uid]);
    }
    for id in ["", "<>", "@example.org", "1@EXAMPLE.ORG"] {
        assert!(history(&mailbox, &["--message-id", id]).is_empty(), "{id}");
    }
}

#[test]
fn a_sender_is_found_by_any_part_of_name_and_address() {
    let mailbox = correspondence();
    for (text, found) in [
        ("müller", &["a"][..]),
        ("MÜLLER", &["a"]),
        ("ann@", &["a"]),
        ("example.com", &["b", "c"]),
        ("smith, z", &["c"]),
        ("=?utf-8", &[]),
        ("nobody", &[]),
    ] {
        assert_eq!(uids(&history(&mailbox, &["--from", text])), found, "{text}");
    }
    let both = ["--from", "example.com", "--uid", "c"];
    assert_eq!(uids(&history(&mailbox, &both)), ["c"]);
}

#[test]
fn times_are_the_users_and_a_day_counts_whole() {
    let mailbox = with([]);
    let at = |command: &mut Command, time: &str| {
        let time: Timestamp = time.parse().unwrap();
        clock::set(command.env("TZ", "Europe/Berlin"), time);
    };
    for (uid, time) in [
        ("sunday", "2026-10-31T22:58:30Z"),
        ("midnight", "2026-10-31T23:00:30Z"),
        ("noon", "2026-11-01T11:00:00Z"),
        ("today", "2026-11-01T23:30:00Z"),
    ] {
        mailbox.deposit(uid);
        let mut command = mailbox.sandbox.command();
        at(command.arg("sync"), time);
        assert!(command.status().unwrap().success());
    }
    let shown = |arguments: &str| {
        let mut command = mailbox.sandbox.command();
        let arguments = arguments.split(' ').filter(|it| !it.is_empty());
        command.args(["history", "--json"]).args(arguments);
        at(&mut command, "2026-11-01T23:59:00Z");
        let objects = objects(&mut command);
        uids(&objects).join(" ")
    };
    for (arguments, found) in [
        ("", "sunday midnight noon today"),
        ("--since 2026-11-01", "midnight noon today"),
        ("--until 2026-11-01", "sunday midnight noon"),
        ("--since 2026-11-01 --until 2026-11-01", "midnight noon"),
        ("--since 2026-11-01T12:00", "noon today"),
        ("--until 2026-11-01T12:00", "sunday midnight"),
        ("--since today", "today"),
        ("--since yesterday --until yesterday", "midnight noon"),
        ("--since 13h", "noon today"),
        ("--since 25h --until 2h", "midnight noon"),
        ("--since 2027-01-01", ""),
    ] {
        assert_eq!(shown(arguments), found, "{arguments}");
    }
    for wrong in ["soon", "2026-13-01", "-2d", ""] {
        let out = mailbox
            .sandbox
            .run(["history", &format!("--since={wrong}")]);
        assert_eq!(
            (out.code, out.stdout.as_str()),
            (64, ""),
            "{wrong}: {}",
            out.stderr
        );
    }
}

#[test]
fn of_many_messages_the_last_fifty_are_shown_and_that_there_are_more() {
    let letters = (0..51).map(|n| message(&format!("letter-{n:02}"), "From: ann@example.org"));
    let mailbox = with(letters);
    well(&mailbox.sync());
    let out = mailbox.sandbox.run(["history"]);
    assert_eq!(out.code, 0);
    assert_eq!(out.stdout.matches("  uid letter-").count(), 50);
    assert!(!out.stdout.contains("letter-00,"), "{}", out.stdout);
    assert!(
        out.stderr.contains('1') && out.stderr.contains("--all"),
        "{}",
        out.stderr
    );
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    for arguments in [&["--all"][..], &["--from", "ann"], &["--since", "1d"]] {
        assert_eq!(history(&mailbox, arguments).len(), 51);
    }
    let out = mailbox.sandbox.run(["history", "--quiet"]);
    assert_eq!((out.stderr.as_str(), out.code), ("", 0));
    let lines = screen::lines(&mailbox.sandbox, 40, "history");
    let (notice, shown) = lines.split_last().unwrap();
    screen::fit(shown, 40);
    assert!(notice.contains("--all"), "{lines:#?}");
}
