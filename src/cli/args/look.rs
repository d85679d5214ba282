//! The options of the commands that show and change nothing.

/// Say what is on the server, message by message, and what `sync` would do with each and why
///
/// Only headers are asked for: nothing is fetched or deleted here or there. A message is new, here, waiting (here, and not
/// at all its destinations) or doubtful (its uid was another message's). The plan says whether `sync` fetches it, and
/// whether the server keeps it; the last lines say why. With --verbose, uid and reasons are below each message. Dates are
/// in UTC. On a terminal, lines are cut to its width.
#[derive(Debug, clap::Args)]
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
pub(in crate::cli) struct Status {
    /// Accounts, as the configuration names them; all that are enabled, without
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) accounts: Vec<String>,
}
