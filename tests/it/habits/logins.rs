//! Logins that follow each other: delays, tokens that run out, and what a server offers with and without TLS.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use popfetch::pop3::Need;
use popfetch::retention::Policy;
use popfetch::secret::Secret;
use popfetch::sync::Error;

use super::*;
use crate::support::certificates::self_signed;
use crate::support::engine::{Engine, day};

#[test]
fn a_delay_is_counted_from_the_login_also_if_that_was_waited_for() {
    let delay = |options: Options| options.capabilities(&["UIDL", "USER", "LOGIN-DELAY 600"]);
    let mailbox = mailbox(letters(0..1), delay);
    let engine = Engine::on(&mailbox);
    engine.run_well(day(0, 0), Policy::Keep);
    // Due a second later.
    engine.run_well(day(0, 599), Policy::Keep);
    let ran = engine.run(day(0, 1184), Policy::Keep);
    let Some(Error::TooSoon { left }) = ran.outcome.failure else {
        panic!("{:?}", ran.outcome);
    };
    assert_eq!(left.as_secs(), 16);
}

#[test]
fn what_is_offered_under_tls_is_not_taken_for_what_is_offered_in_the_clear() {
    let identity = self_signed();
    let options = Options::new(Tls::Stls(identity.clone())).user(USER, PASSWORD, letters(0..1));
    let mailbox = Mailbox::of(Sandbox::new(), options);
    let run = |lines: &str| {
        let port = mailbox.server.port();
        mailbox.sandbox.config(&format!(
            "[accounts.work]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{USER}\"\npassword = \"{PASSWORD}\"\n\
             deliver = {{ maildir = \"~/Mail/work\" }}\n{lines}\n"
        ));
        let before = mailbox.server.count("CAPA");
        let out = mailbox.sandbox.run(["sync"]);
        assert_eq!(out.code, 0, "{}", out.stderr);
        mailbox.server.count("CAPA") - before
    };
    let protected = format!(
        "tls = \"starttls\"\ntls-fingerprint = \"{}\"",
        identity.fingerprint
    );
    // Before STLS it is asked each time.
    assert_eq!(run(&protected), 2);
    assert_eq!(run(&protected), 1);
    assert_eq!(run("tls = \"none\""), 1);
    assert_eq!(run("tls = \"none\""), 0);
    assert_eq!(run(&protected), 1);
}

/// How many messages the server has whose tokens run out; it lists one in a session.
const LETTERS: usize = 3;

/// A server in the manner of Gmail that lets nobody in twice with the same token; it ends with its last session.
fn forgetful() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut sessions = 0;
        for stream in listener.incoming() {
            serve(stream.unwrap(), &mut sessions);
            if sessions > LETTERS {
                return;
            }
        }
    });
    port
}

fn serve(stream: TcpStream, sessions: &mut usize) {
    let mut stream = BufReader::new(stream);
    let say = |stream: &mut BufReader<TcpStream>, text: &str| {
        // Who is gone has heard enough.
        let _ = write!(stream.get_mut(), "{text}\r\n");
    };
    say(&mut stream, "+OK Gpop ready");
    let hear = |stream: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap_or(0);
        line.trim_end().to_owned()
    };
    loop {
        let line = hear(&mut stream);
        let letter = *sessions;
        let is_listed = letter <= LETTERS;
        let reply = match line.split(' ').next().unwrap_or_default() {
            "CAPA" => "+OK\r\nSASL XOAUTH2\r\nUIDL\r\n.".to_owned(),
            "AUTH" => {
                say(&mut stream, "+ ");
                let token = BASE64_STANDARD.decode(hear(&mut stream)).unwrap();
                let token = String::from_utf8(token).unwrap();
                if token.contains(&format!("Bearer token-{}\x01", *sessions + 1)) {
                    *sessions += 1;
                    "+OK".to_owned()
                } else {
                    "-ERR [AUTH] it ran out".to_owned()
                }
            }
            "LIST" if is_listed => "+OK\r\n1 20\r\n.".to_owned(),
            "UIDL" if is_listed => format!("+OK\r\n1 uid-{letter}\r\n."),
            "LIST" | "UIDL" => "+OK\r\n.".to_owned(),
            "RETR" => format!("+OK\r\nSubject: {letter}\r\n\r\nletter\r\n."),
            "QUIT" => return say(&mut stream, "+OK"),
            _ => return,
        };
        say(&mut stream, &reply);
    }
}

#[test]
fn each_token_that_runs_out_between_two_sessions_of_a_run_is_renewed() {
    static RENEWED: AtomicUsize = AtomicUsize::new(0);
    let mailbox = plain_mailbox(letters(0..0));
    let engine = Engine::on(&mailbox).reaching(forgetful());
    let ran = engine.run_changed(day(0, 0), Policy::Keep, |job| {
        job.need = Need::Token;
        job.secret = &|| Ok(Secret::new("token-1"));
        job.renew = &|_| {
            let renewed = RENEWED.fetch_add(1, Ordering::Relaxed) + 1;
            Ok(Some(Secret::new(format!("token-{}", renewed + 1).as_str())))
        };
    });
    assert!(ran.outcome.failure.is_none(), "{:?}", ran.outcome);
    assert_eq!(ran.outcome.tally.new, LETTERS);
    assert_eq!(RENEWED.load(Ordering::Relaxed), LETTERS);
}

#[test]
fn a_mechanism_that_the_server_does_not_know_is_followed_by_another_and_a_refusal_by_none() {
    for (says, status, attempts) in [
        ("-ERR unknown command", 0, ["AUTH", "USER"].as_slice()),
        ("-ERR [AUTH] unsupported mechanism", 0, &["AUTH", "USER"]),
        (
            "-ERR [AUTH] invalid password, or mechanism not allowed",
            77,
            &["AUTH"],
        ),
        ("-ERR no", 77, &["AUTH"]),
    ] {
        let mailbox = mailbox(letters(0..1), |options| {
            let options = options.capabilities(&["UIDL", "USER", "SASL PLAIN"]);
            options.fault(Fault::Each("AUTH", Act::reply(says)))
        });
        let out = mailbox.sync();
        assert_eq!(out.code, status, "{says}: {}", out.stderr);
        for verb in ["AUTH", "USER", "PASS"] {
            let verb_is_tried = attempts.contains(&verb) || verb == "PASS" && status == 0;
            let times = usize::from(verb_is_tried);
            assert_eq!(mailbox.server.count(verb), times, "{says}: {verb}");
        }
    }
}

#[test]
fn a_token_is_renewed_once_and_only_if_it_was_judged() {
    // Whoever goes on and on is stopped.
    static RENEWED: AtomicUsize = AtomicUsize::new(0);
    for (code, attempts) in [
        ("[AUTH] ", 2),
        ("", 2),
        ("[SYS/TEMP] ", 1),
        ("[SYS/PERM] ", 1),
        ("[IN-USE] ", 1),
        ("[LOGIN-DELAY] ", 1),
    ] {
        let mailbox = mailbox(letters(0..1), |options| {
            let options = options.capabilities(&["UIDL", "SASL XOAUTH2"]);
            let refusal = Act::reply(&format!("-ERR {code}no"));
            options.fault(Fault::Each("AUTH", refusal))
        });
        let ran = Engine::on(&mailbox).run_changed(day(0, 0), Policy::Keep, |job| {
            job.need = Need::Token;
            job.renew = &|_| {
                let renewed = RENEWED.fetch_add(1, Ordering::Relaxed);
                Ok((renewed < 20).then(|| Secret::new("another")))
            };
        });
        assert!(ran.outcome.failure.is_some(), "{code}");
        assert_eq!(mailbox.server.count("AUTH"), attempts, "{code}");
    }
}

#[test]
fn a_server_that_does_not_know_the_last_mechanism_is_not_asked_again() {
    let mailbox = mailbox(letters(0..1), |options| {
        options.fault(Fault::Each("USER", Act::reply("-ERR unknown command")))
    });
    assert_eq!(mailbox.sync().code, 69);
    assert_eq!(mailbox.server.count("USER"), 1);
}
