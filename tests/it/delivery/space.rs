//! A disk without room: nothing is lost, nothing is torn, and with room again all arrives once without a second download.
//!
//! No file system is mounted: strace(1) lets the calls fail that a full disk would, or tells that it is full.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::super::support::mailbox::Mailbox;
use super::super::support::maildrop::Message;
use super::super::support::mbox;
use super::super::support::options::{Act, Fault};
use super::super::support::sandbox::{Finished, Running};
use super::{assert_quiet, assert_said, assert_same, configure, letters, spooled, tampered};

/// The system calls that write to a file, and those that make it durable.
const WRITE: &str = "write,pwrite64,writev";
const SYNC: &str = "fsync,fdatasync";

/// Asserts that after the next run the inbox holds this, and that nothing is left to do.
#[track_caller]
fn assert_completed(mailbox: &Mailbox, sent: &[Vec<u8>]) {
    assert_quiet(&mailbox.sync());
    assert_same(&mbox::messages(&mailbox.sandbox.home("inbox")), sent);
    assert_eq!((spooled(mailbox), mailbox.there().len()), (0, 0));
}

#[test]
fn an_mbox_for_which_there_is_no_room_is_cut_back() {
    let old = "From a Mon Jan  1 00:00:00 2024\nSubject: old\n\nold\n\n";
    for (calls, when) in [(WRITE, 1), (WRITE, 3), (SYNC, 1)] {
        let mailbox = Mailbox::new(20);
        let sent = mailbox.there();
        configure(
            &mailbox,
            "{ mbox = \"~/inbox\" }",
            "leave-on-server = false",
        );
        let inbox = mailbox.sandbox.write("home/inbox", old);
        let full = format!("error=ENOSPC:when={when}+");
        let out = tampered(&mailbox, Some("home/inbox"), calls, &full);
        assert_said(&out, 74, &["work", "inbox", "No space left", "make room"]);
        let here = fs::read(&inbox).unwrap();
        assert!(
            here == old.as_bytes(),
            "{} bytes are left behind",
            here.len() - old.len()
        );
        assert!(spooled(&mailbox) > 0);
        assert_eq!(mailbox.there().len(), 20);
        assert!(!mailbox.sandbox.home("inbox.lock").exists());

        let mut all = [sent, vec![b"Subject: old\n\nold\n".to_vec()]].concat();
        all.sort();
        assert_completed(&mailbox, &all);
        assert_eq!(mailbox.server.count("RETR"), 20);
    }
}

#[test]
fn an_mbox_for_which_there_is_no_room_keeps_nothing_from_a_maildir() {
    let mailbox = Mailbox::new(20);
    let sent = mailbox.there();
    let both = "[{ mbox = \"~/inbox\" }, { maildir = \"~/Mail/work\" }]";
    configure(&mailbox, both, "leave-on-server = false");
    let out = tampered(&mailbox, Some("home/inbox"), WRITE, "error=ENOSPC");
    assert_said(&out, 74, &["work", "inbox", "make room"]);
    assert_same(&mailbox.here(), &sent);
    assert_completed(&mailbox, &sent);
    assert_same(&mailbox.here(), &sent);
    assert_eq!(mailbox.server.count("RETR"), 20);
}

#[test]
fn a_message_for_which_there_is_no_room_in_the_spool_keeps_nothing_from_the_others() {
    let mailbox = Mailbox::new(20);
    let sent = mailbox.there();
    configure(
        &mailbox,
        "{ mbox = \"~/inbox\" }",
        "leave-on-server = false",
    );
    // No file may be larger than a mebibyte, as under a quota; one of the messages is.
    let like = mailbox.sandbox.command();
    let mut limited = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" sync";
    limited
        .args(["-c", script])
        .arg(like.get_program())
        .env_clear();
    limited.envs(
        like.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let out = Running::new(limited).finish();
    assert_said(&out, 74, &["work", "File too large"]);
    let here = mbox::messages(&mailbox.sandbox.home("inbox"));
    assert!(here.iter().all(|message| sent.contains(message)));
    assert_eq!(spooled(&mailbox), 0, "a part of a message is left");

    assert_completed(&mailbox, &sent);
}

/// Runs popfetch with so many mebibytes free on every disk, each of this size, as statfs(2) tells.
fn with_free(mailbox: &Mailbox, mebibytes: u64, of: u64) -> Finished {
    let (free, all) = (mebibytes * 256, of * 256);
    // The type, the size of a block, the blocks, the free ones, those that anybody may use, the same of files, an id,
    // the longest name, and the size of a block again.
    let words = [
        0xef53,
        4096,
        all,
        free,
        free,
        1 << 20,
        1 << 20,
        0,
        255,
        4096,
    ];
    let mut hex = String::new();
    for byte in words.map(u64::to_ne_bytes).concat() {
        write!(hex, "{byte:02x}").unwrap();
    }
    let told = format!("poke_exit=@arg2={hex}");
    tampered(mailbox, None, "statfs,fstatfs", &told)
}

#[test]
fn what_cannot_fit_is_not_begun() {
    for deliver in [
        "{ mbox = \"~/inbox\" }",
        "{ maildir = \"~/Mail/work\" }",
        "{ pipe = \"true\" }",
    ] {
        let mailbox = letters(3);
        configure(&mailbox, deliver, "leave-on-server = false");
        let out = with_free(&mailbox, 0, 4096);
        assert_said(&out, 74, &["work", "room"]);
        assert_eq!(mailbox.server.count("RETR"), 0, "{deliver}");
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (0, 3));

        assert_quiet(&with_free(&mailbox, 2048, 4096));
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (0, 0));
        assert_eq!(mailbox.server.count("RETR"), 3, "{deliver}");
    }
}

#[test]
fn what_fits_is_fetched_though_something_larger_does_not() {
    let mailbox = Mailbox::new(20);
    let sent = mailbox.there();
    configure(&mailbox, "{ maildir = \"~/Mail/work\" }", "");
    // One of the messages alone is larger than what is free, and something must stay free.
    let out = with_free(&mailbox, 3, 20);
    assert_said(&out, 74, &["work", "room"]);
    let here = mailbox.here();
    assert!(here.len() >= 17, "{} messages", here.len());
    assert!(here.iter().all(|message| sent.contains(message)));
    let fetched = mailbox.server.count("RETR");
    assert_eq!(fetched, here.len(), "what does not fit was begun");
    assert_quiet(&mailbox.sync());
    assert_same(&mailbox.here(), &sent);
    assert_eq!(mailbox.server.count("RETR"), 20);
}

#[test]
fn what_was_not_planned_for_does_not_take_the_room_of_others() {
    let mailbox = Mailbox::new(0);
    let text = format!("Subject: large\r\n\r\n{}", "large\r\n".repeat(500_000));
    mailbox.replace([Message::new("large", text)]);
    let lie = Fault::Each("LIST", Act::reply("+OK\r\n1 0\r\n."));
    mailbox.server.set_faults(vec![lie]);
    let sent = mailbox.there();
    for deliver in ["{ maildir = \"~/Mail/work\" }", "{ mbox = \"~/inbox\" }"] {
        configure(&mailbox, deliver, "");
        // What is to stay free is all that is free.
        let out = with_free(&mailbox, 64, 4096);
        assert_said(&out, 74, &["work", "large", "no room", "make room"]);
        assert_eq!(spooled(&mailbox), 0, "a part of a message is left");
        assert!(mailbox.here().is_empty());
    }
    assert_quiet(&mailbox.sync());
    assert_same(&mbox::messages(&mailbox.sandbox.home("inbox")), &sent);
}
