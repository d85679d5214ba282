//! Says what a run would do with each message, and does nothing of it.
//!
//! Invariant: neither the server's mail nor the state nor the destination is changed.

use std::collections::HashSet;
use std::fmt;
use std::io::{Read, Write};

use super::manners::Manners;
use super::observer::Observer;
use super::outcome::{Error, Tally};
use super::retire::{copy_of, fresh};
use super::survey::Entry;
use super::{Identity, Job, former, store, survey, whereabouts};
use crate::mail::{MessageNumber, Octets, Uid};
use crate::plan::{Decision, decide};
use crate::pop3::{Line, Session};
use crate::retention::{Copy, Verdict, judge};
use crate::state::{Account, Facts, Ledger, MessageId, Origin, Present, Standing};

/// What would be done with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Its number in this session.
    pub number: MessageNumber,
    /// Its uid.
    pub uid: Uid,
    /// Its size as listed.
    pub size: Octets,
    /// What is here of it.
    pub presence: Presence,
    /// Whether it would be fetched.
    pub decision: Decision,
    /// Whether it would be deleted from the server.
    pub verdict: Verdict,
}

impl Explained {
    /// Whether it would be fetched, and why, in words.
    #[must_use]
    pub fn fetching(&self) -> String {
        match (self.presence, self.decision) {
            (Presence::Seen, Decision::Known) => {
                "do not fetch: another program fetched it, or it was marked as seen".to_owned()
            }
            (_, decision) => decision.to_string(),
        }
    }
}

/// What is here of a message on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Nothing.
    New,
    /// All of it, wherever it was to go.
    Here,
    /// All of it, and one of its destinations at least has yet to get it.
    Waiting,
    /// Nothing; another program fetched it, or it was marked as seen.
    Seen,
    /// A message with its uid, which may have been another: only the content tells.
    Doubtful,
}

impl Presence {
    fn of(standing: &Standing) -> Self {
        match standing {
            Standing::New => Self::New,
            Standing::Known(known) if known.origin != Origin::Fetched => Self::Seen,
            Standing::Known(known) if known.published => Self::Here,
            Standing::Known(_) => Self::Waiting,
            Standing::Doubtful { .. } => Self::Doubtful,
        }
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::New => "new",
            Self::Here => "here",
            Self::Waiting => "waiting",
            Self::Seen => "seen",
            Self::Doubtful => "doubtful",
        })
    }
}

/// Lists the maildrop and decides on each message; without a ledger everything is new. What cannot be told apart goes
/// into `tally`.
///
/// # Errors
/// The server, the password or the ledger cannot be used.
pub fn explain(
    job: &Job<'_>,
    ledger: Option<&Ledger>,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<Vec<Explained>, Error> {
    let (session, explained) = look(job, ledger, observer, tally)?;
    leave(session);
    Ok(explained)
}

/// Ends a session in which nothing was retrieved or deleted, so that nothing hangs on the server's last word.
pub(super) fn leave<S: Read + Write>(session: Session<S>) {
    if let Err(error) = session.quit() {
        log::debug!("{error}");
    }
}

/// The same, with the session still open.
pub(super) fn look(
    job: &Job<'_>,
    ledger: Option<&Ledger>,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<(Session<Line>, Vec<Explained>), Error> {
    let account = match ledger {
        Some(ledger) => former::find(ledger, job.endpoint, job.user, job.claimed)?,
        None => None,
    };
    let manners = Manners::as_remembered(job, ledger)?;
    let present = || match &account {
        Some((account, _)) => Ok(account.present()?),
        None => Ok(Present::default()),
    };
    let (mut session, listings, present) =
        manners.enter(&Identity::find(job)?, observer, present)?;
    let listing = survey::complete(&mut session, listings, tally)?;
    let maildrop = survey::join(&listing, tally);
    let (facts, left, stuck) = match account {
        Some((account, is_moved)) => (
            facts(&account, is_moved, &present, &maildrop)?,
            // Nobody is asked: it is not done yet.
            whereabouts::departed(job, &account, None, tally)?,
            stuck(&account)?,
        ),
        None => (
            Facts::of_strangers(maildrop.len()),
            HashSet::new(),
            HashSet::new(),
        ),
    };
    let listed = maildrop.iter().zip(&facts.standings);
    let decisions = decide(
        listed
            .clone()
            .map(|(entry, standing)| (entry.size, standing.is_known())),
        store::limits(job),
    );
    let explain = |((entry, standing), decision): ((&Entry<'_>, &Standing), Decision)| {
        // What is fetched, or owed by an interrupted run, counts as published: by then it is. What was refused once may
        // be so again.
        let copy = match standing {
            Standing::Known(known) => Copy {
                published: !stuck.contains(&known.id),
                ..copy_of(known, &left)
            },
            Standing::New | Standing::Doubtful { .. } => Copy {
                published: decision == Decision::Fetch,
                ..fresh(job.now)
            },
        };
        Explained {
            number: entry.number,
            uid: entry.owned_uid(),
            size: entry.size,
            presence: Presence::of(standing),
            decision,
            verdict: judge(job.retention, copy, job.now),
        }
    };
    let explained = listed.zip(decisions).map(explain).collect();
    Ok((session, explained))
}

/// Holds the maildrop against the record, as a run does.
fn facts(
    account: &Account<'_>,
    is_moved: bool,
    present: &Present,
    maildrop: &[Entry<'_>],
) -> Result<Facts, Error> {
    let listed = survey::uids_and_sizes(maildrop);
    let facts = account.facts(present, &listed, &HashSet::new())?;
    if !is_moved || facts.bear_out(&listed) {
        return Ok(facts);
    }
    let all = listed.iter().map(|(uid, _)| *uid);
    Ok(account.facts(present, &listed, &all.collect())?)
}

/// What waits here because a destination would not have it.
fn stuck(account: &Account<'_>) -> Result<HashSet<MessageId>, Error> {
    let owed = account.owed()?.into_iter();
    let refused = owed.filter(|owed| owed.reason.is_some());
    Ok(refused.map(|owed| owed.id.message).collect())
}
