//! Several destinations of one account: each has everything, each for itself, whatever happens to the others.

use std::fs;
use std::process::Command;

use super::super::support::mailbox::Mailbox;
use super::super::support::mbox;
use super::super::support::sandbox::Sandbox;
use super::{
    assert_quiet, assert_said, assert_same, configure, ids, keeper, kept, letters, letters_in,
    retry, spooled, tampered, wait_for,
};

const MAILDIR: &str = "{ maildir = \"~/Mail/work\" }";
const INBOX: &str = "{ mbox = \"~/inbox\" }";

/// Delivers to all of these, and deletes from the server.
fn deliver_to(mailbox: &Mailbox, destinations: &[&str]) {
    let deliver = format!("[{}]", destinations.join(", "));
    configure(mailbox, &deliver, "leave-on-server = false");
}

/// What the mbox holds, sorted by content.
fn inbox(mailbox: &Mailbox) -> Vec<Vec<u8>> {
    mbox::messages(&mailbox.sandbox.home("inbox"))
}

/// Asserts that all three have everything once, and that nothing is left to do.
#[track_caller]
fn assert_all_have(mailbox: &Mailbox, sent: &[Vec<u8>]) {
    assert_same(&mailbox.here(), sent);
    assert_same(&inbox(mailbox), sent);
    assert_same(&kept(&mailbox.sandbox), sent);
    assert_eq!((spooled(mailbox), mailbox.there().len()), (0, 0));
    assert_eq!(mailbox.server.count("RETR"), sent.len());
}

#[test]
fn each_destination_has_all_messages() {
    let mailbox = Mailbox::new(20);
    let sent = mailbox.there();
    let program = keeper(&mailbox.sandbox, "");
    deliver_to(&mailbox, &[MAILDIR, &program, INBOX]);
    for _ in 0..2 {
        assert_quiet(&mailbox.sync());
        assert_all_have(&mailbox, &sent);
    }
}

#[test]
fn where_the_program_fails_for_some_the_others_have_them_at_once_and_once() {
    let mailbox = letters(10);
    let sent = mailbox.there();
    let fails = "if grep -q '^Subject: [37]$' \"$message\"; then exit 1; fi";
    let program = keeper(&mailbox.sandbox, fails);
    deliver_to(&mailbox, &[&program, MAILDIR, INBOX]);
    for _ in 0..3 {
        assert_said(&mailbox.sync(), 74, &["work", "letter-3"]);
        assert_same(&mailbox.here(), &sent);
        assert_same(&inbox(&mailbox), &sent);
        assert_eq!(kept(&mailbox.sandbox).len(), 8);
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (2, 2));
    }
    keeper(&mailbox.sandbox, "");
    assert_eq!(retry(&mailbox).code, 0);
    assert_quiet(&mailbox.sync());
    assert_all_have(&mailbox, &sent);
}

#[test]
fn where_the_program_is_missing_the_others_have_everything_at_once() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    let missing = mailbox.sandbox.path("missing");
    let program = format!("{{ pipe = [\"{}\"] }}", missing.display());
    deliver_to(&mailbox, &[&program, MAILDIR, INBOX]);
    assert_said(&mailbox.sync(), 74, &["work", missing.to_str().unwrap()]);
    assert_same(&mailbox.here(), &sent);
    assert_same(&inbox(&mailbox), &sent);
    assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3));
}

#[test]
fn a_maildir_that_cannot_be_written_keeps_nothing_from_the_others() {
    let mailbox = letters_in(Sandbox::unprivileged(), 5);
    let sent = mailbox.there();
    let program = keeper(&mailbox.sandbox, "");
    deliver_to(&mailbox, &[MAILDIR, &program, INBOX]);
    // What was there before stays, and the folders with it.
    assert_quiet(&mailbox.sync());
    for folder in ["new", "tmp", "cur"] {
        mailbox
            .sandbox
            .chmod(&format!("home/Mail/work/{folder}"), 0o500);
    }
    mailbox.deposit("second");
    let all = [sent, vec![b"Subject: second\n\nsecond\n".to_vec()]].concat();
    let mut all: Vec<_> = all;
    all.sort();
    for _ in 0..2 {
        let out = mailbox.sync();
        assert_said(&out, 74, &["work", "Mail/work", "; "]);
        assert_same(&inbox(&mailbox), &all);
        assert_same(&kept(&mailbox.sandbox), &all);
        assert_eq!(mailbox.here().len(), 5);
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (1, 1));
    }
    for folder in ["new", "tmp", "cur"] {
        mailbox
            .sandbox
            .chmod(&format!("home/Mail/work/{folder}"), 0o700);
    }
    assert_quiet(&mailbox.sync());
    assert_all_have(&mailbox, &all);
}

#[test]
fn what_is_no_mbox_and_what_is_no_maildir_keep_nothing_from_the_others() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    let program = keeper(&mailbox.sandbox, "");
    fs::create_dir(mailbox.sandbox.home("inbox")).unwrap();
    mailbox.sandbox.write("home/Mail/work", "a file");
    deliver_to(&mailbox, &[INBOX, MAILDIR, &program]);
    for _ in 0..2 {
        let out = mailbox.sync();
        assert_said(&out, 74, &["work", "inbox", "; "]);
        assert_said(&out, 74, &["work", "Mail/work", "; "]);
        assert_eq!(out.stderr.lines().count(), 2, "{}", out.stderr);
        assert_same(&kept(&mailbox.sandbox), &sent);
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3));
    }
    fs::remove_dir(mailbox.sandbox.home("inbox")).unwrap();
    fs::remove_file(mailbox.sandbox.home("Mail/work")).unwrap();
    assert_quiet(&mailbox.sync());
    assert_all_have(&mailbox, &sent);
}

#[test]
fn killed_while_the_program_has_a_message_the_others_have_it_once() {
    for turn in 0..3 {
        let mailbox = letters(5);
        let sent = mailbox.there();
        let seen = mailbox.sandbox.path("ids");
        let blocks = format!(
            "if grep -q '^Subject: 2$' \"$message\"; then echo $$ > '{0}.new'; mv '{0}.new' '{0}'; exec sleep 600; fi",
            seen.display()
        );
        let program = keeper(&mailbox.sandbox, &blocks);
        let mut destinations = [MAILDIR, &program, INBOX];
        destinations.rotate_left(turn);
        deliver_to(&mailbox, &destinations);
        let running = mailbox.sandbox.start(["sync"]);
        wait_for("the program", || seen.exists().then_some(()));
        running.signal("KILL");
        assert_eq!(running.finish().code, 137);
        let id = ids(&seen)[0].to_string();
        // popfetch cannot end what it was killed for.
        assert!(Command::new("kill").arg(&id).status().unwrap().success());

        keeper(&mailbox.sandbox, "");
        assert_quiet(&mailbox.sync());
        assert_all_have(&mailbox, &sent);
    }
}

#[test]
fn killed_after_a_message_was_taken_the_program_gets_at_most_that_one_again() {
    let mailbox = letters(5);
    let sent = mailbox.there();
    // The second time, it stops popfetch behind the message that it has just taken.
    let kills = "mv \"$message\" \"$message.whole\"; if grep -q '^Subject: 2$' \"$message.whole\"; then kill -KILL $PPID; fi; exit 0";
    let program = keeper(&mailbox.sandbox, kills);
    deliver_to(&mailbox, &[&program, MAILDIR, INBOX]);
    assert_eq!(mailbox.sync().code, 137);
    keeper(&mailbox.sandbox, "");
    assert_quiet(&mailbox.sync());
    assert_same(&mailbox.here(), &sent);
    assert_same(&inbox(&mailbox), &sent);
    let kept = kept(&mailbox.sandbox);
    assert!(
        kept.len() <= sent.len() + 1,
        "{} at the program",
        kept.len()
    );
    assert!(sent.iter().all(|message| kept.contains(message)));
    assert_eq!((spooled(&mailbox), mailbox.there().len()), (0, 0));
    assert_eq!(mailbox.server.count("RETR"), 5);
}

#[test]
fn killed_while_the_mbox_is_appended_to_each_has_each_message_once() {
    let calls = "write,pwrite64,fsync,fdatasync,ftruncate";
    let mut hit = 0;
    for nth in 1.. {
        let mailbox = Mailbox::new(20);
        let sent = mailbox.there();
        let program = keeper(&mailbox.sandbox, "");
        deliver_to(&mailbox, &[MAILDIR, INBOX, &program]);
        let kill = format!("signal=KILL:when={nth}");
        match tampered(&mailbox, Some("home/inbox"), calls, &kill).code {
            137 => hit += 1,
            0 => break,
            code => panic!("strace ended with {code}"),
        }
        assert_quiet(&mailbox.sync());
        assert_all_have(&mailbox, &sent);
    }
    assert!(hit >= 3, "{hit} strikes hit");
}

#[test]
fn a_destination_that_comes_later_gets_what_comes_later() {
    let mailbox = letters(3);
    configure(&mailbox, MAILDIR, "");
    assert_quiet(&mailbox.sync());
    let program = keeper(&mailbox.sandbox, "");
    configure(&mailbox, &format!("[{MAILDIR}, {program}, {INBOX}]"), "");
    mailbox.deposit("second");
    assert_quiet(&mailbox.sync());
    let second = [b"Subject: second\n\nsecond\n".to_vec()];
    assert_eq!(mailbox.here().len(), 4);
    assert_same(&kept(&mailbox.sandbox), &second);
    assert_same(&inbox(&mailbox), &second);
    assert_eq!(spooled(&mailbox), 0);
}

#[test]
fn a_destination_that_is_corrected_gets_what_waited_for_it() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    let missing = mailbox.sandbox.path("missing");
    let missing = format!("{{ pipe = [\"{}\"] }}", missing.display());
    deliver_to(&mailbox, &[MAILDIR, &missing, INBOX]);
    assert_eq!(mailbox.sync().code, 74);
    let program = keeper(&mailbox.sandbox, "");
    deliver_to(&mailbox, &[MAILDIR, &program, INBOX]);
    assert_quiet(&mailbox.sync());
    assert_all_have(&mailbox, &sent);
}

#[test]
fn a_destination_that_is_removed_keeps_nothing_waiting() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    let program = keeper(&mailbox.sandbox, "exit 1");
    deliver_to(&mailbox, &[MAILDIR, &program]);
    assert_eq!(mailbox.sync().code, 74);
    assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3));
    deliver_to(&mailbox, &[MAILDIR]);
    assert_quiet(&mailbox.sync());
    assert_same(&mailbox.here(), &sent);
    assert_eq!((spooled(&mailbox), mailbox.there().len()), (0, 0));
    assert_eq!(mailbox.server.count("RETR"), 3);
}
