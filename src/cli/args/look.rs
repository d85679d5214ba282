//! The options of the commands that show and change nothing.

/// Say what is on the server, message by message, and what `sync` would do with each and why
///
/// Only headers are asked for: nothing is fetched or deleted here or there. A message is new, here, waiting (here, and not
/// at all its destinations) or doubtful (its uid was another message's). The plan says whether `sync` fetches it, and
/// whether the server keeps it; the last lines say why. With --verbose, uid and reasons are below each message. Dates are
/// in UTC. On a terminal, lines are cut to its width.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch list work          See what is on the server
  popfetch list work --new    See only what is not here yet
  popfetch list work --json   The same for programs
")]
pub(in crate::cli) struct List {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) account: String,

    /// Show only what is not here yet
    #[arg(long)]
    pub(in crate::cli) new: bool,
}

/// Say how the accounts stand: what was fetched, and what waits to be delivered and why
///
/// It is all from the record on this machine; no server is asked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch status               See how all accounts stand
  popfetch status --json work   One account, for programs
")]
pub(in crate::cli) struct Status {
    /// Accounts, as the configuration names them; without any, all that are enabled
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) accounts: Vec<String>,
}

/// Say what was fetched, when, and where each message is now
///
/// It is all from the record on this machine and from the Maildirs; no server is asked. Without a filter the last 50
/// messages of each account are shown.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch history work                         See what came last, and where it is
  popfetch history --since yesterday            See what came since yesterday, of all accounts
  popfetch history --from ann@example.org       Look for mail by its sender
  popfetch history --message-id '<1@example>'   Look for a message
  popfetch history --all --json                 All of it, for programs
")]
pub(in crate::cli) struct History {
    /// Accounts, as the configuration names them; without any, all
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) accounts: Vec<String>,

    /// Only what was fetched since then: a date, or how long ago ("2026-11-22", "today", "3d")
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) since: Option<String>,

    /// Only what was fetched before then; a day counts whole
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: Option<String>,

    /// Only the message with this uid, as it is shown
    #[arg(long, value_name = "UID")]
    pub(in crate::cli) uid: Option<String>,

    /// Only messages with this Message-ID, with or without its angle brackets
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) message_id: Option<String>,

    /// Only messages in whose sender this occurs, capital or not
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) from: Option<String>,

    /// Show all of them
    #[arg(long)]
    pub(in crate::cli) all: bool,
}
