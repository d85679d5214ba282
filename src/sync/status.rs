//! Says how an account stands, from what is on record; no server is asked.

use jiff::Timestamp;

use super::former;
use super::outcome::Problem;
use super::pauses::waiting;
use super::retire::holder;
use crate::pop3::Endpoint;
use crate::retention::{Copy, Policy, Verdict, judge};
use crate::state::{Account, Error, LastRun, Ledger};

/// How an account stands.
#[derive(Debug, Default)]
pub struct Standing {
    /// How many messages were ever fetched.
    pub stored: u32,
    /// How many of them were on the server when it was listed last, but for those that it deleted after that.
    pub on_server: u32,
    /// What waits for a destination; each is a [`Problem::Waits`].
    pub waiting: Vec<Problem>,
    /// When those came that came lately.
    pub arrivals: Vec<Timestamp>,
    /// What of them is to be deleted from the server.
    pub due: Due,
    /// The last run; none, where nothing is known of any.
    pub last: Option<LastRun>,
    /// When a run comes again that waits in the foreground.
    pub next: Option<Timestamp>,
}

/// What is to be deleted from a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// So many messages with the next run.
    pub now: usize,
    /// Of the others, so many later …
    pub later: usize,
    /// … the first of them then.
    pub first: Option<Timestamp>,
}

/// Looks up the account of `user` on this server, with what came `since`; the others that are configured have `claimed`
/// what is theirs. What leaves a Maildir here is not looked for.
///
/// # Errors
/// The ledger cannot be read.
pub fn status(
    ledger: &Ledger,
    (endpoint, user): (&Endpoint, &str),
    claimed: &[(String, String)],
    retention: Policy,
    (since, now): (Timestamp, Timestamp),
) -> Result<Standing, Error> {
    let Some((account, _)) = former::find(ledger, endpoint, user, claimed)? else {
        return Ok(Standing::default());
    };
    let (stored, on_server) = account.count()?;
    Ok(Standing {
        stored,
        on_server,
        waiting: account.owed()?.iter().map(waiting).collect(),
        arrivals: account.arrivals(since)?,
        due: due(&account, retention, now)?,
        last: account.last_run()?,
        next: account.next_run()?.filter(|next| *next > now),
    })
}

fn due(account: &Account<'_>, retention: Policy, now: Timestamp) -> Result<Due, Error> {
    let mut due = Due::default();
    for kept in account.kept()? {
        let copy = Copy {
            first_seen: kept.first_seen,
            published: kept.published,
            left: false,
            kept: kept.kept,
            holder: holder(kept.origin),
        };
        match judge(retention, copy, now) {
            Verdict::KeepUntil(until) => {
                due.later += 1;
                due.first = Some(due.first.map_or(until, |first| first.min(until)));
            }
            verdict => due.now += usize::from(verdict.is_due()),
        }
    }
    Ok(due)
}
