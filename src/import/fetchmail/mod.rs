//! fetchmail: its run control file, its file of uids, and the passwords that it looks up in `~/.netrc`.
//!
//! ```text
//! .fetchmailrc ─▶ words ─▶ grammar ─▶ said ─▶ translate ─▶ Account ◀─ netrc
//!                          arguments          protect         ▲
//!                          vocabulary         deliver         │ label and user
//! .fetchids ─▶ ids ────────────────────────────────────▶ Record
//! ```
//!
//! It refuses to run fetchmail, or what its file names. Invariant: uids are joined to the accounts of their label and
//! user, in any case, and are strays where there is none.

mod arguments;
mod deliver;
mod grammar;
mod ids;
mod netrc;
mod places;
mod protect;
mod said;
#[cfg(test)]
mod tests;
mod translate;
mod vocabulary;
mod words;

use std::collections::HashMap;
use std::mem;
use std::path::{Path, PathBuf};

use self::places::Places;
use self::said::Said;
use super::{Error, Found, LeftOut, Proof, Record, Source, Surroundings, file};

/// What one run control file comes to, and what the other files are joined by.
#[derive(Default)]
struct Understood {
    found: Found,
    /// For each account its label, which its uids are filed under.
    labels: Vec<String>,
    /// `set idfile`
    idfile: Option<Said<String>>,
}

pub(super) fn read(path: Option<&Path>, around: &Surroundings<'_>) -> Result<Found, Error> {
    let places = Places::find(path, around)?;
    let mut understood = Understood::default();
    if let Some(configuration) = &places.configuration {
        let text = file::text(configuration)?;
        understood = understand_all(configuration, &text, around);
        if is_foreign(&understood.found) {
            let reason = "most of its words are none that fetchmail knows";
            return Err(Source::Fetchmail.not_its_own(configuration, reason));
        }
        understood.found.files.push(configuration.clone());
        passwords(&mut understood, &places::etc(around).join(".netrc"))?;
    }
    let record = record(&mut understood, places, around);
    let mut found = understood.found;
    if let Some(record) = record {
        join(
            &mut found,
            &understood.labels,
            ids::records(&record, &file::record(&record)?),
        );
        found.files.push(record);
    }
    Ok(found)
}

/// So many words that fetchmail does not know, and this many times more than accounts, are another program's.
const FOREIGN: usize = 5;
const MORE: usize = 3;

fn is_foreign(found: &Found) -> bool {
    let left_out = found.left_out.iter();
    let unknown = left_out.filter(|left| left.why == grammar::UNKNOWN).count();
    unknown >= FOREIGN && unknown > MORE * found.accounts.len()
}

pub(super) fn understand(file: &Path, text: &str, around: &Surroundings<'_>) -> Found {
    understand_all(file, text, around).found
}

pub(super) fn records(file: &Path, content: &[u8]) -> Vec<Record> {
    ids::records(file, content)
}

fn understand_all(file: &Path, text: &str, around: &Surroundings<'_>) -> Understood {
    let mut said = grammar::parse(text);
    let made = translate::accounts(&said, file, around);
    let mut left_out = mem::take(&mut said.left_out);
    left_out.extend(made.left_out);
    left_out.sort_by_key(|left| left.line);
    // What the defaults say holds for each account, and is told once.
    left_out.dedup();
    let left_out = left_out.into_iter().map(|left| LeftOut {
        file: file.to_owned(),
        line: left.line,
        what: left.what,
        why: left.why,
    });
    let (labels, accounts) = made.accounts.into_iter().unzip();
    let mut understood = Understood {
        found: Found {
            accounts,
            left_out: left_out.collect(),
            ..Found::default()
        },
        labels,
        idfile: said.idfile,
    };
    name(&mut understood);
    understood
}

/// Gives each account its label for a name, and where several have it the user's too.
fn name(understood: &mut Understood) {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for label in &understood.labels {
        *count.entry(label).or_default() += 1;
    }
    for (account, label) in understood.found.accounts.iter_mut().zip(&understood.labels) {
        if count[label.as_str()] > 1 {
            account.name = if account.user.contains('@') {
                account.user.clone()
            } else {
                format!("{}@{label}", account.user)
            };
        }
    }
}

/// Adds the passwords of `.netrc` to accounts without one.
fn passwords(understood: &mut Understood, netrc: &Path) -> Result<(), Error> {
    if !netrc.is_file() {
        return Ok(());
    }
    let logins = netrc::logins(&file::text(netrc)?);
    let mut used = false;
    for (account, label) in understood.found.accounts.iter_mut().zip(&understood.labels) {
        if account.proof != Proof::Unstated {
            continue;
        }
        // The label first, then the server of `via`.
        let password = netrc::find(&logins, &[label, &account.host], &account.user);
        if let Some(password) = password {
            account.proof = Proof::Password(password.clone());
            account
                .remarks
                .push(format!("its password is that of {}", netrc.display()));
            used = true;
        }
    }
    if used {
        understood.found.files.push(netrc.to_owned());
    }
    Ok(())
}

/// The file of uids, if there is one; where the run control file names one that is not there, that is told.
fn record(
    understood: &mut Understood,
    places: Places,
    around: &Surroundings<'_>,
) -> Option<PathBuf> {
    let Some(said) = understood.idfile.take() else {
        return places.records.into_iter().find(|record| record.is_file());
    };
    let record = translate::path(&said.value, around);
    if record.is_file() {
        return Some(record);
    }
    let left_out = &mut understood.found.left_out;
    let place = left_out.partition_point(|left| left.line <= said.line);
    let left = LeftOut {
        file: places.configuration?,
        line: said.line,
        what: "set idfile".to_owned(),
        why: format!(
            "{} is not there, so what was fetched is not known",
            record.display()
        ),
    };
    left_out.insert(place, left);
    None
}

/// Gives each account the records of its label and user.
fn join(found: &mut Found, labels: &[String], records: Vec<Record>) {
    let key = |user: &str, host: &str| format!("{user}@{host}").to_ascii_lowercase();
    let mut accounts: HashMap<String, usize> = HashMap::new();
    for (place, (account, label)) in found.accounts.iter().zip(labels).enumerate() {
        accounts.entry(key(&account.user, label)).or_insert(place);
    }
    for record in records {
        match accounts.get(&key(&record.user, &record.host)) {
            Some(place) => found.accounts[*place].records.push(record),
            None => found.strays.push(record),
        }
    }
}
