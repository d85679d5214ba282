//! Finds the accounts' passwords, and asks for those that no source is configured for before anything else begins.
//!
//! A question in the middle of a run would stop the bars, and the transfers behind them, until it is answered.
//! Invariant: a password that could not be had is the trouble of its account alone.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::surroundings;
use crate::config::Account;
use crate::credentials::{self, Error, Owner, Request, Source};
use crate::secret::Secret;

/// The passwords of a run.
pub(super) struct Passwords {
    stop: Arc<AtomicBool>,
    /// systemd's folder.
    credentials_folder: Option<PathBuf>,
    /// What was found beforehand, by the account's name.
    found: Mutex<HashMap<String, Result<Secret, Error>>>,
}

impl Passwords {
    /// Asks for the passwords that may be known to nobody but the person at the terminal, if there is one.
    pub(super) fn new(accounts: &[&Account], stop: Arc<AtomicBool>) -> Self {
        let passwords = Self {
            stop,
            credentials_folder: surroundings::credentials_folder(),
            found: Mutex::default(),
        };
        if surroundings::is_attended() {
            let unstated = accounts
                .iter()
                .filter(|account| account.password == Source::Unstated);
            let found = unstated
                .map(|account| {
                    let ask = |question: &str| credentials::ask(question, &passwords.stop);
                    (account.name.clone(), passwords.look_up(account, Some(&ask)))
                })
                .collect();
            *passwords.lock() = found;
        }
        passwords
    }

    /// The password of an account, from its source.
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
        credentials::find(&account.password, &request)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Result<Secret, Error>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
