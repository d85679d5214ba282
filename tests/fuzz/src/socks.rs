//! Any octets as what a SOCKS5 proxy says (RFC 1928, RFC 1929), compared with a second, slow reading of it.

use std::io::Read;

use popfetch::pop3::{Proxy, ProxyFailure, ProxyLogin, Refusal, ask_proxy};
use popfetch::secret::Secret;

use super::session::is_harmless;
use super::wire::{Wire, joined};

/// The server that is asked for, as it is asked for: a name or an address.
const SERVERS: [(&str, &[u8]); 3] = [
    ("pop.example", b"\x03\x0bpop.example\x03\xe3"),
    ("192.0.2.1", b"\x01\xc0\x00\x02\x01\x03\xe3"),
    (
        "2001:db8::1",
        b"\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x03\xe3",
    ),
];

/// The login, as it is sent.
const LOGIN: &[u8] = b"\x01\x02me\x0dgeheim7Marker";

/// What comes of asking; `None` where the line breaks.
type Outcome = Option<Result<(), Refusal>>;

/// Asks a proxy. The first octet says how its answers come, the second whether there is a login, and which server it is. What
/// follows a granted connection is left to the server.
pub fn holds(input: &[u8]) {
    let [how, kind, says @ ..] = input else {
        return;
    };
    let (host, address) = SERVERS[usize::from(kind >> 1) % SERVERS.len()];
    let login = ProxyLogin::new("me".to_owned(), Secret::new("geheim7Marker"));
    let proxy = Proxy {
        host: "proxy.example".to_owned(),
        port: Proxy::PORT,
        login: login.filter(|_| kind & 1 == 1),
    };
    let (mut wire, written) = Wire::new(*how, says);
    let came = match ask_proxy(&mut wire, &proxy, host, 995) {
        Ok(()) => Some(Ok(())),
        Err(ProxyFailure::Refused(refusal)) => {
            is_harmless(&refusal.to_string());
            Some(Err(refusal))
        }
        Err(ProxyFailure::Io(error)) => {
            is_harmless(&error.to_string());
            None
        }
    };
    let says = joined(says);
    let (mut rest, mut sent) = (says.as_slice(), Vec::new());
    let expected = read(&mut rest, &mut sent, kind & 1 == 1, address);
    assert_eq!(came, expected);
    assert_eq!(*written.borrow(), sent, "no octet more is sent");
    if came == Some(Ok(())) {
        let mut left = Vec::new();
        // A server that is silent at the end is an error here.
        let _ = wire.read_to_end(&mut left);
        assert_eq!(left, rest, "what follows is the server's");
    }
}

/// What a proxy's words mean, one step after another, and what is sent before each.
fn read(rest: &mut &[u8], sent: &mut Vec<u8>, has_login: bool, address: &[u8]) -> Outcome {
    let mut take = |count: usize| {
        let (taken, after) = rest.split_at_checked(count)?;
        *rest = after;
        Some(taken)
    };
    sent.extend(if has_login {
        &b"\x05\x02\0\x02"[..]
    } else {
        b"\x05\x01\0"
    });
    match (take(2)?, has_login) {
        ([5, 0], _) => {}
        ([5, 2], true) => {
            sent.extend(LOGIN);
            if take(2)?[1] != 0 {
                return Some(Err(Refusal::Login));
            }
        }
        ([5, 0xff], true) => return Some(Err(Refusal::NoMethod)),
        ([5, 0xff], false) => return Some(Err(Refusal::LoginWanted)),
        _ => return Some(Err(Refusal::NotSocks)),
    }
    sent.extend(b"\x05\x01\0");
    sent.extend(address);
    let head = take(4)?;
    let refusal = match (head[0], head[1], head[3]) {
        (5, 0, 1) => return take(4 + 2).map(|_| Ok(())),
        (5, 0, 4) => return take(16 + 2).map(|_| Ok(())),
        (5, 0, 3) => {
            let length = take(1)?[0];
            return take(usize::from(length) + 2).map(|_| Ok(()));
        }
        (5, 1, _) => Refusal::Failure,
        (5, 2, _) => Refusal::NotAllowed,
        (5, 3, _) => Refusal::NetworkUnreachable,
        (5, 4, _) => Refusal::HostUnreachable,
        (5, 5, _) => Refusal::ConnectionRefused,
        (5, 6, _) => Refusal::TimedOut,
        (5, reply @ 7.., _) => Refusal::Unable(reply),
        _ => Refusal::NotSocks,
    };
    Some(Err(refusal))
}
