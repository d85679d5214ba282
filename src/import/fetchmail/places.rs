//! Finds fetchmail's files.
//!
//! It refuses to know what a run control file says. Invariant: what is found is there, but for the uids, which may be
//! elsewhere by the run control file's word, or not be at all.

use std::path::{Path, PathBuf};

use super::ids;
use crate::import::{Error, Source, Surroundings, file};

/// The names of a run control file in a folder.
const CONFIGURATIONS: [&str; 2] = [".fetchmailrc", "fetchmailrc"];

/// The names of a file of uids in a folder.
const RECORDS: [&str; 2] = [".fetchids", "fetchids"];

/// Where the files are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) configuration: Option<PathBuf>,
    /// Where the uids may be if the configuration does not say, the likeliest first.
    pub(super) records: Vec<PathBuf>,
}

impl Places {
    /// The files that `path` means, or those at fetchmail's usual places.
    ///
    /// A folder has them by their names. A file is one of uids if it is called so, or if each of its first lines is a
    /// maildrop and a uid; any other is a run control file.
    pub(super) fn find(path: Option<&Path>, around: &Surroundings<'_>) -> Result<Self, Error> {
        match path {
            Some(folder) if folder.is_dir() => in_folder(folder),
            Some(path) => named(path, around),
            None => usual(around),
        }
    }
}

fn in_folder(folder: &Path) -> Result<Places, Error> {
    let places = within(folder);
    if places.configuration.is_none() && places.records.is_empty() {
        let names = [CONFIGURATIONS, RECORDS];
        let looked = names.as_flattened().iter().map(|name| folder.join(name));
        return Err(Source::Fetchmail.nothing(looked.collect()));
    }
    Ok(places)
}

fn within(folder: &Path) -> Places {
    let there = |names: [&str; 2]| {
        let paths = names.map(|name| folder.join(name));
        paths.into_iter().filter(|path| path.is_file())
    };
    Places {
        configuration: there(CONFIGURATIONS).next(),
        records: there(RECORDS).collect(),
    }
}

fn named(path: &Path, around: &Surroundings<'_>) -> Result<Places, Error> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase());
    let name = name.unwrap_or_default();
    let is_record = if name.contains("fetchids") {
        true
    } else if name.contains("fetchmailrc") {
        false
    } else {
        ids::is_record(&file::record(path)?)
    };
    if is_record {
        return Ok(Places {
            configuration: None,
            records: vec![path.to_owned()],
        });
    }
    // The uids of a run control file that was copied with them lie beside it.
    let mut records = within(path.parent().unwrap_or(Path::new("."))).records;
    records.push(home(around).1);
    Ok(Places {
        configuration: Some(path.to_owned()),
        records,
    })
}

fn usual(around: &Surroundings<'_>) -> Result<Places, Error> {
    let (configuration, record) = home(around);
    let places = Places {
        configuration: Some(configuration.clone()).filter(|path| path.is_file()),
        records: vec![record.clone()],
    };
    if places.configuration.is_none() && !record.is_file() {
        return Err(Source::Fetchmail.nothing(vec![configuration, record]));
    }
    Ok(places)
}

/// Where fetchmail has its two files when nothing else is said: in `FETCHMAILHOME`, where one of them has no dot, or
/// in `HOME_ETC`, or at home.
fn home(around: &Surroundings<'_>) -> (PathBuf, PathBuf) {
    let folder = |name: &str| {
        let folder = (around.variable)(name).map(|folder| around.home.join(folder));
        folder.filter(|folder| folder.is_dir())
    };
    if let Some(folder) = folder("FETCHMAILHOME") {
        return (folder.join("fetchmailrc"), folder.join(".fetchids"));
    }
    let folder = etc(around);
    (folder.join(".fetchmailrc"), folder.join(".fetchids"))
}

/// Where `.netrc` is, whatever `FETCHMAILHOME` says.
pub(super) fn etc(around: &Surroundings<'_>) -> PathBuf {
    let folder = (around.variable)("HOME_ETC").filter(|folder| !folder.is_empty());
    around.home.join(folder.unwrap_or_default())
}
