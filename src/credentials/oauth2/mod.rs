//! Logs in by OAuth2: gets tokens with a browser (RFC 6749 §4.1, RFC 7636, RFC 8252) or a device code (RFC 8628), keeps
//! them, and renews them.
//!
//! It refuses to know the configuration, presets and the terminal, and never opens a browser itself. Invariants: what a
//! server grants is kept before it is used; of several processes one renews and the others use what it got; secrets go
//! out over TLS or not at all.

mod browser;
mod client;
mod device;
mod error;
mod folder;
mod http;
mod keeper;
mod listener;
mod page;
mod redirect;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::atomic::AtomicBool;

use jiff::{SignedDuration, Timestamp};

pub use browser::Authorisation;
pub use client::{Client, ClientSecret};
pub use device::Device;
pub use error::Error;
pub use keeper::{Keeper, Place};
pub use tokens::Tokens;

use crate::secret::Secret;

/// A token with less time left is renewed: the login that it is for takes its time too.
const MARGIN: SignedDuration = SignedDuration::from_secs(120);

/// Which access token is good enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The kept one, unless it ends within two minutes.
    Kept,
    /// Another than this one, which the mail server refused.
    Renewed(Secret),
}

/// Whether secrets may be sent to this address: with TLS, or without leaving this host.
#[must_use]
pub fn is_safe(address: &str) -> bool {
    http::secure_host(address).is_ok()
}

/// The account's access token, renewed where it must be. What is returned is kept already.
///
/// # Errors
/// [`Error::NotLoggedIn`], [`Error::Expired`] and [`Error::Revoked`]: only a new login helps. [`Error::Refused`]: the
/// client is wrong. The others as they say; see [`Error::is_temporary`].
pub fn access_token(
    client: &Client,
    keeper: &Keeper<'_>,
    freshness: &Freshness,
    now: Timestamp,
    stop: &AtomicBool,
) -> Result<Secret, Error> {
    if let Some(token) = freshness.satisfied(&kept(client, keeper, stop)?, now) {
        return Ok(token);
    }
    // It may wait for a person; nobody else is to wait for that.
    let secret = client.find_secret(stop)?;
    let held = keeper.hold(stop)?;
    // Another process may have been here in the meantime, and spent the refresh token that was read before.
    let kept = kept(client, keeper, stop)?;
    if let Some(token) = freshness.satisfied(&kept, now) {
        return Ok(token);
    }
    match kept.renewed(client, secret.as_ref(), now, stop) {
        Ok(renewed) => {
            keeper.save_renewed(&renewed, &held)?;
            Ok(renewed.access)
        }
        // It ends soon and has not ended yet.
        Err(error)
            if error.is_temporary()
                && *freshness == Freshness::Kept
                && kept.expires.is_some_and(|expires| now < expires) =>
        {
            log::warn!("the access token could not be renewed and still holds: {error}");
            Ok(kept.access)
        }
        Err(error) => Err(error),
    }
}

fn kept(client: &Client, keeper: &Keeper<'_>, stop: &AtomicBool) -> Result<Tokens, Error> {
    let kept = keeper.load(stop)?;
    // A refresh token is bound to its client (RFC 6749 §6).
    kept.filter(|tokens| tokens.client == client.id)
        .ok_or(Error::NotLoggedIn)
}

impl Freshness {
    /// The kept access token if it will do.
    fn satisfied(&self, tokens: &Tokens, now: Timestamp) -> Option<Secret> {
        let left = tokens.expires.map(|expires| expires.duration_since(now));
        // Where the server did not say how long it lives, only a refusal can tell.
        let lives = left.is_none_or(|left| left >= MARGIN);
        let other = !matches!(self, Self::Renewed(refused) if *refused == tokens.access);
        (lives && other).then(|| tokens.access.clone())
    }
}
