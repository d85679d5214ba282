//! SOCKS5 proxies: a real one, microsocks, and one that says what a test wants, be it SOCKS5 or not.
//!
//! It owns their ports and processes. It refuses to know what goes through them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

use super::daemon::Daemon;

/// How often another port is tried, when another process took one between choice and use.
const ATTEMPTS: u32 = 10;

/// A running microsocks.
pub(crate) struct Microsocks {
    // Ended before the folder is removed: fields are dropped in this order.
    daemon: Daemon,
    _folder: TempDir,
    port: u16,
}

impl Microsocks {
    /// One that lets everybody through, or, with a login, only those who know it.
    pub(crate) fn start(login: Option<(&str, &str)>) -> Self {
        for _ in 0..ATTEMPTS {
            let folder =
                TempDir::with_prefix("microsocks-").expect("a temporary folder can be made");
            let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = held.local_addr().expect("it is bound").port();
            drop(held);
            let mut command = Command::new("microsocks");
            command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
            if let Some((user, password)) = login {
                command.args(["-u", user, "-P", password]);
            }
            command.stdin(Stdio::null());
            let mut daemon = Daemon::spawn(&mut command, &folder.path().join("log"));
            let answers = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok();
            // It ends where it cannot have the port.
            if daemon.wait_until(answers).is_ok() {
                return Self {
                    daemon,
                    _folder: folder,
                    port,
                };
            }
        }
        panic!("microsocks found no free port in {ATTEMPTS} attempts");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it says about its connections.
    pub(crate) fn log(&self) -> String {
        self.daemon.log()
    }
}

/// A proxy that takes one connection, and each time that it has heard something says the next of its lines; then it hangs
/// up.
pub(crate) struct Liar {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Liar {
    pub(crate) fn start(says: &[&[u8]]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let says: Vec<Vec<u8>> = says.iter().map(|line| line.to_vec()).collect();
        let ears = Arc::clone(&heard);
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut buffer = [0; 1024];
            for line in says {
                match stream.read(&mut buffer) {
                    Ok(read @ 1..) => ears.lock().unwrap().extend(&buffer[..read]),
                    _ => return,
                }
                if stream.write_all(&line).is_err() {
                    return;
                }
            }
        });
        Self {
            port,
            heard,
            thread: Some(thread),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What was said to it, once it has hung up.
    pub(crate) fn heard(&mut self) -> Vec<u8> {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it does not panic");
        }
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // Lets a thread go that nobody has called.
            let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
            let _ = thread.join();
        }
    }
}
