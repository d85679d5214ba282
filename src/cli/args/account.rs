//! The options of the commands that add, list and remove accounts.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum, ValueHint};

/// Add, list and remove the accounts in the configuration
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Account {
    #[command(subcommand)]
    pub(in crate::cli) command: AccountCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AccountCommand {
    Add(Box<AccountAdd>),
    List(AccountList),
    Remove(AccountRemove),
}

/// Add an account: asks what it cannot find out, tests the login, and writes it into the configuration
///
/// The server follows from the address where popfetch knows the provider. Elsewhere it asks the provider, and
/// Thunderbird's database, over HTTPS, if you allow it. Nothing is written before connection, login and listing were seen
/// to work (an account with OAuth2 is written before its login), and a comment in the file stays where it is. What an option says is not asked; without a terminal all must be
/// said, or left to popfetch by --yes. A password is never an option: it is typed, or read from standard input with
/// --keyring, or comes from a file or a command.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch account add you@example.org                   Ask for the rest, test it, and write it
  popfetch account add you@gmail.com --maildir ~/Mail    Ask for less
  popfetch account add you@gmx.de --password-command 'pass show mail' --yes   Ask nothing
  popfetch account add you@gmx.de --keyring --yes        Read the password from standard input
")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(in crate::cli) struct AccountAdd {
    /// The e-mail address
    #[arg(value_name = "ADDRESS", value_hint = ValueHint::EmailAddress)]
    pub(in crate::cli) address: Option<String>,

    /// Call the account so; its provider or domain gives the name otherwise
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<String>,

    /// Take the server of this provider, as popfetch-config(5) names it
    #[arg(long, value_name = "PROVIDER")]
    pub(in crate::cli) provider: Option<String>,

    /// Take this POP3 server
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub(in crate::cli) host: Option<String>,

    /// Take this port of it
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) port: Option<u16>,

    /// Begin TLS with the first byte, or by STLS
    #[arg(long, value_name = "implicit|starttls", hide_possible_values = true)]
    pub(in crate::cli) tls: Option<TlsMode>,

    /// Log in as this user; without, with the address or what comes before the @, as the provider wants it
    #[arg(long, value_name = "USER")]
    pub(in crate::cli) user: Option<String>,

    /// Ask this HTTPS address where the server is, in place of the usual ones
    #[arg(long, value_name = "URL", conflicts_with = "no_autoconfig", value_hint = ValueHint::Url)]
    pub(in crate::cli) autoconfig: Option<String>,

    /// Ask nobody where the server is
    #[arg(long)]
    pub(in crate::cli) no_autoconfig: bool,

    /// Run this command for the password: it is the first line that it prints
    #[arg(long, value_name = "COMMAND", group = "secret", value_hint = ValueHint::CommandString)]
    pub(in crate::cli) password_command: Option<String>,

    /// Read the password from this file: it is its first line
    #[arg(long, value_name = "FILE", group = "secret", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) password_file: Option<PathBuf>,

    /// Keep the password in the keyring; without a terminal it is the first line of standard input
    #[arg(long, group = "secret")]
    pub(in crate::cli) keyring: bool,

    /// Log in by OAuth2 as this client, which is registered with the provider
    #[arg(long, value_name = "ID", group = "secret")]
    pub(in crate::cli) client_id: Option<String>,

    /// Run this command for the secret of the OAuth2 client
    #[arg(long, value_name = "COMMAND", requires = "client_id", value_hint = ValueHint::CommandString)]
    pub(in crate::cli) client_secret_command: Option<String>,

    /// Deliver to this Maildir
    #[arg(long, value_name = "DIR", group = "destination", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) maildir: Option<PathBuf>,

    /// Deliver to this mbox
    #[arg(long, value_name = "FILE", group = "destination", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) mbox: Option<PathBuf>,

    /// Deliver to this command, such as procmail
    #[arg(long, value_name = "COMMAND", group = "destination", value_hint = ValueHint::CommandString)]
    pub(in crate::cli) pipe: Option<String>,

    /// Deliver to this LMTP server: unix:PATH or HOST:PORT
    #[arg(long, value_name = "ADDRESS", group = "destination")]
    pub(in crate::cli) lmtp: Option<String>,

    /// Leave mail on the server: true, false, until-deleted, or for a time such as 30d
    #[arg(long, value_name = "VALUE")]
    pub(in crate::cli) leave_on_server: Option<String>,

    /// Write the account without testing it
    #[arg(long)]
    pub(in crate::cli) no_test: bool,

    /// Take what popfetch proposes in place of asking
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TlsMode {
    Implicit,
    Starttls,
}

/// List the accounts: user, server, where the mail goes, and what stays on the server
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch account list           Show all accounts
  popfetch account list --json    The same for programs, one object a line
")]
pub(in crate::cli) struct AccountList {
    /// Print the names alone, and nothing where there is no configuration
    #[arg(long, hide = true)]
    pub(in crate::cli) names: bool,
}

/// Remove an account from the configuration; mail that was fetched stays where it is
///
/// What popfetch remembers of the account is kept, if nothing else is said: should the account come back, nothing is
/// fetched twice. Its password or tokens are removed from this machine if you say so.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch account remove work                       Ask what else is to go, and remove it
  popfetch account remove work --drop-state --yes    Forget all that was fetched, too, without asking
")]
pub(in crate::cli) struct AccountRemove {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) account: String,

    /// Remember what was fetched, in case the account comes back
    #[arg(long, conflicts_with = "drop_state")]
    pub(in crate::cli) keep_state: bool,

    /// Forget what was fetched: should the account come back, all is fetched again
    #[arg(long)]
    pub(in crate::cli) drop_state: bool,

    /// Ask nothing: remove the account and its secret, and remember what was fetched unless --drop-state is given
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
}
