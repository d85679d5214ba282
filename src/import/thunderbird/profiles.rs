//! Finds Thunderbird's profile and joins its accounts with their uids.
//!
//! It refuses to know what the files say, but for `profiles.ini`, which names the profiles. Invariants: nothing is written;
//! the profile that Thunderbird starts with is the one that is read, and the others are named.

use std::fs;
use std::path::{Path, PathBuf};

use super::prefs::Prefs;
use super::{popstate, translate};
use crate::import::{Error, Found, LeftOut, Source, Surroundings, file};

const PREFS: &str = "prefs.js";
const PROFILES: &str = "profiles.ini";

/// Where the profiles are, below the home folder: as most have it, as old Debians had it, with Snap and Flatpak, and on
/// macOS.
const BASES: [&str; 7] = [
    ".thunderbird",
    "snap/thunderbird/common/.thunderbird",
    ".var/app/org.mozilla.Thunderbird/.thunderbird",
    ".var/app/org.mozilla.thunderbird/.thunderbird",
    ".icedove",
    ".mozilla-thunderbird",
    "Library/Thunderbird",
];

/// Reads a profile, which its folder or its `prefs.js` names, that of a folder of profiles, or a file of uids.
pub(in crate::import) fn read(
    path: Option<&Path>,
    around: &Surroundings<'_>,
) -> Result<Found, Error> {
    let Some(path) = path else {
        return usual(around);
    };
    let path = &std::path::absolute(path).map_err(Error::unreadable(path))?;
    let kind = fs::metadata(path).map_err(Error::unreadable(path))?;
    if kind.is_dir() {
        if path.join(PREFS).is_file() {
            return profile(path, around);
        }
        let profiles = profiles(path)?;
        if profiles.is_empty() {
            return Err(
                Source::Thunderbird.not_its_own(path, "it has neither prefs.js nor profiles")
            );
        }
        return of_several(profiles, around);
    }
    let content = file::record(path)?;
    if content.starts_with(popstate::HEAD) || path.ends_with(popstate::NAME) {
        return Ok(Found {
            files: vec![path.to_owned()],
            strays: popstate::records(path, &content),
            ..Found::default()
        });
    }
    configuration(path, around)
}

fn usual(around: &Surroundings<'_>) -> Result<Found, Error> {
    let bases: Vec<PathBuf> = BASES.iter().map(|base| around.home.join(base)).collect();
    let mut found = Vec::new();
    for base in bases.iter().filter(|base| base.is_dir()) {
        found.extend(profiles(base)?);
    }
    if found.is_empty() {
        return Err(Source::Thunderbird.nothing(bases));
    }
    of_several(found, around)
}

/// Reads the first, and names the others.
fn of_several(profiles: Vec<PathBuf>, around: &Surroundings<'_>) -> Result<Found, Error> {
    let mut profiles = profiles.into_iter();
    let Some(first) = profiles.next() else {
        return Ok(Found::default());
    };
    let mut found = profile(&first, around)?;
    found.left_out.extend(profiles.map(|other| {
        LeftOut {
            file: other.join(PREFS),
            line: 1,
            what: "the profile".to_owned(),
            why: "Thunderbird starts with another; import it by its folder's name if it is in use"
                .to_owned(),
        }
    }));
    Ok(found)
}

/// The profiles in a folder that are there, the one that Thunderbird starts with first.
fn profiles(base: &Path) -> Result<Vec<PathBuf>, Error> {
    let ini = base.join(PROFILES);
    let mut profiles = if ini.is_file() {
        named(base, &file::text(&ini)?)
    } else {
        file::entries(base)?
    };
    profiles.retain(|profile| profile.join(PREFS).is_file());
    Ok(profiles)
}

/// The profiles that `profiles.ini` names. What is installed says which one it starts; else the default of old does.
fn named(base: &Path, text: &str) -> Vec<PathBuf> {
    let mut installed = Vec::new();
    let mut marked = Vec::new();
    let mut others = Vec::new();
    for section in text.split("\n[") {
        let mut lines = section.lines().map(str::trim);
        let header = lines.next().unwrap_or_default().trim_start_matches('[');
        let (mut path, mut default) = (None, None);
        for line in lines {
            match line.split_once('=') {
                Some(("Path", value)) => path = Some(value),
                Some(("Default", value)) => default = Some(value),
                _ => {}
            }
        }
        // A path that is not relative is absolute, and is joined as such.
        match (path, default) {
            (None, Some(default)) if header.starts_with("Install") => {
                installed.push(base.join(default));
            }
            (Some(path), Some("1")) => marked.push(base.join(path)),
            (Some(path), _) => others.push(base.join(path)),
            _ => {}
        }
    }
    let mut seen = std::collections::HashSet::new();
    let all = installed.into_iter().chain(marked).chain(others);
    all.filter(|path| seen.insert(path.clone())).collect()
}

fn profile(folder: &Path, around: &Surroundings<'_>) -> Result<Found, Error> {
    configuration(&folder.join(PREFS), around)
}

fn configuration(path: &Path, around: &Surroundings<'_>) -> Result<Found, Error> {
    let prefs = Prefs::read(&file::text(path)?);
    if prefs.is_empty() {
        return Err(Source::Thunderbird.not_its_own(path, "it sets nothing with user_pref(…)"));
    }
    let (mut found, servers) = translate(path, &prefs, around);
    for server in servers {
        let mut account = server.account;
        let uids = server.folder.map(|folder| folder.join(popstate::NAME));
        if let Some(uids) = uids.filter(|uids| uids.is_file()) {
            // All of the folder is the account's, also what came when its server or user had another name.
            account.records = popstate::records(&uids, &file::record(&uids)?);
            for record in &mut account.records {
                record.host.clone_from(&account.host);
                record.user.clone_from(&account.user);
            }
            found.files.push(uids);
        }
        found.accounts.push(account);
    }
    Ok(found)
}
