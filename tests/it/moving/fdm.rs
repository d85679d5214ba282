//! The real fdm fetches, popfetch takes over: nothing comes twice.
//!
//! It refuses to know fdm's formats: what fdm wrote is what popfetch gets. fdm wants to be run by an ordinary user, and runs
//! as the sandbox's owner.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{added, letters, well};
use crate::support::certificates::{Authority, Leaf};
use crate::support::dovecot::{self, Dovecot};
use crate::support::mailbox::{Mailbox, PASSWORD, USER};
use crate::support::maildrop::Message;
use crate::support::sandbox::{Finished, Running, Sandbox};

/// Writes fdm's configuration; only its owner may read it, as fdm asks.
fn prepare(sandbox: &Sandbox, account: &str, rule: &str) {
    let text = format!(
        "set verify-certificates\n\
         account \"work\" {account} new-only cache \"%h/.fdm-cache\" keep\n\
         action \"in\" maildir \"{}\"\n{rule}\n",
        sandbox.home("Mail/work").display()
    );
    sandbox.write("home/.fdm.conf", text);
    sandbox.chmod("home/.fdm.conf", 0o600);
}

/// Runs fdm with its home here; it trusts what is in `roots`.
fn fdm(sandbox: &Sandbox, roots: &Path) -> Finished {
    let mut command = sandbox.program("fdm");
    command
        .args(["-h", "-v", "fetch"])
        .env("TMPDIR", sandbox.path("tmp"))
        .env("SSL_CERT_FILE", roots)
        .current_dir(sandbox.home(""));
    Running::new(command).finish_within(Duration::from_secs(10 * 60))
}

/// Runs popfetch, which trusts what is in `roots`.
fn popfetch(sandbox: &Sandbox, roots: &Path, arguments: &[&str]) -> Finished {
    let mut command = sandbox.command();
    command.args(arguments).env("SSL_CERT_FILE", roots);
    Running::new(command).finish_within(Duration::from_secs(10 * 60))
}

#[test]
fn of_a_dovecots_mail_only_what_fdm_has_not_fetched_arrives() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let server = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    let sandbox = Sandbox::unprivileged();
    let roots = sandbox.write("home/ca.pem", authority.pem());
    let account = format!(
        "pop3s server \"localhost\" port {} user \"ann\" pass \"{}\"",
        server.port_pop3s(),
        dovecot::PASSWORD
    );
    let rule = "match \"^Subject: nothing\" in headers action drop\nmatch all action \"in\"";
    prepare(&sandbox, &account, rule);
    server.fill("ann", letters(1000..1500));
    let fetched = fdm(&sandbox, &roots);
    let before = sandbox.mail("Mail/work");
    // fdm ends with 0 whatever happens.
    assert_eq!(before.len(), 500, "{}", fetched.stderr);
    assert_eq!(server.messages("ann"), 500);

    let out = popfetch(&sandbox, &roots, &["import", "fdm", "--yes"]);
    well(&out);
    assert!(out.stderr.contains("500 messages"), "{}", out.stderr);
    let new = letters(2000..2010);
    server.fill("ann", new.clone());
    well(&popfetch(&sandbox, &roots, &["sync"]));
    assert_eq!(added(&sandbox, &before), new);
    well(&popfetch(&sandbox, &roots, &["sync"]));
    assert_eq!(sandbox.mail("Mail/work").len(), 510);
    assert_eq!(server.messages("ann"), 510);
}

#[test]
fn uids_with_slashes_brackets_and_letters_of_any_case_are_known() {
    let mailbox = Mailbox::within(Sandbox::unprivileged(), 0);
    let sandbox = &mailbox.sandbox;
    fs::remove_file(sandbox.path("config/popfetch/config.toml")).unwrap();
    let deposit = |uid: &str| {
        let letter = format!("Subject: x\r\n\r\n{uid}\r\n");
        mailbox.server.deposit(USER, Message::new(uid, letter));
    };
    let longest = "0123456789".repeat(7);
    for uid in ["1/1", "1-1", "<a@b>", "Aa", "aA", &longest, "12"] {
        deposit(uid);
    }
    let account = format!(
        "pop3 server \"127.0.0.1\" port {} user \"{USER}\" pass \"{PASSWORD}\"",
        mailbox.server.port()
    );
    prepare(sandbox, &account, "match account \"w*\" action \"in\"");
    let roots = sandbox.path("none");
    let fetched = fdm(sandbox, &roots);
    let before = mailbox.here();
    assert_eq!(before.len(), 7, "{}", fetched.stderr);

    well(&sandbox.run(["import", "fdm", "--yes"]));
    deposit("1/2");
    well(&mailbox.sync());
    assert_eq!(added(sandbox, &before), [b"Subject: x\n\n1/2\n"]);
    assert_eq!(mailbox.here().len(), 8);
}
