//! A login by device code against a server that plays each part of RFC 8628.

use std::cell::RefCell;

use super::server::{Server, grants, refuses, says};
use super::*;

const CODE: &str = r#"{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://example.com/device",
    "verification_uri_complete":"https://example.com/device?c=WDJB-MJHT","expires_in":900,"interval":5}"#;

/// A server that gives a code and then says these, one after the other.
fn server(answers: Vec<String>) -> Server {
    Server::start(move |number, _| {
        Some(match number {
            0 => says("200 OK", CODE),
            number => answers[number - 1].clone(),
        })
    })
}

/// Goes through a login without waiting: what it ended in, and the pauses that it would have made.
fn login(server: &Server) -> (Result<Tokens, Error>, Vec<u64>) {
    let device = Device::begin(&client(&server.base), &NO_STOP).unwrap();
    let pauses = RefCell::new(Vec::new());
    let tokens = device.finish_with(noon(), &NO_STOP, &|pause| {
        pauses.borrow_mut().push(pause.as_secs());
        Ok(())
    });
    (tokens, pauses.into_inner())
}

#[test]
fn a_person_is_waited_for_as_slowly_as_the_server_wants() {
    let pending = refuses("authorization_pending", "");
    let server = server(vec![
        pending.clone(),
        refuses("slow_down", ""),
        pending,
        grants("a", Some("r")),
    ]);
    let (granted, pauses) = login(&server);
    assert_eq!(pauses, [5, 5, 10, 10]);
    // They live from when they were granted.
    assert_eq!(granted.unwrap(), tokens("a", Some("r"), 3600 + 30));
    let asked = server.asked();
    assert_eq!(asked[0].form["scope"], "mail offline");
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    for asked in &asked[1..] {
        assert_eq!(asked.form["grant_type"], grant);
        assert_eq!(asked.form["device_code"], "d");
        assert_eq!(asked.form["client_id"], "popfetch-test");
    }
}

#[test]
fn a_server_in_trouble_is_asked_half_as_often_and_not_given_up() {
    let trouble = says("502 Bad Gateway", "<html>");
    let server = server(vec![trouble.clone(), trouble, grants("a", None)]);
    let (granted, pauses) = login(&server);
    assert_eq!(granted.unwrap().access.expose(), "a");
    assert_eq!(pauses, [5, 10, 20]);
}

#[test]
fn no_and_too_late_are_told() {
    let (denied, _) = login(&server(vec![refuses("access_denied", "by <you>")]));
    assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
    let (late, _) = login(&server(vec![refuses("expired_token", "")]));
    let late = late.unwrap_err();
    assert_eq!(
        late.to_string(),
        "the login was not finished within 15 minutes"
    );
    let (wrong, _) = login(&server(vec![refuses("invalid_client", "")]));
    assert!(matches!(wrong, Err(Error::Refused { .. })), "{wrong:?}");
}

#[test]
fn it_ends_with_the_code_even_if_the_server_never_says_so() {
    let server = server(vec![refuses("slow_down", ""); 40]);
    let (late, pauses) = login(&server);
    assert!(matches!(late, Err(Error::TimedOut { minutes: 15 })));
    assert!(pauses.iter().sum::<u64>() <= 900, "{pauses:?}");
}

#[test]
fn what_is_shown_is_what_the_server_gave_and_harmless() {
    let device = Device::begin(&client(&server(Vec::new()).base), &NO_STOP).unwrap();
    assert_eq!(device.user_code(), "WDJB-MJHT");
    assert_eq!(device.verification_address(), "https://example.com/device");
    assert_eq!(
        device.complete_address(),
        Some("https://example.com/device?c=WDJB-MJHT")
    );
    assert_eq!(device.expires_in().as_secs(), 900);
    let begin = |body: &str| {
        let server = Server::saying(says("200 OK", body));
        Device::begin(&client(&server.base), &NO_STOP)
    };
    let google = r#"{"device_code":"d","user_code":"\u001b[2J","verification_url":"https://example.com",
        "verification_uri_complete":"javascript:alert(1)","expires_in":"99999999"}"#;
    let device = begin(google).unwrap();
    assert_eq!(device.user_code(), r"\u{1b}[2J");
    assert_eq!(device.complete_address(), None);
    assert_eq!(device.expires_in().as_secs(), 3600);
    for bad in [
        CODE.replace(
            "https://example.com/device\"",
            "http://example.com/device\"",
        ),
        CODE.replace(
            "https://example.com/device\"",
            "https://example.com/\\u001b\"",
        ),
        CODE.replace("\"device_code\":\"d\"", "\"device_code\":\"\""),
        CODE.replace("WDJB-MJHT\",\"v", &format!("{}\",\"v", "W".repeat(65))),
        CODE.replace("\"expires_in\":900,", ""),
    ] {
        assert_ne!(bad, CODE);
        assert!(matches!(begin(&bad), Err(Error::Nonsense { .. })), "{bad}");
    }
}

#[test]
fn a_provider_without_device_codes_says_so() {
    let client = Client {
        device_url: None,
        ..client("http://127.0.0.1:1")
    };
    let begun = Device::begin(&client, &NO_STOP);
    assert!(matches!(begun, Err(Error::NoDevice)));
}

#[test]
fn a_stop_ends_the_wait_for_the_person() {
    let server = server(vec![refuses("authorization_pending", "")]);
    let device = Device::begin(&client(&server.base), &NO_STOP).unwrap();
    let stopped = device.finish(noon(), &AtomicBool::new(true));
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
    assert_eq!(server.asked().len(), 1);
}
