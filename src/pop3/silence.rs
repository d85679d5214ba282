//! Waits for a server that is to speak first, and finds out whether it waits for TLS.
//!
//! It refuses to know what is said. Invariants: a server that is only slow is waited for to the end of the time-out; to
//! find out, a connection of its own is made, on which nothing is sent but the beginning of TLS.

use std::io;
use std::time::Duration;

use super::connect::connect;
use super::endpoint::Endpoint;
use super::error::Error;
use super::tls::{opens_record, speaks_tls};
use super::transport::{Patience, Wire};

/// How long a server may be silent before it is asked whether it speaks TLS: busy servers greet within a second or two,
/// and nobody should wait for a minute to learn of a wrong port.
const SUSPICIOUS: Duration = Duration::from_secs(5);

/// Connects, and waits until the server has begun to speak in the clear.
pub(super) fn connect_in_the_clear(
    endpoint: &Endpoint,
    patience: &Patience,
) -> Result<Wire, Error> {
    let mut wire = connect(endpoint, patience)?;
    let tls_port = || Error::TlsPort {
        host: endpoint.host.clone(),
        port: endpoint.port,
    };
    let silence = SUSPICIOUS.min(patience.timeout());
    let first = match wire.peek(silence) {
        Err(e) if e.kind() == io::ErrorKind::TimedOut => {
            let question = connect(endpoint, &patience.within(silence));
            if question.is_ok_and(|wire| speaks_tls(&endpoint.host, wire)) {
                return Err(tls_port());
            }
            wire.peek(patience.timeout().saturating_sub(silence))
        }
        first => first,
    };
    let first = first.map_err(|source| Error::from_io(source, "the greeting"))?;
    if first.is_some_and(opens_record) {
        return Err(tls_port());
    }
    Ok(wire)
}
