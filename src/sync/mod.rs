//! Where the islands meet: one account's run, from the lock to QUIT.
//!
//! It refuses to know of configuration files, terminals, the time of day and chance: what it needs of them comes in with
//! the [`Job`]. Invariants, in the order of the steps:
//!
//! - what an earlier run committed is published before anything is fetched, where its destination is there (`recover`);
//! - a uid is on record only when its file is durable, and visible only when it is on record (`transfer`);
//! - DELE is sent only for what is published, and QUIT only when all that was fetched is on record (`retire`);
//! - when a step fails, the steps after it do not happen, and what the steps before it did stays done.

mod announce;
mod append;
mod batch;
mod explain;
mod former;
mod headers;
mod heading;
mod identity;
mod list;
mod manners;
mod mark;
mod observer;
mod outcome;
mod past;
mod pauses;
mod publish;
mod recognise;
mod recover;
mod retire;
mod session;
mod status;
mod store;
mod survey;
mod transfer;
mod wanted;
mod whereabouts;
mod write;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use explain::{Explained, Presence, explain};
pub use former::open as open_maildrop;
pub use list::{Came, list};
pub use mark::{Marked, mark_seen};
pub use observer::{Event, Observer};
pub use outcome::{Error, Outcome, Problem, Tally, Wait};
pub use past::{Found, past};
pub use status::{Due, Standing, status};

use crate::credentials;
use crate::delivery::{Destination, Program, Stamp};
use crate::mail::Uid;
use crate::plan::Limits;
use crate::pop3::{Auth, Endpoint, Need, Patience, Pipelining};
use crate::retention::Policy;
use crate::secret::Secret;
use crate::state::{Account, Ledger, Lock};
use identity::Identity;
use manners::Manners;
use session::Work;
use store::Store;

/// All that is to be known for one account's run.
pub struct Job<'j> {
    /// What the user calls the account.
    pub account: &'j str,
    /// The server.
    pub endpoint: &'j Endpoint,
    /// The user, as the server wants it.
    pub user: &'j str,
    /// The servers' names and the users of all configured accounts: what is on record of them is theirs.
    pub claimed: &'j [(String, String)],
    /// How to log in.
    pub auth: Auth,
    /// What the login is proved with.
    pub need: Need,
    /// Finds the password or token; called once, before the server is connected to.
    pub secret: &'j (dyn Fn() -> Result<Secret, credentials::Error> + Sync),
    /// Finds another token in place of one that the server refused, if there may be one; called once at most for each session.
    pub renew: &'j (dyn Fn(&Secret) -> Result<Option<Secret>, credentials::Error> + Sync),
    /// Makes a random text that was never used before: printable ASCII without a comma.
    pub nonce: &'j (dyn Fn() -> String + Sync),
    /// Where mail goes; not empty.
    pub destinations: &'j [Destination],
    /// What is deleted from the server.
    pub retention: Policy,
    /// Whether the server's copies follow the Maildirs here, whatever this run does.
    pub follows: bool,
    /// What is not fetched.
    pub limits: Limits,
    /// What is fetched although it was before.
    pub again: &'j Again,
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
    /// What programs are told that mail is handed to.
    pub surroundings: &'j Surroundings,
    /// What is run after new mail.
    pub after_sync: Option<&'j Program>,
    /// Asks whether mail that has left the Maildir all at once is to be deleted from the server, too.
    pub approve: &'j (dyn Fn(&Departure) -> bool + Sync),
}

/// What programs are told that mail is handed to.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The home folder.
    pub home: PathBuf,
    /// The name of this machine's user.
    pub login: String,
    /// What they inherit.
    pub inherited: Vec<(&'static str, OsString)>,
    /// The host's name, for LMTP servers.
    pub host: String,
}

/// What is fetched although it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing.
    Nothing,
    /// What is gone here.
    Missing,
    /// These.
    Uids(Vec<Uid>),
}

/// Mail that has left a Maildir all at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// How many messages.
    pub left: usize,
    /// … of so many that are on the server.
    pub all: usize,
    /// The Maildir.
    pub path: PathBuf,
}

/// Fetches what is new, delivers it, and deletes what is due.
#[must_use]
pub fn run(job: &Job<'_>, ledger: &Ledger, observer: &dyn Observer) -> Outcome {
    let mut tally = Tally::default();
    let failure = attempt(job, ledger, observer, &mut tally).err();
    announce::announce(job, &mut tally);
    Outcome { tally, failure }
}

/// Hands over what waits here, also what was refused a short time ago or is in quarantine; the server is left alone.
#[must_use]
pub fn retry(job: &Job<'_>, ledger: &Ledger) -> Outcome {
    let mut tally = Tally::default();
    let mut attempt = || {
        let (_lock, account) = open(job, ledger)?;
        prepare(job, &account, true, &mut tally).map(drop)
    };
    let failure = attempt().err();
    announce::announce(job, &mut tally);
    Outcome { tally, failure }
}

fn attempt(
    job: &Job<'_>,
    ledger: &Ledger,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<(), Error> {
    let (_lock, account) = open(job, ledger)?;
    let store = prepare(job, &account, false, tally)?;
    if account.is_new()? {
        recover::remove_orphans(job, ledger)?;
        if recognise::is_mail_here(&store)? {
            account.set_rebuilding(Some(job.now))?;
        }
    }
    let login_at = identity::wait_until_due(job, &account)?;
    let work = Work {
        job,
        identity: Identity::find(job)?,
        account: &account,
        store: &store,
        observer,
        rebuilding: account.is_rebuilding()?,
        manners: Manners::of(job, ledger)?,
        login_at,
    };
    let is_all_seen = work.sessions(tally)?;
    let left = tally.after_limit + tally.no_room + tally.too_large + tally.problems.len();
    if work.rebuilding && is_all_seen && left == 0 {
        account.set_rebuilding(None)?;
    }
    Ok(())
}

/// Takes the account's lock and finds its rows.
fn open<'l>(job: &Job<'_>, ledger: &'l Ledger) -> Result<(Lock, Account<'l>), Error> {
    let maildrop = (job.endpoint, job.user);
    Ok(former::open(
        ledger,
        job.state,
        maildrop,
        job.claimed,
        job.now,
    )?)
}

/// Opens the destinations, and finishes what an earlier run began.
fn prepare<'j>(
    job: &'j Job<'_>,
    account: &Account<'_>,
    now_or_never: bool,
    tally: &mut Tally,
) -> Result<Store<'j>, Error> {
    let owed = account.owed()?;
    let mut store = Store::open(job, account, &owed, tally)?;
    recover::recover(account, &mut store, owed, job, now_or_never, tally)?;
    Ok(store)
}
