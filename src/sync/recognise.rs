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
use crate::state::{Account, MessageId};

/// What a message that comes may prove to be.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// On record, and no longer, or perhaps no longer, on the server under its old uid.
    known: HashMap<Digest, Vec<MessageId>>,
    /// In a Maildir, and not on record.
    filed: Vec<BySize>,
    /// In an mbox, and not on record: how often.
    appended: HashMap<(Octets, Digest), usize>,
}

/// What it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recognition {
    /// New.
    Stranger,
    /// The message of this row.
    OnRecord(MessageId),
    /// Here already, in a Maildir's file of this name, or in an mbox.
    Found(Option<String>),
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
            memory.known.entry(digest).or_default().push(id);
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
        account.each_file_of_all(|file| {
            on_record.insert(unique_part(file).to_owned());
        })?;
        for target in store.open_targets() {
            match target.destination {
                Destination::Maildir(path) => {
                    let tree = Tree::below(path)?;
                    self.filed
                        .push(tree.by_size(|name| !on_record.contains(name))?);
                }
                Destination::Mbox(mbox) => {
                    for content in mbox.lock(stop)?.contents()? {
                        *self.appended.entry(content).or_default() += 1;
                    }
                    // What is on record stands for its message already.
                    account.each_content(target.id, |size, digest| {
                        if let Some(count) = self.appended.get_mut(&(size, digest)) {
                            *count = count.saturating_sub(1);
                        }
                    })?;
                }
                Destination::Pipe(_) | Destination::Lmtp(_) => {}
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
        for filed in &mut self.filed {
            if let Some(name) = filed.take(size, digest)? {
                return Ok(Recognition::Found(Some(name)));
            }
        }
        if let Some(count) = self.appended.get_mut(&(size, digest))
            && *count > 0
        {
            *count -= 1;
            return Ok(Recognition::Found(None));
        }
        Ok(Recognition::Stranger)
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
