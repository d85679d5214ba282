//! What is known and can be changed or carried away: `mark-seen`, `forget`, `export`, `import json`.

use super::well;
use crate::support::mailbox::{Mailbox, USER};
use crate::support::maildrop::Message;

fn mailbox(count: usize, lines: &str) -> Mailbox {
    let mailbox = Mailbox::new(count);
    mailbox.configure(lines);
    mailbox
}

fn letter(name: &str) -> Message {
    Message::new(name, format!("Subject: {name}\r\n\r\n{name}\r\n"))
}

#[test]
fn what_is_marked_as_seen_is_not_fetched_nor_deleted() {
    let mailbox = mailbox(3, "leave-on-server = false");
    let out = mailbox.sandbox.run(["mark-seen", "work"]);
    well(&out);
    assert_eq!(out.stderr, "work: 3 marked as seen\n");
    mailbox.deposit("new");
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
    assert_eq!(mailbox.there().len(), 3);

    let out = mailbox.sandbox.run(["mark-seen", "work"]);
    assert_eq!(
        out.stderr,
        "work: 0 marked as seen; 3 were on record already\n"
    );
    let out = mailbox.sandbox.run(["sync", "--dry-run"]);
    assert!(out.stdout.contains("marked as seen"), "{}", out.stdout);
    let out = mailbox.sandbox.run(["history", "work"]);
    assert!(
        out.stdout.contains("marked as seen, and not fetched"),
        "{}",
        out.stdout
    );
}

#[test]
fn single_messages_are_marked_and_fetched_after_all() {
    let mailbox = mailbox(0, "");
    for name in ["one", "two", "three"] {
        mailbox.server.deposit(USER, letter(name));
    }
    let out = mailbox.sandbox.run(["mark-seen", "work", "two", "nine"]);
    assert_eq!(out.code, 64);
    assert_eq!(
        out.stderr,
        "work: 1 marked as seen\nwork: uid nine is not on the server\n"
    );
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 2);
    well(&mailbox.sandbox.run(["refetch", "work", "two"]));
    assert_eq!(mailbox.here().len(), 3);
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 3);
}

#[test]
fn a_paged_listing_is_not_marked() {
    let mailbox = Mailbox::new(0);
    mailbox.sandbox.config(
        "[accounts.work]\nprovider = \"gmail\"\nuser = \"ann@gmail.com\"\npassword = \"x\"\ndeliver = { maildir = \"~/Mail\" }\n",
    );
    let out = mailbox.sandbox.run(["mark-seen", "work"]);
    assert_eq!(out.code, 64);
    assert!(out.stderr.contains("recent:"), "{}", out.stderr);
}

#[test]
fn what_is_forgotten_is_delivered_again_and_the_rest_is_not() {
    let mailbox = mailbox(0, "");
    for name in ["one", "two"] {
        mailbox.server.deposit(USER, letter(name));
    }
    well(&mailbox.sync());
    let out = mailbox.sandbox.run(["forget", "work", "two", "nine"]);
    assert_eq!(out.code, 64);
    assert_eq!(
        out.stderr,
        "work: 1 forgotten\nwork: nothing is on record of uid nine\n"
    );
    for _ in 0..2 {
        well(&mailbox.sync());
        assert_eq!(mailbox.here().len(), 3);
    }
}

#[test]
fn an_account_that_is_forgotten_recognises_what_is_here() {
    let mailbox = mailbox(4, "");
    well(&mailbox.sync());
    let out = mailbox.sandbox.run(["forget", "work", "--all"]);
    assert_eq!(out.code, 64);
    assert!(out.stderr.contains("--yes"), "{}", out.stderr);
    let out = mailbox.sandbox.run(["forget", "work", "--all", "--yes"]);
    well(&out);
    assert_eq!(out.stderr, "work: 4 messages forgotten\n");
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 4);
    assert_eq!(mailbox.server.count("RETR"), 8);
}

#[test]
fn what_waits_is_not_forgotten() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_delivery("{ pipe = [\"false\"] }", "");
    assert_eq!(mailbox.sync().code, 74);
    let out = mailbox.sandbox.run(["forget", "work", "--all", "--yes"]);
    assert_eq!(out.code, 64);
    assert!(out.stderr.contains("popfetch retry work"), "{}", out.stderr);
    assert!(!out.stderr.contains("keep-state"), "{}", out.stderr);
}

#[test]
fn an_export_says_all_that_a_new_state_needs() {
    let mailbox = mailbox(5, "leave-on-server = \"14d\"");
    mailbox.server.deposit(USER, letter("odd \\ uid\u{e9}"));
    well(&mailbox.sync());
    well(&mailbox.sandbox.run(["mark-seen", "work"]));
    let export = mailbox.sandbox.run(["export"]);
    well(&export);
    assert_eq!(export.stdout.lines().count(), 6);

    let file = mailbox.sandbox.write("home/ledger.jsonl", &export.stdout);
    let file = file.to_str().unwrap();
    std::fs::remove_dir_all(mailbox.sandbox.path("state/popfetch")).unwrap();
    let dry = mailbox.sandbox.run(["import", "json", file, "--dry-run"]);
    well(&dry);
    assert!(dry.stdout.contains("6 messages"), "{}", dry.stdout);
    assert!(!mailbox.sandbox.path("state/popfetch").exists());
    let out = mailbox.sandbox.run(["import", "json", file, "--yes"]);
    well(&out);
    assert!(
        out.stderr.contains("6 messages put on record."),
        "{}",
        out.stderr
    );
    assert_eq!(mailbox.sandbox.run(["export"]).stdout, export.stdout);

    well(&mailbox.sync());
    assert_eq!(mailbox.server.count("RETR"), 6);
    assert_eq!(mailbox.here().len(), 6);
    let again = mailbox.sandbox.run(["import", "json", file, "--yes"]);
    assert!(
        again
            .stderr
            .contains("0 messages put on record; 6 were there already."),
        "{}",
        again.stderr
    );
}

#[test]
fn what_had_not_arrived_is_not_restored() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_delivery("{ pipe = [\"false\"] }", "");
    assert_eq!(mailbox.sync().code, 74);
    let export = mailbox.sandbox.run(["export", "work"]).stdout;
    let file = mailbox.sandbox.write("home/ledger.jsonl", &export);
    std::fs::remove_dir_all(mailbox.sandbox.path("state/popfetch")).unwrap();
    mailbox.configure("");
    let out = mailbox
        .sandbox
        .run(["import", "json", file.to_str().unwrap(), "--yes"]);
    well(&out);
    assert!(out.stderr.contains("1 had not arrived"), "{}", out.stderr);
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn uids_alone_are_enough_for_an_account_that_is_named() {
    let mailbox = mailbox(0, "");
    for name in ["one", "two", "three"] {
        mailbox.server.deposit(USER, letter(name));
    }
    let lines =
        "{\"uid\":\"one\"}\n\n{\"uid\":\"three\",\"first_seen\":\"2026-01-02T03:04:05Z\"}\n";
    let file = mailbox.sandbox.write("home/seen.jsonl", lines);
    let file = file.to_str().unwrap();
    let out = mailbox
        .sandbox
        .run(["import", "json", file, "--account", "work", "--yes"]);
    well(&out);
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn a_line_that_is_not_understood_puts_nothing_on_record() {
    let mailbox = mailbox(1, "");
    let good = "{\"server\":\"x\",\"user\":\"y\",\"uid\":\"z\"}\n";
    for (line, fault) in [
        ("nonsense", "no JSON object"),
        ("[1]", "no JSON object"),
        ("{\"server\":\"x\",\"user\":\"y\"}", "no \"uid\""),
        ("{\"server\":\"x\",\"uid\":\"y\"}", "no \"user\""),
        ("{\"server\":\"x\",\"user\":\"y\",\"uid\":\"\"}", "\"uid\""),
        (
            "{\"server\":\"x\",\"user\":\"y\",\"uid\":\"z\",\"sha256\":\"é\"}",
            "\"sha256\"",
        ),
        (
            "{\"server\":\"x\",\"user\":\"y\",\"uid\":\"z\",\"listed\":-1}",
            "\"listed\"",
        ),
        (
            "{\"version\":99,\"server\":\"x\",\"user\":\"y\",\"uid\":\"z\"}",
            "newer popfetch",
        ),
    ] {
        let file = mailbox
            .sandbox
            .write("home/x.jsonl", format!("{good}{line}\n"));
        let out = mailbox
            .sandbox
            .run(["import", "json", file.to_str().unwrap(), "--yes"]);
        assert_eq!(out.code, 64, "{line}: {}", out.stderr);
        assert!(
            out.stderr.contains("x.jsonl:2: nothing was put on record"),
            "{}",
            out.stderr
        );
        assert!(out.stderr.contains(fault), "{line}: {}", out.stderr);
    }
    assert!(!mailbox.sandbox.path("state/popfetch/state.db").exists());
}
