//! Says how an account stands, from what is on record; no server is asked.

use super::former;
use super::outcome::Problem;
use super::pauses::waiting;
use crate::pop3::Endpoint;
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

/// Looks up the account of `user` on this server; the others that are configured have `claimed` what is theirs.
///
/// # Errors
/// The ledger cannot be read.
pub fn status(
    ledger: &Ledger,
    endpoint: &Endpoint,
    user: &str,
    claimed: &[(String, String)],
) -> Result<Standing, Error> {
    let Some((account, _)) = former::find(ledger, endpoint, user, claimed)? else {
        return Ok(Standing::default());
    };
    let (stored, on_server) = account.count()?;
    Ok(Standing {
        stored,
        on_server,
        waiting: account.owed()?.iter().map(waiting).collect(),
    })
}
