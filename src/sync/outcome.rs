//! What came of a run: what was done, what was not, and why it ended early.
//!
//! Invariant: an [`Outcome`] tells all of it; nothing else is left in a log for a program to find.

use std::fmt;
use std::mem;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::Departure;
use crate::mail::{MessageNumber, Octets, Uid};
use crate::plan::Decision;
use crate::pop3::{self, ArgumentError, Reply};
use crate::{credentials, delivery, state};

/// What came of one account's run.
#[derive(Debug)]
pub struct Outcome {
    /// What was done.
    pub tally: Tally,
    /// Why the run ended early, if it did.
    pub failure: Option<Error>,
}

/// What one account's run did.
#[derive(Debug, Default)]
pub struct Tally {
    /// Messages on the server.
    pub listed: usize,
    /// New messages that are here now.
    pub new: usize,
    /// Their size here.
    pub new_octets: Octets,
    /// Messages of an interrupted run that were published now.
    pub recovered: usize,
    /// New messages that are larger than `max-size`.
    pub too_large: usize,
    /// New messages that proved to be on record under another uid.
    pub recognised: usize,
    /// New messages that were here before anything was on record.
    pub found: usize,
    /// New messages for which the disk has no room.
    pub no_room: usize,
    /// The server was found not to tell uids.
    pub lacks_uidl: bool,
    /// What the server said instead of giving any header.
    pub no_headers: Option<Reply>,
    /// New messages that `max-messages` leaves for a later run.
    pub after_limit: usize,
    /// Messages that the server was told to delete.
    pub deleted: usize,
    /// Messages that were passed over, the first of them.
    pub problems: Vec<Problem>,
    /// How many more were.
    pub further_problems: usize,
}

/// How many problems of a run are kept: enough to see what is wrong, and no burden when it is everything.
const MAX_PROBLEMS: usize = 100;

impl Tally {
    pub(super) fn note(&mut self, problem: Problem) {
        let kind = mem::discriminant(&problem);
        let is_first = !(self.problems.iter()).any(|known| mem::discriminant(known) == kind);
        // None hides that there are others of another kind.
        if is_first || self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.further_problems += 1;
        }
    }

    pub(super) fn note_all(&mut self, problems: Vec<Problem>) {
        for problem in problems {
            self.note(problem);
        }
    }

    /// How many messages the server did not give, as far as that is kept.
    pub(super) fn refused(&self) -> usize {
        let problems = self.problems.iter();
        let refused = problems.filter(|problem| matches!(problem, Problem::NotRetrieved { .. }));
        refused.count()
    }

    /// Adds what a further session of the same run did, and found.
    pub(super) fn add(&mut self, session: Self) {
        self.new += session.new;
        self.new_octets.0 += session.new_octets.0;
        self.recognised += session.recognised;
        self.found += session.found;
        self.no_room += session.no_room;
        self.lacks_uidl |= session.lacks_uidl;
        self.deleted += session.deleted;
        self.further_problems += session.further_problems;
        for problem in session.problems {
            // Both sessions see what is wrong with a listing.
            let text = problem.to_string();
            if !self.problems.iter().any(|known| known.to_string() == text) {
                self.note(problem);
            }
        }
    }

    /// Counts what is left on the server; returns for how many there is no room.
    pub(super) fn count_left(&mut self, decisions: &[Decision]) -> usize {
        let before = self.no_room;
        for decision in decisions {
            match decision {
                Decision::TooLarge(_) => self.too_large += 1,
                Decision::AfterLimit(_) => self.after_limit += 1,
                Decision::NoRoom => self.no_room += 1,
                Decision::Fetch | Decision::Known => {}
            }
        }
        self.no_room - before
    }
}

/// What went wrong without ending the run. The messages meant are still on the server, or wait here.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// UIDL names the number several times, and nobody can say which uid is meant.
    #[error("message {number} is listed several times")]
    DuplicateNumber {
        /// Its number in this session.
        number: MessageNumber,
    },
    /// LIST has the message and UIDL has not, or has no uid for it.
    #[error("message {number} has no uid")]
    NoUid {
        /// Its number in this session.
        number: MessageNumber,
    },
    /// UIDL has the message and LIST has not.
    #[error("message {number} has a uid and no size")]
    NoSize {
        /// Its number in this session.
        number: MessageNumber,
    },
    /// The server did not give the message.
    #[error("the server refused RETR for {uid}: {reply}")]
    NotRetrieved {
        /// Its uid.
        uid: Uid,
        /// What the server said.
        reply: Reply,
    },
    /// The server did not delete the message.
    #[error("the server refused DELE for {uid}: {reply}")]
    NotDeleted {
        /// Its uid.
        uid: Uid,
        /// What the server said.
        reply: Reply,
    },
    /// The server gives neither a uid nor a header by which the message could be told from others.
    #[error("message {number} cannot be told from others: {reply}")]
    NoHeader {
        /// Its number in this session.
        number: MessageNumber,
        /// What the server said to TOP.
        reply: Reply,
    },
    /// A message is here and not where it is to go.
    #[error("{uid} waits for {address}{wait}: {reason}")]
    Waits {
        /// Its uid.
        uid: Uid,
        /// The destination.
        address: String,
        /// Why it waits.
        reason: String,
        /// How often it was refused.
        tries: u32,
        /// Until when.
        wait: Wait,
    },
    /// A destination put off several messages, so that the others were not handed to it.
    #[error("{messages} more messages wait for {address}, which takes none at present")]
    PutOff {
        /// How many.
        messages: usize,
        /// The destination.
        address: String,
    },
    /// A destination cannot be used; what is for it waits.
    #[error("{address} cannot be used")]
    Closed {
        /// The destination.
        address: String,
        /// Why not.
        #[source]
        error: Error,
    },
    /// Files were removed from the spool.
    #[error("{messages} messages were lost from the spool")]
    SpoolLost {
        /// How many.
        messages: usize,
    },
    /// The disk would be full.
    #[error("{messages} new messages were not fetched: there is room for {room} more here")]
    NoRoom {
        /// How many.
        messages: usize,
        /// How much may be fetched.
        room: Octets,
    },
    /// Most of the mail has left the Maildir at once, so that nothing was deleted from the server.
    #[error("{left} of {all} messages have left {path} at once, and were kept on the server",
        left = .0.left, all = .0.all, path = .0.path.display())]
    MassDeletion(Departure),
    /// Nobody can say what has left the Maildirs, so that nothing was deleted from the server for that.
    #[error(
        "what left the Maildirs here was kept on the server, for not all folders could be looked through"
    )]
    Unseen {
        /// What could not.
        #[source]
        source: delivery::Error,
    },
    /// A run was interrupted, and what it owes to a former destination cannot be put there.
    #[error("{messages} messages wait for {address}: {reason}")]
    Owed {
        /// How many.
        messages: usize,
        /// The destination.
        address: String,
        /// Why they wait.
        reason: String,
    },
    /// What is to be run after new mail failed; the mail is here.
    #[error("after-sync: {reason}")]
    NotAnnounced {
        /// Why.
        reason: String,
        /// Whether a stop was asked for, which is no fault of the program.
        stopped: bool,
    },
    /// The server did not delete all that it had promised to.
    #[error("the server could not delete all: {reply}")]
    NotUpdated {
        /// What the server said to QUIT.
        reply: Reply,
    },
}

/// Until when a message waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The next run tries again.
    NextRun,
    /// A run after this time tries again.
    Until(Timestamp),
    /// Nobody tries again unless asked to.
    Quarantined,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NextRun => Ok(()),
            Self::Until(time) => write!(f, " until {time:.0}"),
            Self::Quarantined => f.write_str(" in quarantine"),
        }
    }
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The password could not be found.
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    /// Mail could not be made durable here.
    #[error(transparent)]
    Delivery(#[from] delivery::Error),
    /// Mail was on its way to a Maildir that is not there any more.
    #[error("the Maildir {} is gone, and mail was on its way there or is watched there", path.display())]
    MaildirGone {
        /// The Maildir.
        path: PathBuf,
    },
    /// The server tells neither uids nor headers, so that new mail cannot be told from old.
    #[error("the server refused UIDL and TOP: {reply}")]
    NoUidl {
        /// What the server said.
        reply: Reply,
    },
    /// A message went on far beyond its listed size.
    #[error("message {uid} was listed with {listed} and had no end after {received}")]
    Oversized {
        /// Its uid.
        uid: Uid,
        /// What LIST said.
        listed: Octets,
        /// What came before it was cut off.
        received: Octets,
    },
    /// A message brought more than it was listed with, and the disk has no room for that.
    #[error("there is no room for message {uid} here, which was listed with {listed}")]
    Crowded {
        /// Its uid.
        uid: Uid,
        /// What LIST said.
        listed: Octets,
    },
    /// The connection, or what came over it, failed.
    #[error(transparent)]
    Pop3(#[from] pop3::Error),
    /// What is known could not be read or written.
    #[error(transparent)]
    State(#[from] state::Error),
    /// The server wants more time between two logins, so that it was not asked.
    #[error("the server wants more time between two logins: the next one is due in {}", minutes(*left))]
    TooSoon {
        /// How long it is until then.
        left: Duration,
    },
    /// User, password or token cannot be sent.
    #[error("the {what} cannot be sent")]
    Unsendable {
        /// Which of them.
        what: &'static str,
        /// Why not.
        source: ArgumentError,
    },
    /// The thread that writes could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// A time in minutes and seconds, in words.
fn minutes(time: Duration) -> String {
    let (minutes, seconds) = (time.as_secs() / 60, time.as_secs() % 60);
    match (minutes, seconds) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
