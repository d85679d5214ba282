//! The limit: a client that logs in, asks for everything at once, and throws away what comes. No fetcher can be faster.
//!
//! It writes all commands before it reads the first reply, which would be a deadlock with most servers and many messages.
//! Here it is none, because the relay takes whatever the client writes. It runs as a process of its own, so that it is
//! measured as popfetch is.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;

use native_tls::{Certificate, TlsConnector};

/// The first argument of the process that is the limit. After it come the port, a PEM file with an authority or
/// [`CLEARTEXT`], what to ask for, the password, and the users, who are served in turn.
pub(crate) const ROLE: &str = "limit";

/// In place of an authority: no TLS.
pub(crate) const CLEARTEXT: &str = "-";

/// Asks for each message …
pub(crate) const MESSAGES: &str = "messages";

/// … or for their uids only.
pub(crate) const UIDS: &str = "uids";

/// How much is read at once.
const CHUNK: usize = 1 << 20;

/// The process: prints how many messages the users have.
pub(crate) fn act(arguments: &[String]) -> ExitCode {
    let [port, authority, wanted, password, users @ ..] = arguments else {
        panic!("{arguments:?} are no arguments of the limit");
    };
    let mut messages = 0;
    for user in users {
        messages += fetch(port.parse().unwrap(), authority, wanted, user, password).unwrap();
    }
    println!("{messages}");
    ExitCode::SUCCESS
}

fn fetch(
    port: u16,
    authority: &str,
    wanted: &str,
    user: &str,
    password: &str,
) -> io::Result<usize> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    if authority == CLEARTEXT {
        return converse(stream, wanted, user, password);
    }
    let authority = Certificate::from_pem(&fs::read(authority)?).map_err(io::Error::other)?;
    let connector = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(authority)
        .build()
        .map_err(io::Error::other)?;
    let stream = connector
        .connect("localhost", stream)
        .map_err(io::Error::other)?;
    converse(stream, wanted, user, password)
}

/// Talks in three flights: login, all that is wanted, and what TLS takes. Says how many messages there are.
fn converse(
    stream: impl Read + Write,
    wanted: &str,
    user: &str,
    password: &str,
) -> io::Result<usize> {
    let mut stream = BufReader::new(stream);
    accepted(&mut stream)?;
    let login = format!("USER {user}\r\nPASS {password}\r\nSTAT\r\n");
    stream.get_mut().write_all(login.as_bytes())?;
    accepted(&mut stream)?;
    accepted(&mut stream)?;
    let stat = accepted(&mut stream)?;
    let numbers = stat.split(' ').filter_map(|word| word.parse().ok());
    let [messages, octets] = numbers.collect::<Vec<usize>>()[..] else {
        return Err(io::Error::other(stat));
    };
    let (commands, least) = if wanted == UIDS {
        ("UIDL\r\n".to_owned(), messages)
    } else {
        let commands = (1..=messages).map(|number| format!("RETR {number}\r\n"));
        (commands.collect(), octets)
    };
    stream
        .get_mut()
        .write_all([commands.as_str(), "QUIT\r\n"].concat().as_bytes())?;
    let (mut buffer, mut received) = (vec![0; CHUNK], 0);
    // Behind QUIT, servers hang up with and without saying so in TLS.
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        received += count;
    }
    if received < least {
        return Err(io::Error::other(format!("{received} octets of {least}")));
    }
    Ok(messages)
}

/// A status line, which must be positive.
fn accepted(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let line = line.trim_end();
    if line.starts_with("+OK") {
        Ok(line.to_owned())
    } else {
        Err(io::Error::other(format!("the server says {line:?}")))
    }
}
