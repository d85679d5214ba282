//! Exit statuses: one table from every error to a number of sysexits.h.

use std::process::ExitCode;

use super::import;
use super::sandbox;
use super::schedule;
use super::usage::{Cancelled, OfAccount, Usage};
use crate::check::Trouble;
use crate::credentials::{Key, oauth2};
use crate::import as other;
use crate::pop3::{Code, Refusal};
use crate::sync::{Outcome, Problem, Wait};
use crate::{config, credentials, delivery, pop3, state, sync};

/// How a run ended, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// All is well, also where there was no mail.
    Well,
    /// Try later: network, time-out, busy, a temporary refusal.
    Later,
    /// The server is unavailable, or refuses for good.
    Unavailable,
    /// The server breaks the protocol, or its TLS is not trusted.
    Protocol,
    /// Reading, writing or delivering here failed.
    Local,
    /// The login was refused.
    Login,
    /// The configuration is wrong.
    Configuration,
    /// The command line is wrong.
    Usage,
    /// A fault in popfetch itself.
    Bug,
}

impl Status {
    /// The number that the system gets.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::Bug => 70,
            Self::Local => 74,
            Self::Later => 75,
            Self::Protocol => 76,
            Self::Login => 77,
            Self::Configuration => 78,
        }
    }

    /// The status of an error that ended the program before any account was worked on.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        if error.is::<Usage>() {
            Self::Usage
        } else if error.is::<Cancelled>() {
            Self::Later
        } else if let Some(error) = error.downcast_ref::<config::Error>() {
            match error {
                config::Error::Unwritable { .. } => Self::Local,
                _ => Self::Configuration,
            }
        } else if let Some(error) = error.downcast_ref::<other::Error>() {
            match error {
                other::Error::Unreadable { .. } => Self::Local,
                other::Error::Nothing { .. }
                | other::Error::NotItsOwn { .. }
                | other::Error::TooLarge { .. } => Self::Usage,
            }
        } else if error.downcast_ref::<import::Fault>().is_some() {
            Self::Usage
        } else if let Some(error) = error.downcast_ref::<sandbox::Error>() {
            error.into()
        } else if let Some(error) = error.downcast_ref::<state::Error>() {
            error.into()
        } else if let Some(OfAccount { error, .. }) = error.downcast_ref() {
            error.into()
        } else if let Some(schedule::Error::NoCrontab) = error.downcast_ref() {
            Self::Unavailable
        } else if let Some(schedule::Error::Slow { .. }) = error.downcast_ref() {
            Self::Later
        } else {
            // What remains is the system's: no random numbers, no signals, a closed pipe.
            Self::Local
        }
    }

    /// The worst of what happened in an account's run.
    pub(super) fn of_outcome(outcome: &Outcome) -> Self {
        let problems = outcome.tally.problems.iter().map(Self::from).max();
        let failure = outcome.failure.as_ref().map(Self::from);
        problems.max(failure).unwrap_or(Self::Well)
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        status.number().into()
    }
}

impl From<&Problem> for Status {
    fn from(problem: &Problem) -> Self {
        match problem {
            Problem::DuplicateNumber { .. }
            | Problem::NoHeader { .. }
            | Problem::NoSize { .. }
            | Problem::NoUid { .. } => Self::Protocol,
            Problem::Closed { error, .. } => error.into(),
            Problem::NotAnnounced { stopped: true, .. }
            | Problem::PutOff { .. }
            | Problem::Waits {
                wait: Wait::NextRun,
                ..
            } => Self::Later,
            Problem::MassDeletion(_)
            | Problem::Unseen { .. }
            | Problem::NoRoom { .. }
            | Problem::NotAnnounced { .. }
            | Problem::Owed { .. }
            | Problem::SpoolLost { .. }
            | Problem::Waits { .. } => Self::Local,
            Problem::NotRetrieved { reply, .. }
            | Problem::NotDeleted { reply, .. }
            | Problem::NotUpdated { reply } => refusal(reply.code),
        }
    }
}

impl From<&sync::Error> for Status {
    fn from(error: &sync::Error) -> Self {
        match error {
            sync::Error::Credentials(error) => error.into(),
            sync::Error::Delivery(error) => error.into(),
            sync::Error::NoUidl { .. } => Self::Unavailable,
            sync::Error::Oversized { .. } => Self::Protocol,
            sync::Error::Pop3(error) => error.into(),
            sync::Error::State(error) => error.into(),
            sync::Error::Crowded { .. }
            | sync::Error::MaildirGone { .. }
            | sync::Error::Thread(_) => Self::Local,
            sync::Error::TooSoon { .. } => Self::Later,
            sync::Error::Unsendable { .. } => Self::Configuration,
        }
    }
}

impl From<&Trouble> for Status {
    fn from(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Credentials(error) => error.into(),
            Trouble::Delivery(error) => error.into(),
            Trouble::Pop3(error) => error.into(),
            Trouble::State(error) => error.into(),
            Trouble::Running { .. } | Trouble::Silent { .. } | Trouble::TooSoon { .. } => {
                Self::Later
            }
            Trouble::NoUidl { .. } | Trouble::Empty => Self::Unavailable,
            Trouble::Alike { .. }
            | Trouble::EndsSoon { .. }
            | Trouble::HeadersOnly { .. }
            | Trouble::OutOfTime { .. }
            | Trouble::Unidentified { .. } => Self::Protocol,
            Trouble::Gone { .. }
            | Trouble::LastRun { .. }
            | Trouble::LittleRoom { .. }
            | Trouble::NoRoom { .. }
            | Trouble::OtherClock { .. }
            | Trouble::Waiting { .. }
            | Trouble::WrongClock { .. } => Self::Local,
            Trouble::ByHand
            | Trouble::Cleartext
            | Trouble::Elsewhere { .. }
            | Trouble::HidesFetched { .. }
            | Trouble::KeepsDeleted { .. }
            | Trouble::NotInCron { .. }
            | Trouble::TooLarge { .. }
            | Trouble::Unattended { .. }
            | Trouble::Unsendable { .. }
            | Trouble::Writable { .. } => Self::Configuration,
        }
    }
}

impl From<&pop3::Error> for Status {
    fn from(error: &pop3::Error) -> Self {
        use pop3::Error;
        match error {
            Error::Closed { .. }
            | Error::Connect { .. }
            | Error::Lost { .. }
            | Error::Proxy { .. }
            | Error::Stalled { .. }
            | Error::Stopped
            | Error::TimedOut { .. }
            | Error::TooLong { .. }
            | Error::Lookup { unknown: false, .. } => Self::Later,
            // The engine reads on to the last reply or gives the session up.
            Error::Abandoned { .. } => Self::Bug,
            Error::Lookup { unknown: true, .. }
            | Error::NoAddress { .. }
            | Error::NotOffered { .. }
            | Error::NoTimestamp => Self::Unavailable,
            Error::ClientRefused { .. }
            | Error::Handshake { .. }
            | Error::NoStls { .. }
            | Error::PlainPort { .. }
            | Error::StlsRefused { .. }
            | Error::Tls { .. }
            | Error::TlsPort { .. }
            | Error::Unproven { .. }
            | Error::Untrusted { .. }
            | Error::Violation { .. }
            | Error::WrongFingerprint { .. } => Self::Protocol,
            Error::ClientCertificate { .. }
            | Error::ClientKey { .. }
            | Error::ClientKeyExposed { .. }
            | Error::ClientKeyForm { .. }
            | Error::Roots { .. }
            | Error::Source { .. } => Self::Configuration,
            Error::ProxyRefused { refusal, .. } => match refusal {
                refusal if refusal.is_temporary() => Self::Later,
                Refusal::NotSocks => Self::Protocol,
                Refusal::Login | Refusal::LoginWanted | Refusal::NoMethod => Self::Configuration,
                _ => Self::Unavailable,
            },
            Error::Login { reply, .. } => match reply.code {
                None | Some(Code::Auth) => Self::Login,
                code => refusal(code),
            },
            Error::Refused { reply, .. } => refusal(reply.code),
        }
    }
}

impl From<&sandbox::Error> for Status {
    fn from(error: &sandbox::Error) -> Self {
        use sandbox::Error;
        match error {
            Error::Program { .. } | Error::TooWide { .. } => Self::Usage,
            Error::Unavailable { .. } => Self::Unavailable,
            Error::Left => Self::Local,
        }
    }
}

impl From<&state::Error> for Status {
    fn from(error: &state::Error) -> Self {
        if error.is_temporary() {
            Self::Later
        } else {
            Self::Local
        }
    }
}

impl From<&delivery::Error> for Status {
    fn from(error: &delivery::Error) -> Self {
        use delivery::Error;
        match error {
            error if error.is_temporary() => Self::Later,
            Error::NoLmtp { .. } => Self::Protocol,
            Error::LmtpRefused { .. } => Self::Unavailable,
            _ => Self::Local,
        }
    }
}

impl From<&credentials::Error> for Status {
    fn from(error: &credentials::Error) -> Self {
        use credentials::Error;
        match error {
            // What gives tokens goes to the net itself.
            Error::CommandTimedOut { .. }
            | Error::CommandFailed {
                key: Key::Token, ..
            }
            | Error::NoToken { .. }
            | Error::Stopped => Self::Later,
            Error::Keyring { .. } => Self::Unavailable,
            Error::OAuth2(error) => error.as_ref().into(),
            Error::Prompt { .. } => Self::Local,
            Error::Command { .. }
            | Error::CommandFailed { .. }
            | Error::Empty { .. }
            | Error::Exposed { .. }
            | Error::File { .. }
            | Error::Led { .. }
            | Error::Nowhere { .. } => Self::Configuration,
        }
    }
}

impl From<&oauth2::Error> for Status {
    fn from(error: &oauth2::Error) -> Self {
        use oauth2::Error;
        match error {
            error if error.is_temporary() => Self::Later,
            Error::Damaged { .. }
            | Error::Denied { .. }
            | Error::Expired
            | Error::NotLoggedIn
            | Error::Pasted { .. }
            | Error::Revoked { .. } => Self::Login,
            Error::ClientSecret { source } => source.into(),
            Error::File { .. } | Error::Listen { .. } => Self::Local,
            _ => Self::Configuration,
        }
    }
}

/// What a refusal means by its response code (RFC 2449 §8.1, RFC 3206 §4).
fn refusal(code: Option<Code>) -> Status {
    match code {
        Some(Code::InUse | Code::LoginDelay | Code::SysTemp) => Status::Later,
        Some(Code::Auth) => Status::Login,
        Some(Code::SysPerm) | None => Status::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_account_decides() {
        let worst = [Status::Later, Status::Login, Status::Well]
            .into_iter()
            .max();
        assert_eq!(worst, Some(Status::Login));
    }

    #[test]
    fn a_stop_that_cuts_after_sync_short_is_no_failure_of_it() {
        let status = |stopped| {
            let reason = "sh was ended".to_owned();
            Status::from(&Problem::NotAnnounced { reason, stopped }).number()
        };
        assert_eq!((status(true), status(false)), (75, 74));
    }

    #[test]
    fn response_codes_tell_later_from_never() {
        assert_eq!(refusal(Some(Code::InUse)).number(), 75);
        assert_eq!(refusal(Some(Code::SysTemp)).number(), 75);
        assert_eq!(refusal(Some(Code::SysPerm)).number(), 69);
        assert_eq!(refusal(Some(Code::Auth)).number(), 77);
        assert_eq!(refusal(None).number(), 69);
    }
}
