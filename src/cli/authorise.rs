//! `popfetch login` for an account that logs in by OAuth2: shows where to agree, waits for it, and keeps the tokens.
//!
//! It refuses to know the protocol. Invariant: what is printed holds no token; the address that is opened holds none either.

use std::io::{self, BufRead};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use jiff::Timestamp;

use super::args::Login;
use super::exit::Status;
use super::secrets::tokens_folder;
use super::usage::OfAccount;
use super::{login, report, surroundings, visible};
use crate::config::Account;
use crate::credentials::oauth2::{Authorisation, Client, Device, Error, Keeper, Place, Tokens};
use crate::credentials::{self, Owner};

/// Gets tokens for the account and keeps them.
pub(super) fn login(
    account: &Account,
    client: &Client,
    state: &Path,
    options: &Login,
    quiet: bool,
) -> anyhow::Result<Status> {
    let stop = surroundings::stop_flag()?;
    let server = account.endpoint.server();
    let keeper = Keeper::new(login::owner(account, &server), tokens_folder(state)).attended();
    let keeper = if options.no_keyring {
        keeper.in_file()
    } else {
        keeper
    };
    let place = if options.device {
        by_device(account, client, &stop).and_then(|tokens| keeper.save(&tokens, &stop))
    } else {
        by_browser(account, client, &keeper, &stop)
    };
    let place = place
        .map_err(credentials::Error::from)
        .map_err(OfAccount::of(&account.name))?;
    if !quiet {
        let name = &account.name;
        report::say(&match place {
            Place::Keyring => format!("{name} is logged in; its tokens are in the keyring."),
            Place::File => format!(
                "{name} is logged in; its tokens are in a file in {}, which only you can read.",
                tokens_folder(state).display()
            ),
        });
    }
    Ok(Status::Well)
}

/// Removes the tokens; false if there were none.
pub(super) fn logout(
    owner: Owner<'_>,
    state: &Path,
    stop: &AtomicBool,
) -> Result<bool, credentials::Error> {
    let keeper = Keeper::new(owner, tokens_folder(state)).attended();
    Ok(keeper.remove(stop)?)
}

fn by_browser(
    account: &Account,
    client: &Client,
    keeper: &Keeper<'_>,
    stop: &AtomicBool,
) -> Result<Place, Error> {
    let authorisation = Authorisation::begin(client, &surroundings::fill_random)?;
    let (address, port) = (authorisation.address(), authorisation.port());
    let opened = surroundings::has_display() && open::that_detached(address).is_ok();
    let begin = if opened {
        "Your browser was asked to open this page; if it does not, open it yourself:"
    } else {
        "Open this page in a browser:"
    };
    report::say(&format!(
        "Logging in to {}. {begin}\n\n  {address}\n",
        account.name
    ));
    report::say(&format!(
        "The browser must reach this machine. If it runs on another one, run this there first:\n\n  ssh -L {port}:127.0.0.1:{port} {}\n\nor paste here the address of the page at which it ends up, even if that page is empty.",
        surroundings::host_name()
    ));
    let keep = |tokens: &Tokens| keeper.save(tokens, stop);
    let complain = |error: &Error| report::say(&format!("popfetch: {error}; still waiting"));
    authorisation.finish(&lines(), Timestamp::now(), stop, keep, complain)
}

fn by_device(account: &Account, client: &Client, stop: &AtomicBool) -> Result<Tokens, Error> {
    let device = Device::begin(client, stop)?;
    let shown = |text: &str| visible::text(text);
    report::say(&format!(
        "Logging in to {}. Open this page in any browser, and type the code there:\n\n  {}\n  {}\n",
        account.name,
        shown(device.verification_address()),
        shown(device.user_code()),
    ));
    if let Some(address) = device.complete_address() {
        report::say(&format!(
            "The code is in this address already:\n\n  {}\n",
            shown(address)
        ));
    }
    report::say(&format!(
        "Waiting for it, up to {} minutes.",
        device.expires_in().as_secs().div_ceil(60)
    ));
    device.finish(Timestamp::now(), stop)
}

/// The lines that somebody types or pastes.
fn lines() -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
