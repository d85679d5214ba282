//! Changes a configuration file: adds an account, takes one out, and leaves every other octet as it is.
//!
//! ```text
//! file ─▶ Draft ─▶ add, remove ─▶ config::finish ─▶ write
//! ```
//!
//! It refuses to know what an account's keys mean: the loader judges the new text as it would judge the file. Invariants:
//! a file that has errors is not touched, and none comes of a change; the other accounts are after it what they were; the
//! file on the disk is the old one or the new one, whole.

mod extent;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use toml_edit::{Array, InlineTable, Key, Value};

use super::file::{self, Source};
use super::{Account, Config, Diagnostic, Error, finish};
use crate::secret::Secret;

/// A configuration file that is being changed; nothing is on the disk before [`Draft::write`].
pub struct Draft {
    path: PathBuf,
    home: PathBuf,
    /// It may hold passwords.
    text: Secret,
    /// The file's permissions, if there is one.
    mode: Option<u32>,
    accounts: Vec<Account>,
}

/// An account as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Its keys, in this order.
    pub settings: Vec<(&'static str, Setting)>,
}

/// The value of a key as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `true` or `false`
    Flag(bool),
    /// A number.
    Number(u32),
    /// A string.
    Text(String),
    /// An array on one line.
    List(Vec<Self>),
    /// A table on one line.
    Table(Vec<(&'static str, Self)>),
}

impl From<String> for Setting {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Entry {
    /// Its keys as they are written, a line each.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let settings = self.settings.iter();
        settings.map(|(key, setting)| format!("{key} = {}", value(setting)))
    }
}

impl Draft {
    /// Reads the file; one that is missing, or has no account yet, has none.
    ///
    /// # Errors
    /// As for [`load`](super::load), but for [`Error::Missing`].
    pub fn open(path: &Path, home: &Path) -> Result<Self, Error> {
        let source = match file::read(path) {
            Err(Error::Missing { path }) => Source {
                path: std::path::absolute(&path).unwrap_or(path),
                text: Secret::new(""),
                mode: None,
            },
            source => source?,
        };
        let mut draft = Self {
            path: source.path,
            home: home.to_owned(),
            text: source.text,
            mode: source.mode,
            accounts: Vec::new(),
        };
        draft.accounts = draft.judge(&draft.text)?;
        Ok(draft)
    }

    /// The file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The accounts in the file's order.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The account of this name.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The keys that `[defaults]` has, which go for an account that is added, too.
    #[must_use]
    pub fn default_keys(&self) -> BTreeSet<String> {
        extent::keys_of_defaults(self.text.expose())
    }

    /// What the account would come to if it were added; nothing is changed.
    ///
    /// # Errors
    /// [`Error::Unfit`] if it is no whole account, or there is one with its name, or with its server and user;
    /// [`Error::OneLine`] if there is no place for it.
    pub fn preview(&self, entry: &Entry) -> Result<Account, Error> {
        self.attempt(entry).map(|(.., added)| added)
    }

    /// Adds an account at the end, and says what it comes to.
    ///
    /// # Errors
    /// As for [`Draft::preview`].
    pub fn add(&mut self, entry: &Entry) -> Result<Account, Error> {
        let (text, accounts, added) = self.attempt(entry)?;
        self.take_over(text, accounts, &entry.name)?;
        Ok(added)
    }

    fn attempt(&self, entry: &Entry) -> Result<(Secret, Vec<Account>, Account), Error> {
        self.accounts_are_tables()?;
        let text = with(self.text.expose(), entry);
        let accounts = self.judge(&text).map_err(|error| match error {
            // All was well before: it is the account's.
            Error::Invalid { path, diagnostics } => Error::Unfit {
                path,
                name: entry.name.clone(),
                reason: in_words(&diagnostics),
            },
            error => error,
        })?;
        let added = accounts.iter().find(|account| account.name == entry.name);
        match added.cloned() {
            Some(added) => Ok((text, accounts, added)),
            None => Err(self.unchangeable(&entry.name)),
        }
    }

    /// Takes an account out, with the comments that stand directly above it.
    ///
    /// # Errors
    /// [`Error::OneLine`] and [`Error::Unchangeable`] if it cannot be told where the account begins and ends.
    pub fn remove(&mut self, name: &str) -> Result<(), Error> {
        self.accounts_are_tables()?;
        let text = self.text.expose();
        let ranges = extent::of_account(text, name);
        if ranges.is_empty() {
            return Err(self.unchangeable(name));
        }
        let text = Secret::new(extent::without(text, &ranges));
        let accounts = self.judge(&text)?;
        self.take_over(text, accounts, name)
    }

    /// Puts the new text in place of the file, which is made for its owner alone if it is new.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn write(&self) -> Result<(), Error> {
        write::replace(&self.path, self.text.expose()).map_err(|source| Error::Unwritable {
            path: self.path.clone(),
            source,
        })
    }

    /// What the loader makes of the text: all accounts, or none where there is none yet.
    fn judge(&self, text: &Secret) -> Result<Vec<Account>, Error> {
        let source = Source {
            path: self.path.clone(),
            text: text.clone(),
            mode: self.mode,
        };
        match finish(source, &self.home) {
            Ok(Config { accounts, .. }) => Ok(accounts),
            // Only that there is no account is told of the file as a whole.
            Err(Error::Invalid { diagnostics, .. })
                if diagnostics.iter().all(|found| found.place.is_none()) =>
            {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Makes the new text the draft's, if it changes this account and no other.
    fn take_over(&mut self, text: Secret, accounts: Vec<Account>, name: &str) -> Result<(), Error> {
        let others = |accounts: &[Account]| -> Vec<Account> {
            let others = accounts.iter().filter(|account| account.name != name);
            others.cloned().collect()
        };
        if others(&accounts) != others(&self.accounts) {
            return Err(self.unchangeable(name));
        }
        self.text = text;
        self.accounts = accounts;
        Ok(())
    }

    /// That `accounts` is not a table on one line, into which nothing can be added line by line.
    fn accounts_are_tables(&self) -> Result<(), Error> {
        if extent::is_one_line(self.text.expose()) {
            return Err(Error::OneLine {
                path: self.path.clone(),
            });
        }
        Ok(())
    }

    fn unchangeable(&self, name: &str) -> Error {
        Error::Unchangeable {
            path: self.path.clone(),
            name: name.to_owned(),
        }
    }
}

/// The text with the account at its end.
fn with(text: &str, entry: &Entry) -> Secret {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    // Room for all at once: a text that grows leaves copies behind that nobody wipes.
    let mut new = String::with_capacity(text.len() + 2 * file::LARGEST);
    new.push_str(text);
    if !(text.is_empty() || text.ends_with('\n')) {
        new.push_str(end);
    }
    if !text.trim().is_empty() {
        new.push_str(end);
    }
    let name = Key::new(&entry.name);
    // Writing to a string cannot fail.
    let _ = write!(new, "[accounts.{}]{end}", name.display_repr());
    for line in entry.lines() {
        let _ = write!(new, "{line}{end}");
    }
    Secret::new(new)
}

/// What is wrong, without the places, which are in no file yet.
fn in_words(diagnostics: &[Diagnostic]) -> String {
    let words = diagnostics.iter().map(|diagnostic| match &diagnostic.help {
        Some(help) => format!("{}; {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    });
    words.collect::<Vec<_>>().join("; ")
}

fn value(setting: &Setting) -> Value {
    match setting {
        Setting::Flag(flag) => Value::from(*flag),
        Setting::Number(number) => Value::from(i64::from(*number)),
        Setting::Text(text) => Value::from(text.as_str()),
        Setting::List(list) => Value::from(list.iter().map(value).collect::<Array>()),
        Setting::Table(pairs) => {
            let pairs = pairs.iter().map(|(key, setting)| (*key, value(setting)));
            Value::from(pairs.collect::<InlineTable>())
        }
    }
}
