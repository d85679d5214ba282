//! The options of the commands that fetch and hand over mail.

use clap::ValueEnum;
use clap::builder::FalseyValueParser;

use crate::cli::schedule::Every;

/// Fetch what is new, deliver it, and delete from the server what the account does not leave there
///
/// Without names, all accounts that are enabled take their turn, several at once. A message arrives once, whatever is
/// interrupted and when; what an interrupted run began, the next one finishes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch sync                  Fetch from all accounts
  popfetch sync work home        Fetch from these two
  popfetch sync --dry-run work   See what would be done, and why
  popfetch sync --keep -v        Delete nothing, and tell more
  popfetch sync --every 5m       Stay, and fetch each five minutes
")]
pub(in crate::cli) struct Sync {
    /// Accounts to fetch from, as the configuration names them
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) accounts: Vec<String>,

    /// Say what would be done with each message, and do nothing
    #[arg(short = 'n', long)]
    pub(in crate::cli) dry_run: bool,

    /// Work on so many accounts at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) jobs: u16,

    /// Delete nothing from the server in this run
    #[arg(long)]
    pub(in crate::cli) keep: bool,

    /// Stay, and fetch again so often: 5m, 1h, 1d; SIGUSR1 fetches at once
    ///
    /// Each account has its turn when it is due, however long another takes (as long as --jobs leaves room). One that fails is
    /// tried after twice the time, then four times, up to an hour. systemd is told when popfetch is ready, as a service of
    /// Type=notify wants it. SIGTERM and Ctrl-C end it, after the messages under way.
    #[arg(long, value_name = "TIME", conflicts_with = "dry_run")]
    pub(in crate::cli) every: Option<Every>,

    /// Let nothing be opened or run but what fetching takes, for as long as popfetch runs (Linux)
    ///
    /// The kernel holds it (Landlock); POPFETCH_SANDBOX=1 has the same effect. State, Maildirs and the folders of mboxes and
    /// of the log can be written; certificates, password files and what the system looks names up with can be read; no program
    /// can be run, and TCP connections go to the ports of the accounts, their proxies, LMTP and OAuth2 servers, and 53. Passwords and tokens from commands are
    /// taken before. An account that needs a program later (pipe, after-sync, client-secret-command; with --every also
    /// password-command and token-command) is refused, and so is a system that cannot confine popfetch. What is linked to
    /// from within a Maildir, and what the configuration says anew while popfetch stays, are out of reach.
    #[arg(
        long,
        env = "POPFETCH_SANDBOX",
        value_parser = FalseyValueParser::new()
    )]
    pub(in crate::cli) sandbox: bool,

    /// Where nobody watches, tell trouble that lasts when it begins, once a day and when it is over; or in each run
    #[arg(
        long,
        value_name = "daily|always",
        default_value = "daily",
        hide_default_value = true,
        hide_possible_values = true,
        env = "POPFETCH_REMIND"
    )]
    pub(in crate::cli) remind: Remind,
}

/// How often trouble that lasts is told where nobody watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Remind {
    Daily,
    Always,
}

/// Hand over now what waits for its destination, quarantined messages too
///
/// A message that a program or LMTP server refuses waits on this machine. `sync` tries it again after growing pauses, and
/// ten times at most; this tries it at once. No server is asked and nothing is fetched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch retry        Hand over all that waits
  popfetch retry work   Hand over what waits in one account
")]
pub(in crate::cli) struct Retry {
    /// Accounts, as the configuration names them; without any, all that are enabled
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) accounts: Vec<String>,
}

/// Fetch mail again that was fetched before
///
/// What is new is fetched, too. Nothing is deleted from the server.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch refetch work --missing          Get back what was lost here
  popfetch refetch work 000000016b021509   Fetch one message again
")]
pub(in crate::cli) struct Refetch {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) account: String,

    /// The uids of messages that are to be fetched again, as `list --verbose` and `sync --dry-run` show them
    #[arg(
        value_name = "UID",
        value_parser = clap::builder::NonEmptyStringValueParser::new(),
        required_unless_present = "missing",
        conflicts_with = "missing"
    )]
    pub(in crate::cli) uids: Vec<String>,

    /// Fetch again what is gone from the Maildir here and still on the server
    #[arg(long)]
    pub(in crate::cli) missing: bool,
}
