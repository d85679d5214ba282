//! The options of `check`.

/// Say why no mail comes, or that nothing stands in its way
///
/// One thing after another is tried, as `sync` would: the configuration, the password here and in the surroundings that
/// cron gives, the server's name and addresses, TLS and its certificate, the login, the maildrop, where the mail goes, the
/// room on the disk, the state and the clock. Each is well (✓), not as it should be (!) or a reason why no mail comes (✗);
/// below what is wrong is what to do. No mail is fetched, delivered or deleted. A refused password is not tried again.
///
/// The exit status is that of the worst ✗, as `sync` would end with it. With --verbose, fingerprints and all that the
/// server says of itself are shown.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch check           Check all accounts that are enabled
  popfetch check work -v   Check one, and show fingerprints and capabilities
")]
pub(in crate::cli) struct Check {
    /// Accounts, as the configuration names them; without any, all that are enabled
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) accounts: Vec<String>,

    /// Only find the secret of the one account that is named, as a run without a terminal would
    #[arg(long, hide = true, requires = "accounts")]
    pub(in crate::cli) secret_only: bool,
}
