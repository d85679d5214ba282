//! What can be wrong with a value, alone.

use insta::assert_snapshot;

use super::*;

#[test]
fn a_wrong_type_is_told_with_what_is_expected_and_what_was_found() {
    assert_snapshot!(about("host = 1"), @r#"
    error: `host` takes a host name or an address, but this is an integer
     --> /etc/popfetch/config.toml:2:8
      |
    2 | host = 1
      |        ^
      |
      = help: for example `host = "pop.example.com"`
    "#);
    assert_snapshot!(about("timeout = 60"), @r#"
    error: `timeout` takes a duration in quotes, but this is an integer
     --> /etc/popfetch/config.toml:2:11
      |
    2 | timeout = 60
      |           ^^
      |
      = help: for example `timeout = "60s"`
    "#);
    for (line, found) in [
        ("user = true", "a boolean"),
        ("password-file = ['a']", "an array"),
        ("max-size = 1.5", "a number with a fraction"),
        ("enabled = 1979-05-27", "a date or time"),
        ("port = { a = 1 }", "a table"),
        ("tls-ca-file.a = 1", "a table"),
        ("max-messages = '5'", "a string"),
        ("leave-on-server = 14", "an integer"),
    ] {
        let report = about(line);
        assert!(report.contains(&format!("but this is {found}")), "{report}");
        assert!(report.contains("= help: for example `"), "{report}");
    }
}

#[test]
fn empty_strings_are_refused() {
    for key in ["host", "user", "password", "password-command"] {
        let report = about(&format!("{key} = ''"));
        assert!(report.contains("but this is empty"), "{report}");
    }
    for line in [
        "tls-ca-file = ''",
        "password-file = ''",
        "deliver.maildir = ''",
    ] {
        let report = about(line);
        assert!(report.contains("but this is an empty path"), "{report}");
    }
}

#[test]
fn what_cannot_be_sent_in_one_line_is_refused() {
    assert_snapshot!(about(r#"user = "me\r\nDELE 1""#), @r#"
    error: `user` takes a string, but this is one with a control character
     --> /etc/popfetch/config.toml:2:8
      |
    2 | user = "me\r\nDELE 1"
      |        ^^^^^^^^^^^^^^
      |
      = help: a server is told one line: no line end, tab or NUL can be in it
    "#);
    for line in [
        r#"host = "a\nb""#,
        r#"password = "a\u0000b""#,
        r#"user = "a\tb""#,
    ] {
        let report = about(line);
        assert!(report.contains("a control character"), "{report}");
    }
}

#[test]
fn a_host_is_a_name_or_an_address_and_nothing_more() {
    assert_snapshot!(about("host = 'pop3s://pop.example.com'"), @"
    error: `host` takes a host name or an address, but this is a URL
     --> /etc/popfetch/config.toml:2:8
      |
    2 | host = 'pop3s://pop.example.com'
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write the name alone; `port` and `tls` say the rest
    ");
    assert_snapshot!(about("host = 'pop.example.com:995'"), @r#"
    error: `host` takes a host name or an address, but this is one with a port
     --> /etc/popfetch/config.toml:2:8
      |
    2 | host = 'pop.example.com:995'
      |        ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `host = "pop.example.com"` and `port = 995`
    "#);
    assert!(about("host = '[::1]:995'").contains("`host = \"::1\"` and `port = 995`"));
    for host in ["a b", "a/b", "me@example.com", "[::1]", "::zz", "a:b"] {
        let report = about(&format!("host = '{host}'"));
        assert!(report.contains("but this is neither"), "{report}");
    }
    for host in ["pop.example.com", "192.168.0.1", "2001:db8::1", "my_nas"] {
        assert_eq!(with(&format!("host = '{host}'")).endpoint.host, host);
    }
}

#[test]
fn a_port_is_from_1_to_65535() {
    assert_snapshot!(about("port = 0"), @"
    error: `port` takes a number from 1 to 65535, but this is out of range
     --> /etc/popfetch/config.toml:2:8
      |
    2 | port = 0
      |        ^
      |
      = help: for example `port = 995`
    ");
    for port in ["-1", "65536", "99999999999999999999"] {
        let report = about(&format!("port = {port}"));
        assert!(report.contains("but this is out of range"), "{report}");
    }
    assert_eq!(with("port = 0x3E3").endpoint.port, 995);
}

#[test]
fn a_word_that_is_not_one_of_the_choices_is_told_them() {
    assert_snapshot!(about("tls = 'startls'"), @r#"
    error: `tls` takes "implicit", "starttls" or "none", but this is none of them
     --> /etc/popfetch/config.toml:2:7
      |
    2 | tls = 'startls'
      |       ^^^^^^^^^
      |
      = help: did you mean `"starttls"`?
    "#);
    assert_snapshot!(about("tls = 'on'"), @r#"
    error: `tls` takes "implicit", "starttls" or "none", but this is none of them
     --> /etc/popfetch/config.toml:2:7
      |
    2 | tls = 'on'
      |       ^^^^
      |
      = help: for example `tls = "starttls"`
    "#);
    assert_snapshot!(about("pipelining = 'always'"), @r#"
    error: `pipelining` takes "auto", true or false, but this is another word
     --> /etc/popfetch/config.toml:2:14
      |
    2 | pipelining = 'always'
      |              ^^^^^^^^
      |
      = help: for example `pipelining = "auto"`
    "#);
}

#[test]
fn a_boolean_in_quotes_is_told_to_drop_them() {
    assert_snapshot!(about("leave-on-server = 'true'"), @r#"
    error: `leave-on-server` takes true, false, "until-deleted" or a duration in quotes, but this is a string
     --> /etc/popfetch/config.toml:2:19
      |
    2 | leave-on-server = 'true'
      |                   ^^^^^^
      |
      = help: without quotes: `leave-on-server = true`
    "#);
    for key in ["enabled", "allow-cleartext", "pipelining"] {
        let report = about(&format!("{key} = 'false'"));
        assert!(report.contains(&format!("`{key} = false`")), "{report}");
    }
}

#[test]
fn a_fingerprint_of_another_form_is_told_how_to_get_it() {
    assert_snapshot!(about("tls-fingerprint = 'AB:CD'"), @r#"
    error: `tls-fingerprint` takes the SHA-256 of a certificate, but this is something else
     --> /etc/popfetch/config.toml:2:19
      |
    2 | tls-fingerprint = 'AB:CD'
      |                   ^^^^^^^
      |
      = help: a fingerprint is "sha256:" and 64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` prints them
    "#);
}

#[test]
fn a_retention_that_is_not_certain_is_refused_with_the_cure() {
    assert_snapshot!(about("leave-on-server = '1 month'"), @r#"
    error: `leave-on-server` takes true, false, "until-deleted" or a duration in quotes, but this is in months or years, which differ in length
     --> /etc/popfetch/config.toml:2:19
      |
    2 | leave-on-server = '1 month'
      |                   ^^^^^^^^^
      |
      = help: say it in days: `leave-on-server = "30d"`
    "#);
    assert_snapshot!(about("leave-on-server = '2m'"), @r#"
    error: `leave-on-server` takes true, false, "until-deleted" or a duration in quotes, but this is in minutes or less
     --> /etc/popfetch/config.toml:2:19
      |
    2 | leave-on-server = '2m'
      |                   ^^^^
      |
      = help: say it in hours, days or weeks; a month is `"30d"`
    "#);
    assert_snapshot!(about("leave-on-server = '0d'"), @r#"
    error: `leave-on-server` takes true, false, "until-deleted" or a duration in quotes, but this is nothing or less
     --> /etc/popfetch/config.toml:2:19
      |
    2 | leave-on-server = '0d'
      |                   ^^^^
      |
      = help: to delete what has arrived: `leave-on-server = false`
    "#);
    assert_snapshot!(about("leave-on-server = '1000000d'"), @r#"
    error: `leave-on-server` takes true, false, "until-deleted" or a duration in quotes, but this is more than a century
     --> /etc/popfetch/config.toml:2:19
      |
    2 | leave-on-server = '1000000d'
      |                   ^^^^^^^^^^
      |
      = help: to keep all: `leave-on-server = true`
    "#);
    assert_eq!(with("leave-on-server = true").retention, Policy::Keep);
    assert_eq!(with("leave-on-server = false").retention, Policy::Delete);
}

#[test]
fn a_time_out_of_nothing_is_refused() {
    assert_snapshot!(about("timeout = '0s'"), @r#"
    error: `timeout` takes a duration in quotes, but this is nothing or less
     --> /etc/popfetch/config.toml:2:11
      |
    2 | timeout = '0s'
      |           ^^^^
      |
      = help: for example `timeout = "60s"`
    "#);
    assert!(about("timeout = '60'").contains("but this is none"));
}

#[test]
fn limits_of_nothing_are_refused() {
    assert_snapshot!(about("max-messages = 0"), @"
    error: `max-messages` takes a whole number from 1, but this is out of range
     --> /etc/popfetch/config.toml:2:16
      |
    2 | max-messages = 0
      |                ^
      |
      = help: for example `max-messages = 500`
    ");
    assert_snapshot!(about("max-size = '25 apples'"), @r#"
    error: `max-size` takes a number of octets or a size in quotes, but this is none
     --> /etc/popfetch/config.toml:2:12
      |
    2 | max-size = '25 apples'
      |            ^^^^^^^^^^^
      |
      = help: for example `max-size = "25MB"`
    "#);
    assert!(about("max-size = 0").contains("out of range"));
    assert_eq!(with("max-size = 5").limits.max_size, Some(Octets(5)));
}

#[test]
fn a_command_is_an_array_or_is_split_without_a_shell() {
    let command = |line: &str| match with(line).secret {
        Source::Command(words) => words,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        command("password-command = ['pass', 'a b', '']"),
        ["pass", "a b", ""]
    );
    assert_eq!(
        command(r#"password-command = "gpg -d ~/'my mail'.gpg $X""#),
        ["gpg", "-d", "/home/me/my mail.gpg", "$X"]
    );
    assert_snapshot!(about("password-command = []"), @r#"
    error: `password-command` takes a program and its arguments, but this is empty
     --> /etc/popfetch/config.toml:2:20
      |
    2 | password-command = []
      |                    ^^
      |
      = help: for example `password-command = ["pass", "show", "mail/work"]`
    "#);
    assert_snapshot!(about("password-command = \"pass 'show\""), @r#"
    error: `password-command` takes a program and its arguments, but this is a string with an open quote
     --> /etc/popfetch/config.toml:2:20
      |
    2 | password-command = "pass 'show"
      |                    ^^^^^^^^^^^^
      |
      = help: for example `password-command = ["pass", "show", "mail/work"]`
    "#);
    assert_snapshot!(about("password-command = ['pass', 3]"), @r#"
    error: `password-command` takes a program and its arguments, but this is an integer
     --> /etc/popfetch/config.toml:2:29
      |
    2 | password-command = ['pass', 3]
      |                             ^
      |
      = help: for example `password-command = ["pass", "show", "mail/work"]`
    "#);
    assert!(about("password-command = ['']").contains("but this is empty"));
    assert!(about(r#"password-command = ["a\u0000"]"#).contains("NUL"));
}

#[test]
fn another_users_home_folder_is_not_looked_up() {
    assert_snapshot!(about("deliver.maildir = '~you/Mail'"), @"
    error: `maildir` takes the path of a folder, but this is a path in another user's home folder, which only a shell can look up
     --> /etc/popfetch/config.toml:2:19
      |
    2 | deliver.maildir = '~you/Mail'
      |                   ^^^^^^^^^^^
      |
      = help: write the path in full
    ");
}
