//! What the lines of an account mean.

use std::net::IpAddr;
use std::time::Duration;

use super::super::super::{Leave, Proof, Tls};
use super::{account, corpus, left_out, maildir, mbox, pipe};
use crate::mail::Octets;
use crate::secret::Secret;

#[test]
fn what_tls_trusts_is_carried_over_where_it_is_safe() {
    let found = corpus("tls.rc");
    let tls = |name: &str| account(&found, name).tls;
    assert_eq!(
        (tls("system"), tls("implicit"), tls("off")),
        (Tls::StartTls, Tls::Implicit, Tls::None)
    );
    let trust = |name: &str| {
        let account = account(&found, name);
        (account.ca_file.clone(), account.fingerprint.clone())
    };
    assert_eq!(trust("system"), (None, None));
    assert_eq!(trust("file"), (Some("/home/me/ca.pem".into()), None));
    let pin = format!(
        "sha256:{}{}",
        "00112233445566778899aabbccddeeff".repeat(2),
        ""
    );
    assert_eq!(trust("sha256"), (None, Some(pin)));
    for name in ["sha1", "md5", "unpinned", "unchecked"] {
        assert_eq!(trust(name), (None, None), "{name}");
    }
    let client = account(&found, "client");
    assert_eq!(client.client_cert, Some("/home/me/me.crt".into()));
    assert_eq!(client.client_key, Some("/home/keys/me.key".into()));
    assert_eq!(client.auth, Some("external"));
    assert_eq!(client.remarks, [""; 0]);
    assert_eq!(account(&found, "card").client_cert, None);
    let lines: Vec<usize> = found.left_out.iter().map(|one| one.line).collect();
    assert_eq!(lines, [17, 23, 26, 37, 38, 41, 42, 46, 47, 48, 49]);
}

#[test]
fn ways_to_log_in_have_popfetchs_names() {
    let found = corpus("auth.rc");
    for (name, auth) in [
        ("on", None),
        ("bare", None),
        ("user", Some("user-pass")),
        ("plain", Some("plain")),
        ("login", Some("login")),
        ("apop", Some("apop")),
        ("cram-md5", Some("cram-md5")),
        ("scram-sha-1", Some("scram-sha-1")),
        ("scram-sha-256", Some("scram-sha-256")),
        ("scram-sha-1-plus", None),
        ("ntlm", None),
        ("gssapi", None),
        ("external", Some("external")),
        ("xoauth2", Some("xoauth2")),
        ("oauthbearer", Some("oauthbearer")),
    ] {
        let found = account(&found, name).auth;
        assert_eq!(found, auth, "{name}");
        if let Some(auth) = auth {
            assert!(auth.parse::<crate::pop3::Auth>().is_ok(), "{auth}");
        }
    }
    let token = ["oama", "access", "me@example.org"].map(str::to_owned);
    assert_eq!(account(&found, "xoauth2").proof, Proof::Token(token.into()));
}

#[test]
fn a_password_counts_before_a_command_and_neither_is_shown() {
    let found = corpus("passwords.rc");
    let proof = |name: &str| account(&found, name).proof.clone();
    let password = Proof::Password(Secret::new("hunter2"));
    let pass = |name: &str| Proof::Command(["pass", "show", name].map(str::to_owned).into());
    assert_eq!((proof("here"), proof("both")), (password.clone(), password));
    assert_eq!(proof("command"), pass("mail/command"));
    assert_eq!(proof("unset"), pass("mail/both"));
    let shell = ["sh", "-c", "gpg -q -d ~/.pw.gpg | head -1"].map(str::to_owned);
    assert_eq!(proof("shell"), Proof::Command(shell.into()));
    for name in ["neither", "unset2", "token", "notoken"] {
        let account = account(&found, name);
        assert_eq!(account.proof, Proof::Unstated, "{name}");
        assert_eq!(account.remarks.len(), 1, "{name}");
    }
    for name in ["passwords.rc", "eval.rc", "wrong.rc"] {
        let shown = format!("{:?}", corpus(name));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn mail_goes_where_mpop_put_it() {
    let found = corpus("delivery.rc");
    let deliver = |name: &str| account(&found, name).deliver.clone();
    let procmail = r#"/usr/bin/procmail -f "${POPFETCH_SENDER:-MAILER-DAEMON}" -d $USER"#;
    assert_eq!(deliver("procmail"), pipe(["sh", "-c", procmail]));
    let plain = ["/usr/bin/procmail", "-m", "/home/me/rc file"];
    assert_eq!(deliver("plain"), pipe(plain));
    let filtered = "spamc | mpop --delivery=maildir,~/Mail --mda";
    assert_eq!(deliver("filtered"), pipe(["sh", "-c", filtered]));
    let remarks = &account(&found, "filtered").remarks;
    assert!(remarks.iter().any(|remark| remark.contains("mpop itself")));
    assert_eq!(deliver("maildir"), maildir("/home/me/Mail/incoming"));
    assert_eq!(deliver("mbox"), mbox("/var/mail/me"));
    assert_eq!(deliver("relative"), mbox("/home/me/Mail/inbox"));
    // So it is: mpop looks up no other user's home.
    assert_eq!(deliver("odd"), maildir("/home/mebackup/Mail"));
    assert_eq!(deliver("exchange"), []);
    assert_eq!(deliver("twice"), maildir("/home/me/second"));
    let expected = [
        (36, r"delivery exchange c:\exchange\pickup"),
        (41, "account template"),
    ];
    assert_eq!(left_out(&found), expected);
}

#[test]
fn what_stays_on_the_server_is_what_mpop_left_there() {
    let found = corpus("retention.rc");
    let hours = |hours: u64| Leave::For(Duration::from_secs(hours * 3600));
    for (name, leave, is_default) in [
        ("said-nothing", Leave::Nothing, true),
        ("bare", Leave::All, false),
        ("on", Leave::All, false),
        ("off", Leave::Nothing, false),
        ("days", hours(36), false),
        ("minutes", hours(2), false),
    ] {
        let account = account(&found, name);
        assert_eq!(
            (account.leave, account.leave_is_default),
            (leave, is_default),
            "{name}"
        );
    }
    let size = |name: &str| account(&found, name).max_size;
    assert_eq!(size("sizes"), Some(Octets(500 * 1024)));
    assert_eq!(
        (size("octets"), size("nosize")),
        (Some(Octets(70_000)), None)
    );
    let expected = [
        (24, "killsize 10m"),
        (26, "only_new off"),
        (27, "received_header on"),
        (39, "filter"),
        (46, "killsize 0"),
    ];
    assert_eq!(left_out(&found), expected);
}

#[test]
fn the_way_to_the_server_is_the_same() {
    let found = corpus("network.rc");
    let proxy = |name: &str| account(&found, name).proxy.as_deref();
    assert_eq!(proxy("tor"), Some("socks5://127.0.0.1:9050"));
    assert_eq!(proxy("default-port"), Some("socks5://proxy.example:1080"));
    assert_eq!(proxy("six"), Some("socks5://[::1]:9050"));
    assert_eq!(proxy("direct"), None);
    let source = |name: &str| account(&found, name).source_address;
    let address = |text: &str| text.parse::<IpAddr>().ok();
    assert_eq!(source("direct"), address("192.0.2.1"));
    assert_eq!(source("home"), address("2001:db8::1"));
    assert_eq!((source("link"), source("tor")), (None, None));
    assert_eq!(account(&found, "direct").port, Some(1995));
    assert_eq!(
        account(&found, "home").timeout,
        Some(Duration::from_secs(90))
    );
    assert_eq!(account(&found, "link").timeout, None);
    let pipelining = |name: &str| account(&found, name).pipelining;
    assert_eq!(
        (pipelining("home"), pipelining("commands")),
        (Some(true), Some(true))
    );
    assert_eq!(
        (pipelining("link"), pipelining("unix")),
        (Some(false), None)
    );
    let expected = [
        (28, "source_ip fe80::1%eth0"),
        (29, "timeout off"),
        (33, "socket /run/pop3"),
    ];
    assert_eq!(left_out(&found), expected);
}
