//! The database itself: opened safely, shared by all accounts of a process, used by one at a time.
//!
//! It refuses to know what the rows mean. Invariant: what is written is one transaction, all or nothing.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::account::Account;
use super::error::{Error, is_busy};
use super::lock::make_private_folder;
use super::schema::migrate;

/// How long another process may hold the database: its transactions are short.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one attempt waits for it.
const ATTEMPT: Duration = Duration::from_millis(200);

/// The state database.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// Set when the run is to end.
    stop: Arc<AtomicBool>,
}

impl Ledger {
    /// Opens the database in the state folder; both are made if they are missing, for their owner alone. Once `stop` is
    /// set, nobody else's use of it is waited for long.
    ///
    /// # Errors
    /// The folder or file cannot be made, read or written, is damaged, or belongs to a newer popfetch.
    pub fn open(state: &Path, stop: Arc<AtomicBool>) -> Result<Self, Error> {
        make_private_folder(state)?;
        let path = state.join("state.db");
        // SQLite would make it readable by all; its other files follow the mode of this one.
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::folder(&path))?;
        let connection = connect(&path)?;
        Ok(Self {
            connection: Mutex::new(connection),
            path,
            stop,
        })
    }

    /// The rows of a user's maildrop on a server; made if they are missing.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn account(&self, server: &str, user: &str) -> Result<Account<'_>, Error> {
        if let Some(account) = self.find(server, user)? {
            return Ok(account);
        }
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO account (server, user) VALUES (?, ?) ON CONFLICT DO NOTHING",
                params![server, user],
            )
        })?;
        self.find(server, user)?
            .ok_or_else(|| self.error(rusqlite::Error::QueryReturnedNoRows))
    }

    /// The rows of a user's maildrop on a server, if there are any.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn find(&self, server: &str, user: &str) -> Result<Option<Account<'_>>, Error> {
        let found = self
            .connection()
            .query_row(
                "SELECT id, tag FROM account WHERE server = ? AND user = ?",
                params![server, user],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|source| self.error(source))?;
        Ok(found.map(|(id, tag)| Account::new(self, id, tag)))
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere cannot leave a transaction open: it is rolled back on the way.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does some writing in one transaction.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let mut waited = Duration::ZERO;
        loop {
            // Others of this process get their turn between two attempts.
            let mut connection = self.connection();
            match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
                Ok(transaction) => {
                    let finish = || {
                        let result = work(&transaction)?;
                        transaction.commit()?;
                        Ok(result)
                    };
                    return finish().map_err(|source| self.error(source));
                }
                Err(source) if is_busy(&source) && waited < self.patience() => waited += ATTEMPT,
                Err(source) => return Err(self.error(source)),
            }
        }
    }

    /// How long another process may hold the database: not long once the run is to end.
    fn patience(&self) -> Duration {
        if self.stop.load(Ordering::Relaxed) {
            ATTEMPT * 5
        } else {
            BUSY_TIMEOUT
        }
    }

    pub(super) fn error(&self, source: rusqlite::Error) -> Error {
        Error::sqlite(&self.path, source)
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let sqlite = |source| Error::sqlite(path, source);
    let mut connection = Connection::open(path).map_err(sqlite)?;
    // SQLite opens what it may not write for reading, and says so only when it is too late.
    if connection.is_readonly("main").map_err(sqlite)? {
        return Err(Error::ReadOnly {
            path: path.to_owned(),
        });
    }
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
        // Before DELE a commit must outlive a power cut; in WAL mode only FULL promises that.
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        // Elsewhere than on macOS it changes nothing; there only this waits for the disk itself.
        .and_then(|()| connection.pragma_update(None, "fullfsync", true))
        .and_then(|()| connection.pragma_update(None, "foreign_keys", true))
        .map_err(sqlite)?;
    migrate(&mut connection, path)?;
    connection.busy_timeout(ATTEMPT).map_err(sqlite)?;
    Ok(connection)
}
