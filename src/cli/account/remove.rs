//! `popfetch account remove`: takes an account out of the configuration, and forgets what is to be forgotten.
//!
//! Invariants: mail that is here stays; what waits to be delivered is never forgotten; nothing is forgotten of an account
//! that is still in the file, for the next run would fetch all of it again.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::ask::Asker;
use super::keep::ENDING;
use super::words::tilde;
use crate::cli::args::{AccountRemove, Global};
use crate::cli::exit::Status;
use crate::cli::usage::{Cancelled, OfAccount, Usage};
use crate::cli::{accounts, authorise, login, report, surroundings};
use crate::config::{Account, Config, Draft, Folders};
use crate::credentials::{self, Source};
use crate::state::{Ledger, Lock, Removal};

/// Removes the account.
pub(super) fn remove(options: &AccountRemove, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let (config, folders) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    // What cannot be taken out is found out before anything is forgotten.
    without(&config, account, &folders)?;
    let asker = Asker::new(surroundings::stop_flag()?, options.yes, global.quiet);
    if !options.yes && !asker.is_attended() {
        let flags = vec!["--yes".to_owned()];
        return Err(Usage::Missing { flags }.into());
    }
    let shown = tilde(&config.path, &folders.home);
    let question = format!("Take {} out of {shown}?", account.name);
    if !asker.agree(&question, true)? {
        return Err(Cancelled.into());
    }
    let drops_state = match (options.keep_state, options.drop_state) {
        (true, _) => false,
        (_, true) => true,
        _ => {
            let question =
                "Forget what was fetched, too? Kept, nothing comes twice should it return.";
            has_state(account, &folders, &asker)? && asker.agree(question, false)?
        }
    };
    let drops_secret = match &account.secret {
        Source::Unstated => asker.agree("Remove its password from the keyring?", true)?,
        Source::OAuth2(_) => asker.agree("Remove its OAuth2 tokens?", true)?,
        _ => false,
    };
    let file = password_file(&config, account);
    let file = match file {
        Some(path) => {
            let question = format!(
                "Remove its password in {}, too?",
                tilde(path, &folders.home)
            );
            asker.agree(&question, true)?.then_some(path)
        }
        None => None,
    };
    let record = if drops_state {
        hold(account, &folders, &asker)?
    } else {
        None
    };
    // Somebody may have changed the file while the questions were answered.
    without(&config, account, &folders)?.write()?;
    if let Some(record) = record {
        forget(account, &record, &asker)?;
    }
    if drops_secret {
        remove_secret(account, &folders, &asker);
    }
    if let Some(path) = file {
        let failed = || format!("cannot remove {}", path.display());
        fs::remove_file(path).with_context(failed)?;
    }
    let name = &account.name;
    asker.tell(&format!(
        "{name} is removed from {shown}. Mail that was fetched stays where it is."
    ));
    Ok(Status::Well)
}

/// The configuration as it is now, without the account; nothing is on the disk yet.
fn without(config: &Config, account: &Account, folders: &Folders) -> anyhow::Result<Draft> {
    let mut draft = Draft::open(&config.path, &folders.home)?;
    draft.remove(&account.name)?;
    Ok(draft)
}

/// The file with the account's password, if `account add` made it and no other account has need of it.
fn password_file<'a>(config: &Config, account: &'a Account) -> Option<&'a Path> {
    let Source::File(path) = &account.secret else {
        return None;
    };
    let users = config.accounts.iter();
    let users = users.filter(|other| other.secret == account.secret);
    let is_own = path.parent() == config.path.parent()
        && path.extension().is_some_and(|ending| ending == ENDING)
        && path.is_file();
    (is_own && users.count() == 1).then_some(path)
}

fn has_state(account: &Account, folders: &Folders, asker: &Asker) -> anyhow::Result<bool> {
    if !Ledger::is_there(&folders.state) {
        return Ok(false);
    }
    let ledger = Ledger::open(&folders.state, asker.stop.clone())?;
    let server = account.endpoint.server();
    Ok(ledger.find(&server, &account.user)?.is_some())
}

/// What is on record, and the right to change it.
type Record = (Lock, Ledger);

/// Keeps all others from the account's record, if there is one; it has to owe nothing to a destination.
fn hold(account: &Account, folders: &Folders, asker: &Asker) -> anyhow::Result<Option<Record>> {
    if !Ledger::is_there(&folders.state) {
        return Ok(None);
    }
    let (server, user) = (account.endpoint.server(), &account.user);
    let lock = Lock::acquire(&folders.state, &server, user)?;
    let ledger = Ledger::open(&folders.state, asker.stop.clone())?;
    let owed = match ledger.find(&server, user)? {
        Some(rows) => rows.owed()?.len(),
        None => 0,
    };
    if owed > 0 {
        return Err(still_owed(account, owed as u64).into());
    }
    Ok(Some((lock, ledger)))
}

/// Forgets what is on record of the account.
fn forget(account: &Account, (_, ledger): &Record, asker: &Asker) -> anyhow::Result<()> {
    match ledger.forget_account(&account.endpoint.server(), &account.user)? {
        Removal::Owed(owed) => Err(still_owed(account, owed).into()),
        Removal::Forgotten(known) => {
            asker.tell(&format!("What was known of {known} messages is forgotten."));
            Ok(())
        }
        Removal::Unknown => Ok(()),
    }
}

fn still_owed(account: &Account, owed: u64) -> Usage {
    let name = account.name.clone();
    Usage::StillOwed {
        name,
        owed,
        instead: ", and --keep-state remembers them",
    }
}

/// Removes the password or the tokens; what cannot be removed is told, and no reason to keep the account.
fn remove_secret(account: &Account, folders: &Folders, asker: &Asker) {
    let server = account.endpoint.server();
    let owner = login::owner(account, &server);
    let removed = if let Source::OAuth2(_) = account.secret {
        authorise::logout(owner, &folders.state, &asker.stop)
    } else {
        credentials::remove(owner, &asker.stop)
    };
    if let Err(error) = removed {
        let error = OfAccount::of(&account.name)(error);
        report::failure(&error.into());
    }
}
