//! The operating system's keyring: Secret Service, Keychain or Credential Manager.
//!
//! A thin wrapper. Invariants: it is never waited for without a bound, because a locked keyring may open a dialog that
//! nobody sees; "no entry" and "no keyring" are different answers.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use keyring::{Entry, Error as Failure};

use super::error::Error;
use super::{Owner, wait_for};
use crate::secret::Secret;

/// The name under which all entries are kept: `secret-tool lookup service popfetch username USER@SERVER` finds one.
const SERVICE: &str = "popfetch";

/// How long storing and removing may take: somebody is there, who may have to unlock the keyring.
const ATTENDED: Duration = Duration::from_secs(120);

/// How long a keyring may take to show that it is there.
const GLANCE: Duration = Duration::from_secs(5);

/// Asks for a secret; `None` if the keyring works and has none.
pub(super) fn look_up(
    owner: Owner<'_>,
    patience: Duration,
    stop: &AtomicBool,
) -> Result<Option<Secret>, Error> {
    bounded(owner, patience, stop, |entry| match entry.get_password() {
        Ok(password) => Ok(Some(Secret::new(password))),
        Err(Failure::NoEntry) => Ok(None),
        Err(failure) => Err(failure),
    })
}

/// Whether there is a keyring that answers, before anybody is asked for what is to be put into it.
///
/// # Errors
/// [`Error::Keyring`] says why there is none; or a stop was asked for.
pub fn is_there(owner: Owner<'_>, stop: &AtomicBool) -> Result<(), Error> {
    look_up(owner, GLANCE, stop).map(drop)
}

/// Stores a secret, in place of one that was there.
///
/// # Errors
/// The keyring cannot be used.
pub fn store(owner: Owner<'_>, secret: Secret, stop: &AtomicBool) -> Result<(), Error> {
    store_within(ATTENDED, owner, secret, stop)
}

/// Stores a secret where there may be nobody to unlock the keyring.
pub(super) fn store_within(
    patience: Duration,
    owner: Owner<'_>,
    secret: Secret,
    stop: &AtomicBool,
) -> Result<(), Error> {
    bounded(owner, patience, stop, move |entry| {
        entry.set_password(secret.expose())
    })
}

/// Removes a secret; false if there was none.
///
/// # Errors
/// The keyring cannot be used.
pub fn remove(owner: Owner<'_>, stop: &AtomicBool) -> Result<bool, Error> {
    bounded(owner, ATTENDED, stop, |entry| {
        match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(Failure::NoEntry) => Ok(false),
            Err(failure) => Err(failure),
        }
    })
}

/// Does something with the entry, on a thread that may hang.
fn bounded<T: Send + 'static>(
    owner: Owner<'_>,
    patience: Duration,
    stop: &AtomicBool,
    work: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let (sender, receiver) = mpsc::channel();
    let name = format!("{}@{}", owner.user, owner.server);
    log::info!("asking the keyring for service {SERVICE}, username {name}");
    thread::spawn(move || {
        // `Entry::new` hides why there is no store; this says it.
        let answer = match Entry::store_status() {
            Ok(()) => Entry::new(SERVICE, &name)
                .and_then(|entry| work(&entry))
                .map_err(|failure| failure.to_string()),
            Err(failure) => {
                log::info!("{failure}");
                Err("there is none here".to_owned())
            }
        };
        let _ = sender.send(answer);
    });
    match wait_for(&receiver, patience, stop)? {
        Some(answer) => answer.map_err(|reason| Error::Keyring { reason }),
        None => Err(Error::Keyring {
            reason: "it did not answer; it may be locked and waiting for its password".to_owned(),
        }),
    }
}
