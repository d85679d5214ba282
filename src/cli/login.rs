//! `popfetch login` and `popfetch logout`: put an account's password into the keyring, and take it out.

use std::io::{self, IsTerminal};
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use zeroize::Zeroizing;

use super::args::{Global, Login, Logout};
use super::exit::{Status, Usage};
use super::{accounts, report, surroundings};
use crate::config::Account;
use crate::credentials::{self, Owner, Source};
use crate::secret::Secret;

/// Asks for the password and stores it.
pub(super) fn login(options: &Login, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let (config, _) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    let stop = surroundings::stop_flag()?;
    let server = account.endpoint.server();
    let owner = owner(account, &server);
    let secret = read_password(
        &format!("Password of {} at {server}: ", account.user),
        &stop,
    )?;
    credentials::store(owner, secret, &stop)?;
    if !global.quiet {
        let name = &account.name;
        report::say(&format!("The password of {name} is in the keyring."));
        if account.password != Source::Unstated {
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

/// Reads a password from the terminal, or the first line of what is piped in.
fn read_password(question: &str, stop: &AtomicBool) -> anyhow::Result<Secret> {
    let secret = if io::stdin().is_terminal() {
        credentials::ask(question, stop)?
    } else {
        let mut line = Zeroizing::new(String::new());
        io::stdin()
            .read_line(&mut line)
            .context("cannot read the password from standard input")?;
        Secret::new(line.trim_end_matches(['\r', '\n']))
    };
    if secret.expose().is_empty() {
        return Err(credentials::Error::Empty {
            source_name: "standard input".to_owned(),
        }
        .into());
    }
    Ok(secret)
}
