//! How an account logs in: providers, mechanisms, and where passwords and tokens come from.

use super::*;
use crate::credentials::oauth2::{Client, ClientSecret};
use crate::pop3::{Auth, Mechanism, Need};

/// The account of a file with these lines and a place for its mail.
fn account(lines: &str) -> Account {
    let text = format!("[accounts.work]\n{lines}\ndeliver.maildir = '/mail'");
    finished(&text).unwrap().accounts.remove(0)
}

/// The client of an account that logs in by OAuth2.
fn client(lines: &str) -> Client {
    match account(lines).secret {
        Source::OAuth2(client) => *client,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_provider_fills_in_the_server_and_the_users_form() {
    let gmail = account("provider = 'gmail'\nuser = 'me@gmail.com'");
    assert_eq!(gmail.endpoint.server(), "pop.gmail.com");
    assert_eq!(gmail.endpoint.port, 995);
    assert_eq!(gmail.endpoint.security, Security::Implicit(Trust::System));
    assert_eq!(
        (gmail.user.as_str(), gmail.provider),
        ("me@gmail.com", Some("gmail"))
    );
    let web = account("provider = 'web-de'\nuser = 'me@web.de'");
    assert_eq!(web.user, "me");
    let tim = account("provider = 'tim'\nuser = 'me@tim.it'");
    assert_eq!(tim.endpoint.security, Security::StartTls(Trust::System));
    assert_eq!(tim.endpoint.port, 110);
}

#[test]
fn what_an_account_says_itself_wins_over_its_provider_and_that_over_the_defaults() {
    let own = account(
        "provider = 'gmail'\nuser = 'a@gmail.com'\nhost = 'tunnel'\nport = 1\ntls = 'starttls'",
    );
    assert_eq!(
        (own.endpoint.host.as_str(), own.endpoint.port),
        ("tunnel", 1)
    );
    assert_eq!(own.endpoint.security, Security::StartTls(Trust::System));
    let text = "[defaults]\nhost = 'other'\nport = 1\ntls = 'starttls'\n[accounts.a]\nprovider = 'gmail'\nuser = 'a@gmail.com'\ndeliver.maildir = '/mail'";
    let endpoint = finished(text).unwrap().accounts.remove(0).endpoint;
    assert_eq!(
        (endpoint.host.as_str(), endpoint.port),
        ("pop.gmail.com", 995)
    );
    assert_eq!(endpoint.security, Security::Implicit(Trust::System));
}

#[test]
fn the_defaults_provider_is_not_that_of_an_account_with_a_host_of_its_own() {
    let text = "[defaults]\nprovider = 'tim'\ndeliver.maildir = '/mail'\n[accounts.a]\nhost = 'pop.example.com'\nuser = 'me@example.com'\n[accounts.b]\nuser = 'me@tim.it'";
    let accounts = finished(text).unwrap().accounts;
    let (other, tim) = (&accounts[0], &accounts[1]);
    assert_eq!(other.provider, None);
    assert_eq!(other.endpoint.security, Security::Implicit(Trust::System));
    assert_eq!(tim.provider, Some("tim"));
    assert_eq!(tim.endpoint.security, Security::StartTls(Trust::System));
    // Nor are its addresses those that another provider's secrets go to.
    let text = "[defaults]\nprovider = 'outlook'\noauth = { client-id = 'x' }\ndeliver.maildir = '/mail'\n[accounts.a]\nhost = 'pop.example.com'\nuser = 'me'";
    let said = finished(text).unwrap_err().to_string();
    assert!(said.contains("`oauth` lacks `authorization-url`"), "{said}");
}

#[test]
fn a_known_server_is_recognised_without_its_providers_key() {
    let lines = "host = 'POP.gmail.com'\nuser = 'recent:me@gmail.com'";
    assert_eq!(account(lines).provider, Some("gmail"));
    assert_eq!(with("enabled = true").provider, None);
}

#[test]
fn a_provider_without_pop3_and_an_unknown_one_are_told() {
    let none = about("provider = 'proton'");
    assert!(
        none.contains("Proton Mail cannot be fetched from"),
        "{none}"
    );
    let unknown = about("provider = 'Gmial'");
    assert!(unknown.contains("did you mean `\"gmail\"`?"), "{unknown}");
}

#[test]
fn a_mechanism_gets_what_it_needs_or_the_file_is_wrong() {
    assert_eq!(
        with("auth = 'cram-md5'").auth,
        Auth::Only(Mechanism::CramMd5)
    );
    for word in ["xoauth2", "oauthbearer"] {
        let report = about(&format!("auth = '{word}'\npassword = 'hunter2'"));
        assert!(report.contains("set `token-command`"), "{report}");
        let account = with(&format!(
            "auth = '{word}'\ntoken-command = 'oama access me'"
        ));
        assert_eq!(account.need, Need::Token);
    }
    let report = about("auth = 'plain'\ntoken-command = 'oama'");
    assert!(report.contains("leave `auth` out"), "{report}");
    let report = about("auth = 'external'");
    assert!(report.contains("set `tls-client-cert`"), "{report}");
    let account = with("auth = 'external'\ntls-client-cert = 'me.pem'");
    assert_eq!(
        (account.need, account.secret),
        (Need::Certificate, Source::NotNeeded)
    );
}

#[test]
fn a_token_is_what_an_account_with_a_token_command_logs_in_with() {
    let account = with("token-command = ['oama', 'access', 'me']");
    assert_eq!((account.auth, account.need), (Auth::Auto, Need::Token));
    let argv = ["oama", "access", "me"].map(str::to_owned);
    assert_eq!(account.secret, Source::TokenCommand(argv.into()));
    let both = about("token-command = 'oama'\npassword = 'hunter2'");
    assert!(
        both.contains("are both given") && !both.contains("hunter2"),
        "{both}"
    );
}

#[test]
fn a_client_is_completed_by_what_is_known_of_the_provider() {
    let google = client(
        "provider = 'gmail'\nuser = 'me@gmail.com'\noauth = { client-id = 'x', client-secret = 'hunter2' }",
    );
    assert_eq!(google.token_url, "https://oauth2.googleapis.com/token");
    assert_eq!(google.device_url, None);
    assert!(
        google
            .parameters
            .contains(&("access_type".to_owned(), "offline".to_owned()))
    );
    assert_eq!(
        google.secret,
        Some(ClientSecret::Literal(Secret::new("hunter2")))
    );
    let microsoft = |tenant: &str| {
        client(&format!(
            "provider = 'outlook'\nuser = 'me@outlook.com'\noauth = {{ client-id = 'x'{tenant} }}"
        ))
    };
    let base = "https://login.microsoftonline.com";
    assert_eq!(
        microsoft("").token_url,
        format!("{base}/common/oauth2/v2.0/token")
    );
    let own = microsoft(", tenant = 'example.com', scope = 's'");
    assert_eq!(
        own.authorisation_url,
        format!("{base}/example.com/oauth2/v2.0/authorize")
    );
    assert_eq!(
        (own.scope.as_str(), own.redirect_host.as_str()),
        ("s", "localhost")
    );
}

#[test]
fn a_client_that_is_not_whole_is_told_what_it_lacks() {
    for (line, lack) in [
        ("oauth = {}", "`client-id`"),
        (
            "oauth = { client-id = 'x' }",
            "`authorization-url`, `token-url`, `scope`",
        ),
        (
            "provider = 'gmail'\noauth = { client-id = 'x' }",
            "`client-secret-command`",
        ),
    ] {
        let report = about(line);
        assert!(
            report.contains(&format!("`oauth` lacks {lack}")),
            "{report}"
        );
    }
    for url in [
        "http://example.com",
        "http://localhost.example.com",
        "ftp://x",
        "",
    ] {
        let report = about(&format!(
            "oauth = {{ client-id = 'x', token-url = '{url}' }}"
        ));
        assert!(
            report.contains("`token-url` takes an https address") || url.is_empty(),
            "{report}"
        );
    }
}

#[test]
fn a_client_at_home_needs_no_tls_and_no_preset() {
    let lines = "host = 'localhost'\nuser = 'me'\noauth = { client-id = 'x', authorization-url = 'http://127.0.0.1:1/a', token-url = 'http://localhost:1/t', scope = 's' }";
    let client = client(lines);
    assert_eq!(client.authorisation_url, "http://127.0.0.1:1/a");
    assert_eq!(client.redirect_host, "127.0.0.1");
}

#[test]
fn the_clients_secret_is_kept_to_its_owner() {
    let text = complete("oauth = { client-id = 'x', client-secret = 'hunter2', token-url = 1 }");
    assert!(!report(&text).contains("hunter2"));
    let text =
        complete("provider = 'gmail'\noauth = { client-id = 'x', client-secret = 'hunter2' }");
    let source = file::Source {
        path: "/etc/popfetch/config.toml".into(),
        text: Secret::new(text),
        mode: Some(0o644),
    };
    let error = finish(source, Path::new("/home/me")).unwrap_err();
    assert!(matches!(error, Error::Exposed { .. }));
}

#[test]
fn tokens_are_fetched_through_the_accounts_proxy() {
    let lines = "provider = 'fastmail'\nuser = 'a@fastmail.com'\nproxy = 'socks5://us%40er:p%3Ass@proxy:1'\noauth = { client-id = 'x' }";
    let proxy = client(lines).proxy.unwrap();
    assert_eq!(proxy.expose(), "socks5://us%40er:p%3Ass@proxy:1");
}
