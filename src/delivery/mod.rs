//! Makes messages durable on this machine: staged where nobody looks, then published whole.
//!
//! It refuses to know where a message comes from and what is remembered of it. The way of a message through a
//! destination:
//!
//! ```text
//!   Stager ─▶ Draft: write …, finish ─▶ Staged ─▶ make_durable ─▶ (others commit) ─▶ publish
//!             a hidden file            whole    one sync for                       Maildir: rename, sync the folder
//!             in tmp/ or the spool              a batch                            Mbox: append under lock
//!                                                                                  Program: run; Lmtp: transmit
//! ```
//!
//! Invariants: a file is visible only when it is whole and durable; content is written as it came, but for the line
//! ends and what an mbox puts around it; memory does not grow with a message's size.

use crate::owner::walk;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod durability;
mod envelope;
mod error;
mod folder;
mod handover;
mod lmtp;
mod maildir;
mod mbox;
mod naming;
mod newline;
mod pack;
mod program;
mod staging;
mod tree;

pub use error::Error;
pub use handover::Handover;
pub use lmtp::{Lmtp, LmtpAddress, LmtpSession, Recipient};
pub use maildir::{Maildir, unique_part};
pub use mbox::{Entry, LockedMbox, Mbox};
pub use naming::Stamp;
pub use pack::{Content, Packs};
pub use program::{INHERITED, News, Program, Slip};
pub use staging::{Draft, Room, Staged, Stager, Staging};
pub use tree::{BySize, Tree};

/// How long the lock of an mbox is waited for where nothing is said.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// Where an account's mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A Maildir, made if it is missing.
    Maildir(PathBuf),
    /// An mbox, made if it is missing.
    Mbox(Mbox),
    /// A program that takes each message on its standard input.
    Pipe(Program),
    /// A recipient at an LMTP server.
    Lmtp(Lmtp),
}

impl Destination {
    /// The destination with this address, if mail that was begun there can be found again.
    #[must_use]
    pub fn from_address(address: &str) -> Option<Self> {
        let (kind, path) = address.split_once(':')?;
        match kind {
            "maildir" => Some(Self::Maildir(path.into())),
            "mbox" => Some(Self::Mbox(Mbox {
                path: path.into(),
                flock: false,
                lock_timeout: LOCK_TIMEOUT,
            })),
            _ => None,
        }
    }

    /// The folder that it is written in, made if it is missing: the Maildir's own, and nothing in it, or the mbox's.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make_room(&self) -> Result<(), Error> {
        let folder = match self {
            Self::Maildir(path) => path,
            Self::Mbox(mbox) => mbox.folder(),
            Self::Pipe(_) | Self::Lmtp(_) => return Ok(()),
        };
        walk::make(folder).map_err(Error::way(Error::folder(folder)))
    }

    /// The file or folder that holds the mail, where it is known.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Maildir(path) | Self::Mbox(Mbox { path, .. }) => Some(path),
            Self::Pipe(_) | Self::Lmtp(_) => None,
        }
    }
}

/// Shows the address under which a destination is remembered: `maildir:/home/ann/Mail`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The same folder has one address, however it is written.
        let plain = |path: &Path| path.components().collect::<PathBuf>();
        match self {
            Self::Maildir(path) => write!(f, "maildir:{}", plain(path).display()),
            Self::Mbox(mbox) => write!(f, "mbox:{}", plain(&mbox.path).display()),
            Self::Pipe(program) => write!(f, "pipe:{}", shell_words::join(&program.argv)),
            Self::Lmtp(server) => write!(f, "lmtp:{} {}", server.address, server.recipient),
        }
    }
}
