//! One POST of a form to an OAuth2 server, and its answer.
//!
//! It refuses to know what is asked. Invariants: nothing is sent in clear to another host; no redirect is followed; the
//! wait and the size of the answer are bounded; what was sent in secret is not in what an error quotes.

use std::io::Read;
use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use zeroize::Zeroizing;

use super::error::{Error, harmless};
use crate::credentials::wait_for;
use crate::secret::Secret;

/// How long finding and reaching the server may take.
const CONNECT: Duration = Duration::from_secs(15);

/// How long the whole may take.
const WHOLE: Duration = Duration::from_secs(30);

/// How long is waited for the thread, which keeps to [`WHOLE`] except where the system's resolver does not.
const PATIENCE: Duration = Duration::from_secs(35);

/// How long an answer is still waited for once a stop was asked for: it may hold the only valid refresh token.
const GRACE: Duration = Duration::from_millis(1500);

/// How much of an answer is read. Tokens have a few kilobytes.
const MAX_ANSWER: usize = 64 * 1024;

/// The fields whose values must not be seen in anything that is shown.
const SECRET_FIELDS: [&str; 5] = [
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "refresh_token",
];

/// The shortest value that is looked for in what is shown. Shorter ones are no secrets, and are parts of plain words.
const SHORTEST_SECRET: usize = 8;

/// The fields of a form.
pub(super) type Form<'f> = [(&'static str, &'f str)];

/// What a server answers: a JSON object, and who said it.
pub(super) struct Answer {
    pub(super) server: String,
    pub(super) fields: Map<String, Value>,
}

/// Sends the form and takes the answer apart. An answer that holds an `error` is one (RFC 6749 §5.2).
pub(super) fn post(
    url: &str,
    form: &Form<'_>,
    proxy: Option<&Secret>,
    stop: &AtomicBool,
) -> Result<Answer, Error> {
    let server = secure_host(url)?;
    // A proxy would take what is for this host to its own.
    let proxy = proxy.filter(|_| !stays_here(url));
    let proxy = proxy.map(|proxy| ureq::Proxy::new(proxy.expose()));
    let proxy = proxy
        .transpose()
        .map_err(|_| Error::Address { what: "the proxy" })?;
    // Room for all at once: a text that grows leaves copies behind that nobody wipes.
    let length: usize = form
        .iter()
        .map(|(name, value)| name.len() + 3 * value.len() + 2)
        .sum();
    let body = form_urlencoded::Serializer::new(String::with_capacity(length))
        .extend_pairs(form)
        .finish();
    let (body, target) = (Zeroizing::new(body), url.to_owned());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let _ = sender.send(send(&target, &body, proxy));
    });
    let answer = match wait_for(&receiver, PATIENCE, stop) {
        Ok(answer) => answer,
        Err(_) => Some(receiver.recv_timeout(GRACE).map_err(|_| Error::Stopped)?),
    };
    let Some(answer) = answer else {
        return Err(Error::Unavailable {
            server,
            reason: "it does not answer".to_owned(),
        });
    };
    let (status, content) = answer.map_err(|source| Error::Unreachable {
        server: server.clone(),
        source: Box::new(source),
    })?;
    log::debug!("{server} answers an OAuth2 request with status {status}");
    let fields = understand(&server, status, &content, form)?;
    Ok(Answer { server, fields })
}

/// The host of an address to which secrets may go: with TLS, or without leaving this host.
pub(super) fn secure_host(url: &str) -> Result<String, Error> {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    if host.is_empty() {
        return Err(Error::Address {
            what: "an address of the OAuth2 server",
        });
    }
    let encrypted = uri.as_ref().and_then(Uri::scheme_str) == Some("https");
    if encrypted || stays_here(url) {
        Ok(host.to_owned())
    } else {
        Err(Error::Insecure { url: harmless(url) })
    }
}

/// Whether the address is one of this host's, and without TLS.
fn stays_here(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let here = |address: IpAddr| address.is_loopback();
    uri.scheme_str() == Some("http") && (host == "localhost" || bare.parse().is_ok_and(here))
}

fn send(
    url: &str,
    body: &str,
    proxy: Option<ureq::Proxy>,
) -> Result<(u16, Zeroizing<Vec<u8>>), ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(
            // The library's own choice is not in this build, and it panics without these two.
            TlsConfig::builder()
                .provider(TlsProvider::NativeTls)
                .root_certs(RootCerts::PlatformVerifier)
                .build(),
        )
        .http_status_as_error(false)
        // A server that moved is not followed with secrets.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(WHOLE))
        .user_agent(concat!("popfetch/", env!("CARGO_PKG_VERSION")))
        // Without this the environment would be asked.
        .proxy(proxy)
        .build()
        .into();
    let response = agent
        .post(url)
        .header("Accept", "application/json")
        .content_type("application/x-www-form-urlencoded")
        .send(body)?;
    let status = response.status().as_u16();
    let mut content = Zeroizing::new(Vec::with_capacity(MAX_ANSWER + 1));
    response
        .into_body()
        .into_reader()
        .take(MAX_ANSWER as u64 + 1)
        .read_to_end(&mut content)?;
    Ok((status, content))
}

pub(super) fn understand(
    server: &str,
    status: u16,
    content: &[u8],
    form: &Form<'_>,
) -> Result<Map<String, Value>, Error> {
    let unavailable = || Error::Unavailable {
        server: server.to_owned(),
        reason: format!("status {status}"),
    };
    if status >= 500 || status == 408 {
        return Err(unavailable());
    }
    if content.len() > MAX_ANSWER {
        return Err(Error::nonsense(server, "it is too long"));
    }
    let fields = match serde_json::from_slice(content) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    let text = |name| fields.as_ref()?.get(name)?.as_str();
    if let Some(error) = text("error") {
        let description = text("error_description").unwrap_or_default();
        return Err(Error::refused(
            server,
            &masked(error, form),
            &masked(description, form),
        ));
    }
    match fields {
        Some(fields) if (200..300).contains(&status) => Ok(fields),
        _ if status == 429 => Err(unavailable()),
        _ => Err(Error::nonsense(server, format!("status {status}"))),
    }
}

/// What a server said, without the secrets that it was sent.
fn masked(text: &str, form: &Form<'_>) -> String {
    let secrets = form
        .iter()
        .filter(|(name, value)| SECRET_FIELDS.contains(name) && value.len() >= SHORTEST_SECRET);
    secrets.fold(text.to_owned(), |text, (_, secret)| {
        // Some quote the form as it was sent.
        let sent: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text.replace(&sent, "****").replace(secret, "****")
    })
}
