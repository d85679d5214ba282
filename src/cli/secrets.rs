//! Finds the accounts' passwords and tokens, and asks for those that no source is configured for before anything else begins.
//!
//! A question in the middle of a run would stop the bars, and the transfers behind them, until it is answered.
//! Invariant: a secret that could not be had is the trouble of its account alone.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::surroundings;
use crate::config::Account;
use crate::credentials::{self, Error, Owner, Request, Source};
use crate::secret::Secret;

/// What the accounts of a run log in with.
pub(super) struct Secrets {
    stop: Arc<AtomicBool>,
    /// systemd's folder.
    credentials_folder: Option<PathBuf>,
    /// What was found beforehand, by the account's name.
    found: Mutex<HashMap<String, Result<Secret, Error>>>,
}

impl Secrets {
    /// Asks for the passwords that may be known to nobody but the person at the terminal, if there is one.
    pub(super) fn new(accounts: &[&Account], stop: Arc<AtomicBool>) -> Self {
        let secrets = Self {
            stop,
            credentials_folder: surroundings::credentials_folder(),
            found: Mutex::default(),
        };
        if surroundings::is_attended() {
            let unstated = accounts
                .iter()
                .filter(|account| account.secret == Source::Unstated);
            let found = unstated
                .map(|account| {
                    let ask = |question: &str| credentials::ask(question, &secrets.stop);
                    (account.name.clone(), secrets.look_up(account, Some(&ask)))
                })
                .collect();
            *secrets.lock() = found;
        }
        secrets
    }

    /// The password or token of an account, from its source.
    pub(super) fn find(&self, account: &Account) -> Result<Secret, Error> {
        let found = self.lock().remove(&account.name);
        found.unwrap_or_else(|| self.look_up(account, None))
    }

    fn look_up(
        &self,
        account: &Account,
        prompt: Option<&credentials::Prompt<'_>>,
    ) -> Result<Secret, Error> {
        let request = Request {
            account: &account.name,
            owner: Owner {
                server: &account.endpoint.server(),
                user: &account.user,
            },
            credentials_folder: self.credentials_folder.as_deref(),
            prompt,
            stop: &self.stop,
        };
        credentials::find(&account.secret, &request)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Result<Secret, Error>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
