//! Mozilla Thunderbird: a profile folder, with the accounts in one file and the uids of each beside its mail.
//!
//! ```text
//! ~/.thunderbird/profiles.ini          profiles ─▶ the folder of the profile
//! └── abcd1234.default-release/
//!     ├── prefs.js                     prefs ─▶ account ─▶ Account
//!     └── Mail/HOST/popstate.dat       popstate ─────────▶ Record
//! ```
//!
//! It refuses to open Thunderbird's store of passwords and its mail. Invariant: of the settings of a POP3 account, those
//! that say what is fetched, and how, are carried over or left out by name; what the windows show, and how, is passed over.

mod account;
mod popstate;
mod prefs;
mod profiles;
#[cfg(test)]
mod tests;

use std::path::Path;

pub(super) use popstate::records;
pub(super) use profiles::read;

use super::{Found, Surroundings};
use account::Server;
use prefs::Prefs;

pub(super) fn understand(file: &Path, text: &str, around: &Surroundings<'_>) -> Found {
    let (mut found, servers) = translate(file, &Prefs::read(text), around);
    let accounts = servers.into_iter().map(|server| server.account);
    found.accounts.extend(accounts);
    found
}

/// What is found but for the accounts, and those with their folders.
fn translate(file: &Path, prefs: &Prefs, around: &Surroundings<'_>) -> (Found, Vec<Server>) {
    let mut found = Found {
        files: vec![file.to_owned()],
        ..Found::default()
    };
    let servers = account::servers(file, prefs, around.home, &mut found.left_out);
    found.left_out.sort_by_key(|left| left.line);
    (found, servers)
}
