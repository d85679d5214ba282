//! Where a password may come from, in which order, and what is said when it does not come.
//!
//! It owns the sources outside the configuration file's own `password`. Invariant: nothing here waits for a person.

mod keyring; // the real one: stored, found, removed, absent, locked

use std::fs;

use super::support::mailbox::{Mailbox, PASSWORD};
use super::support::sandbox::{Finished, Running};

/// Asserts that a run with this source fetches the mail and says nothing.
#[track_caller]
fn works(mailbox: &Mailbox, source: &str) {
    mailbox.configure_password(source, "");
    let out = mailbox.sync();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{source}");
    assert_eq!(mailbox.here(), mailbox.there());
}

/// Asserts that a run with this source ends with status 78, says `parts` in a line, and asks no server.
#[track_caller]
fn fails(mailbox: &Mailbox, source: &str, parts: &[&str]) {
    let before = mailbox.server.records().len();
    mailbox.configure_password(source, "");
    says(&mailbox.sync(), parts);
    assert_eq!(mailbox.server.records().len(), before);
}

/// Asserts that the account's configuration is said to be at fault, in a line with these parts.
#[track_caller]
fn says(out: &Finished, parts: &[&str]) {
    assert_eq!((out.code, out.stdout.as_str()), (78, ""), "{}", out.stderr);
    assert!(out.stderr.starts_with("popfetch: work: "), "{}", out.stderr);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    for part in parts {
        assert!(out.stderr.contains(part), "no {part:?} in {}", out.stderr);
    }
}

#[test]
fn a_command_is_run_without_a_shell_and_its_first_line_counts() {
    let mailbox = Mailbox::new(1);
    let script = mailbox.sandbox.write(
        "home/bin/show me",
        format!("#!/bin/sh\necho 'a warning' >&2\n[ \"$*\" = \"mail/work; \\$HOME\" ] && printf '{PASSWORD}\\r\\nsecond line\\n'\n"),
    );
    mailbox.sandbox.chmod("home/bin/show me", 0o700);
    let script = script.display();
    works(
        &mailbox,
        &format!("password-command = [\"{script}\", \"mail/work; $HOME\"]"),
    );
    works(
        &mailbox,
        "password-command = '\"~/bin/show me\" \"mail/work; $HOME\"'"
            .replace("\"~/bin/show me\"", "~/bin/show\\ me")
            .as_str(),
    );
    works(
        &mailbox,
        &format!("password-command = \"'{script}' 'mail/work; $HOME'\""),
    );
    // The path of a program is searched for, as a shell would.
    works(&mailbox, &format!("password-command = \"echo {PASSWORD}\""));
    works(
        &mailbox,
        &format!("password-command = \"printf {PASSWORD}\""),
    );
}

#[test]
fn a_command_that_fails_is_quoted() {
    let mailbox = Mailbox::new(1);
    fails(
        &mailbox,
        r#"password-command = ["sh", "-c", "echo no such key >&2; echo half; exit 3"]"#,
        &[
            "password-command sh failed",
            "exit status: 3",
            "no such key",
            "; ",
        ],
    );
    fails(
        &mailbox,
        r#"password-command = ["sh", "-c", "kill -9 $$"]"#,
        &["password-command sh failed", "signal: 9"],
    );
    fails(
        &mailbox,
        r#"password-command = ["no-such-program", "mail"]"#,
        &[
            "cannot run the password-command no-such-program",
            "No such file",
            "; correct password-command",
        ],
    );
    fails(
        &mailbox,
        r#"password-command = "true""#,
        &["password-command true gave no password", "first line"],
    );
}

#[test]
fn a_file_must_be_its_owners_alone() {
    let mailbox = Mailbox::new(1);
    let file = mailbox
        .sandbox
        .write("config/popfetch/secret", format!("{PASSWORD}\nnotes\n"));
    works(&mailbox, "password-file = \"secret\"");
    let source = format!("password-file = \"{}\"", file.display());
    works(&mailbox, &source);

    mailbox.sandbox.chmod("config/popfetch/secret", 0o644);
    let chmod = format!("chmod 600 '{}'", file.display());
    fails(
        &mailbox,
        &source,
        &["can be read by others (mode 0644)", &chmod],
    );
    mailbox.sandbox.chmod("config/popfetch/secret", 0o600);
    works(&mailbox, &source);

    fs::write(&file, "\nx").unwrap();
    let place = file.display().to_string();
    fails(&mailbox, &source, &[&place, "gave no password"]);
    fs::remove_file(&file).unwrap();
    fails(
        &mailbox,
        &source,
        &[&place, "No such file", "correct password-file"],
    );
}

#[test]
fn systemd_credentials_are_found_by_the_accounts_name() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_password("", "");
    mailbox
        .sandbox
        .write("runtime/creds/popfetch.other", "wrong\n");
    let sync = || {
        let mut command = mailbox.sandbox.command();
        command.arg("sync");
        command.env(
            "CREDENTIALS_DIRECTORY",
            mailbox.sandbox.path("runtime/creds"),
        );
        Running::new(command).finish()
    };
    says(&sync(), &["there is no password for this account"]);
    mailbox
        .sandbox
        .write("runtime/creds/popfetch.work", PASSWORD);
    // systemd's own files are readable by their group.
    mailbox.sandbox.chmod("runtime/creds/popfetch.work", 0o440);
    let out = sync();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn without_any_source_the_ways_to_give_one_are_named() {
    let mailbox = Mailbox::new(1);
    fails(
        &mailbox,
        "",
        &[
            "there is no password for this account",
            "popfetch login work",
            "password-command",
            "password-file",
        ],
    );
}

#[test]
fn with_the_environment_of_cron_it_works_and_fails_as_clearly() {
    let mailbox = Mailbox::new(1);
    let bare = || {
        let mut command = mailbox.sandbox.command();
        command
            .env_clear()
            .env("POPFETCH_REMIND", "always")
            .env("HOME", mailbox.sandbox.path("home"));
        command
            .env("PATH", "/usr/bin:/bin")
            .args(["sync", "--config"]);
        command.arg(mailbox.sandbox.path("config/popfetch/config.toml"));
        Running::new(command).finish()
    };
    mailbox.configure_password("", "");
    says(
        &bare(),
        &["the keyring cannot be asked", "password-command"],
    );
    mailbox.configure_password(&format!("password-command = \"echo {PASSWORD}\""), "");
    let out = bare();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(mailbox.here(), mailbox.there());
    assert!(
        mailbox
            .sandbox
            .home(".local/state/popfetch/state.db")
            .is_file()
    );
}

#[test]
fn nobody_is_asked_for_a_password_that_is_never_used() {
    let mailbox = Mailbox::new(0);
    for (lines, proof) in [
        ("token-command = [\"true\"]", "token-command"),
        (
            "auth = \"external\"\ntls-client-cert = \"me.pem\"",
            "certificate",
        ),
    ] {
        mailbox.sandbox.config(&format!(
            "[accounts.work]\nhost = \"127.0.0.1\"\nport = 1\nuser = \"me\"\ndeliver = {{ maildir = \"~/Mail\" }}\n{lines}\n"
        ));
        let out = mailbox.sandbox.run(["login", "work"]);
        assert_eq!((out.code, out.stdout.as_str()), (64, ""), "{}", out.stderr);
        assert!(out.stderr.contains(proof), "{}", out.stderr);
    }
}
