//! The TLS handshake, and who is believed in it.
//!
//! It refuses to know what is sent afterwards. Invariant: a stream leaves here only if its certificate passed the trust
//! that was asked for; with a pin the chain and the name do not count, and nothing is sent before the pin matched.

use std::error::Error as _;
use std::io;
use std::path::Path;

use native_tls::{Certificate, HandshakeError, Protocol, TlsConnector, TlsStream};
use sha2::{Digest, Sha256};

use super::endpoint::{Fingerprint, Trust};
use super::error::Error;
use super::transport::{Wire, is_stop};

/// Agrees on TLS with `host` and verifies its certificate.
pub(super) fn handshake(
    connector: &TlsConnector,
    host: &str,
    trust: &Trust,
    wire: Wire,
) -> Result<TlsStream<Wire>, Error> {
    let stream = connector
        .connect(host, wire)
        .map_err(|error| refusal(host, error))?;
    if let Trust::Pinned(pinned) = trust {
        let found = fingerprint(&stream)?;
        if found != *pinned {
            return Err(Error::WrongFingerprint {
                host: host.to_owned(),
                found,
            });
        }
    }
    Ok(stream)
}

/// Sets up TLS for this trust.
pub(super) fn connector(trust: &Trust) -> Result<TlsConnector, Error> {
    let mut builder = TlsConnector::builder();
    // RFC 8314 §4.1: TLS 1.1 and older are not to be used.
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    match trust {
        Trust::System => {}
        Trust::Bundle(path) => {
            let roots = roots(path).map_err(|source| Error::Roots {
                path: path.clone(),
                source,
            })?;
            builder.disable_built_in_roots(true);
            for root in roots {
                builder.add_root_certificate(root);
            }
        }
        Trust::Pinned(_) => {
            builder.danger_accept_invalid_certs(true);
        }
    }
    builder.build().map_err(|source| Error::Tls { source })
}

fn roots(path: &Path) -> io::Result<Vec<Certificate>> {
    let pem = std::fs::read(path)?;
    let roots = Certificate::stack_from_pem(&pem).map_err(io::Error::other)?;
    if roots.is_empty() {
        return Err(io::Error::other("it holds no certificate in PEM form"));
    }
    Ok(roots)
}

fn fingerprint(stream: &TlsStream<Wire>) -> Result<Fingerprint, Error> {
    let der = stream
        .peer_certificate()
        .and_then(|certificate| certificate.map(|c| c.to_der()).transpose())
        .map_err(|source| Error::Tls { source })?;
    // A server without a certificate matches no pin.
    Ok(Fingerprint(Sha256::digest(der.unwrap_or_default()).into()))
}

/// Tells a certificate that is not believed from a line that broke and from all other failures.
fn refusal(host: &str, error: HandshakeError<Wire>) -> Error {
    let source = match error {
        HandshakeError::Failure(source) => source,
        // The wire never says "would block".
        HandshakeError::WouldBlock(_) => {
            return Error::TimedOut {
                during: "the TLS handshake",
            };
        }
    };
    let mut cause = source.source();
    while let Some(inner) = cause {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            if is_stop(inner) {
                return Error::Stopped;
            }
            let copy = io::Error::new(inner.kind(), inner.to_string());
            return Error::from_io(copy, "the TLS handshake");
        }
        cause = inner.source();
    }
    let text = source.to_string();
    // The server hung up without a word of TLS: the words of the two branches of OpenSSL's binding.
    if text.to_ascii_lowercase().contains("unexpected eof") {
        return Error::Closed {
            during: "the TLS handshake",
        };
    }
    if text.contains("certificate verify failed") {
        return Error::Untrusted {
            host: host.to_owned(),
            reason: verification_reason(&text).to_owned(),
            fingerprint: None,
        };
    }
    Error::Handshake {
        host: host.to_owned(),
        source,
    }
}

/// The reason that OpenSSL puts in brackets at the end: `… verify failed:… (certificate has expired)`.
fn verification_reason(text: &str) -> &str {
    text.strip_suffix(')')
        .and_then(|text| text.rsplit_once(" ("))
        .map_or(text, |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_what_stands_in_the_last_brackets() {
        let text = "error:0A000086:SSL routines:(x):certificate verify failed:a.c:1889: (self-signed certificate)";
        assert_eq!(verification_reason(text), "self-signed certificate");
        assert_eq!(
            verification_reason("certificate verify failed"),
            "certificate verify failed"
        );
    }
}
