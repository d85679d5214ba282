//! Where it is not certain what another program has: nothing is lost, nothing deleted unread, and little comes twice.

use std::fs;

use super::well;
use crate::support::mailbox::{Mailbox, PASSWORD, USER};
use crate::support::maildrop::Message;
use crate::support::options::{Options, Tls};
use crate::support::sandbox::{Finished, Sandbox};

fn letter(uid: &str) -> Message {
    Message::new(uid, format!("Subject: {uid}\r\n\r\n{uid}\r\n"))
}

/// An account with these messages on the server.
fn mailbox(uids: &[&str], lines: &str) -> Mailbox {
    let mailbox = Mailbox::new(0);
    mailbox.configure(lines);
    mailbox.replace(uids.iter().map(|uid| letter(uid)));
    mailbox
}

/// Takes over this file of fetchmail's.
#[track_caller]
fn take_over(mailbox: &Mailbox, fetchids: &str) -> Finished {
    let file = mailbox.sandbox.write("home/.fetchids", fetchids);
    let file = file.to_str().unwrap();
    mailbox
        .sandbox
        .run(["import", "fetchmail", file, "--account", "work", "--yes"])
}

#[test]
fn what_is_known_by_a_uid_that_was_cut_is_not_deleted() {
    let mailbox = mailbox(&["INBOX 9", "whole"], "leave-on-server = false");
    well(&take_over(
        &mailbox,
        &format!("{USER}@127.0.0.1 INBOX\n{USER}@127.0.0.1 whole\n"),
    ));
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 0);
    assert_eq!(mailbox.there(), [b"Subject: INBOX 9\n\nINBOX 9\n"]);
    // Nor by what an export says of it.
    let export = mailbox.sandbox.run(["export"]).stdout;
    let file = mailbox.sandbox.write("home/ledger.jsonl", export);
    fs::remove_dir_all(mailbox.sandbox.path("state/popfetch")).unwrap();
    well(
        &mailbox
            .sandbox
            .run(["import", "json", file.to_str().unwrap(), "--yes"]),
    );
    well(&mailbox.sync());
    assert_eq!((mailbox.here().len(), mailbox.there().len()), (0, 1));
}

#[test]
fn a_uid_that_was_cut_to_another_stands_for_neither() {
    let mailbox = mailbox(&["INBOX 9"], "leave-on-server = false");
    let line = format!("{USER}@127.0.0.1 INBOX\n");
    well(&take_over(&mailbox, &line.repeat(2)));
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn of_several_maildrops_an_account_gets_its_own_uids() {
    let mailbox = mailbox(&["1", "2"], "");
    let others = "eve@pop.example.net 1\neve@pop.example.com 2\n";
    let out = take_over(&mailbox, others);
    assert_eq!(out.code, 64);
    assert!(
        out.stderr.contains("eve at pop.example.com"),
        "{}",
        out.stderr
    );
    well(&take_over(
        &mailbox,
        &format!("{others}{USER}@127.0.0.1 2\n"),
    ));
    well(&mailbox.sync());
    assert_eq!(mailbox.here(), [b"Subject: 1\n\n1\n"]);
}

#[test]
fn a_page_of_gmails_that_another_program_has_is_passed() {
    let names: Vec<String> = (0..260).map(|n| format!("uid-{n}")).collect();
    let mail = names.iter().map(|uid| letter(uid)).collect();
    let options = Options::new(Tls::None)
        .user(USER, PASSWORD, mail)
        .gmail(250);
    let mailbox = Mailbox::of(Sandbox::new(), options);
    mailbox.configure("");
    let lines: String = names[..250]
        .iter()
        .flat_map(|uid| [USER, "@127.0.0.1 ", uid, "\n"])
        .collect();
    well(&take_over(&mailbox, &lines));
    for _ in 0..2 {
        well(&mailbox.sync());
        assert_eq!(mailbox.here().len(), 10);
    }
}

#[test]
fn what_is_on_record_under_another_port_stays_on_record() {
    let mailbox = mailbox(&["a", "b", "c"], "");
    well(&mailbox.sync());
    let options = Options::new(Tls::None).user(
        USER,
        PASSWORD,
        ["a", "b", "c", "d", "e"].map(letter).into_iter().collect(),
    );
    let moved = Mailbox::of(mailbox.sandbox, options);
    moved.configure("");
    well(&take_over(&moved, &format!("{USER}@127.0.0.1 d\n")));
    well(&moved.sync());
    assert_eq!(moved.here().len(), 4);
}

#[test]
fn a_uid_of_a_file_is_held_against_the_listing_once() {
    let mailbox = mailbox(&["a"], "");
    let file = mailbox
        .sandbox
        .write("home/seen.jsonl", "{\"uid\":\"a\"}\n");
    let file = file.to_str().unwrap();
    well(
        &mailbox
            .sandbox
            .run(["import", "json", file, "--account", "work", "--yes"]),
    );
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 0);
    mailbox.replace([Message::new("a", "Subject: another\r\n\r\nand longer\r\n")]);
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn what_is_here_and_on_no_record_is_recognised_after_an_import_too() {
    let mailbox = mailbox(&["a", "b"], "");
    well(&mailbox.sync());
    fs::remove_dir_all(mailbox.sandbox.path("state/popfetch")).unwrap();
    well(&take_over(&mailbox, &format!("{USER}@127.0.0.1 gone\n")));
    mailbox.deposit("new");
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 3);
}

#[test]
fn what_is_fetched_after_all_goes_by_its_time_here() {
    let mailbox = mailbox(&["a"], "leave-on-server = \"14d\"");
    let seen = "{\"uid\":\"a\",\"first_seen\":\"2019-01-01T00:00:00Z\"}\n";
    let file = mailbox.sandbox.write("home/seen.jsonl", seen);
    let file = file.to_str().unwrap();
    well(
        &mailbox
            .sandbox
            .run(["import", "json", file, "--account", "work", "--yes"]),
    );
    well(&mailbox.sandbox.run(["refetch", "work", "a"]));
    assert_eq!(mailbox.here().len(), 1);
    let out = mailbox.sandbox.run(["sync", "--dry-run"]);
    assert!(
        out.stdout.contains("keep on the server until"),
        "{}",
        out.stdout
    );
}

#[test]
fn no_uid_is_not_every_uid() {
    let mailbox = mailbox(&["a"], "");
    for command in ["mark-seen", "forget", "refetch"] {
        let out = mailbox.sandbox.run([command, "work", ""]);
        assert_eq!(out.code, 64, "{command}: {}", out.stderr);
    }
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}
