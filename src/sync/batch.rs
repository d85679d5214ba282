//! Collects what was staged, and hands it over in batches.
//!
//! Invariant: what was collected is handed over, the last of it when the collector is dropped, unless it is held back.

use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use crate::delivery::Packs;
use crate::mail::{MessageNumber, Uid};
use crate::state::{Arrival, Recognised};

/// A batch is committed at so many messages: each costs a sync or two, and a lost one costs fetching it again.
const BATCH_MESSAGES: usize = 500;

/// … or at so many octets: what the disk takes after the last message arrived is time that nothing else fills.
const BATCH_OCTETS: u64 = 8 << 20;

/// … or after this time, so that little is fetched again after an interruption on a slow line.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// What goes to the writer together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Staged messages.
    pub(super) arrivals: Vec<(MessageNumber, Arrival)>,
    /// Messages that proved to be on record.
    pub(super) recognised: Vec<Recognised>,
    /// The pack that some of them are in, and no others.
    pub(super) pack: Option<String>,
    /// Each may be another than it is taken for, since this one came.
    pub(super) unsure_since: Option<Uid>,
}

impl Batch {
    fn len(&self) -> usize {
        self.arrivals.len() + self.recognised.len()
    }
}

/// The batch that is collected.
pub(super) struct Batches<'b> {
    sender: SyncSender<Batch>,
    /// Where small messages are staged together.
    packs: Option<&'b Packs<'b>>,
    batch: Batch,
    octets: u64,
    begun: Instant,
    /// Nobody can say yet whether it is what it is taken for.
    held: bool,
    /// The same of all that is handed over since this message came, which is too much to be held.
    unsure_since: Option<Uid>,
}

impl<'b> Batches<'b> {
    pub(super) fn new(sender: SyncSender<Batch>, packs: Option<&'b Packs<'b>>) -> Self {
        Self {
            sender,
            packs,
            batch: Batch::default(),
            octets: 0,
            begun: Instant::now(),
            held: false,
            unsure_since: None,
        }
    }

    /// From this message on, what is handed over may be another than it is taken for.
    pub(super) fn doubt(&mut self, uid: Uid) {
        self.unsure_since.get_or_insert(uid);
    }

    /// The first message of which that was said.
    pub(super) fn unsure_since(&self) -> Option<&Uid> {
        self.unsure_since.as_ref()
    }

    /// Hands nothing over any more, until it is released: what was collected before goes first. False if nobody takes it.
    pub(super) fn hold(&mut self) -> bool {
        let taken = self.held || self.batch.len() == 0 || self.hand_over();
        self.held = true;
        taken
    }

    /// Whether something is held back, or may be.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Lets go of what was held back.
    pub(super) fn release(&mut self) {
        self.held = false;
    }

    /// Forgets what is held back; gives the names of the files in which it is staged.
    pub(super) fn withdraw(&mut self) -> Vec<String> {
        let batch = std::mem::take(&mut self.batch);
        let files = batch.arrivals.into_iter().map(|(_, arrival)| arrival.file);
        files.chain(self.packs.and_then(Packs::seal)).collect()
    }

    /// Takes up a staged message; false if nobody takes batches any more.
    pub(super) fn push(&mut self, number: MessageNumber, arrival: Arrival) -> bool {
        self.octets += arrival.size.0;
        self.batch.arrivals.push((number, arrival));
        self.hand_over_when_due()
    }

    /// Takes up a message that is on record; false if nobody takes batches any more.
    pub(super) fn push_recognised(&mut self, message: Recognised) -> bool {
        self.batch.recognised.push(message);
        self.hand_over_when_due()
    }

    /// Hands over a batch that is full or old; false if nobody takes it any more.
    pub(super) fn hand_over_when_due(&mut self) -> bool {
        let full = self.batch.len() >= BATCH_MESSAGES || self.octets >= BATCH_OCTETS;
        if self.held || self.batch.len() == 0 || !(full || self.begun.elapsed() >= BATCH_TIME) {
            return true;
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> bool {
        self.octets = 0;
        self.batch.pack = self.packs.and_then(Packs::seal);
        self.batch.unsure_since.clone_from(&self.unsure_since);
        let taken = self.sender.send(std::mem::take(&mut self.batch)).is_ok();
        self.begun = Instant::now();
        taken
    }
}

impl Drop for Batches<'_> {
    fn drop(&mut self) {
        if self.batch.len() > 0 && !self.held {
            self.hand_over();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use jiff::Timestamp;

    use super::*;
    use crate::mail::{Digest, Octets};
    use crate::state::Heading;

    fn arrival() -> Arrival {
        Arrival {
            uid: Uid::new(b"uid").unwrap(),
            listed: Octets(1),
            size: Octets(1),
            digest: Digest([0; 32]),
            file: "file".to_owned(),
            first_seen: Timestamp::UNIX_EPOCH,
            replaces: None,
            found: false,
            had: Vec::new(),
            heading: Heading::default(),
        }
    }

    #[test]
    fn what_is_held_back_goes_nowhere_until_it_is_released() {
        for is_released in [false, true] {
            let (sender, receiver) = sync_channel(4);
            let mut batches = Batches::new(sender, None);
            let number = MessageNumber::new(1).unwrap();
            batches.push(number, arrival());
            assert!(batches.hold());
            for _ in 0..=BATCH_MESSAGES {
                assert!(batches.push(number, arrival()));
            }
            if is_released {
                batches.release();
            }
            drop(batches);
            let batches: Vec<usize> = receiver.iter().map(|batch| batch.len()).collect();
            let behind = is_released.then_some(BATCH_MESSAGES + 1);
            let expected: Vec<usize> = [1].into_iter().chain(behind).collect();
            assert_eq!(batches, expected);
        }
    }
}
