//! An LMTP server in this process (RFC 2033) that takes every message, or answers as it is told to.
//!
//! It owns the listening socket, its thread, and what was said and received. It refuses to know popfetch and who its
//! users are. Invariants: a message counts as received for a recipient exactly if its last reply was a positive one; the
//! socket is a file of the test's choice or a port of the system's.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// The server. Dropping it ends its thread, once its client has gone.
pub(crate) struct Lmtp {
    place: Place,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

/// Where it listens.
enum Place {
    Socket(PathBuf),
    Port(SocketAddr),
}

#[derive(Default)]
struct State {
    /// The replies that are not the usual ones, by what they answer.
    replies: BTreeMap<String, String>,
    /// A line of the message at which the connection is closed.
    fatal: Option<Vec<u8>>,
    lines: Vec<String>,
    received: Vec<(String, Vec<u8>)>,
    stopping: bool,
}

/// Both directions of a connection.
trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

impl Lmtp {
    /// Listens on a unix socket at this path.
    pub(crate) fn on_socket(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let accept = move || -> Box<dyn Stream> { Box::new(listener.accept().unwrap().0) };
        Self::start(Place::Socket(path.to_owned()), accept)
    }

    /// Listens on a free port of 127.0.0.1.
    pub(crate) fn on_port() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let accept = move || -> Box<dyn Stream> { Box::new(listener.accept().unwrap().0) };
        Self::start(Place::Port(address), accept)
    }

    fn start(place: Place, accept: impl Fn() -> Box<dyn Stream> + Send + 'static) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || {
            loop {
                let stream = accept();
                if shared.lock().unwrap().stopping {
                    return;
                }
                serve(stream, &shared);
            }
        });
        Self {
            place,
            state,
            thread: Some(thread),
        }
    }

    /// Where it is, as the configuration has it.
    pub(crate) fn address(&self) -> String {
        match &self.place {
            Place::Socket(path) => format!("unix:{}", path.display()),
            Place::Port(address) => address.to_string(),
        }
    }

    /// From now on this is the reply: to `"GREETING"`, `"LHLO"`, `"MAIL"`, `"RCPT ann"`, `"DATA"`, or, for one recipient,
    /// to the end of the message, `"END ann"`. The reply `"HANGUP"` is none: the connection is closed.
    pub(crate) fn reply(&self, to: &str, reply: &str) {
        let mut state = self.state.lock().unwrap();
        state.replies.insert(to.to_owned(), reply.to_owned());
    }

    /// From now on the connection is closed at this line of a message.
    pub(crate) fn hang_up_at(&self, line: &[u8]) {
        self.state.lock().unwrap().fatal = Some(line.to_vec());
    }

    /// From now on every reply is a positive one, and every message is read to its end.
    pub(crate) fn take_all(&self) {
        let mut state = self.state.lock().unwrap();
        state.replies.clear();
        state.fatal = None;
    }

    /// Each line the clients sent, but for messages.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.state.lock().unwrap().lines.clone()
    }

    /// What this recipient received, in this order, as it travelled: CRLF line ends, the dots unstuffed.
    pub(crate) fn received(&self, recipient: &str) -> Vec<Vec<u8>> {
        let state = self.state.lock().unwrap();
        let his = state.received.iter().filter(|(who, _)| who == recipient);
        his.map(|(_, message)| message.clone()).collect()
    }
}

impl Drop for Lmtp {
    fn drop(&mut self) {
        if let Ok(mut state) = self.state.lock() {
            state.stopping = true;
        }
        // Wakes the thread. If it is gone, nothing needs waking.
        match &self.place {
            Place::Socket(path) => drop(UnixStream::connect(path)),
            Place::Port(address) => drop(TcpStream::connect(address)),
        }
        let ended = self.thread.take().map(JoinHandle::join);
        // A second panic would hide what the first has to say.
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "the thread of the LMTP server failed"
        );
    }
}

/// Serves one connection to its end.
fn serve(stream: Box<dyn Stream>, state: &Mutex<State>) {
    let mut stream = BufReader::new(stream);
    let mut recipients: Vec<String> = Vec::new();
    if say(&mut stream, state, "GREETING", "220 scripted LMTP").is_none() {
        return;
    }
    while let Some(line) = line_of(&mut stream) {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        state.lock().unwrap().lines.push(line.clone());
        let verb = line.split(' ').next().unwrap_or("").to_uppercase();
        let said = match verb.as_str() {
            "LHLO" => say(&mut stream, state, "LHLO", "250-scripted\r\n250 8BITMIME"),
            "MAIL" => {
                recipients.clear();
                say(&mut stream, state, "MAIL", "250 2.1.0 sender taken")
            }
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or("").to_owned();
                let to = format!("RCPT {address}");
                let said = say(&mut stream, state, &to, "250 2.1.5 recipient taken");
                if said == Some(true) {
                    recipients.push(address);
                }
                said
            }
            // RFC 2033 §4.2: without a valid recipient DATA must fail.
            "DATA" if recipients.is_empty() => {
                say(&mut stream, state, "DATA", "503 5.5.1 no recipient")
            }
            "DATA" => take(&mut stream, state, &mut recipients),
            "RSET" | "NOOP" => say(&mut stream, state, &verb, "250 2.0.0 well"),
            "QUIT" => {
                say(&mut stream, state, "QUIT", "221 2.0.0 until then");
                None
            }
            _ => say(&mut stream, state, &verb, "500 5.5.2 unknown"),
        };
        if said.is_none() {
            return;
        }
    }
}

/// Takes a message, and answers for each recipient, in the order in which they were named (RFC 2033 §4.2).
fn take(
    stream: &mut BufReader<Box<dyn Stream>>,
    state: &Mutex<State>,
    recipients: &mut Vec<String>,
) -> Option<bool> {
    if !say(stream, state, "DATA", "354 go on")? {
        return Some(false);
    }
    let fatal = state.lock().unwrap().fatal.clone();
    let mut message = Vec::new();
    loop {
        let line = line_of(stream)?;
        if fatal.is_some() && fatal.as_deref() == line.strip_suffix(b"\r\n") {
            return None;
        }
        if line == b".\r\n" {
            break;
        }
        // RFC 5321 §4.5.2: the dot that hides another is removed.
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
    for recipient in recipients.drain(..) {
        if say(stream, state, &format!("END {recipient}"), "250 2.0.0 kept")? {
            let entry = (recipient, message.clone());
            state.lock().unwrap().received.push(entry);
        }
    }
    Some(true)
}

/// Replies as usual, or as it was told; says whether that was positive, or nothing if the connection is over.
fn say(
    stream: &mut BufReader<Box<dyn Stream>>,
    state: &Mutex<State>,
    to: &str,
    usual: &str,
) -> Option<bool> {
    let told = state.lock().unwrap().replies.get(to).cloned();
    let reply = told.unwrap_or_else(|| usual.to_owned());
    if reply == "HANGUP" {
        return None;
    }
    let sent = stream
        .get_mut()
        .write_all(format!("{reply}\r\n").as_bytes());
    sent.ok()?;
    Some(reply.starts_with(['2', '3']))
}

/// A line up to CRLF; nothing once the client has gone. A bare LF ends none (RFC 5321 §2.3.8).
fn line_of(stream: &mut BufReader<Box<dyn Stream>>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let read = stream.read_until(b'\n', &mut line).ok()?;
        if read == 0 {
            return None;
        }
    }
    Some(line)
}

mod tests {
    use super::*;

    fn talk(mut stream: impl Read + Write, script: &str) -> String {
        stream.write_all(script.as_bytes()).unwrap();
        let mut replies = String::new();
        stream.read_to_string(&mut replies).unwrap();
        replies
    }

    #[test]
    fn each_recipient_has_a_reply_of_its_own() {
        let server = Lmtp::on_port();
        server.reply("RCPT bob", "550 5.1.1 no bob");
        server.reply("END carl", "452 4.2.2 full");
        let script = "LHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<ann>\r\nRCPT TO:<bob>\r\nRCPT TO:<carl>\r\nDATA\r\n\
                      ..dot\r\nbare\nlf\r\n.\r\nQUIT\r\n";
        let Place::Port(address) = server.place else {
            panic!("it has a port");
        };
        let replies = talk(TcpStream::connect(address).unwrap(), script);
        let codes: Vec<&str> = replies.lines().map(|line| &line[..3]).collect();
        let wanted = [
            "220", "250", "250", "250", "250", "550", "250", "354", "250", "452", "221",
        ];
        assert_eq!(codes, wanted, "{replies}");
        assert_eq!(server.received("ann"), [b".dot\r\nbare\nlf\r\n"]);
        assert!(server.received("bob").is_empty() && server.received("carl").is_empty());
    }

    #[test]
    fn a_hangup_ends_the_connection_and_not_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let server = Lmtp::on_socket(&folder.path().join("lmtp"));
        let connect = || UnixStream::connect(folder.path().join("lmtp")).unwrap();
        server.reply("LHLO", "HANGUP");
        assert_eq!(talk(connect(), "LHLO me\r\n"), "220 scripted LMTP\r\n");
        server.take_all();
        assert!(talk(connect(), "LHLO me\r\nQUIT\r\n").contains("8BITMIME"));
        assert_eq!(server.lines(), ["LHLO me", "LHLO me", "QUIT"]);
    }
}
