//! What can be said on the command line. The comments are the help texts and the man pages.

mod account;
mod check;
mod fetch;
mod login;
mod look;
mod moving;
mod schedule;
mod shell;

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum, ValueHint};

pub(in crate::cli) use account::{
    Account, AccountAdd, AccountCommand, AccountList, AccountRemove, TlsMode,
};
pub(in crate::cli) use check::Check;
pub(in crate::cli) use fetch::{Refetch, Remind, Retry, Sync};
pub(in crate::cli) use login::{Login, Logout};
pub(in crate::cli) use look::{History, List, Status};
pub(in crate::cli) use moving::{Export, Forget, Import, MarkSeen, Source};
pub(in crate::cli) use schedule::Schedule;
pub(in crate::cli) use shell::{Completions, Shell};

/// Fetches mail from POP3 servers into your Maildir, mbox or procmail: every message once, none lost.
///
/// popfetch reads accounts from a configuration file, fetches what is new from each, and delivers it. Mail stays on the
/// server unless the account says otherwise.
#[derive(Debug, Parser)]
#[command(name = "popfetch", version, arg_required_else_help = true)]
#[command(after_long_help = "Examples:
  popfetch sync                      Fetch what is new from all accounts
  popfetch sync --dry-run work       See what would be done, and why
  popfetch status                    See how the accounts stand
  popfetch schedule cron --install   Fetch every ten minutes from now on
")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(in crate::cli) global: Global,
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(in crate::cli) struct Global {
    /// Read this configuration instead of the usual one
    #[arg(long, global = true, value_name = "FILE", env = "POPFETCH_CONFIG", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) config: Option<PathBuf>,

    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,

    /// Say what is done; twice: show the protocol, with secrets masked
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(in crate::cli) verbose: u8,

    /// Append what is said and done to this file, a line each, with the time
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) log_file: Option<PathBuf>,

    /// Show progress bars; "auto" means on a terminal, "never" shows plain lines there
    #[arg(
        long,
        global = true,
        value_name = "auto|never|always",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(in crate::cli) progress: When,

    /// Use colours; "auto" means on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_name = "auto|never|always",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(in crate::cli) color: When,

    /// Print the result to standard output as one JSON object a line
    #[arg(long, global = true)]
    pub(in crate::cli) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum When {
    Auto,
    Never,
    Always,
}

impl When {
    /// Makes it the choice for all output.
    pub(in crate::cli) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Never => anstream::ColorChoice::Never,
            Self::Always => anstream::ColorChoice::Always,
        }
        .write_global();
        // The bars colour themselves, by another library's rules.
        if self != Self::Auto {
            console::set_colors_enabled_stderr(self == Self::Always);
        }
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    Sync(Sync),
    Retry(Retry),
    Refetch(Refetch),
    Check(Check),
    List(List),
    Status(Status),
    History(History),
    MarkSeen(MarkSeen),
    Forget(Forget),
    Import(Import),
    Export(Export),
    Account(Account),
    Login(Login),
    Logout(Logout),
    Schedule(Schedule),
    Completions(Completions),
}
