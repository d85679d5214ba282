//! Finds out why an account gets no mail, or that nothing stands in its way: one thing after another, from its secret to
//! the disk that its mail is stored on.
//!
//! ```text
//!   secret ─▶ DNS ─▶ connect ─▶ TLS ─▶ CAPA ─▶ login ─▶ maildrop ─▶ UIDL ─▶ what is new
//!   destinations, disk, state, clock: whatever came of those
//! ```
//!
//! It refuses to know configuration files, terminals and cures. Invariants: no mail is retrieved, delivered or deleted,
//! here or there, and the session ends with QUIT; a login that was refused is not tried again; what depends on something
//! that failed is not tried; once a stop is asked for, nothing more is told.

mod clock;
mod finding;
mod login;
mod maildrop;
mod record;
mod server;
mod store;
mod trouble;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use jiff::Timestamp;

pub use finding::{Event, Finding, Mark, Topic};
pub use store::CRON_PATH;
pub use trouble::Trouble;

use crate::credentials;
use crate::delivery::Destination;
use crate::plan::Limits;
use crate::pop3::{Auth, Endpoint, Need, Patience};
use crate::providers::Provider;
use crate::retention::Policy;
use crate::secret::Secret;
use finding::Teller;
use record::Record;

/// How far a check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The secret, the server and its maildrop.
    Server,
    /// All of it.
    All,
}

/// A secret, and in words where it was found.
pub type Found = (Secret, String);

/// All that is to be known of the account that is checked.
pub struct Subject<'s> {
    /// The server.
    pub endpoint: &'s Endpoint,
    /// The user, as the server wants it.
    pub user: &'s str,
    /// How to log in.
    pub auth: Auth,
    /// What the login is proved with.
    pub need: Need,
    /// The provider, if it is a known one.
    pub provider: Option<&'static Provider>,
    /// Finds the password or token; called once.
    pub secret: &'s dyn Fn() -> Result<Found, credentials::Error>,
    /// Finds another token in place of one that the server refused, if there may be one; called once at most.
    pub renew: &'s dyn Fn(&Secret) -> Result<Option<Secret>, credentials::Error>,
    /// Finds out whether the secret is found without a terminal, in the surroundings that cron gives; `None` where it is
    /// found as it is here.
    pub unattended: Option<&'s dyn Fn() -> Result<String, Trouble>>,
    /// Makes a random text that was never used before: printable ASCII without a comma.
    pub nonce: &'s dyn Fn() -> String,
    /// Where mail goes; not empty.
    pub destinations: &'s [Destination],
    /// What is not fetched.
    pub limits: Limits,
    /// What is deleted from the server.
    pub retention: Policy,
    /// How long a server may be silent, and whether the check is to end.
    pub patience: Patience,
    /// The time that counts.
    pub now: Timestamp,
    /// The folder of the state.
    pub state: &'s Path,
    /// PATH, in which programs are looked for, if it is set.
    pub path: Option<&'s OsStr>,
    /// The host's name, for LMTP servers.
    pub host: &'s str,
}

impl Subject<'_> {
    fn is_stopped(&self) -> bool {
        self.patience.stop().load(Ordering::Relaxed)
    }
}

/// Checks an account, and tells what is found as it is found; false if it was told to end before the end.
pub fn check(subject: &Subject<'_>, scope: Scope, tell: &mut dyn FnMut(Event<'_>)) -> bool {
    let begun = Instant::now();
    let mut teller = Teller::new(tell, &subject.patience);
    let record = Record::look(subject);
    let proof = login::secret(subject, &mut teller);
    if scope == Scope::All && proof.is_some() {
        login::unattended(subject, &mut teller);
    }
    let mut new = maildrop::New::default();
    let opened = server::connect(subject, proof.as_ref(), &mut teller)
        .and_then(|connection| login::log_in(subject, connection, proof, &record, &mut teller));
    let is_open = opened.is_some();
    if let Some((session, listings)) = opened {
        new = maildrop::look(subject, session, listings, &record, &mut teller);
    }
    if scope == Scope::All && !subject.is_stopped() {
        store::look(subject, &record, &new, &mut teller);
        record.tell(subject, is_open, &mut teller);
        clock::look(subject, begun.elapsed(), &mut teller);
    }
    !subject.is_stopped()
}
