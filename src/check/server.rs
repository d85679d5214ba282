//! Looks for the server: its addresses, whether each takes connections, and what TLS says.
//!
//! It refuses to know who logs in. Invariant: nothing of the user is sent.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::Subject;
use super::finding::{Mark, Teller, Topic};
use super::login::Evidence;
use super::trouble::{Trouble, day};
use crate::pop3::{Connection, Endpoint, Error, Leaf, Line, Security, Trust, reach_each};

/// A certificate that ends sooner is to be told of.
const SOON: i64 = 14;

/// So many addresses are named.
const MOST_ADDRESSES: usize = 4;

/// Connects to the server on its terms; nothing where that fails, which is told. What repeats this proof is not shown.
pub(super) fn connect(
    subject: &Subject<'_>,
    proof: Option<&Evidence>,
    teller: &mut Teller<'_>,
) -> Option<Connection<Line>> {
    let who = proof.map(|(credentials, _)| credentials);
    let endpoint = subject.endpoint;
    teller.begin(Topic::Dns);
    let addresses = match endpoint.addresses(&subject.patience) {
        Ok(addresses) => addresses,
        Err(error) => {
            teller.fail(Topic::Dns, endpoint.nearest().0, of_proxy(endpoint, error));
            return None;
        }
    };
    name(endpoint, &addresses, teller);

    teller.begin(Topic::Connect);
    let tried = reach_each(&addresses, endpoint.way.source, &subject.patience);
    let tried = tried
        .map_err(|error| teller.fail(Topic::Connect, "", error))
        .ok()?;
    if !reached(endpoint, &addresses, tried, teller) {
        return None;
    }

    teller.begin(if endpoint.security == Security::Cleartext {
        Topic::Connect
    } else {
        Topic::Tls
    });
    match Connection::open_for(endpoint, &subject.patience, who) {
        Ok(mut connection) => {
            protection(subject, &addresses, &mut connection, teller);
            Some(connection)
        }
        Err(error) => {
            refused(subject, error, teller);
            None
        }
    }
}

/// What stands between here and the server is what is looked up and connected to.
fn of_proxy(endpoint: &Endpoint, error: Error) -> Error {
    match (&endpoint.way.proxy, error) {
        (Some(proxy), Error::Lookup { source, .. } | Error::Connect { source, .. }) => {
            Error::Proxy {
                proxy: proxy.to_string(),
                source,
            }
        }
        (_, error) => error,
    }
}

fn name(endpoint: &Endpoint, addresses: &[SocketAddr], teller: &mut Teller<'_>) {
    let (host, _) = endpoint.nearest();
    let shown: Vec<String> = addresses
        .iter()
        .take(MOST_ADDRESSES)
        .map(|address| address.ip().to_string())
        .collect();
    let more = match addresses.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let is_address = shown == [host];
    let seen = if is_address {
        format!("{host} is an address, there is nothing to look up")
    } else {
        format!("{host} is {}{more}", shown.join(", "))
    };
    let seen = match endpoint.way.proxy {
        Some(_) => format!("the proxy {seen}; it looks {} up", endpoint.host),
        None => seen,
    };
    let all = addresses.iter().map(|address| address.ip().to_string());
    teller.detailed(
        Topic::Dns,
        seen,
        if more.is_empty() {
            Vec::new()
        } else {
            all.collect()
        },
    );
}

/// Tells of each address; false if none answers.
fn reached(
    endpoint: &Endpoint,
    addresses: &[SocketAddr],
    tried: Vec<io::Result<Duration>>,
    teller: &mut Teller<'_>,
) -> bool {
    let one_answers = tried.iter().any(Result::is_ok);
    for (address, result) in addresses.iter().zip(tried) {
        let proxy = if endpoint.way.proxy.is_some() {
            "the proxy at "
        } else {
            ""
        };
        let seen = format!("{proxy}{} port {}", address.ip(), address.port());
        match result {
            Ok(took) => teller.pass(
                Topic::Connect,
                format!("{seen} in {} ms", took.as_millis().max(1)),
            ),
            // Most lines have IPv4 alone, most providers have both.
            Err(error) if one_answers && is_no_way(&error) => teller.pass(
                Topic::Connect,
                format!("{seen}: no way there from here, and none is needed"),
            ),
            Err(source) if one_answers => {
                let address = *address;
                teller.note(Topic::Connect, seen, Trouble::Silent { address, source });
            }
            Err(source) => {
                let (host, port) = (address.ip().to_string(), address.port());
                let error = of_proxy(endpoint, Error::Connect { host, port, source });
                teller.fail(Topic::Connect, seen, error);
            }
        }
    }
    one_answers
}

/// Whether this machine has no way to an address of that family.
fn is_no_way(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable};
    matches!(
        error.kind(),
        AddrNotAvailable | HostUnreachable | NetworkUnreachable
    )
}

/// Tells why the server was left again.
fn refused(subject: &Subject<'_>, error: Error, teller: &mut Teller<'_>) {
    let topic = match &error {
        Error::Connect { .. }
        | Error::Proxy { .. }
        | Error::ProxyRefused { .. }
        | Error::Source { .. }
        | Error::Refused { .. }
        | Error::TimedOut {
            during: "the greeting",
        }
        | Error::Closed {
            during: "the greeting",
        }
        | Error::Lost {
            during: "the greeting",
            ..
        } => Topic::Connect,
        _ if subject.endpoint.security == Security::Cleartext => Topic::Connect,
        _ => Topic::Tls,
    };
    let fast = match &error {
        Error::Untrusted {
            leaf: Some(leaf), ..
        } => leaf.validity().is_some_and(|(from, _)| subject.now < from),
        _ => false,
    };
    teller.fail(topic, subject.endpoint.host.as_str(), error);
    if fast {
        let (now, why) = (
            subject.now,
            "the server's certificate is from a later time; one of the two clocks is wrong",
        );
        teller.note(
            Topic::Clock,
            now.to_string(),
            Trouble::WrongClock { now, why },
        );
    }
}

/// Tells how the line is protected.
fn protection(
    subject: &Subject<'_>,
    addresses: &[SocketAddr],
    connection: &mut Connection<Line>,
    teller: &mut Teller<'_>,
) {
    let endpoint = subject.endpoint;
    let trust = match &endpoint.security {
        Security::Implicit(trust) | Security::StartTls(trust) => trust,
        Security::Cleartext => {
            let is_here = addresses.iter().all(|address| address.ip().is_loopback());
            if is_here && endpoint.way.proxy.is_none() {
                let seen = "none; the line does not leave this machine";
                teller.pass(Topic::Tls, seen);
            } else {
                teller.note(Topic::Tls, "none", Trouble::Cleartext);
            }
            return;
        }
    };
    match connection.leaf() {
        Ok(Some(leaf)) => certificate(&leaf, trust, &endpoint.security, subject.now, teller),
        // A line under TLS has a certificate that was looked at.
        Ok(None) => {}
        Err(error) => teller.fail(Topic::Tls, endpoint.host.as_str(), error),
    }
}

fn certificate(
    leaf: &Leaf,
    trust: &Trust,
    security: &Security,
    now: Timestamp,
    teller: &mut Teller<'_>,
) {
    let details = vec![leaf.fingerprint.to_string()];
    let believed = match trust {
        Trust::System => "",
        Trust::Bundle(_) => ", believed because of tls-ca-file",
        Trust::Pinned(_) => ", pinned by tls-fingerprint",
    };
    let begun = match security {
        Security::StartTls(_) => "by STLS: ",
        _ => "",
    };
    let Some((from, until)) = leaf.validity() else {
        return teller.detailed(Topic::Tls, format!("{begun}{leaf}{believed}"), details);
    };
    let days = until.duration_since(now).as_hours().div_euclid(24);
    let seen = format!("{begun}{leaf}{believed}; {}", left(days));
    if now < from || now >= until {
        teller.trouble(
            Topic::Tls,
            Mark::Note,
            seen,
            Trouble::OutOfTime { from, until },
        );
    } else if days < SOON {
        teller.note(Topic::Tls, seen, Trouble::EndsSoon { days, until });
    } else {
        log::debug!("the certificate ends on {}", day(until));
        teller.detailed(Topic::Tls, seen, details);
    }
}

fn left(days: i64) -> String {
    match days {
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}
