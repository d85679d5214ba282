//! The TLS handshake, and who is believed in it.
//!
//! It refuses to know what is sent afterwards. Invariant: a stream leaves here only if its certificate passed the trust
//! that was asked for; with a pin the chain and the name do not count, and nothing is sent before the pin matched.

use std::error::Error as _;
use std::io;
use std::path::Path;

use native_tls::{Certificate, HandshakeError, Protocol, TlsConnector, TlsStream};

use super::certificate::Leaf;
use super::endpoint::{Endpoint, Security, Trust};
use super::error::Error;
use super::identity::ClientCertificate;
use super::transport::{Wire, is_stop, slowness};

/// Agrees on TLS with the endpoint's host and verifies its certificate.
pub(super) fn handshake(
    connector: &TlsConnector,
    endpoint: &Endpoint,
    trust: &Trust,
    mut wire: Wire,
) -> Result<TlsStream<Wire>, Error> {
    let (host, port) = (&endpoint.host, endpoint.port);
    let first = wire.note_first();
    let stream = connector.connect(host, wire).map_err(|error| {
        // What the TLS library makes of a greeting says nothing to anybody.
        let is_pop3 = matches!(first.get(), Some(b'+' | b'-'));
        if is_pop3 && matches!(endpoint.security, Security::Implicit(_)) {
            let host = host.clone();
            return Error::PlainPort { host, port };
        }
        refusal(host, error)
    })?;
    if let Trust::Pinned(pinned) = trust {
        let leaf = leaf(&stream)?;
        if leaf.fingerprint != *pinned {
            return Err(Error::WrongFingerprint {
                host: host.clone(),
                leaf: Box::new(leaf),
            });
        }
    }
    Ok(stream)
}

/// Whether the other end answers in TLS, whoever it is; nothing else is sent.
pub(super) fn speaks_tls(host: &str, mut wire: Wire) -> bool {
    let connector = TlsConnector::builder()
        .danger_accept_invalid_certs(true)
        .danger_accept_invalid_hostnames(true)
        .build();
    let first = wire.note_first();
    let agreed = connector.is_ok_and(|connector| connector.connect(host, wire).is_ok());
    // A server with which nothing can be agreed on says so in TLS.
    agreed || first.get().copied().is_some_and(opens_record)
}

/// Whether a server's first octet opens an alert or a handshake record (RFC 8446 §5.1); POP3 in the clear never begins
/// with one.
pub(super) fn opens_record(octet: u8) -> bool {
    matches!(octet, 21 | 22)
}

/// Sets up TLS for this trust, with what may be shown of this client.
pub(super) fn connector(
    trust: &Trust,
    client: Option<&ClientCertificate>,
) -> Result<TlsConnector, Error> {
    let mut builder = TlsConnector::builder();
    if let Some(client) = client {
        builder.identity(client.load()?);
    }
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
    builder.build().map_err(|source| match client {
        // What else is set here cannot fail for what is in it.
        Some(client) if source.to_string().contains("key values mismatch") => Error::ClientKey {
            path: client.key_file().to_owned(),
            source: io::Error::other("it is not the key of the certificate"),
        },
        _ => Error::Tls { source },
    })
}

fn roots(path: &Path) -> io::Result<Vec<Certificate>> {
    let pem = std::fs::read(path)?;
    let roots = Certificate::stack_from_pem(&pem).map_err(io::Error::other)?;
    if roots.is_empty() {
        return Err(io::Error::other("it holds no certificate in PEM form"));
    }
    Ok(roots)
}

/// The certificate that the server showed.
pub(super) fn leaf(stream: &TlsStream<Wire>) -> Result<Leaf, Error> {
    let der = stream
        .peer_certificate()
        .and_then(|certificate| certificate.map(|c| c.to_der()).transpose())
        .map_err(|source| Error::Tls { source })?;
    // A server without a certificate matches no pin.
    Ok(Leaf::new(&der.unwrap_or_default()))
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
            if let Some(slow) = slowness(inner) {
                return Error::from_io(io::Error::other(slow), "the TLS handshake");
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
    if is_about_client(&text) {
        return Error::ClientRefused {
            source: io::Error::other(source),
        };
    }
    if text.contains("certificate verify failed") {
        return Error::Untrusted {
            host: host.to_owned(),
            reason: verification_reason(&text).to_owned(),
            leaf: None,
        };
    }
    Error::Handshake {
        host: host.to_owned(),
        source,
    }
}

/// Whether these words of OpenSSL's are a server's alert about this client's certificate or the lack of one (RFC 8446
/// §6.2). In TLS 1.3 it comes when the handshake is over here (§4.4.2.4).
pub(super) fn is_about_client(text: &str) -> bool {
    let alert = text.split_once(" alert ").map(|(_, alert)| alert);
    alert.is_some_and(|alert| {
        let about = [
            "certificate",
            "unknown ca",
            "bad certificate",
            "unsupported certificate",
        ];
        about.iter().any(|words| alert.starts_with(words))
    })
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
    fn an_alert_about_the_clients_certificate_is_told_from_others() {
        let alert = |words: &str| {
            is_about_client(&format!(
                "error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert {words}:rec_layer_s3.c:918:SSL alert number 0"
            ))
        };
        assert!(alert("certificate required"));
        assert!(alert("unknown ca"));
        assert!(alert("bad certificate"));
        assert!(!alert("protocol version"));
        assert!(!is_about_client("certificate verify failed"));
    }

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
