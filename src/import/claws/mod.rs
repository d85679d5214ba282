//! What Claws Mail was told, in `accountrc`, and what it has seen, in `uidl/`, both in `~/.claws-mail/`.
//!
//! ```text
//! accountrc ─▶ Account
//! uidl/<server>-<user> ─▶ Record, joined with the account whose server and user name it so
//! ```
//!
//! It refuses to read `passwordstorerc`, where passwords are encrypted, and the MH folders, where mail is. Invariant: a file
//! of `uidl/` that is no account's is a stray.

mod accounts;
#[cfg(test)]
mod tests;
mod uidl;

use std::path::{Path, PathBuf};

use super::{Error, Found, Record, Source, Surroundings, file};

/// The configuration's name in Claws Mail's folder.
const ACCOUNTS: &str = "accountrc";

/// That of the folder of uids.
const UIDL: &str = "uidl";

pub(super) fn read(path: Option<&Path>, around: &Surroundings<'_>) -> Result<Found, Error> {
    let Some(path) = path else {
        let places = folders(around);
        let found = places.iter().find(|place| is_ours(place));
        let nothing = || Source::Claws.nothing(places.clone());
        return folder(found.ok_or_else(nothing)?);
    };
    if is_ours(path) {
        return folder(path);
    }
    if path.is_dir() {
        return strays(path);
    }
    let text = file::text(path)?;
    let beside = path.with_file_name(UIDL);
    match accounts::accounts(path, &text) {
        Some(found) => join(found, &beside),
        None if uidl::is_one(text.as_bytes()) => strays(path),
        None => Err(foreign(path)),
    }
}

pub(super) fn understand(file: &Path, text: &str, _around: &Surroundings<'_>) -> Found {
    accounts::accounts(file, text).unwrap_or_default()
}

pub(super) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    uidl::record(file, content).into_iter().collect()
}

/// Where Claws Mail keeps its files.
fn folders(around: &Surroundings<'_>) -> Vec<PathBuf> {
    let folder = (around.variable)("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
    let folder = folder.map_or_else(|| around.home.join(".config"), PathBuf::from);
    vec![around.home.join(".claws-mail"), folder.join("claws-mail")]
}

fn is_ours(folder: &Path) -> bool {
    folder.join(ACCOUNTS).is_file() || folder.join(UIDL).is_dir()
}

fn foreign(path: &Path) -> Error {
    Source::Claws.not_its_own(path, "there are neither accounts nor uids")
}

fn folder(folder: &Path) -> Result<Found, Error> {
    let path = folder.join(ACCOUNTS);
    let uidl = folder.join(UIDL);
    if !path.is_file() {
        return strays(&uidl);
    }
    let text = file::text(&path)?;
    let found = accounts::accounts(&path, &text).ok_or_else(|| foreign(&path))?;
    join(found, &uidl)
}

/// Gives each account its uids.
fn join(mut found: Found, folder: &Path) -> Result<Found, Error> {
    let mut files = files_in(folder)?;
    for account in &mut found.accounts {
        let name = uidl::name(&account.host, &account.user);
        let path = folder.join(name);
        if !files.contains(&path) {
            continue;
        }
        let taken = uidl::taken(&file::record(&path)?);
        account.records.push(Record {
            file: path.clone(),
            host: account.host.clone(),
            user: account.user.clone(),
            likeness: uidl::LIKENESS,
            taken,
        });
        if !found.files.contains(&path) {
            found.files.push(path);
        }
    }
    files.retain(|path| !found.files.contains(path));
    for path in files {
        found.strays.extend(records(&path, &file::record(&path)?));
    }
    Ok(found)
}

/// The uids of this file or folder alone.
fn strays(place: &Path) -> Result<Found, Error> {
    let mut found = Found::default();
    for path in files_in(place)? {
        let records = records(&path, &file::record(&path)?);
        if !records.is_empty() {
            found.files.push(path);
            found.strays.extend(records);
        }
    }
    if found.strays.is_empty() {
        return Err(foreign(place));
    }
    Ok(found)
}

/// The file itself, or those in the folder, which need not be there.
fn files_in(place: &Path) -> Result<Vec<PathBuf>, Error> {
    if place.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    if !place.exists() {
        return Ok(Vec::new());
    }
    let mut paths = file::entries(place)?;
    paths.retain(|path| path.is_file());
    Ok(paths)
}
