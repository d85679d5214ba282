//! What a check finds wrong: an error of one of the islands, or something that only a check looks at.
//!
//! The messages are whole sentences, say what was seen, and carry no secret; cures are not known here.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::mail::Octets;
use crate::pop3::{ArgumentError, Reply};
use crate::{credentials, delivery, pop3, state};

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The secret cannot be found.
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    /// Mail cannot be delivered.
    #[error(transparent)]
    Delivery(#[from] delivery::Error),
    /// The server cannot be used.
    #[error(transparent)]
    Pop3(#[from] pop3::Error),
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] state::Error),
    /// Others can write a file that says which programs run.
    #[error("{} can be written by others (mode {mode:04o})", path.display())]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A variable leads to a place that cron would not look at.
    #[error("{variable} leads to {}, where cron would not look", path.display())]
    Elsewhere {
        /// The variable.
        variable: &'static str,
        /// Where it leads.
        path: PathBuf,
    },
    /// What is to be sent cannot be.
    #[error("the {what} cannot be sent")]
    Unsendable {
        /// Which.
        what: &'static str,
        /// Why not.
        source: ArgumentError,
    },
    /// In cron's surroundings the secret is not found.
    #[error("cron would not find it: {reason}")]
    Unattended {
        /// What popfetch said when it was started so.
        reason: String,
    },
    /// One address of several does not answer.
    #[error("{address} does not answer")]
    Silent {
        /// The address, with the port.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Anybody on the way can read along.
    #[error("there is no TLS: whoever is on the way can read password and mail")]
    Cleartext,
    /// The certificate has not long to run.
    #[error("the server's certificate ends in {days} days, on {}", day(*until))]
    EndsSoon {
        /// How many whole days are left.
        days: i64,
        /// When it ends.
        until: Timestamp,
    },
    /// The certificate is out of its time, and believed all the same.
    #[error("the server's certificate is valid from {} to {} only, and believed because it is pinned", day(*from), day(*until))]
    OutOfTime {
        /// From when it is valid.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// The server wants more time between two logins.
    #[error("not tried: the server wants time between two logins, for {} s more", left.as_secs())]
    TooSoon {
        /// How long it is until the next may be.
        left: SignedDuration,
    },
    /// A run is logged in now.
    #[error("not tried: another run{} is busy with this account", pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Running {
        /// The process that holds the lock, where it could be read.
        pid: Option<u32>,
    },
    /// The server gives nothing to tell messages apart by.
    #[error(
        "the server has neither UIDL nor TOP, so that new mail cannot be told from old: {reply}"
    )]
    NoUidl {
        /// What it answered to UIDL.
        reply: Reply,
    },
    /// The server has no UIDL.
    #[error("the server refused UIDL, so that messages are told apart by their headers: {reply}")]
    HeadersOnly {
        /// What it answered.
        reply: Reply,
    },
    /// Messages have no uid.
    #[error("{messages} of {all} messages have no uid, or no size: they cannot be fetched")]
    Unidentified {
        /// How many.
        messages: usize,
        /// … of so many.
        all: usize,
    },
    /// Messages share their uids, or have such as no server should give.
    #[error(
        "{messages} of {all} messages share a uid with another, or have too long a one: they are told apart by their headers"
    )]
    Alike {
        /// How many.
        messages: usize,
        /// … of so many.
        all: usize,
    },
    /// There is nothing, and never was.
    #[error("the maildrop is empty, and no mail was ever fetched from it")]
    Empty,
    /// The server does not delete what it is told to.
    #[error("{provider} keeps what it is told to delete")]
    KeepsDeleted {
        /// The provider's name.
        provider: &'static str,
    },
    /// The server lists nothing that was fetched before, so that nothing can be deleted later.
    #[error(
        "{provider} does not list again what was fetched, so that nothing of it is deleted later"
    )]
    HidesFetched {
        /// The provider's name.
        provider: &'static str,
    },
    /// Messages are here and were refused where they are to go.
    #[error("{messages} messages wait here to be delivered: {reason}")]
    Waiting {
        /// How many.
        messages: usize,
        /// Why the first of them was refused.
        reason: String,
    },
    /// New messages are larger than the account allows.
    #[error("{messages} new messages are larger than max-size, {limit}, and stay on the server")]
    TooLarge {
        /// How many.
        messages: usize,
        /// The limit.
        limit: Octets,
    },
    /// The disk has no room for new messages.
    #[error("{folder}: there is no room for {messages} new messages ({octets}): {free} are free", folder = folder.display())]
    NoRoom {
        /// What is on that disk.
        folder: PathBuf,
        /// How many messages there is no room for.
        messages: usize,
        /// How large the new ones are together.
        octets: Octets,
        /// What is free.
        free: Octets,
    },
    /// There is little room left.
    #[error("{}: only {free} are free", folder.display())]
    LittleRoom {
        /// What is on that disk.
        folder: PathBuf,
        /// What is free.
        free: Octets,
    },
    /// A Maildir had mail and is not there.
    #[error("the Maildir {} is not there, and mail was delivered to it before", path.display())]
    Gone {
        /// The Maildir.
        path: PathBuf,
    },
    /// A program is not where cron would look for it.
    #[error("{program} is found here, and not in cron's PATH, {path}")]
    NotInCron {
        /// The program.
        program: String,
        /// cron's PATH.
        path: &'static str,
    },
    /// The last run had trouble.
    #[error("the last run, on {}, said: {said}", at.strftime("%Y-%m-%d %H:%M UTC"))]
    LastRun {
        /// When it began.
        at: Timestamp,
        /// What it said, with the cure.
        said: String,
    },
    /// Nothing runs popfetch from time to time.
    #[error("nothing runs popfetch by the clock: mail comes when you run `popfetch sync`")]
    ByHand,
    /// The time of this machine cannot be.
    #[error("this machine says that it is {}: {why}", now.strftime("%Y-%m-%d %H:%M UTC"))]
    WrongClock {
        /// The time here.
        now: Timestamp,
        /// Why that cannot be.
        why: &'static str,
    },
    /// The time of the disk is another.
    #[error("the disk of {} has another time, by {} s", folder.display(), apart.as_secs().abs())]
    OtherClock {
        /// What is on that disk.
        folder: PathBuf,
        /// How far it is from the time here.
        apart: SignedDuration,
    },
}

/// A day, as everybody reads it.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
