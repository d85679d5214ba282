//! A provider on loopback that publishes an autoconfig document over HTTPS, or misbehaves as told.
//!
//! It owns the socket and the record of what it was asked. It refuses to know what a document means.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use native_tls::{Identity as Pkcs, TlsAcceptor};

use crate::support::certificates::Identity;

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// More lines than a client sends before its request ends.
const MOST_LINES: usize = 100;

/// The provider. It ends with its test.
pub(super) struct Publisher {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Publisher {
    /// Answers each request with these bytes, in which `{port}` is its own port.
    pub(super) fn start(identity: &Identity, answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (chain, key) = (identity.chain_pem.as_bytes(), identity.key_pem.as_bytes());
        let acceptor = TlsAcceptor::new(Pkcs::from_pkcs8(chain, key).unwrap()).unwrap();
        let (asked, stopping) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let mut answer = answer.into();
        if let Ok(text) = std::str::from_utf8(&answer) {
            answer = text.replace("{port}", &port.to_string()).into_bytes();
        }
        let (record, stop) = (Arc::clone(&asked), Arc::clone(&stopping));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                // A client that trusts nobody is gone before it has asked.
                let _ = stream.map(|stream| serve(stream, &acceptor, &answer, &record));
            }
        });
        Self {
            port,
            asked,
            stopping,
            thread: Some(thread),
        }
    }

    /// A document about this POP3 server.
    pub(super) fn of_server(identity: &Identity, server: &str) -> Self {
        Self::start(identity, page(&document(server)))
    }

    /// Where it publishes.
    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}/mail/config-v1.1.xml", self.port)
    }

    /// The first line of each request.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // It waits for one more connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            // Its panic was printed already, and one here would hide the test's own.
            let _ = thread.join();
        }
    }
}

fn serve(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    answer: &[u8],
    record: &Mutex<Vec<String>>,
) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let mut stream = BufReader::new(acceptor.accept(stream).ok()?);
    let mut first = String::new();
    stream.read_line(&mut first).ok()?;
    record.lock().unwrap().push(first.trim_end().to_owned());
    for _ in 0..MOST_LINES {
        let mut line = String::new();
        stream.by_ref().take(8192).read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            break;
        }
    }
    let stream = stream.get_mut();
    stream.write_all(answer).ok()?;
    stream.shutdown().ok()
}

/// A page with this content.
pub(super) fn page(content: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{content}",
        content.len()
    )
}

/// A document with these servers.
pub(super) fn document(servers: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n <emailProvider id=\"example.org\">\n  \
         <domain>example.org</domain>\n  <displayName>Example Mail</displayName>\n{servers} </emailProvider>\n</clientConfig>\n"
    )
}

/// A POP3 server of such a document.
pub(super) fn pop3(host: &str, port: u16, socket: &str) -> String {
    format!(
        "  <incomingServer type=\"pop3\">\n   <hostname>{host}</hostname>\n   <port>{port}</port>\n   \
         <socketType>{socket}</socketType>\n   <username>%EMAILADDRESS%</username>\n   \
         <authentication>password-cleartext</authentication>\n  </incomingServer>\n"
    )
}
