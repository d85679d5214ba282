//! What an mbox looks like to the programs that read it, and what is no mbox and stays as it is.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use rustix::fs::{CWD, Mode, mkfifoat};

use super::super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::mbox;
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::Sandbox;
use super::{assert_quiet, assert_said, assert_same, configure, letters, letters_in, spooled};

const INBOX: &str = "{ mbox = \"~/inbox\" }";

#[test]
fn messages_of_every_kind_are_quoted_and_told_apart_by_other_programs() {
    let mailbox = Mailbox::new(20);
    let (sent, inbox) = (mailbox.there(), mailbox.sandbox.home("inbox"));
    configure(&mailbox, INBOX, "leave-on-server = false");
    for _ in 0..2 {
        assert_quiet(&mailbox.sync());
        assert_same(&mbox::messages(&inbox), &sent);
        assert_eq!(mbox::counted_by_formail(&inbox), 20);
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (0, 0));
    }
    assert_eq!(mailbox.server.count("RETR"), 20);
}

#[test]
fn lines_that_begin_with_from_get_one_more_quote() {
    let mailbox = with(&["Subject: x\r\n\r\nFrom a\r\n>From b\r\n>>From c\r\n> From d\r\nFrom"]);
    configure(&mailbox, INBOX, "");
    assert_quiet(&mailbox.sync());
    let text = fs::read_to_string(mailbox.sandbox.home("inbox")).unwrap();
    let (_, message) = text.split_once('\n').unwrap();
    assert_eq!(
        message,
        "Subject: x\n\n>From a\n>>From b\n>>>From c\n> From d\nFrom\n\n"
    );
}

/// A mailbox of these messages.
fn with(messages: &[&str]) -> Mailbox {
    let messages = messages.iter().enumerate();
    let mail: Maildrop = messages
        .map(|(n, raw)| Message::new(format!("m-{n}"), raw))
        .collect();
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    Mailbox::of(Sandbox::new(), options)
}

#[test]
fn the_from_line_has_the_sender_and_a_date() {
    let mailbox = with(&[
        "Return-Path: <ann@example.org>\r\nSubject: 1\r\n\r\n",
        "Subject: 2\r\n\r\nReturn-Path: <body@example.org>\r\n",
        "Return-Path: <>\r\nSubject: 3\r\n\r\n",
        "Return-Path: <a\x1b b@example.org>\r\nSubject: 4\r\n\r\n",
    ]);
    configure(&mailbox, INBOX, "");
    assert_quiet(&mailbox.sync());
    let entries = mbox::entries(&mailbox.sandbox.home("inbox"));
    let senders = entries.iter().map(|entry| {
        let (line, date) = entry.from.split_at(entry.from.len() - 24);
        // asctime(3): "Thu Nov  5 08:03:01 2026".
        let words: Vec<_> = date.split_whitespace().collect();
        assert_eq!((words.len(), words[3].len()), (5, 8), "{date:?}");
        line
    });
    let nobody = "From MAILER-DAEMON ";
    let wanted = ["From ann@example.org ", nobody, nobody, nobody];
    assert_eq!(senders.collect::<Vec<_>>(), wanted);
}

#[test]
fn an_mbox_is_made_for_its_owner_alone_with_the_folders_above_it() {
    let mailbox = letters(1);
    configure(&mailbox, "{ mbox = \"~/Mail/lists/inbox\" }", "");
    assert_quiet(&mailbox.sync());
    let mode = |path: &str| fs::metadata(mailbox.sandbox.home(path)).unwrap().mode() & 0o777;
    assert_eq!(mode("Mail/lists/inbox"), 0o600);
    assert_eq!((mode("Mail"), mode("Mail/lists")), (0o700, 0o700));
    let beside = fs::read_dir(mailbox.sandbox.home("Mail/lists")).unwrap();
    assert_eq!(beside.count(), 1, "a lock is left");
}

#[test]
fn what_was_in_an_mbox_stays_as_it_was() {
    let before = [
        "From a Mon Jan  1 00:00:00 2024\nSubject: old\n\nold\n\n",
        "From a Mon Jan  1 00:00:00 2024\nSubject: old\n\nno empty line\n",
        "From a Mon Jan  1 00:00:00 2024\nSubject: old\n\nno end of line",
        "From a Mon Jan  1 00:00:00 2024\n",
    ];
    for before in before {
        let mailbox = letters(3);
        let sent = mailbox.there();
        let inbox = mailbox.sandbox.write("home/inbox", before);
        fs::set_permissions(&inbox, fs::Permissions::from_mode(0o660)).unwrap();
        configure(&mailbox, INBOX, "");
        assert_quiet(&mailbox.sync());
        let after = fs::read(&inbox).unwrap();
        assert!(after.starts_with(before.as_bytes()));
        let entries = mbox::entries(&inbox);
        let messages: Vec<_> = entries.into_iter().map(|entry| entry.message).collect();
        assert_eq!(messages.len(), 4, "{before:?}");
        assert_same(&messages[1..], &sent);
        assert_eq!(fs::metadata(&inbox).unwrap().mode() & 0o777, 0o660);
    }
}

#[test]
fn an_mbox_in_a_folder_of_others_is_appended_to_without_a_lock_file() {
    let mailbox = letters_in(Sandbox::unprivileged(), 3);
    let sent = mailbox.there();
    let inbox = mailbox.sandbox.write("home/spool/inbox", "");
    configure(&mailbox, "{ mbox = \"~/spool/inbox\" }", "");
    mailbox.sandbox.chmod("home/spool", 0o500);
    assert_quiet(&mailbox.sync());
    assert_same(&mbox::messages(&inbox), &sent);
    mailbox.sandbox.chmod("home/spool", 0o700);
}

#[test]
fn a_link_of_ones_own_leads_to_the_mbox() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    let (inbox, target) = (
        mailbox.sandbox.home("inbox"),
        mailbox.sandbox.home("target"),
    );
    mailbox.sandbox.write("home/target", "");
    symlink("target", &inbox).unwrap();
    configure(&mailbox, INBOX, "");
    assert_quiet(&mailbox.sync());
    assert_same(&mbox::messages(&target), &sent);
    assert!(fs::symlink_metadata(&inbox).unwrap().is_symlink());
}

/// Letters that are to be delivered to `~/inbox`, which is not there yet.
fn letters_for_inbox(sandbox: Sandbox) -> Mailbox {
    let mailbox = letters_in(sandbox, 3);
    configure(&mailbox, INBOX, "leave-on-server = false");
    mailbox
}

/// Asserts that nothing is delivered to what is at `~/inbox`, with these words, and that all arrives elsewhere then.
#[track_caller]
fn assert_refused(mailbox: &Mailbox, words: &str) {
    let sent = mailbox.there();
    let inbox = mailbox.sandbox.home("inbox");
    let out = mailbox.sync();
    let path = inbox.to_str().unwrap();
    assert_said(&out, 74, &["popfetch: work: ", path, words, "; "]);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    assert_eq!(mailbox.server.count("RETR"), 0);
    assert_eq!(mailbox.there(), sent);
    assert_eq!(spooled(mailbox), 0);

    configure(mailbox, "{ mbox = \"~/other\" }", "leave-on-server = false");
    assert_quiet(&mailbox.sync());
    assert_same(&mbox::messages(&mailbox.sandbox.home("other")), &sent);
    assert!(mailbox.there().is_empty());
}

#[test]
fn a_folder_is_no_mbox() {
    let mailbox = letters_for_inbox(Sandbox::new());
    let inbox = mailbox.sandbox.home("inbox");
    fs::create_dir(&inbox).unwrap();
    assert_refused(&mailbox, "folder");
    assert_eq!(fs::read_dir(&inbox).unwrap().count(), 0);
}

#[test]
fn a_fifo_is_no_mbox_and_nobody_waits_for_its_reader() {
    let mailbox = letters_for_inbox(Sandbox::new());
    mkfifoat(CWD, mailbox.sandbox.home("inbox"), Mode::RUSR | Mode::WUSR).unwrap();
    assert_refused(&mailbox, "");
}

#[test]
fn a_link_to_another_users_file_is_no_mbox() {
    let mailbox = letters_for_inbox(Sandbox::unprivileged());
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let target = folder.path().join("roots");
    fs::write(&target, "").unwrap();
    let link = if fs::metadata(&target).unwrap().uid() == 0 {
        // Permissions alone would not keep popfetch, which is not root here, from it.
        fs::set_permissions(&target, fs::Permissions::from_mode(0o666)).unwrap();
        target.as_path()
    } else {
        Path::new("/etc/passwd")
    };
    symlink(link, mailbox.sandbox.home("inbox")).unwrap();
    let out = mailbox.sync();
    assert_said(&out, 74, &["work", "inbox", "another user", "; "]);
    assert_eq!(mailbox.server.count("RETR"), 0);
    assert_eq!(mailbox.there().len(), 3);
    assert_eq!(fs::metadata(&target).unwrap().len(), 0);
}

#[test]
fn a_link_to_nowhere_is_not_made_a_file_somewhere() {
    let mailbox = letters_for_inbox(Sandbox::new());
    symlink("/nowhere/inbox", mailbox.sandbox.home("inbox")).unwrap();
    assert_refused(&mailbox, "");
    assert!(!Path::new("/nowhere").exists());
}

#[test]
fn an_mbox_that_cannot_be_written_is_refused() {
    let mailbox = letters_for_inbox(Sandbox::unprivileged());
    mailbox.sandbox.write("home/inbox", "");
    mailbox.sandbox.chmod("home/inbox", 0o400);
    assert_refused(&mailbox, "");
}
