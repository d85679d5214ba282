//! What cannot be written or read here stops before the server's copy is touched.

use std::fs;

use super::{
    Mailbox, Sandbox, all_is_there, at_stake, at_stake_in, says, says_in_a_line, then_all_arrives,
};

/// Where the state is.
const STATE: &str = "state/popfetch/state.db";

#[test]
fn a_maildir_that_cannot_be_written_is_named() {
    for (made, closed) in [
        ("home/Mail/x", "home/Mail"),
        ("home/Mail/work/tmp/x", "home/Mail/work/tmp"),
        ("home/Mail/work/new/x", "home/Mail/work/new"),
    ] {
        let mailbox = at_stake_in(Sandbox::unprivileged());
        fs::remove_file(mailbox.sandbox.write(made, "")).unwrap();
        mailbox.sandbox.chmod(closed, 0o500);
        let place = mailbox.sandbox.home("Mail").display().to_string();
        let cure = ["Permission denied", "writable", "still on the server"];
        let out = mailbox.sync();
        says_in_a_line(&out, 74, &cure);
        says(&out, 74, &[&place]);
        mailbox.sandbox.chmod(closed, 0o700);
        then_all_arrives(&mailbox);
    }
}

#[test]
fn a_file_in_the_maildirs_place_is_named_and_left_alone() {
    let mailbox = at_stake();
    let file = mailbox.sandbox.write("home/Mail/work", "something else");
    let place = file.display().to_string();
    says_in_a_line(
        &mailbox.sync(),
        74,
        &[&place, "a file is where a folder should be", "deliver"],
    );
    assert_eq!(fs::read(&file).unwrap(), b"something else");
    fs::remove_file(file).unwrap();
    then_all_arrives(&mailbox);
}

/// A mailbox of which some mail was fetched and stays on the server, and some came later.
fn half_fetched(sandbox: Sandbox) -> Mailbox {
    let mailbox = Mailbox::within(sandbox, super::COUNT - 1);
    assert_eq!(mailbox.sync().code, 0);
    mailbox.deposit("later");
    mailbox
}

/// Asserts that a run stops at the state, says `parts`, and neither asks the server nor fetches anything.
#[track_caller]
fn stops_at_the_state(mailbox: &Mailbox, parts: &[&str]) -> super::Finished {
    let (connections, mail) = (mailbox.server.records().len(), mailbox.here());
    let out = mailbox.sync();
    let place = mailbox.sandbox.path("state/popfetch").display().to_string();
    says(&out, 74, &[&place, "nothing was fetched"]);
    says(&out, 74, parts);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    assert_eq!(mailbox.server.records().len(), connections);
    assert_eq!(mailbox.here(), mail);
    all_is_there(mailbox);
    out
}

/// Asserts that a damaged state is kept as it was, and that nothing but what is new is delivered.
#[track_caller]
fn is_set_aside(mailbox: &Mailbox, damaged: &[u8]) {
    let out = mailbox.sync();
    says(
        &out,
        0,
        &["state database was damaged", "state.db.damaged-1"],
    );
    let kept = mailbox.sandbox.path("state/popfetch/state.db.damaged-1");
    assert!(fs::read(kept).unwrap() == damaged);
    assert_eq!(mailbox.here(), mailbox.there());
    let again = mailbox.sync();
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
}

#[test]
fn a_state_that_is_no_database_is_set_aside() {
    let mailbox = at_stake();
    let damaged = "not a database".repeat(999);
    mailbox.sandbox.write(STATE, &damaged);
    let out = mailbox.sync();
    says(&out, 0, &["state.db.damaged-1"]);
    assert_eq!(mailbox.here().len(), super::COUNT);
}

#[test]
fn a_truncated_state_is_set_aside_and_nothing_comes_twice() {
    let mailbox = half_fetched(Sandbox::new());
    let state = mailbox.sandbox.path(STATE);
    let half = fs::read(&state).unwrap()[..5000].to_vec();
    fs::write(&state, &half).unwrap();
    is_set_aside(&mailbox, &half);
}

#[test]
fn a_state_that_is_damaged_within_is_set_aside_by_the_run_after_the_one_that_found_it() {
    let mailbox = half_fetched(Sandbox::new());
    let state = mailbox.sandbox.path(STATE);
    let mut damaged = fs::read(&state).unwrap();
    // All but the first page, which holds the tables' definitions.
    damaged[4096..].fill(0xAA);
    fs::write(&state, &damaged).unwrap();
    let out = mailbox.sync();
    if out.code == 74 {
        says(&out, 74, &["state.db is damaged", "run popfetch again"]);
        assert_eq!(mailbox.here().len(), super::COUNT - 1);
        is_set_aside(&mailbox, &damaged);
    } else {
        says(&out, 0, &["state.db.damaged-1"]);
        assert_eq!(mailbox.here(), mailbox.there());
    }
}

#[test]
fn a_state_that_cannot_be_written_is_named() {
    for (place, mode) in [
        (STATE, 0o400),
        ("state/popfetch", 0o500),
        ("state/popfetch/locks", 0o500),
    ] {
        let mailbox = half_fetched(Sandbox::unprivileged());
        let locks = mailbox.sandbox.path("state/popfetch/locks");
        for lock in fs::read_dir(&locks).unwrap() {
            fs::remove_file(lock.unwrap().path()).unwrap();
        }
        if place == "state/popfetch" {
            fs::remove_dir(locks).unwrap();
        }
        mailbox.sandbox.chmod(place, mode);
        stops_at_the_state(&mailbox, &["writable"]);
        mailbox.sandbox.chmod(place, 0o700);
        assert_eq!(mailbox.sync().code, 0);
        assert_eq!(mailbox.here(), mailbox.there());
    }
}

#[test]
fn a_state_folder_that_cannot_be_made_is_named() {
    let mailbox = at_stake_in(Sandbox::unprivileged());
    mailbox.sandbox.chmod("state", 0o500);
    stops_at_the_state(&mailbox, &["writable", "XDG_STATE_HOME"]);
    mailbox.sandbox.chmod("state", 0o700);
    then_all_arrives(&mailbox);
}
