//! `after-sync`: a program that is run after new mail, and what becomes of a run in which it fails.
//!
//! The program is a script that says to a file what it was told. It refuses to judge what people do with that.

use std::fs;

use super::super::support::mailbox::{Mailbox, PASSWORD, account};
use super::super::support::maildrop::Maildrop;
use super::super::support::options::{Act, Fault, Options, Tls};
use super::super::support::sandbox::{Running, Sandbox};
use super::super::support::server::Server;
use super::{is_silent, tells};

/// The account's line for a script.
fn after_sync(sandbox: &Sandbox, text: &str) -> String {
    let path = sandbox.write("after.sh", text);
    format!("after-sync = [\"sh\", \"{}\"]", path.display())
}

/// A script that adds a line to `told`: account, number, octets, and how many messages were in `Mail/ACCOUNT/new` then.
fn teller(sandbox: &Sandbox) -> String {
    let told = sandbox.path("told");
    let text = format!(
        "here=$(ls \"$HOME/Mail/$POPFETCH_ACCOUNT/new\" | wc -l)\n\
         echo $POPFETCH_ACCOUNT $POPFETCH_NEW $POPFETCH_BYTES $here >> '{}'\n",
        told.display()
    );
    after_sync(sandbox, &text)
}

/// What the scripts said so far.
fn told(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("told")).unwrap_or_default()
}

fn octets(mail: &[Vec<u8>]) -> usize {
    mail.iter().map(Vec::len).sum()
}

#[test]
fn it_is_run_once_after_all_new_mail_is_delivered_and_not_without() {
    let mailbox = Mailbox::new(250);
    mailbox.configure(&teller(&mailbox.sandbox));
    is_silent(&mailbox.sync(), 0);
    let first = octets(&mailbox.here());
    let wanted = format!("work 250 {first} 250\n");
    assert_eq!(told(&mailbox.sandbox), wanted);
    is_silent(&mailbox.sync(), 0);
    assert_eq!(told(&mailbox.sandbox), wanted);
    mailbox.deposit("one more");
    is_silent(&mailbox.sync(), 0);
    let second = octets(&mailbox.here()) - first;
    let wanted = format!("{wanted}work 1 {second} 251\n");
    assert_eq!(told(&mailbox.sandbox), wanted);
}

#[test]
fn each_account_has_its_own_news() {
    let mut options = Options::new(Tls::None);
    for (count, user) in ["none", "one", "two"].into_iter().enumerate() {
        options = options.user(user, "pw", Maildrop::sample(user, 0, count));
    }
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let line = teller(&sandbox);
    let tables = ["none", "one", "two"].map(|user| account(user, server.port(), user));
    let tables = tables.map(|table| format!("{table}password = \"pw\"\n"));
    sandbox.config(&format!("[defaults]\n{line}\n{}", tables.concat()));
    is_silent(&sandbox.run(["sync"]), 0);
    let told = told(&sandbox);
    let mut lines: Vec<&str> = told.lines().collect();
    lines.sort_unstable();
    let [one, two] = ["one", "two"].map(|user| octets(&server.maildrop(user).stored()));
    assert_eq!(lines, [format!("one 1 {one} 1"), format!("two 2 {two} 2")]);
}

#[test]
fn what_came_before_the_line_broke_is_news() {
    let mailbox = Mailbox::new(6);
    mailbox.configure(&format!("pipelining = false\n{}", teller(&mailbox.sandbox)));
    mailbox
        .server
        .set_faults(vec![Fault::Each("RETR 4", Act::Cut)]);
    assert_eq!(mailbox.sync().code, 75);
    let here = mailbox.here();
    let wanted = format!("work {0} {1} {0}\n", here.len(), octets(&here));
    assert_eq!((here.len(), told(&mailbox.sandbox)), (3, wanted));
}

#[test]
fn where_it_fails_the_run_says_so_and_the_mail_is_safe() {
    for (text, words) in [
        ("echo 'no index here' >&2; exit 3\n", ["no index here", "3"]),
        ("kill -9 $$\n", ["after-sync", "sh"]),
    ] {
        let mailbox = Mailbox::new(3);
        mailbox.configure(&format!(
            "leave-on-server = false\n{}",
            after_sync(&mailbox.sandbox, text)
        ));
        let sent = mailbox.there();
        tells(
            &mailbox.sync(),
            74,
            &["popfetch: work: after-sync", words[0], words[1]],
        );
        assert_eq!(mailbox.here(), sent);
        assert!(mailbox.there().is_empty(), "what is here was deleted there");
        is_silent(&mailbox.sync(), 0);
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let mailbox = Mailbox::new(3);
    mailbox.configure("after-sync = [\"/nowhere/notmuch\", \"new\"]");
    tells(
        &mailbox.sync(),
        74,
        &["popfetch: work: after-sync", "/nowhere/notmuch"],
    );
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_stop_ends_a_program_that_does_not() {
    let mailbox = Mailbox::new(2);
    let seen = mailbox.sandbox.path("seen");
    let text = format!(
        "mkfifo '{0}.pipe'\necho > '{0}.pipe'\nexec sleep 600\n",
        seen.display()
    );
    mailbox.configure(&after_sync(&mailbox.sandbox, &text));
    let running = mailbox.sandbox.start(["sync"]);
    // Whoever opens a named pipe waits for the other end; before it is there, there is none to open.
    mailbox.server.wait_until(0, |record| record.ended);
    let pipe = mailbox.sandbox.path("seen.pipe");
    super::wait_for(|| pipe.exists());
    assert_eq!(fs::read(&pipe).unwrap(), b"\n");
    running.signal("TERM");
    tells(
        &running.finish(),
        75,
        &["after-sync", "because popfetch was"],
    );
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn nothing_is_run_where_nothing_is_done() {
    let mailbox = Mailbox::new(3);
    mailbox.configure(&teller(&mailbox.sandbox));
    assert_eq!(mailbox.sandbox.run(["sync", "--dry-run"]).code, 0);
    assert_eq!(mailbox.sandbox.run(["list", "work"]).code, 0);
    assert_eq!(told(&mailbox.sandbox), "");
}

#[test]
fn it_has_few_variables_and_no_secret_among_them() {
    let mailbox = Mailbox::new(1);
    let text = format!(
        "tr '\\0' '\\n' < /proc/$$/environ > '{0}'; tr '\\0' '\\n' < /proc/$$/cmdline >> '{0}'; pwd >> '{0}'\n",
        mailbox.sandbox.path("told").display()
    );
    mailbox.configure(&after_sync(&mailbox.sandbox, &text));
    let mut command = mailbox.sandbox.command();
    command.arg("sync").env("MARKER", "of the parent");
    command.env("POPFETCH_MARKER", "of the parent");
    command.env("NOTIFY_SOCKET", "of the parent");
    is_silent(&Running::new(command).finish(), 0);
    let told = told(&mailbox.sandbox);
    assert!(told.contains("POPFETCH_ACCOUNT=work\n"), "{told}");
    assert!(told.contains("POPFETCH_NEW=1\n"), "{told}");
    assert!(
        !told.contains(PASSWORD) && !told.contains("of the parent"),
        "{told}"
    );
    let home = mailbox.sandbox.path("home");
    assert_eq!(told.lines().last(), home.to_str());
    let names = told
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0));
    let known = ["HOME", "PATH", "USER", "LOGNAME", "LANG", "TZ", "PWD"];
    let news = ["POPFETCH_ACCOUNT", "POPFETCH_NEW", "POPFETCH_BYTES"];
    let strange: Vec<&str> = names
        .filter(|name| !known.contains(name) && !news.contains(name))
        .collect();
    assert_eq!(strange, [""; 0], "{told}");
}
