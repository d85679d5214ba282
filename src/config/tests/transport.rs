//! The keys of the way to the server and of this client's certificate.

use super::*;

#[test]
fn a_client_certificate_and_its_key_stand_together() {
    let config = finished(
        "
        [defaults]
        tls-client-cert = 'shared.pem'
        tls-client-key = 'shared.key'
        user = 'me'
        deliver = { maildir = 'Mail' }
        [accounts.shared]
        host = 'a.example'
        [accounts.own]
        host = 'b.example'
        tls-client-cert = 'own.pem'
        ",
    );
    let clients = config.unwrap().accounts.into_iter();
    let clients: Vec<_> = clients.filter_map(|a| a.endpoint.client).collect();
    let path = |name: &str| Path::new("/etc/popfetch").join(name);
    assert_eq!(clients[0].chain, path("shared.pem"));
    assert_eq!(clients[0].key, Some(path("shared.key")));
    assert_eq!(
        (&clients[1].chain, &clients[1].key),
        (&path("own.pem"), &None)
    );
    let alone = about("tls-client-key = 'me.key'");
    assert!(alone.contains("without `tls-client-cert`"), "{alone}");
    let idle = about("tls = 'none'\nallow-cleartext = true\ntls-client-cert = 'me.pem'");
    assert!(
        idle.contains("`tls-client-cert` means nothing with"),
        "{idle}"
    );
}

#[test]
fn a_source_address_and_an_ip_version_must_agree() {
    let source = "source-address = '2001:db8::1'";
    let report = about(&format!("{source}\nip-version = 4"));
    assert!(report.contains("no IPv4 address"), "{report}");
    let way = with(&format!("{source}\nip-version = 6")).endpoint.way;
    assert_eq!(way.family, Some(Family::V6));
    for line in ["ip-version = 5", "ip-version = '4'", "ip-version = true"] {
        assert!(about(line).contains("`ip-version` takes 4 or 6"), "{line}");
    }
    let report = about("source-address = 'eth0'");
    assert!(report.contains("`source-address` takes"), "{report}");
}

#[test]
fn a_proxys_own_host_is_not_this_one() {
    let local = "host = 'localhost'\ntls = 'none'";
    with(local);
    let report = about(&format!("{local}\nproxy = 'socks5://proxy.example'"));
    assert!(report.contains("unprotected to localhost"), "{report}");
    let account = format!("{local}\nproxy = 'socks5://proxy.example'\nallow-cleartext = true");
    assert!(with(&account).endpoint.way.proxy.is_some());
}

#[test]
fn an_account_may_go_without_the_proxy_of_the_defaults() {
    let config = finished(
        "
        [defaults]
        proxy = 'socks5://localhost'
        user = 'me'
        deliver = { maildir = 'Mail' }
        [accounts.through]
        host = 'a.example'
        [accounts.past]
        host = 'b.example'
        proxy = 'none'
        ",
    );
    let accounts = config.unwrap().accounts;
    assert!(accounts[0].endpoint.way.proxy.is_some());
    assert!(accounts[1].endpoint.way.proxy.is_none());
}

#[test]
fn a_proxys_password_is_a_secret_of_the_file() {
    let text = complete("proxy = 'socks5://me:hunter2@proxy.example'");
    let source = |mode| file::Source {
        path: "/etc/popfetch/config.toml".into(),
        text: Secret::new(text.clone()),
        mode: Some(mode),
    };
    let error = finish(source(0o640), Path::new("/home/me")).unwrap_err();
    assert!(matches!(error, Error::Exposed { .. }), "{error}");
    let config = finish(source(0o600), Path::new("/home/me")).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    for line in [
        "proxy = 'socks5:/me:hunter2@proxy.example'",
        "proxi = 'me:hunter2@proxy.example'",
        "proxy = 'socks5://me:hunter2@proxy.example' x",
        "proxy = 'socks5:/me:hunter2@proxy.example\nhost = \"x\"",
        "proxy = { a = 'me:hunter2@proxy.example' }",
    ] {
        let report = about(line);
        assert!(!report.contains("hunter2"), "{report}");
    }
}
