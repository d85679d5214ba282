//! What is here and what is on the server drift apart: mail is deleted or moved here, lost here, or the state is lost.
//!
//! It owns the proofs for `leave-on-server = "until-deleted"`, `popfetch refetch` and a state that is rebuilt.

use std::fs;
use std::os::unix::fs::{lchown, symlink};
use std::path::PathBuf;

use super::support::mailbox::Mailbox;
use super::support::sandbox::Finished;

const UNTIL_DELETED: &str = "leave-on-server = \"until-deleted\"";

/// A mailbox of so many messages, all fetched, with these lines in the configuration.
fn fetched(count: usize, lines: &str) -> Mailbox {
    let mailbox = Mailbox::new(count);
    mailbox.configure(lines);
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.here(), mailbox.there());
    mailbox
}

#[track_caller]
fn assert_quiet(out: &Finished) {
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
}

/// The files of the Maildir, sorted.
fn files(mailbox: &Mailbox) -> Vec<PathBuf> {
    let folders = ["Mail/work/new", "Mail/work/cur"].into_iter();
    let mut files: Vec<_> = folders
        .flat_map(|folder| fs::read_dir(mailbox.sandbox.home(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Removes so many messages here; gives their contents.
fn remove(mailbox: &Mailbox, count: usize) -> Vec<Vec<u8>> {
    let mut removed: Vec<_> = files(mailbox)
        .into_iter()
        .take(count)
        .map(|file| {
            let content = fs::read(&file).unwrap();
            fs::remove_file(file).unwrap();
            content
        })
        .collect();
    removed.sort();
    removed
}

#[test]
fn what_is_deleted_here_is_deleted_from_the_server_and_nothing_else() {
    let mailbox = fetched(8, UNTIL_DELETED);
    let mut kept = mailbox.there();
    let removed = remove(&mailbox, 3);
    kept.retain(|message| !removed.contains(message));
    let dry = mailbox.sandbox.run(["sync", "--dry-run"]);
    let due = "delete from the server: it was deleted from the Maildir here";
    assert_eq!(dry.stdout.matches(due).count(), 3, "{}", dry.stdout);
    assert_eq!(mailbox.there().len(), 8);
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.there(), kept);
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.here(), kept);
    assert_eq!(mailbox.server.count("RETR"), 8);
}

#[test]
fn what_is_read_moved_or_renamed_here_stays_on_the_server() {
    let mailbox = fetched(6, UNTIL_DELETED);
    let home = |path: &str| mailbox.sandbox.home(path);
    for folder in [
        "Mail/work/.Sent/cur",
        "Mail/work/old/cur",
        "Mail/kept/new",
        "Mail/kept/cur",
    ] {
        fs::create_dir_all(home(folder)).unwrap();
    }
    let files = files(&mailbox);
    let name = |at: usize| files[at].file_name().unwrap().to_str().unwrap().to_owned();
    let moves = [
        home("Mail/work/cur").join(format!("{}:2,S", name(0))),
        home("Mail/work/.Sent/cur").join(format!("{}:2,RS", name(1))),
        home("Mail/work/old/cur").join(name(2)),
        home("Mail/kept/cur").join(format!("{}:2,", name(3))),
        // Some programs give a message that is moved another name.
        home("Mail/kept/cur").join("1764.R1.elsewhere:2,S"),
    ];
    for (from, to) in files.iter().zip(moves) {
        fs::rename(from, to).unwrap();
    }
    for _ in 0..2 {
        assert_quiet(&mailbox.sync());
        assert_eq!(mailbox.there().len(), 6);
    }
    // The one with the other name is still followed.
    fs::remove_file(home("Mail/kept/cur/1764.R1.elsewhere:2,S")).unwrap();
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.there().len(), 5);
}

#[test]
fn days_come_first_where_they_are_given_too() {
    let mailbox = fetched(4, "leave-on-server = [\"until-deleted\", \"30d\"]");
    remove(&mailbox, 1);
    let dry = mailbox.sandbox.run(["sync", "--dry-run"]);
    assert_eq!(dry.stdout.matches("keep on the server until 20").count(), 3);
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.there().len(), 3);
}

#[test]
fn a_mailbox_that_is_gone_at_once_is_kept_on_the_server() {
    let mailbox = fetched(9, UNTIL_DELETED);
    remove(&mailbox, 8);
    for _ in 0..2 {
        let out = mailbox.sync();
        assert_eq!(out.code, 74);
        for part in [
            "8 of 9 messages have left",
            "Mail/work at once",
            "refetch work --missing",
        ] {
            assert!(out.stderr.contains(part), "{}", out.stderr);
        }
        assert_eq!(mailbox.there().len(), 9);
        assert_eq!(mailbox.server.count("DELE"), 0);
    }
    // New mail does not make it less suspicious.
    for n in 0..20 {
        mailbox.deposit(&format!("new-{n}"));
    }
    for _ in 0..2 {
        assert_eq!(mailbox.sync().code, 74);
        assert_eq!((mailbox.here().len(), mailbox.there().len()), (21, 29));
    }
    assert_quiet(&mailbox.sandbox.run(["refetch", "work", "--missing"]));
    assert_quiet(&mailbox.sync());
    assert_eq!((mailbox.here().len(), mailbox.there().len()), (29, 29));
}

#[test]
fn a_maildir_that_is_not_there_at_all_is_not_taken_for_an_empty_one() {
    let mailbox = fetched(3, UNTIL_DELETED);
    let (maildir, away) = (
        mailbox.sandbox.home("Mail/work"),
        mailbox.sandbox.path("away"),
    );
    fs::rename(&maildir, &away).unwrap();
    let out = mailbox.sync();
    assert_eq!(out.code, 74);
    assert!(
        out.stderr.contains("is its disk mounted?"),
        "{}",
        out.stderr
    );
    assert_eq!(mailbox.there().len(), 3);
    fs::rename(&away, &maildir).unwrap();
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn what_cannot_be_looked_through_keeps_no_mail_from_coming() {
    let mailbox = fetched(3, UNTIL_DELETED);
    let beside = mailbox.sandbox.home("Mail/other");
    for folder in ["cur", "new"] {
        fs::create_dir_all(beside.join(folder)).unwrap();
    }
    // It leads to a disk that is not mounted, perhaps.
    let link = beside.join(".disk");
    symlink(mailbox.sandbox.path("nowhere"), &link).unwrap();
    let removed = remove(&mailbox, 1);
    mailbox.deposit("later");
    let out = mailbox.sync();
    assert_eq!(out.code, 74, "{}", out.stderr);
    for words in ["Mail/other/.disk", "was kept on the server"] {
        assert!(out.stderr.contains(words), "{}", out.stderr);
    }
    assert_eq!((mailbox.here().len(), mailbox.there().len()), (3, 4));
    // Another user's leads to no mail of ours.
    if lchown(&link, Some(12345), None).is_err() {
        fs::remove_file(&link).unwrap();
    }
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here(), mailbox.there());
    assert!(!mailbox.there().contains(&removed[0]));
}

#[test]
fn mail_in_a_maildir_that_was_moved_with_the_configuration_is_still_here() {
    let mailbox = fetched(4, UNTIL_DELETED);
    let home = |path: &str| mailbox.sandbox.home(path);
    fs::create_dir(home("archive")).unwrap();
    fs::rename(home("Mail/work"), home("archive/work")).unwrap();
    // Another account's, at the old place.
    fs::create_dir_all(home("Mail/work/new")).unwrap();
    let path = mailbox.sandbox.path("config/popfetch/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    mailbox
        .sandbox
        .config(&text.replace("~/Mail/work", "~/archive/work"));
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.there().len(), 4);
    assert_eq!(mailbox.server.count("RETR"), 4);
}

#[test]
fn neither_keep_nor_refetch_makes_a_maildir_where_a_disk_is_not_mounted() {
    let mailbox = fetched(3, UNTIL_DELETED);
    let (maildir, away) = (
        mailbox.sandbox.home("Mail/work"),
        mailbox.sandbox.path("away"),
    );
    fs::rename(&maildir, &away).unwrap();
    for arguments in [["sync", "--keep", "work"], ["refetch", "work", "--missing"]] {
        let out = mailbox.sandbox.run(arguments);
        assert_eq!(out.code, 74, "{}", out.stderr);
        assert!(!maildir.exists());
    }
    assert_eq!(mailbox.server.count("RETR"), 3);
}

#[test]
fn what_is_missing_here_is_fetched_again_once() {
    let mailbox = fetched(7, UNTIL_DELETED);
    remove(&mailbox, 3);
    for _ in 0..2 {
        assert_quiet(&mailbox.sandbox.run(["refetch", "work", "--missing"]));
        assert_eq!(mailbox.here(), mailbox.there());
        assert_eq!(mailbox.server.count("RETR"), 7 + 3);
        assert_eq!(mailbox.server.count("DELE"), 0);
    }
    // What was brought back is known like the rest.
    assert_quiet(&mailbox.sync());
    assert_eq!((mailbox.here().len(), mailbox.there().len()), (7, 7));
}

#[test]
fn a_message_is_fetched_again_by_its_uid_and_another_is_not() {
    let mailbox = fetched(3, "");
    assert_quiet(&mailbox.sandbox.run(["refetch", "work", "mail-00001"]));
    assert_eq!(mailbox.here().len(), 4);
    assert_eq!(mailbox.server.count("RETR"), 4);
    assert_quiet(&mailbox.sandbox.run(["refetch", "work", "no-such-uid"]));
    assert_eq!(mailbox.here().len(), 4);
    assert_eq!(mailbox.sandbox.run(["refetch", "work"]).code, 64);
}

#[test]
fn what_is_missing_is_not_asked_of_an_account_without_a_maildir() {
    let mailbox = Mailbox::new(1);
    mailbox.configure("");
    let path = mailbox.sandbox.path("config/popfetch/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("maildir = \"~/Mail/work\"", "mbox = \"~/inbox\"");
    mailbox.sandbox.config(&text);
    let out = mailbox.sandbox.run(["refetch", "work", "--missing"]);
    assert_eq!(out.code, 64, "{}", out.stderr);
    assert!(
        out.stderr.contains("delivers to no Maildir"),
        "{}",
        out.stderr
    );
}

/// Removes all that popfetch knows.
fn lose_the_state(mailbox: &Mailbox) {
    fs::remove_dir_all(mailbox.sandbox.path("state/popfetch")).unwrap();
}

#[test]
fn a_lost_state_is_rebuilt_from_the_maildir_and_nothing_comes_twice() {
    let mailbox = fetched(20, "");
    let read = files(&mailbox)[0].clone();
    let name = read.file_name().unwrap().to_str().unwrap().to_owned();
    fs::rename(
        &read,
        mailbox.sandbox.home(format!("Mail/work/cur/{name}:2,S")),
    )
    .unwrap();
    lose_the_state(&mailbox);
    mailbox.deposit("later");
    let out = mailbox.sync();
    assert_eq!(out.code, 0);
    assert!(
        out.stderr.contains("20 messages were here already"),
        "{}",
        out.stderr
    );
    assert_eq!(mailbox.here(), mailbox.there());
    let asked = mailbox.server.count("RETR");
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.server.count("RETR"), asked);
    // What was recognised may be deleted from the server like the rest.
    mailbox.configure("leave-on-server = false");
    assert_quiet(&mailbox.sync());
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.here().len(), 21);
}

#[test]
fn a_rebuilding_that_is_cut_short_is_gone_on_with() {
    let mailbox = fetched(20, "");
    lose_the_state(&mailbox);
    for _ in 0..3 {
        mailbox.configure("max-messages = 6");
        assert_eq!(mailbox.sync().code, 0);
        assert_eq!(mailbox.here().len(), 20);
    }
    mailbox.configure("");
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here(), mailbox.there());
    assert_quiet(&mailbox.sync());
}

#[test]
fn of_two_messages_alike_of_which_one_is_here_one_comes_after_the_state_is_lost() {
    let mailbox = Mailbox::new(0);
    for uid in ["a", "b"] {
        let message = super::support::maildrop::Message::new(uid, "Subject: same\r\n\r\nsame\r\n");
        mailbox
            .server
            .deposit(super::support::mailbox::USER, message);
    }
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 2);
    remove(&mailbox, 1);
    lose_the_state(&mailbox);
    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_lost_state_is_rebuilt_from_an_mbox_too() {
    let mailbox = Mailbox::new(12);
    let path = mailbox.sandbox.path("config/popfetch/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("maildir = \"~/Mail/work\"", "mbox = \"~/inbox\"");
    mailbox.sandbox.config(&text);
    assert_quiet(&mailbox.sync());
    let whole = fs::read(mailbox.sandbox.home("inbox")).unwrap();
    lose_the_state(&mailbox);
    let out = mailbox.sync();
    assert!(
        out.stderr.contains("12 messages were here already"),
        "{}",
        out.stderr
    );
    assert!(fs::read(mailbox.sandbox.home("inbox")).unwrap() == whole);
    assert_quiet(&mailbox.sync());
}

#[test]
fn of_several_destinations_the_one_that_lacks_mail_gets_it_after_the_state_is_lost() {
    let mailbox = Mailbox::new(6);
    let path = mailbox.sandbox.path("config/popfetch/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    let several = "[{ maildir = \"~/Mail/work\" }, { mbox = \"~/inbox\" }]";
    let text = text.replace("{ maildir = \"~/Mail/work\" }", several);
    mailbox.sandbox.config(&text);
    assert_quiet(&mailbox.sync());
    let mut whole = super::support::mbox::messages(&mailbox.sandbox.home("inbox"));
    whole.sort();
    remove(&mailbox, 2);
    lose_the_state(&mailbox);
    let out = mailbox.sync();
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert_eq!(mailbox.here(), mailbox.there());
    let mut now = super::support::mbox::messages(&mailbox.sandbox.home("inbox"));
    now.sort();
    assert!(now == whole);
    assert_quiet(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 6);
}
