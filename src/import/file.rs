//! Reads other programs' files, whole and bounded.
//!
//! It refuses to know what they say. Invariant: no more is read than any such file has.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::Error;
use crate::mail::Octets;

/// A configuration is written by hand; Thunderbird's, which is not, has some hundred KiB.
pub(super) const LARGEST_TEXT: u64 = 16 * 1024 * 1024;

/// A million uids of 70 octets, with their times.
pub(super) const LARGEST_RECORD: u64 = 256 * 1024 * 1024;

/// More entries than any folder has that another program keeps.
const MOST_ENTRIES: usize = 10_000;

/// What is in a folder, sorted by name.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = Error::unreadable(folder);
    let entries = fs::read_dir(folder)
        .map_err(&unreadable)?
        .take(MOST_ENTRIES);
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

/// A configuration, which may hold passwords; what is not UTF-8 in it is replaced.
pub(super) fn text(path: &Path) -> Result<Zeroizing<String>, Error> {
    let octets = Zeroizing::new(octets(path, LARGEST_TEXT)?);
    Ok(Zeroizing::new(
        String::from_utf8_lossy(&octets).into_owned(),
    ))
}

/// A file of uids.
pub(super) fn record(path: &Path) -> Result<Vec<u8>, Error> {
    octets(path, LARGEST_RECORD)
}

fn octets(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let unreadable = Error::unreadable(path);
    let file = File::open(path).map_err(&unreadable)?;
    let length = file.metadata().map_err(&unreadable)?.len().min(limit);
    // Room for all at once: a text that grows leaves copies behind that nobody wipes.
    let mut octets = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(limit + 1)
        .read_to_end(&mut octets)
        .map_err(unreadable)?;
    if octets.len() as u64 > limit {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            limit: Octets(limit),
        });
    }
    Ok(octets)
}
