//! What an account logs in with, and when it may.
//!
//! It refuses to know where a secret comes from. Invariants: nothing is connected to before the secret is there; a password
//! that was refused is not tried again, and a token once more only in a new form.

use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::Job;
use super::outcome::Error;
use super::session::quirks;
use crate::pop3::{self, Argument, Code, Credentials, Need, Proof};
use crate::secret::Secret;
use crate::state::Account;

/// So short a delay is waited for.
const SHORT: Duration = Duration::from_secs(15);

/// What an account logs in with.
pub(super) struct Identity<'j> {
    job: &'j Job<'j>,
    credentials: RefCell<Credentials>,
    /// The token, if it is one.
    token: RefCell<Option<Secret>>,
    /// It is not in place of one that was refused.
    is_renewable: Cell<bool>,
}

impl<'j> Identity<'j> {
    /// Finds the secret.
    pub(super) fn find(job: &'j Job<'j>) -> Result<Self, Error> {
        let (proof, token) = match job.need {
            Need::Password => (
                Proof::Password(argument("password", (job.secret)()?)?),
                None,
            ),
            Need::Token => {
                let token = (job.secret)()?;
                (Proof::Token(argument("token", token.clone())?), Some(token))
            }
            Need::Certificate => (Proof::Certificate, None),
        };
        Ok(Self {
            job,
            credentials: RefCell::new(Credentials {
                user: argument("user", Secret::new(job.user))?,
                proof,
            }),
            token: RefCell::new(token),
            is_renewable: Cell::new(true),
        })
    }

    pub(super) fn credentials(&self) -> Credentials {
        self.credentials.borrow().clone()
    }

    /// Says that the server accepted the login: what it refuses in a later session has run out since, and may be renewed.
    pub(super) fn accepted(&self) {
        self.is_renewable.set(true);
    }

    /// Finds another token in place of one that the server refused; false if there is none, or that was done since the last
    /// login that was accepted.
    pub(super) fn renew(&self, refusal: &pop3::Error) -> Result<bool, Error> {
        let is_the_token = matches!(
            refusal,
            pop3::Error::Login { reply, .. } if matches!(reply.code, None | Some(Code::Auth))
        );
        if !is_the_token || !self.is_renewable.replace(false) {
            return Ok(false);
        }
        let Some(refused) = self.token.take() else {
            return Ok(false);
        };
        let Some(token) = (self.job.renew)(&refused)? else {
            return Ok(false);
        };
        self.credentials.borrow_mut().proof = Proof::Token(argument("token", token.clone())?);
        self.token.replace(Some(token));
        Ok(true)
    }
}

fn argument(what: &'static str, secret: Secret) -> Result<Argument, Error> {
    Argument::new(secret).map_err(|source| Error::Unsendable { what, source })
}

/// Waits for a login that is due in a moment, and returns when it is; one that is due later is an error.
pub(super) fn wait_until_due(job: &Job<'_>, account: &Account<'_>) -> Result<Timestamp, Error> {
    const TICK: Duration = Duration::from_millis(100);
    let Some(due) = account.login_due(job.now)? else {
        return Ok(job.now);
    };
    let mut left = due.duration_since(job.now).unsigned_abs();
    if left > SHORT {
        return Err(Error::TooSoon { left });
    }
    log::info!(
        "waiting for {} s: the server wants time between two logins",
        left.as_secs()
    );
    while !left.is_zero() {
        if job.patience.stop().load(Ordering::Relaxed) {
            return Err(pop3::Error::Stopped.into());
        }
        let pause = left.min(TICK);
        thread::sleep(pause);
        left -= pause;
    }
    Ok(due)
}

/// Records when the next login is due, after one `at` this time that was accepted, or refused because it came too soon.
pub(super) fn note_login(
    job: &Job<'_>,
    account: &Account<'_>,
    at: Timestamp,
    delay: Option<Duration>,
    failure: Option<&Error>,
) -> Result<(), Error> {
    let delay = delay.filter(|_| !quirks(job).ignores_login_delay);
    let delay = match failure {
        None => delay,
        Some(Error::Pop3(error)) if error.code() == Some(Code::LoginDelay) => delay,
        Some(_) => return Ok(()),
    };
    Ok(account.set_login_due(delay.map(|delay| at + delay))?)
}
