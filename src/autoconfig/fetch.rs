//! Gets one document over HTTPS.
//!
//! It refuses to know what is in it. Invariants: no byte goes out without TLS that is verified, wherever a redirect leads;
//! the redirects, the wait and the size of the answer are bounded; the environment's proxies are not asked.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::error::Error;

/// How long one source may take, its redirects included: the next one waits for it, and so does a person.
const WHOLE: Duration = Duration::from_secs(10);

/// How long is waited for the thread, which keeps to [`WHOLE`] except where the system's resolver does not.
const PATIENCE: Duration = Duration::from_secs(12);

/// How often a stop is looked for.
const TICK: Duration = Duration::from_millis(100);

/// Providers lead from one of their domains to another, and that is one or two steps.
const MAX_REDIRECTS: u32 = 4;

/// How much is read of an answer. The largest documents in Thunderbird's database have ten kilobytes.
pub(super) const MAX_ANSWER: usize = 256 * 1024;

/// Gets what is at this address; with it comes the host that was asked.
pub(super) fn get(url: &str, stop: &AtomicBool) -> Result<(String, Vec<u8>), Error> {
    let uri: Uri = url.parse().map_err(|_| Error::NotHttps)?;
    let host = uri.host().unwrap_or_default().to_owned();
    if uri.scheme_str() != Some("https") || host.is_empty() {
        return Err(Error::NotHttps);
    }
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Stopped);
    }
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let _ = sender.send(ask(&uri));
    });
    let mut waited = Duration::ZERO;
    let answer = loop {
        match receiver.recv_timeout(TICK) {
            Ok(answer) => break answer,
            Err(RecvTimeoutError::Timeout) if waited < PATIENCE => waited += TICK,
            Err(_) => return Err(Error::TimedOut { server: host }),
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
    };
    let server = || host.clone();
    match answer {
        Ok((200, content)) if content.len() > MAX_ANSWER => Err(Error::Document {
            server: server(),
            reason: "it is too long".to_owned(),
        }),
        Ok((200, content)) => Ok((host, content)),
        Ok((status, _)) => Err(Error::Status {
            server: server(),
            status,
        }),
        Err(ureq::Error::Timeout(_)) => Err(Error::TimedOut { server: server() }),
        Err(source) => Err(Error::Unreachable {
            server: server(),
            source: Box::new(source),
        }),
    }
}

fn ask(uri: &Uri) -> Result<(u16, Vec<u8>), ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(
            // The library's own choice is not in this build, and it panics without these two.
            TlsConfig::builder()
                .provider(TlsProvider::NativeTls)
                .root_certs(RootCerts::PlatformVerifier)
                .build(),
        )
        // It holds for the addresses of redirects, too.
        .https_only(true)
        .http_status_as_error(false)
        .max_redirects(MAX_REDIRECTS)
        .timeout_global(Some(WHOLE))
        .user_agent(concat!("popfetch/", env!("CARGO_PKG_VERSION")))
        // Without this the environment would be asked.
        .proxy(None)
        .build()
        .into();
    let response = agent.get(uri).call()?;
    let status = response.status().as_u16();
    let mut content = Vec::new();
    response
        .into_body()
        .into_reader()
        .take(MAX_ANSWER as u64 + 1)
        .read_to_end(&mut content)?;
    Ok((status, content))
}
