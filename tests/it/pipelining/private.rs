//! A server that repeats the password in the reply to USER, PASS or what follows them does not bring it out, whichever of
//! them were in flight.

use super::{LOGIN, flights, synced};
use crate::support::mailbox::{Mailbox, PASSWORD};
use crate::support::options::{Act, Fault};

/// Asserts that a run against this server ends so, and that the password is in nothing that is left of it.
#[track_caller]
fn kept(mailbox: &Mailbox, code: i32) {
    let before = mailbox.server.records().len();
    let out = mailbox.sandbox.run(["sync", "-vv"]);
    assert_eq!(out.code, code, "{}", out.stderr);
    assert!(out.stderr.contains("C: PASS ****"), "{}", out.stderr);
    assert!(out.stderr.contains("(not shown)"), "{}", out.stderr);
    for shown in [&out.stderr, &out.stdout] {
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
    for (path, content) in mailbox.sandbox.snapshot() {
        let is_in = memchr::memmem::find(&content, PASSWORD.as_bytes()).is_some();
        let is_config = path.starts_with(mailbox.sandbox.path("config"));
        assert!(is_config || !is_in, "{}", path.display());
    }
    // It was sent ahead of the reply.
    let flights = flights(mailbox, before);
    assert!(flights[0].contains(&LOGIN.to_owned()), "{flights:?}");
}

/// Each way of the server to repeat it, at first contact and where CAPA is remembered.
#[track_caller]
fn kept_each_time(at: &'static str, cases: Vec<(Act, i32)>) {
    for (act, code) in cases {
        for is_remembered in [false, true] {
            let mailbox = Mailbox::new(1);
            if is_remembered {
                synced(&mailbox);
            }
            let fault = Fault::Each(at, act.clone());
            mailbox.server.set_faults(vec![fault]);
            kept(&mailbox, code);
        }
    }
}

/// Replies with it, and the exit status that they lead to.
fn replies() -> Vec<(Act, i32)> {
    let reply = |text: String, code| (Act::reply(&text), code);
    vec![
        reply(format!("-ERR [AUTH] \"{PASSWORD}\" is not it"), 77),
        reply(format!("-ERR [SYS/TEMP] PASS {PASSWORD}: later"), 75),
        reply(format!("PASS {PASSWORD}"), 76),
    ]
}

#[test]
fn the_reply_to_user_does_not_bring_the_password_out() {
    kept_each_time("USER", replies());
    let mailbox = Mailbox::new(1);
    let welcome = Act::reply(&format!("+OK go on, {PASSWORD}"));
    mailbox
        .server
        .set_faults(vec![Fault::Each("USER", welcome)]);
    // The command was not carried out, so that PASS is refused.
    kept(&mailbox, 77);
}

#[test]
fn the_reply_to_pass_does_not_bring_the_password_out() {
    kept_each_time("PASS", replies());
}

#[test]
fn replies_too_many_do_not_bring_the_password_out() {
    let lines = |count| format!("+OK {PASSWORD}\r\n").repeat(count).into_bytes();
    for at in ["USER", "PASS", "LIST"] {
        kept_each_time(at, (1..=4).map(|n| (Act::Before(lines(n)), 76)).collect());
    }
}
