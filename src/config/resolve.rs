//! Combines what the user wrote into what the engine gets: defaults ← account, and what popfetch assumes.
//!
//! It refuses to know TOML; it sees the schema. Invariants: an account comes out whole or not at all, and not without a
//! problem that says why; nothing in it is protected less than was asked for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Account;
use super::error::EXAMPLE;
use super::problem::Problem;
use super::schema::{self, File, Protection, Settings};
use crate::credentials::Source;
use crate::plan::Limits;
use crate::pop3::{Endpoint, Security, Trust};
use crate::retention::Policy;

/// Finishes all accounts. Those that cannot be are left out, and `problems` says why.
pub(super) fn resolve(file: &File, problems: &mut Vec<Problem>) -> Vec<Account> {
    problems.extend(conflicts(&file.defaults));
    if file.defaults.tls.get() == Some(Protection::None) {
        problems.extend(idle_trust(&file.defaults));
    }
    if file.accounts.is_empty() && problems.is_empty() {
        problems.push(Problem {
            span: None,
            message: "there is no account".to_owned(),
            help: Some(format!("add one, for example:\n{EXAMPLE}")),
        });
    }
    let mut accounts = Vec::new();
    let mut maildrops = HashMap::new();
    for written in &file.accounts {
        let Some(account) = account(written, &file.defaults, problems) else {
            continue;
        };
        let maildrop = (account.endpoint.server(), account.user.clone());
        if let Some(first) = maildrops.insert(maildrop, &written.name) {
            let name = &written.name;
            let message = format!("accounts `{first}` and `{name}` have the same server and user");
            problems.push(
                Problem::new(written.span.clone(), message)
                    .help("both would fetch and remember the same mail: keep one of them"),
            );
        }
        accounts.push(account);
    }
    accounts
}

/// Keys of which one table may hold only one.
fn conflicts(settings: &Settings) -> Vec<Problem> {
    let sources = [
        ("password", settings.password.place()),
        ("password-command", settings.password_command.place()),
        ("password-file", settings.password_file.place()),
    ];
    let trust = [
        ("tls-ca-file", settings.tls_ca_file.place()),
        ("tls-fingerprint", settings.tls_fingerprint.place()),
    ];
    let mut problems = Vec::new();
    for group in [&sources[..], &trust[..]] {
        let mut given = group
            .iter()
            .filter_map(|(key, span)| Some((key, span.clone()?)));
        if let Some((first, _)) = given.next() {
            problems.extend(given.map(|(key, span)| {
                Problem::new(span, format!("`{first}` and `{key}` are both given"))
                    .help("keep one of them")
            }));
        }
    }
    problems
}

fn account(
    written: &schema::Account,
    defaults: &Settings,
    problems: &mut Vec<Problem>,
) -> Option<Account> {
    let own = &written.settings;
    problems.extend(conflicts(own));
    problems.extend(missing(written, defaults));

    let security = security(written, defaults, problems);
    let port = own.port.or(&defaults.port).get().unwrap_or(match security {
        Security::Implicit(_) => Security::IMPLICIT_PORT,
        Security::StartTls(_) | Security::Cleartext => Security::PLAIN_PORT,
    });
    Some(Account {
        name: written.name.clone(),
        endpoint: Endpoint {
            host: own.host.or(&defaults.host).get()?,
            port,
            security,
            timeout: own.timeout.or(&defaults.timeout).get().unwrap_or(TIMEOUT),
        },
        user: own.user.or(&defaults.user).get()?,
        password: source(own)
            .or_else(|| source(defaults))
            .unwrap_or(Source::Unstated),
        destination: own.deliver.or(&defaults.deliver).get()?,
        // Nothing is ever deleted unasked.
        retention: own
            .leave_on_server
            .or(&defaults.leave_on_server)
            .get()
            .unwrap_or(Policy::Keep),
        limits: Limits {
            max_size: own.max_size.or(&defaults.max_size).get(),
            max_messages: own.max_messages.or(&defaults.max_messages).get(),
        },
        pipelining: own
            .pipelining
            .or(&defaults.pipelining)
            .get()
            .unwrap_or_default(),
        enabled: own.enabled.or(&defaults.enabled).get().unwrap_or(true),
    })
}

/// The keys that neither the account nor the defaults hold.
fn missing(written: &schema::Account, defaults: &Settings) -> Option<Problem> {
    let keys: Vec<&str> = ["host", "user", "deliver"]
        .into_iter()
        .filter(|key| !written.settings.written.contains(key) && !defaults.written.contains(key))
        .collect();
    let named: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let (last, rest) = named.split_last()?;
    let together = match rest {
        [] => last.clone(),
        rest => format!("{} and {last}", rest.join(", ")),
    };
    let examples: Vec<&str> = keys.iter().map(|key| schema::takes(key).example).collect();
    let message = format!("account `{}` lacks {together}", written.name);
    Some(
        Problem::new(written.span.clone(), message)
            .help(format!("add, for example:\n{}", examples.join("\n"))),
    )
}

fn security(
    written: &schema::Account,
    defaults: &Settings,
    problems: &mut Vec<Problem>,
) -> Security {
    let own = &written.settings;
    // The account's own word on trust stands in place of all that the defaults say of it.
    let trust = trust(own)
        .or_else(|| trust(defaults))
        .unwrap_or(Trust::System);
    let tls = own.tls.or(&defaults.tls);
    match tls.get().unwrap_or(Protection::Implicit) {
        Protection::Implicit => Security::Implicit(trust),
        Protection::StartTls => Security::StartTls(trust),
        Protection::None => {
            problems.extend(idle_trust(own));
            let host = own.host.or(&defaults.host).get();
            let allowed = own.allow_cleartext.or(&defaults.allow_cleartext).get() == Some(true);
            if let (Some(place), Some(host)) = (tls.place(), host)
                && !allowed
                && !is_this_host(&host)
            {
                let name = &written.name;
                let message =
                    format!("account `{name}` would send its password unprotected to {host}");
                problems.push(Problem::new(place, message).help(
                    "remove `tls = \"none\"`, or say `allow-cleartext = true` if that is what you want",
                ));
            }
            Security::Cleartext
        }
    }
}

/// A table's word on which certificates are believed, where no certificate is asked for.
fn idle_trust(settings: &Settings) -> Vec<Problem> {
    [
        ("tls-ca-file", settings.tls_ca_file.place()),
        ("tls-fingerprint", settings.tls_fingerprint.place()),
    ]
    .into_iter()
    .filter_map(|(key, span)| {
        let message = format!("`{key}` means nothing with `tls = \"none\"`");
        Some(Problem::new(span?, message).help("remove one of the two"))
    })
    .collect()
}

fn trust(settings: &Settings) -> Option<Trust> {
    let pinned = settings.tls_fingerprint.get().map(Trust::Pinned);
    pinned.or_else(|| settings.tls_ca_file.get().map(Trust::Bundle))
}

fn source(settings: &Settings) -> Option<Source> {
    let literal = settings.password.get().map(Source::Literal);
    literal
        .or_else(|| settings.password_command.get().map(Source::Command))
        .or_else(|| settings.password_file.get().map(Source::File))
}

/// What is sent to it stays on this machine.
fn is_this_host(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// How long a server may be silent where nothing is said: longer than a busy server takes to answer.
const TIMEOUT: Duration = Duration::from_secs(60);
