//! Any octets as what an LMTP server says, over a socket as in earnest, compared with a second, slow reading of its replies.
//!
//! The octets `ff fe` end what the server says before it hears the client again. It does not wait where a reply has no end yet:
//! both would.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use popfetch::delivery::{Handover, Lmtp, LmtpAddress, Recipient};

use super::room::with_room;
use super::wire::split;

/// So many messages are delivered in a session.
const MESSAGES: usize = 2;

/// A message, as it is staged and as it is sent.
const MESSAGE: (&[u8], &[u8]) = (
    b"Return-Path: <ann@example.org>\nSubject: x\n\n.\n..a\xe9\nno end",
    b"Return-Path: <ann@example.org>\r\nSubject: x\r\n\r\n..\r\n...a\xe9\r\nno end\r\n.\r\n",
);

/// One without a sender, for whom there is no second MAIL.
const BOUNCE: (&[u8], &[u8]) = (b"\n", b"\r\n.\r\n");

/// The most that a server gets rid of in a session of so few replies: what is read of the longest, and what the system keeps.
const MOST: usize = 2 << 20;

/// The most that is said at once.
const LONGEST: usize = 4 << 20;

/// What a server says, one piece after each turn of the client.
type Script = Vec<Vec<u8>>;

/// What the client said to it, and how much it got rid of.
type Heard = (Vec<u8>, usize);

/// A server that plays one script after another, for this thread.
struct Server {
    address: LmtpAddress,
    messages: [PathBuf; 2],
    scripts: Sender<Script>,
    heard: Receiver<Heard>,
}

impl Server {
    fn new(room: &Path) -> Self {
        let path = room.join("lmtp");
        let listener = UnixListener::bind(&path).expect("a socket in the room");
        let messages = [("message", MESSAGE), ("bounce", BOUNCE)].map(|(name, (staged, _))| {
            let path = room.join(name);
            fs::write(&path, staged).expect("it can be written");
            path
        });
        let (scripts, received) = mpsc::channel::<Script>();
        let (sender, heard) = mpsc::channel();
        thread::spawn(move || {
            for script in received {
                let (stream, _) = listener.accept().expect("a client");
                if sender.send(play(&script, stream)).is_err() {
                    return;
                }
            }
        });
        Self {
            address: LmtpAddress::Unix(path),
            messages,
            scripts,
            heard,
        }
    }
}

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Taken,
    Later,
    Refused,
}

/// Delivers two messages. The first octet says which of the two are bounces, and how often the server's last words are said.
/// A message counts as taken only if the reply to the whole of it said so, and it was whole.
pub fn holds(input: &[u8]) {
    let Some((how, said)) = input.split_first() else {
        return;
    };
    let mut script: Script = split(said).into();
    if let Some(last) = script.last_mut() {
        let times = (1 << (how >> 4)).min(LONGEST / last.len().max(1));
        *last = last.repeat(times.max(1));
    }
    let are_bounces = [how & 1 == 1, how & 2 == 2];
    SERVER.with_borrow_mut(|server| {
        let server = server.get_or_insert_with(|| with_room(Server::new));
        server.scripts.send(script.clone()).expect("it listens");
        let came = deliver(server, are_bounces);
        let (heard, sent) = server.heard.recv().expect("it heard it all");
        assert!(sent <= MOST, "{sent} octets were taken");
        judge(&script, are_bounces, &came, &heard);
    });
}

/// Delivers both messages in one session; what became of those that the server was asked to take.
fn deliver(server: &Server, are_bounces: [bool; MESSAGES]) -> Vec<Fate> {
    let lmtp = Lmtp {
        address: server.address.clone(),
        recipient: Recipient::new("ann").expect("it is plain"),
        timeout: Duration::from_secs(60),
    };
    let stop = AtomicBool::new(false);
    let mut came = Vec::new();
    let mut session = match lmtp.connect("me.example", &stop) {
        Ok(session) => session,
        Err(error) => {
            is_plain(&error.to_string());
            return came;
        }
    };
    for is_bounce in are_bounces {
        let staged = &server.messages[usize::from(is_bounce)];
        match session.deliver(staged, &stop) {
            Ok(Handover::Done) => came.push(Fate::Taken),
            Ok(Handover::Later(reason)) => {
                is_plain(&reason);
                came.push(Fate::Later);
            }
            Ok(Handover::Failed(reason)) => {
                is_plain(&reason);
                came.push(Fate::Refused);
            }
            Err(error) => {
                is_plain(&error.to_string());
                let again = session.deliver(staged, &stop);
                assert!(again.is_err(), "the session is over");
                return came;
            }
        }
    }
    session.quit();
    came
}

/// Compares what came with what was said, and what the server heard with what there was to hear.
fn judge(script: &Script, are_bounces: [bool; MESSAGES], came: &[Fate], heard: &[u8]) {
    let said = script.concat();
    let expected = read(&said, are_bounces);
    assert!(expected.starts_with(came), "{came:?}, not {expected:?}");
    // Where nothing came too soon, nothing is in the way.
    let in_step = |piece: &Vec<u8>| {
        let mut rest = piece.as_slice();
        let lines = piece.split(|octet| *octet == b'\n').count() - 1;
        lines <= 100 && piece.len() < 4096 && reply(&mut rest).is_some() && rest.is_empty()
    };
    if script.iter().all(in_step) {
        assert_eq!(came, expected);
    }
    let taken = came.iter().zip(are_bounces);
    let taken: Vec<bool> = taken
        .filter_map(|(fate, is_bounce)| (*fate == Fate::Taken).then_some(is_bounce))
        .collect();
    for is_bounce in [false, true] {
        let (_, wire) = if is_bounce { BOUNCE } else { MESSAGE };
        let whole = [b"\r\nDATA\r\n", wire].concat();
        let count = heard.windows(whole.len()).filter(|it| *it == whole).count();
        let least = taken.iter().filter(|it| **it == is_bounce).count();
        assert!(count >= least, "{count} of {least} were whole");
    }
}

/// What becomes of the messages by RFC 2033 and RFC 5321, up to where the server makes no sense.
fn read(mut said: &[u8], are_bounces: [bool; MESSAGES]) -> Vec<Fate> {
    let mut fates = Vec::new();
    let said = &mut said;
    if reply(said) != Some(220) || reply(said) != Some(250) {
        return fates;
    }
    let mut is_open = false;
    for is_bounce in are_bounces {
        if std::mem::take(&mut is_open) && reply(said) != Some(250) {
            return fates;
        }
        let mut code = reply(said);
        if !is_bounce && matches!(code, Some(501 | 553)) {
            code = reply(said);
        }
        // MAIL, RCPT, DATA and the message each have their reply.
        let mut step = 0;
        let fate = loop {
            let wanted = if step == 2 { 3 } else { 2 };
            match code.map(|code| code / 100) {
                Some(4) => break Fate::Later,
                Some(5) => break Fate::Refused,
                Some(digit) if digit == wanted && step == 3 => break Fate::Taken,
                Some(digit) if digit == wanted => step += 1,
                _ => return fates,
            }
            code = reply(said);
        };
        // What is refused between MAIL and the message leaves a transaction open.
        is_open = step == 1 || step == 2;
        fates.push(fate);
    }
    fates
}

/// The code of the next reply, if it is one that a session goes on with (RFC 5321 §4.2).
fn reply(said: &mut &[u8]) -> Option<u16> {
    let mut first = None;
    loop {
        let end = said.iter().position(|octet| *octet == b'\n')?;
        let line = said[..end].strip_suffix(b"\r")?;
        *said = &said[end + 1..];
        let (code, rest) = line.split_at_checked(3)?;
        let code: u16 = std::str::from_utf8(code).ok()?.parse().ok()?;
        let is_code = (200..600).contains(&code) && code != 421;
        if !is_code || *first.get_or_insert(code) != code {
            return None;
        }
        match rest {
            [] | [b' ', ..] => return Some(code),
            [b'-', ..] => {}
            _ => return None,
        }
    }
}

/// Says one piece after the other, and hears the client between them.
fn play(script: &Script, mut stream: UnixStream) -> Heard {
    // What was said since the client was heard last.
    let (mut heard, mut said, mut sent) = (Vec::new(), Vec::new(), 0);
    for piece in script {
        if ends(&said) {
            if !hear(&mut stream, &mut heard, &said) {
                break;
            }
            said.clear();
        }
        said.extend_from_slice(piece);
        if !say(&mut stream, piece, &mut sent) {
            break;
        }
    }
    // The client may be gone; what it said is there.
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut heard);
    (heard, sent)
}

/// Whether a client has something to answer: the last line is whole, and announces no other.
fn ends(said: &[u8]) -> bool {
    let Some(text) = said.strip_suffix(b"\r\n") else {
        return false;
    };
    let last = text.rsplit(|octet| *octet == b'\n').next();
    last.is_some_and(|line| line.get(3) != Some(&b'-'))
}

/// Hears a command, or a message up to its dot; false if the client hung up.
fn hear(stream: &mut UnixStream, heard: &mut Vec<u8>, said: &[u8]) -> bool {
    let last = said.strip_suffix(b"\r\n").unwrap_or(said);
    let last = last.rsplit(|octet| *octet == b'\n').next();
    let is_message = heard.ends_with(b"DATA\r\n") && last.is_some_and(|it| it.starts_with(b"3"));
    let start = heard.len();
    let mut chunk = [0; 4096];
    loop {
        let new = &heard[start..];
        // With a reply that came too soon it takes DATA for refused, and goes on.
        let is_over = [&b"\r\n.\r\n"[..], b"RSET\r\n", b"QUIT\r\n"];
        if new.ends_with(b"\n")
            && (!is_message || new == b".\r\n" || is_over.iter().any(|end| new.ends_with(end)))
        {
            return true;
        }
        match stream.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return false,
            Ok(length) => heard.extend_from_slice(&chunk[..length]),
        }
    }
}

/// Says all of it; false if the client hung up.
fn say(stream: &mut UnixStream, mut piece: &[u8], sent: &mut usize) -> bool {
    while !piece.is_empty() {
        match stream.write(piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return false,
            Ok(length) => {
                *sent += length;
                piece = &piece[length..];
            }
        }
    }
    true
}

/// One short line that can be shown.
fn is_plain(text: &str) {
    assert!(text.chars().count() < 1024, "{} characters", text.len());
    assert!(!text.chars().any(char::is_control), "{text:?}");
}
