//! An mbox that others write to as well: their locks are waited for, ours are seen by them, and no entry is torn.
//!
//! That popfetch waits is read from its system calls, as strace(1) tells them; no test depends on how long it does.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, fcntl_lock, flock};

use super::super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::mbox;
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::{Running, Sandbox};
use super::{
    assert_quiet, assert_said, assert_same, configure, keeper, kept, letters, spooled, wait_for,
};

const IMPATIENT: &str = "{ mbox = \"~/inbox\", lock-timeout = \"1s\" }";

/// Starts a run under strace(1), which writes these system calls to a file; and that file's text, whenever asked.
fn watched(mailbox: &Mailbox, calls: &str) -> (Running, impl Fn() -> String) {
    let (like, log) = (mailbox.sandbox.command(), mailbox.sandbox.path("tmp/log"));
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", &format!("trace={calls}"), "-o"]);
    command.arg(&log).arg(like.get_program()).arg("sync");
    command.env_clear();
    command.envs(
        like.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let read = move || fs::read_to_string(&log).unwrap_or_default();
    (Running::new(command), read)
}

/// Opens the inbox, which is made, to lock it. Nothing else in this process may open it until it is unlocked.
fn inbox_to_lock(mailbox: &Mailbox) -> File {
    let path = mailbox.sandbox.write("home/inbox", "");
    let options = OpenOptions::new().read(true).write(true).open(path);
    options.unwrap()
}

/// Asserts that a run gives up waiting, with all mail kept for the next, which must be well once this is done.
#[track_caller]
fn assert_gives_up_and_goes_on(mailbox: &Mailbox, unlock: impl FnOnce()) {
    let sent = mailbox.there();
    for _ in 0..2 {
        let out = mailbox.sync();
        assert_said(&out, 75, &["work", "inbox", "lock"]);
        assert_eq!(mailbox.there().len(), 3);
    }
    unlock();
    assert_quiet(&mailbox.sync());
    assert_all_here(mailbox, &sent);
}

/// Asserts that the inbox holds this, that no lock is left, and that nothing was fetched twice.
#[track_caller]
fn assert_all_here(mailbox: &Mailbox, sent: &[Vec<u8>]) {
    assert_same(&mbox::messages(&mailbox.sandbox.home("inbox")), sent);
    assert!(!mailbox.sandbox.home("inbox.lock").exists());
    assert_eq!(spooled(mailbox), 0);
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.server.count("RETR"), sent.len());
}

#[test]
fn a_kernel_lock_is_waited_for() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    configure(
        &mailbox,
        "{ mbox = \"~/inbox\" }",
        "leave-on-server = false",
    );
    let inbox = inbox_to_lock(&mailbox);
    fcntl_lock(&inbox, FlockOperation::NonBlockingLockExclusive).unwrap();
    let (running, log) = watched(&mailbox, "fcntl");
    wait_for("an attempt to lock", || {
        let waits = ["EAGAIN", "EACCES", "SETLKW"];
        let log = log();
        waits.iter().any(|word| log.contains(word)).then_some(())
    });
    drop(inbox);
    assert_quiet(&running.finish());
    assert_all_here(&mailbox, &sent);
}

#[test]
fn a_dotlock_is_waited_for() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    configure(
        &mailbox,
        "{ mbox = \"~/inbox\" }",
        "leave-on-server = false",
    );
    let lock = mailbox.sandbox.write("home/inbox.lock", own_id());
    let (running, log) = watched(
        &mailbox,
        "open,openat,link,linkat,rename,renameat,renameat2",
    );
    wait_for("an attempt to lock", || {
        let log = log();
        let mut lines = log.lines();
        let found = lines.any(|line| line.contains("inbox.lock") && line.contains("EEXIST"));
        found.then_some(())
    });
    fs::remove_file(lock).unwrap();
    assert_quiet(&running.finish());
    assert_all_here(&mailbox, &sent);
}

/// The id of this process: whoever asks, the lock's owner is alive.
fn own_id() -> String {
    format!("{}\n", std::process::id())
}

#[test]
fn a_kernel_lock_is_not_waited_for_without_end() {
    let mailbox = letters(3);
    configure(&mailbox, IMPATIENT, "leave-on-server = false");
    let inbox = inbox_to_lock(&mailbox);
    fcntl_lock(&inbox, FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_gives_up_and_goes_on(&mailbox, || drop(inbox));
}

#[test]
fn a_dotlock_is_not_waited_for_without_end() {
    let mailbox = letters(3);
    configure(&mailbox, IMPATIENT, "leave-on-server = false");
    let lock = mailbox.sandbox.write("home/inbox.lock", own_id());
    assert_gives_up_and_goes_on(&mailbox, || fs::remove_file(lock).unwrap());
}

#[test]
fn a_lock_that_is_taken_meanwhile_keeps_the_mail_in_the_spool() {
    let mailbox = letters(3);
    let sent = mailbox.there();
    let lock = mailbox.sandbox.home("inbox.lock");
    let takes = format!("echo {} > '{}'", std::process::id(), lock.display());
    let program = keeper(&mailbox.sandbox, &takes);
    let both = format!("[{program}, {IMPATIENT}]");
    configure(&mailbox, &both, "leave-on-server = false");
    assert_said(&mailbox.sync(), 75, &["work", "inbox", "lock"]);
    assert_same(&kept(&mailbox.sandbox), &sent);
    assert!(mbox::messages(&mailbox.sandbox.home("inbox")).is_empty());
    assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3));
    fs::remove_file(lock).unwrap();
    assert_quiet(&mailbox.sync());
    assert_all_here(&mailbox, &sent);
    assert_same(&kept(&mailbox.sandbox), &sent);
}

#[test]
fn flock_counts_only_where_it_is_configured() {
    let mailbox = letters(3);
    let flocked = IMPATIENT.replace(" }", ", flock = true }");
    configure(&mailbox, &flocked, "leave-on-server = false");
    let inbox = inbox_to_lock(&mailbox);
    flock(&inbox, FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_gives_up_and_goes_on(&mailbox, || {
        configure(&mailbox, IMPATIENT, "leave-on-server = false");
    });
    drop(inbox);
}

#[test]
fn a_dotlock_that_nobody_holds_any_more_is_overcome() {
    let mut dead = Command::new("true").spawn().unwrap();
    let id = dead.id();
    dead.wait().unwrap();
    let old = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    for content in [String::new(), "0".to_owned(), format!("{id}\n")] {
        let mailbox = letters(3);
        let sent = mailbox.there();
        configure(&mailbox, IMPATIENT, "leave-on-server = false");
        let lock = mailbox.sandbox.write("home/inbox.lock", content);
        let file = OpenOptions::new().write(true).open(&lock).unwrap();
        file.set_modified(old).unwrap();
        assert_quiet(&mailbox.sync());
        assert_all_here(&mailbox, &sent);
    }
}

/// Starts procmail(1) for each message of the mbox, one after the other; it locks and appends as it is used to.
fn feed_procmail(sandbox: &Sandbox, rules: &Path, feed: &Path) -> Child {
    let mut formail = Command::new("formail");
    formail.args(["-s", "procmail"]).arg(rules);
    formail.env_clear().env("PATH", "/usr/bin:/bin");
    formail.env("HOME", sandbox.path("home"));
    formail.stdin(File::open(feed).unwrap());
    formail.stdout(Stdio::null()).stderr(Stdio::null());
    formail.spawn().unwrap()
}

/// A message that tells its author and its number, of some hundred lines that a tear would show in.
fn tearable(author: &str, n: usize) -> Vec<u8> {
    let line = format!("{author} {n} wrote this whole line, from its beginning to its end.\n");
    let subject = format!("Subject: {author} {n}\n\n");
    [subject, line.repeat(20 + n % 100)].concat().into_bytes()
}

#[test]
fn popfetch_and_procmail_append_four_hundred_whole_entries_to_one_mbox() {
    const COUNT: usize = 200;
    const FEEDS: usize = 4;
    let raw = |n| {
        String::from_utf8(tearable("popfetch", n))
            .unwrap()
            .replace('\n', "\r\n")
    };
    let mail: Maildrop = (0..COUNT)
        .map(|n| Message::new(format!("uid-{n}"), raw(n)))
        .collect();
    // So slow that it comes in several batches, while procmail is at work.
    let options = Options::new(Tls::None)
        .user(USER, PASSWORD, mail)
        .pace(300_000);
    let mailbox = Mailbox::of(Sandbox::new(), options);
    let (sandbox, inbox) = (&mailbox.sandbox, mailbox.sandbox.home("inbox"));
    configure(
        &mailbox,
        "{ mbox = \"~/inbox\" }",
        "leave-on-server = false",
    );
    let rules = format!(
        "LOCKSLEEP=1\nDEFAULT={0}\nLOGFILE={1}\n:0 :\n{0}\n",
        inbox.display(),
        sandbox.path("tmp/procmail.log").display()
    );
    let rules = sandbox.write("rules", rules);
    let others: Vec<_> = (0..COUNT).map(|n| tearable("procmail", n)).collect();
    let feeds: Vec<_> = others.chunks(COUNT / FEEDS).enumerate().collect();
    let mut feeds: Vec<Child> = feeds
        .into_iter()
        .map(|(n, messages)| {
            let feed = sandbox.path(format!("feed-{n}"));
            mbox::write(&feed, messages);
            feed_procmail(sandbox, &rules, &feed)
        })
        .collect();

    assert_quiet(&mailbox.sync());
    for feed in &mut feeds {
        assert!(feed.wait().unwrap().success());
    }
    let mut sent = [others, mailbox_letters(COUNT)].concat();
    sent.sort();
    assert_same(&mbox::messages(&inbox), &sent);
    assert_eq!(mbox::counted_by_formail(&inbox), 2 * COUNT);
    assert!(!mailbox.sandbox.home("inbox.lock").exists());
    assert!(mailbox.there().is_empty());
}

/// What popfetch was to append.
fn mailbox_letters(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| tearable("popfetch", n)).collect()
}

#[test]
fn two_accounts_at_once_append_to_one_mbox() {
    let users = ["ann", "bob"];
    let options = users.iter().fold(Options::new(Tls::None), |options, user| {
        options.user(user, PASSWORD, Maildrop::sample(user, 0, 100))
    });
    let mailbox = Mailbox::of(Sandbox::new(), options);
    let tables = users.map(|user| {
        let table = account(user, mailbox.server.port(), user);
        let usual = format!("{{ maildir = \"~/Mail/{user}\" }}");
        let table = table.replace(&usual, "{ mbox = \"~/inbox\" }");
        format!("{table}password = \"{PASSWORD}\"\n")
    });
    mailbox.sandbox.config(&tables.concat());
    assert_quiet(&mailbox.sync());
    let sent = users.map(|user| mailbox.server.maildrop(user).stored());
    let mut sent = sent.concat();
    sent.sort();
    assert_same(&mbox::messages(&mailbox.sandbox.home("inbox")), &sent);
    assert_eq!(spooled(&mailbox), 0);
}
