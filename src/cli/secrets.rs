//! Finds the accounts' passwords and tokens, and asks for those that no source is configured for before anything else
//! begins.
//!
//! A question in the middle of a run would stop the bars, and the transfers behind them, until it is answered.
//! Invariant: a secret that could not be had is the trouble of its account alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

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

/// The passwords that a person typed, by server and user, for a program that goes on for many runs.
pub(super) type Typed = Mutex<HashMap<(String, String), Secret>>;

/// Whether anything was typed.
pub(super) fn was_typed(typed: &Typed) -> bool {
    !typed
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_empty()
}

impl Secrets {
    /// Asks for the passwords that may be known to nobody but the person at the terminal, if there is one.
    pub(super) fn new(
        accounts: &[&Account],
        state: &Path,
        now: Timestamp,
        stop: Arc<AtomicBool>,
        typed: &Typed,
    ) -> Self {
        let secrets = Self::silent(state, now, stop);
        if surroundings::is_attended() {
            let unstated = accounts
                .iter()
                .filter(|account| account.secret == Source::Unstated);
            let found = unstated
                .map(|account| {
                    let ask = |question: &str| secrets.ask_once(account, question, typed);
                    (account.name.clone(), secrets.look_up(account, Some(&ask)))
                })
                .collect();
            *secrets.lock() = found;
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
        self.lock().extend(found);
    }

    /// What was typed before, or is now.
    fn ask_once(&self, account: &Account, question: &str, typed: &Typed) -> Result<Secret, Error> {
        let owner = (account.endpoint.server(), account.user.clone());
        let lock = || typed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&owner).cloned();
        if let Some(secret) = known {
            return Ok(secret);
        }
        let secret = credentials::ask(question, &self.stop)?;
        lock().insert(owner, secret.clone());
        Ok(secret)
    }

    /// The password or token of an account, from its source.
    pub(super) fn find(&self, account: &Account) -> Result<Secret, Error> {
        let found = self.lock().remove(&account.name);
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folder for OAuth2 tokens that are not in the keyring.
pub(super) fn tokens_folder(state: &Path) -> PathBuf {
    state.join("oauth2")
}
