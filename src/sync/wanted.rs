//! What is to be fetched, and what was known of it before.
//!
//! It refuses to know how it is fetched.

use std::collections::HashSet;

use jiff::Timestamp;

use super::survey::Entry;
use crate::mail::Digest;
use crate::state::{MessageId, Origin, Standing};

/// A message to be fetched.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'l> {
    pub(super) entry: Entry<'l>,
    pub(super) before: Before,
}

/// What was known of a wanted message before.
#[derive(Clone, Copy)]
pub(super) enum Before {
    /// Nothing; it may be on record under another uid.
    Nothing,
    /// A row has its uid; with this content, if one is known, it is the same, and not delivered.
    Doubt(MessageId, Option<Digest>),
    /// The same of a message that was deleted from here: under another uid it is another.
    DoubtOfDeleted(MessageId, Option<Digest>),
    /// Another program has it, and only the server's listing wants it to be asked for: it is not delivered.
    Elsewhere(MessageId),
    /// It is here, or was, and is wanted again.
    Again(MessageId, Timestamp),
}

impl<'l> Wanted<'l> {
    pub(super) fn new(
        entry: Entry<'l>,
        standing: Standing,
        elsewhere: &HashSet<MessageId>,
        now: Timestamp,
    ) -> Self {
        let before = match standing {
            Standing::New => Before::Nothing,
            Standing::Doubtful { id, .. } if elsewhere.contains(&id) => Before::Elsewhere(id),
            Standing::Doubtful {
                id,
                digest,
                deleted: true,
            } => Before::DoubtOfDeleted(id, digest),
            Standing::Doubtful { id, digest, .. } => Before::Doubt(id, digest),
            Standing::Known(known) if known.origin == Origin::Fetched => {
                Before::Again(known.id, known.first_seen)
            }
            // Its time here begins now.
            Standing::Known(known) => Before::Again(known.id, now),
        };
        Self { entry, before }
    }

    pub(super) fn uid(&self) -> &'l [u8] {
        self.entry.uid
    }
}
