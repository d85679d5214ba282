//! Why the state cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// A failure of the database, a lock or their folder; nothing may be fetched after one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another run has this account.
    #[error("another run{} is busy with this account", pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Busy {
        /// The process that holds the lock, where it could be read.
        pid: Option<u32>,
    },
    /// The file is not a database, or no longer a whole one.
    #[error("the state database {} is damaged", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Reading or writing the database failed.
    #[error("cannot use the state database {}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The state folder is another user's, who could have put anything into it.
    #[error("{} belongs to another user (uid {owner}; popfetch runs as uid {own})", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs this.
        own: u32,
    },
    /// All may put anything into the state folder.
    #[error("all users can write to {} (mode {mode:04o})", path.display())]
    Exposed {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The state folder or a file in it cannot be made or opened.
    #[error("cannot use {}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database belongs to a later version of popfetch.
    #[error("the state database {} was written by a newer popfetch (schema {found}, this one knows {known})", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The latest schema that is known here.
        known: u32,
    },
    /// The database can be read but not written.
    #[error("the state database {} is read-only", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
}

impl Error {
    /// The error that SQLite's is for the database at `path`.
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, source }
            }
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path },
            _ => Self::Database { path, source },
        }
    }

    /// The error that SQLite's verdict on the database at `path` is.
    pub(super) fn damaged(path: &Path, verdict: String) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            source: rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
                Some(verdict),
            ),
        }
    }

    /// The error that a file's is.
    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Folder { path, source }
    }

    /// Whether the same may work a little later: somebody else holds what is needed.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Busy { .. } => true,
            Self::Database { source, .. } => is_busy(source),
            _ => false,
        }
    }
}

/// Whether another process has the database just now.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
