//! What the options of servers and users come to, and what is said of those that come to nothing.

use std::path::PathBuf;
use std::time::Duration;

use super::super::vocabulary::{self, Takes};
use super::{account, found, left, left_out, with};
use crate::import::{Leave, Proof, Tls};
use crate::mail::Octets;

#[test]
fn the_connection_is_protected_as_it_was_or_better() {
    for (server, user, tls, port) in [
        ("", "ssl", Tls::Implicit, None),
        ("service pop3s", "ssl", Tls::Implicit, Some(995)),
        ("port 2995", "ssl", Tls::Implicit, Some(2995)),
        ("", "", Tls::StartTls, None),
        ("service pop3", "sslproto auto", Tls::StartTls, Some(110)),
        ("", "no ssl", Tls::StartTls, None),
        ("port 995", "", Tls::Implicit, Some(995)),
        ("", "ssl sslproto ''", Tls::Implicit, None),
        ("via localhost", "sslproto ''", Tls::None, None),
        ("via 127.0.0.1", "sslproto tls1.2+", Tls::StartTls, None),
    ] {
        let account = with(server, user);
        assert_eq!((account.tls, account.port), (tls, port), "{server} {user}");
    }
}

#[test]
fn what_would_make_it_weaker_is_left_out() {
    for (user, what) in [
        ("sslproto ''", "sslproto ''"),
        ("ssl no sslcertck", "no sslcertck"),
        ("ssl sslproto TLS1", "sslproto tls1"),
        ("ssl sslfingerprint 'AA:BB'", "sslfingerprint AA:BB"),
        ("ssl sslcommonname cn", "sslcommonname cn"),
        ("ssl sslcertpath p", "sslcertpath p"),
    ] {
        let text = format!("poll a proto pop3\nuser x {user}");
        assert_eq!(left_out(&text), [left(2, what)]);
        assert_ne!(found(&text).accounts[0].tls, Tls::None);
    }
    assert_eq!(with("", "ssl sslcertck").tls, Tls::Implicit);
}

#[test]
fn files_are_below_the_home_folder() {
    let account = with("", "ssl sslcertfile ~/ca.pem sslcert c.pem sslkey /k.pem");
    assert_eq!(account.ca_file, Some(PathBuf::from("/home/me/ca.pem")));
    assert_eq!(account.client_cert, Some(PathBuf::from("/home/me/c.pem")));
    assert_eq!(account.client_key, Some(PathBuf::from("/k.pem")));
    // One file may hold both.
    let account = with("", "ssl sslcert '$HOME/both.pem'");
    assert_eq!(account.client_key, Some(PathBuf::from("/home/me/both.pem")));
    assert_eq!(account.client_key, account.client_cert);
}

#[test]
fn the_server_is_what_via_says_and_the_name_is_the_label() {
    let account = account("poll work via pop.example proto pop3 user joe@example.org");
    assert_eq!(
        (account.host.as_str(), account.name.as_str()),
        ("pop.example", "work")
    );
}

#[test]
fn accounts_of_one_label_are_named_for_their_users() {
    let found = found(
        "poll pop proto pop3 user a@x.y user b\npoll pop proto pop3 user c\npoll other proto pop3",
    );
    let names: Vec<_> = found
        .accounts
        .iter()
        .map(|account| account.name.as_str())
        .collect();
    assert_eq!(names, ["a@x.y", "b@pop", "c@pop", "other"]);
}

#[test]
fn limits_and_times_are_carried_over_and_0_is_none() {
    let account = with("timeout 45", "limit 100000 fetchlimit 30");
    assert_eq!(account.timeout, Some(Duration::from_secs(45)));
    assert_eq!(account.max_size, Some(Octets(100_000)));
    assert_eq!(account.max_messages, Some(30));
    let account = with("", "limit 0 fetchlimit 0");
    assert_eq!((account.max_size, account.max_messages), (None, None));
    assert_eq!(
        left_out("poll a timeout 0 proto pop3"),
        [left(1, "timeout 0")]
    );
}

#[test]
fn what_is_deleted_is_told_from_what_is_kept() {
    let leave = |user: &str| {
        let account = with("", user);
        (account.leave, account.leave_is_default)
    };
    assert_eq!(leave(""), (Leave::Nothing, true));
    assert_eq!(leave("nokeep"), (Leave::Nothing, false));
    assert_eq!(leave("keep"), (Leave::All, false));
    assert_eq!(
        left_out("poll a proto pop3 user x keep\nflush\nlimitflush\nfetchall\nno fetchall"),
        [left(2, "flush"), left(3, "limitflush"), left(4, "fetchall")]
    );
}

#[test]
fn ways_to_log_in_are_translated_or_named() {
    for (server, auth) in [
        ("auth any", None),
        ("auth password", Some("user-pass")),
        ("authenticate cram-md5", Some("cram-md5")),
        ("auth external", Some("external")),
        ("auth oauthbearer", Some("oauthbearer")),
        ("preauth xoauth2", Some("xoauth2")),
    ] {
        assert_eq!(with(server, "").auth, auth, "{server}");
    }
    assert_eq!(account("poll a proto apop user x").auth, Some("apop"));
    for auth in [
        "otp",
        "ntlm",
        "msn",
        "ssh",
        "gssapi",
        "kerberos",
        "kerberos_v4",
        "kerberos_v5",
    ] {
        let text = format!("poll a\nauth {auth} proto pop3 user x");
        assert_eq!(left_out(&text), [left(2, &format!("auth {auth}"))]);
    }
    assert_eq!(
        left_out("poll a auth hunter2 proto pop3"),
        [left(1, "auth")]
    );
}

#[test]
fn a_password_may_come_of_a_command() {
    let argv = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        with("", "passwordeval 'pass show \"x y\"'").proof,
        Proof::Command(argv(&["pass", "show", "x y"]))
    );
    assert_eq!(
        with("", "passwordeval 'pass x | head -1'").proof,
        Proof::Command(argv(&["sh", "-c", "pass x | head -1"]))
    );
    assert_eq!(
        with("auth xoauth2", "passwordeval 'oama access me'").proof,
        Proof::Token(argv(&["oama", "access", "me"]))
    );
    assert_eq!(with("", "pass ''").proof, Proof::Unstated);
    assert_eq!(
        left_out(r#"poll a proto pop3 user x pass "\233""#),
        [left(1, "pass")]
    );
}

#[test]
fn other_protocols_are_left_out_by_name() {
    for protocol in ["imap", "IMAP", "pop2", "etrn", "odmr", "rpop", "kpop"] {
        let found = found(&format!("poll pop.example\nproto {protocol} user x user y"));
        assert_eq!(found.accounts, []);
        // Once for both users.
        assert_eq!(found.left_out.len(), 1, "{:?}", found.left_out);
        assert_eq!(found.left_out[0].line, 2);
        assert!(found.left_out[0].why.starts_with("account pop.example: "));
    }
}

#[test]
fn without_a_protocol_it_is_pop3_unless_it_looks_like_imap() {
    for text in [
        "poll pop.example user x",
        "poll a proto auto user x",
        "poll imap.example port 110 user x",
    ] {
        assert_eq!(account(text).user, "x");
    }
    assert!(account("poll a user x").remarks[0].contains("IMAP first"));
    assert!(
        account("poll a port 995 user x ssl")
            .remarks
            .iter()
            .all(|it| !it.contains("IMAP"))
    );
    for text in [
        "poll imap.example user x",
        "poll a service imaps user x",
        "poll a port 143 user x",
    ] {
        assert_eq!(found(text).accounts, [], "{text}");
        assert_eq!(left_out(text), [left(1, "protocol auto")]);
    }
}

#[test]
fn an_account_behind_a_command_rests() {
    let found = found("poll a\nplugin 'ssh %h nc %p' proto pop3 user x");
    assert!(!found.accounts[0].enabled);
    assert_eq!(found.left_out[0].what, "plugin");
    assert!(
        found.accounts[0]
            .remarks
            .iter()
            .any(|it| it.contains("plugin"))
    );
}

#[test]
fn a_command_after_the_session_is_run_after_new_mail() {
    let account = with("", "postconnect 'notmuch new'");
    assert_eq!(
        account.after_sync,
        Some(vec!["notmuch".to_owned(), "new".to_owned()])
    );
    assert_eq!(
        left_out("poll a proto pop3 user x\npreconnect 'a b'"),
        [left(2, "preconnect")]
    );
}

#[test]
fn every_keyword_is_carried_over_or_named_with_a_reason() {
    for keyword in vocabulary::all() {
        for spelling in keyword.spellings {
            let value = match keyword.takes {
                Takes::Nothing => "",
                Takes::Number | Takes::Numbers => "7",
                Takes::Skipping => "1 word",
                Takes::Choice => match keyword.spellings[0] {
                    "protocol" => "pop3",
                    "service" => "110",
                    _ => "password",
                },
                _ => "word",
            };
            let of_server = keyword.is_of_server();
            let (server, user) = if of_server {
                ("", "user u")
            } else {
                ("user u", "")
            };
            let said = found(&format!("poll a.b {server} {spelling} {value} {user}"));
            let silent = found(&format!("poll a.b {server} {user}"));
            let changed = said.accounts != silent.accounts || said.left_out != silent.left_out;
            let already = ["uidl", "sslcertck", "sslproto", "smtpaddress"].contains(spelling);
            assert!(changed || already, "{spelling}");
            assert!(
                said.left_out
                    .iter()
                    .all(|left| !left.why.contains("no such")),
                "{spelling}: {said:?}"
            );
        }
    }
}
