//! Finds what is on record of a maildrop whose server has another port now, as tunnels have, so that nothing of it is
//! fetched again.
//!
//! It refuses to know whether it is the same maildrop: the next listing tells. Invariants: what another configured account
//! may own is not taken, nor what another run works on; where several could be meant, none is.

use super::{Job, manners};
use crate::pop3::Endpoint;
use crate::state::{Account, Error, Ledger, Lock};

/// Gives the former server's rows to the job's, if there are any to take; the caller has the job's lock.
pub(super) fn take_over(job: &Job<'_>, ledger: &Ledger) -> Result<(), Error> {
    let Some(former) = name(ledger, job.endpoint, job.user, job.claimed)? else {
        return Ok(());
    };
    // Another run at its old place has yet to end: without what it knows, all of it would be fetched again.
    let _lock = Lock::acquire(job.state, &former, job.user)?;
    let server = job.endpoint.server();
    log::info!("what is on record of {former} is taken for {server}'s");
    let habitat = |server| manners::habitat(server, &job.endpoint.security);
    ledger.liken(&habitat(&server), &habitat(&former))?;
    ledger.rename(job.user, &former, &server, job.now)
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
