//! The options of the commands that keep passwords and tokens.

/// Log in to an account: put its password into the keyring, or get an OAuth2 token
///
/// The password is asked for on the terminal, or read from the first line of standard input where that is no terminal. For
/// an account with an `oauth` table, the browser is opened instead (its address is printed, too), and the tokens that the
/// provider gives are kept in the keyring or, where there is none, in a file that only its owner can read. Where the browser
/// cannot reach this machine, paste the address at which it ends up.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch login work                Type the password, or agree in a browser
  popfetch login work --device       Agree in a browser on another machine
  popfetch login work --no-keyring   Keep the tokens where cron finds them
")]
pub(in crate::cli) struct Login {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) account: String,

    /// Log in by OAuth2 with a code that is typed into a browser anywhere, for a machine without one
    #[arg(long)]
    pub(in crate::cli) device: bool,

    /// Keep the OAuth2 tokens in a file, for runs that cannot use the keyring, as from cron
    #[arg(long)]
    pub(in crate::cli) no_keyring: bool,
}

/// Remove an account's password from the keyring, or its OAuth2 tokens from this machine
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch logout work   Forget the password or the tokens
")]
pub(in crate::cli) struct Logout {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) account: String,
}
