//! Decides what becomes of what was found: which accounts are new, which are there, whose the uids are.
//!
//! It refuses to write. Invariants: what the configuration refuses is told and not written; no account that is there is
//! changed; uids go to the maildrop that the other program named, or to the account that the user named.

use std::collections::BTreeSet;
use std::mem;
use std::path::{Path, PathBuf};

use super::entry;
use crate::cli::account::ask::Asker;
use crate::cli::account::keep;
use crate::cli::usage::{Cancelled, Usage};
use crate::cli::visible;
use crate::config::{self, Account, Draft, Entry};
use crate::import::{self, Found, Leave, LeftOut, Proof, Record, Source, Tls};
use crate::pop3::Security;
use crate::secret::Secret;

/// What is to be done.
pub(super) struct Plan {
    pub(super) source: Source,
    /// The files that were read.
    pub(super) files: Vec<PathBuf>,
    pub(super) accounts: Vec<Planned>,
    /// Records of maildrops that no account is for.
    pub(super) strays: Vec<Record>,
    /// Lines that are not carried over, in the order of the files' lines.
    pub(super) left_out: Vec<LeftOut>,
}

/// An account, new or there.
pub(super) struct Planned {
    /// As it is in the configuration, or will be.
    pub(super) account: Account,
    /// What is added to the configuration.
    pub(super) entry: Option<Entry>,
    /// The password to be kept.
    pub(super) password: Option<Secret>,
    pub(super) records: Vec<Record>,
    pub(super) remarks: Vec<String>,
}

impl Plan {
    /// How many accounts are new.
    pub(super) fn new_accounts(&self) -> usize {
        let new = self.accounts.iter();
        new.filter(|planned| planned.entry.is_some()).count()
    }

    /// How many messages the other program has of them.
    pub(super) fn uids(&self) -> usize {
        self.accounts.iter().map(Planned::uids).sum()
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.new_accounts() == 0 && self.uids() == 0
    }
}

impl Planned {
    /// An account that is in the configuration, and gets no more than its uids.
    fn there(account: Account, records: Vec<Record>) -> Self {
        Self {
            account,
            entry: None,
            password: None,
            records,
            remarks: Vec::new(),
        }
    }

    /// How many messages the other program has of it.
    pub(super) fn uids(&self) -> usize {
        self.records.iter().map(|record| record.taken.len()).sum()
    }
}

/// Where passwords go that stand in the other program's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passwords {
    Keyring,
    Files,
    Out,
}

/// More accounts than anybody has: each is judged with all that come before it.
const MOST_ACCOUNTS: usize = 500;

/// Makes the plan; new accounts are added to the draft.
///
/// # Errors
/// Somebody ended it.
pub(super) fn plan(
    source: Source,
    found: Found,
    draft: &mut Draft,
    passwords: Passwords,
    asker: &Asker,
    home: &Path,
) -> Result<Plan, Cancelled> {
    let mut plan = Plan {
        source,
        files: found.files,
        accounts: Vec::new(),
        strays: Vec::new(),
        left_out: found.left_out,
    };
    for (number, account) in found.accounts.into_iter().enumerate() {
        asker.goes_on()?;
        let (file, line) = (account.file.clone(), account.line);
        let what = format!("account {}", account.name);
        let leave_out = |why| {
            plan.left_out.push(LeftOut {
                file,
                line,
                what,
                why,
            });
        };
        if number >= MOST_ACCOUNTS {
            leave_out(format!(
                "popfetch takes over {MOST_ACCOUNTS} accounts at once"
            ));
            continue;
        }
        let existing = draft.accounts().iter().find(|it| is_same(it, &account));
        if let Some(existing) = existing.cloned() {
            let mut planned = plan.accounts.iter();
            if planned.any(|it| it.account.name == existing.name) {
                let name = &existing.name;
                leave_out(format!("it has the same maildrop as account {name}"));
            } else {
                plan.accounts
                    .push(Planned::there(existing, account.records));
            }
            continue;
        }
        match add(source, account, draft, home, passwords) {
            Ok(planned) => plan.accounts.push(planned),
            Err(why) => leave_out(why),
        }
    }
    for record in found.strays {
        let is_owner = |account: &&Account| {
            let is_user = account.user == record.user
                // fetchmail tells no cases apart.
                || source == Source::Fetchmail && account.user.eq_ignore_ascii_case(&record.user);
            is_user && account.endpoint.host.eq_ignore_ascii_case(&record.host)
        };
        let mut owners = draft.accounts().iter().filter(is_owner);
        match (owners.next().cloned(), owners.next()) {
            (Some(owner), None) => merge(&mut plan.accounts, owner, record),
            // Of several nobody can say which.
            _ => plan.strays.push(record),
        }
    }
    plan.left_out
        .sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    Ok(plan)
}

/// Gives uids to one account: those of its own maildrop, where there are any, and else all, if they are of one.
///
/// # Errors
/// They are of several maildrops, none of which is the account's.
pub(super) fn plan_for(source: Source, found: Found, account: &Account) -> Result<Plan, Usage> {
    let of_accounts = found.accounts.into_iter();
    let records = of_accounts.flat_map(|account| account.records);
    let records: Vec<Record> = records.chain(found.strays).collect();
    let is_own = |record: &Record| {
        account.endpoint.host.eq_ignore_ascii_case(&record.host)
            && account.user.eq_ignore_ascii_case(&record.user)
    };
    let (mut own, mut strays): (Vec<Record>, _) = records.into_iter().partition(is_own);
    if own.is_empty() {
        let maildrops: BTreeSet<(&str, &str)> = strays
            .iter()
            .map(|record| (record.user.as_str(), record.host.as_str()))
            .collect();
        if maildrops.len() > 1 {
            let maildrops = maildrops.iter();
            return Err(Usage::SeveralMaildrops {
                name: account.name.clone(),
                maildrops: maildrops
                    .map(|(user, host)| visible::text(&format!("{user} at {host}")))
                    .collect(),
            });
        }
        own = mem::take(&mut strays);
    }
    Ok(Plan {
        source,
        files: found.files,
        accounts: vec![Planned::there(account.clone(), own)],
        strays,
        left_out: found.left_out,
    })
}

fn is_same(account: &Account, other: &import::Account) -> bool {
    is_beside(account, other) && usual(account.endpoint.port) == other.port.and_then(usual)
}

/// Whether it is the same user of the same host, at whatever port.
fn is_beside(account: &Account, other: &import::Account) -> bool {
    account.endpoint.host.eq_ignore_ascii_case(&other.host) && account.user == other.user
}

/// A port, if it is none of POP3's own: behind those is the same maildrop.
fn usual(port: u16) -> Option<u16> {
    let own = [Security::IMPLICIT_PORT, Security::PLAIN_PORT];
    Some(port).filter(|port| !own.contains(port))
}

/// Adds a record to an account that is there already, or has just been planned.
fn merge(accounts: &mut Vec<Planned>, account: Account, record: Record) {
    let mut planned = accounts.iter_mut();
    match planned.find(|planned| planned.account.name == account.name) {
        Some(planned) => planned.records.push(record),
        None => accounts.push(Planned::there(account, vec![record])),
    }
}

/// Adds a new account to the draft; if the configuration refuses it, says why.
fn add(
    source: Source,
    mut account: import::Account,
    draft: &mut Draft,
    home: &Path,
    passwords: Passwords,
) -> Result<Planned, String> {
    let program = source.name();
    if account.host.is_empty() || account.user.is_empty() {
        return Err(format!(
            "{program} has its server or user from elsewhere: `popfetch account add` asks for them"
        ));
    }
    let name = free_name(&account.name, draft);
    let fallback = format!("~/Mail/{}", keep::file_name_of(&name));
    let mut remarks = Vec::new();
    if let Some(beside) = draft.accounts().iter().find(|it| is_beside(it, &account)) {
        remarks.push(format!(
            "account {} fetches for the same user from the same host, at port {}: if that is the same maildrop, all of it comes twice",
            beside.name, beside.endpoint.port
        ));
    }
    let password = match mem::replace(&mut account.proof, Proof::Unstated) {
        Proof::Password(secret) => Some(secret),
        proof => {
            account.proof = proof;
            None
        }
    };
    let folder = draft.path().parent().unwrap_or(Path::new("/")).to_owned();
    let file = match (&password, passwords) {
        (Some(_), Passwords::Files) => Some(keep::new_file_name(&folder, &name)),
        _ => None,
    };
    let defaults = draft.default_keys();
    let entry = |account: &import::Account| {
        let mut settings = entry::settings(account, &fallback, &defaults, home);
        settings.extend(file.as_deref().map(|file| ("password-file", file.into())));
        Entry {
            name: name.clone(),
            settings,
        }
    };
    let mut written = entry(&account);
    let mut added = draft.add(&written);
    if added.is_err() && account.tls == Tls::None {
        account.tls = Tls::StartTls;
        written = entry(&account);
        added = draft.add(&written);
        remarks.push(format!(
            "{program} spoke to it without TLS, so that others could read the password on the way: popfetch demands STLS; where the server has none, `allow-cleartext` is in popfetch-config(5)"
        ));
    }
    let added = added.map_err(|error| match error {
        // The file is the reader's own, and is not at fault.
        config::Error::Unfit { reason, .. } => reason,
        error => error.to_string(),
    })?;
    if account.deliver.is_empty() {
        remarks.push(format!("its mail goes to a new Maildir, {fallback}"));
    }
    if account.leave == Leave::Nothing {
        remarks.push(if account.leave_is_default {
            format!(
                "{program} deletes mail from the server once it is fetched, because nothing else is said; so does popfetch: `leave-on-server = true` keeps it"
            )
        } else {
            "mail is deleted from the server once it is fetched, as before".to_owned()
        });
    }
    let is_inherited =
        |key: &&String| !written.settings.iter().any(|(own, _)| *own == key.as_str());
    let inherited: Vec<&str> = defaults
        .iter()
        .filter(is_inherited)
        .map(String::as_str)
        .collect();
    if !inherited.is_empty() {
        remarks.push(format!(
            "[defaults] in your configuration has {}, which goes for this account, too",
            inherited.join(", ")
        ));
    }
    remarks.append(&mut account.remarks);
    if let (Some(_), Passwords::Out) = (&password, passwords) {
        remarks.push(format!(
            "its password is left out: `popfetch login {}` puts it into the keyring",
            shell_words::quote(&name)
        ));
    }
    Ok(Planned {
        account: added,
        entry: Some(written),
        password: password.filter(|_| passwords != Passwords::Out),
        records: account.records,
        remarks,
    })
}

/// A name like this one that is none of an account's.
fn free_name(wanted: &str, draft: &Draft) -> String {
    let base: String = wanted.chars().filter(|c| !c.is_control()).collect();
    let base = base.trim().trim_start_matches('-');
    let base = if base.is_empty() { "mail" } else { base };
    let numbered = |number: u32| match number {
        1 => base.to_owned(),
        number => format!("{base}-{number}"),
    };
    let is_free = |name: &String| draft.account(name).is_none();
    (1..=u32::MAX)
        .map(numbered)
        .find(is_free)
        .unwrap_or_else(|| base.to_owned())
}
