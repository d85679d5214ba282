//! A POP3 server on loopback, in clear, that answers a login as a test has it answered, and serves one message to whoever
//! it let in.
//!
//! It owns the socket, the thread and the record of what was said. It refuses to know mechanisms: those are the test's.
//! Invariant: a session that the test did not let in is served nothing but CAPA and QUIT.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::support::sandbox::{Finished, Sandbox};

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a connection begins in the record.
pub(super) const CONNECTED: &str = "(connected)";

/// The one message.
pub(super) const MAIL: &str = "Subject: one\r\n\r\nis here\r\n";

/// What a test does with a login: `line` is the command, be it AUTH, USER, PASS or APOP. True lets the client in.
type Answer = dyn Fn(&mut Talk, &str) -> bool + Send + Sync;

/// The server. It ends with its test.
pub(super) struct Server {
    pub(super) port: u16,
    said: Arc<Mutex<Vec<String>>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// One connection.
pub(super) struct Talk {
    stream: BufReader<TcpStream>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Talk {
    /// Sends a line.
    pub(super) fn say(&mut self, line: &str) {
        // A client that is gone has heard enough; the record shows it.
        let _ = self
            .stream
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes());
    }

    /// Sends a challenge of these bytes, in base64.
    pub(super) fn challenge(&mut self, text: &str) {
        self.say(&format!("+ {}", BASE64.encode(text)));
    }

    /// The client's next line, recorded; empty also when it is gone.
    pub(super) fn hear(&mut self) -> String {
        self.next().unwrap_or_default()
    }

    /// The client's next line as text that was in base64; none if it was not, as in a `*`.
    pub(super) fn response(&mut self) -> Option<String> {
        decoded(&self.hear())
    }

    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).unwrap_or(0);
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        (read > 0).then(|| {
            self.said.lock().unwrap().push(line.clone());
            line
        })
    }

    /// The session.
    fn serve(&mut self, greeting: &str, capabilities: &str, answer: &Answer) {
        self.say(greeting);
        let mut is_in = false;
        while let Some(line) = self.next() {
            let verb = line.split(' ').next().unwrap_or_default();
            match (verb, is_in) {
                ("CAPA", _) => self.say(&format!("+OK\r\n{capabilities}\r\n.")),
                ("QUIT", _) => return self.say("+OK bye"),
                ("AUTH" | "USER" | "PASS" | "APOP", false) => is_in = answer(self, &line),
                ("STAT", true) => self.say(&format!("+OK 1 {}", MAIL.len())),
                ("LIST", true) => self.say(&format!("+OK\r\n1 {}\r\n.", MAIL.len())),
                ("UIDL", true) => self.say("+OK\r\n1 only\r\n."),
                ("RETR", true) => self.say(&format!("+OK\r\n{MAIL}.")),
                ("NOOP", true) => self.say("+OK"),
                _ => self.say("-ERR not now"),
            }
        }
    }
}

/// What was in base64, as text.
pub(super) fn decoded(line: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(line).ok()?).ok()
}

impl Server {
    /// A server with these lines of CAPA that answers logins like this.
    pub(super) fn new(
        capabilities: &str,
        answer: impl Fn(&mut Talk, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::greeting("+OK hello", capabilities, answer)
    }

    /// The same with this greeting.
    pub(super) fn greeting(
        greeting: &str,
        capabilities: &str,
        answer: impl Fn(&mut Talk, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (record, greeting) = (Arc::clone(&said), greeting.to_owned());
        let stopping = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stopping);
        let capabilities = capabilities.replace('\n', "\r\n");
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stops.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let stream = BufReader::new(stream);
                let said = Arc::clone(&record);
                said.lock().unwrap().push(CONNECTED.to_owned());
                let mut talk = Talk { stream, said };
                talk.serve(&greeting, &capabilities, &answer);
            }
        });
        Self {
            port,
            said,
            stopping,
            thread: Some(thread),
        }
    }

    /// What was said to it until now; each connection begins with [`CONNECTED`].
    pub(super) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// How many lines that begin with this were said to it.
    pub(super) fn count(&self, start: &str) -> usize {
        let said = self.said();
        said.iter().filter(|line| line.starts_with(start)).count()
    }

    /// An account `work` on it, with these lines more.
    pub(super) fn configure(&self, sandbox: &Sandbox, lines: &str) {
        sandbox.config(&format!(
            "[accounts.work]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nuser = \"user\"\n\
             deliver = {{ maildir = \"~/Mail\" }}\n{lines}\n",
            self.port
        ));
    }

    /// A run in a sandbox of its own, with these lines more in the account.
    pub(super) fn sync(&self, lines: &str) -> (Sandbox, Finished) {
        let sandbox = Sandbox::new();
        self.configure(&sandbox, lines);
        let out = sandbox.run(["sync"]);
        (sandbox, out)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread. If it is gone, nothing needs waking.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            // Its panic was printed already, and one here would hide the test's own.
            let _ = thread.join();
        }
    }
}

/// Asserts that a run was let in and fetched the message.
#[track_caller]
pub(super) fn fetched(server: &Server, (sandbox, out): &(Sandbox, Finished)) {
    assert_eq!(
        (out.code, out.stderr.as_str()),
        (0, ""),
        "{:?}",
        server.said()
    );
    assert_eq!(
        sandbox.mail("Mail"),
        [MAIL.replace("\r\n", "\n").as_bytes()]
    );
}
