//! Many accounts at once: one's failure is told and stops nobody else.
//!
//! It owns the promise "one failure stops nothing else" between accounts, which accounts take part, and how their
//! statuses become one.

use std::net::{TcpListener, TcpStream};

use super::support::mailbox::account;
use super::support::maildrop::Maildrop;
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::Sandbox;
use super::support::server::Server;

/// What each account's server has for it.
const COUNT: usize = 5;

/// A server with these users, whose names are their accounts' and, behind `pw-`, their passwords.
fn server(names: &[String], faults: Vec<Fault>) -> Server {
    let mut options = Options::new(Tls::None);
    for name in names {
        let mail = Maildrop::sample(name, 0, COUNT);
        options = options.user(name, &format!("pw-{name}"), mail);
    }
    let server = Server::start(options);
    server.set_faults(faults);
    server
}

/// Each account's table, with its right password.
fn tables(names: &[String], port: u16) -> Vec<String> {
    let table = |name: &String| {
        let table = account(name, port, name);
        format!("{table}password = \"pw-{name}\"\n")
    };
    names.iter().map(table).collect()
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn has_all(sandbox: &Sandbox, server: &Server, name: &str) {
    let mail = sandbox.mail(&format!("Mail/{name}"));
    assert_eq!(mail, server.maildrop(name).stored(), "{name}");
}

/// A port that is taken and where nobody listens, as long as the two are kept.
fn silent_port() -> (u16, TcpListener, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client.local_addr().unwrap().port(), listener, client)
}

/// Twenty accounts, of which number 3 has a wrong password and number 11 a port where nobody listens.
fn twenty(arguments: &[&str]) {
    let names: Vec<_> = (0..20).map(|n| format!("account-{n:02}")).collect();
    let server = server(&names, Vec::new());
    let (port, _listener, _client) = silent_port();
    let mut tables = tables(&names, server.port());
    tables[3] = tables[3].replace("pw-", "no-");
    tables[11] = account(&names[11], port, &names[11]) + "password = \"x\"\n";

    let sandbox = Sandbox::new();
    sandbox.config(&tables.concat());
    let mut command = sandbox.command();
    command.arg("sync").args(arguments);
    let out = super::support::sandbox::Running::new(command).finish();

    assert_eq!((out.code, out.stdout.as_str()), (77, ""), "{}", out.stderr);
    let mut lines: Vec<_> = out.stderr.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 2, "{}", out.stderr);
    assert!(
        lines[0].starts_with("popfetch: account-03: the server refused the login: -ERR [AUTH]"),
        "{}",
        lines[0]
    );
    let unreachable = format!("popfetch: account-11: cannot connect to 127.0.0.1 port {port}:");
    assert!(lines[1].starts_with(&unreachable), "{}", lines[1]);
    for (n, name) in names.iter().enumerate() {
        if n == 3 || n == 11 {
            assert!(sandbox.mail(&format!("Mail/{name}")).is_empty());
        } else {
            has_all(&sandbox, &server, name);
        }
    }
    assert_eq!(server.count("PASS no-account-03"), 1);
}

#[test]
fn of_twenty_accounts_at_once_two_fail_and_the_others_mail_arrives() {
    twenty(&["--jobs", "20"]);
}

#[test]
fn one_after_another_they_fare_the_same() {
    twenty(&["--jobs", "1"]);
}

#[test]
fn no_more_accounts_are_worked_on_than_jobs_allow() {
    let names = names(&["a", "b", "c"]);
    let stall = vec![Fault::At("UIDL", 1, Act::Stall)];
    let server = server(&names, stall);
    let sandbox = Sandbox::new();
    sandbox.config(&tables(&names, server.port()).concat());

    let running = sandbox.start(["sync", "--jobs", "2"]);
    server.wait_until(0, |record| record.stalled);
    server.wait_until(1, |record| record.stalled);
    running.signal("TERM");
    assert_eq!(running.finish().code, 75);
    assert!(server.records().len() <= 3);

    let running = sandbox.start(["sync", "--jobs", "1"]);
    let before = server.records().len();
    server.wait_until(before, |record| record.stalled);
    assert_eq!(server.records().len(), before + 1);
    running.signal("TERM");
    assert_eq!(running.finish().code, 75);
}

#[test]
fn an_account_that_is_not_enabled_takes_part_only_when_named() {
    let names = names(&["one", "two"]);
    let server = server(&names, Vec::new());
    let mut tables = tables(&names, server.port());
    tables[1].push_str("enabled = false\n");
    let sandbox = Sandbox::new();
    sandbox.config(&tables.concat());

    assert_eq!(sandbox.run(["sync"]).code, 0);
    has_all(&sandbox, &server, "one");
    assert_eq!(server.count("USER two"), 0);

    assert_eq!(sandbox.run(["sync", "two"]).code, 0);
    has_all(&sandbox, &server, "two");
    assert_eq!(server.count("USER one"), 1);
}

#[test]
fn a_name_given_twice_counts_once() {
    let names = names(&["one", "two"]);
    let server = server(&names, Vec::new());
    let sandbox = Sandbox::new();
    sandbox.config(&tables(&names, server.port()).concat());
    assert_eq!(sandbox.run(["sync", "two", "two"]).code, 0);
    assert_eq!(server.records().len(), 1);
    has_all(&sandbox, &server, "two");
}

#[test]
fn the_exit_status_is_the_worst_that_happened() {
    // From the best to the worst, each with what makes it so.
    let ranks = [
        ("well", 0, ""),
        ("busy", 75, "-ERR [SYS/TEMP] later\r\n"),
        ("closed", 69, "-ERR [SYS/PERM] never\r\n"),
        ("strange", 76, "what?\r\n"),
        ("full", 74, ""),
        ("wrong", 77, "-ERR [AUTH] who?\r\n"),
        ("unset", 78, ""),
    ];
    let all = names(&ranks.map(|(name, ..)| name));
    let replies = [
        ("USER busy", 1),
        ("USER closed", 2),
        ("USER strange", 3),
        ("USER wrong", 5),
    ];
    let faults = replies
        .map(|(words, rank)| Fault::Each(words, Act::Reply(ranks[rank].2.as_bytes().to_vec())));
    let server = server(&all, faults.to_vec());
    let mut tables = tables(&all, server.port());
    tables[6] =
        account("unset", server.port(), "unset") + "password-file = \"/nonexistent/file\"\n";
    let sandbox = Sandbox::new();
    sandbox.config(&tables.concat());
    sandbox.write("home/Mail/full", "no folder");

    for better in &ranks {
        let alone = sandbox.run(["sync", better.0]);
        assert_eq!(alone.code, better.1, "{}", alone.stderr);
    }
    for pair in ranks.windows(2) {
        let both = sandbox.run(["sync", pair[0].0, pair[1].0]);
        assert_eq!(both.code, pair[1].1, "{}", both.stderr);
    }
    let out = sandbox.run(["sync"]);
    assert_eq!(out.code, 78);
    assert_eq!(
        out.stderr.lines().count(),
        ranks.len() - 1,
        "{}",
        out.stderr
    );
    has_all(&sandbox, &server, "well");
}
