//! An LMTP server that takes mail, refuses it for a while or for good, or hangs up: each recipient and each message for
//! itself, bytes as they came.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;

use super::super::support::lmtp::Lmtp;
use super::super::support::mailbox::{Mailbox, USER};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::Sandbox;
use super::{assert_quiet, assert_said, assert_same, configure, letters, retry, spooled};

/// Delivers to this server, for these recipients.
fn deliver_to(mailbox: &Mailbox, server: &Lmtp, recipients: &[&str]) {
    let address = server.address();
    let deliver = format!("{{ lmtp = \"{address}\", recipient = {recipients:?} }}");
    configure(mailbox, &deliver, "leave-on-server = false");
}

/// What the recipient received, as a store should hold it, sorted by content.
fn received(server: &Lmtp, recipient: &str) -> Vec<Vec<u8>> {
    let messages = server.received(recipient).into_iter();
    let maildrop: Maildrop = messages.map(|raw| Message::new("", raw)).collect();
    maildrop.stored()
}

/// Asserts that this run delivers what waited, and that all is done then.
#[track_caller]
fn assert_completed(
    mailbox: &Mailbox,
    server: &Lmtp,
    sent: &[Vec<u8>],
    run: impl Fn(&Mailbox) -> super::Finished,
) {
    server.take_all();
    assert_eq!(run(mailbox).code, 0);
    assert_quiet(&mailbox.sync());
    assert_same(&received(server, "ann"), sent);
    assert_eq!(spooled(mailbox), 0);
    assert!(mailbox.there().is_empty());
    assert_eq!(mailbox.server.count("RETR"), sent.len());
}

#[test]
fn messages_of_every_kind_arrive_as_they_came() {
    let mailbox = Mailbox::new(20);
    let sent = mailbox.there();
    let server = Lmtp::on_socket(&mailbox.sandbox.path("lmtp"));
    let deliver = format!("{{ lmtp = \"{}\" }}", server.address());
    configure(&mailbox, &deliver, "leave-on-server = false");
    assert_quiet(&mailbox.sync());
    // Without a recipient it is the account's user.
    assert_same(&received(&server, USER), &sent);
    assert_eq!(spooled(&mailbox), 0);
    assert!(mailbox.there().is_empty());
    let lines = server.lines();
    let begun = lines.iter().filter(|line| line.starts_with("LHLO "));
    assert_eq!(begun.count(), 1, "one session for all");
}

#[test]
fn the_envelope_sender_is_that_of_the_return_path() {
    let sender = |field: &str| {
        let mail = Message::new("only", format!("{field}Subject: x\r\n\r\nx\r\n"));
        let options = Options::new(Tls::None);
        let options = options.user(USER, super::PASSWORD, [mail].into_iter().collect());
        let mailbox = Mailbox::of(Sandbox::new(), options);
        let server = Lmtp::on_port();
        deliver_to(&mailbox, &server, &["ann"]);
        assert_quiet(&mailbox.sync());
        let lines = server.lines();
        let mail = lines.iter().find(|line| line.starts_with("MAIL "));
        mail.unwrap()["MAIL FROM:".len()..].to_owned()
    };
    let named = sender("Return-Path: <ann@example.org>\r\n");
    assert!(named.starts_with("<ann@example.org>"), "{named}");
    for field in ["", "Return-Path: <>\r\n", "Return-Path: <a\r\n b>\r\n"] {
        let nobody = sender(field);
        assert!(nobody.starts_with("<>"), "{nobody}");
    }
}

#[test]
fn a_temporary_refusal_is_tried_in_the_next_run_and_never_given_up() {
    for step in ["MAIL", "RCPT ann", "DATA", "END ann"] {
        let (mailbox, server) = (letters(3), Lmtp::on_port());
        let sent = mailbox.there();
        deliver_to(&mailbox, &server, &["ann"]);
        server.reply(step, "452 4.2.2 the mailbox is full");
        for _ in 0..11 {
            let out = mailbox.sync();
            assert_said(&out, 75, &["work", "452 4.2.2 the mailbox is full"]);
            assert!(!out.stderr.contains("quarantine"), "{}", out.stderr);
            assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3), "{step}");
        }
        assert_completed(&mailbox, &server, &sent, Mailbox::sync);
    }
}

#[test]
fn a_permanent_refusal_waits_for_a_retry() {
    for step in ["MAIL", "RCPT ann", "DATA", "END ann"] {
        let (mailbox, server) = (letters(3), Lmtp::on_port());
        let sent = mailbox.there();
        deliver_to(&mailbox, &server, &["ann"]);
        server.reply(step, "550 5.1.1 no such \x1b[31muser");
        let out = mailbox.sync();
        assert_said(&out, 74, &["work", "letter-1", "550 5.1.1 no such "]);
        assert!(!out.stderr.contains('\u{1b}'), "{:?}", out.stderr);
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3), "{step}");
        server.take_all();
        assert_eq!(mailbox.sync().code, 74, "{step}: so soon it is not tried");
        assert_completed(&mailbox, &server, &sent, retry);
    }
}

#[test]
fn of_two_recipients_one_is_refused_and_the_other_is_not() {
    for (step, code) in [("RCPT bob", 74), ("END bob", 74), ("RCPT bob", 75)] {
        let (mailbox, server) = (letters(3), Lmtp::on_port());
        let sent = mailbox.there();
        deliver_to(&mailbox, &server, &["ann", "bob"]);
        let reply = if code == 74 { "550 no" } else { "450 not now" };
        server.reply(step, reply);
        assert_said(&mailbox.sync(), code, &["work", reply]);
        assert_same(&received(&server, "ann"), &sent);
        assert!(received(&server, "bob").is_empty());
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3), "{step}");
        // What the one has does not come to it again.
        assert_completed(&mailbox, &server, &sent, retry);
        assert_same(&received(&server, "bob"), &sent);
    }
}

#[test]
fn a_recipient_that_is_corrected_gets_what_waited_for_the_wrong_one() {
    let (mailbox, server) = (letters(3), Lmtp::on_port());
    let sent = mailbox.there();
    deliver_to(&mailbox, &server, &["bob", "amn"]);
    server.reply("RCPT amn", "550 5.1.1 no amn");
    assert_eq!(mailbox.sync().code, 74);
    deliver_to(&mailbox, &server, &["bob", "ann"]);
    assert_completed(&mailbox, &server, &sent, Mailbox::sync);
    assert_same(&received(&server, "bob"), &sent);
}

#[test]
fn a_server_that_does_not_listen_is_tried_in_the_next_run() {
    let (mailbox, server) = (letters(3), Lmtp::on_port());
    let sent = mailbox.there();
    let socket = mailbox.sandbox.path("nobody");
    drop(UnixListener::bind(&socket).unwrap());
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let nobody = [
        format!("unix:{}", socket.display()),
        format!("unix:{}", mailbox.sandbox.path("missing").display()),
        address.to_string(),
    ];
    for nobody in nobody {
        let deliver = format!("{{ lmtp = \"{nobody}\", recipient = \"ann\" }}");
        configure(&mailbox, &deliver, "leave-on-server = false");
        let out = mailbox.sync();
        assert_said(&out, 75, &["work", "LMTP"]);
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3));
    }
    deliver_to(&mailbox, &server, &["ann"]);
    assert_completed(&mailbox, &server, &sent, Mailbox::sync);
}

#[test]
fn a_server_that_hangs_up_gets_the_message_again() {
    for step in ["GREETING", "LHLO", "MAIL", "RCPT ann", "DATA", "END ann"] {
        let (mailbox, server) = (letters(3), Lmtp::on_port());
        let sent = mailbox.there();
        deliver_to(&mailbox, &server, &["ann"]);
        server.reply(step, "HANGUP");
        assert_said(&mailbox.sync(), 75, &["work", "LMTP"]);
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (3, 3), "{step}");
        assert_completed(&mailbox, &server, &sent, Mailbox::sync);
    }
}

#[test]
fn a_message_at_which_the_server_hangs_up_holds_up_no_others() {
    let (mailbox, server) = (letters(5), Lmtp::on_port());
    let sent = mailbox.there();
    deliver_to(&mailbox, &server, &["ann"]);
    server.hang_up_at(b"Subject: 1");
    for _ in 0..3 {
        assert_said(&mailbox.sync(), 75, &["work", "LMTP"]);
    }
    assert_eq!(received(&server, "ann").len(), 4);
    assert_eq!((spooled(&mailbox), mailbox.there().len()), (1, 1));
    assert_completed(&mailbox, &server, &sent, Mailbox::sync);
}

#[test]
fn what_is_no_lmtp_server_gets_no_mail() {
    let (mailbox, server) = (letters(1), Lmtp::on_port());
    let sent = mailbox.there();
    deliver_to(&mailbox, &server, &["ann"]);
    for (step, reply) in [
        ("GREETING", "+OK POP3 ready"),
        ("LHLO", "500 what is LHLO"),
        ("DATA", "250 fine"),
    ] {
        server.take_all();
        server.reply(step, reply);
        let out = mailbox.sync();
        assert!(
            matches!(out.code, 69 | 74..=76),
            "{step}: {} {}",
            out.code,
            out.stderr
        );
        assert!(received(&server, "ann").is_empty(), "{step}");
        assert_eq!((spooled(&mailbox), mailbox.there().len()), (1, 1), "{step}");
    }
    assert_completed(&mailbox, &server, &sent, retry);
}
