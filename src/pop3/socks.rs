//! Asks a SOCKS5 proxy for a connection to a server (RFC 1928), with a login where it wants one (RFC 1929).
//!
//! It refuses to know how the proxy was reached and what is said to the server. Invariants: it reads no octet beyond the
//! proxy's last reply; the server's name is looked up by the proxy alone; the password is sent only where the proxy asks
//! for one, and wiped here.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::way::{Proxy, ProxyLogin};

/// RFC 1928 §3: the version of this protocol.
const VERSION: u8 = 5;
/// RFC 1929 §2: the version of the login within it.
const LOGIN_VERSION: u8 = 1;
/// RFC 1928 §3: the ways to say who asks.
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;
/// RFC 1928 §4: the command.
const CONNECT: u8 = 1;
/// RFC 1928 §5: the kinds of addresses.
const IP_V4: u8 = 1;
const NAME: u8 = 3;
const IP_V6: u8 = 4;

/// Why a proxy gives no connection to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not answer in SOCKS5.
    #[error("it speaks no SOCKS5")]
    NotSocks,
    /// It wants a login and there is none.
    #[error("it wants a login")]
    LoginWanted,
    /// It takes neither the login nor its absence.
    #[error("it takes no login by user and password")]
    NoMethod,
    /// The user or the password is wrong.
    #[error("it refused the login")]
    Login,
    /// Reply 1, and no more is known.
    #[error("it failed")]
    Failure,
    /// Reply 2: by its rules.
    #[error("its rules do not allow that")]
    NotAllowed,
    /// Reply 3.
    #[error("the network is unreachable from there")]
    NetworkUnreachable,
    /// Reply 4.
    #[error("the host is unreachable from there")]
    HostUnreachable,
    /// Reply 5.
    #[error("the host refused the connection")]
    ConnectionRefused,
    /// Reply 6.
    #[error("the host did not answer in time")]
    TimedOut,
    /// Replies 7 and 8, and all that are not defined.
    #[error("it cannot do that (reply {0})")]
    Unable(u8),
}

impl Refusal {
    /// Whether it may be otherwise in a while, with nothing changed here.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::Failure
                | Self::NetworkUnreachable
                | Self::HostUnreachable
                | Self::ConnectionRefused
                | Self::TimedOut
        )
    }

    /// What a reply but 0 means (RFC 1928 §6).
    fn of(reply: u8) -> Self {
        match reply {
            1 => Self::Failure,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TimedOut,
            other => Self::Unable(other),
        }
    }
}

/// Why asking a proxy gave no connection.
#[derive(Debug)]
pub enum Failure {
    /// The line broke.
    Io(io::Error),
    /// The proxy says no.
    Refused(Refusal),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Asks the proxy at the other end of `stream` for a connection to `host` and `port`; after that the stream is the
/// server's. It is public because a proxy's answers come before any TLS, and are fuzzed.
///
/// # Errors
/// The proxy refuses, or the line to it broke.
pub fn connect(
    stream: &mut (impl Read + Write),
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<(), Failure> {
    let request = request(host, port)?;
    let login = proxy.login.as_ref();
    // RFC 1928 §3: a proxy chooses among the ways that are offered.
    let offer: &[u8] = match login {
        None => &[VERSION, 1, NO_LOGIN],
        Some(_) => &[VERSION, 2, NO_LOGIN, USER_AND_PASSWORD],
    };
    send(stream, offer)?;
    let [version, method] = receive(stream)?;
    if version != VERSION {
        return Err(Refusal::NotSocks.into());
    }
    match (method, login) {
        (NO_LOGIN, _) => {}
        (USER_AND_PASSWORD, Some(login)) => log_in(stream, login)?,
        (NONE_ACCEPTABLE, None) => return Err(Refusal::LoginWanted.into()),
        (NONE_ACCEPTABLE, Some(_)) => return Err(Refusal::NoMethod.into()),
        // It chose what was not offered.
        _ => return Err(Refusal::NotSocks.into()),
    }
    send(stream, &request)?;
    let [version, reply, _, kind] = receive(stream)?;
    if version != VERSION {
        return Err(Refusal::NotSocks.into());
    }
    if reply != 0 {
        return Err(Refusal::of(reply).into());
    }
    // The address that the proxy connects from, which is of no use here: RFC 1928 §6 puts it and a port behind.
    let length = match kind {
        IP_V4 => 4,
        IP_V6 => 16,
        NAME => {
            let [length] = receive(stream)?;
            usize::from(length)
        }
        _ => return Err(Refusal::NotSocks.into()),
    };
    let mut address = [0; u8::MAX as usize + 2];
    read(stream, &mut address[..length + 2])?;
    Ok(())
}

/// RFC 1928 §4; an address goes as one, a name as it is.
fn request(host: &str, port: u16) -> Result<Vec<u8>, Failure> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IP_V4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IP_V6);
            request.extend(address.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len())
                .map_err(|_| io::Error::other("no host has a name as long as this"))?;
            request.extend([NAME, length]);
            request.extend(host.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

/// RFC 1929 §2.
fn log_in(stream: &mut (impl Read + Write), login: &ProxyLogin) -> Result<(), Failure> {
    let (user, password) = (
        login.user().as_bytes(),
        login.password().expose().as_bytes(),
    );
    // Room for all at once: a buffer that grows leaves copies behind.
    let mut message = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
    message.push(LOGIN_VERSION);
    for part in [user, password] {
        // A login's parts are no longer than that.
        message.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        message.extend(part);
    }
    send(stream, &message)?;
    // Some proxies put SOCKS's version here: only the status counts.
    let [_, status] = receive(stream)?;
    if status == 0 {
        Ok(())
    } else {
        Err(Refusal::Login.into())
    }
}

fn send(stream: &mut impl Write, message: &[u8]) -> io::Result<()> {
    stream.write_all(message)?;
    stream.flush()
}

fn receive<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    read(stream, &mut octets)?;
    Ok(octets)
}

fn read(stream: &mut impl Read, octets: &mut [u8]) -> io::Result<()> {
    stream
        .read_exact(octets)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "it closed the connection")
            }
            _ => error,
        })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::secret::Secret;

    /// What the proxy says, whatever is said to it, and what was said.
    struct Script {
        says: Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.says.read(buffer)
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ask(says: &[u8], host: &str, with_login: bool) -> (Result<(), Failure>, Script) {
        let login = ProxyLogin::new("me".to_owned(), Secret::new("pw"));
        let proxy = Proxy {
            host: "proxy.example".to_owned(),
            port: Proxy::PORT,
            login: login.filter(|_| with_login),
        };
        let mut script = Script {
            says: Cursor::new(says.to_vec()),
            heard: Vec::new(),
        };
        let result = connect(&mut script, &proxy, host, 995);
        (result, script)
    }

    fn refusal(says: &[u8], with_login: bool) -> Refusal {
        match ask(says, "h", with_login).0 {
            Err(Failure::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_is_left_to_the_proxy_and_an_address_goes_as_one() {
        let yes = [5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 80];
        let hosts: [(&str, Vec<u8>); 3] = [
            ("pop.x", b"\x03\x05pop.x".to_vec()),
            ("192.0.2.1", vec![1, 192, 0, 2, 1]),
            ("::1", [&[4][..], &[0; 15], &[1]].concat()),
        ];
        for (host, address) in hosts {
            let (result, script) = ask(&yes, host, false);
            assert!(result.is_ok(), "{result:?}");
            let expected = [&[5, 1, 0, 5, 1, 0][..], &address, &[3, 0xe3]].concat();
            assert_eq!(script.heard, expected, "{host}");
        }
        let (result, script) = ask(&yes, &"x".repeat(256), false);
        assert!(matches!(result, Err(Failure::Io(_))));
        assert!(script.heard.is_empty());
    }

    #[test]
    fn what_follows_the_last_reply_is_left_to_the_server() {
        for bound in [
            &[1, 9, 9, 9, 9][..],
            &[3, 2, b'h', b'i'],
            &[&[4][..], &[9; 16]].concat(),
        ] {
            let says = [&[5, 0, 5, 0, 0][..], bound, &[1, 2], b"+OK"].concat();
            let (result, mut script) = ask(&says, "h", false);
            assert!(result.is_ok(), "{result:?}");
            let mut rest = String::new();
            script.says.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "+OK");
        }
    }

    #[test]
    fn the_login_is_sent_where_it_is_asked_for() {
        let asked = [5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let (result, script) = ask(&asked, "h", true);
        assert!(result.is_ok(), "{result:?}");
        assert!(
            script
                .heard
                .starts_with(b"\x05\x02\x00\x02\x01\x02me\x02pw\x05")
        );
        let (_, script) = ask(&[5, 0, 5, 5, 0, 1], "h", true);
        assert!(!script.heard.windows(2).any(|two| two == b"pw"));
    }

    #[test]
    fn refusals_are_told_apart() {
        assert_eq!(refusal(&[5, 0xff], false), Refusal::LoginWanted);
        assert_eq!(refusal(&[5, 0xff], true), Refusal::NoMethod);
        assert_eq!(refusal(&[5, 2, 1, 1], true), Refusal::Login);
        for (reply, expected) in [(1, true), (2, false), (3, true), (4, true), (5, true)] {
            let refusal = refusal(&[5, 0, 5, reply, 0, 1], false);
            assert_eq!(refusal.is_temporary(), expected, "{refusal}");
        }
        assert_eq!(refusal(&[5, 0, 5, 8, 0, 1], false), Refusal::Unable(8));
    }

    #[test]
    fn what_is_no_socks5_is_said_to_be_none() {
        // SOCKS4, HTTP, a way that was not offered, another version later, an address of no kind.
        for says in [
            &[0, 0x5b][..],
            b"HTTP/1.1 400 Bad Request",
            &[5, 2],
            &[5, 1],
            &[5, 0, 4, 0, 0, 1],
            &[5, 0, 5, 0, 0, 2],
        ] {
            assert_eq!(refusal(says, false), Refusal::NotSocks, "{says:?}");
        }
    }

    #[test]
    fn a_proxy_that_hangs_up_at_any_octet_is_no_connection() {
        let whole = [5, 2, 1, 0, 5, 0, 0, 3, 1, b'h', 0, 0];
        for end in 0..whole.len() {
            let (result, _) = ask(&whole[..end], "h", true);
            assert!(matches!(result, Err(Failure::Io(_))), "{end}: {result:?}");
        }
        assert!(ask(&whole, "h", true).0.is_ok());
    }
}
