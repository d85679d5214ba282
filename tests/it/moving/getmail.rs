//! The real getmail6 fetches, popfetch takes over: nothing comes twice.
//!
//! It refuses to know getmail's formats: what getmail wrote is what popfetch gets. getmail delivers to no Maildir as root,
//! and runs as the sandbox's owner.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use super::{added, letters, well};
use crate::support::certificates::{Authority, Leaf};
use crate::support::dovecot::{self, Dovecot};
use crate::support::mailbox::{Mailbox, PASSWORD, USER};
use crate::support::maildrop::Message;
use crate::support::sandbox::Sandbox;

/// What getmail takes its settings from, with a Maildir that is there.
fn prepare(sandbox: &Sandbox, retriever: &str, options: &str) {
    make_folders(sandbox);
    sandbox.write(
        "config/getmail/getmailrc",
        format!(
            "[retriever]\ntimeout = 20\n{retriever}\n[destination]\ntype = Maildir\npath = ~/Mail/work/\n\
             [options]\nread_all = false\nverbose = 0\n{options}\n"
        ),
    );
}

/// How often getmail begins anew.
const ATTEMPTS: usize = 20;

/// Runs getmail. For each message it starts a child, and misses the end of one that is faster than itself; then it waits
/// for nothing until its time is over, and forgets the session: it begins anew, with nothing in the Maildir.
#[track_caller]
fn getmail(sandbox: &Sandbox) {
    for _ in 0..ATTEMPTS {
        let Err(said) = attempt(sandbox) else {
            return;
        };
        assert!(said.contains("timed out"), "{said}");
        fs::remove_dir_all(sandbox.home("Mail/work/new")).unwrap();
        make_folders(sandbox);
    }
    panic!("getmail lost its children {ATTEMPTS} times");
}

/// The folders of the Maildir, which getmail wants to be there.
fn make_folders(sandbox: &Sandbox) {
    for folder in ["cur", "new", "tmp"] {
        let folder = sandbox.home("Mail/work").join(folder);
        fs::create_dir_all(&folder).unwrap();
        let owner = fs::metadata(sandbox.home("")).unwrap();
        chown(&folder, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

/// Runs getmail once; what it says, if it fails.
fn attempt(sandbox: &Sandbox) -> Result<(), String> {
    let mut command = sandbox.program("getmail");
    command.current_dir(sandbox.home(""));
    let out = command
        .output()
        .expect("getmail6 is installed: run tests/run");
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(format!("{}: {said}", out.status))
}

/// Where getmail keeps the uids of an account.
fn oldmail(sandbox: &Sandbox) -> Vec<u8> {
    let folder = fs::read_dir(sandbox.path("config/getmail")).unwrap();
    let mut paths = folder.map(|entry| entry.unwrap().path());
    let is_oldmail = |path: &Path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("oldmail-")
    };
    fs::read(paths.find(|path| is_oldmail(path)).unwrap()).unwrap()
}

#[test]
fn of_a_dovecots_mail_only_what_getmail_has_not_fetched_arrives() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let server = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    let sandbox = Sandbox::unprivileged();
    let ca = sandbox.write("home/ca.pem", authority.pem());
    let retriever = format!(
        "type = SimplePOP3SSLRetriever\nserver = localhost\nport = {}\nusername = ann\npassword = {}\nca_certs = {}",
        server.port_pop3s(),
        dovecot::PASSWORD,
        ca.display()
    );
    prepare(&sandbox, &retriever, "delete_after = 30");
    server.fill("ann", letters(1000..1500));
    getmail(&sandbox);
    let before = sandbox.mail("Mail/work");
    assert_eq!((before.len(), server.messages("ann")), (500, 500));

    let out = sandbox.run(["import", "getmail", "--yes"]);
    well(&out);
    assert!(out.stderr.contains("500 messages"), "{}", out.stderr);
    let new = letters(2000..2010);
    server.fill("ann", new.clone());
    well(&sandbox.run(["sync"]));
    assert_eq!(added(&sandbox, &before), new);
    assert_eq!(sandbox.mail("Mail/work").len(), 510);
    assert_eq!(server.messages("ann"), 510);
    well(&sandbox.run(["sync"]));
    assert_eq!(sandbox.mail("Mail/work").len(), 510);
}

#[test]
fn a_uid_whose_slash_getmail_made_a_dash_is_known() {
    let mailbox = Mailbox::within(Sandbox::unprivileged(), 0);
    let sandbox = &mailbox.sandbox;
    fs::remove_file(sandbox.path("config/popfetch/config.toml")).unwrap();
    let deposit = |uid: &str| {
        let letter = format!("Subject: x\r\n\r\n{uid}\r\n");
        mailbox.server.deposit(USER, Message::new(uid, letter));
    };
    for uid in ["1234/1", "1234/2", "with space/3", "a-b", "plain"] {
        deposit(uid);
    }
    let retriever = format!(
        "type = SimplePOP3Retriever\nserver = 127.0.0.1\nport = {}\nusername = {USER}\npassword = {PASSWORD}",
        mailbox.server.port()
    );
    prepare(sandbox, &retriever, "");
    getmail(sandbox);
    let before = mailbox.here();
    assert_eq!(before.len(), 5);
    let stored = oldmail(sandbox);
    assert!(
        !stored.contains(&b'/'),
        "{}",
        String::from_utf8_lossy(&stored)
    );

    // The folder of the uids is found from a relative path, too.
    let out = sandbox.run(["import", "getmail", "config/getmail/getmailrc", "--yes"]);
    well(&out);
    deposit("1234/4");
    well(&mailbox.sync());
    assert_eq!(added(sandbox, &before), [b"Subject: x\n\n1234/4\n"]);
    assert_eq!(mailbox.here().len(), 6);
    // What came after is told apart by the slash again.
    deposit("1234-1");
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 7);
}

#[test]
fn what_getmail_was_to_delete_after_some_days_goes_by_when_it_saw_it() {
    let mailbox = Mailbox::within(Sandbox::unprivileged(), 2);
    let sandbox = &mailbox.sandbox;
    fs::remove_file(sandbox.path("config/popfetch/config.toml")).unwrap();
    let port = mailbox.server.port();
    let retriever = format!(
        "type = SimplePOP3Retriever\nserver = 127.0.0.1\nport = {port}\nusername = {USER}\npassword = {PASSWORD}"
    );
    prepare(sandbox, &retriever, "delete_after = 9");
    getmail(sandbox);
    // getmail saw one of them ten days earlier.
    let stored = String::from_utf8(oldmail(sandbox)).unwrap();
    let (first, rest) = stored.split_once('\n').unwrap();
    let (uid, time) = first.split_once('\0').unwrap();
    let earlier = time.parse::<u64>().unwrap() - 10 * 24 * 60 * 60;
    let name = format!("config/getmail/oldmail-127.0.0.1-{port}-{USER}");
    assert!(sandbox.path(&name).exists());
    sandbox.write(&name, format!("{uid}\0{earlier}\n{rest}"));

    well(&sandbox.run(["import", "getmail", "--yes"]));
    well(&mailbox.sync());
    assert_eq!((mailbox.here().len(), mailbox.there().len()), (2, 1));
}
