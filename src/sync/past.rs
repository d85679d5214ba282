//! Says what became of messages that were fetched, and where each is now.
//!
//! It changes nothing and asks no server. Invariant: a file is said to be where it was seen a moment ago; of a Maildir
//! that is not there nothing is said.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::former;
use super::outcome::Error;
use crate::delivery::{BySize, Destination, Maildir, Mbox, Tree, unique_part};
use crate::pop3::Endpoint;
use crate::state::{Ledger, Past, Place};

/// Where a message is that went to a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// In this file.
    File(PathBuf),
    /// Somewhere in this mbox, unless its reader removed it.
    Mbox(PathBuf),
    /// With a program or server, which popfetch cannot ask.
    HandedOver,
    /// It was put there, and is there no more.
    Gone,
    /// It has yet to arrive there.
    Waits,
    /// Its Maildir is not there now.
    OutOfReach,
}

/// Looks up what came to the account of `user` on this server, as
/// [`Account::history`](crate::state::Account::history) does, the last `most` of it, and where it is now; the account's
/// `destinations` are searched, too.
///
/// # Errors
/// The ledger or a Maildir cannot be read.
pub fn past(
    ledger: &Ledger,
    (endpoint, user): (&Endpoint, &str),
    claimed: &[(String, String)],
    destinations: &[Destination],
    look_up: impl FnOnce(&crate::state::Account<'_>) -> Result<Vec<Past>, crate::state::Error>,
) -> Result<Vec<(Past, Vec<Found>)>, Error> {
    let Some((account, _)) = former::find(ledger, endpoint, user, claimed)? else {
        return Ok(Vec::new());
    };
    let pasts = look_up(&account)?;
    let configured = destinations.iter().filter_map(|it| match it {
        Destination::Maildir(path) if Maildir::exists(path) => Some(path.clone()),
        _ => None,
    });
    let mut search = Search {
        configured: configured.collect(),
        trees: HashMap::new(),
    };
    let mut found = Vec::with_capacity(pasts.len());
    for past in pasts {
        let places = past.places.iter();
        let places = places.map(|place| search.find(&past, place));
        let places = places.collect::<Result<Vec<Found>, Error>>()?;
        found.push((past, places));
    }
    Ok(found)
}

/// The Maildirs that were looked through.
struct Search {
    configured: Vec<PathBuf>,
    trees: HashMap<PathBuf, (Tree, Option<BySize>)>,
}

impl Search {
    fn find(&mut self, past: &Past, place: &Place) -> Result<Found, Error> {
        if place.published.is_none() {
            return Ok(Found::Waits);
        }
        let path = match Destination::from_address(&place.address) {
            None => return Ok(Found::HandedOver),
            Some(Destination::Mbox(Mbox { path, .. })) if path.exists() => {
                return Ok(Found::Mbox(path));
            }
            Some(Destination::Maildir(path)) => path,
            Some(_) => return Ok(Found::Gone),
        };
        let is_there = Maildir::exists(&path);
        let own = is_there.then(|| path.clone());
        // What is in another of its Maildirs is what was delivered there.
        let places = past.places.iter().filter(|other| *other != place);
        let places = places.filter_map(|other| Destination::from_address(&other.address));
        let taken: Vec<PathBuf> = places
            .filter_map(|other| match other {
                Destination::Maildir(other) if !path.starts_with(&other) => Some(other),
                _ => None,
            })
            .collect();
        let others = self.configured.clone().into_iter();
        let others = others.filter(|other| *other != path && !taken.contains(other));
        for maildir in own.into_iter().chain(others) {
            if let Some(file) = self.look(&maildir, past, place, &taken)? {
                return Ok(Found::File(file));
            }
        }
        Ok(if is_there {
            Found::Gone
        } else {
            Found::OutOfReach
        })
    }

    /// Looks for it by its name, then by its content, but not in the Maildirs that are `taken`.
    fn look(
        &mut self,
        maildir: &Path,
        past: &Past,
        place: &Place,
        taken: &[PathBuf],
    ) -> Result<Option<PathBuf>, Error> {
        if !self.trees.contains_key(maildir) {
            let tree = Tree::around(maildir)?;
            self.trees.insert(maildir.to_owned(), (tree, None));
        }
        let Some((tree, by_size)) = self.trees.get_mut(maildir) else {
            return Ok(None);
        };
        let is_free = |path: &&Path| !taken.iter().any(|taken| path.starts_with(taken));
        if let Some(path) = tree.find(&place.file).filter(is_free) {
            return Ok(Some(path.to_owned()));
        }
        let Some(digest) = past.digest else {
            return Ok(None);
        };
        let by_size = match by_size {
            Some(by_size) => by_size,
            None => by_size.insert(tree.by_size(|_| true)?),
        };
        // Each is taken once, so that this comes to an end.
        while let Some(name) = by_size.take(past.size, digest)? {
            if let Some(path) = tree.find(unique_part(&name)).filter(is_free) {
                return Ok(Some(path.to_owned()));
            }
        }
        Ok(None)
    }
}
