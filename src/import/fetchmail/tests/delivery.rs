//! Where mail goes.

use super::{account, found, left, left_out, with};
use crate::import::Deliver;

fn pipe(words: &[&str]) -> Vec<Deliver> {
    vec![Deliver::Pipe {
        argv: words.iter().map(|word| (*word).to_owned()).collect(),
        unix_from: false,
    }]
}

fn lmtp(address: &str, recipient: &str) -> Vec<Deliver> {
    vec![Deliver::Lmtp {
        address: address.to_owned(),
        recipient: Some(recipient.to_owned()),
    }]
}

#[test]
fn an_agent_runs_without_a_shell_where_none_is_needed() {
    for (mda, argv) in [
        (
            "'/usr/bin/procmail -d %T'",
            &["/usr/bin/procmail", "-d", "joe"][..],
        ),
        (
            "'/usr/bin/maildrop -d %T \"a b\"'",
            &["/usr/bin/maildrop", "-d", "joe", "a b"],
        ),
        ("procmail", &["procmail"]),
        ("'~/bin/take %T'", &["sh", "-c", "~/bin/take 'joe'"]),
        ("'a | b'", &["sh", "-c", "a | b"]),
        ("'exec a'", &["sh", "-c", "exec a"]),
        ("'X=1 a'", &["sh", "-c", "X=1 a"]),
        ("'a \"b'", &["sh", "-c", "a \"b"]),
    ] {
        let account = with(
            "",
            &format!("is joe here mda {}", mda.replace("a \"b'", "a \\x22b'")),
        );
        assert_eq!(account.deliver, pipe(argv), "{mda}");
    }
}

#[test]
fn the_sender_stays_a_variable_and_names_are_quoted() {
    let account = with(
        "",
        "is \"j;o'e\" here mda '/usr/sbin/sendmail -i -f %F -- %T'",
    );
    assert_eq!(
        account.deliver,
        pipe(&[
            "sh",
            "-c",
            "/usr/sbin/sendmail -i -f \"$POPFETCH_SENDER\" -- 'j;oe'"
        ])
    );
    let account = with("", "is \"j;o'e\" here mda 'take %T'");
    assert_eq!(account.deliver, pipe(&["take", "j;oe"]));
}

#[test]
fn what_went_to_the_mail_server_of_this_machine_goes_to_its_program() {
    for (user, whom) in [
        ("", "me"),
        ("is joe here", "joe"),
        ("is x=joe here", "joe"),
        ("smtphost localhost", "me"),
        ("smtphost other, 127.0.0.1/25", "me"),
        (
            "smtphost localhost/smtp smtpaddress example.org is joe",
            "joe@example.org",
        ),
        ("smtpname a@b", "a@b"),
    ] {
        let account = with("", user);
        assert_eq!(
            account.deliver,
            pipe(&["/usr/sbin/sendmail", "-oi", "--", whom]),
            "{user}"
        );
        assert!(
            account.remarks.iter().any(|it| it.contains("port 25")),
            "{user}"
        );
    }
}

#[test]
fn another_mail_server_is_left_out() {
    for host in ["mail.example", "localhost/10025", "other/25"] {
        let text = format!("poll a proto pop3 user x\nsmtphost {host}");
        assert_eq!(left_out(&text), [left(2, "smtphost")]);
        assert_eq!(found(&text).accounts[0].deliver, []);
    }
}

#[test]
fn lmtp_is_carried_over_with_whom_it_is_for() {
    for (user, expected) in [
        ("smtphost /run/lmtp", lmtp("unix:/run/lmtp", "me@localhost")),
        (
            "smtphost /run/lmtp lmtp is joe",
            lmtp("unix:/run/lmtp", "joe@localhost"),
        ),
        ("smtphost mail/24 lmtp", lmtp("mail:24", "me@mail")),
        (
            "smtphost mail/lmtp lmtp smtpaddress d",
            lmtp("mail:24", "me@d"),
        ),
        (
            "smtphost '::1/2003' lmtp smtpname a@b",
            lmtp("[::1]:2003", "a@b"),
        ),
        (
            "smtphost mail/24 lmtp is joe@x here",
            lmtp("mail:24", "joe@x"),
        ),
    ] {
        assert_eq!(with("", user).deliver, expected, "{user}");
    }
    assert_eq!(
        left_out("poll a proto pop3 user x\nlmtp"),
        [left(2, "lmtp")]
    );
    assert_eq!(
        left_out("poll a proto pop3 user x\nsmtphost a lmtp"),
        [left(2, "lmtp")]
    );
    assert_eq!(
        left_out("poll a proto pop3 user x\nsmtphost a/1 b/2 lmtp"),
        [left(2, "smtphost")]
    );
}

#[test]
fn the_first_of_the_three_ways_counts() {
    let account = with("", "smtphost mail mda m");
    assert_eq!(account.deliver, pipe(&["m"]));
    let text = "poll a proto pop3 user x mda m\nbsmtp out";
    assert_eq!(left_out(text), [left(2, "bsmtp")]);
    assert_eq!(found(text).accounts[0].deliver, []);
}

#[test]
fn what_is_handed_out_to_several_goes_nowhere_by_itself() {
    for names in ["a b", "a, *", "*", "a here is b", "a x=b", "a a"] {
        let text = format!("poll a proto pop3 user x mda m\nis {names} here");
        let found = found(&text);
        assert_eq!(found.left_out.len(), 1, "{names}");
        assert_eq!(
            (found.left_out[0].line, found.left_out[0].what.as_str()),
            (2, "is")
        );
        assert_eq!(found.accounts[0].deliver, [], "{names}");
        assert!(!found.accounts[0].enabled, "{names}");
    }
    let text = "defaults to * poll a proto pop3 user x is b here";
    assert!(!found(text).accounts[0].enabled);
}

#[test]
fn the_user_of_this_machine_may_be_named_by_the_environment() {
    let named = |name: &str| (name == "FETCHMAILUSER").then(|| "joe".to_owned());
    let around = crate::import::Surroundings {
        variable: &named,
        ..super::around(std::path::Path::new("/home/me"))
    };
    let text = "poll a proto pop3 user x mda 'm %T'";
    let found = super::understand(std::path::Path::new("rc"), text, &around);
    assert_eq!(found.accounts[0].deliver, pipe(&["m", "joe"]));
    assert_eq!(account(text).deliver, pipe(&["m", "me"]));
}
