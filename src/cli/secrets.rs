//! Finds the accounts' passwords and tokens, and asks for those that no source is configured for before anything else
//! begins.
//!
//! A question in the middle of a run would stop the bars, and the transfers behind them, until it is answered.
//! Invariant: a secret that could not be had is the trouble of its account alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::progress::Bars;
use super::surroundings;
use crate::config::Account;
use crate::credentials::{self, Error, Owner, Request, Source};
use crate::secret::Secret;

/// What the accounts of a run log in with.
pub(super) struct Secrets {
    stop: Arc<AtomicBool>,
    /// systemd's folder.
    credentials_folder: Option<PathBuf>,
    tokens_folder: PathBuf,
    now: Timestamp,
    found: Mutex<Found>,
}

/// What was found for accounts before they are worked on, by their names.
pub(super) type Found = HashMap<String, Result<Secret, Error>>;

/// The passwords that a person typed, for a program that goes on for many runs.
#[derive(Default)]
pub(super) struct Typed {
    /// By server and user.
    known: Mutex<HashMap<(String, String), Secret>>,
    /// One question at a time.
    asking: Mutex<()>,
}

impl Typed {
    /// Whether anything was typed.
    pub(super) fn has_any(&self) -> bool {
        !lock(&self.known).is_empty()
    }

    /// What was typed for an account may have been typed wrong.
    pub(super) fn forget(&self, account: &Account) {
        lock(&self.known).remove(&owner(account));
    }

    /// What was typed before, or is now.
    fn ask(
        &self,
        account: &Account,
        ask: impl FnOnce() -> Result<Secret, Error>,
    ) -> Result<Secret, Error> {
        let known = || lock(&self.known).get(&owner(account)).cloned();
        // What is known waits for no answer to another question; this one may have been asked meanwhile.
        if let Some(secret) = known() {
            return Ok(secret);
        }
        let _asking = lock(&self.asking);
        if let Some(secret) = known() {
            return Ok(secret);
        }
        let secret = ask()?;
        lock(&self.known).insert(owner(account), secret.clone());
        Ok(secret)
    }
}

/// Whose password it is: the server's name, and the user's there.
fn owner(account: &Account) -> (String, String) {
    (account.endpoint.server(), account.user.clone())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Secrets {
    /// Asks for the passwords that may be known to nobody but the person at the terminal, if there is one; the bars leave it
    /// to the question.
    pub(super) fn new(
        accounts: &[&Account],
        state: &Path,
        now: Timestamp,
        stop: Arc<AtomicBool>,
        typed: &Typed,
        bars: Option<&Bars>,
    ) -> Self {
        let secrets = Self::silent(state, now, stop);
        if surroundings::is_attended() {
            let unstated = accounts
                .iter()
                .filter(|account| account.secret == Source::Unstated);
            let found = unstated
                .map(|account| {
                    let ask = |question: &str| {
                        let ask = || credentials::ask(question, &secrets.stop);
                        typed.ask(account, || match bars {
                            Some(bars) => bars.step_aside(ask),
                            None => ask(),
                        })
                    };
                    (account.name.clone(), secrets.look_up(account, Some(&ask)))
                })
                .collect();
            *lock(&secrets.found) = found;
        }
        secrets
    }

    /// Has the programs run that give secrets, for a run that cannot run any.
    pub(super) fn of_programs(
        accounts: &[&Account],
        state: &Path,
        now: Timestamp,
        stop: Arc<AtomicBool>,
    ) -> Found {
        let secrets = Self::silent(state, now, stop);
        let is_program =
            |source: &Source| matches!(source, Source::Command(_) | Source::TokenCommand(_));
        accounts
            .iter()
            .filter(|account| is_program(&account.secret))
            .map(|account| (account.name.clone(), secrets.look_up(account, None)))
            .collect()
    }

    /// Asks nobody yet.
    fn silent(state: &Path, now: Timestamp, stop: Arc<AtomicBool>) -> Self {
        Self {
            stop,
            credentials_folder: surroundings::credentials_folder(),
            tokens_folder: tokens_folder(state),
            now,
            found: Mutex::default(),
        }
    }

    /// Takes what was found elsewhere.
    pub(super) fn have(&self, found: Found) {
        lock(&self.found).extend(found);
    }

    /// The password or token of an account, from its source.
    pub(super) fn find(&self, account: &Account) -> Result<Secret, Error> {
        let found = lock(&self.found).remove(&account.name);
        found.unwrap_or_else(|| self.look_up(account, None))
    }

    /// Another token in place of one that the server refused, if there may be one.
    pub(super) fn renew(
        &self,
        account: &Account,
        refused: &Secret,
    ) -> Result<Option<Secret>, Error> {
        self.with_request(account, None, |request| {
            credentials::renew(&account.secret, request, refused)
        })
    }

    fn look_up(
        &self,
        account: &Account,
        prompt: Option<&credentials::Prompt<'_>>,
    ) -> Result<Secret, Error> {
        self.with_request(account, prompt, |request| {
            credentials::find(&account.secret, request)
        })
    }

    fn with_request<T>(
        &self,
        account: &Account,
        prompt: Option<&credentials::Prompt<'_>>,
        ask: impl FnOnce(&Request<'_>) -> T,
    ) -> T {
        ask(&Request {
            account: &account.name,
            owner: Owner {
                server: &account.endpoint.server(),
                user: &account.user,
            },
            credentials_folder: self.credentials_folder.as_deref(),
            tokens_folder: &self.tokens_folder,
            now: self.now,
            prompt,
            stop: &self.stop,
        })
    }
}

/// The folder for OAuth2 tokens that are not in the keyring.
pub(super) fn tokens_folder(state: &Path) -> PathBuf {
    state.join("oauth2")
}
