//! What cannot be had in the sandbox is refused before anything is fetched, and what is tried in it nevertheless fails.

use std::fs;

use super::super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::super::support::maildrop::Maildrop;
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::Running;
use super::super::support::server::Server;
use super::super::support::service::Service;
use super::{IS_WHOLE, confined, is_refused, works};

#[test]
fn an_account_that_needs_a_program_later_is_refused_with_its_name_and_the_key() {
    let home = |mailbox: &Mailbox| mailbox.sandbox.home("ran").display().to_string();
    for (key, deliver, secret, lines) in [
        ("pipe", "{ pipe = \"touch RAN\" }", "password = \"x\"", ""),
        (
            "after-sync",
            "{ maildir = \"~/Mail/work\" }",
            "password = \"x\"",
            "after-sync = \"touch RAN\"",
        ),
        (
            "client-secret-command",
            "{ maildir = \"~/Mail/work\" }",
            "oauth = { client-id = \"x\", authorization-url = \"https://localhost/a\", \
             token-url = \"https://localhost/t\", scope = \"x\", client-secret-command = \"touch RAN\" }",
            "",
        ),
    ] {
        let mailbox = Mailbox::new(1);
        let table = account("work", mailbox.server.port(), USER)
            .replace("{ maildir = \"~/Mail/work\" }", deliver);
        let toml = format!("{table}{secret}\n{lines}\n").replace("RAN", &home(&mailbox));
        mailbox.sandbox.config(&toml);
        let out = confined(&mailbox, &[]);
        is_refused(&mailbox, &out, 64, &format!("work: {key} runs a program"));
        assert!(!mailbox.sandbox.home("ran").exists());
    }
}

#[test]
fn a_program_that_gives_the_password_is_run_before_popfetch_is_confined() {
    let mailbox = Mailbox::new(2);
    mailbox.configure_password(&format!("password-command = \"echo {PASSWORD}\""), "");
    works(&mailbox);
    if *IS_WHOLE {
        assert_eq!(mailbox.here(), mailbox.there());
    }
}

#[test]
fn a_program_that_gives_a_secret_is_refused_where_it_would_be_needed_again() {
    for key in ["password-command", "token-command"] {
        let mailbox = Mailbox::new(2);
        mailbox.configure_password(&format!("{key} = \"echo {PASSWORD}\""), "");
        let out = confined(&mailbox, &["--every", "1h"]);
        is_refused(&mailbox, &out, 64, &format!("work: {key} runs a program"));
    }
}

#[test]
fn a_program_that_leaves_something_running_is_not_confined_with() {
    let mailbox = Mailbox::new(1);
    let id = mailbox.sandbox.path("id");
    mailbox.configure_password(
        &format!(
            "password-command = [\"sh\", \"-c\", \"sleep 600 & echo $! > '{}'; echo {PASSWORD}\"]",
            id.display()
        ),
        "",
    );
    let out = confined(&mailbox, &[]);
    if *IS_WHOLE {
        let left = fs::read_to_string(id).unwrap();
        let ended = std::process::Command::new("kill").arg(left.trim()).status();
        assert!(ended.unwrap().success());
        is_refused(&mailbox, &out, 74, "has left something running");
    }
}

#[test]
fn a_destination_that_would_open_the_whole_home_folder_is_refused() {
    for deliver in ["{ mbox = \"~/inbox\" }", "{ maildir = \"~\" }"] {
        let mailbox = Mailbox::new(1);
        mailbox.configure_delivery(deliver, "");
        let out = confined(&mailbox, &[]);
        is_refused(&mailbox, &out, 64, "would hold the whole home folder");
    }
}

#[test]
fn a_kernel_that_cannot_is_told_from_one_that_can_and_nothing_is_fetched() {
    for answer in ["error=ENOSYS", "error=EOPNOTSUPP", "retval=1:when=1"] {
        let mailbox = Mailbox::new(1);
        let inject = format!("inject=landlock_create_ruleset:{answer}");
        let mut command = mailbox.sandbox.program("strace");
        command.args(["-f", "-o", "/dev/null", "-e", &inject]);
        command.arg(mailbox.sandbox.command().get_program());
        command.args(["sync", "--sandbox"]);
        let out = Running::new(command).finish();
        is_refused(&mailbox, &out, 69, "popfetch cannot be confined here");
        assert!(out.stderr.contains("Landlock"), "{}", out.stderr);
    }
}

#[test]
fn a_server_that_is_configured_later_has_a_port_that_is_out_of_reach() {
    let mailbox = Mailbox::new(1);
    let late = Options::new(Tls::None).user(USER, PASSWORD, Maildrop::sample("late", 0, 1));
    let late = Server::start(late);
    if !*IS_WHOLE {
        return;
    }
    let service = Service::start(&mailbox.sandbox, &["--sandbox", "--every", "1h"]);
    service.begins();
    assert_eq!(mailbox.here(), mailbox.there());
    let table = account("late", late.port(), USER);
    let own = account("work", mailbox.server.port(), USER);
    mailbox.sandbox.config(&format!(
        "{own}password = \"{PASSWORD}\"\n{table}password = \"{PASSWORD}\"\n"
    ));
    mailbox.deposit("later");
    service.fetches();
    let out = service.ends();
    assert_eq!(mailbox.here(), mailbox.there());
    assert!(out.stderr.contains("late: "), "{}", out.stderr);
    assert!(out.stderr.contains("Permission denied"), "{}", out.stderr);
    assert_eq!(late.records().len(), 0);
}
