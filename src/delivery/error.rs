//! Why a message could not be made durable.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of a destination; what was staged and not published stays hidden.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The destination cannot be made, opened or looked through.
    #[error("cannot use the Maildir {}", path.display())]
    Folder {
        /// The folder, or the one in it that is the trouble.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A message cannot be written to its hidden file.
    #[error("cannot write {}", path.display())]
    Stage {
        /// The hidden file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The system cannot promise that what was written stays.
    #[error("cannot make the mail in {} durable", path.display())]
    Sync {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A whole message cannot be made visible.
    #[error("cannot put a message in its place, {}", path.display())]
    Publish {
        /// Its place.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Folder { path, source }
    }

    pub(super) fn sync(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Sync { path, source }
    }
}
