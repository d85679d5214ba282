//! Each fault between here and the server, on the server, and here: its line and its cure.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use super::super::support::certificates::{Authority, Leaf};
use super::super::support::lmtp::Lmtp;
use super::super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Act, Fault, Options, Tls};
use super::super::support::sandbox::{Running, Sandbox};
use super::{assert_says, assert_silent, check, run};

/// What needs the server.
const AFTER: [&str; 5] = ["capabilities", "login", "maildrop", "UIDL", "new mail"];

/// A sandbox whose account has this in place of its host's line.
fn with_host(lines: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let table = account("work", 995, USER).replace("tls = \"none\"\n", "");
    let table = table.replace("host = \"127.0.0.1\"\nport = 995\n", lines);
    sandbox.config(&format!("{table}password = \"{PASSWORD}\"\n"));
    sandbox
}

fn closed_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn an_unknown_host() {
    let sandbox = with_host("host = \"pop.nowhere.invalid\"\n");
    let out = run(&sandbox, &[], &[]);
    assert!([69, 75].contains(&out.code), "{}", out.stdout);
    let words = ["cannot find the address of pop.nowhere.invalid"];
    assert_says(
        &out,
        out.code,
        ("✗", "DNS"),
        &words,
        &["is the network up?"],
    );
    assert_silent(&out, &["connect", "TLS"]);
    assert_silent(&out, &AFTER);
    // What is here is looked at all the same.
    assert_says(&out, out.code, ("✓", "destination"), &["will be made"], &[]);
    assert_says(&out, out.code, ("✓", "clock"), &[], &[]);
}

#[test]
fn a_closed_port() {
    let port = closed_port();
    let sandbox = with_host(&format!("host = \"127.0.0.1\"\nport = {port}\n"));
    let out = run(&sandbox, &[], &[]);
    let words = ["cannot connect to 127.0.0.1", "refused"];
    assert_says(&out, 75, ("✗", "connect"), &words, &["check host and port"]);
    assert_silent(&out, &["TLS"]);
    assert_silent(&out, &AFTER);
}

#[test]
fn a_plain_port_that_is_called_with_tls_and_the_other_way_round() {
    let mailbox = Mailbox::new(1);
    let port = mailbox.server.port();
    let sandbox = with_host(&format!("host = \"127.0.0.1\"\nport = {port}\n"));
    let out = run(&sandbox, &[], &[]);
    let words = ["does not speak TLS from the first byte"];
    assert_says(&out, 76, ("✗", "TLS"), &words, &["tls = \"starttls\""]);
    assert_silent(&out, &AFTER);

    let identity = Authority::new().issue(Leaf::Good);
    let server = Mailbox::of(Sandbox::new(), Options::new(Tls::Implicit(identity)));
    let out = run(&server.sandbox, &[], &[]);
    assert_says(
        &out,
        76,
        ("✗", "connect"),
        &["speaks TLS"],
        &["tls = \"implicit\""],
    );
}

#[test]
fn a_wrong_password_is_sent_once() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_password("password = \"wrong\"", "");
    let out = check(&mailbox, &[]);
    let words = ["refused the login"];
    assert_says(
        &out,
        77,
        ("✗", "login"),
        &words,
        &["check user and password", "app password"],
    );
    assert_silent(&out, &["maildrop", "UIDL", "new mail"]);
    assert_eq!(mailbox.server.count("PASS"), 1);
    assert_says(&out, 77, ("✓", "destination"), &[], &[]);
}

#[test]
fn a_server_without_uidl_and_one_without_top_too() {
    let with = |options: Options| {
        let mail = Maildrop::sample("mail", 0, 2);
        check(
            &Mailbox::of(Sandbox::new(), options.user(USER, PASSWORD, mail)),
            &[],
        )
    };
    let out = with(Options::new(Tls::None).without("UIDL"));
    assert_says(
        &out,
        0,
        ("!", "UIDL"),
        &["by their headers"],
        &["nothing has to be done"],
    );
    let out = with(Options::new(Tls::None).without("UIDL").without("TOP"));
    assert_says(
        &out,
        69,
        ("✗", "UIDL"),
        &["neither UIDL nor TOP"],
        &["ask the provider"],
    );
    assert_silent(&out, &["new mail"]);
}

#[test]
fn uids_that_are_shared_or_missing() {
    let mailbox = Mailbox::new(0);
    let message =
        |uid: &str, text: &str| Message::new(uid, format!("Subject: {text}\r\n\r\nx\r\n"));
    mailbox.replace([message("a", "1"), message("a", "2"), message("b", "3")]);
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        0,
        ("!", "UIDL"),
        &["2 of 3 messages share a uid"],
        &["nothing has to be done"],
    );
    let words = [
        "1 new message to fetch",
        "2 of which a run asks for the headers",
    ];
    assert_says(&out, 0, ("✓", "new mail"), &words, &[]);
    mailbox.replace([message("", "1"), message("b", "3")]);
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        76,
        ("✗", "UIDL"),
        &["1 of 2 messages have no uid"],
        &["the server is at fault"],
    );
    assert_says(&out, 76, ("✓", "new mail"), &["1 new message"], &[]);
}

#[test]
fn a_maildrop_in_which_nothing_ever_was() {
    let mailbox = Mailbox::new(0);
    let out = check(&mailbox, &[]);
    let words = ["the maildrop is empty", "ever fetched"];
    assert_says(
        &out,
        0,
        ("!", "maildrop"),
        &words,
        &["is POP switched on", "inbox"],
    );
    mailbox.configure("provider = \"gmail\"");
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        0,
        ("!", "maildrop"),
        &words,
        &["POP switched on under", "recent:"],
    );
}

#[test]
fn a_provider_that_does_not_delete_what_the_account_says() {
    let mailbox = Mailbox::new(1);
    for (provider, policy, words) in [
        ("gmail", "\"14d\"", "does not list again what was fetched"),
        ("yandex", "false", "keeps what it is told to delete"),
    ] {
        mailbox.configure(&format!(
            "provider = \"{provider}\"\nleave-on-server = {policy}"
        ));
        let out = check(&mailbox, &[]);
        assert_says(&out, 0, ("!", "maildrop"), &[words], &["web"]);
    }
    for (provider, policy) in [("gmail", "false"), ("gmail", "true"), ("yandex", "true")] {
        mailbox.configure(&format!(
            "provider = \"{provider}\"\nleave-on-server = {policy}"
        ));
        let out = check(&mailbox, &[]);
        assert!(!out.stdout.contains("! maildrop"), "{}", out.stdout);
    }
}

#[test]
fn trouble_of_the_last_run_that_a_check_does_not_meet() {
    let mailbox = Mailbox::new(1);
    let refusal = Act::reply("-ERR no such letter");
    mailbox
        .server
        .set_faults(vec![Fault::Each("RETR 1", refusal)]);
    let sync = || {
        let mut sync = mailbox.sandbox.command();
        sync.env_remove("XDG_STATE_HOME").arg("sync");
        Running::new(sync).finish().code
    };
    assert_eq!(sync(), 69);
    let words = ["the last run", "refused RETR", "no such letter"];
    assert_says(&check(&mailbox, &[]), 0, ("!", "state"), &words, &[]);
    // What is wrong now is not told twice.
    mailbox.configure("auth = \"apop\"");
    let out = check(&mailbox, &[]);
    assert!(!out.stdout.contains("the last run"), "{}", out.stdout);
    mailbox.configure("");
    mailbox.server.set_faults(Vec::new());
    assert_eq!(sync(), 0);
    let out = check(&mailbox, &[]);
    assert!(!out.stdout.contains("the last run"), "{}", out.stdout);
}

#[test]
fn mail_that_is_too_large() {
    let mailbox = Mailbox::new(3);
    mailbox.configure("max-size = \"1B\"");
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        0,
        ("!", "new mail"),
        &["3 new messages are larger"],
        &["raise max-size"],
    );
    assert_says(&out, 0, ("✓", "new mail"), &["nothing to fetch"], &[]);
}

#[test]
fn destinations_that_cannot_be_written() {
    let mailbox = Mailbox::within(Sandbox::unprivileged(), 1);
    mailbox.sandbox.write("home/Mail/work/new/x", "x");
    mailbox.sandbox.write("home/Mail/work/tmp/x", "x");
    mailbox.sandbox.write("home/inbox", "");
    let both = "[{ maildir = \"~/Mail/work\" }, { mbox = \"~/inbox\" }, { mbox = \"~/shut/a/b\" }]";
    mailbox.configure_delivery(both, "");
    mailbox.sandbox.write("home/shut/x", "");
    mailbox.sandbox.chmod("home/Mail/work/tmp", 0o500);
    mailbox.sandbox.chmod("home/inbox", 0o400);
    mailbox.sandbox.chmod("home/shut", 0o500);
    let out = check(&mailbox, &[]);
    for path in ["Mail/work/tmp", "inbox", "shut"] {
        let words = [path, "Permission denied"];
        assert_says(
            &out,
            74,
            ("✗", "destination"),
            &words,
            &["make it yours and writable"],
        );
    }
    mailbox.sandbox.chmod("home/Mail/work/tmp", 0o700);
    mailbox.sandbox.chmod("home/inbox", 0o600);
    mailbox.sandbox.chmod("home/shut", 0o700);
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        0,
        ("✓", "destination"),
        &["Mail/work can be written"],
        &[],
    );
    assert_says(
        &out,
        0,
        ("✓", "destination"),
        &["inbox can be locked and written"],
        &[],
    );
    assert_says(
        &out,
        0,
        ("✓", "destination"),
        &["shut/a/b will be made"],
        &[],
    );
}

#[test]
fn an_mbox_that_another_program_has_locked() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_delivery("{ mbox = \"~/inbox\" }", "");
    mailbox.sandbox.write("home/inbox", "");
    mailbox.sandbox.write("home/inbox.lock", "1");
    let out = check(&mailbox, &[]);
    assert_says(&out, 0, ("!", "destination"), &["locked"], &["inbox.lock"]);
}

#[test]
fn a_program_that_is_missing_and_one_that_cron_does_not_find() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_delivery("{ pipe = [\"no-such-program\"] }", "");
    let out = check(&mailbox, &[]);
    let words = ["cannot run no-such-program", "No such file"];
    assert_says(&out, 74, ("✗", "destination"), &words, &["correct deliver"]);

    mailbox.configure_delivery("{ pipe = [\"mine\", \"-d\"] }", "");
    mailbox.sandbox.write("home/bin/mine", "#!/bin/sh\n");
    mailbox.sandbox.chmod("home/bin/mine", 0o700);
    let path = format!("{}:/usr/bin:/bin", mailbox.sandbox.home("bin").display());
    let out = run(&mailbox.sandbox, &[], &[("PATH", &path)]);
    assert_says(
        &out,
        0,
        ("✓", "destination"),
        &["the program mine is there"],
        &[],
    );
    assert_says(
        &out,
        0,
        ("!", "destination"),
        &["not in cron's PATH"],
        &["whole path"],
    );
}

#[test]
fn an_lmtp_server_that_answers_and_one_that_does_not() {
    let mailbox = Mailbox::new(1);
    let server = Lmtp::on_port();
    let deliver = |address: &str| format!("{{ lmtp = \"{address}\", recipient = \"ann\" }}");
    mailbox.configure_delivery(&deliver(&server.address()), "");
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        0,
        ("✓", "destination"),
        &["LMTP server", "answers"],
        &[],
    );
    mailbox.configure_delivery(&deliver(&format!("127.0.0.1:{}", closed_port())), "");
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        75,
        ("✗", "destination"),
        &["LMTP"],
        &["is the LMTP server running"],
    );
}

#[test]
fn another_run_that_is_busy() {
    let mailbox = Mailbox::new(1);
    mailbox
        .server
        .set_faults(vec![Fault::At("RETR", 1, Act::Stall)]);
    let mut sync = mailbox.sandbox.command();
    sync.env_remove("XDG_STATE_HOME").arg("sync");
    let busy = Running::new(sync);
    mailbox.server.wait_until(0, |record| record.stalled);
    let out = run(&mailbox.sandbox, &[], &[]);
    let process = format!("(process {})", busy.id());
    let words = ["not tried: another run", &process];
    assert_says(&out, 0, ("!", "login"), &words, &["let it end"]);
    assert_says(
        &out,
        0,
        ("!", "state"),
        &["busy", &process],
        &["wait for it to end"],
    );
    assert_silent(&out, &["maildrop"]);
    assert_eq!(mailbox.server.count("USER"), 1);
}

#[test]
fn a_state_that_is_damaged_is_told_of_and_left() {
    let mailbox = Mailbox::new(1);
    let damaged = vec![b'x'; 8192];
    let path = mailbox
        .sandbox
        .write("home/.local/state/popfetch/state.db", &damaged);
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        74,
        ("✗", "state"),
        &["is damaged"],
        &["run popfetch again"],
    );
    assert_eq!(fs::read(path).unwrap(), damaged);
    assert_silent(&out, &["new mail"]);
}

#[test]
fn a_maildir_that_has_gone_with_its_disk() {
    let mailbox = Mailbox::new(2);
    let mut sync = mailbox.sandbox.command();
    sync.env_remove("XDG_STATE_HOME").arg("sync");
    assert_eq!(Running::new(sync).finish().code, 0);
    fs::remove_dir_all(mailbox.sandbox.home("Mail")).unwrap();
    let out = check(&mailbox, &[]);
    let words = ["Mail/work is not there", "before"];
    assert_says(
        &out,
        0,
        ("!", "destination"),
        &words,
        &["is its disk mounted?"],
    );
    mailbox.configure("leave-on-server = \"until-deleted\"");
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        74,
        ("✗", "destination"),
        &words,
        &["is its disk mounted?"],
    );
}

#[test]
fn mail_that_waits_here() {
    let mailbox = Mailbox::new(2);
    mailbox.configure_delivery(
        "{ pipe = [\"sh\", \"-c\", \"echo no room >&2; exit 75\"] }",
        "",
    );
    let mut sync = mailbox.sandbox.command();
    sync.env_remove("XDG_STATE_HOME").arg("sync");
    assert_ne!(Running::new(sync).finish().code, 0);
    let out = check(&mailbox, &[]);
    let words = ["2 messages wait here", "no room"];
    assert_says(&out, 0, ("!", "new mail"), &words, &["popfetch retry work"]);
}

#[test]
fn a_full_disk() {
    let mailbox = Mailbox::new(1);
    let mail = mailbox.sandbox.home("Mail");
    fs::create_dir(&mail).unwrap();
    let mount = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).arg(&mail).output()
    };
    let mounted = mount("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs"]);
    if !mounted.is_ok_and(|out| out.status.success()) {
        // Only root may mount anything.
        return;
    }
    let full = fs::write(mail.join("filler"), vec![0; 128 << 10]);
    let out = run(&mailbox.sandbox, &[], &[]);
    let unmounted = mount("umount", &[]);
    assert!(full.is_err() && unmounted.unwrap().status.success());
    let words = ["Mail", "no room for 1 new messages"];
    assert_says(&out, 74, ("✗", "disk"), &words, &["make room"]);
}

#[test]
fn a_server_that_falls_silent_is_left_when_somebody_says_so() {
    let mailbox = Mailbox::new(1);
    mailbox
        .server
        .set_faults(vec![Fault::At("LIST", 1, Act::Stall)]);
    let mut command = mailbox.sandbox.command();
    command.arg("check");
    let running = Running::new(command);
    mailbox.server.wait_until(1, |record| record.stalled);
    running.signal("INT");
    let out = running.finish();
    assert_eq!(out.code, 75, "{}", out.stdout);
    assert!(
        out.stdout.ends_with("work: stopped before the end\n"),
        "{}",
        out.stdout
    );
    assert_silent(&out, &["login", "destination", "state"]);
}
