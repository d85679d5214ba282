//! A port on this host to which the browser is sent back (RFC 8252 §7.3).
//!
//! It refuses to know what a request means. Invariants: only this host is listened to; a visitor has a time-out, a bounded
//! request and a thread of its own, so that none (a favicon, a connection opened in advance, junk) keeps another back.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::page;
use crate::secret::Secret;

/// How much of a request is read. A browser's has a few kilobytes, cookies of other programs on this host included.
const MAX_REQUEST: usize = 32 * 1024;

/// How long a visitor may take to say what it wants, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many visitors are listened to at once. A browser opens a handful.
const MAX_VISITORS: usize = 64;

/// Listens for the browser.
pub(super) struct Listener {
    sockets: Vec<TcpListener>,
    port: u16,
    sender: Sender<Visit>,
    visits: Receiver<Visit>,
    /// Each visitor's thread has a copy.
    visitors: Arc<()>,
}

/// A GET request that waits for its answer.
pub(super) struct Visit {
    stream: TcpStream,
    /// The path, as it was sent.
    pub(super) path: String,
    /// What follows its question mark.
    pub(super) query: Secret,
}

impl Listener {
    /// Listens on a free port. Where the browser is told a name, it may mean either protocol.
    pub(super) fn bind(host: &str) -> io::Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = first.local_addr()?.port();
        let mut sockets = vec![first];
        if host == "localhost" {
            // There may be no IPv6, or the port is taken there. The browser then finds the other.
            sockets.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)));
        }
        for socket in &sockets {
            socket.set_nonblocking(true)?;
        }
        let (sender, visits) = mpsc::channel();
        Ok(Self {
            sockets,
            port,
            sender,
            visits,
            visitors: Arc::new(()),
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The next visit, if one comes within the time.
    pub(super) fn next(&self, within: Duration) -> Option<Visit> {
        for socket in &self.sockets {
            // A visitor that is gone before it is let in is none.
            while let Ok((stream, _)) = socket.accept() {
                self.receive(stream);
            }
        }
        self.visits.recv_timeout(within).ok()
    }

    fn receive(&self, stream: TcpStream) {
        if Arc::strong_count(&self.visitors) > MAX_VISITORS {
            return;
        }
        let (sender, visitor) = (self.sender.clone(), Arc::clone(&self.visitors));
        thread::spawn(move || {
            // A visitor that says nothing, or goes away, gets no answer.
            if let Ok(Some(visit)) = listen(stream) {
                let _ = sender.send(visit);
            }
            drop(visitor);
        });
    }
}

impl Visit {
    /// Answers with a page and hangs up.
    pub(super) fn answer(self, status: &str, page: &str) {
        // A browser that does not want its answer changes nothing.
        let _ = answer(self.stream, status, page);
    }
}

/// Reads a request; `None` if it was answered here, because it is none that popfetch waits for.
fn listen(mut stream: TcpStream) -> io::Result<Option<Visit>> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let begun = Instant::now();
    let mut request = Zeroizing::new(Vec::with_capacity(MAX_REQUEST));
    let mut chunk = Zeroizing::new([0; 4096]);
    // An answer before the end of the request could be lost with the connection.
    while !request.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let left = PATIENCE.checked_sub(begun.elapsed());
        let left = left.filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
        let length = stream.read(&mut *chunk)?;
        if length == 0 {
            return Ok(None);
        }
        if request.len() + length > MAX_REQUEST {
            answer(
                stream,
                "431 Request Header Fields Too Large",
                &page::nothing_here(),
            )?;
            return Ok(None);
        }
        request.extend_from_slice(&chunk[..length]);
    }
    let line = request
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let line = std::str::from_utf8(line).unwrap_or_default();
    let (status, target) = match line.split(' ').collect::<Vec<_>>()[..] {
        ["GET", target, "HTTP/1.1" | "HTTP/1.0"] if target.starts_with('/') => ("", target),
        [_, _, "HTTP/1.1" | "HTTP/1.0"] => ("405 Method Not Allowed", ""),
        _ => ("400 Bad Request", ""),
    };
    if !status.is_empty() {
        answer(stream, status, &page::nothing_here())?;
        return Ok(None);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(Visit {
        path: path.to_owned(),
        query: Secret::new(query),
        stream,
    }))
}

fn answer(mut stream: TcpStream, status: &str, page: &str) -> io::Result<()> {
    // The page loads nothing, runs nothing, is kept nowhere and tells nobody the address with the code in it.
    let head = format!(
        "HTTP/1.1 {status}\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Cache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'\r\n\
         Referrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\n\
         Connection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(page.as_bytes())?;
    stream.shutdown(Shutdown::Write)
}
