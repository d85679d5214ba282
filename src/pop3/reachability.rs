//! Says which addresses an endpoint has, and whether each takes connections: for somebody who wants to know, not for a
//! session, which takes the first that answers.
//!
//! It refuses to know what is said on a connection. Invariant: nothing is sent; what was connected is closed at once.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::connect::{attempt, look_up, wait_for};
use super::endpoint::Endpoint;
use super::error::Error;
use super::transport::Patience;

/// So many addresses are looked at: each takes a thread, and no server has more.
const MOST_ADDRESSES: usize = 32;

impl Endpoint {
    /// What is connected to from here, the server or its proxy: the host and the port.
    #[must_use]
    pub fn nearest(&self) -> (&str, u16) {
        match &self.way.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&self.host, self.port),
        }
    }

    /// The addresses of what is connected to from here, those that may be tried, each once; the first of them
    /// where there are very many.
    ///
    /// # Errors
    /// [`Error::Lookup`] if there are none, [`Error::NoAddress`] if all are of the wrong family.
    pub fn addresses(&self, patience: &Patience) -> Result<Vec<SocketAddr>, Error> {
        let (host, port) = self.nearest();
        let mut addresses = Vec::new();
        for address in look_up(host, port, patience)? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if let Some(family) = self.way.family() {
            addresses.retain(|address| family.has(address));
            if addresses.is_empty() {
                let host = host.to_owned();
                return Err(Error::NoAddress { host, family });
            }
        }
        addresses.truncate(MOST_ADDRESSES);
        Ok(addresses)
    }
}

/// How long each address takes to accept a connection from `source`, or why it does not; all are tried at once.
///
/// # Errors
/// [`Error::Stopped`] if the run is to end.
pub fn reach_each(
    addresses: &[SocketAddr],
    source: Option<IpAddr>,
    patience: &Patience,
) -> Result<Vec<io::Result<Duration>>, Error> {
    let timeout = patience.timeout();
    let attempts: Vec<_> = addresses
        .iter()
        .map(|address| {
            let (sender, receiver) = mpsc::channel();
            let address = *address;
            let try_it = move || {
                let begun = Instant::now();
                let connected = attempt(address, source, timeout).map(|_| begun.elapsed());
                // Nobody listens any more if the run is to end.
                let _ = sender.send(connected);
            };
            thread::Builder::new()
                .name(format!("connect {address}"))
                .spawn(try_it)
                .map(|_| receiver)
        })
        .collect();
    let mut results = Vec::with_capacity(attempts.len());
    for attempt in attempts {
        let result = attempt.and_then(|receiver| wait_for(&receiver, patience)?);
        results.push(match result {
            Err(error) => match Error::from_io(error, "connecting") {
                Error::Stopped => return Err(Error::Stopped),
                Error::Lost { source, .. } => Err(source),
                _ => Err(io::ErrorKind::TimedOut.into()),
            },
            connected => connected,
        });
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::super::{Family, Security, Way};
    use super::*;

    fn patience(is_stopped: bool) -> Patience {
        Patience::new(
            Duration::from_secs(20),
            Arc::new(AtomicBool::new(is_stopped)),
        )
    }

    fn endpoint(host: &str, family: Option<Family>) -> Endpoint {
        Endpoint {
            host: host.to_owned(),
            port: 995,
            security: Security::Cleartext,
            client: None,
            way: Way {
                family,
                ..Way::default()
            },
            timeout: Duration::from_secs(20),
        }
    }

    #[test]
    fn an_address_is_its_own_and_one_of_the_wrong_family_is_none() {
        let found = endpoint("127.0.0.1", None).addresses(&patience(false));
        assert_eq!(found.unwrap(), ["127.0.0.1:995".parse().unwrap()]);
        let none = endpoint("127.0.0.1", Some(Family::V6)).addresses(&patience(false));
        assert!(matches!(none, Err(Error::NoAddress { .. })), "{none:?}");
    }

    #[test]
    fn each_address_is_told_of_whatever_the_others_do() {
        let refusing = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let answering = listener.local_addr().unwrap();
        let tried = reach_each(&[refusing, answering], None, &patience(false)).unwrap();
        let refused = tried[0].as_ref().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(tried[1].is_ok());
    }

    #[test]
    fn a_stop_ends_the_attempts() {
        let address = "127.0.0.1:1".parse().unwrap();
        let stopped = reach_each(&[address], None, &patience(true));
        assert!(matches!(stopped, Err(Error::Stopped)));
    }
}
