//! What is wrong with a command line, and whose trouble an error is.
//!
//! It refuses to know the status that comes of it.

use std::path::PathBuf;

use super::args::Global;
use crate::credentials;

/// The trouble of one account in a command that is about it alone.
#[derive(Debug, thiserror::Error)]
#[error("{account}")]
pub(super) struct OfAccount {
    /// The account's name.
    pub(super) account: String,
    /// What is wrong.
    #[source]
    pub(super) error: credentials::Error,
}

impl OfAccount {
    /// Says whose an error is.
    pub(super) fn of(account: &str) -> impl Fn(credentials::Error) -> Self {
        move |error| Self {
            account: account.to_owned(),
            error,
        }
    }
}

/// Somebody ended the questions before all were answered.
#[derive(Debug, thiserror::Error)]
#[error("stopped; nothing was written")]
pub(super) struct Cancelled;

/// A command line that cannot be obeyed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Usage {
    /// No account has this name.
    #[error("there is no account \"{name}\" in {}{}", path.display(), suggestion(nearest.as_deref(), known))]
    NoAccount {
        /// The name as it was given.
        name: String,
        /// The configuration.
        path: PathBuf,
        /// The name that may have been meant.
        nearest: Option<String>,
        /// The names there are.
        known: Vec<String>,
    },
    /// What is missing was asked of an account without a Maildir.
    #[error(
        "{name} delivers to no Maildir, in which popfetch could look for what is missing: name the uids"
    )]
    WithoutMaildir {
        /// The account.
        name: String,
    },
    /// An option is about OAuth2, and the account has a password.
    #[error(
        "{name} logs in with a password: {option} goes with accounts that log in by OAuth2, as `oauth` says"
    )]
    WithoutOAuth2 {
        /// The account.
        name: String,
        /// The option.
        option: &'static str,
    },
    /// `login` was asked of an account that has nothing to keep.
    #[error("{name} logs in with {proof}: there is nothing to put into the keyring")]
    NothingToKeep {
        /// The account.
        name: String,
        /// What it logs in with.
        proof: &'static str,
    },
    /// A time is neither a date nor a length of time.
    #[error(
        "\"{text}\" is no time: write a date (2026-11-22), a date and a time (\"2026-11-22 08:30\"), today, yesterday, or how long ago (3d)"
    )]
    NoMoment {
        /// What was given.
        text: String,
    },
    /// cron cannot count out the time between two runs.
    #[error(
        "cron cannot run it {every}, only every {possible}; systemd can: `popfetch schedule systemd`"
    )]
    NotForCron {
        /// The time, in words.
        every: String,
        /// What is possible.
        possible: &'static str,
    },
    /// A service that stays was asked of what starts programs by the clock only.
    #[error("--watch goes with systemd only")]
    OnlySystemdWatches,
    /// launchd is not here.
    #[error("launchd is macOS's own: here its list can be printed, not installed")]
    NoLaunchd,
    /// There is nobody to ask.
    #[error("there is no terminal to ask on: give {}", flags.join("; "))]
    Missing {
        /// What to give, each with what it takes.
        flags: Vec<String>,
    },
    /// It is no e-mail address.
    #[error("\"{address}\" is no e-mail address: it is to be like you@example.org")]
    NoAddress {
        /// What was given, harmless.
        address: String,
    },
    /// The provider has no POP3.
    #[error("{name} has no POP3: {instead}")]
    NoPop3 {
        /// The provider.
        name: &'static str,
        /// What there is instead.
        instead: &'static str,
    },
    /// No provider has this key.
    #[error("there is no provider \"{key}\"; popfetch-config(5) lists them")]
    NoProvider {
        /// The key as it was given, harmless.
        key: String,
    },
    /// An account has this name already.
    #[error(
        "there is an account \"{name}\" already: give another name with --name, or remove that one first"
    )]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Something of the account is still to be delivered.
    #[error(
        "{name}: deliveries are still owed ({owed}), of which nobody would know any more: nothing was changed; `popfetch retry {name}` delivers them{instead}"
    )]
    StillOwed {
        /// The account.
        name: String,
        /// How many.
        owed: u64,
        /// What else can be done.
        instead: &'static str,
    },
    /// Uids of several maildrops were to be given to one account.
    #[error(
        "the uids are of several maildrops, and none is that of {name}: {}; name a file that has those of one", maildrops.join(", ")
    )]
    SeveralMaildrops {
        /// The account.
        name: String,
        /// Whose they are.
        maildrops: Vec<String>,
    },
    /// What is marked as seen would hide what comes after it.
    #[error(
        "{name}: Gmail lists about 250 messages, and the next ones when these were fetched: marked as seen they would hide all others; in Gmail's settings, choose \"Enable POP for mail that arrives from now on\", or begin the user with \"recent:\""
    )]
    PagedListing {
        /// The account.
        name: String,
    },
    /// `--json` was asked of a command that has no data.
    #[error(
        "--json goes with sync, retry, refetch, check, list, status, history, account list and export (which prints nothing else): the other commands have no data to print"
    )]
    NoJson,
}

impl Usage {
    /// Refuses `--json` for a command that has no data.
    pub(super) fn no_json(global: &Global) -> Result<(), Self> {
        if global.json {
            Err(Self::NoJson)
        } else {
            Ok(())
        }
    }
}

fn suggestion(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean \"{nearest}\"?"),
        None => format!("; it has: {}", known.join(", ")),
    }
}
