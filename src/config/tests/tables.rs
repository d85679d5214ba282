//! What can be wrong with the tables, the keys, and several keys together.

use insta::assert_snapshot;

use super::*;

#[test]
fn all_problems_of_a_file_are_shown_at_once_in_its_order() {
    assert_snapshot!(report(
        r#"[default]
timeout = "10s"

[accounts.work]
hots = "pop.example.com"
port = "995"
leave_on_server = true

[accounts.home]
tls = "startls"
"#), @r#"
    error: unknown key `default`
     --> /etc/popfetch/config.toml:1:2
      |
    1 | [default]
      |  ^^^^^^^
      |
      = help: did you mean `defaults`?

    error: account `work` lacks `user` and `deliver`
     --> /etc/popfetch/config.toml:4:1
      |
    4 | [accounts.work]
      | ^^^^^^^^^^^^^^^
      |
      = help: add, for example:
              user = "me@example.com"
              deliver = { maildir = "~/Mail/work" }

    error: unknown key `hots`
     --> /etc/popfetch/config.toml:5:1
      |
    5 | hots = "pop.example.com"
      | ^^^^
      |
      = help: did you mean `host`?

    error: `port` takes a number from 1 to 65535, but this is a string
     --> /etc/popfetch/config.toml:6:8
      |
    6 | port = "995"
      |        ^^^^^
      |
      = help: for example `port = 995`

    error: unknown key `leave_on_server`
     --> /etc/popfetch/config.toml:7:1
      |
    7 | leave_on_server = true
      | ^^^^^^^^^^^^^^^
      |
      = help: did you mean `leave-on-server`?

    error: account `home` lacks `host`, `user` and `deliver`
     --> /etc/popfetch/config.toml:9:1
      |
    9 | [accounts.home]
      | ^^^^^^^^^^^^^^^
      |
      = help: add, for example:
              host = "pop.example.com"
              user = "me@example.com"
              deliver = { maildir = "~/Mail/work" }

    error: `tls` takes "implicit", "starttls" or "none", but this is none of them
      --> /etc/popfetch/config.toml:10:7
       |
    10 | tls = "startls"
       |       ^^^^^^^^^
       |
       = help: did you mean `"starttls"`?
    "#);
}

#[test]
fn what_is_not_toml_is_shown_in_the_same_form() {
    assert_snapshot!(report("[accounts.work]\nhost = pop.example.com\n"), @"
    error: invalid TOML: string values must be quoted, expected literal string
     --> /etc/popfetch/config.toml:2:8
      |
    2 | host = pop.example.com
      |        ^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(report("[accounts.work\nhost = 'a'\n"), @"
    error: invalid TOML: unclosed table, expected `]`
     --> /etc/popfetch/config.toml:1:15
      |
    1 | [accounts.work
      |               ^
    ");
    assert_snapshot!(report("[accounts.work]\nhost = 'a'\nhost = 'b'\n"), @"
    error: invalid TOML: duplicate key
     --> /etc/popfetch/config.toml:3:1
      |
    3 | host = 'b'
      | ^^^^
    ");
    assert_snapshot!(report("[accounts.work]\n[accounts.work]\n"), @"
    error: invalid TOML: duplicate key
     --> /etc/popfetch/config.toml:2:11
      |
    2 | [accounts.work]
      |           ^^^^
    ");
}

#[test]
fn a_file_without_accounts_is_told_how_one_looks() {
    assert_snapshot!(report("[defaults]\nuser = 'me'\n"), @r#"
    error: /etc/popfetch/config.toml: there is no account
     |
     = help: add one, for example:
             [accounts.work]
             host = "pop.example.com"
             user = "me@example.com"
             deliver = { maildir = "~/Mail/work" }
    "#);
    assert_eq!(report(""), report("[accounts]"));
}

#[test]
fn an_unknown_table_is_shown_with_what_it_was_meant_to_be() {
    assert_snapshot!(report("[account.work]\nhost = 'a'\n"), @"
    error: unknown key `account`
     --> /etc/popfetch/config.toml:1:2
      |
    1 | [account.work]
      |  ^^^^^^^
      |
      = help: did you mean `accounts`?
    ");
    assert_snapshot!(report("[servers.work]\n"), @"
    error: unknown key `servers`
     --> /etc/popfetch/config.toml:1:2
      |
    1 | [servers.work]
      |  ^^^^^^^
      |
      = help: popfetch-config(5) lists the keys
    ");
}

#[test]
fn a_key_outside_any_account_is_told_where_to_go() {
    assert_snapshot!(report("host = 'a'\n"), @"
    error: `host` belongs to no account
     --> /etc/popfetch/config.toml:1:1
      |
    1 | host = 'a'
      | ^^^^
      |
      = help: put it below a line `[accounts.NAME]` or `[defaults]`
    ");
    assert_snapshot!(report("[accounts]\nhost = 'a'\n"), @"
    error: `host` belongs to no account
     --> /etc/popfetch/config.toml:2:1
      |
    2 | host = 'a'
      | ^^^^
      |
      = help: put it below a line `[accounts.NAME]` or `[defaults]`
    ");
}

#[test]
fn tables_of_the_wrong_type_are_refused() {
    assert_snapshot!(report("[[accounts]]\nhost = 'a'\n"), @"
    error: `accounts` takes a table for each account, but this is an array
     --> /etc/popfetch/config.toml:1:1
      |
    1 | [[accounts]]
      | ^^^^^^^^^^^^
      |
      = help: for example `[accounts.work]`
    ");
    assert_snapshot!(report("accounts.work = 'a'\n"), @r#"
    error: `accounts` takes a table for each account, but this is a string
     --> /etc/popfetch/config.toml:1:17
      |
    1 | accounts.work = "****"
      |                 ^^^^^^
      |
      = help: for example `[accounts.work]`
    "#);
    assert_snapshot!(report("defaults = true\n"), @"
    error: `defaults` takes a table, but this is a boolean
     --> /etc/popfetch/config.toml:1:12
      |
    1 | defaults = true
      |            ^^^^
      |
      = help: for example `[defaults]`
    ");
}

#[test]
fn an_account_that_lacks_keys_is_shown_at_its_header() {
    assert_snapshot!(report("[accounts.work]\nuser = 'me'\n"), @r#"
    error: account `work` lacks `host` and `deliver`
     --> /etc/popfetch/config.toml:1:1
      |
    1 | [accounts.work]
      | ^^^^^^^^^^^^^^^
      |
      = help: add, for example:
              host = "pop.example.com"
              deliver = { maildir = "~/Mail/work" }
    "#);
    assert_snapshot!(report("[accounts.work]\n"), @r#"
    error: account `work` lacks `host`, `user` and `deliver`
     --> /etc/popfetch/config.toml:1:1
      |
    1 | [accounts.work]
      | ^^^^^^^^^^^^^^^
      |
      = help: add, for example:
              host = "pop.example.com"
              user = "me@example.com"
              deliver = { maildir = "~/Mail/work" }
    "#);
}

#[test]
fn a_key_with_a_refused_value_or_a_slip_is_not_missing_as_well() {
    for line in ["host = 1", "hots = 'a'"] {
        assert!(!about(line).contains("lacks"), "{line}");
    }
}

#[test]
fn names_that_a_command_line_cannot_hold_are_refused() {
    assert_snapshot!(report(&complete("").replace("work", "-q")), @"
    error: an account cannot have a name like a command-line flag
     --> /etc/popfetch/config.toml:1:11
      |
    1 | [accounts.-q]
      |           ^^
      |
      = help: for example `[accounts.work]`
    ");
    for name in ["''", "'-v'", r#""a\u001bb""#] {
        let report = report(&complete("").replace("work", name));
        assert!(report.contains("an account cannot have"), "{report}");
    }
    for name in ["me@example.com", "a b", "ü"] {
        let text = complete("").replace("work", &format!("'{name}'"));
        assert_eq!(finished(&text).unwrap().accounts[0].name, name);
    }
}

#[test]
fn two_accounts_for_one_maildrop_are_refused() {
    let second = complete("host = 'POP.example.com'\nport = 110").replace("work", "again");
    assert_snapshot!(report(&(complete("") + &second)), @"
    error: accounts `work` and `again` have the same server and user
     --> /etc/popfetch/config.toml:6:1
      |
    6 | [accounts.again]
      | ^^^^^^^^^^^^^^^^
      |
      = help: both would fetch and remember the same mail: keep one of them
    ");
    let other_user = complete("user = 'you'").replace("work", "other");
    assert!(finished(&(complete("") + &other_user)).is_ok());
}

#[test]
fn two_sources_in_one_table_are_refused() {
    assert_snapshot!(about("password-command = 'pass'\npassword-file = 'secret'"), @"
    error: `password-command` and `password-file` are both given
     --> /etc/popfetch/config.toml:3:17
      |
    3 | password-file = 'secret'
      |                 ^^^^^^^^
      |
      = help: keep one of them
    ");
    let three = about("password = 'a'\npassword-command = 'pass'\npassword-file = 'secret'");
    assert!(three.contains("`password` and `password-command` are both given"));
    assert!(three.contains("`password` and `password-file` are both given"));
    let defaults = "[defaults]\npassword = 'a'\npassword-file = 'b'\n".to_owned() + &complete("");
    assert!(report(&defaults).contains("`password` and `password-file` are both given"));
}

#[test]
fn two_words_on_trust_in_one_table_are_refused() {
    let pin = format!("tls-fingerprint = 'sha256:{}'", "0a".repeat(32));
    let report = about(&format!("tls-ca-file = 'ca.pem'\n{pin}"));
    assert!(report.contains("`tls-ca-file` and `tls-fingerprint` are both given"));
}

#[test]
fn trust_without_certificates_is_refused() {
    assert_snapshot!(about("host = 'localhost'\ntls = 'none'\ntls-ca-file = 'ca.pem'"), @r#"
    error: `tls-ca-file` means nothing with `tls = "none"`
     --> /etc/popfetch/config.toml:4:15
      |
    4 | tls-ca-file = 'ca.pem'
      |               ^^^^^^^^
      |
      = help: remove one of the two
    "#);
    let defaults = "[defaults]\ntls = 'none'\ntls-ca-file = 'ca.pem'\n";
    let report = report(&(defaults.to_owned() + &complete("host = 'localhost'")));
    assert_eq!(report.matches("means nothing").count(), 1, "{report}");
}

#[test]
fn a_password_leaves_this_host_unprotected_only_where_that_is_allowed() {
    assert_snapshot!(about("tls = 'none'"), @r#"
    error: account `work` would send its password unprotected to pop.example.com
     --> /etc/popfetch/config.toml:2:7
      |
    2 | tls = 'none'
      |       ^^^^^^
      |
      = help: remove `tls = "none"`, or say `allow-cleartext = true` if that is what you want
    "#);
    for host in ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1"] {
        with(&format!("host = '{host}'\ntls = 'none'"));
    }
    for host in ["192.168.0.1", "127.0.0.1.example.com", "::2"] {
        let report = about(&format!("host = '{host}'\ntls = 'none'"));
        assert!(report.contains("unprotected"), "{report}");
    }
    with("tls = 'none'\nallow-cleartext = true");
    // Who listens in learns nothing that opens the maildrop.
    for word in ["scram-sha-256", "scram-sha-1", "cram-md5", "apop"] {
        with(&format!("tls = 'none'\nauth = '{word}'"));
    }
    for word in ["auto", "plain", "user-pass"] {
        let report = about(&format!("tls = 'none'\nauth = '{word}'"));
        assert!(report.contains("unprotected"), "{report}");
    }
    assert!(about("tls = 'none'\nallow-cleartext = false").contains("unprotected"));
}
