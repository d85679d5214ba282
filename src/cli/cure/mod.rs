//! What can be done about an error: the one place that knows both the errors and the words of the configuration.

mod check;
mod secret;
mod server;

use std::error::Error as _;
use std::io;

pub(super) use check::of_trouble;
pub(super) use secret::of_credentials;
pub(super) use server::of_pop3;

use crate::config::Account;
use crate::providers::{self, Provider};
use crate::sync::Wait;
use crate::{delivery, state, sync};

/// Whose trouble it is.
#[derive(Clone, Copy)]
pub(super) struct Whose<'w> {
    /// The account's name.
    pub(super) account: &'w str,
    /// Its user.
    pub(super) user: &'w str,
    /// Its provider, if that is a known one.
    pub(super) provider: Option<&'static Provider>,
}

impl<'w> Whose<'w> {
    pub(super) fn of(account: &'w Account) -> Self {
        Self {
            account: &account.name,
            user: &account.user,
            provider: account.provider.and_then(providers::by_key),
        }
    }
}

/// The cure of an error in an account's run, where there is one.
pub(super) fn of_run(error: &sync::Error, whose: &Whose<'_>) -> Option<String> {
    let account = whose.account;
    match error {
        sync::Error::Credentials(error) => of_credentials(error, account),
        sync::Error::Delivery(error) => of_delivery(error),
        sync::Error::Pop3(error) => of_pop3(error, whose),
        sync::Error::State(error) => Some(of_state(error)),
        sync::Error::MaildirGone { path } => Some(format!(
            "is its disk mounted? If you removed it on purpose, make it again (mkdir -p '{}/new'); nothing was fetched",
            path.display()
        )),
        sync::Error::NoUidl { .. } => Some(
            "popfetch needs UIDL or TOP to tell new mail from old; nothing was fetched".to_owned(),
        ),
        sync::Error::Crowded { .. } => {
            Some("make room; the mail is still on the server".to_owned())
        }
        sync::Error::Oversized { .. } => {
            Some("the server may be at fault: look at the message in its web mail".to_owned())
        }
        sync::Error::Unsendable { what, .. } => Some(format!("correct the {what}")),
        sync::Error::TooSoon { .. } => {
            Some("nothing was fetched; run popfetch less often for this account".to_owned())
        }
        sync::Error::Thread(_) => None,
    }
}

/// The cure of what kept one message, or some, from arriving, where there is one.
pub(super) fn of_problem(problem: &sync::Problem, whose: &Whose<'_>) -> Option<String> {
    let account = whose.account;
    match problem {
        sync::Problem::Closed { error, .. } => of_run(error, whose),
        sync::Problem::Waits {
            wait: Wait::Quarantined,
            ..
        } => Some(format!("`popfetch retry {account}` tries again")),
        sync::Problem::Waits { wait: Wait::Until(_), .. } => Some(format!(
            "it is kept here and tried again then, or now by `popfetch retry {account}`"
        )),
        sync::Problem::Waits { wait: Wait::NextRun, .. } => {
            Some("it is kept here and tried again by the next run".to_owned())
        }
        sync::Problem::PutOff { .. } => {
            Some("they are kept here and tried again by the next run".to_owned())
        }
        sync::Problem::SpoolLost { .. } => {
            Some("what no destination has is fetched again; for the rest, name the uids to `popfetch refetch`".to_owned())
        }
        sync::Problem::NoRoom { .. } => Some("make room; the mail is still on the server".to_owned()),
        sync::Problem::MassDeletion(_) => Some(format!(
            "is the disk mounted? If you deleted them, run `popfetch sync {account}` on a terminal and say so; if not, `popfetch refetch {account} --missing` brings them back"
        )),
        sync::Problem::Unseen { .. } => Some(
            "make it readable, or move it away from the Maildir; new mail was fetched all the same"
                .to_owned(),
        ),
        sync::Problem::Owed { .. } => Some(
            "mount its disk, or make the folder again, with new/ in it, if you removed it on purpose"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The cure of an error of the state.
pub(super) fn of_state(error: &state::Error) -> String {
    use state::Error;
    match error {
        Error::Damaged { path, .. } => format!(
            "run popfetch again: it keeps '{}' aside, and recognises the mail that is here already",
            path.display()
        ),
        Error::ReadOnly { path } => format!(
            "nothing was fetched; make it and its folder writable (chmod u+w '{}')",
            path.display()
        ),
        Error::Foreign { .. } => {
            "nothing was fetched; run popfetch as that user, or set XDG_STATE_HOME to a folder of yours".to_owned()
        }
        Error::Exposed { path, .. } => format!("nothing was fetched; run: chmod go-w '{}'", path.display()),
        Error::Folder { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            "nothing was fetched; make it yours and writable, or set XDG_STATE_HOME to another folder"
                .to_owned()
        }
        Error::Newer { .. } => "install that version".to_owned(),
        Error::Busy { .. } => "wait for it to end".to_owned(),
        Error::Database { .. } if error.is_temporary() => {
            "another program has it open; try later".to_owned()
        }
        Error::Database { .. } => {
            "nothing is lost; check that the disk has room and that the folder is writable".to_owned()
        }
        Error::Folder { .. } => {
            "nothing was fetched; check that the disk has room and can be written".to_owned()
        }
    }
}

/// The cure of an error in delivering, where there is one.
pub(super) fn of_delivery(error: &delivery::Error) -> Option<String> {
    use delivery::Error;
    match error {
        Error::Locked { path, .. } => {
            return Some(format!(
                "wait for it to end, or remove '{}.lock' if no program uses the mbox",
                path.display()
            ));
        }
        Error::Foreign { .. } | Error::Led { .. } => {
            return Some(
                "deliver to a folder of yours, or run popfetch as that user; nothing was delivered there".to_owned(),
            );
        }
        Error::NotAnMbox { .. } => {
            return Some("correct deliver; nothing was fetched for it".to_owned());
        }
        Error::LmtpConnect { .. } | Error::LmtpLost { .. } => {
            return Some(
                "is the LMTP server running, and the address in deliver right?".to_owned(),
            );
        }
        Error::LmtpRefused { .. } | Error::NoLmtp { .. } => {
            return Some("ask whoever runs that server; what is meant for it waits here or on the POP server".to_owned());
        }
        Error::Stopped => return None,
        _ => {}
    }
    let source = error.source()?.downcast_ref::<io::Error>()?;
    Some(match (source.kind(), error) {
        (io::ErrorKind::NotFound, Error::Program { .. }) => {
            "correct deliver, or name the program with its path: cron has few folders in PATH; the mail is safe".to_owned()
        }
        (io::ErrorKind::PermissionDenied, Error::Program { .. }) => {
            "make it executable (chmod +x), or correct deliver; the mail is safe".to_owned()
        }
        (_, Error::Program { .. }) => "correct deliver; the mail is safe".to_owned(),
        (io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem, _) => {
            "make it yours and writable, or correct deliver; the mail is still on the server".to_owned()
        }
        (io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, _) => {
            "make room; the mail is still on the server".to_owned()
        }
        (io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists, _) => {
            "a file is where a folder should be: correct deliver".to_owned()
        }
        _ => "the mail is still on the server".to_owned(),
    })
}
