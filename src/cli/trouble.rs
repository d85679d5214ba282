//! Which trouble of a run is the same as that of the run before, so that who is told of it is told once.
//!
//! It refuses to know when that is. Invariant: a message that is kept from arriving is trouble of its own; what only
//! keeps others waiting is one trouble for each place.

use super::exit::Status;
use crate::state::{self, Trouble};
use crate::sync::{Error, Outcome, Problem, Wait};
use crate::{credentials, pop3};

/// All of a run's trouble.
pub(super) fn of_run(outcome: &Outcome) -> Vec<Trouble> {
    let problems = outcome.tally.problems.iter().map(of_problem);
    let failure = outcome.failure.as_ref().map(of_failure);
    problems.chain(failure).collect()
}

/// The kind of what ended a run: its texts differ from one run to the next, as the line breaks here or there.
pub(super) fn of_failure(error: &Error) -> Trouble {
    Trouble(format!("ended {}", Status::from(error).number()))
}

/// The kind of what did not end it.
pub(super) fn of_problem(problem: &Problem) -> Trouble {
    Trouble(match problem {
        Problem::DuplicateNumber { .. } => "listed twice".to_owned(),
        Problem::NoUid { .. } => "no uid".to_owned(),
        Problem::NoSize { .. } => "no size".to_owned(),
        Problem::NoHeader { .. } => "no header".to_owned(),
        Problem::NotRetrieved { uid, .. } => format!("refused {uid}"),
        Problem::NotDeleted { uid, .. } => format!("not deleted {uid}"),
        Problem::Waits {
            wait: Wait::NextRun,
            address,
            ..
        }
        | Problem::PutOff { address, .. } => format!("put off {address}"),
        Problem::Waits {
            wait: Wait::Until(_),
            uid,
            address,
            ..
        } => format!("waits {uid} {address}"),
        Problem::Waits {
            wait: Wait::Quarantined,
            uid,
            address,
            ..
        } => format!("quarantined {uid} {address}"),
        Problem::Closed { address, .. } => format!("closed {address}"),
        Problem::SpoolLost { .. } => "spool lost".to_owned(),
        Problem::NoRoom { .. } => "no room".to_owned(),
        Problem::MassDeletion(departure) => format!("departed {}", departure.path.display()),
        Problem::Owed { address, .. } => format!("owed {address}"),
        Problem::NotAnnounced { .. } => "after-sync".to_owned(),
        Problem::NotUpdated { .. } => "not updated".to_owned(),
    })
}

/// Whether a run ended because somebody wanted it to.
pub(super) fn is_stopped(outcome: &Outcome) -> bool {
    matches!(
        outcome.failure,
        Some(Error::Pop3(pop3::Error::Stopped) | Error::Credentials(credentials::Error::Stopped))
    )
}

/// Whether a run did not begin, because another has the account.
pub(super) fn is_busy(outcome: &Outcome) -> bool {
    matches!(
        outcome.failure,
        Some(Error::State(state::Error::Busy { .. }))
    )
}
