//! Hands what waits in the spool to an mbox.
//!
//! It refuses to know the format and its locks. Invariant: before anything is appended, it is on record how long the mbox
//! was; what an interrupted run has appended is looked for before it is appended again.

use super::outcome::Error;
use super::publish::{Publisher, ids};
use crate::delivery::{Entry, Mbox};
use crate::mail::Octets;
use crate::state::{DeliveryId, Owed};

/// An mbox is locked for so many messages at a time …
const BATCH_MESSAGES: usize = 500;

/// … or so many octets, so that others get their turn.
const BATCH_OCTETS: u64 = 64 << 20;

impl Publisher<'_> {
    /// Appends messages to an mbox.
    pub(super) fn append(
        &self,
        mbox: &Mbox,
        owed: &[&Owed],
        pack: Option<&str>,
        done: &mut Vec<DeliveryId>,
    ) -> Result<(), Error> {
        let mut mbox = mbox.lock(self.job.patience.stop())?;
        let entry = |message: &&Owed| Entry {
            staged: self.spool.content_of(&message.file, message.size, pack),
            time: message.committed,
        };
        let mut rest: Vec<&Owed> = Vec::with_capacity(owed.len());
        for begun in owed.chunk_by(|one, other| one.begun == other.begun) {
            let Some(length) = begun[0].begun else {
                rest.extend(begun);
                continue;
            };
            let entries: Vec<Entry> = begun.iter().map(entry).collect();
            let there = mbox.recover(length.0, &entries)?;
            for (message, is_there) in begun.iter().zip(there) {
                if is_there {
                    done.push(message.id);
                } else {
                    rest.push(message);
                }
            }
        }
        // What was not found is begun anew: at the old length it could be taken for one that was.
        let not_there: Vec<&Owed> = rest
            .iter()
            .copied()
            .filter(|it| it.begun.is_some())
            .collect();
        self.account.resume(done, &ids(&not_there), self.job.now)?;
        let mut rest = &rest[..];
        while !rest.is_empty() {
            let batch;
            (batch, rest) = rest.split_at(batch_length(rest));
            let length = mbox.length()?;
            self.account.begin(&ids(batch), Octets(length))?;
            let entries: Vec<Entry> = batch.iter().map(entry).collect();
            if let Err(error) = mbox.append(&entries) {
                // Where it could not be cut back, the next run has to look. If that it was cannot be recorded, it finds
                // nothing there.
                if mbox.length().is_ok_and(|now| now == length) {
                    let _ = self.account.resume(&[], &ids(batch), self.job.now);
                }
                return Err(error.into());
            }
            self.account.publish(&ids(batch), self.job.now)?;
            done.extend(ids(batch));
        }
        Ok(())
    }
}

/// How many messages at the head of these are appended at once; one at least.
fn batch_length(owed: &[&Owed]) -> usize {
    let mut octets = 0;
    let fits = owed.iter().take(BATCH_MESSAGES).take_while(|message| {
        octets += message.size.0;
        octets <= BATCH_OCTETS
    });
    fits.count().max(1)
}
