//! What moves what is known: `import`, `export`, `mark-seen`, `forget`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ValueEnum, ValueHint};

/// Take over from another mail program: its accounts, and what it has fetched already
///
/// The program's own files are read where it keeps them, or at PATH, and stay as they are. What was understood is shown
/// first, with every line that popfetch cannot carry over and the reason. Accounts go to the end of the configuration;
/// an account that is there already keeps its settings and gets the uids alone. Nothing that the program has fetched is
/// fetched again, as far as its records tell: a message that it fetched in part, or whose uid it did not store whole so that
/// it may be another's, is fetched; so is what no listing has for a month. What a program was to delete from the server with
/// its next run is deleted by popfetch's, whatever leave-on-server says, unless its uid has less than 8 octets and may be a
/// mere count; what is known only by a uid that was not stored whole is never deleted.
///
/// The other program must rest: what it fetches after the import comes twice. To be sure, import once more when it has
/// stopped; what is on record already stays as it is.
///
/// Passwords that stand in the program's configuration go to the keyring, or, where none answers, into files that only
/// you can read.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch import fetchmail --dry-run              See what would be taken over from fetchmail, and what not
  popfetch import mpop                             Take over mpop's accounts and uids, after a question
  popfetch import getmail ~/.getmail --yes         Take over all accounts of a folder, and ask nothing
  popfetch import fdm ~/.fdm.cache --account work   Take over one file of uids for an account that is there
  popfetch import json ledger.jsonl                Take back what `popfetch export` gave
")]
pub(in crate::cli) struct Import {
    /// fetchmail, mpop, getmail, fdm, thunderbird or claws; or json, for what `popfetch export` gave
    #[arg(value_name = "SOURCE", hide_possible_values = true)]
    pub(in crate::cli) source: Source,

    /// Its configuration, its folder, or a file of its uids
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, required_if_eq("source", "json"))]
    pub(in crate::cli) path: Option<PathBuf>,

    /// Show what was understood, and write nothing
    #[arg(short = 'n', long)]
    pub(in crate::cli) dry_run: bool,

    /// Add no account, and give the uids to this one of the configuration: of several maildrops its own
    #[arg(long, value_name = "ACCOUNT")]
    pub(in crate::cli) account: Option<String>,

    /// Leave passwords out: each account asks for its own, or finds it in the keyring
    #[arg(long)]
    pub(in crate::cli) no_passwords: bool,

    /// Ask nothing
    #[arg(short, long, conflicts_with = "dry_run")]
    pub(in crate::cli) yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Source {
    /// ~/.fetchmailrc and ~/.fetchids
    Fetchmail,
    /// ~/.mpoprc and ~/.mpop_uidls
    Mpop,
    /// getmailrc and the oldmail files beside it
    Getmail,
    /// ~/.fdm.conf and its caches
    Fdm,
    /// A Thunderbird profile
    Thunderbird,
    /// ~/.claws-mail
    Claws,
    /// What `popfetch export` gave
    Json,
}

/// Print all that is on record of messages, one JSON object a line, for backups and other programs
///
/// `popfetch import json` takes it back, here or on another machine, and "-" as its PATH is standard input. Each object has
/// the maildrop (server, user), the message's uid, when it was first seen (first_seen), its size as listed, size and
/// SHA-256 as delivered (octets, sha256), what its header says (message_id, from, subject), where it went (places), who
/// fetched it if popfetch did not (source), and what became of the server's copy (delete_sent, delete_accepted,
/// deleted, absent_since, replaced). Of these an import needs server, user and uid, or with --account the uid alone.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch export > ledger.jsonl        Keep all that is on record
  popfetch export work | jq -r .uid     Show the uids of one account
")]
pub(in crate::cli) struct Export {
    /// Accounts, as the configuration names them; without any, all that is on record
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) accounts: Vec<String>,
}

/// Put what is on the server on record as seen, without fetching it
///
/// For mail that you have from elsewhere. It stays on the server, whatever leave-on-server says, for popfetch never had it;
/// what is on record already stays as it is. `popfetch forget` takes it back, and `popfetch refetch` fetches it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch mark-seen work                     Fetch only what comes from now on
  popfetch mark-seen work 000000016b021509    Never fetch this message
")]
pub(in crate::cli) struct MarkSeen {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) account: String,

    /// Only the messages with these uids, as `list --verbose` shows them
    #[arg(value_name = "UID", value_parser = NonEmptyStringValueParser::new())]
    pub(in crate::cli) uids: Vec<String>,
}

/// Forget that messages were fetched: the next run fetches and delivers them again, if they are on the server
///
/// No server is asked. What waits for a destination is kept. With --all everything on record of the account is forgotten;
/// the next run then recognises what is in a Maildir or mbox already, byte for byte, and does not deliver that again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch forget work 000000016b021509    Have one message delivered again by the next run
  popfetch forget work --all               Begin anew with an account
")]
pub(in crate::cli) struct Forget {
    /// The account, as the configuration names it
    #[arg(value_name = "ACCOUNT")]
    pub(in crate::cli) account: String,

    /// The uids of the messages, as `list --verbose` and `history` show them
    #[arg(
        value_name = "UID",
        value_parser = NonEmptyStringValueParser::new(),
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(in crate::cli) uids: Vec<String>,

    /// Forget all that is on record of the account, its history included
    #[arg(long)]
    pub(in crate::cli) all: bool,

    /// Ask nothing
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
}
