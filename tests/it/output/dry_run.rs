//! `sync --dry-run` says what would be done with each message and does nothing of it.

use std::fs;

use super::super::support::mailbox::Mailbox;
use super::super::support::options::{Act, Fault};
use super::objects;

/// Runs it and asserts that nothing in the sandbox or on the server changed.
#[track_caller]
fn explained(mailbox: &Mailbox, json: bool) -> super::Finished {
    let (before, there, retrieved) = (
        mailbox.sandbox.snapshot(),
        mailbox.there(),
        mailbox.server.count("RETR"),
    );
    let out = if json {
        mailbox.sandbox.run(["sync", "--dry-run", "--json"])
    } else {
        mailbox.sandbox.run(["sync", "--dry-run"])
    };
    assert!(
        mailbox.sandbox.snapshot() == before,
        "something was changed"
    );
    assert_eq!(mailbox.there(), there);
    assert_eq!(mailbox.server.count("RETR"), retrieved);
    out
}

#[test]
fn before_the_first_run_all_is_new_and_not_even_a_folder_is_made() {
    let mailbox = Mailbox::new(3);
    mailbox.configure("leave-on-server = false");
    let out = explained(&mailbox, false);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    let lines: Vec<_> = out.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", out.stdout);
    assert!(
        lines[0].starts_with("work: 3 on the server"),
        "{}",
        lines[0]
    );
    for (n, line) in lines[1..].iter().enumerate() {
        let uid = format!("mail-{n:05}");
        assert!(
            line.contains(&uid) && line.contains("fetch: it is new; delete from the server"),
            "{line}"
        );
    }
    assert!(!mailbox.sandbox.path("state/popfetch").exists());
    assert!(!mailbox.sandbox.home("Mail").exists());
    assert_eq!(mailbox.server.count("DELE"), 0);
}

#[test]
fn each_decision_is_explained_and_then_comes_true() {
    let mailbox = Mailbox::new(3);
    assert_eq!(mailbox.sync().code, 0);
    mailbox.deposit("later");
    mailbox.deposit("latest");
    let keep = "keep on the server: nothing is to be deleted";
    let out = explained(&mailbox, false);
    for (uid, decision) in [
        ("mail-00000", "do not fetch: it is here already"),
        ("mail-00002", "do not fetch: it is here already"),
        ("later", "fetch: it is new"),
    ] {
        let expected = format!("{uid}: {decision}; {keep}");
        assert!(out.stdout.contains(&expected), "{}", out.stdout);
    }

    mailbox.configure("leave-on-server = \"14d\"\nmax-messages = 1");
    let out = explained(&mailbox, true);
    let objects = objects(&out);
    let column = |key: &str| {
        objects
            .iter()
            .map(|object| object[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(column("version"), [1, 1, 1, 1, 1]);
    assert_eq!(column("account"), ["work"; 5]);
    assert_eq!(column("number"), [1, 2, 3, 4, 5]);
    assert_eq!(column("uid")[3..], ["later", "latest"]);
    assert_eq!(column("fetch"), [false, false, false, true, false]);
    assert_eq!(column("delete"), [false; 5]);
    assert!(
        objects[4]["decision"]
            .as_str()
            .unwrap()
            .contains("max-messages")
    );
    assert!(
        objects[0]["retention"]
            .as_str()
            .unwrap()
            .starts_with("keep on the server until ")
    );
    assert!(objects[0]["octets"].as_u64().unwrap() > 0);

    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), 4);
}

#[test]
fn what_an_interrupted_run_left_behind_stays_as_it_is() {
    let mailbox = Mailbox::new(6);
    mailbox
        .server
        .set_faults(vec![Fault::At("RETR 4", 1, Act::Cut)]);
    assert_eq!(mailbox.sync().code, 75);
    mailbox.server.set_faults(Vec::new());
    let staged = mailbox
        .sandbox
        .write("home/Mail/work/tmp/staged", "by nobody");
    let out = explained(&mailbox, false);
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert_eq!(
        out.stdout.matches("here already").count(),
        3,
        "{}",
        out.stdout
    );
    assert_eq!(out.stdout.matches("fetch: it is new").count(), 3);
    fs::remove_file(staged).unwrap();
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn trouble_is_told_as_in_a_real_run() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_password("password = \"wrong\"", "");
    let out = explained(&mailbox, false);
    assert_eq!((out.code, out.stdout.as_str()), (77, ""));
    assert!(
        out.stderr.contains("check user and password"),
        "{}",
        out.stderr
    );
}
