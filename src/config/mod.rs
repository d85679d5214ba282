//! Reads what the user wants: one TOML file becomes finished values.
//!
//! ```text
//! file ─▶ reader ─▶ schema ─▶ resolve ─▶ Config
//!            └───── problem ─────┴─▶ excerpt ─▶ Error::Invalid
//! ```
//!
//! It refuses to know what is done with the values, and it asks neither the environment (but for [`Folders::find`])
//! nor a terminal nor the network. Invariants: all problems of a file are reported at once; a file that holds a
//! password which others can read is refused; no password is in an error, whatever is wrong with the file.

mod deliver;
mod edit;
mod error;
mod excerpt;
mod file;
mod login;
mod oauth;
mod paths;
mod problem;
mod reader;
mod resolve;
mod schema;
mod spelling;
mod takes;
mod transport;
mod units;
mod values;

use std::path::{Path, PathBuf};

pub use edit::{Draft, Entry, Setting};
pub use error::{Diagnostic, Error, Place};
pub use paths::Folders;
pub use takes::{ACCOUNT_KEYS, DELIVER_KEYS, OAUTH_KEYS};

use crate::{credentials, delivery, plan, pop3, retention};

/// A configuration, finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file it was read from, absolute.
    pub path: PathBuf,
    /// In the file's order; never empty, and no two have the same server and user.
    pub accounts: Vec<Account>,
}

/// A mailbox on a server, and what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What the user calls it: not empty, without control characters, and not like a flag.
    pub name: String,
    /// The provider's key, if it is a known one.
    pub provider: Option<&'static str>,
    /// The server.
    pub endpoint: pop3::Endpoint,
    /// The name to log in with.
    pub user: String,
    /// How to log in.
    pub auth: pop3::Auth,
    /// What that takes.
    pub need: pop3::Need,
    /// Where its password or token is.
    pub secret: credentials::Source,
    /// Where its mail goes; not empty, and no two are the same.
    pub destinations: Vec<delivery::Destination>,
    /// How long copies stay on the server.
    pub retention: retention::Policy,
    /// What is left on the server although it is new.
    pub limits: plan::Limits,
    /// Whether several commands may be in flight.
    pub pipelining: pop3::Pipelining,
    /// What is run after new mail.
    pub after_sync: Option<delivery::Program>,
    /// Whether it takes part when no account is named.
    pub enabled: bool,
}

impl Config {
    /// The account of this name.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The servers' names and the users of all accounts, enabled or not.
    #[must_use]
    pub fn maildrops(&self) -> Vec<(String, String)> {
        let accounts = self.accounts.iter();
        accounts
            .map(|account| (account.endpoint.server(), account.user.clone()))
            .collect()
    }

    /// The account's name that `name` was probably meant to be.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        spelling::nearest(name, self.accounts.iter().map(|a| a.name.as_str()))
    }
}

/// Reads the configuration file `path`; a `~` in it stands for `home`.
///
/// # Errors
///
/// Every [`Error`] but [`Error::NoHome`].
pub fn load(path: &Path, home: &Path) -> Result<Config, Error> {
    finish(file::read(path)?, home)
}

fn finish(source: file::Source, home: &Path) -> Result<Config, Error> {
    let text = source.text.expose();
    let table = match toml::de::DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let problems = vec![problem::Problem::syntax(&error)];
            let diagnostics = excerpt::diagnose(text, &excerpt::Masks::of_broken(text), problems);
            return Err(Error::Invalid {
                path: source.path,
                diagnostics,
            });
        }
    };

    let base = paths::Base::new(&source.path, home);
    let (file, mut problems) = reader::read(&table, &base);
    if let Some(mode) = source.mode
        && file::lets_others_in(mode)
        && file.holds_password()
    {
        return Err(Error::Exposed {
            path: source.path,
            mode,
        });
    }
    let accounts = resolve::resolve(&file, &mut problems);
    if !problems.is_empty() {
        let diagnostics =
            excerpt::diagnose(text, &excerpt::Masks::of_table(text, &table), problems);
        return Err(Error::Invalid {
            path: source.path,
            diagnostics,
        });
    }
    Ok(Config {
        path: source.path,
        accounts,
    })
}

#[cfg(test)]
mod tests;
