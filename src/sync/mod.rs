//! Where the islands meet: one account's run, from the lock to QUIT.
//!
//! It refuses to know of configuration files, terminals, the time of day and chance: what it needs of them comes in with
//! the [`Job`]. Invariants, in the order of the steps:
//!
//! - what an earlier run committed is published before anything is fetched, where its destination is there (`recover`);
//! - a uid is on record only when its file is durable, and visible only when it is on record (`transfer`);
//! - DELE is sent only for what is published, and QUIT only when all that was fetched is on record (`retire`);
//! - when a step fails, the steps after it do not happen, and what the steps before it did stays done.

mod explain;
mod observer;
mod outcome;
mod recover;
mod retire;
mod survey;
mod transfer;

use std::path::Path;

use jiff::Timestamp;

pub use explain::{Explained, explain};
pub use observer::{Event, Observer};
pub use outcome::{Error, Outcome, Problem, Tally};

use crate::credentials;
use crate::delivery::{Destination, Maildir, Stamp};
use crate::plan::{Decision, Limits, decide};
use crate::pop3::{Argument, Connection, Endpoint, Line, Patience, Pipelining, Session};
use crate::retention::Policy;
use crate::secret::Secret;
use crate::state::{Account, Ledger, Lock, Standing};
use survey::Entry;
use transfer::{Transfer, Wanted};

/// All that is to be known for one account's run.
pub struct Job<'j> {
    /// The server.
    pub endpoint: &'j Endpoint,
    /// The user, as the server wants it.
    pub user: &'j str,
    /// Finds the password; called once, before the server is connected to.
    pub password: &'j dyn Fn() -> Result<Secret, credentials::Error>,
    /// Where mail goes.
    pub destination: &'j Destination,
    /// What is deleted from the server.
    pub retention: Policy,
    /// What is not fetched.
    pub limits: Limits,
    /// Whether commands are sent ahead.
    pub pipelining: Pipelining,
    /// How long the server may be silent, and whether the run is to end.
    pub patience: Patience,
    /// The time that counts for the whole run.
    pub now: Timestamp,
    /// What makes the names of all files of this process unique.
    pub stamp: &'j Stamp,
    /// The folder of the state.
    pub state: &'j Path,
}

/// Fetches what is new, delivers it, and deletes what is due.
#[must_use]
pub fn run(job: &Job<'_>, ledger: &Ledger, observer: &dyn Observer) -> Outcome {
    let mut tally = Tally::default();
    let failure = attempt(job, ledger, observer, &mut tally).err();
    Outcome { tally, failure }
}

fn attempt(
    job: &Job<'_>,
    ledger: &Ledger,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<(), Error> {
    let server = job.endpoint.server();
    let _lock = Lock::acquire(job.state, &server, job.user)?;
    let account = ledger.account(&server, job.user)?;
    let Destination::Maildir(path) = job.destination;
    let owed = account.unpublished()?;
    // What is owed to a disk that is not mounted must not be looked for in an empty folder.
    let address = job.destination.to_string();
    if !Maildir::exists(path) && owed.iter().any(|message| message.destination == address) {
        return Err(Error::MaildirGone { path: path.clone() });
    }
    Maildir::make(path)?;
    let maildir = Maildir::open(path, account.tag(), job.stamp)?;
    recover::recover(&account, &maildir, owed, job, tally)?;

    let work = Work {
        job,
        identity: Identity::find(job)?,
        account: &account,
        maildir: &maildir,
        observer,
    };
    let put_off = work.session(tally, Share::Sound)?;
    if put_off > 0 {
        let mut rest = Tally::default();
        let result = work.session(&mut rest, Share::Rest { fetched: tally.new });
        tally.add(rest);
        result?;
    }
    Ok(())
}

/// Which of the new messages a session fetches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// Those that never failed to arrive; others would keep them, and the deletions, from coming to an end.
    Sound,
    /// All, after so many in this run; those that failed come last.
    Rest { fetched: usize },
}

/// What the sessions of a run share.
struct Work<'w> {
    job: &'w Job<'w>,
    identity: Identity,
    account: &'w Account<'w>,
    maildir: &'w Maildir<'w>,
    observer: &'w dyn Observer,
}

impl Work<'_> {
    /// Logs in, fetches its share of what is new, deletes what is due, and quits; returns how many messages it left to
    /// another session.
    fn session(&self, tally: &mut Tally, share: Share) -> Result<usize, Error> {
        let Self {
            job,
            account,
            observer,
            ..
        } = *self;
        let mut session = self.identity.log_in(job, observer)?;
        observer.notice(Event::Listing);
        let (sizes, uids) = survey::ask(&mut session)?;
        let stumbles = account.stumbles()?;
        let mut maildrop = survey::join(&sizes, &uids, tally);
        maildrop.sort_by_key(|entry| stumbles.get(entry.uid));
        tally.listed = maildrop.len();
        let facts = account.facts(&survey::uids_and_sizes(&maildrop))?;
        account.settle(&facts, job.now)?;

        let mut limits = job.limits;
        if let Share::Rest { fetched } = share {
            limits.max_messages = limits.max_messages.map(|most| most.saturating_sub(fetched));
        }
        let listed = maildrop.iter().zip(&facts.standings);
        let is_known =
            |(entry, standing): (&Entry<'_>, &Standing)| (entry.size, standing.is_known());
        let decisions = decide(listed.clone().map(is_known), limits);
        tally.count_left(&decisions);
        let wanted: Vec<Wanted<'_>> = listed
            .zip(&decisions)
            .filter(|(_, decision)| **decision == Decision::Fetch)
            .map(|((entry, standing), _)| Wanted::new(*entry, *standing))
            .collect();
        let transfer = Transfer {
            account,
            maildir: self.maildir,
            destination: job.destination,
            observer,
            now: job.now,
        };
        let sound = wanted.partition_point(|wanted| !stumbles.contains_key(wanted.uid()));
        let is_due =
            |fetched: &[_]| retire::due(&maildrop, &facts, fetched, job.retention, job.now);
        // Where nothing else is to be done in this session, nothing suffers if it breaks.
        let share_ends = if share != Share::Sound || (sound == 0 && is_due(&[]).is_empty()) {
            wanted.len()
        } else {
            sound
        };
        let fetched = transfer.run(&mut session, &wanted[..share_ends], tally)?;
        retire::retire(
            session,
            &is_due(&fetched),
            account,
            job.now,
            observer,
            tally,
        )?;
        Ok(wanted.len() - share_ends)
    }
}

/// What an account logs in with.
struct Identity {
    user: Argument,
    password: Argument,
}

impl Identity {
    /// Finds the password; nothing is connected to yet.
    fn find(job: &Job<'_>) -> Result<Self, Error> {
        let argument = |what, secret| {
            Argument::new(secret).map_err(|source| Error::Unsendable { what, source })
        };
        Ok(Self {
            user: argument("user", Secret::new(job.user))?,
            password: argument("password", (job.password)()?)?,
        })
    }

    /// Connects and logs in.
    fn log_in(&self, job: &Job<'_>, observer: &dyn Observer) -> Result<Session<Line>, Error> {
        observer.notice(Event::Connecting);
        let connection = Connection::open(job.endpoint, &job.patience)?;
        Ok(connection.login(&self.user, &self.password, job.pipelining)?)
    }
}
