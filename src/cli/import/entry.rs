//! Writes another program's account as popfetch's configuration has it.
//!
//! It refuses to judge: the configuration does. Invariant: what is usual is not written, but for what stays on the server.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::cli::account::words::tilde;
use crate::config::Setting;
use crate::import::{Account, Deliver, Leave, Proof, Tls};
use crate::pop3::Security;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;
const UNTIL_DELETED: &str = "until-deleted";

/// How the program's own protection is called here.
fn tls(tls: Tls) -> &'static str {
    match tls {
        Tls::Implicit => "implicit",
        Tls::StartTls => "starttls",
        Tls::None => "none",
    }
}

/// The keys of an account, but for its password; `fallback` is where mail goes if the program has no word of that.
pub(super) fn settings(
    account: &Account,
    fallback: &str,
    defaults: &BTreeSet<String>,
    home: &Path,
) -> Vec<(&'static str, Setting)> {
    let path = |path: &Path| Setting::from(tilde(path, home));
    let usual_port = match account.tls {
        Tls::Implicit => Security::IMPLICIT_PORT,
        Tls::StartTls | Tls::None => Security::PLAIN_PORT,
    };
    let is_unusual = |port: &u16| *port != usual_port;
    let port = account.port.filter(is_unusual);
    let (command, token) = match &account.proof {
        Proof::Command(argv) => (Some(words(argv)), None),
        Proof::Token(argv) => (None, Some(words(argv))),
        Proof::Unstated | Proof::Password(_) => (None, None),
    };
    let number = |number: usize| Setting::Number(u32::try_from(number).unwrap_or(u32::MAX));
    let keys = [
        ("host", Some(Setting::from(account.host.as_str()))),
        ("port", port.map(|port| Setting::Number(port.into()))),
        (
            "tls",
            (account.tls != Tls::Implicit).then(|| tls(account.tls).into()),
        ),
        ("tls-ca-file", account.ca_file.as_deref().map(path)),
        (
            "tls-fingerprint",
            account.fingerprint.as_deref().map(Into::into),
        ),
        ("tls-client-cert", account.client_cert.as_deref().map(path)),
        ("tls-client-key", account.client_key.as_deref().map(path)),
        ("proxy", account.proxy.as_deref().map(Into::into)),
        (
            "source-address",
            account
                .source_address
                .map(|address| address.to_string().into()),
        ),
        ("timeout", account.timeout.map(|time| time_of(time).into())),
        ("user", Some(account.user.as_str().into())),
        ("auth", account.auth.map(Into::into)),
        ("password-command", command),
        ("token-command", token),
        ("deliver", Some(deliver(&account.deliver, fallback, home))),
        ("leave-on-server", Some(leave(account.leave))),
        (
            "max-size",
            account.max_size.map(|size| size_of(size.0).into()),
        ),
        ("max-messages", account.max_messages.map(number)),
        ("pipelining", account.pipelining.map(Setting::Flag)),
        ("after-sync", account.after_sync.as_deref().map(words)),
        (
            "enabled",
            (!account.enabled).then_some(Setting::Flag(false)),
        ),
    ];
    let written = |(key, value): (&'static str, Option<Setting>)| {
        // What is usual here may be otherwise in `[defaults]`.
        let usual = || {
            let is_default = defaults.contains(key);
            is_default.then(|| usual(key)).flatten()
        };
        Some((key, value.or_else(usual)?))
    };
    keys.into_iter().filter_map(written).collect()
}

/// The value that says of a key what is so where it is not written, if there is one.
fn usual(key: &str) -> Option<Setting> {
    Some(match key {
        "tls" => "implicit".into(),
        "proxy" => "none".into(),
        "auth" | "pipelining" => "auto".into(),
        "enabled" => Setting::Flag(true),
        _ => return None,
    })
}

fn deliver(destinations: &[Deliver], fallback: &str, home: &Path) -> Setting {
    let one = |destination: &Deliver| Setting::Table(destination_of(destination, home));
    match destinations {
        [] => Setting::Table(vec![("maildir", fallback.into())]),
        [only] => one(only),
        several => Setting::List(several.iter().map(one).collect()),
    }
}

fn destination_of(destination: &Deliver, home: &Path) -> Vec<(&'static str, Setting)> {
    let set = |key, is_set: bool| is_set.then_some((key, Setting::Flag(true)));
    match destination {
        Deliver::Maildir(path) => vec![("maildir", tilde(path, home).into())],
        Deliver::Mbox { path, flock } => [("mbox", tilde(path, home).into())]
            .into_iter()
            .chain(set("flock", *flock))
            .collect(),
        Deliver::Pipe { argv, unix_from } => [("pipe", words(argv))]
            .into_iter()
            .chain(set("unix-from", *unix_from))
            .collect(),
        Deliver::Lmtp { address, recipient } => [("lmtp", address.as_str().into())]
            .into_iter()
            .chain(recipient.as_deref().map(|name| ("recipient", name.into())))
            .collect(),
    }
}

fn leave(leave: Leave) -> Setting {
    match leave {
        Leave::All => Setting::Flag(true),
        // Of a second or less nothing would be left.
        Leave::For(time) | Leave::UntilDeletedFor(time) if time.is_zero() => Setting::Flag(false),
        Leave::For(time) => hours_of(time).into(),
        Leave::UntilDeleted => UNTIL_DELETED.into(),
        Leave::UntilDeletedFor(time) => {
            Setting::List(vec![UNTIL_DELETED.into(), hours_of(time).into()])
        }
        Leave::Nothing => Setting::Flag(false),
    }
}

/// An hour that has begun counts whole: rather a little later than too early.
fn hours_of(time: Duration) -> String {
    let hours = time.as_secs().div_ceil(HOUR);
    if hours.is_multiple_of(24) {
        format!("{}d", hours / 24)
    } else {
        format!("{hours}h")
    }
}

fn words(argv: &[String]) -> Setting {
    Setting::List(argv.iter().map(|word| word.as_str().into()).collect())
}

fn time_of(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds.is_multiple_of(DAY) && seconds > 0 => format!("{}d", seconds / DAY),
        seconds => format!("{seconds}s"),
    }
}

/// Octets with the largest unit that leaves no fraction.
fn size_of(octets: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units
        .into_iter()
        .find(|(unit, _)| octets > 0 && octets.is_multiple_of(*unit));
    whole.map_or_else(
        || octets.to_string(),
        |(unit, name)| format!("{} {name}", octets / unit),
    )
}
