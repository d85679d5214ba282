//! Finds out at which port of a host a POP3 server answers under TLS.
//!
//! It refuses to know who is to log in. Invariants: nobody logs in, and nothing is sent in clear but CAPA, STLS and QUIT;
//! a host whose certificate is not trusted is never chosen by itself.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use crate::cli::args::TlsMode;
use crate::pop3::{Connection, Endpoint, Error, Patience, Security, Trust, Way};

/// How long a host may be silent: a person waits.
const PATIENCE: Duration = Duration::from_secs(6);

/// What answers at a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answering {
    /// The host.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// How TLS begins.
    pub(super) tls: TlsMode,
}

/// The usual names of a domain's POP3 server, of which the first is taken that answers at the usual port with a certificate
/// that is trusted; they are tried at the same time.
pub(super) fn guess(domain: &str, stop: &Arc<AtomicBool>) -> Option<Answering> {
    let hosts = ["pop.", "pop3.", "mail.", ""].map(|prefix| format!("{prefix}{domain}"));
    thread::scope(|scope| {
        let tries = hosts.map(|host| {
            let stop = Arc::clone(stop);
            scope.spawn(move || {
                let port = Security::IMPLICIT_PORT;
                let answers = connect(&host, port, TlsMode::Implicit, stop).is_ok();
                answers.then_some(Answering {
                    host,
                    port,
                    tls: TlsMode::Implicit,
                })
            })
        });
        // All are waited for, in order; a panic is a host that does not answer.
        let answers = tries.map(|one| one.join().ok().flatten());
        answers.into_iter().flatten().next()
    })
}

/// The port of a host that somebody named. One whose certificate is not trusted answers, too: that is told later.
pub(super) fn ports(host: &str, stop: &Arc<AtomicBool>) -> Option<Answering> {
    let ways = [
        (Security::IMPLICIT_PORT, TlsMode::Implicit),
        (Security::PLAIN_PORT, TlsMode::Starttls),
    ];
    let found = ways.into_iter().find(|(port, tls)| {
        matches!(
            connect(host, *port, *tls, Arc::clone(stop)),
            Ok(()) | Err(Error::Untrusted { .. })
        )
    });
    found.map(|(port, tls)| Answering {
        host: host.to_owned(),
        port,
        tls,
    })
}

fn connect(host: &str, port: u16, tls: TlsMode, stop: Arc<AtomicBool>) -> Result<(), Error> {
    let endpoint = Endpoint {
        host: host.to_owned(),
        port,
        security: match tls {
            TlsMode::Implicit => Security::Implicit(Trust::System),
            TlsMode::Starttls => Security::StartTls(Trust::System),
        },
        client: None,
        way: Way::default(),
        timeout: PATIENCE,
    };
    Connection::open(&endpoint, &Patience::new(PATIENCE, stop)).map(drop)
}
