//! A login with a browser, whose part these tests play.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::server::{Server, grants, refuses};
use super::*;

/// A login that waits while the test does something.
struct Waiting {
    port: u16,
    query: BTreeMap<String, String>,
    terminal: mpsc::Sender<String>,
}

impl Waiting {
    /// Sends bytes to the port and returns all that comes back.
    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, target: &str) -> String {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    /// Where the server would send the browser.
    fn redirect(&self, answer: &str) -> String {
        format!("/?{answer}&state={}", self.query["state"])
    }
}

/// Begins a login at the server, lets the test do its part, and says how it ended.
fn login(server: &Server, part: impl FnOnce(&Waiting)) -> Result<Tokens, Error> {
    login_kept(server, |tokens| Ok(tokens.clone()), part)
}

/// The same, where the tokens are kept like this.
fn login_kept(
    server: &Server,
    keep: impl FnOnce(&Tokens) -> Result<Tokens, Error> + Send,
    part: impl FnOnce(&Waiting),
) -> Result<Tokens, Error> {
    let seed = Cell::new(0);
    let authorisation = Authorisation::begin(&client(&server.base), &|bytes| {
        seed.set(seed.get() + 1);
        bytes.fill(seed.get());
    })
    .unwrap();
    let (address, query) = authorisation.address().split_once('?').unwrap();
    assert_eq!(address, format!("{}/authorise", server.base));
    let (terminal, pasted) = mpsc::channel();
    let waiting = Waiting {
        port: authorisation.port(),
        query: form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        terminal,
    };
    let stop = &AtomicBool::new(false);
    thread::scope(|scope| {
        let login = scope.spawn(move || authorisation.finish(&pasted, noon(), stop, keep, |_| {}));
        let _end = EndIfItFails(stop);
        part(&waiting);
        login.join().unwrap()
    })
}

/// A part that fails is not to wait for the login's own end.
struct EndIfItFails<'s>(&'s AtomicBool);

impl Drop for EndIfItFails<'_> {
    fn drop(&mut self) {
        self.0.store(thread::panicking(), Ordering::Relaxed);
    }
}

#[test]
fn a_login_whose_tokens_cannot_be_kept_is_called_none() {
    let server = Server::saying(grants("a", Some("r")));
    let kept = login_kept(
        &server,
        |_| Err(Error::Busy),
        |waiting| {
            let page = waiting.get(&waiting.redirect("code=c"));
            assert!(page.contains("The login did not work"), "{page}");
        },
    );
    assert!(matches!(kept, Err(Error::Busy)), "{kept:?}");
}

#[test]
fn a_code_becomes_tokens_and_the_browser_hears_of_it() {
    let server = Server::saying(grants("a", Some("r")));
    let granted = login(&server, |waiting| {
        let wanted = [
            ("client_id", "popfetch-test"),
            ("code_challenge_method", "S256"),
            ("prompt", "consent"),
            ("response_type", "code"),
            ("scope", "mail offline"),
        ];
        for (name, value) in wanted {
            assert_eq!(waiting.query[name], value);
        }
        let page = waiting.get(&waiting.redirect("code=4%2F0A"));
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(page.contains("popfetch is logged in"), "{page}");
        for header in [
            "\r\nCache-Control: no-store\r\n",
            "\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'",
            "\r\nReferrer-Policy: no-referrer\r\n",
        ] {
            assert!(page.contains(header), "{page}");
        }
        // The page came after the exchange.
        let [asked] = &server.asked()[..] else {
            panic!("asked once");
        };
        assert_eq!(asked.form["grant_type"], "authorization_code");
        assert_eq!(asked.form["code"], "4/0A");
        let redirect = format!("http://127.0.0.1:{}", waiting.port);
        assert_eq!(asked.form["redirect_uri"], redirect);
        assert_eq!(waiting.query["redirect_uri"], redirect);
        // RFC 7636 §4.6, as the server checks it.
        let verifier = &asked.form["code_verifier"];
        assert_eq!(verifier.len(), 43);
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        assert_eq!(waiting.query["code_challenge"], challenge);
        assert_ne!(*verifier, waiting.query["state"]);
    });
    assert_eq!(granted.unwrap().access.expose(), "a");
}

#[test]
fn nobody_ends_the_login_by_poking_the_port() {
    let server = Server::saying(grants("a", None));
    let granted = login(&server, |waiting| {
        // A browser opens connections in advance, and they stay silent.
        let silent: Vec<TcpStream> = (0..5)
            .map(|_| TcpStream::connect(("127.0.0.1", waiting.port)).unwrap())
            .collect();
        let redirect = waiting.redirect("code=4");
        for (request, status) in [
            ("GET /favicon.ico HTTP/1.1\r\n\r\n".to_owned(), "404"),
            (format!("GET /x{redirect} HTTP/1.1\r\n\r\n"), "404"),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
            ("GET /?code=4&state=x HTTP/1.1\r\n\r\n".to_owned(), "400"),
            ("GET /?code=4 HTTP/1.1\r\n\r\n".to_owned(), "400"),
            (
                "GET /?error=access_denied HTTP/1.1\r\n\r\n".to_owned(),
                "400",
            ),
            (format!("POST {redirect} HTTP/1.1\r\n\r\n"), "405"),
            (format!("GET http://x{redirect} HTTP/1.1\r\n\r\n"), "405"),
            ("\x16\x03\x01 junk\r\n\r\n".to_owned(), "400"),
            ("\r\n\r\n".to_owned(), "400"),
        ] {
            let answer = waiting.send(&request);
            let wanted = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&wanted), "{request}: {answer}");
            assert!(!answer.contains("logged in"), "{request}");
        }
        assert!(server.asked().is_empty());
        let page = waiting.get(&redirect);
        assert!(page.contains("popfetch is logged in"), "{page}");
        drop(silent);
    });
    assert_eq!(granted.unwrap().access.expose(), "a");
}

#[test]
fn a_request_without_end_is_cut_off() {
    let server = Server::saying(grants("a", None));
    let granted = login(&server, |waiting| {
        let start = "GET / HTTP/1.1\r\n";
        let endless = [start, &"x".repeat(32 * 1024 + 1 - start.len())].concat();
        let answer = waiting.send(&endless);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        waiting.get(&waiting.redirect("code=4"));
    });
    assert_eq!(granted.unwrap().access.expose(), "a");
}

#[test]
fn a_person_who_says_no_is_heard() {
    let server = Server::saying(grants("a", None));
    let denied = login(&server, |waiting| {
        let answer = "error=access_denied&error_description=%3Cb%3Enot+today";
        let page = waiting.get(&waiting.redirect(answer));
        assert!(page.contains("Access was not allowed"), "{page}");
        assert!(page.contains("&lt;b&gt;not today"), "{page}");
    });
    assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
    assert!(server.asked().is_empty());
}

#[test]
fn a_code_that_the_server_refuses_is_told_in_the_browser_too() {
    let server = Server::saying(refuses("invalid_client", "unknown <client>"));
    let refused = login(&server, |waiting| {
        let page = waiting.get(&waiting.redirect("code=4"));
        assert!(page.contains("The login did not work"), "{page}");
        assert!(page.contains("unknown &lt;client&gt;"), "{page}");
        assert!(!page.contains("is logged in"), "{page}");
    });
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
}

#[test]
fn a_person_can_paste_what_the_browser_could_not_bring() {
    let server = Server::saying(grants("a", None));
    let granted = login(&server, |waiting| {
        let redirect = waiting.redirect("code=4%2F0");
        // Slips, of which it complains, end nothing.
        for line in [
            "\n".to_owned(),
            "hello\n".to_owned(),
            "http://127.0.0.1:1/?code=5&state=theirs\n".to_owned(),
            format!("http://127.0.0.1:{}{redirect}\n", waiting.port),
        ] {
            waiting.terminal.send(line).unwrap();
        }
    });
    assert_eq!(granted.unwrap().access.expose(), "a");
    assert_eq!(server.asked()[0].form["code"], "4/0");
}

#[test]
fn a_stop_ends_the_wait_for_the_browser() {
    let begun = Authorisation::begin(&client("http://127.0.0.1:1"), &|_| {}).unwrap();
    let (_, pasted) = mpsc::channel();
    let stopped = begun.finish(&pasted, noon(), &AtomicBool::new(true), |_| Ok(()), |_| {});
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
}

#[test]
fn what_the_address_has_already_stays() {
    let client = Client {
        authorisation_url: "https://login.example.com/authorise?tenant=x".to_owned(),
        redirect_host: "localhost".to_owned(),
        ..client("http://127.0.0.1:1")
    };
    let begun = Authorisation::begin(&client, &|_| {}).unwrap();
    let start = "https://login.example.com/authorise?tenant=x&response_type=code&";
    assert!(begun.address().starts_with(start), "{}", begun.address());
    let redirect = format!("&redirect_uri=http%3A%2F%2Flocalhost%3A{}&", begun.port());
    assert!(begun.address().contains(&redirect), "{}", begun.address());
}
