//! A relay between popfetch and a server, which cuts connections or lets them fall silent, and outlives the server.
//!
//! It owns bytes and sockets. It refuses to know POP3 and TLS: a cut comes after some bytes, wherever that is.
//! Invariants: without a fault, everything passes in order; threads end with their connection, the relay with the process.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

/// What becomes of a connection when so many bytes of the server's have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// It ends as if the server had closed it.
    Closed(u64),
    /// It is reset, as by a router that forgot it.
    Reset(u64),
    /// Nothing more comes.
    Silent(u64),
}

/// A running relay.
pub(super) struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    target: AtomicU16,
    breaks: Mutex<Option<Break>>,
    /// The bytes of the server's that have passed.
    passed: AtomicU64,
}

impl Relay {
    /// A relay that leads nowhere yet.
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            shared: Arc::default(),
        };
        let shared = Arc::clone(&relay.shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&client, &shared));
            }
        });
        relay
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Where connections to come lead: to this port of loopback.
    pub(super) fn lead_to(&self, port: u16) {
        self.shared.target.store(port, Ordering::SeqCst);
    }

    /// What becomes of connections to come.
    pub(super) fn set_break(&self, breaks: Option<Break>) {
        *self.shared.breaks.lock().unwrap() = breaks;
    }

    /// How many bytes of the server's have passed until now.
    pub(super) fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::SeqCst)
    }
}

/// Serves one connection to its end. An error is the end, which both sides see.
fn serve(client: &TcpStream, shared: &Shared) {
    let breaks = *shared.breaks.lock().unwrap();
    let target = shared.target.load(Ordering::SeqCst);
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else {
        return;
    };
    let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    let upward = thread::spawn(move || pass_all(from_client, &to_server));
    let held = pass_down(&server, client, breaks, &shared.passed);
    if held {
        // Silence lasts until the client has had enough.
        let _ = upward.join();
        return;
    }
    if matches!(breaks, Some(Break::Reset(_))) {
        let _ = SockRef::from(client).set_linger(Some(Duration::ZERO));
        // Not the writing half: that would say goodbye.
        let _ = client.shutdown(Shutdown::Read);
    } else {
        let _ = client.shutdown(Shutdown::Both);
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = upward.join();
}

/// Passes on what the client says.
fn pass_all(mut from: TcpStream, mut to: &TcpStream) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// Passes on what the server says until one of them ends or it breaks; says whether it fell silent.
fn pass_down(
    mut from: &TcpStream,
    mut to: &TcpStream,
    breaks: Option<Break>,
    passed: &AtomicU64,
) -> bool {
    let mut left = match breaks {
        Some(Break::Closed(bytes) | Break::Reset(bytes) | Break::Silent(bytes)) => bytes,
        None => u64::MAX,
    };
    let mut buffer = [0; 16 << 10];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer) else {
            return false;
        };
        let part = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        if to.write_all(&buffer[..part]).is_err() {
            return false;
        }
        left -= part as u64;
        passed.fetch_add(part as u64, Ordering::SeqCst);
        if part < count {
            return matches!(breaks, Some(Break::Silent(_)));
        }
    }
}
