//! A login with a browser: authorisation code, PKCE and a redirect to this host (RFC 6749 §4.1, RFC 7636, RFC 8252).
//!
//! It refuses to open the browser: that is the caller's. Invariants: nobody can end the login by poking the port, only an
//! answer with this login's `state` does; the browser hears what became of the login after the tokens are here or not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::client::Client;
use super::error::Error;
use super::http;
use super::listener::{Listener, Visit};
use super::page;
use super::redirect::{self, Redirect};
use super::tokens::{self, Tokens};
use crate::secret::Secret;

/// How long a person has. Codes and login pages end about then too.
const DEADLINE: Duration = Duration::from_secs(600);

/// How often a stop and the terminal are looked for.
const TICK: Duration = Duration::from_millis(50);

/// A login that was begun and waits for the browser to come back.
pub struct Authorisation {
    client: Client,
    listener: Listener,
    redirect: String,
    state: Secret,
    verifier: Secret,
    address: String,
}

impl Authorisation {
    /// Listens on a free port and makes the address that the browser is to open. `random` fills what it gets with random
    /// bytes.
    ///
    /// # Errors
    /// [`Error::Insecure`] and [`Error::Address`]: the addresses of the client cannot be used. [`Error::Listen`].
    pub fn begin(client: &Client, random: &dyn Fn(&mut [u8])) -> Result<Self, Error> {
        http::secure_host(&client.token_url)?;
        let listener =
            Listener::bind(&client.redirect_host).map_err(|source| Error::Listen { source })?;
        // RFC 8252 §7.3: the port is whatever is free. No path: Microsoft compares all but the port.
        let redirect = format!("http://{}:{}", client.redirect_host, listener.port());
        let state = word(random);
        // RFC 7636 §4.1: 43 characters, from 32 random bytes.
        let verifier = word(random);
        let address = address(client, &redirect, &state, &verifier)?;
        Ok(Self {
            client: client.clone(),
            listener,
            redirect,
            state,
            verifier,
            address,
        })
    }

    /// The address for the browser.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The port that is listened on, for `ssh -L`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Waits for the browser, or for a line that a person pasted (the address the browser ended at), gets the tokens and has
    /// them kept, before the browser is told that all is well. Of a line that is something else it complains, and waits on.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::Refused`], [`Error::TimedOut`] after ten minutes, and what asking the server and keeping
    /// can end in.
    pub fn finish<T>(
        self,
        pasted: &Receiver<String>,
        now: Timestamp,
        stop: &AtomicBool,
        keep: impl FnOnce(&Tokens) -> Result<T, Error>,
        complain: impl Fn(&Error),
    ) -> Result<T, Error> {
        let begun = Instant::now();
        // The client's secret may need a person too, and not while the browser waits.
        let secret = self.client.find_secret(stop)?;
        while begun.elapsed() < DEADLINE {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let visited = self.listener.next(TICK).and_then(|visit| self.judge(visit));
            let (visit, redirect) = match visited {
                Some((visit, redirect)) => (Some(visit), redirect),
                None => match self.pasted(pasted) {
                    Ok(Some(redirect)) => (None, redirect),
                    Ok(None) => continue,
                    Err(error) => {
                        complain(&error);
                        continue;
                    }
                },
            };
            // A clock would be wrong if it were set meanwhile.
            let now = now.checked_add(begun.elapsed()).unwrap_or(now);
            let kept = self
                .exchange(redirect, secret.as_ref(), now, stop)
                .and_then(|tokens| keep(&tokens));
            if let Some(visit) = visit {
                match &kept {
                    Ok(_) => visit.answer("200 OK", &page::success()),
                    Err(error) => visit.answer("200 OK", &page::failure(error)),
                }
            }
            return kept;
        }
        Err(Error::TimedOut {
            minutes: DEADLINE.as_secs() / 60,
        })
    }

    /// Takes a visit for the end of this login, or sends it away.
    fn judge(&self, visit: Visit) -> Option<(Visit, Redirect)> {
        if visit.path != "/" {
            visit.answer("404 Not Found", &page::nothing_here());
            return None;
        }
        match redirect::read(visit.query.expose(), &self.state) {
            Ok(redirect) => Some((visit, redirect)),
            Err(reason) => {
                log::info!("a request to the port of the login is ignored: {reason}");
                visit.answer("400 Bad Request", &page::foreign());
                None
            }
        }
    }

    /// What a person brought, if anything. No terminal and an end of input are no answer.
    fn pasted(&self, lines: &Receiver<String>) -> Result<Option<Redirect>, Error> {
        let Ok(line) = lines.try_recv() else {
            return Ok(None);
        };
        let line = Zeroizing::new(line);
        redirect::read_pasted(&line, &self.state).map_err(|reason| Error::Pasted { reason })
    }

    fn exchange(
        &self,
        redirect: Redirect,
        secret: Option<&Secret>,
        now: Timestamp,
        stop: &AtomicBool,
    ) -> Result<Tokens, Error> {
        let code = match redirect {
            Redirect::Code(code) => code,
            Redirect::Error { error, description } => {
                let server = http::secure_host(&self.client.authorisation_url)?;
                return Err(Error::refused(&server, &error, &description));
            }
        };
        // RFC 6749 §4.1.3, RFC 7636 §4.5.
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &self.redirect),
            ("code_verifier", self.verifier.expose()),
        ];
        let answer = tokens::ask(&self.client, secret, &fields, stop)?;
        Tokens::granted(&self.client, answer, now)
    }
}

/// The authorisation request (RFC 6749 §4.1.1, RFC 7636 §4.3).
fn address(
    client: &Client,
    redirect: &str,
    state: &Secret,
    verifier: &Secret,
) -> Result<String, Error> {
    http::secure_host(&client.authorisation_url)?;
    // RFC 7636 §4.2.
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", redirect)
        .append_pair("state", state.expose())
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    if !client.scope.is_empty() {
        query.append_pair("scope", &client.scope);
    }
    query.extend_pairs(&client.parameters);
    // RFC 6749 §3.1: what the address has already stays.
    let join = if client.authorisation_url.contains('?') {
        '&'
    } else {
        '?'
    };
    Ok(format!(
        "{}{join}{}",
        client.authorisation_url,
        query.finish()
    ))
}

/// A word of 256 random bits that needs no encoding anywhere.
fn word(random: &dyn Fn(&mut [u8])) -> Secret {
    let mut bytes = Zeroizing::new([0; 32]);
    random(&mut *bytes);
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes))
}
