//! Why nothing can be taken over from another program.

use std::io;
use std::path::{Path, PathBuf};

use super::Source;

/// A failure to find or read another program's files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of the program is where it keeps its files as a rule.
    #[error("nothing of {program} is here: there is neither {}", neither(looked))]
    Nothing {
        /// The program.
        program: &'static str,
        /// Where it could have been.
        looked: Vec<PathBuf>,
    },
    /// The file or folder that was named is none of the program's.
    #[error("{} is nothing of {program}'s: {reason}", path.display())]
    NotItsOwn {
        /// The program.
        program: &'static str,
        /// What was named.
        path: PathBuf,
        /// What it lacks.
        reason: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is larger than any of its kind.
    #[error("{} is larger than {limit}, which no such file is", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: crate::mail::Octets,
    },
}

impl Error {
    /// That this cannot be read.
    pub(super) fn unreadable(path: &Path) -> impl Fn(io::Error) -> Self + use<'_> {
        |source| Self::Unreadable {
            path: path.to_owned(),
            source,
        }
    }
}

impl Source {
    /// That nothing of it is here.
    pub(super) fn nothing(self, looked: Vec<PathBuf>) -> Error {
        Error::Nothing {
            program: self.name(),
            looked,
        }
    }

    /// That this is nothing of its.
    pub(super) fn not_its_own(self, path: &Path, reason: &'static str) -> Error {
        Error::NotItsOwn {
            program: self.name(),
            path: path.to_owned(),
            reason,
        }
    }
}

fn neither(looked: &[PathBuf]) -> String {
    let looked = looked.iter().map(|path| path.display().to_string());
    looked.collect::<Vec<_>>().join(" nor ")
}
