//! What is shown of a file, and what never is.

use insta::assert_snapshot;

use super::*;

/// The report on this text, after a look that no secret is in it.
fn discreet(text: &str) -> String {
    let error = finished(text).unwrap_err();
    for shown in [error.to_string(), error.render(true), format!("{error:?}")] {
        for part in ["hunter", "nter2", "ter2", "s3cret"] {
            assert!(!shown.contains(part), "{shown}");
        }
    }
    error.to_string()
}

#[test]
fn a_password_is_masked_in_the_line_that_is_shown() {
    assert_snapshot!(discreet(&complete("password = \"hunter\\n2\"")), @r#"
    error: `password` takes a string, but this is one with a control character
     --> /etc/popfetch/config.toml:2:12
      |
    2 | password = "****"
      |            ^^^^^^
      |
      = help: a server is told one line: no line end, tab or NUL can be in it
    "#);
    assert_snapshot!(discreet(
        r#"accounts.work = { password = "hunter2", hots = "pop.example.com", user = "me" }"#
    ), @r#"
    error: account `work` lacks `deliver`
     --> /etc/popfetch/config.toml:1:17
      |
    1 | accounts.work = { password = "****", hots = "pop.example.com", user = "me" }
      |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: add, for example:
              deliver = { maildir = "~/Mail/work" }

    error: unknown key `hots`
     --> /etc/popfetch/config.toml:1:38
      |
    1 | accounts.work = { password = "****", hots = "pop.example.com", user = "me" }
      |                                      ^^^^
      |
      = help: did you mean `host`?
    "#);
}

#[test]
fn a_password_of_the_wrong_type_or_in_the_wrong_place_is_masked() {
    for text in [
        "[accounts.work]\npassword = ['hunter2']",
        "[accounts.work]\npassword.value = 's3cret'",
        "[accounts.work]\npassword = { value = 's3cret' }",
        "[accounts]\npassword = 'hunter2'",
        "password = 'hunter2'",
        "[account.work]\npassword = 'hunter2'",
        "accounts = [{ password = 'hunter2' }]",
        "[accounts.work]\npassword = '''\nhunter2\n'''",
        "[accounts.work]\npassword = 'hunter2'\npassword-file = 's'",
        "[accounts.work]\n'password' = 'hunter2\u{7}'",
    ] {
        discreet(text);
    }
}

#[test]
fn a_password_by_another_name_is_masked() {
    assert_snapshot!(discreet(&complete("pasword = 'hunter2'")), @r#"
    error: unknown key `pasword`
     --> /etc/popfetch/config.toml:2:1
      |
    2 | pasword = "****"
      | ^^^^^^^
      |
      = help: did you mean `password`?
    "#);
    for key in [
        "pass",
        "Password",
        "passwd",
        "pwd",
        "pass_phrase",
        "imap-token",
        "secret",
    ] {
        discreet(&complete(&format!("{key} = 'hunter2'")));
    }
}

#[test]
fn a_password_in_an_address_is_masked() {
    assert_snapshot!(discreet(&complete("host = 'pop3s://me:hunter2@pop.example.com'")), @r#"
    error: `host` takes a host name or an address, but this is a URL
     --> /etc/popfetch/config.toml:2:8
      |
    2 | host = "****"
      |        ^^^^^^
      |
      = help: write the name alone; `port` and `tls` say the rest
    "#);
    discreet("[accounts.work]\nhost = pop3s://me:hunter2@pop.example.com");
}

#[test]
fn a_password_is_masked_in_a_file_that_is_not_toml() {
    assert_snapshot!(discreet("[accounts.work]\npassword = \"hun\"ter2\"\n"), @r#"
    error: invalid TOML: unexpected key or value, expected newline, `#`
     --> /etc/popfetch/config.toml:2:12
      |
    2 | password = "****"
      |            ^^^^^^
    "#);
    for text in [
        "password = hunter2",
        "password = 'hunter2",
        "password 'hunter2'",
        "password: hunter2",
        "password\t=\t\"hunter\\qnter2\"",
        "password =\n'hunter2'",
        "password = # below\nhunter2",
        "password = [\n'hunter2'\n'hunter2'\n]",
        "password = { a =\n'hunter2'\n}",
        "password = \"\"\"hunter2",
        "password = \"\"\"\nhunter2\\q\n\"\"\"",
        "password = \"\"\"\n\\\"\"\"hunter2\\q\nhunter2",
        "password = '''\n'' hunter2\u{7}\n'''",
        "password = 'a'\npassword = 'hunter2'",
        "'password' = hunter2",
        "\"password\" = hunter2",
        "accounts.work.password = hunter2",
        "work = { host = 'a', password = hunter2 }",
        "work = { password = hunter2 }",
        "host = 'a' password = 'hunter2'",
        "host = 'a', password: hunter2",
        "[accounts.work] 'password' = 'hunter2'",
        "# password = hunter2 \u{7}",
        "pasword = hunter2",
        "password = hunter2\r\nhost = 'a'\r\n",
        "hunter2",
        "hunter2==",
        "'hunter2='",
        "host = 'a'\n  'hunter2'\nuser = 'b'",
    ] {
        discreet(text);
    }
}

#[test]
fn only_the_password_is_masked_in_a_file_that_is_not_toml() {
    assert_snapshot!(report("[accounts.work]\npassword = '''\na\n''' # x\nhost = 'pop.pass.example\n"), @"
    error: invalid TOML: invalid literal string, expected `'`
     --> /etc/popfetch/config.toml:5:25
      |
    5 | host = 'pop.pass.example
      |                         ^
    ");
    assert_snapshot!(report("[accounts.work]\npassword-command = ['pass', 'show'\n"), @"
    error: invalid TOML: unclosed array, expected `]`
     --> /etc/popfetch/config.toml:2:35
      |
    2 | password-command = ['pass', 'show'
      |                                   ^
    ");
}

#[test]
fn no_slip_of_the_finger_uncovers_a_password() {
    const PASSWORD: &str = "XQZJKVW";
    let parts: Vec<&str> = (0..5).map(|n| &PASSWORD[n..n + 3]).collect();
    for value in [
        r#""XQZJKVW""#,
        "'XQZJKVW'",
        r#""""XQZJKVW""""#,
        "'''\nXQZJKVW\n'''",
    ] {
        let right = format!("[accounts.a]\npassword = {value} # x\nuser = 'b'\n");
        for at in 0..right.len() {
            let mut slips = vec![[&right[..at], &right[at + 1..]].concat()];
            for slip in "\"'[{=#\n\\,. x".chars() {
                slips.push(format!("{}{slip}{}", &right[..at], &right[at..]));
            }
            for text in slips {
                let shown = report(&text);
                let uncovered = parts.iter().any(|part| shown.contains(part));
                assert!(!uncovered, "{text}\n{shown}");
            }
        }
    }
}

#[test]
fn what_is_kept_of_the_file_does_not_show_the_password() {
    let text = complete("password = 'hunter2'");
    let table = toml::de::DeTable::parse(&text).unwrap();
    let base = paths::Base::new(Path::new("/x"), Path::new("/x"));
    let (file, _) = reader::read(table.get_ref(), &base);
    assert!(!format!("{file:?}").contains("hunter2"));
    assert!(!format!("{:?}", finished(&text).unwrap()).contains("hunter2"));
}

#[test]
fn an_excerpt_is_one_line_whatever_the_value_spans() {
    assert_snapshot!(about("user = [\n  'a',\n  'b',\n]"), @r#"
    error: `user` takes a string, but this is an array
     --> /etc/popfetch/config.toml:2:8
      |
    2 | user = [
      |        ^
      |
      = help: for example `user = "me@example.com"`
    "#);
    assert_snapshot!(about("user = 3\r"), @r#"
    error: `user` takes a string, but this is an integer
     --> /etc/popfetch/config.toml:2:8
      |
    2 | user = 3
      |        ^
      |
      = help: for example `user = "me@example.com"`
    "#);
}

#[test]
fn an_excerpt_of_other_alphabets_is_marked_in_the_right_place() {
    assert_snapshot!(report("accounts.'bücher' = { user = 'é', hots = 1 }"), @r#"
    error: account `bücher` lacks `deliver`
     --> /etc/popfetch/config.toml:1:21
      |
    1 | accounts.'bücher' = { user = 'é', hots = 1 }
      |                     ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: add, for example:
              deliver = { maildir = "~/Mail/work" }

    error: unknown key `hots`
     --> /etc/popfetch/config.toml:1:35
      |
    1 | accounts.'bücher' = { user = 'é', hots = 1 }
      |                                   ^^^^
      |
      = help: did you mean `host`?
    "#);
}

#[test]
fn no_control_character_of_the_file_reaches_the_terminal() {
    for text in [
        "user = '\u{1b}[31m",
        "\"a\\u001b\" = 1",
        "[accounts.\"\\u001b\"]",
    ] {
        assert!(!report(text).contains('\u{1b}'), "{text}");
    }
}

#[test]
fn the_end_of_the_file_can_be_shown() {
    assert_snapshot!(report("[accounts.work]\nuser = \"\"\"me\n"), @r#"
    error: invalid TOML: invalid multi-line basic string, expected `"`
     --> /etc/popfetch/config.toml:3:1
      |
    3 |
      | ^
    "#);
    assert_snapshot!(report("[accounts.work]\nuser ="), @"
    error: invalid TOML: string values must be quoted, expected literal string
     --> /etc/popfetch/config.toml:2:7
      |
    2 | user =
      |       ^
    ");
}

#[test]
fn what_an_unknown_key_holds_is_not_shown() {
    for key in ["pw", "kennwort", "x"] {
        let report = report(&format!("[accounts.work]\n{key} = 'hunter2'\n"));
        assert!(!report.contains("hunter2"), "{report}");
    }
    // What a slip of the pen was meant to be is known, and shown.
    assert!(report("[accounts.work]\nhots = 'pop.example.com'\n").contains("pop.example.com"));
}
