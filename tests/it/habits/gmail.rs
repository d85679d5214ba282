//! Gmail's habits: pages of about 250 messages, mail that is hidden once it was retrieved and the session ended by QUIT,
//! and `recent:`, which lists all of it whatever was done.
//!
//! It owns the proof that nothing is hidden there that is not safe here.

use std::collections::HashSet;
use std::fs;

use super::super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::super::support::options::{Act, Fault, Options, Tls};
use super::super::support::sandbox::{Finished, Sandbox};
use super::{assert_here, letter, letters, mailbox, sync_asking_for, sync_well};

/// A page of the real one.
const PAGE: usize = 250;

/// So many letters on a server with pages of this size.
fn paged(count: usize, page: usize) -> Mailbox {
    mailbox(letters(0..count), |options| options.gmail(page))
}

/// Asserts that all that is hidden is here.
#[track_caller]
fn assert_hidden_is_here(mailbox: &Mailbox) {
    // Not in `tmp/`, where a run that failed may have left something.
    let maildir = mailbox.sandbox.home("Mail/work");
    let folders = ["new", "cur"].map(|folder| fs::read_dir(maildir.join(folder)));
    let files = folders.into_iter().flatten().flatten();
    let here: HashSet<_> = files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    let hidden = mailbox.server.hidden(USER).stored();
    assert!(
        hidden.iter().all(|message| here.contains(message)),
        "hidden there and not here"
    );
}

#[test]
fn a_thousand_messages_in_pages_of_250_come_in_one_run_and_once() {
    let mailbox = paged(4 * PAGE, PAGE);
    let sent = mailbox.there();
    sync_asking_for(&mailbox, 4 * PAGE);
    assert_here(&mailbox, &sent);
    assert_eq!(mailbox.server.hidden(USER).messages().len(), 4 * PAGE);
    assert!(
        mailbox.server.records().len() <= 6,
        "a session for each page"
    );
    sync_asking_for(&mailbox, 0);
    assert_here(&mailbox, &sent);
}

#[test]
fn new_mail_of_later_days_comes_once() {
    let mailbox = paged(3, PAGE);
    sync_asking_for(&mailbox, 3);
    for n in 3..6 {
        mailbox.server.deposit(USER, letter(n));
        sync_asking_for(&mailbox, 1);
        assert_here(&mailbox, &mailbox.there());
    }
}

#[test]
fn what_is_deleted_there_is_here_whatever_the_page() {
    let mailbox = paged(12, 5);
    mailbox.configure("leave-on-server = false");
    let sent = mailbox.there();
    for _ in 0..2 {
        sync_well(&mailbox);
        assert_here(&mailbox, &sent);
        assert!(mailbox.there().is_empty());
    }
    assert_eq!(mailbox.server.count("RETR"), 12);
}

#[test]
fn mail_that_cannot_be_stored_is_not_hidden() {
    let mailbox = Mailbox::of(
        Sandbox::unprivileged(),
        Options::new(Tls::None)
            .user(USER, PASSWORD, letters(0..12))
            .gmail(5),
    );
    for folder in ["cur", "new"] {
        mailbox
            .sandbox
            .write(&format!("home/Mail/work/{folder}/x"), "x");
        mailbox
            .sandbox
            .chmod(&format!("home/Mail/work/{folder}"), 0o700);
    }
    mailbox.sandbox.write("home/Mail/work/tmp/x", "x");
    mailbox.sandbox.chmod("home/Mail/work/tmp", 0o500);
    assert_eq!(mailbox.sync().code, 74);
    assert_eq!(mailbox.server.count("QUIT"), 0);
    assert_eq!(mailbox.server.hidden(USER).messages().len(), 0);
    mailbox.sandbox.chmod("home/Mail/work/tmp", 0o700);
    fs::remove_file(mailbox.sandbox.home("Mail/work/tmp/x")).unwrap();
    sync_well(&mailbox);
    assert_eq!(mailbox.here().len(), 12 + 2);
    assert_hidden_is_here(&mailbox);
}

/// Runs popfetch so that it cannot write to the state's journal from the `nth` time on.
fn sync_without_room_for_state(mailbox: &Mailbox, nth: usize) -> Finished {
    let log = mailbox.sandbox.path("tmp/strace.log");
    let journal = mailbox.sandbox.path("state/popfetch/state.db-wal");
    let inject = format!("inject=pwrite64:error=ENOSPC:when={nth}+");
    let paths = ["-o", log.to_str().unwrap(), "-P", journal.to_str().unwrap()];
    let faults = ["-f", "-qq", "-e", "trace=pwrite64", "-e", &inject];
    mailbox
        .sandbox
        .sync_through("strace", &[paths.as_slice(), faults.as_slice()].concat())
}

#[test]
fn mail_that_cannot_be_committed_is_not_hidden() {
    let mailbox = paged(0, PAGE);
    sync_well(&mailbox);
    let mut unsafe_sessions = 0;
    // A batch that is not committed is fetched again, until there is room for all that a run writes.
    for nth in (1..60).step_by(3) {
        mailbox.server.deposit(USER, letter(nth));
        let before = mailbox.server.records().len();
        let out = sync_without_room_for_state(&mailbox, nth);
        assert!([0, 74].contains(&out.code), "{}", out.stderr);
        assert_hidden_is_here(&mailbox);
        let sessions = &mailbox.server.records()[before..];
        let retrieved = sessions
            .iter()
            .any(|session| session.lines.iter().any(|line| line.starts_with("RETR")));
        unsafe_sessions += usize::from(out.code == 74 && retrieved);
        if out.code == 0 {
            break;
        }
    }
    assert!(unsafe_sessions > 0, "no commit has failed");
    sync_well(&mailbox);
    assert_here(&mailbox, &mailbox.there());
}

#[test]
fn a_page_that_is_here_and_was_not_hidden_keeps_nothing_behind_it_from_coming() {
    for leave in ["true", "false", "\"14d\""] {
        let mailbox = paged(PAGE + 10, PAGE);
        mailbox.configure(&format!("leave-on-server = {leave}"));
        let sent = mailbox.there();
        // All of the page is safe when the first session breaks.
        let cut = Fault::At("QUIT", 1, Act::Cut);
        mailbox.server.set_faults(vec![Fault::On(0, Box::new(cut))]);
        mailbox.sync();
        mailbox.server.set_faults(Vec::new());
        for _ in 0..2 {
            sync_well(&mailbox);
            assert_here(&mailbox, &sent);
        }
        sync_asking_for(&mailbox, 0);
        assert!(mailbox.there().is_empty() || leave != "false");
    }
}

#[test]
fn mail_whose_run_is_killed_is_not_hidden() {
    let mailbox = paged(12, 5);
    for (connection, at) in [(0, 3), (2, 5)] {
        let stall = Fault::At("RETR", at, Act::Stall);
        mailbox
            .server
            .set_faults(vec![Fault::On(connection, Box::new(stall))]);
        let running = mailbox.sandbox.start(["sync"]);
        mailbox
            .server
            .wait_until(connection, |record| record.stalled);
        running.signal("KILL");
        assert_eq!(running.finish().code, 137);
        mailbox.server.wait_until(connection, |record| record.ended);
        assert!(mailbox.server.hidden(USER).messages().len() <= 5);
    }
    mailbox.server.set_faults(Vec::new());
    sync_well(&mailbox);
    assert_here(&mailbox, &mailbox.there());
    assert_hidden_is_here(&mailbox);
}

#[test]
fn mail_that_a_program_refuses_waits_here_and_not_there() {
    let mailbox = paged(12, 5);
    let fails = mailbox
        .sandbox
        .write("fails.sh", "! grep -q '^Subject: 3$' > /dev/null\n");
    let deliver = |script: &str| format!("{{ pipe = [\"sh\", \"{script}\"] }}");
    mailbox.configure_delivery(&deliver(&fails.display().to_string()), "");
    assert_eq!(mailbox.sync().code, 74);
    assert_eq!(mailbox.server.count("RETR"), 12);
    assert_eq!(mailbox.server.hidden(USER).messages().len(), 12);

    let keeps = mailbox.sandbox.write("keeps.sh", "cat > \"$HOME/kept\"\n");
    mailbox.configure_delivery(&deliver(&keeps.display().to_string()), "");
    let out = mailbox.sandbox.run(["retry"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    let kept = fs::read(mailbox.sandbox.home("kept")).unwrap();
    assert_eq!(kept, letter(3).stored());
    assert_eq!(mailbox.server.count("RETR"), 12);
}

#[test]
fn a_message_that_is_always_refused_does_not_keep_the_sessions_going() {
    let mailbox = paged(12, 5);
    let refusal = Fault::Each("RETR 2", Act::reply("-ERR [SYS/PERM] no"));
    mailbox.server.set_faults(vec![refusal]);
    let out = mailbox.sync();
    assert_eq!(out.code, 69, "{}", out.stderr);
    assert!(mailbox.server.records().len() <= 16, "sessions without end");
    assert_hidden_is_here(&mailbox);
    mailbox.server.set_faults(Vec::new());
    sync_well(&mailbox);
    assert_here(&mailbox, &mailbox.there());
}

#[test]
fn a_page_of_mail_that_is_too_large_ends_the_run() {
    let mailbox = paged(12, 5);
    mailbox.configure("max-size = 10");
    let out = mailbox.sync();
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert!(mailbox.server.records().len() <= 2, "sessions without end");
    mailbox.configure("");
    sync_asking_for(&mailbox, 12);
}

#[test]
fn a_cap_for_a_run_counts_over_all_its_sessions() {
    let mailbox = paged(12, 5);
    mailbox.configure("max-messages = 7");
    for asked in [7, 5, 0] {
        let before = mailbox.server.count("RETR");
        assert_eq!(mailbox.sync().code, 0);
        assert_eq!(mailbox.server.count("RETR") - before, asked);
    }
    assert_here(&mailbox, &mailbox.there());
}

#[test]
fn a_second_login_that_comes_too_soon_is_no_failure() {
    for refusal in ["-ERR [LOGIN-DELAY] wait", "-ERR [IN-USE] busy"] {
        let mailbox = paged(12, 5);
        let refused = Fault::At("PASS", 1, Act::reply(refusal));
        mailbox
            .server
            .set_faults(vec![Fault::On(1, Box::new(refused.clone()))]);
        sync_asking_for(&mailbox, 5);
        assert_eq!(mailbox.here().len(), 5);
        assert_eq!(mailbox.server.records().len(), 2);
        sync_asking_for(&mailbox, 7);
        assert_here(&mailbox, &mailbox.there());

        // The first login of a run is another matter.
        mailbox.server.set_faults(vec![refused]);
        assert_eq!(mailbox.sync().code, 75);
    }
}

#[test]
fn a_user_of_recent_mail_is_sent_no_dele_and_fetches_each_message_once() {
    for leave in ["false", "\"1d\""] {
        let mailbox = paged(12, 5);
        sync_well(&mailbox);
        let user = format!("recent:{USER}");
        let table = account("recent", mailbox.server.port(), &user);
        let lines = format!("password = \"{PASSWORD}\"\nleave-on-server = {leave}\n");
        mailbox.sandbox.config(&(table + &lines));
        for _ in 0..2 {
            sync_well(&mailbox);
            let recent = mailbox.sandbox.mail("Mail/recent");
            assert!(recent == mailbox.there(), "{}", recent.len());
        }
        assert_eq!(mailbox.server.count("DELE"), 0);
        assert_eq!(mailbox.server.count("RETR"), 2 * 12);
    }
}

#[test]
fn without_mail_one_session_is_all() {
    let mailbox = paged(0, PAGE);
    sync_well(&mailbox);
    assert_eq!(mailbox.server.records().len(), 1);
}
