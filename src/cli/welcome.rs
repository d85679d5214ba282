//! What popfetch says to somebody who has just met it: no command was given, and there is no configuration yet.
//!
//! It refuses to do anything.

use std::path::PathBuf;

use super::exit::Status;
use super::report;
use crate::config::Folders;

/// The variable that names another configuration.
const VARIABLE: &str = "POPFETCH_CONFIG";

/// Whether there is no configuration.
pub(super) fn is_new() -> bool {
    place().is_some_and(|place| !place.exists())
}

/// Says how to begin.
pub(super) fn greet() -> Status {
    report::say(
        &"popfetch fetches mail from POP3 servers: every message once, none lost.\n\
          There is no account yet. Add one, or take over those of another program:\n\n  \
          popfetch account add you@example.org\n  \
          popfetch import fetchmail    (or mpop, getmail, fdm, thunderbird, claws)\n\n\
          `popfetch --help` shows what else there is.",
    );
    Status::Configuration
}

fn place() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty());
    match named {
        Some(named) => Some(named.into()),
        None => Folders::find().ok().map(|folders| folders.config_file),
    }
}
