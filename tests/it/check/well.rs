//! An account that is well, and how that is shown.

use serde_json::{Value, json};

use super::super::support::certificates::{Authority, Leaf};
use super::super::support::dovecot::{Dovecot, PASSWORD as DOVECOTS};
use super::super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::Sandbox;
use super::{assert_says, check, marks, objects, run, schedule};

/// What is looked at over TLS.
const ALL: [&str; 15] = [
    "✓ config",
    "✓ secret",
    "✓ DNS",
    "✓ connect",
    "✓ TLS",
    "✓ capabilities",
    "✓ login",
    "✓ maildrop",
    "✓ UIDL",
    "✓ new mail",
    "✓ destination",
    "✓ disk",
    "✓ state",
    "✓ clock",
    "✓ schedule",
];

#[test]
fn with_a_real_server_all_is_well_and_nothing_is_changed() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let dovecot = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    dovecot.fill(
        "me",
        [
            b"Subject: one\n\n1\n".to_vec(),
            b"Subject: two\n\n2\n".to_vec(),
        ],
    );
    let sandbox = Sandbox::new();
    schedule(&sandbox);
    let ca = sandbox.write("ca.pem", authority.pem());
    for (port, tls) in [
        (dovecot.port_pop3s(), "implicit"),
        (dovecot.port_pop3(), "starttls"),
    ] {
        sandbox.config(&format!(
            "[accounts.work]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"{tls}\"\nuser = \"me\"\npassword = \"{DOVECOTS}\"\n\
             tls-ca-file = \"{}\"\ndeliver = {{ maildir = \"~/Mail\" }}\n",
            ca.display()
        ));
        let before = sandbox.snapshot();
        let out = run(&sandbox, &[], &[]);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{}", out.stdout);
        assert_eq!(marks(&out), ALL, "{}", out.stdout);
        assert!(out.stdout.starts_with("work\n"), "{}", out.stdout);
        assert!(
            out.stdout.ends_with("\nwork: all is well\n"),
            "{}",
            out.stdout
        );
        assert_says(
            &out,
            0,
            ("✓", "TLS"),
            &["127.0.0.1", "tls-ca-file", "days left"],
            &[],
        );
        assert_says(&out, 0, ("✓", "maildrop"), &["2 messages ("], &[]);
        assert_says(
            &out,
            0,
            ("✓", "new mail"),
            &["2 new messages to fetch ("],
            &[],
        );
        assert!(sandbox.snapshot() == before, "something was changed");
        let verbose = run(&sandbox, &["-v"], &[]);
        assert!(
            verbose.stdout.contains(&identity.fingerprint),
            "{}",
            verbose.stdout
        );
        assert!(verbose.stdout.contains("SASL PLAIN"), "{}", verbose.stdout);
    }
    assert_eq!(sandbox.run(["sync"]).code, 0);
}

#[test]
fn what_is_here_already_is_not_new() {
    let mailbox = Mailbox::new(3);
    let mut sync = mailbox.sandbox.command();
    sync.env_remove("XDG_STATE_HOME").arg("sync");
    assert_eq!(super::Running::new(sync).finish().code, 0);
    mailbox.deposit("another");
    let out = check(&mailbox, &[]);
    assert_says(
        &out,
        0,
        ("✓", "new mail"),
        &["1 new message to fetch (", "3 here already"],
        &[],
    );
    assert_says(&out, 0, ("✓", "state"), &["sound"], &[]);
}

#[test]
fn a_program_is_told_a_line_a_finding() {
    let mailbox = Mailbox::new(1);
    let said = objects(&mailbox);
    let of = |topic: &str| -> Value {
        let found = said.iter().find(|object| object["topic"] == topic);
        found
            .unwrap_or_else(|| panic!("no {topic} in {said:?}"))
            .clone()
    };
    let expected = json!({
        "version": 1, "account": "work", "topic": "login", "mark": "pass",
        "seen": format!("as {USER} by USER"), "details": [], "error": null, "cure": null,
    });
    assert_eq!(of("login"), expected);
    mailbox.configure_password("password = \"wrong\"", "");
    let said = objects(&mailbox);
    let login = said
        .iter()
        .find(|object| object["topic"] == "login")
        .unwrap();
    assert_eq!(login["mark"], "fail");
    assert!(
        login["error"]
            .as_str()
            .unwrap()
            .contains("refused the login")
    );
    assert!(
        login["cure"]
            .as_str()
            .unwrap()
            .contains("check user and password")
    );
}

#[test]
fn several_accounts_are_checked_one_after_another_and_the_worst_decides() {
    let mailbox = Mailbox::new(1);
    schedule(&mailbox.sandbox);
    let port = mailbox.server.port();
    let (one, two) = (account("one", port, USER), account("two", port, "nobody"));
    mailbox.sandbox.config(&format!(
        "{one}password = \"{PASSWORD}\"\n{two}password = \"no\"\n"
    ));
    let out = check(&mailbox, &[]);
    assert_eq!(out.code, 77, "{}", out.stdout);
    assert!(
        out.stdout.contains("\none: all is well\n\ntwo\n"),
        "{}",
        out.stdout
    );
    assert!(
        out.stdout.contains("\ntwo: 1 problem (✗): login\n"),
        "{}",
        out.stdout
    );
    let one = check(&mailbox, &["one"]);
    assert_eq!(one.code, 0);
    let quiet = check(&mailbox, &["-q"]);
    assert!(quiet.stdout.starts_with("  ✗ login"), "{}", quiet.stdout);
}

#[test]
fn a_configuration_that_is_missing_or_broken_is_itself_what_is_wrong() {
    let sandbox = Sandbox::new();
    let out = run(&sandbox, &[], &[]);
    assert_eq!(out.code, 78);
    assert!(out.stdout.starts_with("✗ config "), "{}", out.stdout);
    assert!(
        out.stdout.contains("there is no configuration file"),
        "{}",
        out.stdout
    );
    sandbox.config("[accounts.work]\nhots = \"pop.example.com\"\n");
    let out = run(&sandbox, &[], &[]);
    assert_eq!(out.code, 78);
    assert!(
        out.stdout.contains("hots = \"pop.example.com\""),
        "{}",
        out.stdout
    );
    let out = run(&sandbox, &["--json"], &[]);
    let said: Value = serde_json::from_str(out.stdout.trim()).unwrap();
    assert_eq!(
        (&said["topic"], &said["mark"]),
        (&json!("config"), &json!("fail"))
    );
}

#[test]
fn an_unknown_account_is_a_wrong_command_line() {
    let mailbox = Mailbox::of(Sandbox::new(), Options::new(Tls::None));
    let out = run(&mailbox.sandbox, &["wrok"], &[]);
    assert_eq!(out.code, 64);
    assert!(
        out.stderr.contains("did you mean \"work\"?"),
        "{}",
        out.stderr
    );
}

#[test]
fn what_runs_popfetch_is_told_and_that_nothing_does() {
    let mailbox = Mailbox::new(1);
    let out = check(&mailbox, &[]);
    let words = ["nothing runs popfetch by the clock"];
    assert_says(&out, 0, ("!", "schedule"), &words, &["popfetch schedule"]);
    schedule(&mailbox.sandbox);
    let out = check(&mailbox, &[]);
    assert_says(&out, 0, ("✓", "schedule"), &["systemd runs popfetch"], &[]);
}
