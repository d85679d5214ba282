//! The database itself: opened safely, shared by all accounts of a process, used by one at a time.
//!
//! It refuses to know what the rows mean. Invariant: what is written is one transaction, all or nothing.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use rustix::fs::OFlags;

use super::account::Account;
use super::error::{Error, is_busy};
use super::lock::{Lock, make_private_folder};
use super::schema::migrate;

/// The name of its file.
pub(super) const DATABASE: &str = "state.db";

/// How long another process may hold the database: its transactions are short.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one attempt waits for it.
const ATTEMPT: Duration = Duration::from_millis(200);

/// When a transaction outlives a power cut.
#[derive(Clone, Copy)]
enum Durable {
    Now,
    WithTheNext,
}

impl Durable {
    /// In WAL mode, FULL waits for the disk at each commit, and NORMAL never; a sync covers all that was written before.
    fn synchronous(self) -> &'static str {
        match self {
            Self::Now => "FULL",
            Self::WithTheNext => "NORMAL",
        }
    }
}

/// The state database.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// Where a damaged database is kept in whose place this one is new.
    aside: Option<PathBuf>,
    /// Set when the run is to end.
    stop: Arc<AtomicBool>,
}

impl Ledger {
    /// Whether there is a database in the state folder.
    #[must_use]
    pub fn is_there(state: &Path) -> bool {
        state.join(DATABASE).exists()
    }

    /// Opens the database in the state folder; both are made if they are missing, for their owner alone. A damaged one is
    /// set aside. Once `stop` is set, nobody else's use of it is waited for long.
    ///
    /// # Errors
    /// The folder or file cannot be made, read or written, or belongs to a newer popfetch.
    pub fn open(state: &Path, stop: Arc<AtomicBool>) -> Result<Self, Error> {
        make_private_folder(state)?;
        let path = state.join(DATABASE);
        let mut aside = None;
        let connection = match open(&path) {
            Err(Error::Damaged { .. }) => replace(state, &path, &mut aside)?,
            result => result?,
        };
        Ok(Self {
            connection: Mutex::new(connection),
            path,
            aside,
            stop,
        })
    }

    /// Where a damaged database is kept, if this one was made in its place.
    #[must_use]
    pub fn set_aside(&self) -> Option<&Path> {
        self.aside.as_deref()
    }

    /// The rows of a user's maildrop on a server; made if they are missing.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn account(&self, server: &str, user: &str) -> Result<Account<'_>, Error> {
        if let Some(account) = self.find(server, user)? {
            return Ok(account);
        }
        self.note(|transaction| {
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

    /// The marks of all accounts' staged files.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn tags(&self) -> Result<Vec<String>, Error> {
        let read = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            connection
                .prepare("SELECT tag FROM account")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        read(&self.connection()).map_err(|source| self.error(source))
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere cannot leave a transaction open: it is rolled back on the way.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does some writing in one transaction, which outlives a power cut.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.transact(Durable::Now, work)
    }

    /// The same, without waiting for the disk: for what the next run would find out again, or find done. It is in the
    /// order of all transactions, so that none is without those before it.
    pub(super) fn note<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.transact(Durable::WithTheNext, work)
    }

    fn transact<T>(
        &self,
        durable: Durable,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let mut waited = Duration::ZERO;
        loop {
            // Others of this process get their turn between two attempts.
            let mut connection = self.connection();
            connection
                .pragma_update(None, "synchronous", durable.synchronous())
                .map_err(|source| self.error(source))?;
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
        let error = Error::sqlite(&self.path, source);
        if matches!(error, Error::Damaged { .. }) {
            // The next run looks through all of it. If that cannot be noted, it finds out as this one did.
            let _ = private(&suspicion(&self.path));
        }
        error
    }
}

/// The file that says that the database should be looked through.
fn suspicion(path: &Path) -> PathBuf {
    path.with_extension("db.suspect")
}

/// Opens the database, or makes it; looks through all of it if there is reason to.
fn open(path: &Path) -> Result<Connection, Error> {
    // SQLite would make it readable by all; its other files follow the mode of this one.
    private(path).map_err(Error::folder(path))?;
    let connection = connect(path)?;
    let suspicion = suspicion(path);
    if suspicion.exists() {
        let sqlite = |source| Error::sqlite(path, source);
        let verdict: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(sqlite)?;
        if verdict != "ok" {
            return Err(Error::damaged(path, verdict));
        }
        fs::remove_file(&suspicion).map_err(Error::folder(&suspicion))?;
    }
    Ok(connection)
}

/// Opens a file that is its owner's alone; made if it is missing.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

/// Sets a damaged database aside and makes a new one; of several processes that find it damaged, one does.
fn replace(state: &Path, path: &Path, aside: &mut Option<PathBuf>) -> Result<Connection, Error> {
    let _lock = Lock::acquire(state, "state.db", "")?;
    match open(path) {
        Err(Error::Damaged { .. }) => {}
        result => return result,
    }
    let numbered = |number: u32| path.with_extension(format!("db.damaged-{number}"));
    let kept = (1..u32::MAX)
        .map(numbered)
        .find(|kept| !kept.exists())
        .unwrap_or_else(|| numbered(0));
    fs::rename(path, &kept).map_err(Error::folder(&kept))?;
    // What belongs to the damaged one must not be taken for the new one's.
    for suffix in ["-wal", "-shm"] {
        let with = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        match fs::rename(with(path), with(&kept)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result.map_err(Error::folder(&with(path)))?,
        }
    }
    *aside = Some(kept);
    open(path)
}

/// Writes ahead to a log. Of two processes that begin it at once SQLite refuses one, however long that would wait.
fn keep_a_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(source) if is_busy(&source) && waited < BUSY_TIMEOUT => {
                thread::sleep(ATTEMPT);
                waited += ATTEMPT;
            }
            result => return result,
        }
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
        .and_then(|()| keep_a_log(&connection))
        .and_then(|()| connection.pragma_update(None, "synchronous", Durable::Now.synchronous()))
        // Elsewhere than on macOS it changes nothing; there only this waits for the disk itself.
        .and_then(|()| connection.pragma_update(None, "fullfsync", true))
        .and_then(|()| connection.pragma_update(None, "foreign_keys", true))
        // In KiB, below zero: a batch's pages fit, and what was written is not read again.
        .and_then(|()| connection.pragma_update(None, "cache_size", -512))
        // No uid and no subject is written outside the state, where nothing may be written in a sandbox: what is sorted
        // is kept here anyway, and `bulk` bounds what a statement may have to take back.
        .and_then(|()| connection.pragma_update(None, "temp_store", "MEMORY"))
        .map_err(sqlite)?;
    migrate(&mut connection, path)?;
    connection.busy_timeout(ATTEMPT).map_err(sqlite)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn several_that_make_a_state_at_once_all_have_it() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let together = Barrier::new(8);
            thread::scope(|scope| {
                let open = || {
                    together.wait();
                    Ledger::open(folder.path(), Arc::default()).map(drop)
                };
                let opened: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                for opened in opened {
                    opened.join().unwrap().unwrap();
                }
            });
        }
    }
}
