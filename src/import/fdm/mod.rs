//! Reads what fdm was told and has seen: `~/.fdm.conf`, and the caches that it names.
//!
//! ```text
//! text ─words─▶ tokens ─grammar, accounts, rules─▶ script ─translate, deliver─▶ accounts
//!               values: macros                             tags: %[home]
//! ```
//!
//! It refuses to run a command that stands in the file, and to sort mail: of fdm's rules, what happens to every message
//! of an account is carried over, and the others are left out by line.

mod accounts;
mod cache;
mod deliver;
mod grammar;
mod rules;
mod script;
mod sections;
mod tags;
#[cfg(test)]
mod tests;
mod translate;
mod values;
mod words;

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Error, Found, Record, Source, Surroundings, file};
use script::Script;

/// How many files may be included.
const MOST_INCLUDED: usize = 64;

/// Reads the configuration at `path`, or where fdm has it, with its caches; or one cache.
pub(super) fn read(path: Option<&Path>, around: &Surroundings<'_>) -> Result<Found, Error> {
    let path = configuration(path, around)?;
    let content = Zeroizing::new(file::record(&path)?);
    let (uids, is_cache) = cache::uids(&content);
    if is_cache && !uids.is_empty() {
        return Ok(Found {
            strays: cache::records(&path, &content),
            files: vec![path],
            ..Found::default()
        });
    }
    drop(content);
    let text = file::text(&path)?;
    let mut files = vec![path.clone()];
    let mut load = |path: &Path| {
        if files.len() > MOST_INCLUDED {
            return Err(format!("at most {MOST_INCLUDED} files are included"));
        }
        let text = file::text(path).map_err(|error| error.to_string())?;
        files.push(path.to_owned());
        Ok(text)
    };
    let mut script = Script::default();
    grammar::parse(&path, &text, &mut script, &mut load);
    let is_empty = script.accounts.is_empty() && script.actions.is_empty();
    if is_empty && script.rules.is_empty() && script.left_out.len() == script.statements {
        return Err(Source::Fdm.not_its_own(&path, "it has no account, and is no cache"));
    }
    let translated = translate::translate(script, around);
    let mut found = translated.found;
    for (account, cache) in found.accounts.iter_mut().zip(translated.caches) {
        let Some(cache) = cache else { continue };
        if !cache.exists() {
            let remark = format!("fdm has not written its cache yet: {}", cache.display());
            account.remarks.push(remark);
            continue;
        }
        let content = file::record(&cache)?;
        let (_, is_whole) = cache::uids(&content);
        if !is_whole {
            let cache = cache.display();
            let remark = format!("a part of its cache cannot be understood: {cache}");
            account.remarks.push(remark);
        }
        for mut record in cache::records(&cache, &content) {
            record.host.clone_from(&account.host);
            record.user.clone_from(&account.user);
            account.records.push(record);
        }
        if !files.contains(&cache) {
            files.push(cache);
        }
    }
    found.files = files;
    sort(&mut found);
    Ok(found)
}

/// The file that is meant.
fn configuration(path: Option<&Path>, around: &Surroundings<'_>) -> Result<PathBuf, Error> {
    let looked = match path {
        Some(path) if path.is_dir() => vec![path.join(".fdm.conf"), path.join("fdm.conf")],
        Some(path) => return Ok(path.to_owned()),
        None => vec![
            around.home.join(".fdm.conf"),
            PathBuf::from("/etc/fdm.conf"),
        ],
    };
    match looked.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(Source::Fdm.nothing(looked)),
    }
}

/// Understands a configuration, without the files that it includes and names.
pub(super) fn understand(file: &Path, text: &str, around: &Surroundings<'_>) -> Found {
    let mut script = Script::default();
    let mut load = |_: &Path| Err("other files are not read here".to_owned());
    grammar::parse(file, text, &mut script, &mut load);
    let mut found = translate::translate(script, around).found;
    found.files = vec![file.to_owned()];
    sort(&mut found);
    found
}

/// Understands a cache.
pub(super) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    cache::records(file, content)
}

/// Puts what is left out in the order in which it stands.
fn sort(found: &mut Found) {
    let files = &found.files;
    let place = |file: &Path| files.iter().position(|read| read == file);
    found
        .left_out
        .sort_by_key(|entry| (place(&entry.file), entry.line));
}
