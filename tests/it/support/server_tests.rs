//! Shows that the fake server keeps to the RFCs and goes wrong only as told, by speaking to it without popfetch.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use native_tls::{Certificate, TlsConnector, TlsStream};

use super::certificates::{Authority, Leaf, self_signed};
use super::maildrop::{Maildrop, Message};
use super::options::{Act, Fault, Loss, Options, Tls};
use super::server::Server;

/// Two messages, one of which needs stuffing and an end.
fn two() -> Maildrop {
    [
        Message::new("a", "Subject: one\r\n\r\nx\r\ny\r\n"),
        Message::new("b", ".\r\n.z"),
    ]
    .into_iter()
    .collect()
}

fn start(options: Options) -> Server {
    Server::start(options.user("me", "pass word", two()))
}

/// Sends `said` at once and reads what comes until the server closes.
fn exchange(mut stream: impl Read + Write, said: &str) -> io::Result<String> {
    stream.write_all(said.as_bytes())?;
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard)?;
    Ok(String::from_utf8(heard).unwrap())
}

fn clear(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port())).unwrap()
}

fn secure(stream: TcpStream, authority: &Authority) -> native_tls::Result<TlsStream<TcpStream>> {
    let root = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    let connector = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(root)
        .build()?;
    connector
        .connect("localhost", stream)
        .map_err(|error| match error {
            native_tls::HandshakeError::Failure(error) => error,
            native_tls::HandshakeError::WouldBlock(_) => unreachable!("the socket blocks"),
        })
}

const LOGIN: &str = "USER me\r\nPASS pass word\r\n";

#[test]
fn every_command_is_answered_as_the_rfc_has_it() {
    let server = start(Options::new(Tls::None).capabilities(&["UIDL"]));
    let said = format!(
        "CAPA\r\nSTAT\r\n{LOGIN}STAT\r\nLIST\r\nLIST 2\r\nUIDL\r\nUIDL 3\r\nRETR 2\r\nTOP 1 1\r\nDELE 1\r\nRETR 1\r\n\
         LIST\r\nRSET\r\nNOOP\r\nDELE 2\r\nSTLS\r\nnoop\nQUIT\r\n"
    );
    let heard = exchange(clear(&server), &said).unwrap();
    let expected = "+OK popfetch test server\n+OK\nUIDL\n.\n-ERR not a command in this state\n+OK\n+OK logged in\n\
        +OK 2 27\n+OK\n1 22\n2 5\n.\n+OK 2 5\n+OK\n1 a\n2 b\n.\n-ERR no such message\n+OK 5 octets\n..\n..z\n.\n\
        +OK\nSubject: one\n\nx\n.\n+OK deleted\n-ERR no such message\n+OK\n2 5\n.\n+OK\n+OK\n+OK deleted\n\
        -ERR not a command in this state\n-ERR not a command line\n+OK bye\n";
    assert_eq!(heard, expected.replace('\n', "\r\n"));
    assert_eq!(server.maildrop("me").stored(), [b"Subject: one\n\nx\ny\n"]);
    assert_eq!(
        (
            server.count("RETR"),
            server.count("RETR 2"),
            server.count("RET")
        ),
        (2, 1, 0)
    );
    assert!(server.records()[0].ahead > 10);
}

#[test]
fn deletes_count_only_with_quit() {
    let server = start(Options::new(Tls::None));
    let session = format!("{LOGIN}DELE 1\r\n");
    let gone = clear(&server);
    gone.set_nodelay(true).unwrap();
    (&gone).write_all(session.as_bytes()).unwrap();
    server.wait_until(0, |record| record.lines.len() == 3);
    drop(gone);
    server.wait_until(0, |record| record.ended);
    assert_eq!(server.maildrop("me").messages().len(), 2);

    server.set_faults(vec![Fault::At("QUIT", 1, Act::Cut)]);
    assert!(
        exchange(clear(&server), &format!("{session}QUIT\r\n"))
            .unwrap()
            .ends_with("deleted\r\n")
    );
    assert_eq!(server.maildrop("me").messages().len(), 2);

    server.set_faults(vec![Fault::At("QUIT", 1, Act::DoneThenCut)]);
    assert!(
        exchange(clear(&server), &format!("{session}QUIT\r\n"))
            .unwrap()
            .ends_with("deleted\r\n")
    );
    assert_eq!(server.maildrop("me").messages().len(), 1);

    server.set_faults(Vec::new());
    server.deposit(
        "me",
        Message {
            claimed: Some(99),
            ..Message::new("c", "c\r\n")
        },
    );
    assert!(
        exchange(clear(&server), &format!("{LOGIN}STAT\r\nQUIT\r\n"))
            .unwrap()
            .contains("+OK 2 104\r\n")
    );
}

#[test]
fn faults_strike_where_they_are_told_to() {
    let all = exchange(clear(&start(Options::new(Tls::None))), "QUIT\r\n").unwrap();
    let cut = start(
        Options::new(Tls::None)
            .fault(Fault::CutAfterBytes(7))
            .fault(Fault::OneByteAtATime),
    );
    assert_eq!(exchange(clear(&cut), "QUIT\r\n").unwrap(), all[..7]);

    let options = Options::new(Tls::None)
        .fault(Fault::Each("PASS", Act::reply("-ERR [IN-USE] busy")))
        .fault(Fault::At("NOOP", 2, Act::Before(b"junk\r\n".to_vec())))
        .fault(Fault::At("GREETING", 1, Act::After(b"early\r\n".to_vec())))
        .without_capa()
        .pace(1 << 20);
    let server = start(options);
    let heard = exchange(
        clear(&server),
        &format!("CAPA\r\n{LOGIN}NOOP\r\nNOOP\r\nQUIT\r\n"),
    )
    .unwrap();
    let refused = "-ERR not a command in this state\r\n";
    let expected = format!(
        "+OK popfetch test server\r\nearly\r\n-ERR unknown command\r\n+OK\r\n-ERR [IN-USE] busy\r\n\
         {refused}junk\r\n{refused}+OK bye\r\n"
    );
    assert_eq!(heard, expected);
}

#[test]
fn a_server_that_stalls_says_so_and_still_ends() {
    let server = start(
        Options::new(Tls::None)
            .without_pipelining()
            .fault(Fault::At("CAPA", 1, Act::Stall)),
    );
    let mut client = clear(&server);
    client.write_all(b"CAPA\r\n").unwrap();
    server.wait_until(0, |record| record.stalled);
    server.set_faults(vec![Fault::StallAfterBytes(3)]);
    let _second = clear(&server);
    server.wait_until(1, |record| record.stalled);
    drop(server);
    assert!(matches!(
        client.read_to_end(&mut Vec::new()),
        Ok(26) | Err(_)
    ));
}

#[test]
fn implicit_tls_leaves_nothing_in_clear() {
    let authority = Authority::new();
    let server = start(Options::new(Tls::Implicit(authority.issue(Leaf::Good))));
    let stream = secure(clear(&server), &authority).unwrap();
    assert!(
        exchange(stream, &format!("{LOGIN}QUIT\r\n"))
            .unwrap()
            .ends_with("+OK bye\r\n")
    );
    assert!(server.sent_in_clear().is_empty());
    let record = &server.records()[0];
    assert!(record.secured && record.lines == ["USER me", "PASS pass word", "QUIT"]);

    drop(clear(&server).write_all(b"PASS oops\r\n"));
    server.wait_until(1, |record| record.ended);
    assert_eq!(server.sent_in_clear(), ["PASS oops"]);
}

#[test]
fn stls_is_offered_in_clear_only_and_may_have_bytes_behind_it() {
    let authority = Authority::new();
    let inject = Fault::At("STLS", 1, Act::After(b"+OK injected\r\n".to_vec()));
    let options = Options::new(Tls::Stls(authority.issue(Leaf::Good))).capabilities(&["USER"]);
    let server = start(options);
    let mut stream = clear(&server);
    let offer = "+OK popfetch test server\r\n+OK\r\nUSER\r\nSTLS\r\n.\r\n+OK begin TLS\r\n";
    let mut heard = vec![0; offer.len()];
    stream.write_all(b"CAPA\r\nSTLS\r\n").unwrap();
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(String::from_utf8(heard).unwrap(), offer);
    let secured = secure(stream, &authority).unwrap();
    assert_eq!(
        exchange(secured, "CAPA\r\nQUIT\r\n").unwrap(),
        "+OK\r\nUSER\r\n.\r\n+OK bye\r\n"
    );
    assert_eq!(server.sent_in_clear(), ["CAPA", "STLS"]);

    server.set_faults(vec![inject]);
    let mut stream = clear(&server);
    stream.write_all(b"STLS\r\n").unwrap();
    let mut heard = [0; 55];
    stream.read_exact(&mut heard).unwrap();
    assert!(heard.ends_with(b"+OK begin TLS\r\n+OK injected\r\n"));
}

#[test]
fn bad_certificates_are_bad_in_one_way_each() {
    let authority = Authority::new();
    let refusal = |identity| {
        let server = start(Options::new(Tls::Implicit(identity)));
        let error = secure(clear(&server), &authority)
            .expect_err("a bad certificate")
            .to_string();
        server.wait_until(0, |record| record.ended);
        assert!(!server.records()[0].secured);
        error
    };
    assert!(refusal(authority.issue(Leaf::Expired)).contains("expired"));
    assert!(refusal(authority.issue(Leaf::WrongName)).contains("hostname mismatch"));
    assert!(refusal(self_signed()).contains("self-signed"));
    assert!(
        self_signed().fingerprint.starts_with("sha256:") && self_signed().fingerprint.len() == 71
    );
}

#[test]
fn samples_are_the_same_each_time_and_stored_with_lf() {
    let sample = Maildrop::sample("me", 0, 20);
    assert_eq!(
        sample.messages()[..10],
        *Maildrop::sample("me", 0, 10).messages()
    );
    assert_eq!(
        sample.messages()[10..],
        *Maildrop::sample("me", 10, 10).messages()
    );
    assert!(sample.messages()[17].raw.len() > 3 << 20);
    assert_eq!(
        Message::new("", "a\r\r\nb\nc\rd").stored(),
        b"a\r\nb\nc\rd\n"
    );
}

#[test]
fn a_command_that_is_lacking_is_unknown_in_every_state() {
    let server = start(Options::new(Tls::None).without("UIDL").without("TOP"));
    let said = format!("CAPA\r\nUIDL\r\n{LOGIN}UIDL\r\nUIDL 1\r\nTOP 1 0\r\nQUIT\r\n");
    let heard = exchange(clear(&server), &said).unwrap();
    assert_eq!(heard.matches("-ERR unknown command\r\n").count(), 4);
    assert!(!heard.contains("UIDL") && !heard.contains("TOP"), "{heard}");
}

#[test]
fn gmail_hides_what_was_retrieved_before_quit_and_nothing_else() {
    let server = start(Options::new(Tls::None).gmail(1));
    let session = |said: &str| exchange(clear(&server), &format!("{LOGIN}UIDL\r\n{said}"));
    let lists = |said: &str, lines: &str| {
        let heard = session(said).unwrap();
        assert!(heard.starts_with("+OK Gpop ready for requests from "));
        assert!(
            heard.contains(&format!("logged in\r\n+OK\r\n{lines}.\r\n")),
            "{heard}"
        );
    };
    server.set_faults(vec![Fault::At("QUIT", 1, Act::Cut)]);
    lists("RETR 1\r\nQUIT\r\n", "1 a\r\n");
    server.set_faults(Vec::new());
    lists("TOP 1 0\r\nQUIT\r\n", "1 a\r\n");
    lists("RETR 1\r\nQUIT\r\n", "1 a\r\n");
    lists("RETR 1\r\nDELE 1\r\nQUIT\r\n", "1 b\r\n");
    lists("QUIT\r\n", "");
    server.deposit("me", Message::new("c", "c\r\n"));

    let recent = "USER recent:me\r\nPASS pass word\r\nUIDL\r\nRETR 2\r\nQUIT\r\n";
    let heard = exchange(clear(&server), recent).unwrap();
    assert!(heard.contains("+OK\r\n1 a\r\n2 c\r\n.\r\n"), "{heard}");
    lists("QUIT\r\n", "1 c\r\n");
    assert_eq!(server.hidden("me").messages()[0].uid, b"a");
}

#[test]
fn a_maildrop_may_be_another_one_and_a_fault_one_connections_own() {
    let server = start(Options::new(Tls::None));
    let busy = Fault::At("PASS", 1, Act::reply("-ERR [IN-USE] busy"));
    server.set_faults(vec![Fault::On(1, Box::new(busy))]);
    let renumbered = server.maildrop("me").renumbered(|n, uid| {
        let old = uid.escape_ascii();
        format!("{n}-{old}")
    });
    server.replace("me", renumbered);
    let session = || exchange(clear(&server), &format!("{LOGIN}UIDL\r\nQUIT\r\n")).unwrap();
    let listed = session();
    assert!(listed.contains("\r\n1 0-a\r\n2 1-b\r\n.\r\n"), "{listed}");
    assert!(session().contains("-ERR [IN-USE] busy\r\n"));
    assert_eq!(session(), listed);
    assert_eq!(server.maildrop("me").stored(), two().stored());
}

#[test]
fn what_is_sent_ahead_is_lost_in_one_way_each_and_kept_where_it_is_spared() {
    let refused = "+OK\r\n-ERR one at a time\r\n-ERR one at a time\r\n";
    for (loss, heard_of_it, taken_up) in [
        (Loss::Dropped, "+OK\r\n", 1),
        (Loss::HungUp, "", 0),
        (Loss::Refused, refused, 3),
    ] {
        let fault = Fault::SentAhead(&["USER"], loss);
        let server = start(Options::new(Tls::None).fault(fault));
        let mut stream = clear(&server);
        let greeted = "+OK popfetch test server\r\n+OK\r\n+OK logged in\r\n";
        stream.write_all(LOGIN.as_bytes()).unwrap();
        let mut heard = vec![0; greeted.len()];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(String::from_utf8(heard).unwrap(), greeted);

        stream.write_all(b"NOOP\r\nRETR 1\r\nRETR 2\r\n").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, heard_of_it, "{loss:?}");
        let record = &server.records()[0];
        assert_eq!(record.flights(), ["USER PASS", "NOOP 2 RETR"]);
        assert_eq!(record.pieces[1], ["NOOP", "RETR 1", "RETR 2"]);
        assert_eq!(record.lines.len(), 2 + taken_up, "{loss:?}");
    }
}
