//! What is said of each account's password: where a timer will find it, and the cure where it will not.

use super::Place;

/// An account whose password is where `keys` says.
fn account(name: &str, keys: &str) -> String {
    format!(
        "[accounts.{name}]\nhost = \"{name}.example.com\"\nuser = \"ann\"\n{keys}\ndeliver = {{ maildir = \"~/{name}\" }}\n"
    )
}

#[test]
fn each_account_is_told_where_its_password_will_be_found() {
    let place = Place::new();
    place.sandbox.config(
        &[
            account("literal", "password = \"hunter2\""),
            account("file", "password-file = \"~/secret\""),
            account("command", "password-command = [\"/bin/pass\", \"x\"]"),
            account("ring", ""),
            account(
                "oauth",
                "provider = \"outlook\"\noauth = { client-id = \"x\" }",
            )
            .replace("host", "#host"),
        ]
        .concat(),
    );
    let cron = place.well(["cron"]).stderr;
    for line in [
        "literal: its password is in the configuration",
        "file: its password is in a file",
        "command: its password comes from password-command",
        "ring: its password is looked up in the keyring, which cron has only while you are logged in",
        "`popfetch login oauth --no-keyring`",
    ] {
        assert!(cron.contains(line), "{line}\n{cron}");
    }
    assert!(!cron.contains("hunter2"), "{cron}");
    let systemd = place.well(["systemd"]).stderr;
    assert!(
        systemd.contains("LoadCredential=popfetch.ring:FILE"),
        "{systemd}"
    );
    assert!(systemd.contains("enable-linger"), "{systemd}");
    // Of the others nothing is said.
    let one = place.well(["cron", "file"]).stderr;
    assert!(!one.contains("ring"), "{one}");
}

#[test]
fn a_program_that_cron_would_not_find_is_named() {
    let place = Place::new();
    place.script("my-pass", "#!/bin/sh\necho secret\n");
    let keys = "password-command = [\"my-pass\", \"work\"]\nafter-sync = \"my-index new\"";
    place.sandbox.config(&account("work", keys));
    let cron = place.well(["cron"]).stderr;
    for program in ["my-pass", "my-index"] {
        let line = format!("cron will not find {program}");
        assert!(cron.contains(&line), "{cron}");
    }
    let systemd = place.well(["systemd"]).stderr;
    assert!(!systemd.contains("will not find"), "{systemd}");
}

#[test]
fn a_program_that_cargo_may_clean_away_is_told() {
    let place = Place::new();
    let cron = place.well(["cron"]).stderr;
    assert!(cron.contains("cargo cleans"), "{cron}");
    let cron = Place::named("apart").well(["cron"]).stderr;
    assert!(!cron.contains("cargo cleans"), "{cron}");
}
