//! Where an account's tokens live: in the keyring, else in a file that nobody else can read.
//!
//! It refuses to know servers. Invariants: the file wins where there is one; a token that the keyring does not take is
//! in the file and not lost; whoever changes tokens holds the account's lock.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::error::Error;
use super::folder::{Folder, Held};
use super::tokens::Tokens;
use crate::credentials::{self, Owner, keyring};
use crate::secret::Secret;

/// How long the keyring may take where nobody is there to unlock it, and where somebody is.
const UNATTENDED: Duration = Duration::from_secs(5);
const ATTENDED: Duration = Duration::from_secs(120);

/// Where tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The operating system's keyring, under the user `oauth2:USER@SERVER`.
    Keyring,
    /// A file in the folder.
    File,
}

/// Keeps the tokens of one account.
pub struct Keeper<'k> {
    owner: Owner<'k>,
    folder: Folder,
    wanted: Place,
    patience: Duration,
    ring: &'k dyn Ring,
}

/// A keyring. There are the system's, and in a build without it one that says so.
pub(super) trait Ring: Sync {
    fn look_up(
        &self,
        owner: Owner<'_>,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<Option<Secret>, credentials::Error>;
    fn store(
        &self,
        owner: Owner<'_>,
        secret: Secret,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<(), credentials::Error>;
    fn remove(&self, owner: Owner<'_>, stop: &AtomicBool) -> Result<bool, credentials::Error>;
}

/// The one that this build has.
struct BuiltIn;

impl Ring for BuiltIn {
    fn look_up(
        &self,
        owner: Owner<'_>,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<Option<Secret>, credentials::Error> {
        keyring::look_up(owner, patience, stop)
    }

    fn store(
        &self,
        owner: Owner<'_>,
        secret: Secret,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<(), credentials::Error> {
        keyring::store_within(patience, owner, secret, stop)
    }

    fn remove(&self, owner: Owner<'_>, stop: &AtomicBool) -> Result<bool, credentials::Error> {
        keyring::remove(owner, stop)
    }
}

impl<'k> Keeper<'k> {
    /// Keeps the tokens of `owner` in the keyring or, if that cannot be, in `folder`.
    #[must_use]
    pub fn new(owner: Owner<'k>, folder: impl Into<PathBuf>) -> Self {
        Self::with_ring(owner, folder, &BuiltIn)
    }

    pub(super) fn with_ring(
        owner: Owner<'k>,
        folder: impl Into<PathBuf>,
        ring: &'k dyn Ring,
    ) -> Self {
        Self {
            owner,
            folder: Folder::new(folder.into(), owner),
            wanted: Place::Keyring,
            patience: UNATTENDED,
            ring,
        }
    }

    /// Puts what is saved into the file and leaves the keyring alone.
    #[must_use]
    pub fn in_file(self) -> Self {
        Self {
            wanted: Place::File,
            ..self
        }
    }

    /// Waits longer for the keyring: somebody is there who may have to unlock it.
    #[must_use]
    pub fn attended(self) -> Self {
        Self {
            patience: ATTENDED,
            ..self
        }
    }

    /// Whether tokens are in the file, where a run finds them that has no keyring.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.folder.file().is_file()
    }

    /// The tokens, if the account has any.
    ///
    /// # Errors
    /// The file or the keyring cannot be read, or holds something else.
    pub fn load(&self, stop: &AtomicBool) -> Result<Option<Tokens>, Error> {
        let (text, place) = match self.folder.read()? {
            Some(text) => (text, self.folder.file().display().to_string()),
            None => match self.with_owner(|owner| self.ring.look_up(owner, self.patience, stop)) {
                Ok(Some(text)) => (text, "the keyring".to_owned()),
                Ok(None) => return Ok(None),
                Err(error) => return Err(Error::keyring(error)),
            },
        };
        Tokens::from_text(text.expose())
            .map(Some)
            .map_err(|reason| Error::Damaged { place, reason })
    }

    /// Keeps the tokens in place of those that were there, and says where: in the file if one is there, if it was asked
    /// for or if the keyring does not take them.
    ///
    /// # Errors
    /// [`Error::File`]: not even the file takes them. [`Error::Busy`] and [`Error::Stopped`] while waiting for another
    /// process.
    pub fn save(&self, tokens: &Tokens, stop: &AtomicBool) -> Result<Place, Error> {
        self.store(tokens, &self.hold(stop)?, self.patience, stop)
    }

    /// Removes the tokens from both places; false if there were none.
    ///
    /// # Errors
    /// The file cannot be removed, or there is none and the keyring cannot be used.
    pub fn remove(&self, stop: &AtomicBool) -> Result<bool, Error> {
        let file = self.folder.remove(&self.hold(stop)?)?;
        match self.with_owner(|owner| self.ring.remove(owner, stop)) {
            Ok(keyring) => Ok(file || keyring),
            Err(error @ credentials::Error::Keyring { .. }) if file => {
                log::info!("whether the keyring has older tokens is not known: {error}");
                Ok(true)
            }
            Err(error) => Err(Error::keyring(error)),
        }
    }

    /// Waits until no other process changes the tokens.
    pub(super) fn hold(&self, stop: &AtomicBool) -> Result<Held, Error> {
        self.folder.hold(stop)
    }

    /// Saves what a refresh brought, under the lock that the refresh was made under. No stop ends this: the refresh token
    /// that was spent for it is worth nothing any more.
    pub(super) fn save_renewed(&self, tokens: &Tokens, held: &Held) -> Result<Place, Error> {
        // The keyring has just been read, and so waits for nobody.
        self.store(tokens, held, UNATTENDED, &AtomicBool::new(false))
    }

    fn store(
        &self,
        tokens: &Tokens,
        held: &Held,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<Place, Error> {
        let text = tokens.to_text();
        if self.wanted == Place::Keyring && !self.folder.file().exists() {
            let stored =
                self.with_owner(|owner| self.ring.store(owner, text.clone(), patience, stop));
            match stored {
                Ok(()) => return Ok(Place::Keyring),
                Err(credentials::Error::Stopped) => return Err(Error::Stopped),
                Err(error) => log::warn!("the tokens are kept in a file: {error}"),
            }
        }
        self.folder.replace(&text, held)?;
        Ok(Place::File)
    }

    /// Passwords and tokens of one user are different entries.
    fn with_owner<T>(&self, work: impl FnOnce(Owner<'_>) -> T) -> T {
        let user = format!("oauth2:{}", self.owner.user);
        work(Owner {
            user: &user,
            ..self.owner
        })
    }
}
