//! An mbox: one file, to which messages are appended while everybody else is kept out.
//!
//! It refuses to know what is on record. The format is mboxrd (RFC 4155 names the others): each message is a From_ line,
//! its lines, those that would read as a From_ line with a `>` before them, and a blank line. Who appends says first what
//! the length of the mbox is, so that an interrupted append can be told from what others wrote:
//!
//! ```text
//!   Mbox ─lock─▶ LockedMbox ─length─▶ (others commit it) ─append─▶ durable
//!                     └─recover─▶ what of an interrupted append is there
//! ```
//!
//! Invariants: what was in the mbox is not touched; a half message does not stay; no other descriptor of the file is
//! opened while it is locked.

mod append;
mod compare;
mod dotlock;
mod entry;
mod lock;
mod open;
mod quote;
mod read;
mod recover;

#[cfg(test)]
mod tests;

pub use entry::Entry;
pub use lock::{LockedMbox, Mbox};
