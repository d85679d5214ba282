//! What a person and a provider may take back, and what is said then.

use super::flow::{Flow, USER};
use super::granted;
use crate::login::place::refusals;

#[test]
fn a_login_that_was_taken_back_is_said_to_need_another() {
    let flow = Flow::new(100, "xoauth2");
    flow.login_by_browser(&[]);
    flow.assert_fetches(1);
    flow.provider.revoke();
    flow.assert_fails(77, &["popfetch: work: ", "`popfetch login work`"]);
    let refused = ("refresh_token".to_owned(), 400);
    assert_eq!(flow.provider.grants().last(), Some(&refused));
    // The mail server was never shown a token that nobody had.
    assert!(!flow.place.dovecot.log().contains("auth failed"));

    flow.login_by_browser(&[]);
    flow.assert_fetches(3);
}

#[test]
fn a_token_that_was_taken_back_before_its_time_is_tried_once() {
    let flow = Flow::new(3600, "xoauth2");
    flow.login_by_browser(&[]);
    flow.provider.revoke();
    flow.assert_fails(77, &["popfetch: work: ", "`popfetch login work`"]);
    let connections = flow.place.connections(1);
    let refused: usize = connections.iter().map(|line| refusals(line)).sum();
    assert_eq!(refused, 1, "{connections:#?}");
    let grants = [
        granted("authorization_code"),
        ("refresh_token".to_owned(), 400),
    ];
    assert_eq!(flow.provider.grants(), grants);
}

#[test]
fn an_account_that_was_never_logged_in_is_said_to_need_it_and_nobody_is_asked() {
    let flow = Flow::new(100, "xoauth2");
    flow.assert_fails(77, &["popfetch: work: ", "`popfetch login work`"]);
    assert!(flow.provider.grants().is_empty());
    assert!(flow.place.connections(0).is_empty());
}

#[test]
fn a_person_who_refuses_is_believed() {
    let flow = Flow::new(3600, "xoauth2");
    let mut login = flow.login(&[]);
    let start = flow.provider.url("/auth?");
    let address = login.word(|word| word.starts_with(&start));
    let page = flow.provider.refuse(&address, USER, "oauth-refused.png");
    assert!(page.address.starts_with("http://127.0.0.1:"), "{page:?}");
    assert!(!page.text.contains("is logged in"), "{page:?}");
    let status = login.finish();
    assert_eq!(status.code(), Some(77), "{:#?}", login.said);
    assert!(flow.provider.grants().is_empty());
    flow.assert_fails(77, &["popfetch login work"]);
}
