//! What came of a run: what was done, what was not, and why it ended early.
//!
//! Invariant: an [`Outcome`] tells all of it; nothing else is left in a log for a program to find.

use std::path::PathBuf;

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
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.further_problems += 1;
        }
    }

    /// Adds what a further session of the same run did, and found.
    pub(super) fn add(&mut self, session: Self) {
        self.new += session.new;
        self.new_octets.0 += session.new_octets.0;
        self.deleted += session.deleted;
        self.further_problems += session.further_problems;
        for problem in session.problems {
            if !self.problems.contains(&problem) {
                self.note(problem);
            }
        }
    }

    pub(super) fn count_left(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            match decision {
                Decision::TooLarge(_) => self.too_large += 1,
                Decision::AfterLimit(_) => self.after_limit += 1,
                Decision::Fetch | Decision::Known => {}
            }
        }
    }
}

/// Why one message was passed over. It stays on the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// UIDL names the number several times, and nobody can say which uid is meant.
    #[error("message {number} is listed several times")]
    DuplicateNumber {
        /// Its number in this session.
        number: MessageNumber,
    },
    /// Several messages have the same uid, and nobody can say which of them is meant.
    #[error("message {number} shares its uid {uid} with another")]
    DuplicateUid {
        /// Its number in this session.
        number: MessageNumber,
        /// The uid of both.
        uid: Uid,
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
    /// The server did not delete all that it had promised to.
    #[error("the server could not delete all: {reply}")]
    NotUpdated {
        /// What the server said to QUIT.
        reply: Reply,
    },
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
    #[error("the Maildir {} is gone, and an interrupted run had not finished there", path.display())]
    MaildirGone {
        /// The Maildir.
        path: PathBuf,
    },
    /// The server does not tell uids, so that new mail cannot be told from old.
    #[error("the server refused UIDL: {reply}")]
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
    /// The connection, or what came over it, failed.
    #[error(transparent)]
    Pop3(#[from] pop3::Error),
    /// What is known could not be read or written.
    #[error(transparent)]
    State(#[from] state::Error),
    /// User or password cannot be sent.
    #[error("the {what} cannot be sent")]
    Unsendable {
        /// Which of the two.
        what: &'static str,
        /// Why not.
        source: ArgumentError,
    },
    /// The thread that writes could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}
