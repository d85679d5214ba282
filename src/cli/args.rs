//! What can be said on the command line. The comments are the help texts and the man pages.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum, ValueHint};

/// Fetches mail from POP3 servers into your Maildir, mbox or procmail: every message once, none lost.
///
/// popfetch reads accounts from a configuration file, fetches what is new from each, and delivers it. Mail stays on the
/// server unless the account says otherwise.
#[derive(Debug, Parser)]
#[command(name = "popfetch", version, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Read this configuration instead of the usual one
    #[arg(long, global = true, value_name = "FILE", env = "POPFETCH_CONFIG", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,

    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Say what is done; twice: show the protocol, with secrets masked
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,

    /// Show progress bars; "auto" means on a terminal
    #[arg(
        long,
        global = true,
        value_name = "auto|never|always",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(super) progress: When,

    /// Use colours; "auto" means on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_name = "auto|never|always",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(super) color: When,

    /// Print the result to standard output as one JSON object a line
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    Auto,
    Never,
    Always,
}

impl When {
    /// Makes it the choice for all output.
    pub(super) fn apply(self) {
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
pub(super) enum Command {
    Sync(Sync),
    Retry(Retry),
    Refetch(Refetch),
    List(List),
    Status(Status),
    Login(Login),
    Logout(Logout),
    Completions(Completions),
}

/// Fetch what is new, deliver it, and delete from the server what the account does not leave there
///
/// Without names, all accounts that are enabled take their turn, several at once. A message arrives once, whatever is
/// interrupted and when; what an interrupted run began, the next one finishes.
#[derive(Debug, clap::Args)]
pub(super) struct Sync {
    /// Accounts to fetch from, as the configuration names them
    #[arg(value_name = "ACCOUNT")]
    pub(super) accounts: Vec<String>,

    /// Say what would be done with each message, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Work on so many accounts at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: u16,

    /// Delete nothing from the server in this run
    #[arg(long)]
    pub(super) keep: bool,
}

/// Hand over now what waits for its destination, quarantined messages too
///
/// A message that a program or LMTP server refuses waits on this machine. `sync` tries it again after growing pauses, and
/// ten times at most; this tries it at once. No server is asked and nothing is fetched.
#[derive(Debug, clap::Args)]
pub(super) struct Retry {
    /// Accounts, as the configuration names them; all that are enabled, without
    #[arg(value_name = "ACCOUNT")]
    pub(super) accounts: Vec<String>,
}

/// Fetch mail again that was fetched before
///
/// What is new is fetched, too. Nothing is deleted from the server.
#[derive(Debug, clap::Args)]
pub(super) struct Refetch {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(super) account: String,

    /// The uids of messages that are to be fetched again, as `list --verbose` and `sync --dry-run` show them
    #[arg(
        value_name = "UID",
        required_unless_present = "missing",
        conflicts_with = "missing"
    )]
    pub(super) uids: Vec<String>,

    /// Fetch again what is gone from the Maildir here and still on the server
    #[arg(long)]
    pub(super) missing: bool,
}

/// Say what is on the server, message by message, and what `sync` would do with each and why
///
/// Only headers are asked for: nothing is fetched or deleted here or there. A message is new, here, waiting (here, and not
/// at all its destinations) or doubtful (its uid was another message's). The plan says whether `sync` fetches it, and
/// whether the server keeps it; the last lines say why. With --verbose, uid and reasons are below each message. Dates are
/// in UTC. On a terminal, lines are cut to its width.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(super) account: String,

    /// Show only what is not here yet
    #[arg(long)]
    pub(super) new: bool,
}

/// Say how the accounts stand: what was fetched, and what waits to be delivered and why
///
/// It is all from the record on this machine; no server is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    /// Accounts, as the configuration names them; all that are enabled, without
    #[arg(value_name = "ACCOUNT")]
    pub(super) accounts: Vec<String>,
}

/// Log in to an account: put its password into the keyring, or get an OAuth2 token
///
/// The password is asked for on the terminal, or read from the first line of standard input where that is no terminal. For
/// an account with an `oauth` table, the browser is opened instead (its address is printed, too), and the tokens that the
/// provider gives are kept in the keyring or, where there is none, in a file that only its owner can read. Where the browser
/// cannot reach this machine, paste the address at which it ends up.
#[derive(Debug, clap::Args)]
pub(super) struct Login {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(super) account: String,

    /// Log in by OAuth2 with a code that is typed into a browser anywhere, for a machine without one
    #[arg(long)]
    pub(super) device: bool,

    /// Keep the OAuth2 tokens in a file, for runs that cannot use the keyring, as from cron
    #[arg(long)]
    pub(super) no_keyring: bool,
}

/// Remove an account's password from the keyring, or its OAuth2 tokens from this machine
#[derive(Debug, clap::Args)]
pub(super) struct Logout {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(super) account: String,
}

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "bash|zsh|fish", hide_possible_values = true)]
    pub(super) shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
}
