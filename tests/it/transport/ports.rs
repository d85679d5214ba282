//! Ports that speak TLS where none was expected, and the reverse; servers that are only slow.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::thread;

use tempfile::TempDir;

use crate::support::certificates::self_signed;
use crate::support::daemon::output_of;
use crate::support::options::{Options, Tls};
use crate::support::server::Server;

use super::*;

#[test]
fn tls_to_a_port_without_it_is_told_as_such() {
    let options = Options::new(Tls::None).user("me", PASSWORD, Maildrop::sample("me", 0, 3));
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let out = sync(&sandbox, server.port(), "");
    let port = format!("localhost port {}", server.port());
    let words = [&port, "does not speak TLS", "tls = \"starttls\"", "995"];
    assert_complaint(&out, 76, &words);
    let sent = server.sent_in_clear().concat();
    assert!(!sent.contains("USER") && !sent.contains(PASSWORD));
}

#[test]
fn tls_to_dovecots_plain_port_is_told_as_such_and_stls_works_there() {
    let (dovecot, identity) = dovecot();
    let sandbox = Sandbox::new();
    let port = dovecot.port_pop3();
    let out = sync(&sandbox, port, &pin(&identity));
    assert_complaint(&out, 76, &["does not speak TLS", "tls = \"starttls\""]);
    let out = sync(&sandbox, port, &(pin(&identity) + "tls = \"starttls\""));
    assert_arrived(&sandbox, &out);
}

#[test]
fn no_tls_to_a_port_of_tls_is_found_out_and_told() {
    let (dovecot, identity) = dovecot();
    let server = Server::start(Options::new(Tls::Implicit(self_signed())));
    for port in [dovecot.port_pop3s(), server.port()] {
        for mode in ["starttls", "none"] {
            let sandbox = Sandbox::new();
            let lines = format!("tls = \"{mode}\"\ntimeout = \"1s\"");
            let out = sync(&sandbox, port, &lines);
            let port = format!("localhost port {port} speaks TLS from the first byte");
            assert_complaint(&out, 76, &[&port, "set tls = \"implicit\""]);
        }
    }
    assert!(server.sent_in_clear().is_empty());
    let sandbox = Sandbox::new();
    let out = sync(
        &sandbox,
        dovecot.port_pop3s(),
        &(pin(&identity) + "tls = \"implicit\""),
    );
    assert_arrived(&sandbox, &out);
}

#[test]
fn an_alert_in_place_of_a_greeting_is_told_at_once() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&[21, 3, 1, 0, 2, 2, 70]).unwrap();
        let mut sent = Vec::new();
        // Ends when the client hangs up; a reset is as good.
        let _ = stream.read_to_end(&mut sent);
        // Nobody has to ask a second time.
        listener.set_nonblocking(true).unwrap();
        (sent, listener.accept().is_ok())
    });
    let out = sync(&Sandbox::new(), port, "tls = \"none\"");
    assert_complaint(&out, 76, &["speaks TLS from the first byte"]);
    assert_eq!(server.join().unwrap(), (Vec::new(), false));
}

#[test]
fn a_server_that_is_slow_to_greet_is_waited_for() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // It is silent until it has been asked whether it speaks TLS, and hangs up on whoever asks.
        let (mut question, _) = listener.accept().unwrap();
        let mut first = [0];
        question.read_exact(&mut first).unwrap();
        drop(question);
        let mut lines = BufReader::new(stream);
        let mut heard = Vec::new();
        for says in ["+OK at last", "-ERR", "+OK", "-ERR no"] {
            write!(lines.get_mut(), "{says}\r\n").unwrap();
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            heard.push(line.trim_end().to_owned());
        }
        (first, heard)
    });
    let out = sync(&Sandbox::new(), port, "tls = \"none\"");
    assert_complaint(&out, 77, &["-ERR no"]);
    let (first, heard) = server.join().unwrap();
    assert_eq!(first, [22]);
    assert_eq!(heard[..2], ["CAPA", "USER me"]);
}

/// What OpenSSL needs to be told before it speaks TLS 1.1.
const OLD: &str = "ALL:@SECLEVEL=0";

#[test]
fn a_server_of_tls_1_1_is_refused() {
    let identity = rsa_self_signed();
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("chain.pem"), &identity.chain_pem).unwrap();
    std::fs::write(path("key.pem"), &identity.key_pem).unwrap();
    let (_daemon, port) = s_server(&folder, &format!("-www -tls1_1 -cipher {OLD}"));
    let mut other = Command::new("openssl");
    other.args(["s_client", "-tls1_1", "-cipher", OLD, "-connect"]);
    let agreed = output_of(other.arg(format!("127.0.0.1:{port}")));
    assert!(agreed.contains("Protocol  : TLSv1.1"), "{agreed}");
    let out = sync(&Sandbox::new(), port, &pin(&identity));
    assert_complaint(&out, 76, &["the TLS handshake with localhost failed"]);
}
