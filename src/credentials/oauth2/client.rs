//! What popfetch is to a provider: the client that somebody registered there, and the provider's addresses.
//!
//! It refuses to know presets and configuration: these are finished values.

use std::sync::atomic::AtomicBool;

use super::error::Error;
use crate::credentials::{self, Key, command};
use crate::secret::Secret;

/// A registered client and its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's id. It is no secret.
    pub id: String,
    /// Its secret, where the provider gave one.
    pub secret: Option<ClientSecret>,
    /// Where the browser is sent.
    pub authorisation_url: String,
    /// Where codes and refresh tokens become access tokens.
    pub token_url: String,
    /// Where a device code comes from, if the provider has such.
    pub device_url: Option<String>,
    /// What is asked for; several are separated by blanks.
    pub scope: String,
    /// What else the provider wants to find in the authorisation request.
    pub parameters: Vec<(String, String)>,
    /// The host of the redirect address as it is registered: `127.0.0.1` or `localhost`.
    pub redirect_host: String,
    /// The proxy, as `socks5://[user:password@]host:port`.
    pub proxy: Option<Secret>,
}

/// Where the client's secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientSecret {
    /// In the configuration file itself.
    Literal(Secret),
    /// On the first line that this program prints. Invariant: the argument list is not empty.
    Command(Vec<String>),
}

impl Client {
    /// The client's secret, from where it is.
    pub(super) fn find_secret(&self, stop: &AtomicBool) -> Result<Option<Secret>, Error> {
        let found = match &self.secret {
            None => return Ok(None),
            Some(ClientSecret::Literal(secret)) => Ok(secret.clone()),
            Some(ClientSecret::Command(argv)) => command::first_line(Key::ClientSecret, argv, stop),
        };
        found.map(Some).map_err(|source| match source {
            credentials::Error::Stopped => Error::Stopped,
            source => Error::ClientSecret { source },
        })
    }

    /// A request's form, with what says who asks. The secret goes into the body (RFC 6749 §2.3.1), as Google and
    /// Microsoft want it.
    pub(super) fn form<'f>(
        &'f self,
        secret: Option<&'f Secret>,
        fields: &[(&'static str, &'f str)],
    ) -> Vec<(&'static str, &'f str)> {
        let mut form = fields.to_vec();
        form.push(("client_id", &self.id));
        form.extend(secret.map(|secret| ("client_secret", secret.expose())));
        form
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::client;
    use super::*;

    #[test]
    fn debug_output_shows_no_secret() {
        let client = Client {
            secret: Some(ClientSecret::Literal(Secret::new("hunter2"))),
            proxy: Some(Secret::new("socks5://ann:hunter2@proxy")),
            ..client("http://127.0.0.1:1")
        };
        assert!(!format!("{client:?}").contains("hunter2"));
    }

    #[test]
    fn a_failing_program_is_named() {
        let client = Client {
            secret: Some(ClientSecret::Command(vec!["/nonexistent/pass".to_owned()])),
            ..client("http://127.0.0.1:1")
        };
        let error = client.find_secret(&AtomicBool::new(false)).unwrap_err();
        assert!(matches!(error, Error::ClientSecret { .. }), "{error}");
    }
}
