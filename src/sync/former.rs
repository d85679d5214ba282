//! Finds what is on record of a maildrop whose server has another port now, as tunnels have, so that nothing of it is
//! fetched again.
//!
//! It refuses to know whether it is the same maildrop: the next listing tells. Invariants: what another configured account
//! may own is not taken, nor what another run works on; where several could be meant, none is.

use std::path::Path;

use jiff::Timestamp;

use super::manners;
use crate::pop3::Endpoint;
use crate::state::{Account, Error, Ledger, Lock};

/// Takes the lock of the maildrop of `user` on this server, and gives it what is on record of it under another port, if
/// nothing is under its own; the other configured accounts have `claimed` what is theirs.
///
/// # Errors
/// Another run has it, or the state cannot be used.
pub fn open<'l>(
    ledger: &'l Ledger,
    state: &Path,
    (endpoint, user): (&Endpoint, &str),
    claimed: &[(String, String)],
    now: Timestamp,
) -> Result<(Lock, Account<'l>), Error> {
    let server = endpoint.server();
    let lock = Lock::acquire(state, &server, user)?;
    if ledger.find(&server, user)?.is_none()
        && let Some(former) = name(ledger, endpoint, user, claimed)?
    {
        take_over(ledger, state, (endpoint, user), &former, now)?;
    }
    Ok((lock, ledger.account(&server, user)?))
}

/// Gives the former server's rows to this one; the caller has its lock.
fn take_over(
    ledger: &Ledger,
    state: &Path,
    (endpoint, user): (&Endpoint, &str),
    former: &str,
    now: Timestamp,
) -> Result<(), Error> {
    // Another run at its old place has yet to end: without what it knows, all of it would be fetched again.
    let _lock = Lock::acquire(state, former, user)?;
    let server = endpoint.server();
    log::info!("what is on record of {former} is taken for {server}'s");
    let habitat = |server| manners::habitat(server, &endpoint.security);
    ledger.liken(&habitat(&server), &habitat(former))?;
    ledger.rename(user, former, &server, now)
}

/// The rows of a user's maildrop, or those that would be taken for it; and whether they have yet to be borne out.
pub(super) fn find<'l>(
    ledger: &'l Ledger,
    endpoint: &Endpoint,
    user: &str,
    claimed: &[(String, String)],
) -> Result<Option<(Account<'l>, bool)>, Error> {
    if let Some(account) = ledger.find(&endpoint.server(), user)? {
        let is_moved = account.is_moved()?;
        return Ok(Some((account, is_moved)));
    }
    let Some(former) = name(ledger, endpoint, user, claimed)? else {
        return Ok(None);
    };
    let account = ledger.find(&former, user)?;
    Ok(account.map(|account| (account, true)))
}

/// The one name on record that may be this server's former one.
fn name(
    ledger: &Ledger,
    endpoint: &Endpoint,
    user: &str,
    claimed: &[(String, String)],
) -> Result<Option<String>, Error> {
    let is_free = |name: &String| {
        let mut claimed = claimed.iter();
        claimed.all(|(server, owner)| (server, owner.as_str()) != (name, user))
    };
    let names = ledger.servers_of(user)?.into_iter();
    let mut names = names.filter(|name| endpoint.is_neighbour(name) && is_free(name));
    let former = names.next();
    Ok(former.filter(|_| names.next().is_none()))
}
