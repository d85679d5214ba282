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

/// The kind of what ended a run. Where trying later helps, that is all there is to it: texts and places differ from one
/// run to the next, as the line breaks here or there. Else who was told of a full disk does not know of a broken state.
pub(super) fn of_failure(error: &Error) -> Trouble {
    // Without a network some systems say that there is no such name.
    let status = match error {
        Error::Pop3(pop3::Error::Lookup { .. }) => Status::Later,
        error => Status::from(error),
    };
    let about = match error {
        _ if status == Status::Later => "",
        Error::Credentials(_) => " secret",
        Error::Delivery(_) => " delivery",
        Error::MaildirGone { .. } => " gone",
        Error::State(_) => " state",
        Error::Pop3(
            pop3::Error::Unproven { .. }
            | pop3::Error::Untrusted { .. }
            | pop3::Error::WrongFingerprint { .. },
        ) => " trust",
        _ => "",
    };
    Trouble(format!("ended {}{about}", status.number()))
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
        Problem::Unseen { .. } => "unseen".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery;

    #[test]
    fn who_knows_of_one_lasting_failure_is_told_of_another_with_the_same_status() {
        let gone = Error::MaildirGone { path: "m".into() };
        let full = Error::Delivery(delivery::Error::Mbox {
            path: "m".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        });
        let state = Error::State(state::Error::ReadOnly { path: "s".into() });
        assert_ne!(of_failure(&gone), of_failure(&full));
        assert_ne!(of_failure(&gone), of_failure(&state));
        let busy = Error::State(state::Error::Busy { pid: None });
        let lost = Error::Pop3(pop3::Error::Closed { during: "LIST" });
        assert_eq!(of_failure(&busy), of_failure(&lost));
        let lookup = Error::Pop3(pop3::Error::Lookup {
            host: "h".to_owned(),
            unknown: true,
            source: std::io::ErrorKind::Other.into(),
        });
        assert_eq!(of_failure(&lookup), of_failure(&lost));
    }
}
