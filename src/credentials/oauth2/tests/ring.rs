//! A keyring in memory that can be told to fail.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::credentials::oauth2::keeper::Ring;
use crate::credentials::{Error, Owner};
use crate::secret::Secret;

/// What the keyring does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Works,
    TakesNothing,
    Absent,
}

/// The entries by user and server.
pub(super) struct Memory {
    pub(super) mood: Mood,
    pub(super) entries: Mutex<Vec<(String, Secret)>>,
}

impl Memory {
    pub(super) fn new(mood: Mood) -> Self {
        Self {
            mood,
            entries: Mutex::new(Vec::new()),
        }
    }
}

fn failing() -> Error {
    Error::Keyring {
        reason: "there is none".to_owned(),
    }
}

fn name(owner: Owner<'_>) -> String {
    format!("{}@{}", owner.user, owner.server)
}

impl Ring for Memory {
    fn look_up(
        &self,
        owner: Owner<'_>,
        _: Duration,
        _: &AtomicBool,
    ) -> Result<Option<Secret>, Error> {
        if self.mood == Mood::Absent {
            return Err(failing());
        }
        let entries = self.entries.lock().unwrap();
        let found = entries.iter().find(|(key, _)| *key == name(owner));
        Ok(found.map(|(_, secret)| secret.clone()))
    }

    fn store(
        &self,
        owner: Owner<'_>,
        secret: Secret,
        _: Duration,
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        // The real one hangs and is given up.
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        if self.mood != Mood::Works {
            return Err(failing());
        }
        let mut entries = self.entries.lock().unwrap();
        entries.retain(|(key, _)| *key != name(owner));
        entries.push((name(owner), secret));
        Ok(())
    }

    fn remove(&self, owner: Owner<'_>, _: &AtomicBool) -> Result<bool, Error> {
        if self.mood == Mood::Absent {
            return Err(failing());
        }
        let mut entries = self.entries.lock().unwrap();
        let before = entries.len();
        entries.retain(|(key, _)| *key != name(owner));
        Ok(entries.len() < before)
    }
}
