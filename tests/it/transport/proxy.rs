//! SOCKS5, through microsocks to a real server, and through proxies that refuse, lie and hang up.

use std::net::{Ipv4Addr, TcpListener};

use crate::support::proxy::{Liar, Microsocks};

use super::*;

/// A password for a proxy that no address can hold as it is.
const PROXY_PASSWORD: &str = "pa:ss/w@rd%";
const PROXY_ENCODED: &str = "pa%3Ass%2Fw%40rd%25";

/// One run through a proxy on this port that was never meant to reach a server.
fn through(port: u16, login: &str, lines: &str) -> Finished {
    let sandbox = Sandbox::new();
    let proxy = format!("proxy = \"socks5://{login}127.0.0.1:{port}\"\n{lines}");
    let out = sync(&sandbox, 995, &proxy);
    assert!(sandbox.mail("Mail").is_empty());
    out
}

#[test]
fn mail_comes_through_a_proxy_over_pop3s_and_stls() {
    let (dovecot, identity) = dovecot();
    let proxy = Microsocks::start(None);
    for (mode, port) in [
        ("implicit", dovecot.port_pop3s()),
        ("starttls", dovecot.port_pop3()),
    ] {
        let sandbox = Sandbox::new();
        let pin = pin(&identity);
        let proxy_at = format!("proxy = \"socks5h://localhost:{}\"", proxy.port());
        let out = sync(
            &sandbox,
            port,
            &format!("{pin}tls = \"{mode}\"\n{proxy_at}"),
        );
        assert_arrived(&sandbox, &out);
        // By name: it is the proxy's to look up.
        let connected = format!("connected to localhost:{port}");
        assert!(proxy.log().contains(&connected), "{}", proxy.log());
    }
}

#[test]
fn a_proxy_with_a_login_lets_through_who_knows_it() {
    let (dovecot, identity) = dovecot();
    let proxy = Microsocks::start(Some(("me", PROXY_PASSWORD)));
    let port = dovecot.port_pop3s();
    for (login, words) in [
        (format!("me:{PROXY_ENCODED}@"), None),
        ("me:pa%3Ass@".to_owned(), Some("it refused the login")),
        (String::new(), Some("it wants a login")),
    ] {
        let sandbox = Sandbox::new();
        let proxy = format!("proxy = \"socks5://{login}localhost:{}\"", proxy.port());
        let out = sync(&sandbox, port, &(pin(&identity) + &proxy));
        match words {
            None => assert_arrived(&sandbox, &out),
            Some(words) => {
                assert_complaint(&out, 78, &[words, "correct user and password in proxy"]);
                assert!(sandbox.mail("Mail").is_empty());
            }
        }
        for secret in [PROXY_PASSWORD, PROXY_ENCODED, "pa:ss", "pa%3Ass"] {
            assert!(!out.stderr.contains(secret), "{}", out.stderr);
        }
    }
}

#[test]
fn a_proxys_replies_are_said_in_words() {
    for (reply, code, words) in [
        (1, 75, "it failed"),
        (2, 69, "its rules do not allow that"),
        (3, 75, "the network is unreachable from there"),
        (4, 75, "the host is unreachable from there"),
        (5, 75, "the host refused the connection"),
        (6, 75, "the host did not answer in time"),
        (7, 69, "it cannot do that (reply 7)"),
        (99, 69, "it cannot do that (reply 99)"),
    ] {
        let liar = Liar::start(&[&[5, 0], &[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]]);
        let out = through(liar.port(), "", "");
        let proxy = format!("the proxy 127.0.0.1:{}", liar.port());
        assert_complaint(&out, code, &[&proxy, "localhost port 995", words]);
    }
}

#[test]
fn what_is_no_socks5_proxy_is_said_to_be_none() {
    for says in [
        &[&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..]][..],
        &[&b"+OK POP3 ready\r\n"[..]],
        &[&[0, 0x5b, 0, 0]],
        &[&[5, 2]],
        &[&[4, 0], &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]],
        &[&[5, 0], &[4, 0, 0, 1]],
        &[&[5, 0], &[5, 0, 0, 9]],
    ] {
        let liar = Liar::start(says);
        let out = through(liar.port(), "", "");
        assert_complaint(&out, 76, &["it speaks no SOCKS5", "no HTTP"]);
    }
}

#[test]
fn a_proxy_that_hangs_up_or_is_not_there_is_tried_later() {
    let yes = [5, 0, 0, 3, 1, b'h'];
    for says in [&[][..], &[&[5][..]], &[&[5, 0]], &[&[5, 0], &yes]] {
        let liar = Liar::start(says);
        let out = through(liar.port(), "", "");
        let words = ["cannot get through to the proxy", "is the proxy running"];
        assert_complaint(&out, 75, &words);
    }
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let out = through(port, "", "");
    assert_complaint(&out, 75, &["cannot get through to the proxy", "refused"]);
}

#[test]
fn a_silent_proxy_ends_with_the_time_out() {
    // The system completes the connection, and nobody takes it up.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let out = through(port, "", "timeout = \"1s\"");
    assert_complaint(&out, 75, &["cannot get through to the proxy", "timed out"]);
}

#[test]
fn a_login_is_told_only_to_a_proxy_that_asks_for_it() {
    let login = format!("me:{PROXY_ENCODED}@");
    let holds = |heard: &[u8]| {
        let password = PROXY_PASSWORD.as_bytes();
        heard.windows(password.len()).any(|part| part == password)
    };
    let mut asking = Liar::start(&[&[5, 2], &[1, 1]]);
    let out = through(asking.port(), &login, "");
    assert_complaint(&out, 78, &["it refused the login"]);
    assert!(holds(&asking.heard()));

    let mut lax = Liar::start(&[&[5, 0], &[5, 2, 0, 1]]);
    let out = through(lax.port(), &login, "");
    assert_complaint(&out, 69, &["its rules"]);
    assert!(!holds(&lax.heard()));

    let mut neither = Liar::start(&[&[5, 0xff]]);
    let out = through(neither.port(), &login, "");
    assert_complaint(&out, 78, &["it takes no login by user and password"]);
    assert!(!holds(&neither.heard()));
}

#[test]
fn a_proxy_cannot_slip_a_session_under_tls() {
    // What it says behind its reply is taken for the server's, and the server is to speak TLS.
    let says: [&[u8]; 2] = [&[5, 0], b"\x05\x00\x00\x01\0\0\0\0\0\0+OK hello\r\n"];
    let mut liar = Liar::start(&says);
    let out = through(liar.port(), "", "");
    assert_complaint(&out, 76, &["localhost port 995 does not speak TLS"]);
    let heard = liar.heard();
    assert!(!heard.windows(4).any(|part| part == b"USER"));
}
