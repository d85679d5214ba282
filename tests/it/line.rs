//! The line to a server: silence on it ends the run, and a name leads to whichever address answers.

use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use crate::support::certificates::self_signed;
use crate::support::maildrop::Maildrop;
use crate::support::options::{Act, Fault, Options, Tls};
use crate::support::sandbox::{Finished, Sandbox};
use crate::support::server::Server;

fn mail() -> Maildrop {
    Maildrop::sample("me", 0, 8)
}

fn serve(faults: Vec<Fault>) -> Server {
    let options = Options::new(Tls::None).user("me", "pass word", mail());
    let server = Server::start(options);
    server.set_faults(faults);
    server
}

/// One run against a server on this port, which may be silent for this long.
fn sync(sandbox: &Sandbox, port: u16, tls: &str, timeout: &str) -> Finished {
    sandbox.config(&format!(
        "[accounts.me]\nhost = \"localhost\"\nport = {port}\ntls = \"{tls}\"\ntimeout = \"{timeout}\"\n\
         user = \"me\"\npassword = \"pass word\"\ndeliver = {{ maildir = \"~/Mail\" }}\n"
    ));
    sandbox.run(["sync"])
}

fn assert_timed_out(out: &Finished, during: &str) {
    assert_eq!(out.code, 75, "{}", out.stderr);
    let expected = format!("popfetch: me: the server was silent for too long during {during}; ");
    assert!(out.stderr.starts_with(&expected), "{}", out.stderr);
    assert!(out.stderr.contains("timeout"), "{}", out.stderr);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
}

/// A run against a server that answers the first RETR of these words with this and then falls silent, and one
/// against the same server when it is well, which fetches the rest.
fn silent_then_well(words: [&'static str; 2], reply: &str, arrived: usize) {
    let half = Fault::At(words[0], 1, Act::Reply(reply.into()));
    let silence = Fault::At(words[1], 1, Act::Stall);
    let (server, sandbox) = (serve(vec![half, silence]), Sandbox::new());
    let out = sync(&sandbox, server.port(), "none", "1s");
    assert_timed_out(&out, "RETR");
    // What is there is whole, and tmp/ is empty: `mail` asserts that.
    let there = sandbox.mail("Mail");
    assert_eq!(there.len(), arrived);
    let all = mail().stored();
    assert!(there.iter().all(|message| all.contains(message)));

    server.set_faults(Vec::new());
    let out = sync(&sandbox, server.port(), "none", "60s");
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(sandbox.mail("Mail"), all);
    assert_eq!(server.count("RETR 1"), 1);
    assert_eq!(server.maildrop("me").messages().len(), 8);
}

#[test]
fn a_server_that_never_greets_is_given_up() {
    let (server, sandbox) = (
        serve(vec![Fault::At("GREETING", 1, Act::Stall)]),
        Sandbox::new(),
    );
    let out = sync(&sandbox, server.port(), "none", "1s");
    assert_timed_out(&out, "the greeting");
    assert!(sandbox.mail("Mail").is_empty());
    assert!(server.sent_in_clear().is_empty());
}

#[test]
fn a_server_that_never_answers_the_tls_handshake_is_given_up() {
    // The system completes the connection, and nobody takes it up.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let sandbox = Sandbox::new();
    let out = sync(&sandbox, port, "implicit", "1s");
    assert_timed_out(&out, "the TLS handshake");
    let out = sync(&sandbox, port, "starttls", "1s");
    assert_timed_out(&out, "the greeting");
    assert!(sandbox.mail("Mail").is_empty());
}

#[test]
fn a_server_that_hangs_up_is_named_with_what_it_hung_up_in() {
    let cut = vec![Fault::CutAfterBytes(0)];
    let (server, sandbox) = (serve(cut.clone()), Sandbox::new());
    let out = sync(&sandbox, server.port(), "none", "60s");
    assert_eq!(out.code, 75, "{}", out.stderr);
    assert!(out.stderr.contains("during the greeting"), "{}", out.stderr);

    // Under TLS, where the end comes without a farewell (RFC 8446 §6.1).
    let identity = self_signed();
    let server = Server::start(Options::new(Tls::Implicit(identity.clone())));
    server.set_faults(cut);
    let pinned = format!("implicit\"\ntls-fingerprint = \"{}", identity.fingerprint);
    let out = sync(&sandbox, server.port(), &pinned, "60s");
    assert_eq!(out.code, 75, "{}", out.stderr);
    assert!(out.stderr.contains("during the greeting"), "{}", out.stderr);

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let hang_up = thread::spawn(move || drop(listener.accept().unwrap()));
    let out = sync(&sandbox, port, "implicit", "60s");
    hang_up.join().unwrap();
    assert_eq!(out.code, 75, "{}", out.stderr);
    let during = "during the TLS handshake";
    assert!(out.stderr.contains(during), "{}", out.stderr);
}

#[test]
fn a_server_that_falls_silent_in_a_listing_is_given_up() {
    let half = Act::Reply(b"+OK\r\n1 120\r\n2 ".to_vec());
    let faults = vec![Fault::At("LIST", 1, half), Fault::At("UIDL", 1, Act::Stall)];
    let (server, sandbox) = (serve(faults), Sandbox::new());
    let out = sync(&sandbox, server.port(), "none", "1s");
    assert_timed_out(&out, "LIST");
    assert!(sandbox.mail("Mail").is_empty());
    assert_eq!(server.count("RETR"), 0);
}

#[test]
fn what_was_whole_before_the_silence_is_delivered_and_no_half_of_the_next() {
    let half = "+OK 500 octets\r\nSubject: half\r\n\r\nhalf\r\n";
    silent_then_well(["RETR 4", "RETR 5"], half, 3);
}

#[test]
fn a_message_without_its_terminator_is_not_delivered() {
    for end in ["", ".", ".\r"] {
        let body = format!("+OK\r\nSubject: all but the end\r\n\r\nx\r\n{end}");
        silent_then_well(["RETR 2", "RETR 3"], &body, 1);
    }
}

#[test]
fn localhost_is_found_where_only_127_0_0_1_listens() {
    // `Server` listens on 127.0.0.1 alone; localhost may be ::1 first.
    let (server, sandbox) = (serve(vec![Fault::OneByteAtATime]), Sandbox::new());
    let out = sync(&sandbox, server.port(), "none", "60s");
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(sandbox.mail("Mail"), mail().stored());
}
