//! A login by device code: a person types a short code on any device while popfetch asks whether it happened (RFC 8628).
//!
//! Invariants: the server is never asked more often than it wants; it is asked no longer than the code lives; its texts
//! are harmless before they are shown.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::client::Client;
use super::error::{Error, harmless};
use super::http::{self, Answer};
use super::tokens::{self, Tokens, seconds};
use crate::credentials::pause;
use crate::secret::Secret;

/// The pause between two questions where the server names none, and how much longer it gets (RFC 8628 §3.5).
const STEP: Duration = Duration::from_secs(5);

/// What is believed of the pause that a server names.
const LONGEST_PAUSE: u64 = 60;

/// What is believed of a code's life: Microsoft's is 15 minutes, Google's 30.
const LONGEST_LIFE: u64 = 3600;

/// The longest code that a person is asked to type.
const MAX_CODE: usize = 64;

/// The longest address that a person is shown.
const MAX_ADDRESS: usize = 2048;

/// A login that was begun and waits for the person.
pub struct Device {
    client: Client,
    secret: Option<Secret>,
    code: Secret,
    user_code: String,
    address: String,
    complete_address: Option<String>,
    life: Duration,
    pause: Duration,
}

impl Device {
    /// Asks the server for a code (RFC 8628 §3.1).
    ///
    /// # Errors
    /// [`Error::NoDevice`] if the provider has no such login, and what asking the server can end in.
    pub fn begin(client: &Client, stop: &AtomicBool) -> Result<Self, Error> {
        let url = client.device_url.as_ref().ok_or(Error::NoDevice)?;
        let secret = client.find_secret(stop)?;
        let scope = (!client.scope.is_empty()).then_some(("scope", client.scope.as_str()));
        let form = client.form(secret.as_ref(), scope.as_slice());
        let answer = http::post(url, &form, client.proxy.as_ref(), stop)?;
        Self::granted(client, secret, answer)
    }

    /// Takes a code from what a server sends.
    ///
    /// # Errors
    /// It refuses, or what it sends is no answer.
    pub fn understand(client: &Client, status: u16, content: &[u8]) -> Result<Self, Error> {
        let url = client.device_url.as_ref().ok_or(Error::NoDevice)?;
        let server = http::secure_host(url)?;
        let fields = http::understand(&server, status, content, &[])?;
        Self::granted(client, None, Answer { server, fields })
    }

    fn granted(client: &Client, secret: Option<Secret>, answer: Answer) -> Result<Self, Error> {
        let Answer { server, mut fields } = answer;
        let missing = |what: &str| Error::nonsense(&server, format!("there is no {what}"));
        // RFC 8628 §3.2.
        let code = tokens::secret(&mut fields, "device_code")
            .filter(|code| !code.expose().is_empty())
            .ok_or_else(|| missing("device code"))?;
        let text = |name| fields.get(name).and_then(Value::as_str);
        let user_code = text("user_code")
            .filter(|code| (1..=MAX_CODE).contains(&code.len()))
            .ok_or_else(|| missing("user code"))?;
        // Google's name for it is older than the RFC.
        let address = text("verification_uri").or_else(|| text("verification_url"));
        let number = |name| fields.get(name).and_then(seconds);
        let life = number("expires_in").ok_or_else(|| missing("end of the code"))?;
        Ok(Self {
            user_code: harmless(user_code),
            address: address
                .and_then(shown)
                .ok_or_else(|| missing("address to show"))?,
            complete_address: text("verification_uri_complete").and_then(shown),
            life: Duration::from_secs(life.min(LONGEST_LIFE)),
            pause: number("interval").map_or(STEP, |pause| {
                Duration::from_secs(pause.clamp(1, LONGEST_PAUSE))
            }),
            client: client.clone(),
            secret,
            code,
        })
    }

    /// The code that the person types.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where they type it.
    #[must_use]
    pub fn verification_address(&self) -> &str {
        &self.address
    }

    /// The same with the code in it, if the server has such.
    #[must_use]
    pub fn complete_address(&self) -> Option<&str> {
        self.complete_address.as_deref()
    }

    /// How long they have.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.life
    }

    /// Waits for the person and gets the tokens. They are not kept yet.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::TimedOut`] when the code ends, and what asking the server can end in.
    pub fn finish(self, now: Timestamp, stop: &AtomicBool) -> Result<Tokens, Error> {
        self.finish_with(now, stop, &|time| {
            pause(time, stop).map_err(|_| Error::Stopped)
        })
    }

    /// The same with another way to pause.
    pub(super) fn finish_with(
        mut self,
        now: Timestamp,
        stop: &AtomicBool,
        wait: &dyn Fn(Duration) -> Result<(), Error>,
    ) -> Result<Tokens, Error> {
        let mut waited = Duration::ZERO;
        while waited + self.pause <= self.life {
            wait(self.pause)?;
            waited += self.pause;
            // RFC 8628 §3.4.
            let fields = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("device_code", self.code.expose()),
            ];
            let error = match tokens::ask(&self.client, self.secret.as_ref(), &fields, stop) {
                Ok(answer) => {
                    let now = now.checked_add(waited).unwrap_or(now);
                    return Tokens::granted(&self.client, answer, now);
                }
                Err(error) => error,
            };
            // RFC 8628 §3.5.
            match &error {
                Error::Refused { error, .. } if error == "authorization_pending" => {}
                Error::Refused { error, .. } if error == "slow_down" => self.pause += STEP,
                Error::Refused { error, .. } if error == "expired_token" => break,
                Error::Stopped => return Err(error),
                // A server that cannot answer is asked half as often.
                error if error.is_temporary() => {
                    log::info!("asking for the device's login again: {error}");
                    self.pause *= 2;
                }
                _ => return Err(error),
            }
        }
        Err(Error::TimedOut {
            minutes: self.life.as_secs().div_ceil(60),
        })
    }
}

/// An address that can be shown and opened: on one line, and with TLS or on this host.
fn shown(address: &str) -> Option<String> {
    let fit = address.len() <= MAX_ADDRESS && address.bytes().all(|byte| byte.is_ascii_graphic());
    (fit && http::secure_host(address).is_ok()).then(|| address.to_owned())
}
