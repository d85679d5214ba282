//! Reads what another program was told and has seen: its accounts in its own configuration, its uids in its own files.
//!
//! ```text
//! fetchmail  ~/.fetchmailrc  ~/.fetchids       ┐
//! mpop       ~/.mpoprc       ~/.mpop_uidls/    │
//! getmail    getmailrc       oldmail-*         ├─▶ Found: accounts, records, what is left out
//! fdm        ~/.fdm.conf     its caches        │
//! Thunderbird  prefs.js      popstate.dat      │
//! Claws Mail   accountrc     uidl/             ┘
//! ```
//!
//! It refuses to write: neither configuration nor ledger nor keyring is touched here, nor is anything of the other
//! program's. Invariants: nothing of what is read is run; a line that is not carried over is left out by name, with the
//! reason; a password is a [`Secret`] from the moment it is recognised, and is in no text that is shown.

mod claws;
mod error;
mod fdm;
mod fetchmail;
mod file;
mod getmail;
mod mpop;
mod thunderbird;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::Error;

use crate::mail::Octets;
use crate::secret::Secret;
use crate::state::{Likeness, Taken};

/// A program whose place popfetch can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// fetchmail 6.
    Fetchmail,
    /// mpop 1.4.
    Mpop,
    /// getmail 5 and getmail6.
    Getmail,
    /// fdm 1.9 and later.
    Fdm,
    /// Mozilla Thunderbird.
    Thunderbird,
    /// Claws Mail.
    Claws,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Fetchmail,
        Self::Mpop,
        Self::Getmail,
        Self::Fdm,
        Self::Thunderbird,
        Self::Claws,
    ];

    /// How the program calls itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fetchmail => "fetchmail",
            Self::Mpop => "mpop",
            Self::Getmail => "getmail",
            Self::Fdm => "fdm",
            Self::Thunderbird => "Thunderbird",
            Self::Claws => "Claws Mail",
        }
    }
}

/// What the other program took from its surroundings.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    /// The home folder.
    pub home: &'s Path,
    /// The name of this machine's user.
    pub login: &'s str,
    /// The environment.
    pub variable: &'s dyn Fn(&str) -> Option<String>,
}

/// What was understood.
#[derive(Debug, Default)]
pub struct Found {
    /// The files that were read, in this order.
    pub files: Vec<PathBuf>,
    /// The accounts that fetch by POP3.
    pub accounts: Vec<Account>,
    /// Records of maildrops that no account is for.
    pub strays: Vec<Record>,
    /// What is not carried over.
    pub left_out: Vec<LeftOut>,
}

/// A line that is not carried over, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What stands there, without secrets: `limitflush`, `proto imap`.
    pub what: String,
    /// The reason, as a sentence without its full stop.
    pub why: String,
}

/// An account of the other program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it is called there, or what names it best; not yet free of others' names.
    pub name: String,
    /// The file that it is in.
    pub file: PathBuf,
    /// Where it begins there, from 1.
    pub line: usize,
    /// The server.
    pub host: String,
    /// Its port, where it is said.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub tls: Tls,
    /// The PEM file of the authorities that are trusted in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The certificate's fingerprint: `sha256:…`.
    pub fingerprint: Option<String>,
    /// The PEM file of a certificate of one's own.
    pub client_cert: Option<PathBuf>,
    /// … and of its key.
    pub client_key: Option<PathBuf>,
    /// A proxy, as popfetch writes it: `socks5://host:port`.
    pub proxy: Option<String>,
    /// The address that connections come from.
    pub source_address: Option<IpAddr>,
    /// How long the server may be silent, where it is said.
    pub timeout: Option<Duration>,
    /// The user, as the server wants it.
    pub user: String,
    /// How to log in, as popfetch calls it, where it is said.
    pub auth: Option<&'static str>,
    /// What it logs in with.
    pub proof: Proof,
    /// Where its mail goes; empty, where the other program keeps it in a way of its own.
    pub deliver: Vec<Deliver>,
    /// What stays on the server.
    pub leave: Leave,
    /// Whether the other program does that because nothing else is said.
    pub leave_is_default: bool,
    /// Larger messages stay on the server.
    pub max_size: Option<Octets>,
    /// How many messages one run fetches.
    pub max_messages: Option<usize>,
    /// Whether commands are sent ahead, where it is said.
    pub pipelining: Option<bool>,
    /// What is run after a session.
    pub after_sync: Option<Vec<String>>,
    /// Whether it takes part when it is not named.
    pub enabled: bool,
    /// What the user should know of this account, each a sentence without its full stop.
    pub remarks: Vec<String>,
    /// What was seen of its maildrop.
    pub records: Vec<Record>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// By TLS from the start.
    Implicit,
    /// By STLS.
    StartTls,
    /// Not at all.
    None,
}

/// What an account logs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing is said, or what is said cannot be read here.
    Unstated,
    /// This password.
    Password(Secret),
    /// The first line that this command prints.
    Command(Vec<String>),
    /// The token that this command prints.
    Token(Vec<String>),
}

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deliver {
    /// A Maildir, absolute.
    Maildir(PathBuf),
    /// An mbox, absolute.
    Mbox {
        /// The file.
        path: PathBuf,
        /// Whether the other program locks it by flock(2), too.
        flock: bool,
    },
    /// A program and its arguments; no shell runs, unless it is the program.
    Pipe {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Whether it gets a `From ` line.
        unix_from: bool,
    },
    /// An LMTP server.
    Lmtp {
        /// `unix:/path` or `host:port`.
        address: String,
        /// Who gets the mail.
        recipient: Option<String>,
    },
}

/// What stays on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Everything.
    All,
    /// What was first seen less than this ago.
    For(Duration),
    /// What was not deleted here.
    UntilDeleted,
    /// What was not deleted here and was first seen less than this ago.
    UntilDeletedFor(Duration),
    /// Nothing that was fetched.
    Nothing,
}

/// What a file says of a maildrop's uids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The file.
    pub file: PathBuf,
    /// The server, as the other program names it.
    pub host: String,
    /// The user.
    pub user: String,
    /// How its uids are like the server's.
    pub likeness: Likeness,
    /// The messages that it has.
    pub taken: Vec<Taken>,
}

impl Account {
    /// An account of which nothing more is said: TLS, all that popfetch does by itself, and nothing deleted.
    fn new(name: &str, file: &Path, line: usize, host: &str, user: &str) -> Self {
        Self {
            name: name.to_owned(),
            file: file.to_owned(),
            line,
            host: host.to_owned(),
            port: None,
            tls: Tls::Implicit,
            ca_file: None,
            fingerprint: None,
            client_cert: None,
            client_key: None,
            proxy: None,
            source_address: None,
            timeout: None,
            user: user.to_owned(),
            auth: None,
            proof: Proof::Unstated,
            deliver: Vec::new(),
            leave: Leave::All,
            leave_is_default: false,
            max_size: None,
            max_messages: None,
            pipelining: None,
            after_sync: None,
            enabled: true,
            remarks: Vec::new(),
            records: Vec::new(),
        }
    }
}

/// Reads what the program was told and has seen, at `path` or where it keeps that as a rule.
///
/// # Errors
/// Nothing of the program is there, or what is there cannot be read.
pub fn read(
    source: Source,
    path: Option<&Path>,
    around: &Surroundings<'_>,
) -> Result<Found, Error> {
    match source {
        Source::Fetchmail => fetchmail::read(path, around),
        Source::Mpop => mpop::read(path, around),
        Source::Getmail => getmail::read(path, around),
        Source::Fdm => fdm::read(path, around),
        Source::Thunderbird => thunderbird::read(path, around),
        Source::Claws => claws::read(path, around),
    }
}

/// Understands a configuration whose text is this, and reads no other file.
#[must_use]
pub fn understand(source: Source, file: &Path, text: &str, around: &Surroundings<'_>) -> Found {
    match source {
        Source::Fetchmail => fetchmail::understand(file, text, around),
        Source::Mpop => mpop::understand(file, text, around),
        Source::Getmail => getmail::understand(file, text, around),
        Source::Fdm => fdm::understand(file, text, around),
        Source::Thunderbird => thunderbird::understand(file, text, around),
        Source::Claws => claws::understand(file, text, around),
    }
}

/// Understands a file of uids whose content is this.
#[must_use]
pub fn records(source: Source, file: &Path, content: &[u8]) -> Vec<Record> {
    match source {
        Source::Fetchmail => fetchmail::records(file, content),
        Source::Mpop => mpop::records(file, content),
        Source::Getmail => getmail::records(file, content),
        Source::Fdm => fdm::records(file, content),
        Source::Thunderbird => thunderbird::records(file, content),
        Source::Claws => claws::records(file, content),
    }
}
