//! Finds a host's addresses and connects to the one that answers first (RFC 8305), or has a proxy do so.
//!
//! It refuses to know what is said then. Invariant: the time-out covers the look-up, and again all attempts together.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType};
use socket2::{Domain, Socket, Type};

use super::endpoint::Endpoint;
use super::error::Error;
use super::socks::{self, Failure};
use super::transport::{Patience, TICK, Wire, is_stop};
use super::way::{Proxy, Way};

/// RFC 8305 §5: "Connection Attempt Delay […] recommended value […] is 250 milliseconds".
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to the endpoint's host and port, on the way that it names.
pub(super) fn connect(endpoint: &Endpoint, patience: &Patience) -> Result<Wire, Error> {
    match &endpoint.way.proxy {
        None => reach(&endpoint.host, endpoint.port, &endpoint.way, patience),
        Some(proxy) => through(proxy, endpoint, patience),
    }
}

/// Connects by way of a proxy.
fn through(proxy: &Proxy, endpoint: &Endpoint, patience: &Patience) -> Result<Wire, Error> {
    let failed = |source| Error::Proxy {
        proxy: proxy.to_string(),
        source,
    };
    let mut wire =
        reach(&proxy.host, proxy.port, &endpoint.way, patience).map_err(|error| match error {
            Error::Connect { source, .. } | Error::Lookup { source, .. } => failed(source),
            other => other,
        })?;
    let (host, port) = (&endpoint.host, endpoint.port);
    match socks::connect(&mut wire, proxy, host, port) {
        Ok(()) => Ok(wire),
        Err(Failure::Refused(refusal)) => Err(Error::ProxyRefused {
            proxy: proxy.to_string(),
            host: host.clone(),
            port,
            refusal,
        }),
        Err(Failure::Io(error)) if is_stop(&error) => Err(Error::Stopped),
        Err(Failure::Io(error)) => Err(failed(error)),
    }
}

/// Connects to this host and port from here.
fn reach(host: &str, port: u16, way: &Way, patience: &Patience) -> Result<Wire, Error> {
    let failed = |source| Error::Connect {
        host: host.to_owned(),
        port,
        source,
    };
    if let Some(address) = way.source {
        bound(address).map_err(|source| Error::Source { address, source })?;
    }
    let mut addresses = interleave(look_up(host, port, patience)?);
    if let Some(family) = way.family() {
        addresses.retain(|address| family.has(address));
        if addresses.is_empty() {
            let host = host.to_owned();
            return Err(Error::NoAddress { host, family });
        }
    }
    let stream = race(addresses, way.source, patience).map_err(|source| {
        match Error::from_io(source, "connecting") {
            Error::Lost { source, .. } => failed(source),
            Error::TimedOut { .. } => failed(io::ErrorKind::TimedOut.into()),
            other => other,
        }
    })?;
    Wire::new(stream, patience.clone()).map_err(failed)
}

/// A socket that connects from this address.
fn bound(source: IpAddr) -> io::Result<Socket> {
    let source = SocketAddr::new(source, 0);
    let socket = Socket::new(Domain::for_address(source), Type::STREAM, None)?;
    socket.bind(&source.into())?;
    Ok(socket)
}

/// One attempt.
pub(super) fn attempt(
    address: SocketAddr,
    source: Option<IpAddr>,
    timeout: Duration,
) -> io::Result<TcpStream> {
    match source {
        None => TcpStream::connect_timeout(&address, timeout),
        Some(source) => {
            let socket = bound(source)?;
            socket.connect_timeout(&address.into(), timeout)?;
            Ok(socket.into())
        }
    }
}

/// Asks the system's resolver, on a thread of its own because it cannot be interrupted.
pub(super) fn look_up(
    host: &str,
    port: u16,
    patience: &Patience,
) -> Result<Vec<SocketAddr>, Error> {
    let failed = |unknown, source| Error::Lookup {
        host: host.to_owned(),
        unknown,
        source,
    };
    let (sender, receiver) = mpsc::channel();
    let host = host.to_owned();
    let query = move || {
        let hints = AddrInfoHints {
            socktype: SockType::Stream.into(),
            ..AddrInfoHints::default()
        };
        let found = dns_lookup::getaddrinfo(Some(&host), Some(&port.to_string()), Some(hints))
            .map(|found| found.flatten().map(|info| info.sockaddr).collect());
        // Nobody listens any more if it took too long.
        let _ = sender.send(found);
    };
    thread::Builder::new()
        .name("resolver".to_owned())
        .spawn(query)
        .map_err(|source| failed(false, source))?;
    let found: Result<Vec<SocketAddr>, _> = wait_for(&receiver, patience).map_err(|source| {
        match Error::from_io(source, "the look-up") {
            Error::Stopped => Error::Stopped,
            _ => failed(false, io::ErrorKind::TimedOut.into()),
        }
    })?;
    match found {
        Ok(addresses) if addresses.is_empty() => {
            Err(failed(true, io::Error::other("it has no address")))
        }
        Ok(addresses) => Ok(addresses),
        Err(e) => {
            let unknown = matches!(e.kind(), LookupErrorKind::NoName | LookupErrorKind::NoData);
            // What was looked up is said above it.
            let text = io::Error::from(e).to_string();
            let reason = text.rsplit(": ").next().unwrap_or(&text);
            Err(failed(unknown, io::Error::other(reason.to_owned())))
        }
    }
}

/// Waits for what a thread has to say.
pub(super) fn wait_for<T>(receiver: &Receiver<T>, patience: &Patience) -> io::Result<T> {
    let mut waited = Duration::ZERO;
    loop {
        patience.after(waited)?;
        match receiver.recv_timeout(TICK) {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Timeout) => waited += TICK,
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

/// Puts the two families in turn, that of the first address first (RFC 8305 §4).
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut in_turn = Vec::new();
    loop {
        let pair = (first.next(), second.next());
        if pair == (None, None) {
            return in_turn;
        }
        in_turn.extend(pair.0);
        in_turn.extend(pair.1);
    }
}

/// Tries one address after another, the next when the last has failed or been silent for the delay; the first that
/// answers wins (RFC 8305 §5). Attempts that lost end by themselves.
fn race(
    addresses: Vec<SocketAddr>,
    source: Option<IpAddr>,
    patience: &Patience,
) -> io::Result<TcpStream> {
    let (sender, receiver) = mpsc::channel();
    let mut addresses = addresses.into_iter();
    let mut last_error = None;
    let mut running = 0_usize;
    let mut waited = Duration::ZERO;
    loop {
        patience.after(waited)?;
        if let Some(address) = addresses.next() {
            let (sender, timeout) = (sender.clone(), patience.timeout());
            thread::Builder::new()
                .name(format!("connect {address}"))
                .spawn(move || sender.send(attempt(address, source, timeout)))?;
            running += 1;
        } else if running == 0 {
            return Err(last_error.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()));
        }
        match receiver.recv_timeout(ATTEMPT_DELAY) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => {
                running -= 1;
                last_error = Some(e);
            }
            Err(_) => waited += ATTEMPT_DELAY,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn patience() -> Patience {
        Patience::new(Duration::from_secs(20), Arc::new(AtomicBool::new(false)))
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns_and_the_first_one_leads() {
        let found = ["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1"].map(address);
        let expected = ["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"].map(address);
        assert_eq!(interleave(found.to_vec()), expected);
        assert_eq!(interleave(Vec::new()), []);
    }

    #[test]
    fn an_address_that_refuses_is_followed_by_the_next() {
        let refusing = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let answering = listener.local_addr().unwrap();
        let stream = race(vec![refusing, answering], None, &patience()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), answering);
    }

    #[test]
    fn when_all_refuse_the_last_error_is_told() {
        let refusing = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let error = race(vec![refusing], None, &patience()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_stop_ends_the_race() {
        let patience = Patience::new(Duration::from_secs(20), Arc::new(AtomicBool::new(true)));
        let error = race(vec![address("127.0.0.1:1")], None, &patience).unwrap_err();
        assert!(matches!(Error::from_io(error, "x"), Error::Stopped));
    }
}
