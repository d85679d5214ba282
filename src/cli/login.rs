//! `popfetch login` and `popfetch logout`: put an account's password or tokens into the keyring, and take them out.

use std::io::{self, IsTerminal};

use anyhow::Context;
use zeroize::Zeroizing;

use super::args::{Global, Login, Logout};
use super::exit::Status;
use super::usage::{OfAccount, Usage};
use super::{accounts, authorise, report, surroundings};
use crate::config::Account;
use crate::credentials::{self, Owner, Source};
use crate::secret::Secret;

/// Asks for the password and stores it, or gets tokens.
pub(super) fn login(options: &Login, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let (config, folders) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    if let Source::OAuth2(client) = &account.secret {
        return authorise::login(account, client, &folders.state, options, global.quiet);
    }
    keeps_something(account)?;
    let given = [
        (options.device, "--device"),
        (options.no_keyring, "--no-keyring"),
    ];
    if let Some((_, option)) = given.into_iter().find(|(is_given, _)| *is_given) {
        let name = account.name.clone();
        return Err(Usage::WithoutOAuth2 { name, option }.into());
    }
    let server = account.endpoint.server();
    let owner = owner(account, &server);
    // While a pipe is read a signal ends the program at once; a terminal is to be restored first.
    let piped = if io::stdin().is_terminal() {
        None
    } else {
        Some(read_line()?)
    };
    let stop = surroundings::stop_flag()?;
    let question = format!("Password of {} at {server}: ", account.user);
    let secret = match piped {
        Some(secret) => secret,
        None => credentials::ask(&question, &stop).map_err(OfAccount::of(&account.name))?,
    };
    if secret.expose().is_empty() {
        let source_name = "standard input".to_owned();
        let error = credentials::Error::Empty { source_name };
        return Err(OfAccount::of(&account.name)(error).into());
    }
    credentials::store(owner, secret, &stop).map_err(OfAccount::of(&account.name))?;
    if !global.quiet {
        let name = &account.name;
        report::say(&format!("The password of {name} is in the keyring."));
        if account.secret != Source::Unstated {
            report::say(
                &"The configuration names another source of it, which is asked instead: remove it there.",
            );
        }
    }
    Ok(Status::Well)
}

/// Removes the password.
pub(super) fn logout(options: &Logout, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let (config, folders) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    let stop = surroundings::stop_flag()?;
    let server = account.endpoint.server();
    let owner = owner(account, &server);
    let name = &account.name;
    let said = if let Source::OAuth2(_) = &account.secret {
        if authorise::logout(owner, &folders.state, &stop).map_err(OfAccount::of(name))? {
            format!("The tokens of {name} are removed from this machine.")
        } else {
            format!("There are no tokens of {name}.")
        }
    } else if credentials::remove(owner, &stop).map_err(OfAccount::of(name))? {
        format!("The password of {name} is no longer in the keyring.")
    } else {
        format!("The keyring has no password of {name}.")
    };
    if !global.quiet {
        report::say(&said);
    }
    Ok(Status::Well)
}

/// That the account has a password or tokens to keep: nobody is asked for what is never used.
fn keeps_something(account: &Account) -> Result<(), Usage> {
    let name = account.name.clone();
    match account.secret {
        Source::TokenCommand(_) => Err(Usage::NothingToKeep {
            name,
            proof: "a token of its token-command",
        }),
        Source::NotNeeded => Err(Usage::NothingToKeep {
            name,
            proof: "its certificate",
        }),
        _ => Ok(()),
    }
}

pub(super) fn owner<'o>(account: &'o Account, server: &'o str) -> Owner<'o> {
    Owner {
        server,
        user: &account.user,
    }
}

/// Reads the first line of what is piped in.
pub(super) fn read_line() -> anyhow::Result<Secret> {
    let mut line = Zeroizing::new(String::with_capacity(LINE));
    io::stdin()
        .read_line(&mut line)
        .context("cannot read the password from standard input")?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

/// Room for a password, so that the buffer does not grow and leave copies behind.
const LINE: usize = 4096;
