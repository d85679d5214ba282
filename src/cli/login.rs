//! `popfetch login` and `popfetch logout`: put an account's password into the keyring, and take it out.

use std::io::{self, IsTerminal};

use anyhow::Context;
use indicatif::MultiProgress;
use zeroize::Zeroizing;

use super::args::{Global, Login, Logout};
use super::exit::{Status, Usage};
use super::{accounts, logging, report, surroundings};
use crate::config::Account;
use crate::credentials::{self, Owner, Source};
use crate::secret::Secret;

/// Asks for the password and stores it.
pub(super) fn login(options: &Login, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let (config, _) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    logging::start(global.verbose, &MultiProgress::new());
    let server = account.endpoint.server();
    let owner = owner(account, &server);
    // While a pipe is read a signal ends the program at once; a terminal is to be restored first.
    let piped = if io::stdin().is_terminal() {
        None
    } else {
        Some(read_line()?)
    };
    let stop = surroundings::stop_flag()?;
    let secret = match piped {
        Some(secret) => secret,
        None => credentials::ask(
            &format!("Password of {} at {server}: ", account.user),
            &stop,
        )?,
    };
    if secret.expose().is_empty() {
        return Err(credentials::Error::Empty {
            source_name: "standard input".to_owned(),
        }
        .into());
    }
    credentials::store(owner, secret, &stop)?;
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
    let (config, _) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    logging::start(global.verbose, &MultiProgress::new());
    let stop = surroundings::stop_flag()?;
    let server = account.endpoint.server();
    let removed = credentials::remove(owner(account, &server), &stop)?;
    if !global.quiet {
        let name = &account.name;
        if removed {
            report::say(&format!(
                "The password of {name} is no longer in the keyring."
            ));
        } else {
            report::say(&format!("The keyring has no password of {name}."));
        }
    }
    Ok(Status::Well)
}

fn owner<'o>(account: &'o Account, server: &'o str) -> Owner<'o> {
    Owner {
        server,
        user: &account.user,
    }
}

/// Reads the first line of what is piped in.
fn read_line() -> anyhow::Result<Secret> {
    let mut line = Zeroizing::new(String::with_capacity(LINE));
    io::stdin()
        .read_line(&mut line)
        .context("cannot read the password from standard input")?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

/// Room for a password, so that the buffer does not grow and leave copies behind.
const LINE: usize = 4096;
