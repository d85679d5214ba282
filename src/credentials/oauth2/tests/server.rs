//! A small HTTP server that says what a test wants and keeps what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A request: its head, and the fields of its form.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) head: String,
    pub(super) form: BTreeMap<String, String>,
}

/// What a test says to a request, by its number from 0. Nothing at all: the connection stays open until the end.
type Script = dyn Fn(usize, &Asked) -> Option<String> + Send;

pub(super) struct Server {
    pub(super) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(script: impl Fn(usize, &Asked) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (kept, ends) = (Arc::clone(&asked), Arc::clone(&over));
        let thread = thread::spawn(move || serve(&listener, &script, &kept, &ends));
        Self {
            base,
            asked,
            over,
            thread: Some(thread),
        }
    }

    /// One that says the same to everybody.
    pub(super) fn saying(answer: String) -> Self {
        Self::start(move |_, _| Some(answer.clone()))
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes it where it waits for a visitor.
        let _ = TcpStream::connect(self.base.trim_start_matches("http://"));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(listener: &TcpListener, script: &Script, asked: &Mutex<Vec<Asked>>, over: &AtomicBool) {
    let mut unanswered = Vec::new();
    for stream in listener.incoming() {
        if over.load(Ordering::SeqCst) {
            return;
        }
        let mut stream = stream.unwrap();
        let Some(request) = read(&stream) else {
            continue;
        };
        let number = {
            let mut asked = asked.lock().unwrap();
            asked.push(request.clone());
            asked.len() - 1
        };
        match script(number, &request) {
            // popfetch may have had enough of it before its end.
            Some(answer) => drop(stream.write_all(answer.as_bytes())),
            None => unanswered.push(stream),
        }
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_lowercase();
    let length = lower.split("content-length: ").nth(1)?;
    let mut body = vec![0; length.lines().next()?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let form = form_urlencoded::parse(&body).into_owned().collect();
    Some(Asked { head, form })
}

/// An answer with a body.
pub(super) fn says(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Tokens for an hour.
pub(super) fn grants(access: &str, refresh: Option<&str>) -> String {
    let refresh = refresh.map_or_else(String::new, |refresh| {
        format!(r#","refresh_token":"{refresh}""#)
    });
    let body = format!(
        r#"{{"token_type":"Bearer","access_token":"{access}","expires_in":3600{refresh}}}"#
    );
    says("200 OK", &body)
}

/// An error of RFC 6749 §5.2.
pub(super) fn refuses(error: &str, description: &str) -> String {
    let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
    says("400 Bad Request", &body)
}
