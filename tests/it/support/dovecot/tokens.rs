//! A provider in a few lines, whom Dovecot asks about tokens (RFC 7662): a token is good if it is the user's password.
//!
//! It refuses to give tokens out. Invariant: its thread ends with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::json;

/// The provider.
pub(super) struct Tokens {
    address: SocketAddr,
    stops: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Tokens {
    /// One that knows these users, each with a token.
    pub(super) fn of(users: Vec<(String, String)>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let stops = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stops);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                // A Dovecot that is gone needs no answer.
                let _ = stream.and_then(|stream| answer(&users, stream));
            }
        });
        Self {
            address,
            stops,
            thread: Some(thread),
        }
    }

    /// Where it is to be asked.
    pub(super) fn url(&self) -> String {
        format!("http://{}/introspect", self.address)
    }
}

/// One request, with the token in its body; then the connection is over.
fn answer(users: &[(String, String)], stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let sent = form_urlencoded::parse(&body).find(|(name, _)| name == "token");
    let known = sent.and_then(|(_, token)| users.iter().find(|(_, password)| *password == token));
    let told = match known {
        Some((user, _)) => json!({ "active": true, "sub": user }),
        None => json!({ "active": false }),
    };
    let told = told.to_string();
    write!(
        stream.get_mut(),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{told}",
        told.len()
    )
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.stops.store(true, Ordering::SeqCst);
        // Wakes the thread. If it is gone, nothing needs waking.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            // Its panic was printed already.
            let _ = thread.join();
        }
    }
}
