//! Collects what was staged, and hands it over in batches.
//!
//! Invariant: what was collected is handed over, the last of it when the collector is dropped.

use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use crate::delivery::Packs;
use crate::mail::MessageNumber;
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
}

impl<'b> Batches<'b> {
    pub(super) fn new(sender: SyncSender<Batch>, packs: Option<&'b Packs<'b>>) -> Self {
        Self {
            sender,
            packs,
            batch: Batch::default(),
            octets: 0,
            begun: Instant::now(),
        }
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
        if self.batch.len() == 0 || !(full || self.begun.elapsed() >= BATCH_TIME) {
            return true;
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> bool {
        self.octets = 0;
        self.batch.pack = self.packs.and_then(Packs::seal);
        let taken = self.sender.send(std::mem::take(&mut self.batch)).is_ok();
        self.begun = Instant::now();
        taken
    }
}

impl Drop for Batches<'_> {
    fn drop(&mut self) {
        if self.batch.len() > 0 {
            self.hand_over();
        }
    }
}
