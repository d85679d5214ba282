//! Finds getmail's files and joins the accounts with their uids.
//!
//! It refuses to know what the files say. Invariants: nothing is written; a file of uids belongs to the account whose
//! server, port and user its name has, and to no other.

use std::fs;
use std::path::{Path, PathBuf};

use super::{oldmail, translate};
use crate::import::{Error, Found, LeftOut, Record, Source, Surroundings, file};

/// Reads the account that a getmailrc is for, those of a folder, or a file of uids.
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
        let found = folder(path, around)?;
        if found.accounts.is_empty() && found.strays.is_empty() && found.left_out.is_empty() {
            return Err(Source::Getmail.not_its_own(
                path,
                "no file in it has a section [retriever], and none is called oldmail-…",
            ));
        }
        return Ok(found);
    }
    if name(path).starts_with(oldmail::PREFIX) {
        return Ok(Found {
            files: vec![path.to_owned()],
            strays: oldmail::records(path, &file::record(path)?),
            ..Found::default()
        });
    }
    let text = file::text(path)?;
    if !is_getmailrc(&text) {
        return Err(Source::Getmail.not_its_own(path, "it has no section [retriever]"));
    }
    let around_it = path.parent().map(Path::to_owned);
    let mut found = Found::default();
    add(&mut found, path, &text, around, || {
        // getmail may have been told of this file from another folder, where the uids are then.
        let mut records = Vec::new();
        for folder in around_it.into_iter().chain(folders(around)) {
            let listed = list(&folder).unwrap_or_default();
            records.extend(listed.into_iter().filter(|path| is_oldmail(path)));
        }
        records
    })?;
    Ok(found)
}

/// The folder that getmail takes when it is told of none.
fn usual(around: &Surroundings<'_>) -> Result<Found, Error> {
    let looked = folders(around);
    let mut there = looked.iter().filter(|folder| folder.is_dir());
    let Some(first) = there.next() else {
        return Err(Source::Getmail.nothing(looked));
    };
    let mut found = folder(first, around)?;
    for other in there {
        found.left_out.push(LeftOut {
            file: other.clone(),
            line: 1,
            what: "the folder".to_owned(),
            why: format!(
                "getmail takes {} before it; import it by its name if it is in use",
                first.display()
            ),
        });
    }
    if found.accounts.is_empty() && found.strays.is_empty() && found.left_out.is_empty() {
        return Err(Source::Getmail.nothing(looked));
    }
    Ok(found)
}

fn folders(around: &Surroundings<'_>) -> Vec<PathBuf> {
    let config = (around.variable)("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.filter(|path| path.is_absolute());
    let config = config.unwrap_or_else(|| around.home.join(".config"));
    vec![config.join("getmail"), around.home.join(".getmail")]
}

fn folder(folder: &Path, around: &Surroundings<'_>) -> Result<Found, Error> {
    let listed = list(folder)?;
    let (records, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|path| is_oldmail(path));
    let mut found = Found::default();
    for path in others {
        let name = name(&path);
        // getmail takes neither hidden files nor those that its helper keeps tokens in.
        let is_token = path.extension().is_some_and(|end| end == "json");
        if name.starts_with('.') || is_token {
            continue;
        }
        let text = match file::text(&path) {
            // A log of getmail's, which is often kept in this folder.
            Err(Error::TooLarge { .. }) => continue,
            text => text?,
        };
        if !is_getmailrc(&text) {
            continue;
        }
        if name.ends_with('~') {
            found.left_out.push(LeftOut {
                file: path.clone(),
                line: 1,
                what: "the file".to_owned(),
                why: "an editor left it there; import it by its name if it is in use".to_owned(),
            });
            continue;
        }
        add(&mut found, &path, &text, around, || records.clone())?;
    }
    for path in records {
        if found.files.contains(&path) {
            continue;
        }
        if oldmail::is_for_imap(&name(&path)) {
            found.left_out.push(LeftOut {
                file: path,
                line: 1,
                what: "the file".to_owned(),
                why: "it has what was fetched by IMAP, which numbers messages in another way"
                    .to_owned(),
            });
            continue;
        }
        found
            .strays
            .extend(oldmail::records(&path, &file::record(&path)?));
        found.files.push(path);
    }
    Ok(found)
}

/// Adds the account of a getmailrc, with the uids that are in one of these files.
fn add(
    found: &mut Found,
    path: &Path,
    text: &str,
    around: &Surroundings<'_>,
    candidates: impl FnOnce() -> Vec<PathBuf>,
) -> Result<(), Error> {
    let understood = translate(path, text, around);
    let port = understood.port;
    let mut read = understood.found;
    if let Some(account) = read.accounts.first_mut() {
        let wanted = oldmail::name(&account.host, port, &account.user);
        let mut paths = candidates();
        paths.retain(|path| oldmail::dashed(&name(path)) == wanted);
        paths.dedup();
        for path in paths {
            let records = oldmail::records(&path, &file::record(&path)?);
            account
                .records
                .extend(records.into_iter().map(|record| Record {
                    host: account.host.clone(),
                    user: account.user.clone(),
                    ..record
                }));
            read.files.push(path);
        }
    }
    // Two getmailrc for one maildrop have one file of uids.
    read.files.retain(|path| !found.files.contains(path));
    found.files.append(&mut read.files);
    found.accounts.append(&mut read.accounts);
    found.left_out.append(&mut read.left_out);
    Ok(())
}

/// The files of a folder by name, getmailrc first.
fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = file::entries(folder)?;
    paths.retain(|path| path.is_file());
    paths.sort_by_cached_key(|path| (name(path) != "getmailrc", path.clone()));
    Ok(paths)
}

fn is_getmailrc(text: &str) -> bool {
    text.lines()
        .any(|line| line.trim_start().starts_with("[retriever]"))
}

fn is_oldmail(path: &Path) -> bool {
    name(path).starts_with(oldmail::PREFIX)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
