//! Decides how an account's connection is protected, and at which port.
//!
//! It refuses to know anything else of the account. Invariant: nothing gets weaker, as popfetch verifies certificates
//! whatever fetchmail was told, and sends a password in the open only to this machine.

use std::net::IpAddr;

use super::translate::{Draft, path};
use crate::import::{Surroundings, Tls};

/// Where fetchmail sends its words without TLS, and where with it.
const PORTS: [(&str, u16); 2] = [("pop3", 110), ("pop3s", 995)];

pub(super) fn protect(draft: &mut Draft<'_>, around: &Surroundings<'_>) {
    let told = draft.told;
    draft.account.port = port(draft);
    draft.account.tls = if told.user(|user| &user.ssl).is_some_and(|said| said.value) {
        Tls::Implicit
    } else {
        without_ssl(draft)
    };
    if let Some(proto) = told.user(|user| &user.ssl_proto) {
        let version = proto.value.to_ascii_lowercase();
        let narrower = [
            "ssl2", "ssl3", "tls1", "tls1.1", "tls1.2", "tls1.3", "tls1.3+",
        ];
        if narrower.contains(&version.as_str()) {
            let why =
                "popfetch speaks TLS 1.2 and later, whichever is the latest that the server speaks";
            draft.leave_out(proto.line, &format!("sslproto {version}"), why);
        }
    }
    if let Some(checks) = told
        .user(|user| &user.ssl_cert_ck)
        .filter(|said| !said.value)
    {
        let why = "popfetch always verifies certificates; `tls-fingerprint` trusts a single one";
        draft.leave_out(checks.line, "no sslcertck", why);
    }
    let file = |written: &String| path(written, around);
    let said = told.user(|user| &user.ssl_cert_file);
    draft.account.ca_file = said.map(|said| file(&said.value));
    let cert = told.user(|user| &user.ssl_cert);
    let key = told.user(|user| &user.ssl_key);
    // One file may hold both.
    draft.account.client_cert = cert.or(key).map(|said| file(&said.value));
    draft.account.client_key = key.or(cert).map(|said| file(&said.value));
    if draft.account.client_cert.is_some() {
        draft.remark("fetchmail logs in by the name in its own certificate; popfetch by `user`");
    }
}

/// The connection of an account without `ssl`. Since 6.4 fetchmail wants STLS there unless `sslproto` is empty.
fn without_ssl(draft: &mut Draft<'_>) -> Tls {
    let proto = draft.told.user(|user| &user.ssl_proto);
    let refuses = proto.filter(|said| said.value.is_empty());
    if draft.account.port == Some(995) {
        draft.remark("port 995 without `ssl` cannot have worked, as TLS is from the start there; so it is here");
        return Tls::Implicit;
    }
    let Some(refuses) = refuses else {
        return Tls::StartTls;
    };
    if is_this_machine(&draft.account.host) {
        return Tls::None;
    }
    let why = "popfetch sends no password in the open unasked, so the account has STARTTLS; write `tls = \"none\"` and `allow-cleartext = true` if the server has no TLS";
    draft.leave_out(refuses.line, "sslproto ''", why);
    Tls::StartTls
}

fn port(draft: &mut Draft<'_>) -> Option<u16> {
    let said = draft.told.server(|server| &server.service)?;
    let by_name = PORTS.iter().find(|(name, _)| *name == said.value);
    let by_number = || said.value.parse().ok().filter(|port| *port > 0);
    let port = by_name.map(|(_, port)| *port).or_else(by_number);
    if port.is_none() {
        draft.leave_out(
            said.line,
            "service",
            "it is neither a port's number nor `pop3` or `pop3s`",
        );
    }
    port
}

/// Whether a connection to this host leaves the machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
