//! A relay between client and server that adds latency, and counts how often the client had to wait for it.
//!
//! It owns delays and counts. It refuses to know POP3, but for one word that it can leave out of what the server says.
//! Invariants: bytes keep their order; throughput is not limited; the client may always write, whether it reads or not,
//! so that no conversation through the relay can stand still for full buffers. Threads and sockets end with their
//! connection, the relay with the process.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem;

/// How much is passed on at once.
const CHUNK: usize = 256 * 1024;

/// The line of a CAPA reply that may be left out (RFC 2449 §6.6).
const PIPELINING: &[u8] = b"PIPELINING\r\n";

/// What the relay does to what passes.
#[derive(Clone, Copy)]
struct Way {
    one_way: Duration,
    hides_pipelining: bool,
}

/// A running relay.
pub(crate) struct Relay {
    port: u16,
    way: Arc<Mutex<Way>>,
    conversations: Arc<Mutex<Vec<Conversation>>>,
}

/// What is known of one connection.
type Conversation = Arc<Mutex<Talk>>;

/// Who spoke last, and how often the client did after the server.
#[derive(Default)]
struct Talk {
    flights: u32,
    client_spoke: bool,
}

/// Bytes, and when they arrive; none are the end.
type Parcel = (Instant, Vec<u8>);

impl Relay {
    /// Starts a relay to this port of loopback.
    pub(crate) fn start(target: u16, hides_pipelining: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            way: Arc::new(Mutex::new(Way {
                one_way: Duration::ZERO,
                hides_pipelining,
            })),
            conversations: Arc::default(),
        };
        let (way, conversations) = (Arc::clone(&relay.way), Arc::clone(&relay.conversations));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let talk = Conversation::default();
                lock(&conversations).push(Arc::clone(&talk));
                let way = *lock(&way);
                // An error here is the end of one connection, which its client sees.
                thread::spawn(move || serve(client, target, way, &talk));
            }
        });
        relay
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Sets the round trip of connections to come.
    pub(crate) fn set_round_trip(&self, round_trip: Duration) {
        lock(&self.way).one_way = round_trip / 2;
    }

    /// The most flights of any connection since the last call: how often its client spoke after having heard the
    /// server.
    pub(crate) fn take_flights(&self) -> u32 {
        let conversations = std::mem::take(&mut *lock(&self.conversations));
        let flights = conversations.iter().map(|talk| lock(talk).flights);
        flights.max().unwrap_or(0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one connection to its end.
fn serve(client: TcpStream, target: u16, way: Way, talk: &Conversation) -> io::Result<()> {
    // As long as a TCP handshake takes, the client waits.
    thread::sleep(way.one_way * 2);
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (from_client, to_client) = (client.try_clone()?, client);
    let (from_server, to_server) = (server.try_clone()?, server);
    let (up, upward) = channel();
    let (down, downward) = channel();
    let heard = Arc::clone(talk);
    thread::spawn(move || deliver(&upward, to_server, || {}));
    thread::spawn(move || {
        deliver(&downward, to_client, || lock(&heard).client_spoke = false);
    });
    let spoke = Arc::clone(talk);
    thread::spawn(move || {
        take(from_client, way.one_way, &up, |_| {
            let mut talk = lock(&spoke);
            if !talk.client_spoke {
                talk.client_spoke = true;
                talk.flights += 1;
            }
        });
    });
    let mut held = Vec::new();
    take(from_server, way.one_way, &down, |bytes| {
        if way.hides_pipelining {
            hide(&mut held, bytes);
        }
    });
    Ok(())
}

/// Reads what one side says, to its end, and posts it.
fn take(
    mut from: TcpStream,
    one_way: Duration,
    post: &Sender<Parcel>,
    mut seen: impl FnMut(&mut Vec<u8>),
) {
    let mut buffer = vec![0; CHUNK];
    loop {
        // A connection that breaks ends here as one that is closed.
        let count = from.read(&mut buffer).unwrap_or(0);
        let mut bytes = buffer[..count].to_vec();
        if count > 0 {
            seen(&mut bytes);
        }
        if post.send((Instant::now() + one_way, bytes)).is_err() || count == 0 {
            return;
        }
    }
}

/// Writes what was posted when it is due.
fn deliver(post: &Receiver<Parcel>, mut to: TcpStream, mut before: impl FnMut()) {
    for (due, bytes) in post {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        before();
        if bytes.is_empty() || to.write_all(&bytes).is_err() {
            break;
        }
    }
    // It may be closed already.
    let _ = to.shutdown(Shutdown::Write);
}

/// Leaves the line out. The start of one at the end of the bytes waits for what follows; no reply ends so.
fn hide(held: &mut Vec<u8>, bytes: &mut Vec<u8>) {
    held.append(bytes);
    std::mem::swap(held, bytes);
    while let Some(at) = memmem::find(bytes, PIPELINING) {
        bytes.drain(at..at + PIPELINING.len());
    }
    let begun = (1..PIPELINING.len())
        .rev()
        .find(|length| bytes.ends_with(&PIPELINING[..*length]));
    if let Some(length) = begun {
        held.extend(bytes.drain(bytes.len() - length..));
    }
}
