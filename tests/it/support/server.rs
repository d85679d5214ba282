//! A POP3 server on loopback, in this process, and the record of what its clients said.
//!
//! It owns the listening socket and the threads. It refuses to know what is said: a connection is `connection`'s.
//! Invariants: the port is the system's choice, a thread serves each connection,
//! and after `drop` no thread is left.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use native_tls::TlsAcceptor;

use super::certificates::Identity;
use super::connection::Connection;
use super::maildrop::{Maildrop, Message};
use super::options::{Fault, Options, Tls};
use super::users::Users;

/// How long anything here may take before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happened on one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Each line that the server took up, without its line end.
    pub(crate) lines: Vec<String>,
    /// Those of the lines that were not protected.
    pub(crate) clear: Vec<String>,
    /// A TLS handshake was completed.
    pub(crate) secured: bool,
    /// The commands of each piece that arrived, those that the server lost among them. What a client writes at once
    /// is one piece, if it is not too much; what comes in clear when the server has given up is another.
    pub(crate) pieces: Vec<Vec<String>>,
    /// The most commands that had arrived behind the one that was being answered.
    pub(crate) ahead: usize,
    /// The server has fallen silent for good.
    pub(crate) stalled: bool,
    /// The connection is over.
    pub(crate) ended: bool,
}

impl Record {
    /// The keywords of each piece, those that repeat with their number: `"USER PASS LIST UIDL"`, `"8 RETR"`.
    pub(crate) fn flights(&self) -> Vec<String> {
        let verb = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
        let flight = |piece: &Vec<String>| {
            let verbs: Vec<_> = piece.iter().map(verb).collect();
            let runs = verbs.chunk_by(|one, other| one == other);
            let runs = runs.map(|run| match run.len() {
                1 => run[0].clone(),
                count => format!("{count} {}", run[0]),
            });
            runs.collect::<Vec<_>>().join(" ")
        };
        self.pieces.iter().map(flight).collect()
    }
}

/// What the threads share.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// A record grew, or the server stops.
    pub(super) changed: Condvar,
    pub(super) users: Arc<Users>,
    pub(super) tls: Tls,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) capabilities: Option<Vec<String>>,
    pub(super) unknown: Vec<&'static str>,
    pub(super) greeting: &'static str,
    pub(super) pace: Option<u64>,
}

/// What changes.
#[derive(Default)]
pub(super) struct State {
    faults: Vec<Fault>,
    records: Vec<Record>,
    /// The sockets of the connections that are not over, by the index of their records.
    pub(super) open: BTreeMap<usize, TcpStream>,
    pub(super) stopping: bool,
}

/// The server. Dropping it ends its connections and its threads.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Disconnected once no thread is left.
    threads: Receiver<()>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1.
    pub(crate) fn start(options: Options) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = match &options.tls {
            Tls::Implicit(identity) | Tls::Stls(identity) => Some(acceptor(identity)),
            Tls::None => None,
        };
        let users = Arc::new(Users::new(options.page));
        for (user, password, maildrop) in options.users {
            users.add(&user, &password, maildrop);
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                faults: options.faults,
                ..State::default()
            }),
            changed: Condvar::new(),
            users,
            tls: options.tls,
            acceptor,
            capabilities: options.capabilities,
            unknown: options.unknown,
            greeting: if options.page.is_some() {
                "+OK Gpop ready for requests from 127.0.0.1 abc\r\n"
            } else {
                "+OK popfetch test server\r\n"
            },
            pace: options.pace,
        });
        let (alive, threads) = channel();
        let listening = Arc::clone(&shared);
        thread::spawn(move || listening.listen(&listener, &alive));
        Self {
            address,
            shared,
            threads,
        }
    }

    /// The port, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What is in this user's maildrop now.
    pub(crate) fn maildrop(&self, user: &str) -> Maildrop {
        self.shared.users.maildrop(user)
    }

    /// New mail for this user; a session that is open does not see it.
    pub(crate) fn deposit(&self, user: &str, message: Message) {
        let users = &self.shared.users;
        users.change(user, |maildrop| maildrop.push(message));
    }

    /// Other mail for this user, in place of what is there; a session that is open does not see it.
    pub(crate) fn replace(&self, user: &str, mail: Maildrop) {
        let users = &self.shared.users;
        users.change(user, |maildrop| *maildrop = mail);
    }

    /// What is in this user's maildrop and never listed again, on a server with Gmail's habits.
    pub(crate) fn hidden(&self, user: &str) -> Maildrop {
        self.shared.users.hidden(user)
    }

    /// What goes wrong from now on, on connections not yet open, in place of what did before.
    pub(crate) fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.state.lock().unwrap().faults = faults;
    }

    /// What happened so far, one record a connection, in the order in which they were opened.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.shared.state.lock().unwrap().records.clone()
    }

    /// How many lines that began with these words were sent on all connections.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.records()
            .iter()
            .flat_map(|record| &record.lines)
            .filter(|line| begins(line, words))
            .count()
    }

    /// Every line that was sent in clear, on all connections.
    pub(crate) fn sent_in_clear(&self) -> Vec<String> {
        self.records()
            .into_iter()
            .flat_map(|record| record.clear)
            .collect()
    }

    /// Waits until this holds for the connection of this index: the way to know where a client stands.
    pub(crate) fn wait_until(&self, index: usize, mut holds: impl FnMut(&Record) -> bool) {
        let state = self.shared.state.lock().unwrap();
        let waiting = |state: &mut State| !state.records.get(index).is_some_and(&mut holds);
        let (state, waited) = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, waiting)
            .unwrap();
        let records = state.records.clone();
        drop(state);
        assert!(
            !waited.timed_out(),
            "connection {index} never came so far: {records:#?}"
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.state.lock() {
            state.stopping = true;
            for socket in state.open.values() {
                // A socket that is closed already is as good.
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
        // Wakes the listening thread. If it is gone, nothing needs waking.
        let _ = TcpStream::connect(self.address);
        let ended = self.threads.recv_timeout(PATIENCE);
        let leaked = ended == Err(RecvTimeoutError::Timeout);
        // A second panic would hide what the first has to say.
        assert!(
            !leaked || thread::panicking(),
            "a thread of the server at {} did not end",
            self.address
        );
    }
}

/// Accepts TLS as this identity.
fn acceptor(identity: &Identity) -> TlsAcceptor {
    let (chain, key) = (identity.chain_pem.as_bytes(), identity.key_pem.as_bytes());
    TlsAcceptor::new(native_tls::Identity::from_pkcs8(chain, key).unwrap()).unwrap()
}

/// Whether a command line begins with these words.
pub(crate) fn begins(line: &str, words: &str) -> bool {
    line.get(..words.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(words))
        && matches!(line.as_bytes().get(words.len()), None | Some(b' '))
}

impl Shared {
    /// Accepts connections until the server stops. Each thread holds a clone of `alive` while it lives.
    fn listen(self: &Arc<Self>, listener: &TcpListener, alive: &Sender<()>) {
        for socket in listener.incoming() {
            let mut state = self.state.lock().unwrap();
            if state.stopping {
                return;
            }
            let Ok(socket) = socket else { continue };
            let index = state.records.len();
            state.records.push(Record::default());
            state.open.insert(index, socket.try_clone().unwrap());
            let connection = Connection::new(Arc::clone(self), index, socket, &state.faults);
            let alive = alive.clone();
            thread::spawn(move || {
                connection.serve();
                drop(alive);
            });
        }
    }

    /// Adds to the record of this connection.
    pub(super) fn record(&self, index: usize, change: impl FnOnce(&mut Record)) {
        change(&mut self.state.lock().unwrap().records[index]);
        self.changed.notify_all();
    }
}
