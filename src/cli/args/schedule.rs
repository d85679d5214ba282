//! The options of the command that has popfetch run by the clock.

use crate::cli::schedule::{Every, Kind};

/// Print or install what runs `popfetch sync` by the clock: a line for cron, units for systemd, a list for launchd
///
/// Without --install it is printed and nothing is changed; where to put it, and whether the accounts' passwords will be
/// found there, is said on standard error. What is run is this program by its full path, with the configuration and the
/// folders that are used now, for the accounts that are named or all that are enabled. There is one such timer of each
/// kind: a second --install takes the place of the first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch schedule cron                            Print the line for cron
  popfetch schedule cron --install                  Put it into the crontab
  popfetch schedule systemd --every 5m --install    Install a user's timer and start it
  popfetch schedule systemd --watch                 Print a service that stays and fetches again and again
  popfetch schedule cron --every 1h work            Fetch from one account only, each hour
  popfetch schedule cron --remove                   Take the line out again
")]
pub(in crate::cli) struct Schedule {
    /// What is to run it
    #[arg(value_name = "cron|systemd|launchd", hide_possible_values = true)]
    pub(in crate::cli) kind: Kind,

    /// Accounts to fetch from, as the configuration names them; without any, all that are enabled
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) accounts: Vec<String>,

    /// Run it so often: 10m, 1h, 1d
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(in crate::cli) every: Every,

    /// Install it, and start it where it has to be started
    #[arg(long, conflicts_with = "remove")]
    pub(in crate::cli) install: bool,

    /// Remove what --install put there
    #[arg(long, conflicts_with_all = ["accounts", "every", "watch"])]
    pub(in crate::cli) remove: bool,

    /// For systemd: a service that stays and fetches again and again, in place of a timer
    #[arg(long)]
    pub(in crate::cli) watch: bool,
}
