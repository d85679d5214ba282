//! `popfetch account`: adds, lists and removes accounts.
//!
//! ```text
//! add:  address ─▶ server ─▶ wishes ─▶ trial ─▶ keep the secret ─▶ write
//! ```
//!
//! It refuses to know TOML: `config` changes the file. Invariant: nothing is written before the last question is answered.

mod add;
pub(super) mod ask;
pub(super) mod keep;
mod list;
mod name;
mod probe;
mod remove;
mod secret;
mod server;
mod trial;
mod wishes;
pub(super) mod words;

use super::args::{Account, AccountCommand, Global};
use super::exit::Status;

/// Does what is asked of the accounts.
pub(super) fn account(options: &Account, global: &Global) -> anyhow::Result<Status> {
    match &options.command {
        AccountCommand::Add(options) => add::add(options, global),
        AccountCommand::List(options) => list::list(options, global),
        AccountCommand::Remove(options) => remove::remove(options, global),
    }
}
