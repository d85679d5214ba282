//! What is believed of a server's answer, and to whom anything is sent.

use std::net::TcpListener;
use std::thread;

use super::server::{Server, grants, refuses, says};
use super::*;
use crate::credentials::oauth2::http::secure_host;
use crate::credentials::oauth2::tokens::ask;

/// What becomes of an answer of the token endpoint.
fn granted(answer: String) -> Result<Tokens, Error> {
    let server = Server::saying(answer);
    let client = client(&server.base);
    let fields = [("grant_type", "authorization_code"), ("code", "4/0AbCdEfG")];
    Tokens::granted(&client, ask(&client, None, &fields, &NO_STOP)?, noon())
}

fn body(body: &str) -> Result<Tokens, Error> {
    granted(says("200 OK", body))
}

#[test]
fn secrets_go_out_with_tls_or_stay_on_this_host() {
    for url in [
        "https://login.example.com/token",
        "http://127.0.0.1:8080/token",
        "http://127.1.2.3/token",
        "http://[::1]:8080/token",
        "http://localhost/token",
    ] {
        secure_host(url).unwrap();
    }
    for url in [
        "http://login.example.com/token",
        "http://localhost.example.com/token",
        "http://127.0.0.1.example.com/token",
        "http://127.0.0.1@example.com/token",
        "http://10.0.0.1/token",
        "ftp://127.0.0.1/token",
    ] {
        let error = secure_host(url).unwrap_err();
        assert!(matches!(error, Error::Insecure { .. }), "{url}: {error}");
    }
    for url in ["", "/token", "https://", "not an address"] {
        assert!(secure_host(url).is_err(), "{url}");
    }
}

#[test]
fn nothing_is_asked_in_clear_of_another_host() {
    let insecure = Client {
        token_url: "http://login.example.com/token".to_owned(),
        ..client("http://127.0.0.1:1")
    };
    let answer = ask(&insecure, None, &[], &NO_STOP);
    assert!(matches!(answer, Err(Error::Insecure { .. })));
    let begun = Authorisation::begin(&insecure, &|_| {});
    assert!(matches!(begun, Err(Error::Insecure { .. })));
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Server::saying(grants("stolen", None));
    let moved = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}/token\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        other.base
    );
    let error = granted(moved).unwrap_err();
    assert!(error.to_string().contains("status 307"), "{error}");
    assert!(other.asked().is_empty());
}

#[test]
fn a_wrong_proxy_is_told_and_not_shown() {
    let client = Client {
        token_url: "https://login.example.com/token".to_owned(),
        proxy: Some(Secret::new("gopher://ann:hunter2@proxy")),
        ..client("http://127.0.0.1:1")
    };
    let Err(error) = ask(&client, None, &[], &NO_STOP) else {
        panic!("there is no such proxy");
    };
    assert_eq!(
        error.to_string(),
        "the proxy is not an address that can be used"
    );
}

#[test]
fn what_is_for_this_host_does_not_go_through_a_proxy() {
    let server = Server::saying(grants("a", None));
    let client = Client {
        proxy: Some(Secret::new("socks5://127.0.0.1:0")),
        ..client(&server.base)
    };
    assert!(ask(&client, None, &[], &NO_STOP).is_ok());
}

#[test]
fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, key) = (key.cert.pem(), key.signing_key.serialize_pem());
    let identity = native_tls::Identity::from_pkcs8(chain.as_bytes(), key.as_bytes()).unwrap();
    let acceptor = native_tls::TlsAcceptor::new(identity).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || acceptor.accept(listener.accept().unwrap().0).is_ok());
    let client = client(&format!("https://127.0.0.1:{port}"));
    let Err(error) = ask(&client, None, &[], &NO_STOP) else {
        panic!("it is not to be believed");
    };
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("certificate"), "{cause}");
}

#[test]
fn the_life_of_a_token_may_be_a_text_or_unsaid() {
    let with = |life: &str| {
        body(&format!(
            r#"{{"token_type":"BEARER","access_token":"a"{life}}}"#
        ))
    };
    let left = |life| {
        let expires = with(life).unwrap().expires;
        expires.map(|expires| expires.duration_since(noon()).as_secs())
    };
    assert_eq!(left(r#","expires_in":3599"#), Some(3599));
    assert_eq!(left(r#","expires_in":"3599""#), Some(3599));
    assert_eq!(left(""), None);
    assert_eq!(left(r#","expires_in":null"#), None);
    let year = 366 * 24 * 3600;
    assert_eq!(left(r#","expires_in":18446744073709551615"#), Some(year));
    for nonsense in ["-1", "1.5", "\"soon\"", "[]", "true"] {
        let error = with(&format!(r#","expires_in":{nonsense}"#)).unwrap_err();
        assert!(matches!(error, Error::Nonsense { .. }), "{nonsense}");
    }
}

#[test]
fn a_token_that_would_change_a_command_is_none() {
    for token in ["", "a b", "a\\r\\nDELE 1", "a\\u0001auth=x", "ä"] {
        let error = body(&format!(
            r#"{{"token_type":"bearer","access_token":"{token}"}}"#
        ))
        .unwrap_err();
        assert!(matches!(error, Error::Nonsense { .. }), "{token}: {error}");
    }
    let error = granted(grants("a", Some("r\\n"))).unwrap_err();
    assert!(matches!(error, Error::Nonsense { .. }), "{error}");
}

#[test]
fn an_answer_without_end_is_not_read() {
    let start = r#"{"token_type":"bearer","access_token":"a"}"#;
    let filled_to = |length: usize| [start, &" ".repeat(length - start.len())].concat();
    let granted = body(&filled_to(64 * 1024)).unwrap();
    assert_eq!(granted.access.expose(), "a");
    let error = body(&filled_to(64 * 1024 + 1)).unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[test]
fn a_token_of_another_kind_is_told() {
    for kind in [r#""token_type":"mac","#, r#""token_type":1,"#, ""] {
        let error = body(&format!(r#"{{{kind}"access_token":"a"}}"#)).unwrap_err();
        assert!(matches!(error, Error::Nonsense { .. }), "{kind}: {error}");
    }
}

#[test]
fn an_error_counts_with_any_status_and_hides_what_was_sent() {
    let answer = says("200 OK", r#"{"error":"invalid_grant","access_token":"a"}"#);
    let error = granted(answer).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let error = granted(refuses("invalid_grant", "code 4/0AbCdEfG was used")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the OAuth2 server refuses: invalid_grant: code **** was used"
    );
    // The form itself, as it was sent.
    let form = "grant_type=authorization_code&code=4%2F0AbCdEfG";
    let error = granted(refuses("invalid_request", form)).unwrap_err();
    assert!(error.to_string().ends_with("&code=****"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    // Nothing can listen on port 0.
    let Err(error) = ask(&client("http://127.0.0.1:0"), None, &[], &NO_STOP) else {
        panic!("nobody is there");
    };
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "cannot reach the OAuth2 server 127.0.0.1"
    );
}
