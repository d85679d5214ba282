//! Makes messages durable on this machine: staged where nobody looks, then published whole.
//!
//! It refuses to know where a message comes from and what is remembered of it. The way of a message through a
//! destination:
//!
//! ```text
//!   Stager ─▶ Draft: write …, finish ─▶ Staged ─▶ make_durable ─▶ (others commit) ─▶ publish
//!             a hidden file            whole    one sync for                       rename,
//!                                               a batch                            sync the folder
//! ```
//!
//! Invariants: a file is visible only when it is whole and durable; content is written as it came, but for the line
//! ends; memory does not grow with a message's size.

use std::fmt;
use std::path::PathBuf;

mod durability;
mod error;
mod maildir;
mod naming;
mod newline;
mod staging;

pub use error::Error;
pub use maildir::{Maildir, unique_part};
pub use naming::Stamp;
pub use staging::{Draft, Staged, Stager};

/// Where an account's mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A Maildir, made if it is missing.
    Maildir(PathBuf),
}

impl Destination {
    /// The destination with this address, if it is one.
    #[must_use]
    pub fn from_address(address: &str) -> Option<Self> {
        let path = address.strip_prefix("maildir:")?;
        Some(Self::Maildir(path.into()))
    }
}

/// Shows the address under which a destination is remembered: `maildir:/home/ann/Mail`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The same folder has one address, however it is written.
            Self::Maildir(path) => {
                let path: PathBuf = path.components().collect();
                write!(f, "maildir:{}", path.display())
            }
        }
    }
}
