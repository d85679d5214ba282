//! A program that fails: its message waits and the others do not, nothing is fetched twice, nothing that waits is deleted
//! from the server, and what fails too often is named until somebody mends it.

use std::fs;

use super::super::support::mailbox::Mailbox;
use super::{
    assert_quiet, assert_said, assert_same, configure, keeper, kept, letters, retry, spooled,
    wait_for,
};

/// Ends the keeper like this, for the letter with the subject 7.
fn at_seven(end: &str) -> String {
    format!("if grep -q '^Subject: 7$' \"$message\"; then {end}; fi")
}

/// How many letters the keeper has.
fn count(mailbox: &Mailbox) -> usize {
    kept(&mailbox.sandbox).len()
}

/// Asserts that the letter is delivered by this run, once, without a second download, and that nothing waits then.
#[track_caller]
fn assert_mended(mailbox: &Mailbox, sent: &[Vec<u8>], run: impl Fn(&Mailbox) -> super::Finished) {
    keeper(&mailbox.sandbox, "");
    assert_eq!(run(mailbox).code, 0);
    assert_same(&kept(&mailbox.sandbox), sent);
    assert_eq!(spooled(mailbox), 0);
    assert_quiet(&mailbox.sync());
    assert_same(&kept(&mailbox.sandbox), sent);
    assert_eq!(mailbox.server.count("RETR"), sent.len());
}

#[test]
fn a_program_that_fails_on_one_of_ten_messages_has_nine_at_once_and_the_tenth_when_it_is_mended() {
    let mailbox = letters(10);
    let sent = mailbox.there();
    let deliver = keeper(
        &mailbox.sandbox,
        &at_seven("echo no room for 7 >&2; exit 1"),
    );
    configure(&mailbox, &deliver, "");
    let out = mailbox.sync();
    assert_said(
        &out,
        74,
        &["work", "letter-7", "no room for 7", "popfetch retry"],
    );
    assert_eq!((count(&mailbox), spooled(&mailbox)), (9, 1));
    // It is not tried again so soon, but it is not forgotten either.
    mailbox.deposit("later");
    assert_eq!(mailbox.sync().code, 74);
    assert_eq!((count(&mailbox), spooled(&mailbox)), (10, 1));

    let sent = [sent, vec![b"Subject: later\n\nlater\n".to_vec()]].concat();
    assert_mended(&mailbox, &sorted(sent), retry);
}

fn sorted(mut messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    messages.sort();
    messages
}

#[test]
fn what_waits_is_not_deleted_from_the_server_and_is_once_it_is_delivered() {
    let mailbox = letters(10);
    let sent = mailbox.there();
    let deliver = keeper(&mailbox.sandbox, &at_seven("exit 1"));
    configure(&mailbox, &deliver, "leave-on-server = false");
    for _ in 0..2 {
        assert_eq!(mailbox.sync().code, 74);
        assert_eq!(mailbox.there(), [b"Subject: 7\n\nThis is letter 7.\n"]);
    }
    assert_mended(&mailbox, &sent, retry);
    assert!(mailbox.there().is_empty());
}

#[test]
fn try_later_and_a_signal_are_tried_in_the_next_run_and_never_given_up() {
    for end in ["exit 75", "kill -KILL $$", "kill -TERM $$; sleep 600"] {
        let mailbox = letters(10);
        let sent = mailbox.there();
        let deliver = keeper(&mailbox.sandbox, &at_seven(end));
        configure(&mailbox, &deliver, "leave-on-server = false");
        for _ in 0..12 {
            let out = mailbox.sync();
            assert_said(&out, 75, &["work", "letter-7"]);
            assert_eq!((count(&mailbox), spooled(&mailbox)), (9, 1), "{end}");
            assert_eq!(mailbox.there().len(), 1, "{end}");
        }
        let status = mailbox.sandbox.run(["status"]);
        assert!(!status.stdout.contains("quarantine"), "{}", status.stdout);
        assert_mended(&mailbox, &sent, Mailbox::sync);
        assert!(mailbox.there().is_empty(), "{end}");
    }
}

#[test]
fn messages_that_are_always_put_off_hold_up_no_others() {
    let mailbox = letters(20);
    let sent = mailbox.there();
    let first = "if grep -q '^Subject: [1-5]$' \"$message\"; then exit 75; fi";
    configure(&mailbox, &keeper(&mailbox.sandbox, first), "");
    // One run may give up early, where all seems to be put off; not each.
    for _ in 0..2 {
        assert_eq!(mailbox.sync().code, 75);
    }
    assert_eq!((count(&mailbox), spooled(&mailbox)), (15, 5));
    assert_mended(&mailbox, &sent, Mailbox::sync);
}

#[test]
fn after_ten_tries_a_message_is_quarantined_and_named_until_it_is_delivered() {
    let mailbox = letters(10);
    let sent = mailbox.there();
    let log = mailbox.sandbox.path("log");
    let end = format!("echo tried >> '{}'; exit 1", log.display());
    configure(&mailbox, &keeper(&mailbox.sandbox, &at_seven(&end)), "");
    let tried = || fs::read_to_string(&log).map_or(0, |text| text.lines().count());
    assert_eq!(mailbox.sync().code, 74);
    for n in 2..=9 {
        let out = retry(&mailbox);
        assert_eq!((out.code, tried()), (74, n), "{}", out.stderr);
        assert!(!out.stderr.contains("quarantine"), "{}", out.stderr);
    }
    let out = retry(&mailbox);
    assert_said(&out, 74, &["work", "letter-7", "quarantine"]);
    assert_eq!(tried(), 10);

    for _ in 0..2 {
        let out = mailbox.sync();
        assert_said(
            &out,
            74,
            &["work", "letter-7", "quarantine", "popfetch retry"],
        );
    }
    assert_eq!(tried(), 10, "it is tried no more by itself");
    let status = mailbox.sandbox.run(["status"]);
    assert!(status.stdout.contains("quarantine"), "{}", status.stdout);
    assert!(status.stdout.contains("letter-7"), "{}", status.stdout);
    assert_eq!((count(&mailbox), spooled(&mailbox)), (9, 1));

    assert_mended(&mailbox, &sent, retry);
    let status = mailbox.sandbox.run(["status"]);
    assert!(!status.stdout.contains("quarantine"), "{}", status.stdout);
}

#[test]
fn a_retry_names_its_accounts_and_needs_no_server() {
    let mailbox = letters(1);
    let sent = mailbox.there();
    configure(&mailbox, &keeper(&mailbox.sandbox, "exit 1"), "");
    assert_eq!(mailbox.sync().code, 74);
    keeper(&mailbox.sandbox, "");
    let out = mailbox.sandbox.run(["retry", "wrok"]);
    assert_said(&out, 64, &["wrok", "work"]);
    assert_eq!(count(&mailbox), 0);
    let connections = mailbox.server.records().len();
    assert_eq!(mailbox.sandbox.run(["retry", "work"]).code, 0);
    assert_same(&kept(&mailbox.sandbox), &sent);
    assert_eq!(mailbox.server.records().len(), connections);
    assert_eq!(retry(&mailbox).code, 0, "nothing waits");
    assert_eq!(count(&mailbox), 1);
}

#[test]
fn a_retry_and_a_run_do_not_hand_over_at_once() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    let (begun, done) = (mailbox.sandbox.path("begun"), mailbox.sandbox.path("done"));
    let waits = format!(
        "touch '{}'; while ! test -e '{}'; do sleep 0.05; done",
        begun.display(),
        done.display()
    );
    configure(&mailbox, &keeper(&mailbox.sandbox, &waits), "");
    let running = mailbox.sandbox.start(["sync"]);
    wait_for("the program", || begun.exists().then_some(()));
    let out = retry(&mailbox);
    assert_eq!((out.code, count(&mailbox)), (75, 0), "{}", out.stderr);
    fs::write(done, "").unwrap();
    assert_quiet(&running.finish());
    assert_same(&kept(&mailbox.sandbox), &sent);
}

#[test]
fn a_program_that_is_not_there_loses_nothing_and_gives_no_message_up() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    let missing = mailbox.sandbox.path("missing");
    let deliver = format!("{{ pipe = [\"{}\"] }}", missing.display());
    configure(&mailbox, &deliver, "leave-on-server = false");
    for _ in 0..12 {
        let out = mailbox.sync();
        assert_said(&out, 74, &["work", missing.to_str().unwrap(), "; "]);
        assert!(!out.stderr.contains("quarantine"), "{}", out.stderr);
        // Once for all: the program is missing, not three messages.
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
        assert_eq!(mailbox.there(), sent);
    }
    keeper(&mailbox.sandbox, "");
    let text = format!(
        "#!/bin/sh\nexec sh '{}'\n",
        mailbox.sandbox.path("program.sh").display()
    );
    mailbox.sandbox.write("missing", text);
    mailbox.sandbox.chmod("missing", 0o700);
    assert_quiet(&mailbox.sync());
    assert_same(&kept(&mailbox.sandbox), &sent);
    assert_eq!(spooled(&mailbox), 0);
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.server.count("RETR"), 3);
}
