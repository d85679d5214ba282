//! `sync --every`: popfetch stays in the foreground, and a service manager is told where it stands.
//!
//! The test is the service manager: what popfetch tells it says when the next step may come, so that nothing here waits
//! for a time. It refuses to wait for the time of a run: a signal is faster.

use jiff::Timestamp;
use serde_json::Value;

use super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::support::maildrop::{Maildrop, Message};
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::{Running, Sandbox};
use super::support::server::{Record, Server, begins};
use super::support::service::Service;

/// A server with two users, each with one message and an account of the same name.
fn two(passwords: [&str; 2]) -> (Sandbox, Server) {
    let mut options = Options::new(Tls::None);
    for user in ["one", "two"] {
        options = options.user(user, "pw", Maildrop::sample(user, 0, 1));
    }
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let tables = ["one", "two"].map(|user| account(user, server.port(), user));
    let [one, two] = &tables;
    let [first, second] = passwords;
    sandbox.config(&format!(
        "{one}password = \"{first}\"\n{two}password = \"{second}\"\n"
    ));
    (sandbox, server)
}

/// How many times a user logged in, or tried to.
fn logins(server: &Server, user: &str) -> usize {
    server.count(&format!("USER {user}"))
}

#[test]
fn a_signal_fetches_at_once_and_another_ends_the_wait() {
    let mailbox = Mailbox::new(2);
    let service = Service::start(&mailbox.sandbox, &["--every", "1h"]);
    service.begins();
    assert_eq!(mailbox.here(), mailbox.there());
    for round in 1..4 {
        mailbox.deposit(&format!("later-{round}"));
        service.fetches();
        assert_eq!(mailbox.here(), mailbox.there());
        // Nothing happens between the rounds.
        assert_eq!(mailbox.server.records().len(), 1 + round);
    }
    let out = service.ends();
    assert_eq!(
        (out.code, out.stdout.as_str(), out.stderr.as_str()),
        (0, "", "")
    );
    assert_eq!(mailbox.server.records().len(), 4);
}

#[test]
fn a_call_in_the_middle_of_a_round_is_heard_after_it() {
    let mailbox = Mailbox::new(1);
    mailbox.server.set_faults(vec![Fault::On(
        0,
        Box::new(Fault::At("QUIT", 1, Act::Stall)),
    )]);
    mailbox.configure("timeout = \"2s\"");
    let service = Service::start(&mailbox.sandbox, &["--every", "1h"]);
    mailbox.server.wait_until(0, |record| record.stalled);
    mailbox.deposit("later");
    // However often it is called.
    for _ in 0..3 {
        service.popfetch.signal("USR1");
    }
    service.begins();
    service.rests();
    assert_eq!(mailbox.here(), mailbox.there());
    assert_eq!(mailbox.server.records().len(), 2);
    assert_eq!(service.ends().code, 0);
}

#[test]
fn an_account_whose_server_hangs_keeps_no_other_from_its_turn() {
    let (sandbox, server) = two(["pw", "pw"]);
    server.set_faults(vec![Fault::Each("USER one", Act::Stall)]);
    let service = Service::start(&sandbox, &["--every", "1h"]);
    assert_eq!(
        [service.says(), service.says()],
        ["READY=1", "STATUS=fetching"]
    );
    server.wait_until(0, |record| record.stalled || record.ended);
    for round in 0..3 {
        // Of the first two connections, one hangs; it is called, too, and has its turn afterwards.
        server.wait_until(round + 1, |record| record.stalled || record.ended);
        assert_eq!(
            [logins(&server, "one"), server.count("QUIT")],
            [1, round + 1]
        );
        let later = Maildrop::sample(&format!("later-{round}"), 0, 1);
        server.deposit("two", Message::clone(&later.messages()[0]));
        service.popfetch.signal("USR1");
    }
    server.wait_until(4, |record| record.ended);
    let out = service.ends();
    assert_eq!(out.code, 75, "{}", out.stderr);
    assert_eq!(sandbox.mail("Mail/two"), server.maildrop("two").stored());
}

#[test]
fn a_stop_in_a_transfer_ends_it_with_what_is_whole() {
    let half = b"+OK\r\nSubject: half\r\n\r\nhalf\r\n".to_vec();
    let options = Options::new(Tls::None)
        .without_pipelining()
        .user(USER, PASSWORD, Maildrop::sample("mail", 0, 5))
        .fault(Fault::At("RETR", 4, Act::Reply(half)));
    let mailbox = Mailbox::of(Sandbox::new(), options);
    let service = Service::start(&mailbox.sandbox, &["--every", "1h"]);
    assert_eq!(
        [service.says(), service.says()],
        ["READY=1", "STATUS=fetching"]
    );
    let asked = |record: &Record| record.lines.iter().any(|line| begins(line, "RETR 4"));
    mailbox.server.wait_until(0, asked);
    let out = service.ends();
    assert_eq!(out.code, 75, "{}", out.stderr);
    assert_eq!(mailbox.here().len(), 3, "those that were whole");
}

#[test]
fn a_configuration_that_is_broken_meanwhile_is_told_once_and_ends_nothing() {
    let mailbox = Mailbox::new(1);
    let service = Service::start(&mailbox.sandbox, &["--every", "1h"]);
    service.begins();
    let connections = || mailbox.server.records().len();
    for broken in 1..=2 {
        mailbox
            .sandbox
            .config("[accounts.work]\nhots = \"127.0.0.1\"\n");
        service.fetches();
        service.fetches();
        assert_eq!(connections(), broken);
        mailbox.deposit(&format!("later-{broken}"));
        mailbox.configure("");
        service.fetches();
        assert_eq!(mailbox.here(), mailbox.there());
        assert_eq!(connections(), broken + 1);
    }
    let out = service.ends();
    assert_eq!(out.code, 0);
    let told = out.stderr.matches("unknown key").count();
    assert_eq!(told, 2, "once each time: {}", out.stderr);
}

#[test]
fn what_is_wrong_at_the_start_ends_it_at_once() {
    let mailbox = Mailbox::new(1);
    let out = mailbox.sandbox.run(["sync", "--every", "1h", "wrok"]);
    assert_eq!(out.code, 64, "{}", out.stderr);
    mailbox
        .sandbox
        .config("[accounts.work]\nhots = \"127.0.0.1\"\n");
    let out = mailbox.sandbox.run(["sync", "--every", "1h"]);
    assert_eq!(out.code, 78, "{}", out.stderr);
    assert!(mailbox.server.records().is_empty());
}

#[test]
fn accounts_come_and_go_with_the_configuration() {
    let (sandbox, server) = two(["pw", "pw"]);
    let table = |user| account(user, server.port(), user) + "password = \"pw\"\n";
    sandbox.config(&table("one"));
    let service = Service::start(&sandbox, &["--every", "1h"]);
    service.begins();
    assert_eq!([logins(&server, "one"), logins(&server, "two")], [1, 0]);
    sandbox.config(&table("two"));
    service.fetches();
    assert_eq!([logins(&server, "one"), logins(&server, "two")], [1, 1]);
    assert_eq!(service.ends().code, 0);
}

#[test]
fn an_account_that_fails_is_left_alone_for_longer_unless_it_is_called() {
    let (sandbox, server) = two(["pw", "wrong"]);
    server.set_faults(vec![Fault::Each(
        "USER one",
        Act::reply("-ERR [SYS/TEMP] later"),
    )]);
    let service = Service::start(&sandbox, &["--every", "5m", "--remind", "daily"]);
    service.begins();
    // For how many minutes each account is left alone.
    let pauses = || {
        let out = sandbox.run(["status", "--json"]);
        assert_eq!(out.code, 0, "{}", out.stderr);
        let pause = |line: &str| {
            let object: Value = serde_json::from_str(line).unwrap();
            let at = |key: &str| object[key].as_str().unwrap().parse::<Timestamp>().unwrap();
            let pause = at("next_run").duration_since(at("last_run"));
            // Both are whole seconds of times that are apart by less.
            (pause.as_secs() + 30) / 60
        };
        out.stdout.lines().map(pause).collect::<Vec<_>>()
    };
    assert_eq!(pauses(), [10, 60]);
    service.fetches();
    assert_eq!(pauses(), [20, 60]);
    server.set_faults(Vec::new());
    service.fetches();
    assert_eq!(pauses(), [5, 60]);
    assert_eq!([logins(&server, "one"), logins(&server, "two")], [3, 3]);
    assert_eq!(sandbox.mail("Mail/one"), server.maildrop("one").stored());
    let out = service.ends();
    // As in other runs that nobody watches: trouble once, and that it is over.
    let lines: Vec<&str> = out.stderr.lines().collect();
    assert_eq!((out.code, lines.len()), (0, 3), "{lines:#?}");
}

#[test]
fn it_needs_no_service_manager() {
    let mailbox = Mailbox::new(1);
    for socket in ["", "/nowhere/notify"] {
        let mut command = mailbox.sandbox.command();
        command
            .args(["sync", "--every", "1h"])
            .env("NOTIFY_SOCKET", socket);
        let connections = mailbox.server.records().len();
        let running = Running::new(command);
        mailbox
            .server
            .wait_until(connections, |record| record.ended);
        running.signal("TERM");
        let out = running.finish();
        assert!([0, 75].contains(&out.code), "{}", out.stderr);
    }
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn times_that_servers_take_for_an_attack_and_other_nonsense_are_refused() {
    let mailbox = Mailbox::new(1);
    for time in [
        "29s",
        "0",
        "5",
        "-5m",
        "soon",
        "",
        "1000000000000000000000h",
    ] {
        let time = format!("--every={time}");
        let out = mailbox.sandbox.run(["sync", &time]);
        assert_eq!(
            (out.code, out.stdout.as_str()),
            (64, ""),
            "{time}: {}",
            out.stderr
        );
        assert!(out.stderr.contains("--every"), "{time}: {}", out.stderr);
    }
    let out = mailbox.sandbox.run(["sync", "--every", "1h", "--dry-run"]);
    assert_eq!(out.code, 64, "{}", out.stderr);
    assert!(out.stderr.contains("--dry-run"), "{}", out.stderr);
    assert!(mailbox.server.records().is_empty());
}
