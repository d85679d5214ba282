//! By options alone: what must be said, what is tested, what is written.

use super::{Place, command, says};
use crate::support::mailbox::{PASSWORD, USER};

#[test]
fn an_account_that_is_said_in_full_is_tested_and_written_and_works() {
    let place = Place::new(3);
    let before = "# mine, by hand\n\n[defaults]\nmax-size = \"5MB\"   # enough\n";
    place.sandbox.config(before);
    let out = place.add(&[
        "--password-command",
        &command(&place),
        "--maildir",
        "home/Mail/x",
        "--leave-on-server",
        "30d",
        "--name",
        "work",
    ]);
    assert_eq!((out.code, out.stdout.as_str()), (0, ""), "{}", out.stderr);
    says(&out, &["✓ login", "✓ UIDL", "popfetch sync work"]);
    let config = place.config();
    assert_eq!(
        config.strip_prefix(before).unwrap().lines().nth(1),
        Some("[accounts.work]")
    );
    for line in [
        "host = \"127.0.0.1\"",
        "deliver = { maildir = \"~/Mail/x\" }",
        "leave-on-server = \"30d\"",
    ] {
        assert!(config.contains(line), "{config}");
    }
    assert_eq!(place.server.count("RETR"), 0);

    assert_eq!(place.run(&["sync"]).code, 0);
    assert_eq!(
        place.sandbox.mail("Mail/x"),
        place.server.maildrop(USER).stored()
    );
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let place = Place::new(0);
    for (arguments, named) in [
        (
            &[][..],
            &[
                "ADDRESS",
                "--host",
                "--password-file",
                "--maildir",
                "--leave-on-server",
            ][..],
        ),
        (&["x@gmx.net", "--yes"], &["--password-command"]),
        (
            &["x@example.org", "--password-file", "p"],
            &["--host", "--maildir"],
        ),
    ] {
        let out = place.run(&[&["account", "add"], arguments].concat());
        assert_eq!(out.code, 64, "{}", out.stderr);
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
        says(&out, named);
        for other in ["--host", "--maildir", "ADDRESS"] {
            assert_eq!(
                out.stderr.contains(other),
                named.contains(&other),
                "{}",
                out.stderr
            );
        }
    }
    assert_eq!(place.config(), "");
}

#[test]
fn what_cannot_be_an_account_is_refused_before_anything_is_asked() {
    let place = Place::new(0);
    let file = "--password-file=secret";
    for (arguments, code, part) in [
        (&["you", file][..], 64, "is no e-mail address"),
        (&["a b@example.org", file], 64, "is no e-mail address"),
        (&["you@exa\u{1b}mple.org", file], 64, "is no e-mail address"),
        (&["you@icloud.com", file], 64, "IMAP"),
        (
            &["you@x.example", file, "--provider", "nobody"],
            64,
            "no provider \"nobody\"",
        ),
        (&["you@gmx.net", file, "--no-test", "--name=-x"], 78, "flag"),
        (
            &[
                "you@gmx.net",
                file,
                "--no-test",
                "--leave-on-server",
                "soon",
            ],
            78,
            "leave-on-server",
        ),
        (
            &["you@gmx.net", file, "--no-test", "--lmtp", "nowhere"],
            78,
            "lmtp",
        ),
        (&["you@gmx.net", file, "--no-test", "--json"], 64, "--json"),
    ] {
        let arguments = [&["account", "add", "--yes"], arguments].concat();
        let out = place.run(&arguments);
        assert_eq!(out.code, code, "{arguments:?}: {}", out.stderr);
        says(&out, &[part]);
        assert!(!out.stderr.contains('\u{1b}'), "{:?}", out.stderr);
    }
    assert_eq!(place.config(), "");
}

#[test]
fn a_refused_login_is_written_only_where_nobody_tests() {
    let place = Place::new(1);
    place.sandbox.write("home/wrong", "wrong");
    let options = ["--password-file", "home/wrong", "--yes"];
    let out = place.add(&options);
    assert_eq!(out.code, 77, "{}", out.stderr);
    says(&out, &["✗ login", "Nothing was written", "--no-test"]);
    assert_eq!(place.config(), "");
    assert_eq!(place.server.count("PASS"), 1);

    let out = place.add(&[&options[..], &["--no-test"]].concat());
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert!(
        place.config().contains("password-file = \"~/wrong\""),
        "{}",
        place.config()
    );
    assert_eq!(place.server.count("PASS"), 1);
}

#[test]
fn a_server_that_is_not_trusted_gets_no_password() {
    let place = Place::new(1);
    let out = {
        let port = place.server.port().to_string();
        let secret = command(&place);
        let arguments = [
            "account",
            "add",
            USER,
            "--host",
            "127.0.0.1",
            "--port",
            &port,
        ];
        let more = ["--password-command", &secret, "--yes"];
        let mut command = place.sandbox.command();
        command.args(arguments).args(more);
        crate::support::sandbox::Running::new(command).finish()
    };
    assert_eq!(out.code, 76, "{}", out.stderr);
    says(&out, &["✗ TLS"]);
    assert_eq!(place.server.count("USER") + place.server.count("AUTH"), 0);
    assert_eq!(place.config(), "");
}

#[test]
fn names_are_made_and_none_is_taken_twice() {
    let place = Place::new(0);
    place.sandbox.write("home/secret", PASSWORD);
    let add = |address: &str, more: &[&str]| {
        let arguments = [
            "account",
            "add",
            address,
            "--no-test",
            "--yes",
            "--password-file",
            "x",
        ];
        place.run(&[&arguments, more].concat())
    };
    for (address, host) in [
        ("a@gmx.net", None),
        ("b@gmx.net", None),
        ("me@mail.example.co.uk", Some("pop.example.co.uk")),
    ] {
        let more: Vec<&str> = host.into_iter().flat_map(|host| ["--host", host]).collect();
        let out = add(address, &more);
        assert_eq!(out.code, 0, "{}", out.stderr);
    }
    let names = place.run(&["account", "list", "--names"]).stdout;
    assert_eq!(names, "gmx\ngmx-2\nexample\n");

    let before = place.config();
    let taken = add("c@gmx.net", &["--name", "gmx"]);
    assert_eq!(taken.code, 64);
    says(&taken, &["there is an account \"gmx\" already"]);
    let twice = add("a@gmx.net", &[]);
    assert_eq!(twice.code, 78);
    says(&twice, &["have the same server and user"]);
    assert_eq!(place.config(), before);
}

#[test]
fn quiet_tells_of_trouble_alone() {
    let place = Place::new(1);
    let secret = command(&place);
    let out = place.add(&["--password-command", &secret, "--yes", "--quiet"]);
    assert_eq!(
        (out.code, out.stderr.as_str(), out.stdout.as_str()),
        (0, "", "")
    );
}

#[test]
fn who_begins_is_told_how() {
    let place = Place::new(0);
    let out = place.run(&[]);
    assert_eq!(out.code, 78);
    says(&out, &["popfetch account add you@example.org"]);
    assert!(out.stderr.lines().count() <= 8, "{}", out.stderr);
    let out = place.run(&["sync"]);
    assert_eq!(out.code, 78);
    says(&out, &["popfetch account add you@example.org"]);

    place.sandbox.config("");
    let out = place.run(&[]);
    assert_eq!(out.code, 64);
    says(&out, &["Usage: popfetch"]);
}
