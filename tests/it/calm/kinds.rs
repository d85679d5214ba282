//! Which trouble is told once, and where each run tells all of it.

use serde_json::Value;

use super::super::support::mailbox::{Mailbox, account};
use super::super::support::maildrop::Maildrop;
use super::super::support::options::{Act, Fault, Options, Tls};
use super::super::support::sandbox::{Running, Sandbox};
use super::super::support::screen;
use super::super::support::server::Server;
use super::{Cron, is_silent, mailbox, tells};

/// A mailbox whose account delivers to a program that refuses each message with this word in it.
fn fastidious(word: &str) -> Mailbox {
    let mailbox = mailbox();
    let text = format!("if grep -q {word}; then echo 'no {word}, please' >&2; exit 67; fi\n");
    let path = mailbox.sandbox.write("program.sh", text);
    let deliver = format!("{{ pipe = [\"sh\", \"{}\"] }}", path.display());
    mailbox.configure_delivery(&deliver, "");
    mailbox
}

fn away() -> Vec<Fault> {
    vec![Fault::Each("GREETING", Act::Cut)]
}

#[test]
fn each_message_that_a_program_refuses_is_told_once() {
    let mailbox = fastidious("spam");
    let cron = Cron::new(&mailbox.sandbox);
    mailbox.deposit("spam-one");
    tells(&cron.run(0), 74, &["spam-one", "no spam, please"]);
    for minute in [5, 10, 15] {
        mailbox.deposit(&format!("ham-{minute}"));
        is_silent(&cron.run(minute), 74);
    }
    mailbox.deposit("spam-two");
    let line = tells(&cron.run(20), 74, &["spam-two"]);
    assert!(!line.contains("spam-one"), "{line}");
    is_silent(&cron.run(25), 74);
}

#[test]
fn among_many_messages_that_are_refused_the_new_one_is_told() {
    let mailbox = fastidious("spam");
    let cron = Cron::new(&mailbox.sandbox);
    for n in 10..22 {
        mailbox.deposit(&format!("spam-{n}"));
    }
    // Only so many are told one by one.
    let out = cron.run(0);
    assert_eq!(
        (out.code, out.stderr.lines().count()),
        (74, 11),
        "{}",
        out.stderr
    );
    assert!(out.stderr.contains("2 more of the kind"), "{}", out.stderr);
    is_silent(&cron.run(5), 74);
    mailbox.deposit("spam-22");
    tells(&cron.run(10), 74, &["spam-22 "]);
    is_silent(&cron.run(15), 74);
}

#[test]
fn a_login_that_is_refused_is_told_once_and_when_it_is_well_again() {
    let mailbox = mailbox();
    mailbox.configure_password("password = \"wrong\"", "");
    let cron = Cron::new(&mailbox.sandbox);
    tells(&cron.run(0), 77, &["popfetch: work: ", "password"]);
    is_silent(&cron.run(5), 77);
    // Another trouble is told, and the first one, which it hides, is not over.
    mailbox.server.set_faults(away());
    tells(&cron.run(10), 75, &["popfetch: work: "]);
    mailbox.server.set_faults(Vec::new());
    is_silent(&cron.run(15), 77);
    mailbox.configure("");
    tells(
        &cron.run(20),
        0,
        &["popfetch: work: well again, after 20 min"],
    );
    is_silent(&cron.run(25), 0);
}

#[test]
fn of_two_accounts_only_the_one_with_trouble_is_told_of() {
    let mut options = Options::new(Tls::None);
    for user in ["one", "two"] {
        options = options.user(user, "pw", Maildrop::sample(user, 0, 2));
    }
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let configure = |password: &str| {
        let [one, two] = ["one", "two"].map(|user| account(user, server.port(), user));
        sandbox.config(&format!(
            "{one}password = \"pw\"\n{two}password = \"{password}\"\n"
        ));
    };
    configure("wrong");
    let cron = Cron::new(&sandbox);
    tells(&cron.run(0), 77, &["popfetch: two: "]);
    is_silent(&cron.run(5), 77);
    assert_eq!(sandbox.mail("Mail/one"), server.maildrop("one").stored());
    configure("pw");
    tells(
        &cron.run(10),
        0,
        &["popfetch: two: well again, after 10 min"],
    );
    assert_eq!(sandbox.mail("Mail/two"), server.maildrop("two").stored());
}

#[test]
fn whoever_watches_or_wants_to_is_told_each_time() {
    let mailbox = mailbox();
    mailbox.server.set_faults(away());
    let cron = || Cron::new(&mailbox.sandbox);
    tells(&cron().run(0), 75, &["popfetch: work: "]);
    is_silent(&cron().run(5), 75);
    tells(&cron().with(&["-v"]).run(10), 75, &["popfetch: work: "]);
    let mut command = cron().command(15);
    command.args(["--remind", "always"]);
    tells(&Running::new(command).finish(), 75, &["popfetch: work: "]);
    let mut command = cron().command(15);
    command.env("POPFETCH_REMIND", "always");
    tells(&Running::new(command).finish(), 75, &["popfetch: work: "]);
    is_silent(&cron().run(20), 75);

    for _ in 0..2 {
        let shown = screen::lines(
            &mailbox.sandbox,
            200,
            "sync --remind daily --progress never",
        );
        assert_eq!(shown.len(), 1, "{shown:#?}");
        assert!(shown[0].starts_with("popfetch: work: "), "{shown:#?}");
    }
}

#[test]
fn quiet_is_told_of_trouble_once_and_not_that_it_is_over() {
    let mailbox = mailbox();
    let cron = Cron::new(&mailbox.sandbox).with(&["--quiet"]);
    is_silent(&cron.run(0), 0);
    mailbox.server.set_faults(away());
    tells(&cron.run(5), 75, &["popfetch: work: "]);
    is_silent(&cron.run(10), 75);
    mailbox.server.set_faults(Vec::new());
    is_silent(&cron.run(15), 0);
}

#[test]
fn a_program_that_reads_json_is_told_each_time() {
    let mailbox = mailbox();
    let cron = Cron::new(&mailbox.sandbox).with(&["--json"]);
    mailbox.server.set_faults(away());
    for minute in [0, 5, 10] {
        let out = cron.run(minute);
        assert_eq!(out.code, 75);
        let object: Value = serde_json::from_str(&out.stdout).unwrap();
        assert_eq!(object["status"], 75, "minute {minute}");
        assert!(object["error"].is_string(), "minute {minute}: {object}");
        let lines = usize::from(minute == 0);
        assert_eq!(out.stderr.lines().count(), lines, "{}", out.stderr);
    }
}

#[test]
fn where_nothing_can_be_remembered_each_run_tells() {
    let mailbox = Mailbox::within(Sandbox::unprivileged(), 1);
    mailbox.sandbox.write("home/.local/state/keep", "");
    mailbox.sandbox.chmod("home/.local/state", 0o500);
    let cron = Cron::new(&mailbox.sandbox);
    for minute in [0, 5] {
        tells(
            &cron.run(minute),
            74,
            &["popfetch: ", ".local/state/popfetch"],
        );
        assert!(!cron.state().exists());
    }
    mailbox.sandbox.chmod("home/.local/state", 0o700);
    is_silent(&cron.run(10), 0);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_run_that_finds_another_at_work_tells_once_and_leaves_the_last_one_on_record() {
    let mailbox = Mailbox::new(1);
    let cron = Cron::new(&mailbox.sandbox);
    is_silent(&cron.run(0), 0);
    mailbox
        .server
        .set_faults(vec![Fault::Each("PASS", Act::Stall)]);
    let first = Running::new(cron.command(5));
    mailbox.server.wait_until(1, |record| record.stalled);
    tells(&cron.run(6), 75, &["popfetch: work: "]);
    is_silent(&cron.run(7), 75);
    first.signal("TERM");
    assert_eq!(first.finish().code, 75);
    let mut command = mailbox.sandbox.command();
    command
        .env_remove("XDG_STATE_HOME")
        .args(["status", "--json"]);
    let status = Running::new(command).finish();
    let object: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(object["last_run"], "2026-11-02T00:00:00Z", "{object}");
    assert_eq!(object["last_status"], 0, "{object}");
    mailbox.server.set_faults(Vec::new());
    tells(
        &cron.run(8),
        0,
        &["popfetch: work: well again, after 2 min"],
    );
}
