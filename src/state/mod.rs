//! Remembers which messages are safe here: what was committed, published, and deleted from the server; and how servers
//! take what is sent ahead.
//!
//! It refuses to know how a message came or what a file holds. Invariants, as the promises of the crate look from here:
//!
//! - one transaction makes a whole batch known, after its files were made durable ([`Account::commit`]);
//! - a message stays unpublished until it is said to be published, so that an interruption is found by the next run;
//! - a deletion is counted as done only when the server no longer lists the uid ([`Account::settle`]);
//! - an account's rows belong to a server and a user, so that a profile can be renamed;
//! - what another program has, or somebody marked as seen, is told from what was fetched ([`Origin`]).
//!
//! One SQLite database in WAL mode with full synchronisation holds all accounts; a lock file for each account, held by
//! the kernel, keeps two runs apart.

mod account;
mod bulk;
mod delays;
mod deliveries;
mod elsewhere;
mod error;
mod export;
mod facts;
mod history;
mod ledger;
mod likeness;
mod lock;
mod moves;
mod record;
mod removal;
mod runs;
mod schema;
mod servers;
mod soundness;
mod stumbles;

pub use account::{Account, Arrival, DestinationId, MessageId, Recognised, Route};
pub use deliveries::{DeliveryId, Filed, Owed};
pub use elsewhere::{MARKED, Origin, Taken, TakenOver};
pub use error::Error;
pub use export::{Copied, Exported, Restored};
pub use facts::{Facts, Known, Present, Standing};
pub use history::{Heading, Kept, Past, Place};
pub use ledger::Ledger;
pub use likeness::Likeness;
pub use lock::Lock;
pub use removal::{Forgotten, Removal};
pub use runs::{LastRun, Told, Trouble};
pub use servers::{Habits, Lesson};
pub use soundness::examine;
