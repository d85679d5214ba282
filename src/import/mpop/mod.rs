//! What mpop was told, in `~/.mpoprc`, and what it has seen, in `~/.mpop_uidls/`.
//!
//! ```text
//! text ─▶ lines ─▶ commands (each line judged) ─▶ accounts (inheritance) ─▶ translate ─▶ Account
//!                   values                                                   shell
//! uidls ─▶ Record, joined with the account whose file, server and user they are
//! ```
//!
//! The grammar is that of mpop 1.4.23. Invariants: an account's uids are those of the file that mpop would have read for
//! it; a list that is no account's is a stray.

mod accounts;
mod commands;
mod lines;
mod shell;
mod shown;
#[cfg(test)]
mod tests;
mod translate;
mod uidls;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use self::accounts::Aside;
use super::{Error, Found, Record, Source, Surroundings, file};

/// Where the uids are, from the home folder: a folder, or a single file.
const UIDLS: &str = ".mpop_uidls";

pub(super) fn read(path: Option<&Path>, around: &Surroundings<'_>) -> Result<Found, Error> {
    let uidls = around.home.join(UIDLS);
    match path {
        None => {
            let places = configurations(around);
            let found = places.iter().find(|place| place.is_file());
            match found {
                Some(place) => configuration(place, Some(&uidls), around),
                None if uidls.exists() => strays(&uidls),
                None => Err(Source::Mpop.nothing(places.into_iter().chain([uidls]).collect())),
            }
        }
        Some(path) if path.is_dir() => {
            let mut inside = [".mpoprc", "mpop/config", "config"]
                .map(|name| path.join(name))
                .into_iter();
            match inside.find(|place| place.is_file()) {
                Some(place) => configuration(&place, None, around),
                None => strays(path),
            }
        }
        // It may turn out to be a configuration with passwords.
        Some(path) if uidls::is_one(&Zeroizing::new(file::record(path)?)) => strays(path),
        Some(path) => configuration(path, None, around),
    }
}

pub(super) fn understand(file: &Path, text: &str, around: &Surroundings<'_>) -> Found {
    let understood = understood(file, text, around);
    understood.map_or_else(Found::default, |(found, _)| found)
}

pub(super) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    uidls::records(file, content)
}

/// What the text says, and where each account's uids are; nothing, where it has no account.
fn understood(
    file: &Path,
    text: &str,
    around: &Surroundings<'_>,
) -> Option<(Found, Vec<Option<PathBuf>>)> {
    let mut aside = Aside::of(file);
    let drafts = accounts::accounts(text, &mut aside);
    if drafts.is_empty() {
        return None;
    }
    let understood = drafts.iter().filter_map(|draft| {
        let account = translate::account(draft, file, around, &mut aside)?;
        Some((account, translate::uidls(draft, around)))
    });
    let (accounts, places) = understood.unzip();
    aside.lines.sort_by_key(|left_out| left_out.line);
    let found = Found {
        files: vec![file.to_owned()],
        accounts,
        strays: Vec::new(),
        left_out: aside.lines,
    };
    Some((found, places))
}

/// The configuration in this file with its accounts' uids, and the others in that place.
fn configuration(
    file: &Path,
    others: Option<&Path>,
    around: &Surroundings<'_>,
) -> Result<Found, Error> {
    let text = file::text(file)?;
    let foreign = || Source::Mpop.not_its_own(file, "it has neither an account nor a list of uids");
    let (mut found, places) = understood(file, &text, around).ok_or_else(foreign)?;
    let mut lists = BTreeMap::new();
    for path in places.iter().flatten() {
        read_once(path, &mut lists)?;
    }
    for path in others.map(files_in).transpose()?.into_iter().flatten() {
        read_once(&path, &mut lists)?;
    }
    let single = around.home.join(UIDLS);
    let mut claimed = BTreeSet::new();
    for (account, place) in found.accounts.iter_mut().zip(&places) {
        let place = place.iter().find(|place| lists.contains_key(*place));
        let place = place.unwrap_or(&single);
        let list = lists.get(place).into_iter().flatten();
        for (at, record) in list.enumerate() {
            if record.host.eq_ignore_ascii_case(&account.host) && record.user == account.user {
                claimed.insert((place.clone(), at));
                account.records.push(record.clone());
            }
        }
    }
    for (path, list) in lists {
        if !list.is_empty() {
            found.files.push(path.clone());
        }
        let list = list.into_iter().enumerate();
        let strays = list.filter(|(at, _)| !claimed.contains(&(path.clone(), *at)));
        found.strays.extend(strays.map(|(_, record)| record));
    }
    Ok(found)
}

/// The lists in this file or folder alone.
fn strays(place: &Path) -> Result<Found, Error> {
    let mut lists = BTreeMap::new();
    for path in files_in(place)? {
        read_once(&path, &mut lists)?;
    }
    lists.retain(|_, list| !list.is_empty());
    if lists.is_empty() {
        return Err(Source::Mpop.not_its_own(place, "there are neither accounts nor lists of uids"));
    }
    Ok(Found {
        files: lists.keys().cloned().collect(),
        strays: lists.into_values().flatten().collect(),
        ..Found::default()
    })
}

/// The file itself, or those in the folder.
fn files_in(place: &Path) -> Result<Vec<PathBuf>, Error> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut paths = file::entries(place)?;
    paths.retain(|path| path.is_file());
    Ok(paths)
}

/// Adds the file's lists, unless it is not there: mpop makes it when it fetches.
fn read_once(path: &Path, lists: &mut BTreeMap<PathBuf, Vec<Record>>) -> Result<(), Error> {
    if !lists.contains_key(path) && path.is_file() {
        let content = file::record(path)?;
        lists.insert(path.to_owned(), uidls::records(path, &content));
    }
    Ok(())
}

/// Where mpop looks for its configuration, in its order.
fn configurations(around: &Surroundings<'_>) -> Vec<PathBuf> {
    let folder = (around.variable)("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
    let folder = folder.map_or_else(|| around.home.join(".config"), PathBuf::from);
    vec![
        around.home.join(".mpoprc"),
        folder.join("mpop").join("config"),
    ]
}
