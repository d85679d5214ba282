//! OAuth2 from the first login to the last refusal, with a real provider, a real browser, a real keyring and a real mail server.
//!
//! It owns what a person does and sees. Invariant: nothing but loopback is asked, and no token is shown or left about.

mod flow; // a person who logs in, and the account that is to be logged in
mod provider; // the provider and the browser
mod revoked; // what a person and a provider may take back
mod tokens; // where tokens live, how they are renewed, and that nobody else sees them

use flow::Flow;

/// A way for a person to log in.
type Way = fn(&Flow, &[&str]) -> provider::Page;

#[test]
fn a_login_in_the_browser_fetches_mail_by_each_mechanism() {
    for auth in ["xoauth2", "oauthbearer"] {
        let flow = Flow::new(3600, auth);
        let page = flow.login_by_browser(&[]);
        assert!(page.address.starts_with("http://127.0.0.1:"), "{page:?}");
        assert!(page.title.contains("popfetch"), "{page:?}");
        assert!(page.text.contains("logged in"), "{page:?}");
        assert!(page.text.contains("close this"), "{page:?}");
        flow.assert_fetches(1);
        assert_eq!(flow.method(), auth.to_uppercase());
        // Good for an hour, the token is used as it is.
        flow.assert_fetches(2);
        assert_eq!(flow.provider.grants(), [granted("authorization_code")]);
    }
}

#[test]
fn a_login_with_a_code_on_another_device_fetches_mail() {
    let flow = Flow::new(3600, "xoauth2");
    let page = flow.login_by_code(&[]);
    assert!(page.text.contains("Sign-in Success"), "{page:?}");
    flow.assert_fetches(1);
    assert_eq!(flow.provider.grants(), [granted("device_code")]);
}

#[test]
fn a_client_with_a_secret_gets_it_from_its_command() {
    let secret = "the-client's-own_secret";
    for way in [Flow::login_by_browser as Way, Flow::login_by_code] {
        // Good for less than two minutes, the token is renewed at each run.
        let flow = Flow::with_secret(100, secret);
        way(&flow, &[]);
        flow.assert_fetches(1);
        flow.assert_fetches(2);
        let grants = flow.provider.grants();
        assert_eq!(
            grants[1..],
            [granted("refresh_token"), granted("refresh_token")]
        );
        flow.assert_private(&[secret]);
    }
}

/// A request of this type that was answered with tokens.
fn granted(kind: &str) -> (String, u64) {
    (kind.to_owned(), 200)
}
