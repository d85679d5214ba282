//! What providers publish: found, shown, and not believed too far.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::net::TcpListener;

use super::publisher::{Publisher, document, page, pop3};
use super::{Place, command, says};
use crate::support::certificates::Leaf;
use crate::support::mailbox::USER;
use crate::support::sandbox::Finished;

/// Adds an account by what is published there.
fn add(place: &Place, url: &str) -> Finished {
    let secret = command(place);
    place.run(&[
        "account",
        "add",
        USER,
        "--autoconfig",
        url,
        "--password-command",
        &secret,
        "--yes",
    ])
}

#[test]
fn the_best_protected_server_that_is_published_is_taken() {
    let place = Place::new(2);
    let identity = place.authority.issue(Leaf::Good);
    let port = place.server.port();
    let servers = [
        pop3("127.0.0.1", 110, "plain"),
        "<incomingServer type=\"imap\"><hostname>127.0.0.1</hostname></incomingServer>".to_owned(),
        pop3("127.0.0.1", port, "SSL"),
    ];
    let publisher = Publisher::of_server(&identity, &servers.concat());
    let out = add(&place, &publisher.url());
    assert_eq!(out.code, 0, "{}", out.stderr);
    says(
        &out,
        &[
            "Example Mail",
            &format!("127.0.0.1 port {port}, TLS"),
            "✓ login",
        ],
    );
    assert_eq!(publisher.asked(), ["GET /mail/config-v1.1.xml HTTP/1.1"]);
    assert!(
        place.config().contains(&format!("port = {port}")),
        "{}",
        place.config()
    );
}

#[test]
fn hostile_documents_lead_to_no_account() {
    let place = Place::new(0);
    let identity = place.authority.issue(Leaf::Good);
    let moved = |to: &str| {
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    };
    let long =
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned() + &"<!-- x -->".repeat(200_000);
    let mut laughs = "<!DOCTYPE x [<!ENTITY a \"ha\">".to_owned();
    for level in 0..20 {
        let _ = write!(laughs, "<!ENTITY a{level} \"&a;&a;&a;&a;\">");
    }
    laughs += "]><clientConfig>&a19;</clientConfig>";
    for (answer, part) in [
        (
            page("<html>Welcome</html>"),
            "no configuration for mail programs",
        ),
        (page(&laughs), "declares a document type"),
        (
            page(&"<a>".repeat(50_000)),
            "no configuration for mail programs",
        ),
        (page(&document("")), "publishes no POP3 server"),
        (
            page(&document(&pop3("pop example\x1b[2J", 995, "SSL"))),
            "no configuration",
        ),
        (
            page(&document(&pop3("pop/../x", 995, "SSL"))),
            "publishes no POP3 server",
        ),
        (
            page(&document(&pop3("127.0.0.1", 110, "plain"))),
            "without TLS only",
        ),
        (long, "too long"),
        (moved("http://127.0.0.1:{port}/x"), "cannot ask"),
        (moved("https://127.0.0.1:{port}/again"), "cannot ask"),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "status 404",
        ),
        (String::new(), "cannot ask"),
        ("\u{1b}]0;x\u{7}\r\n\r\n".to_owned(), "cannot ask"),
    ] {
        let publisher = Publisher::start(&identity, answer);
        let out = add(&place, &publisher.url());
        assert_eq!(out.code, 64, "{part}: {}", out.stderr);
        says(&out, &[part, "--host HOST"]);
        assert!(!out.stderr.contains('\u{1b}'), "{:?}", out.stderr);
        let asked = publisher.asked().len();
        assert!((1..=6).contains(&asked), "{asked} requests: {part}");
    }
    assert_eq!(place.config(), "");
}

#[test]
fn a_publisher_is_asked_only_where_it_is_trusted_and_speaks_tls() {
    let place = Place::new(0);
    let servers = pop3("127.0.0.1", place.server.port(), "SSL");
    for leaf in [Leaf::WrongName, Leaf::Expired] {
        let publisher = Publisher::of_server(&place.authority.issue(leaf), &servers);
        let out = add(&place, &publisher.url());
        assert_eq!(out.code, 64, "{}", out.stderr);
        says(&out, &["cannot ask 127.0.0.1"]);
        assert!(publisher.asked().is_empty());
    }
    let publisher = Publisher::of_server(&place.authority.issue(Leaf::Good), &servers);
    let out = add(&place, &publisher.url().replace("https:", "http:"));
    assert_eq!(out.code, 64, "{}", out.stderr);
    says(&out, &["begins with https://"]);
    assert!(publisher.asked().is_empty());
    assert_eq!(place.config(), "");
}

#[test]
fn a_redirect_does_not_lead_out_of_tls() {
    let place = Place::new(0);
    let clear = TcpListener::bind("127.0.0.1:0").unwrap();
    clear.set_nonblocking(true).unwrap();
    let to = clear.local_addr().unwrap();
    let moved = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://{to}/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let publisher = Publisher::start(&place.authority.issue(Leaf::Good), moved);
    let out = add(&place, &publisher.url());
    assert_eq!(out.code, 64, "{}", out.stderr);
    let visit = clear.accept().unwrap_err();
    assert_eq!(visit.kind(), ErrorKind::WouldBlock);
}
