//! Sessions with a server that plays from a transcript.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread::JoinHandle;

use tempfile::TempDir;

use super::super::handover::Handover;
use super::*;

const GREETING: &str = "S: 220 host LMTP\nC: LHLO me.example\nS: 250 host\n";
const MESSAGE: &str = "Return-Path: <bob@b.example>\nSubject: x\n\n.body\n";

/// A server that says the `S:` lines and wants the `C:` lines; `|` joins two in one packet, `cut` closes, `wait` waits for the client
/// to go, `drip` sends an octet now and then for as long as it is there, of a line without end.
struct Script {
    folder: TempDir,
    address: LmtpAddress,
    server: JoinHandle<()>,
}

impl Script {
    fn new(transcript: &str) -> Self {
        Self::bare(&format!("{GREETING}{transcript}"))
    }

    fn bare(transcript: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let transcript = transcript.to_owned();
        Self {
            folder,
            address: LmtpAddress::from_text(&format!("127.0.0.1:{port}")).unwrap(),
            server: thread::spawn(move || {
                let (stream, _) = listener.accept().unwrap();
                play(
                    &transcript,
                    BufReader::new(stream.try_clone().unwrap()),
                    stream,
                );
            }),
        }
    }

    fn connect(&self) -> Result<LmtpSession, Error> {
        lmtp(self.address.clone()).connect("me.example", &AtomicBool::new(false))
    }

    fn staged(&self, message: &[u8]) -> PathBuf {
        let path = self.folder.path().join("message");
        std::fs::write(&path, message).unwrap();
        path
    }

    /// Delivers the message in a session of its own.
    fn deliver(&self, message: &[u8]) -> Result<Handover, Error> {
        let staged = self.staged(message);
        self.connect()?.deliver(&staged, &AtomicBool::new(false))
    }

    fn end(self) {
        self.server.join().unwrap();
    }
}

fn lmtp(address: LmtpAddress) -> Lmtp {
    Lmtp {
        address,
        recipient: Recipient::new("ann").unwrap(),
        timeout: Duration::from_secs(20),
    }
}

fn play(transcript: &str, mut from: impl BufRead, mut to: impl Write) {
    for step in transcript.lines() {
        if let Some(line) = step.strip_prefix("S: ") {
            // The client may be gone; then it is what the test is about.
            let _ = write!(to, "{}\r\n", line.replace('|', "\r\n"));
        } else if let Some(line) = step.strip_prefix("C: ") {
            let mut heard = String::new();
            from.read_line(&mut heard).unwrap();
            assert_eq!(heard, format!("{line}\r\n"));
        } else if step == "wait" {
            let _ = from.read_to_end(&mut Vec::new());
        } else if step == "drip" {
            while to.write_all(b"2").and_then(|()| to.flush()).is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
        } else {
            assert_eq!(step, "cut");
            return;
        }
    }
}

fn failed(reason: &str) -> Handover {
    Handover::Failed(format!("the LMTP server answered {reason}"))
}

fn later(reason: &str) -> Handover {
    Handover::Later(format!("the LMTP server answered {reason}"))
}

#[test]
fn messages_are_delivered_one_after_another() {
    let transaction = "C: MAIL FROM:<bob@b.example>\nS: 250 ok\nC: RCPT TO:<ann>\nS: 250 ok\nC: DATA\nS: 354 go\n\
                       C: Return-Path: <bob@b.example>\nC: Subject: x\nC: \nC: ..body\nC: .\nS: 250 2.0.0 saved\n";
    let script = Script::new(&format!("{transaction}{transaction}C: QUIT\nS: 221 bye\n"));
    let staged = script.staged(MESSAGE.as_bytes());
    let mut session = script.connect().unwrap();
    for _ in 0..2 {
        let handover = session.deliver(&staged, &AtomicBool::new(false));
        assert_eq!(handover.unwrap(), Handover::Done);
    }
    session.quit();
    script.end();
}

#[test]
fn what_a_server_offers_is_used() {
    let script = Script::bare(
        "S: 220-host\nS: 220 LMTP\nC: LHLO me.example\nS: 250-host\nS: 250-size 1000\nS: 250 8BITMIME\n\
         C: MAIL FROM:<> SIZE=6 BODY=8BITMIME\nS: 250 ok\nC: RCPT TO:<ann>\nS: 250 ok\nC: DATA\nS: 354 go\n\
         C: \nC: ä\nC: .\nS: 250 ok\n",
    );
    assert_eq!(script.deliver("\nä".as_bytes()).unwrap(), Handover::Done);
    script.end();
}

#[test]
fn a_refused_message_leaves_the_session_to_the_next() {
    let script = Script::new(
        "C: MAIL FROM:<>\nS: 452 4.3.1 full\n\
         C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<ann>\nS: 550 5.1.1 User doesn't exist: ann\n\
         C: RSET\nS: 250 ok\n\
         C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<ann>\nS: 250 ok\nC: DATA\nS: 554 5.6.0 no\n\
         C: RSET\nS: 250 ok\n\
         C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<ann>\nS: 250 ok\nC: DATA\nS: 354 go\nC: x\nC: .\n\
         S: 552-5.2.2 quota\nS: 552 exceeded\n\
         C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<ann>\nS: 250 ok\nC: DATA\nS: 354 go\nC: x\nC: .\nS: 250 ok\n",
    );
    let staged = script.staged(b"x\n");
    let mut session = script.connect().unwrap();
    let mut next = || session.deliver(&staged, &AtomicBool::new(false)).unwrap();
    assert_eq!(next(), later("MAIL with 452 4.3.1 full"));
    assert_eq!(
        next(),
        failed("RCPT with 550 5.1.1 User doesn't exist: ann")
    );
    assert_eq!(next(), failed("DATA with 554 5.6.0 no"));
    assert_eq!(next(), failed("the message with 552 5.2.2 quota; exceeded"));
    assert_eq!(next(), Handover::Done);
    script.end();
}

#[test]
fn a_sender_that_is_no_address_keeps_no_mail_back() {
    let script = Script::new(
        "C: MAIL FROM:<\"q>\nS: 501 5.5.4 Invalid FROM\nC: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<ann>\nS: 250 ok\n\
         C: DATA\nS: 354 go\nC: Return-Path: <\"q>\nC: \nC: .\nS: 250 ok\n",
    );
    let handover = script.deliver(b"Return-Path: <\"q>\n\n").unwrap();
    assert_eq!(handover, Handover::Done);
    script.end();
}

#[test]
fn a_reply_too_many_ends_the_session() {
    let script = Script::new("C: MAIL FROM:<>\nS: 250 ok|250 ok\nwait\n");
    let error = script.deliver(b"x\n").unwrap_err();
    assert!(matches!(error, Error::NoLmtp { .. }), "{error:?}");
    script.end();
}

#[test]
fn a_server_that_closes_is_no_fault_of_the_message() {
    let begin = "C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<ann>\n";
    for (rest, text) in [
        ("S: 421 4.3.2 bye\n", "answered RCPT with 421 4.3.2 bye"),
        ("cut\n", "during RCPT"),
        (
            "S: 250 ok\nC: DATA\nS: 354 go\nC: x\nC: .\ncut\n",
            "during the message",
        ),
    ] {
        let script = Script::new(&format!("{begin}{rest}"));
        let error = script.deliver(b"x\n").unwrap_err();
        assert!(error.is_temporary(), "{error}");
        assert!(error.to_string().contains(text), "{error}");
        script.end();
    }
}

#[test]
fn after_an_error_nothing_more_is_delivered() {
    let script = Script::new("C: MAIL FROM:<>\nS: +OK\nwait\n");
    let staged = script.staged(b"x\n");
    let mut session = script.connect().unwrap();
    let mut next = || {
        session
            .deliver(&staged, &AtomicBool::new(false))
            .unwrap_err()
    };
    assert!(matches!(next(), Error::NoLmtp { .. }));
    assert!(matches!(next(), Error::LmtpLost { .. }));
    script.end();
}

#[test]
fn what_speaks_no_lmtp_is_told_apart() {
    let long = format!("S: 220 {}\nwait\n", "x".repeat(20_000));
    let endless = format!("{}wait\n", "S: 220-x\n".repeat(101));
    for transcript in [
        "S: +OK POP3 ready\nwait\n",
        "S: 354 what\nwait\n",
        "S: 220 one\nS: 220 two\nwait\n",
        long.as_str(),
        endless.as_str(),
    ] {
        let script = Script::bare(transcript);
        // The second greeting may come before LHLO is sent or after it.
        let error = script.connect().unwrap_err();
        assert!(matches!(error, Error::NoLmtp { .. }), "{error:?}");
        assert!(!error.is_temporary());
        script.end();
    }
}

#[test]
fn a_server_that_is_not_willing_says_whether_that_may_pass() {
    for (transcript, temporary) in [
        ("S: 554 5.7.1 go away\nwait\n", false),
        ("S: 450 busy\nwait\n", true),
        (
            "S: 220 SMTP\nC: LHLO me.example\nS: 500 unknown command\nwait\n",
            false,
        ),
    ] {
        let script = Script::bare(transcript);
        let error = script.connect().unwrap_err();
        assert!(matches!(error, Error::LmtpRefused { .. }), "{error:?}");
        assert_eq!(error.is_temporary(), temporary, "{error}");
        script.end();
    }
}

#[test]
fn a_server_that_is_not_there_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for address in [
        LmtpAddress::Unix(folder.path().join("lmtp")),
        LmtpAddress::from_text(&refusing.to_string()).unwrap(),
    ] {
        let lmtp = lmtp(address.clone());
        let error = lmtp.connect("host", &AtomicBool::new(false)).unwrap_err();
        assert!(error.is_temporary());
        assert_eq!(
            error.to_string(),
            format!("cannot connect to the LMTP server at {address}")
        );
    }
}

#[test]
fn a_server_that_only_drips_is_not_waited_for_beyond_the_timeout() {
    let script = Script::bare("drip\n");
    let mut lmtp = lmtp(script.address.clone());
    lmtp.timeout = Duration::from_millis(50);
    let error = lmtp
        .connect("me.example", &AtomicBool::new(false))
        .unwrap_err();
    assert!(
        matches!(error, Error::LmtpLost { ref source, .. } if source.kind() == io::ErrorKind::TimedOut),
        "{error:?}"
    );
    script.end();
}

#[test]
fn a_silent_server_is_not_waited_for_beyond_the_timeout_or_a_stop() {
    let script = Script::bare("wait\n");
    let mut lmtp = lmtp(script.address.clone());
    lmtp.timeout = Duration::from_millis(50);
    let error = lmtp.connect("host", &AtomicBool::new(false)).unwrap_err();
    assert!(
        matches!(error, Error::LmtpLost { source, .. } if source.kind() == io::ErrorKind::TimedOut)
    );
    script.end();

    let script = Script::new("wait\n");
    let staged = script.staged(b"x\n");
    let mut session = script.connect().unwrap();
    let error = session
        .deliver(&staged, &AtomicBool::new(true))
        .unwrap_err();
    assert!(matches!(error, Error::Stopped));
    drop(session);
    script.end();
}

#[test]
fn a_large_message_goes_through_a_unix_socket_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut from, mut to) = (BufReader::new(stream.try_clone().unwrap()), stream);
        let talk = "C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<ann>\nS: 250 ok\nC: DATA\nS: 354 go\n";
        play(&format!("{GREETING}{talk}"), &mut from, &mut to);
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n.\r\n") {
            from.read_until(b'\n', &mut received).unwrap();
        }
        to.write_all(b"250 ok\r\n").unwrap();
        received
    });
    let message = "0123456789\n".repeat(1 << 19);
    let staged = folder.path().join("message");
    std::fs::write(&staged, &message).unwrap();
    let stop = AtomicBool::new(false);
    let mut session = lmtp(LmtpAddress::Unix(path))
        .connect("me.example", &stop)
        .unwrap();
    assert_eq!(session.deliver(&staged, &stop).unwrap(), Handover::Done);
    let received = server.join().unwrap();
    assert!(received == format!("{}.\r\n", message.replace('\n', "\r\n")).into_bytes());
}

#[test]
fn a_host_name_that_is_no_domain_is_not_sent() {
    let script = Script::bare("S: 220 x\nC: LHLO localhost\nS: 250 x\nwait\n");
    let session = lmtp(script.address.clone()).connect("a\r\nb", &AtomicBool::new(false));
    drop(session.unwrap());
    script.end();
}
