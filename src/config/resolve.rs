//! Combines what the user wrote into what the engine gets: defaults ← account, and what popfetch assumes.
//!
//! It refuses to know TOML; it sees the schema. Invariants: an account comes out whole or not at all, and not without a
//! problem that says why; nothing in it is protected less than was asked for.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use super::Account;
use super::error::EXAMPLE;
use super::login::{self, Terms};
use super::problem::Problem;
use super::schema::{self, Deliver, File, Protection, Settings};
use super::takes;
use super::transport;
use crate::delivery::{Destination, Lmtp, Program, Recipient};
use crate::plan::Limits;
use crate::pop3::{Auth, Endpoint, Mechanism, Security, Trust};
use crate::providers::{self, Provider};
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
    let sources = login::sources(settings);
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
    let client = transport::client(own, defaults, problems);
    let way = transport::way(own, defaults, problems);
    let preset = login::preset(own);
    // An account's provider stands in place of the defaults' server.
    let port = match preset {
        Some(_) => own.port.get(),
        None => own.port.or(&defaults.port).get(),
    };
    let port = port.unwrap_or(match security {
        Security::Implicit(_) => Security::IMPLICIT_PORT,
        Security::StartTls(_) | Security::Cleartext => Security::PLAIN_PORT,
    });
    let host = host(own, defaults);
    let user = own.user.or(&defaults.user).get();
    let named = own.provider.get().or_else(|| inherited(own, defaults));
    let provider = named.or_else(|| providers::recognise(host.as_deref()?, user.as_deref()?));
    let terms = Terms {
        is_certified: client.is_some(),
        proxy: way.proxy.as_ref(),
    };
    let login = login::login(written, defaults, provider, &terms, problems);
    let user = match named.and_then(Provider::pop3) {
        Some(pop3) => pop3.user.of(&user?).to_owned(),
        None => user?,
    };
    let retention = retention(written, defaults, &user, problems);
    let destinations = destinations(written, defaults, &user, problems)?;
    Some(Account {
        name: written.name.clone(),
        provider: provider.map(|provider| provider.key),
        endpoint: Endpoint {
            host: host?,
            port,
            security,
            client,
            way,
            timeout: own.timeout.or(&defaults.timeout).get().unwrap_or(TIMEOUT),
        },
        user,
        auth: login.auth,
        need: login.need,
        secret: login.source,
        retention,
        destinations,
        limits: Limits {
            max_size: own.max_size.or(&defaults.max_size).get(),
            max_messages: own.max_messages.or(&defaults.max_messages).get(),
            ..Limits::default()
        },
        pipelining: own
            .pipelining
            .or(&defaults.pipelining)
            .get()
            .unwrap_or_default(),
        after_sync: own.after_sync.or(&defaults.after_sync).get().map(|argv| {
            let timeout = AFTER_SYNC_TIMEOUT;
            let unix_from = false;
            Program {
                argv,
                unix_from,
                timeout,
            }
        }),
        enabled: own.enabled.or(&defaults.enabled).get().unwrap_or(true),
    })
}

/// The defaults' provider, for an account that names no server itself: another server is none of that provider's.
fn inherited(own: &Settings, defaults: &Settings) -> Option<&'static Provider> {
    match own.host.get() {
        Some(_) => None,
        None => defaults.provider.get(),
    }
}

/// The server's name: what a table says itself, and what its provider fills in; the account's before the defaults'.
fn host(own: &Settings, defaults: &Settings) -> Option<String> {
    let said = |settings: &Settings| {
        let known = || Some(login::preset(settings)?.host.to_owned());
        settings.host.get().or_else(known)
    };
    said(own).or_else(|| said(defaults))
}

/// How the connection is protected, in the same order.
fn protection(own: &Settings, defaults: &Settings) -> Protection {
    let said = |settings: &Settings| {
        let known = || {
            let starttls = login::preset(settings)?.starttls;
            Some(if starttls {
                Protection::StartTls
            } else {
                Protection::Implicit
            })
        };
        settings.tls.get().or_else(known)
    };
    let others = || match (own.host.get(), defaults.tls.get()) {
        (Some(_), others) => others,
        (None, _) => said(defaults),
    };
    said(own).or_else(others).unwrap_or(Protection::Implicit)
}

/// The keys that neither the account nor the defaults hold.
fn missing(written: &schema::Account, defaults: &Settings) -> Option<Problem> {
    let is_written =
        |key: &&str| written.settings.written.contains(key) || defaults.written.contains(key);
    let keys: Vec<&str> = ["host", "user", "deliver"]
        .into_iter()
        .filter(|key| !(is_written(key) || *key == "host" && is_written(&"provider")))
        .collect();
    let named: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let (last, rest) = named.split_last()?;
    let together = match rest {
        [] => last.clone(),
        rest => format!("{} and {last}", rest.join(", ")),
    };
    let examples: Vec<&str> = keys.iter().map(|key| takes::takes(key).example).collect();
    let message = format!("account `{}` lacks {together}", written.name);
    Some(
        Problem::new(written.span.clone(), message)
            .help(format!("add, for example:\n{}", examples.join("\n"))),
    )
}

/// The account's destinations; an LMTP server is one for each recipient.
fn destinations(
    written: &schema::Account,
    defaults: &Settings,
    user: &str,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Destination>> {
    let deliver = written.settings.deliver.or(&defaults.deliver);
    let deliver_at = deliver.place();
    let mut destinations: Vec<Destination> = Vec::new();
    for deliver in deliver.get()? {
        match deliver {
            Deliver::Maildir(path) => destinations.push(Destination::Maildir(path)),
            Deliver::Mbox(mbox) => destinations.push(Destination::Mbox(mbox)),
            Deliver::Pipe(program) => destinations.push(Destination::Pipe(program)),
            Deliver::Lmtp {
                address,
                mut recipients,
                timeout,
            } => {
                if recipients.is_empty() {
                    match (Recipient::new(user), deliver_at.clone()) {
                        (Some(recipient), _) => recipients.push(recipient),
                        (None, Some(place)) => problems.push(
                            Problem::new(place, format!("mail cannot be sent to `{user}` by LMTP"))
                                .help("say to whom: `recipient = \"me@example.com\"`"),
                        ),
                        (None, None) => {}
                    }
                }
                destinations.extend(recipients.into_iter().map(|recipient| {
                    Destination::Lmtp(Lmtp {
                        address: address.clone(),
                        recipient,
                        timeout: timeout.unwrap_or(LMTP_TIMEOUT),
                    })
                }));
            }
        }
    }
    let mut seen = HashSet::new();
    for destination in &destinations {
        if let Some(place) = deliver_at.clone()
            && !seen.insert(destination.to_string())
        {
            let problem = Problem::new(place, format!("{destination} is given twice"));
            problems.push(problem.help("each message would arrive there twice: keep one of them"));
        }
    }
    Some(destinations)
}

/// What is deleted from the server: nothing unasked.
fn retention(
    written: &schema::Account,
    defaults: &Settings,
    user: &str,
    problems: &mut Vec<Problem>,
) -> Policy {
    let leave = written
        .settings
        .leave_on_server
        .or(&defaults.leave_on_server);
    let policy = leave.get().unwrap_or(Policy::Keep);
    let deliver = written.settings.deliver.or(&defaults.deliver).get();
    let has_maildir = deliver
        .iter()
        .flatten()
        .any(|deliver| matches!(deliver, Deliver::Maildir(_)));
    if let (Policy::KeepWhileHere(_), Some(place)) = (policy, leave.place())
        && deliver.is_some()
        && !has_maildir
    {
        let name = &written.name;
        let message =
            format!("account `{name}` delivers to no Maildir, from which mail could be deleted");
        problems.push(Problem::new(place, message).help("say how long to keep it: `\"30d\"`"));
    }
    // What other programs fetch, too, is not ours to delete.
    match policy {
        Policy::Keep => policy,
        _ if user.starts_with("recent:") => Policy::KeepRecent,
        _ => policy,
    }
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
    match protection(own, defaults) {
        Protection::Implicit => Security::Implicit(trust),
        Protection::StartTls => Security::StartTls(trust),
        Protection::None => {
            problems.extend(idle_trust(own));
            let host = host(own, defaults);
            // The proxy's own host is not this one.
            let is_direct = own.proxy.or(&defaults.proxy).get().flatten().is_none();
            let auth = own.auth.or(&defaults.auth).get();
            let is_shown = |mechanism: &Mechanism| mechanism.shows_secret();
            // What never shows the secret needs no leave.
            let allowed = own.allow_cleartext.or(&defaults.allow_cleartext).get() == Some(true)
                || matches!(auth, Some(Auth::Only(mechanism)) if !is_shown(&mechanism));
            if let (Some(place), Some(host)) = (tls.place(), host)
                && !allowed
                && !(is_direct && is_this_host(&host))
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

/// A table's word on certificates, where none is asked for or shown.
fn idle_trust(settings: &Settings) -> Vec<Problem> {
    [
        ("tls-ca-file", settings.tls_ca_file.place()),
        ("tls-fingerprint", settings.tls_fingerprint.place()),
        ("tls-client-cert", settings.tls_client_cert.place()),
        ("tls-client-key", settings.tls_client_key.place()),
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

/// What is sent to it stays on this machine.
fn is_this_host(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// How long a server may be silent where nothing is said: longer than a busy server takes to answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How long what is run after new mail may take: it is to tell somebody, or an index.
const AFTER_SYNC_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long an LMTP server may be silent where nothing is said (RFC 5321 §4.5.3.2.6 allows it ten minutes at the end).
const LMTP_TIMEOUT: Duration = Duration::from_secs(10 * 60);
