//! What a file says and what comes of it, from end to end.

mod deliver;
mod excerpts;
mod files;
mod login;
mod tables;
mod transport;
mod values;

use std::time::Duration;

use super::*;
use crate::credentials::Source;
use crate::delivery::Destination;
use crate::mail::Octets;
use crate::plan::Limits;
use crate::pop3::{ClientCertificate, Endpoint, Family, Pipelining, Proxy, Security, Trust, Way};
use crate::retention::Policy;
use crate::secret::Secret;

/// What `/etc/popfetch/config.toml` with this text comes to.
fn finished(text: &str) -> Result<Config, Error> {
    let source = file::Source {
        path: "/etc/popfetch/config.toml".into(),
        text: Secret::new(text),
        mode: Some(0o600),
    };
    finish(source, Path::new("/home/me"))
}

/// What a person sees of the problems in this text.
fn report(text: &str) -> String {
    finished(text).unwrap_err().to_string()
}

/// The problem of one line in an account that is right but for that.
fn about(line: &str) -> String {
    report(&complete(line))
}

/// The account that this line in one makes.
fn with(line: &str) -> Account {
    let mut config = finished(&complete(line)).unwrap();
    assert_eq!(config.accounts.len(), 1);
    config.accounts.remove(0)
}

/// The line, and what an account needs as well.
fn complete(line: &str) -> String {
    let mut text = format!("[accounts.work]\n{line}\n");
    for needed in [
        "host = 'pop.example.com'",
        "user = 'me'",
        "deliver.maildir = '/mail'",
    ] {
        let key = needed.split([' ', '.']).next().unwrap();
        if !line.starts_with(key) {
            text.push_str(needed);
            text.push('\n');
        }
    }
    text
}

#[test]
fn the_smallest_configuration_gets_what_is_safe_and_usual() {
    let config = finished(error::EXAMPLE).unwrap();
    let expected = Account {
        provider: None,
        name: "work".to_owned(),
        endpoint: Endpoint {
            host: "pop.example.com".to_owned(),
            port: 995,
            security: Security::Implicit(Trust::System),
            client: None,
            way: Way::default(),
            timeout: Duration::from_secs(60),
        },
        user: "me@example.com".to_owned(),
        auth: crate::pop3::Auth::Auto,
        need: crate::pop3::Need::Password,
        secret: Source::Unstated,
        destinations: vec![Destination::Maildir("/home/me/Mail/work".into())],
        retention: Policy::Keep,
        limits: Limits::default(),
        pipelining: Pipelining::Auto,
        after_sync: None,
        enabled: true,
    };
    assert_eq!(config.path, Path::new("/etc/popfetch/config.toml"));
    assert_eq!(config.accounts, [expected]);
}

#[test]
fn every_key_reaches_the_account() {
    let fingerprint = format!("sha256:{}", "0a".repeat(32));
    let config = finished(&format!(
        r#"
        [accounts.work]
        host = "localhost"
        port = 1110
        tls = "starttls"
        allow-cleartext = false
        tls-fingerprint = "{fingerprint}"
        tls-client-cert = "me.pem"
        tls-client-key = "~/me.key"
        proxy = "socks5://[::1]"
        source-address = "192.0.2.1"
        ip-version = 4
        timeout = "1m 30s"
        user = "me"
        password-command = "pass show 'mail work'"
        deliver = {{ maildir = "Mail" }}
        leave-on-server = "14d"
        max-size = "25 MiB"
        max-messages = 1_000
        pipelining = false
        after-sync = "~/bin/notify 'new mail'"
        enabled = false
        "#
    ));
    let expected = Account {
        provider: None,
        name: "work".to_owned(),
        endpoint: Endpoint {
            host: "localhost".to_owned(),
            port: 1110,
            security: Security::StartTls(Trust::Pinned(fingerprint.parse().unwrap())),
            client: Some(ClientCertificate {
                chain: "/etc/popfetch/me.pem".into(),
                key: Some("/home/me/me.key".into()),
            }),
            way: Way {
                proxy: Some(Proxy {
                    host: "::1".to_owned(),
                    port: 1080,
                    login: None,
                }),
                source: Some("192.0.2.1".parse().unwrap()),
                family: Some(Family::V4),
            },
            timeout: Duration::from_secs(90),
        },
        user: "me".to_owned(),
        auth: crate::pop3::Auth::Auto,
        need: crate::pop3::Need::Password,
        secret: Source::Command(["pass", "show", "mail work"].map(str::to_owned).into()),
        destinations: vec![Destination::Maildir("/etc/popfetch/Mail".into())],
        retention: Policy::KeepFor(Duration::from_secs(14 * 24 * 60 * 60)),
        limits: Limits {
            max_size: Some(Octets(25 << 20)),
            max_messages: Some(1000),
            ..Limits::default()
        },
        pipelining: Pipelining::Never,
        after_sync: Some(crate::delivery::Program {
            argv: ["/home/me/bin/notify", "new mail"]
                .map(str::to_owned)
                .into(),
            unix_from: false,
            timeout: Duration::from_secs(300),
        }),
        enabled: false,
    };
    assert_eq!(config.unwrap().accounts, [expected]);
}

#[test]
fn a_key_that_is_listed_is_known_and_every_other_is_not() {
    for key in ACCOUNT_KEYS {
        let report = about(&format!("{key} = 1979-05-27"));
        assert!(report.contains(&format!("`{key}` takes ")), "{report}");
    }
    for key in ["on-new-mail", "folder", "client-id"] {
        let report = about(&format!("{key} = 1"));
        assert!(report.contains(&format!("unknown key `{key}`")), "{report}");
    }
}

#[test]
fn the_example_of_each_key_is_right() {
    for key in ACCOUNT_KEYS.iter().filter(|key| **key != "tls-fingerprint") {
        let example = takes::takes(key).example;
        with(&match *key {
            "tls-client-key" => format!("{example}\ntls-client-cert = 'me.pem'"),
            _ => example.to_owned(),
        });
    }
}

#[test]
fn an_accounts_own_value_wins_over_the_defaults() {
    let config = finished(
        "
        [defaults]
        user = 'me'
        timeout = '10s'
        leave-on-server = false
        deliver.maildir = '~'
        [accounts.a]
        host = 'a.example'
        [accounts.b]
        host = 'b.example'
        user = 'you'
        leave-on-server = true
        ",
    )
    .unwrap();
    let [a, b] = &config.accounts[..] else {
        panic!("{config:?}")
    };
    assert_eq!((&*a.user, a.retention), ("me", Policy::Delete));
    assert_eq!((&*b.user, b.retention), ("you", Policy::Keep));
    assert_eq!(b.endpoint.timeout, Duration::from_secs(10));
}

#[test]
fn an_accounts_own_source_wins_over_any_of_the_defaults() {
    let source = |defaults: &str, own: &str| {
        let text = format!("[defaults]\n{defaults}\n{}", complete(own));
        finished(&text).unwrap().accounts.remove(0).secret
    };
    let file = Source::File("/etc/popfetch/secret".into());
    assert_eq!(source("password = 'x'", "password-file = 'secret'"), file);
    assert_eq!(
        source("password = 'x'", ""),
        Source::Literal(Secret::new("x"))
    );
}

#[test]
fn an_accounts_own_word_on_trust_wins_over_any_of_the_defaults() {
    let pin = format!("tls-fingerprint = 'sha256:{}'", "0a".repeat(32));
    let security = |own: &str| {
        let text = format!("[defaults]\n{pin}\n{}", complete(own));
        finished(&text)
            .unwrap()
            .accounts
            .remove(0)
            .endpoint
            .security
    };
    let bundle = Trust::Bundle("/home/me/ca.pem".into());
    assert_eq!(
        security("tls-ca-file = '~/ca.pem'"),
        Security::Implicit(bundle)
    );
    assert!(matches!(security(""), Security::Implicit(Trust::Pinned(_))));
    // The defaults are for the accounts that ask for certificates.
    assert_eq!(security("host = '::1'\ntls = 'none'"), Security::Cleartext);
}

#[test]
fn the_port_follows_from_the_protection() {
    let port = |line: &str| with(line).endpoint.port;
    assert_eq!(port("tls = 'implicit'"), 995);
    assert_eq!(port("tls = 'starttls'"), 110);
    assert_eq!(port("tls = 'none'\nallow-cleartext = true"), 110);
    assert_eq!(port("port = 110"), 110);
    assert_eq!(port("tls = 'starttls'\nport = 995"), 995);
}

#[test]
fn accounts_keep_the_files_order_and_are_found_by_name() {
    let account = |name: &str| {
        format!("[accounts.{name}]\nhost='{name}.example'\nuser='me'\ndeliver.maildir='m'\n")
    };
    let config = finished(&["work", "alpha", "home"].map(account).concat()).unwrap();
    let names: Vec<&str> = config.accounts.iter().map(|a| &*a.name).collect();
    assert_eq!(names, ["work", "alpha", "home"]);
    assert_eq!(config.account("home").unwrap().name, "home");
    assert_eq!(config.account("hom"), None);
    assert_eq!(config.nearest("hoem"), Some("home"));
    assert_eq!(config.nearest("elsewhere"), None);
}
