//! Says how an account stands, from what is on record; no server is asked.

use super::outcome::Problem;
use super::pauses::waiting;
use crate::state::{Error, Ledger};

/// How an account stands.
#[derive(Debug, Default)]
pub struct Standing {
    /// How many messages were ever fetched.
    pub stored: u32,
    /// How many of them were on the server when it was listed last.
    pub on_server: u32,
    /// What waits for a destination; each is a [`Problem::Waits`].
    pub waiting: Vec<Problem>,
}

/// Looks up the account of `user` at `server`.
///
/// # Errors
/// The ledger cannot be read.
pub fn status(ledger: &Ledger, server: &str, user: &str) -> Result<Standing, Error> {
    let Some(account) = ledger.find(server, user)? else {
        return Ok(Standing::default());
    };
    let (stored, on_server) = account.count()?;
    Ok(Standing {
        stored,
        on_server,
        waiting: account.owed()?.iter().map(waiting).collect(),
    })
}
