//! Tokens: what a server grants, and how they are kept as text.
//!
//! Invariants: an access token is one word of visible ASCII, fit for a SASL answer; a refresh that brings no new refresh
//! token keeps the old one (RFC 6749 §6); texts that hold tokens are wiped.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::client::Client;
use super::error::Error;
use super::http::{self, Answer, Form};
use crate::secret::Secret;

/// The form of the kept text. A later popfetch may know more.
const VERSION: u64 = 1;

/// The longest token that is taken. Microsoft's have about 3,000 bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// The longest life that is believed; a token that ends sooner is refused and then renewed.
const MAX_LIFE: u64 = 366 * 24 * 3600;

/// What opens an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The id of the client they were given to; no other can refresh them.
    pub client: String,
    /// What the mail server wants to see.
    pub access: Secret,
    /// When that ends, if the server said so.
    pub expires: Option<Timestamp>,
    /// What the next access token is got with.
    pub refresh: Option<Secret>,
}

/// Asks the token endpoint.
pub(super) fn ask(
    client: &Client,
    secret: Option<&Secret>,
    fields: &Form<'_>,
    stop: &AtomicBool,
) -> Result<Answer, Error> {
    let form = client.form(secret, fields);
    http::post(&client.token_url, &form, client.proxy.as_ref(), stop)
}

impl Tokens {
    /// Takes them from what a token endpoint answers to this form.
    ///
    /// # Errors
    /// It refuses, or what it sends is no answer.
    pub fn understand(
        client: &Client,
        form: &[(&'static str, &str)],
        status: u16,
        content: &[u8],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let server = http::secure_host(&client.token_url)?;
        let fields = http::understand(&server, status, content, form)?;
        Self::granted(client, Answer { server, fields }, now)
    }

    /// Takes them from an answer of the token endpoint (RFC 6749 §5.1).
    pub(super) fn granted(client: &Client, answer: Answer, now: Timestamp) -> Result<Self, Error> {
        let Answer { server, mut fields } = answer;
        let nonsense = |reason: &str| Error::nonsense(&server, reason);
        let kind = fields.get("token_type").and_then(Value::as_str);
        if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
            return Err(nonsense("the token is of a type that popfetch cannot use"));
        }
        let access = secret(&mut fields, "access_token")
            .filter(|token| is_word(token.expose()))
            .ok_or_else(|| nonsense("there is no access token that can be sent"))?;
        let refresh =
            secret(&mut fields, "refresh_token").filter(|token| !token.expose().is_empty());
        if refresh
            .as_ref()
            .is_some_and(|token| !is_word(token.expose()))
        {
            return Err(nonsense("the refresh token cannot be sent"));
        }
        let life = match fields.get("expires_in") {
            None | Some(Value::Null) => None,
            Some(life) => {
                Some(seconds(life).ok_or_else(|| nonsense("the token's life is no number"))?)
            }
        };
        let life = life.map(|life| Duration::from_secs(life.min(MAX_LIFE)));
        Ok(Self {
            client: client.id.clone(),
            access,
            // A year from now is within what a timestamp holds, unless the clock is at its end.
            expires: life.and_then(|life| now.checked_add(life).ok()),
            refresh,
        })
    }

    /// Gets new ones with the refresh token (RFC 6749 §6).
    pub(super) fn renewed(
        &self,
        client: &Client,
        secret: Option<&Secret>,
        now: Timestamp,
        stop: &AtomicBool,
    ) -> Result<Self, Error> {
        let refresh = self.refresh.as_ref().ok_or(Error::Expired)?;
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose()),
        ];
        let answer = ask(client, secret, &fields, stop).map_err(|error| match error {
            Error::Refused { error, description } if must_ask_the_person(&error) => {
                Error::Revoked { description }
            }
            other => other,
        })?;
        let mut renewed = Self::granted(client, answer, now)?;
        renewed.refresh = renewed.refresh.or_else(|| self.refresh.clone());
        Ok(renewed)
    }

    /// The text that is kept.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        let texts = [
            ("client_id", Some(self.client.as_str())),
            ("access_token", Some(self.access.expose())),
            ("refresh_token", self.refresh.as_ref().map(Secret::expose)),
        ];
        // JSON makes at most six bytes of one. With this room the text does not grow and leave copies behind.
        let longest: usize = texts
            .iter()
            .map(|(_, text)| 6 * text.map_or(0, str::len))
            .sum();
        let mut json = String::with_capacity(longest + 256);
        json.push_str("{\"version\":");
        json.push_str(&VERSION.to_string());
        if let Some(expires) = self.expires {
            json.push_str(",\"expires\":");
            json.push_str(&expires.as_second().to_string());
        }
        for (name, text) in texts {
            let Some(text) = text else { continue };
            json.push_str(",\"");
            json.push_str(name);
            json.push_str("\":");
            json.push_str(&quoted(text));
        }
        json.push('}');
        Secret::new(json)
    }

    /// Reads a kept text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_text(text: &str) -> Result<Self, &'static str> {
        let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
            return Err("they are no JSON object");
        };
        if fields.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return Err("they are of another version of popfetch");
        }
        let Some(Value::String(client)) = fields.remove("client_id") else {
            return Err("there is no client id");
        };
        let expires = match fields.get("expires") {
            None => None,
            Some(second) => Some(
                second
                    .as_i64()
                    .and_then(|second| Timestamp::from_second(second).ok())
                    .ok_or("the time when they end is no time")?,
            ),
        };
        Ok(Self {
            client,
            access: secret(&mut fields, "access_token")
                .filter(|token| is_word(token.expose()))
                .ok_or("there is no access token")?,
            expires,
            refresh: secret(&mut fields, "refresh_token"),
        })
    }
}

/// Whether a refused refresh can only be cured by a new login. The last three are OpenID Connect's, and Microsoft's.
fn must_ask_the_person(error: &str) -> bool {
    matches!(
        error,
        "invalid_grant" | "interaction_required" | "login_required" | "consent_required"
    )
}

/// Takes a text out of an answer. It is moved and so leaves no copy behind.
pub(super) fn secret(fields: &mut Map<String, Value>, name: &str) -> Option<Secret> {
    match fields.remove(name) {
        Some(Value::String(text)) => Some(Secret::new(text)),
        _ => None,
    }
}

/// A number of seconds; some servers write it as a text.
pub(super) fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether a token is one word (RFC 6750 §2.1 allows less): a line end or `^A` in it would change the SASL answer.
fn is_word(token: &str) -> bool {
    (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A text in JSON's quotes.
fn quoted(text: &str) -> Zeroizing<String> {
    let mut json = Zeroizing::new(Vec::with_capacity(6 * text.len() + 2));
    // A text becomes JSON and memory is written without fail.
    let _ = serde_json::to_writer(&mut *json, text);
    let json = String::from_utf8(std::mem::take(&mut *json));
    // JSON is UTF-8.
    Zeroizing::new(json.unwrap_or_default())
}
