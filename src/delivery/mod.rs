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
pub use maildir::{Maildir, Whereabouts};
pub use naming::Stamp;
pub use newline::ToLf;
pub use staging::{Draft, Staged, Stager};

/// Where an account's mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A Maildir, made if it is missing.
    Maildir(PathBuf),
}

/// Shows the address under which a destination is remembered: `maildir:/home/ann/Mail`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maildir(path) => write!(f, "maildir:{}", path.display()),
        }
    }
}
