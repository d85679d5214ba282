//! `deliver`, and what of `leave-on-server` depends on it.

use insta::assert_snapshot;

use super::*;
use crate::delivery::{LOCK_TIMEOUT, Lmtp, LmtpAddress, Mbox, Program, Recipient};

#[test]
fn mail_is_delivered_to_what_is_named() {
    assert_snapshot!(about("deliver = '~/Mail'"), @r#"
    error: `deliver` takes a table that says where, or an array of some, but this is a string
     --> /etc/popfetch/config.toml:2:11
      |
    2 | deliver = '~/Mail'
      |           ^^^^^^^^
      |
      = help: for example `deliver = { maildir = "~/Mail/work" }`
    "#);
    assert_snapshot!(about("deliver = {}"), @r#"
    error: `deliver` takes a table that says where, or an array of some, but this is empty
     --> /etc/popfetch/config.toml:2:11
      |
    2 | deliver = {}
      |           ^^
      |
      = help: for example `deliver = { maildir = "~/Mail/work" }`
    "#);
    assert_snapshot!(about("deliver = { mailder = '~/Mail' }"), @"
    error: unknown key `mailder`
     --> /etc/popfetch/config.toml:2:13
      |
    2 | deliver = { mailder = '~/Mail' }
      |             ^^^^^^^
      |
      = help: did you mean `maildir`?
    ");
    assert_snapshot!(about("deliver = { maildir = 5 }"), @r#"
    error: `maildir` takes the path of a folder, but this is an integer
     --> /etc/popfetch/config.toml:2:23
      |
    2 | deliver = { maildir = 5 }
      |                       ^
      |
      = help: for example `deliver = { maildir = "~/Mail/work" }`
    "#);
    assert!(about("deliver = []").contains("but this is empty"));
    assert!(about("deliver = ['~/Mail']").contains("but this is a string"));
}

#[test]
fn each_kind_of_destination_has_its_options_and_defaults() {
    let destination = |line: &str| with(line).destinations.remove(0);
    let mbox = |flock, lock_timeout| {
        Destination::Mbox(Mbox {
            path: "/home/me/mbox".into(),
            flock,
            lock_timeout,
        })
    };
    assert_eq!(
        destination("deliver = { mbox = '~/mbox' }"),
        mbox(false, LOCK_TIMEOUT)
    );
    assert_eq!(
        destination("deliver = { mbox = '~/mbox', flock = true, lock-timeout = '5s' }"),
        mbox(true, Duration::from_secs(5))
    );
    let pipe = |unix_from, seconds| {
        Destination::Pipe(Program {
            argv: ["procmail", "-d", "a b"].map(str::to_owned).to_vec(),
            unix_from,
            timeout: Duration::from_secs(seconds),
        })
    };
    assert_eq!(
        destination("deliver = { pipe = \"procmail -d 'a b'\" }"),
        pipe(false, 300)
    );
    let whole = "deliver = { pipe = ['procmail', '-d', 'a b'], unix-from = true, timeout = '1m' }";
    assert_eq!(destination(whole), pipe(true, 60));
    let lmtp = |recipient: &str| {
        Destination::Lmtp(Lmtp {
            address: LmtpAddress::Unix("/run/lmtp".into()),
            recipient: Recipient::new(recipient).unwrap(),
            timeout: Duration::from_secs(600),
        })
    };
    assert_eq!(
        destination("deliver = { lmtp = 'unix:/run/lmtp' }"),
        lmtp("me")
    );
    let two = "deliver = { lmtp = 'unix:/run/lmtp', recipient = ['ann', 'bob@x'] }";
    assert_eq!(with(two).destinations, [lmtp("ann"), lmtp("bob@x")]);
}

#[test]
fn several_destinations_are_an_array_and_each_is_given_once() {
    let array = "deliver = [{ maildir = '/a' }, { mbox = '/b' }, { pipe = 'c' }]";
    let addresses: Vec<String> = with(array)
        .destinations
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(addresses, ["maildir:/a", "mbox:/b", "pipe:c"]);
    assert_snapshot!(about("deliver = [{ maildir = '/a' }, { maildir = '/a/' }]"), @"
    error: maildir:/a is given twice
     --> /etc/popfetch/config.toml:2:11
      |
    2 | deliver = [{ maildir = '/a' }, { maildir = '/a/' }]
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: each message would arrive there twice: keep one of them
    ");
    assert_snapshot!(about("deliver = { maildir = '/a', mbox = '/b' }"), @r#"
    error: `maildir` and `mbox` in one table
     --> /etc/popfetch/config.toml:2:11
      |
    2 | deliver = { maildir = '/a', mbox = '/b' }
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: for both, write an array: `deliver = [{ maildir = … }, { mbox = … }]`
    "#);
}

#[test]
fn a_key_of_another_kind_of_destination_is_refused() {
    assert_snapshot!(about("deliver = { maildir = '/a', unix-from = true }"), @"
    error: unknown key `unix-from`
     --> /etc/popfetch/config.toml:2:29
      |
    2 | deliver = { maildir = '/a', unix-from = true }
      |                             ^^^^^^^^^
      |
      = help: popfetch-config(5) lists the keys
    ");
    assert_snapshot!(about("deliver = { lmtp = '/run/lmtp' }"), @r#"
    error: `lmtp` takes a socket or a host and port, but this is neither
     --> /etc/popfetch/config.toml:2:20
      |
    2 | deliver = { lmtp = '/run/lmtp' }
      |                    ^^^^^^^^^^^
      |
      = help: write `"unix:/path/of/the/socket"` or `"host:24"`
    "#);
    assert_snapshot!(about("deliver = { lmtp = 'unix:/run/lmtp', recipient = 'a b' }"), @r#"
    error: `recipient` takes an address, or an array of some, but this is one that cannot be written in a command
     --> /etc/popfetch/config.toml:2:50
      |
    2 | deliver = { lmtp = 'unix:/run/lmtp', recipient = 'a b' }
      |                                                  ^^^^^
      |
      = help: for example `deliver = { lmtp = "unix:/run/dovecot/lmtp", recipient = "me@example.com" }`
    "#);
    assert_snapshot!(about("deliver = { pipe = 'a', timeout = 5 }"), @r#"
    error: `timeout` takes a duration in quotes, but this is an integer
     --> /etc/popfetch/config.toml:2:35
      |
    2 | deliver = { pipe = 'a', timeout = 5 }
      |                                   ^
      |
      = help: for example `deliver = { pipe = "procmail", timeout = "5m" }`
    "#);
}

#[test]
fn copies_may_stay_until_they_are_deleted_here_if_there_is_a_maildir() {
    let day = 24 * 60 * 60;
    let policy = |value: &str| with(&format!("leave-on-server = {value}")).retention;
    assert_eq!(policy("'until-deleted'"), Policy::KeepWhileHere(None));
    let days = Policy::KeepWhileHere(Some(Duration::from_secs(30 * day)));
    assert_eq!(policy("['until-deleted', '30d']"), days);
    assert_eq!(policy("['30d', 'until-deleted']"), days);
    let mbox = "leave-on-server = 'until-deleted'\ndeliver.mbox = '/b'";
    let file = format!("[accounts.work]\nhost = 'a'\nuser = 'b'\n{mbox}\n");
    assert_snapshot!(report(&file), @r#"
    error: account `work` delivers to no Maildir, from which mail could be deleted
     --> /etc/popfetch/config.toml:4:19
      |
    4 | leave-on-server = 'until-deleted'
      |                   ^^^^^^^^^^^^^^^
      |
      = help: say how long to keep it: `"30d"`
    "#);
    assert_snapshot!(about("leave-on-server = ['30d', '14d']"), @r#"
    error: `leave-on-server` takes true, false, "until-deleted" or a duration in quotes, but this is another array
     --> /etc/popfetch/config.toml:2:19
      |
    2 | leave-on-server = ['30d', '14d']
      |                   ^^^^^^^^^^^^^^
      |
      = help: to delete what was deleted here, but after 30 days at the latest: `leave-on-server = ["until-deleted", "30d"]`
    "#);
    assert_snapshot!(about("leave-on-server = 'until-delete'"), @r#"
    error: `leave-on-server` takes true, false, "until-deleted" or a duration in quotes, but this is none
     --> /etc/popfetch/config.toml:2:19
      |
    2 | leave-on-server = 'until-delete'
      |                   ^^^^^^^^^^^^^^
      |
      = help: did you mean `"until-deleted"`?
    "#);
}

#[test]
fn nothing_is_deleted_in_recent_mode() {
    let line = "user = 'recent:me@gmail.com'\nleave-on-server = false";
    assert_eq!(with(line).retention, Policy::KeepRecent);
}
