//! Recognises mail that is new to the listing and not new here: by its content, never by less.
//!
//! Two things bring that about: a server that was moved gives all its mail new uids, and a state that was lost knows
//! nothing of the mail that is here. Invariant: each message that is here stands for one on the server.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;

use super::outcome::Error;
use super::store::Store;
use crate::delivery::{BySize, Destination, Tree, unique_part};
use crate::mail::{Digest, Octets};
use crate::state::{Account, DestinationId, MessageId};

/// How often an mbox holds something of this size and digest.
type Contents = HashMap<(Octets, Digest), usize>;

/// What a message that comes may prove to be.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// On record, and no longer, or perhaps no longer, on the server under its old uid.
    known: HashMap<Digest, Vec<MessageId>>,
    /// In a Maildir, and not on record.
    filed: Vec<(DestinationId, BySize)>,
    /// In an mbox, and not on record: how often.
    appended: Vec<(DestinationId, Contents)>,
    /// Destinations of which nobody can say what they hold.
    unseen: Vec<DestinationId>,
}

/// What it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recognition {
    /// New.
    Stranger,
    /// The message of this row.
    OnRecord(MessageId),
    /// At all destinations already; in a Maildir under this name.
    Found(Option<String>),
    /// At these destinations already.
    FoundAt(Vec<DestinationId>),
}

impl Memory {
    /// Remembers what vanished from the server, and those of whose uids there is doubt; with `rebuilding` also what is at
    /// the destinations.
    pub(super) fn of(
        account: &Account<'_>,
        store: &Store<'_>,
        doubts: impl Iterator<Item = (MessageId, Digest)>,
        rebuilding: bool,
        stop: &AtomicBool,
    ) -> Result<Self, Error> {
        let mut memory = Self {
            known: account.vanished()?,
            ..Self::default()
        };
        for (id, digest) in doubts {
            let rows = memory.known.entry(digest).or_default();
            // One that vanished and is listed again with another size is both.
            if !rows.contains(&id) {
                rows.push(id);
            }
        }
        if rebuilding {
            memory.look_around(account, store, stop)?;
        }
        Ok(memory)
    }

    fn look_around(
        &mut self,
        account: &Account<'_>,
        store: &Store<'_>,
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        let mut on_record = HashSet::new();
        account.each_file(|file| {
            on_record.insert(unique_part(file).to_owned());
        })?;
        for target in store.open_targets() {
            match target.destination {
                Destination::Maildir(path) => {
                    let tree = Tree::below(path)?;
                    let strangers = tree.by_size(|name| !on_record.contains(name))?;
                    self.filed.push((target.id, strangers));
                }
                Destination::Mbox(mbox) => {
                    let mut contents = Contents::new();
                    for content in mbox.lock(stop)?.contents()? {
                        *contents.entry(content).or_default() += 1;
                    }
                    // What is on record stands for its message already.
                    account.each_content(target.id, |size, digest| {
                        if let Some(count) = contents.get_mut(&(size, digest)) {
                            *count = count.saturating_sub(1);
                        }
                    })?;
                    self.appended.push((target.id, contents));
                }
                Destination::Pipe(_) | Destination::Lmtp(_) => self.unseen.push(target.id),
            }
        }
        Ok(())
    }

    /// Whether it is the message of this row, which no other has proved to be.
    pub(super) fn is(&mut self, id: MessageId, digest: Digest) -> bool {
        let Some(rows) = self.known.get_mut(&digest) else {
            return false;
        };
        let at = rows.iter().position(|row| *row == id);
        at.map(|at| rows.swap_remove(at)).is_some()
    }

    /// Says what a message of this content is.
    pub(super) fn recognise(&mut self, size: Octets, digest: Digest) -> Result<Recognition, Error> {
        if let Some(id) = self.known.get_mut(&digest).and_then(Vec::pop) {
            return Ok(Recognition::OnRecord(id));
        }
        let (mut places, mut file) = (Vec::new(), None);
        for (destination, filed) in &mut self.filed {
            if let Some(name) = filed.take(size, digest)? {
                places.push(*destination);
                file = Some(name);
            }
        }
        for (destination, contents) in &mut self.appended {
            if let Some(count) = contents.get_mut(&(size, digest))
                && *count > 0
            {
                *count -= 1;
                places.push(*destination);
            }
        }
        if places.is_empty() {
            return Ok(Recognition::Stranger);
        }
        if places.len() == self.filed.len() + self.appended.len() {
            return Ok(Recognition::Found(file));
        }
        // Where nobody can look it is taken for delivered, as it was elsewhere.
        places.extend(&self.unseen);
        Ok(Recognition::FoundAt(places))
    }
}

/// Whether mail is at the destinations, whoever put it there.
pub(super) fn is_mail_here(store: &Store<'_>) -> Result<bool, Error> {
    for target in store.open_targets() {
        let is_here = match target.destination {
            Destination::Maildir(path) => !Tree::below(path)?.is_empty(),
            Destination::Mbox(mbox) => mbox.path.metadata().is_ok_and(|it| it.len() > 0),
            Destination::Pipe(_) | Destination::Lmtp(_) => false,
        };
        if is_here {
            return Ok(true);
        }
    }
    Ok(false)
}
