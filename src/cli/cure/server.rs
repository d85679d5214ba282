//! What can be done about an error of the connection, of the login, or of the server.

use std::path::Path;

use super::Whose;
use crate::pop3::{self, Code, Mechanism, Need, Refusal, Violation};

/// The cure of what went wrong between here and the server, where there is one.
pub(in crate::cli) fn of_pop3(error: &pop3::Error, whose: &Whose<'_>) -> Option<String> {
    use pop3::Error;
    Some(match error {
        Error::Lookup { unknown: true, .. } => {
            "check host for a typing error; is the network up?".to_owned()
        }
        Error::Lookup { unknown: false, .. } => "is the network up?".to_owned(),
        Error::Connect { .. } => {
            "check host and port; most servers listen on 995, or on 110 with tls = \"starttls\""
                .to_owned()
        }
        Error::Handshake { source, .. } if source.to_string().contains("wrong version number") => {
            "the server does not speak TLS here: try port = 995 with tls = \"implicit\", or port = 110 with tls = \"starttls\""
                .to_owned()
        }
        Error::Handshake { source, .. } if source.to_string().contains("handshake failure") => {
            "the two agree on no version or cipher, or the server wants a client certificate: set tls-client-cert"
                .to_owned()
        }
        Error::NoStls { .. } => {
            "try tls = \"implicit\" with port = 995; if the server had STLS before, somebody may be in between"
                .to_owned()
        }
        Error::Untrusted { reason, leaf, .. } => {
            let trust = match leaf {
                Some(leaf) => format!("pin it with tls-fingerprint = \"{}\"", leaf.fingerprint),
                None => "pin it with tls-fingerprint".to_owned(),
            };
            // An authority makes a certificate neither younger nor another's.
            let (first, authority) = if reason.contains("mismatch") {
                ("check host, which must be a name in the certificate; ", "")
            } else if reason.contains("expired") || reason.contains("not yet valid") {
                ("check this machine's clock; the server needs a new one; ", "")
            } else {
                ("", ", or name its authority's PEM file in tls-ca-file")
            };
            format!(
                "{first}if you are sure that it is the right one, {trust} in the account{authority}"
            )
        }
        Error::StlsRefused { .. } => {
            "try later, or tls = \"implicit\" with port = 995; if the server had STLS before, somebody may be in between"
                .to_owned()
        }
        Error::Violation {
            violation: Violation::Injected,
            ..
        } => "somebody may be in between: try tls = \"implicit\" with port = 995".to_owned(),
        Error::WrongFingerprint { leaf, .. } => format!(
            "if the server has a new certificate, and you are sure that it is the right one, set tls-fingerprint = \"{}\"",
            leaf.fingerprint
        ),
        Error::PlainPort { .. } => {
            "set tls = \"starttls\" for this port, or port = 995 for TLS from the first byte".to_owned()
        }
        Error::TlsPort { .. } => "set tls = \"implicit\"".to_owned(),
        Error::ClientCertificate { .. } => "correct tls-client-cert".to_owned(),
        Error::ClientKey { .. } => "correct tls-client-key".to_owned(),
        Error::ClientRefused { .. } => {
            "set tls-client-cert to one that the server accepts".to_owned()
        }
        Error::ClientKeyExposed { path, .. } => {
            format!("make it private: chmod 600 {}", quoted(path))
        }
        Error::ClientKeyForm { path } => format!(
            "convert it: openssl pkcs8 -topk8 -nocrypt -in {} -out new.pem; then chmod 600 new.pem, and name that in tls-client-key",
            quoted(path)
        ),
        Error::NoAddress { .. } => "correct ip-version or source-address".to_owned(),
        Error::Source { .. } => {
            "correct source-address, or bring the network up that it belongs to".to_owned()
        }
        Error::Proxy { .. } => "is the proxy running, and its address in proxy right?".to_owned(),
        Error::ProxyRefused { refusal, .. } => match refusal {
            Refusal::Login | Refusal::LoginWanted => {
                "correct user and password in proxy: \"socks5://USER:PASSWORD@HOST:PORT\""
            }
            Refusal::NotSocks => "correct host and port in proxy: it takes SOCKS5, and no HTTP",
            Refusal::NoMethod | Refusal::NotAllowed | Refusal::Unable(_) => "ask whoever runs the proxy",
            _ => "check host and port, or try later",
        }
        .to_owned(),
        Error::Roots { .. } => "correct tls-ca-file".to_owned(),
        Error::NotOffered { mechanism, .. } => of_unknown(*mechanism).to_owned(),
        Error::NoTimestamp => "set auth to something else, or leave it out".to_owned(),
        Error::Unproven { .. } => {
            "this may not be the server that you mean; check host and password".to_owned()
        }
        Error::Login {
            reply, mechanism, ..
        } => of_code(reply.code).map_or_else(|| of_login(*mechanism, whose), str::to_owned),
        Error::Refused { reply, .. } => of_code(reply.code).unwrap_or("ask the provider").to_owned(),
        // A server with TLS from the first byte waits for the client to begin.
        Error::TimedOut {
            during: "the greeting",
        } => "try later, or raise timeout; if the port speaks TLS from the first byte, as 995 does, set tls = \"implicit\""
            .to_owned(),
        Error::Stalled { .. } | Error::TimedOut { .. } => "try later, or raise timeout".to_owned(),
        Error::TooLong { .. } => "the next run goes on where this one ended".to_owned(),
        _ => return None,
    })
}

/// The cure of a login that the server does not know.
fn of_unknown(mechanism: Mechanism) -> &'static str {
    match mechanism.needs() {
        Need::Password => "set auth to one that it offers, or leave it out",
        Need::Token => {
            "it takes no OAuth2 tokens: set a password in place of oauth or token-command"
        }
        Need::Certificate => {
            "no certificate logs in there: set a password, and auth to something else"
        }
    }
}

/// The cure of a login that was judged and refused.
fn of_login(mechanism: Mechanism, whose: &Whose<'_>) -> String {
    let needs = match whose.provider {
        Some(provider) => provider.login_hint(whose.user),
        None => "many providers want an app password, and POP switched on in their web settings"
            .to_owned(),
    };
    match (mechanism.needs(), whose.provider) {
        (Need::Password, _) => format!("check user and password; {needs}"),
        (Need::Token, Some(_)) => format!(
            "check user, and log in again for a new token (`popfetch login {}`, or the program of token-command); {needs}",
            whose.account
        ),
        (Need::Token, None) => format!(
            "check user, and log in again for a new token (`popfetch login {}`, or the program of token-command); is POP switched on in the provider's web settings?",
            whose.account
        ),
        (Need::Certificate, _) => {
            "check user and tls-client-cert: the server knows no such pair".to_owned()
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// The cure of a refusal whose response code says enough.
fn of_code(code: Option<Code>) -> Option<&'static str> {
    match code? {
        Code::InUse => Some("another program has the mailbox open; try later"),
        Code::LoginDelay => Some("the server wants more time between two logins"),
        Code::SysTemp => Some("try later"),
        Code::SysPerm => Some("ask the provider"),
        Code::Auth => None,
    }
}
