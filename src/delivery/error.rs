//! Why a message could not be made durable.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::owner::walk;
use rustix::io::Errno;

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
    /// Mail is at home in nobody else's folder.
    #[error("the Maildir {} belongs to another user (uid {owner}), who could take the mail away", path.display())]
    Foreign {
        /// The folder, or the one in it that is the trouble.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// A link of another user, or in a folder of one, could lead the mail anywhere.
    #[error("{} is a symbolic link, which another user made or can change", path.display())]
    Led {
        /// The link.
        path: PathBuf,
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
    /// Another program has the mbox locked for all the time that was allowed. Temporary.
    #[error("another program has the mbox {} locked, for {} s now", path.display(), waited.as_secs())]
    Locked {
        /// The mbox.
        path: PathBuf,
        /// How long its lock was waited for.
        waited: Duration,
    },
    /// The mbox cannot be made, opened, locked, read or written.
    #[error("cannot use the mbox {}", path.display())]
    Mbox {
        /// The mbox, or the folder or lock beside it that is the trouble.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What is in the place of the mbox must not be appended to.
    #[error("{} is {found}, not an mbox", path.display())]
    NotAnMbox {
        /// The place.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// A staged message cannot be read.
    #[error("cannot read the staged message {}", path.display())]
    Staged {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program cannot be run, whatever the message.
    #[error("cannot run {program}")]
    Program {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// No LMTP server can be reached.
    #[error("cannot connect to the LMTP server at {address}")]
    LmtpConnect {
        /// Where it should be.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// An LMTP server was lost, or silent for too long; the message in flight may have been delivered.
    #[error("lost the LMTP server at {address} during {during}")]
    LmtpLost {
        /// Where it is.
        address: String,
        /// What was waited for.
        during: &'static str,
        /// How.
        source: io::Error,
    },
    /// An LMTP server is not willing, whatever the message.
    #[error("the LMTP server at {address} answered {during} with {reply}")]
    LmtpRefused {
        /// Where it is.
        address: String,
        /// What was answered.
        during: &'static str,
        /// Its answer, harmless.
        reply: String,
        /// Whether it says that this may pass.
        temporary: bool,
    },
    /// What answers is no LMTP server.
    #[error("the server at {address} does not speak LMTP: it answered {during} with \"{answer}\"")]
    NoLmtp {
        /// Where it is.
        address: String,
        /// What was answered.
        during: &'static str,
        /// The start of the answer, harmless.
        answer: String,
    },
    /// The run was told to end.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// Whether the next run may find it gone by itself.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            // EAGAIN and ENOMEM of a fork, and its like.
            Self::Program { source, .. } => matches!(
                Errno::from_io_error(source),
                Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::TXTBSY)
            ),
            Self::LmtpConnect { source, .. } => source.kind() != io::ErrorKind::PermissionDenied,
            Self::LmtpRefused { temporary, .. } => *temporary,
            Self::Locked { .. } | Self::LmtpLost { .. } | Self::Stopped => true,
            Self::Folder { .. }
            | Self::Foreign { .. }
            | Self::Led { .. }
            | Self::Mbox { .. }
            | Self::NoLmtp { .. }
            | Self::NotAnMbox { .. }
            | Self::Publish { .. }
            | Self::Staged { .. }
            | Self::Stage { .. }
            | Self::Sync { .. } => false,
        }
    }

    pub(super) fn mbox(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Mbox { path, source }
    }

    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Staged { path, source }
    }

    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Folder { path, source }
    }

    /// What it means that the way to a folder was not gone to its end.
    pub(super) fn way(
        otherwise: impl FnOnce(io::Error) -> Self,
    ) -> impl FnOnce(walk::Error) -> Self {
        |error| match error {
            walk::Error::Led { path } => Self::Led { path },
            walk::Error::Io(error) => otherwise(error),
        }
    }

    pub(super) fn sync(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Sync { path, source }
    }
}
