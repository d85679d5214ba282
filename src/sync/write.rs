//! Makes batches durable, commits them and publishes them, in this order, while others are still being read.
//!
//! It refuses to know where a batch comes from. Invariants: nothing is published that is not committed, and nothing
//! committed that is not durable.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::Job;
use super::batch::Batch;
use super::outcome::{Error, Problem};
use super::publish::Publisher;
use super::store::Store;
use crate::delivery::Maildir;
use crate::mail::{MessageNumber, Octets, Uid};
use crate::state::{Account, Arrival, DeliveryId, MessageId, Owed};

/// A message that is safe here now.
pub(super) type Fetched = (MessageNumber, MessageId);

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    /// Messages that are at all their destinations.
    pub(super) published: Vec<Fetched>,
    /// How many of them were not here before.
    pub(super) new: usize,
    /// Their size.
    pub(super) octets: Octets,
    /// What keeps the others.
    pub(super) problems: Vec<Problem>,
    /// Messages on record that may be others than they are taken for, since this one came.
    pub(super) unsure: Option<(Uid, Vec<MessageId>)>,
}

/// Writes for one transfer.
pub(super) struct Writer<'w> {
    job: &'w Job<'w>,
    account: &'w Account<'w>,
    store: &'w Store<'w>,
    pub(super) written: Written,
}

impl<'w> Writer<'w> {
    pub(super) fn new(job: &'w Job<'w>, account: &'w Account<'w>, store: &'w Store<'w>) -> Self {
        Self {
            job,
            account,
            store,
            written: Written::default(),
        }
    }

    /// Writes one batch after another, until there are no more.
    pub(super) fn write(&mut self, batches: &Receiver<Batch>) -> Result<(), Error> {
        match self.store.maildir() {
            Some(maildir) => self.write_to_maildir(maildir, batches),
            None => self.write_to_spool(batches),
        }
    }

    /// What is staged in the Maildir itself is published by a rename.
    fn write_to_maildir(
        &mut self,
        maildir: &Maildir<'_>,
        batches: &Receiver<Batch>,
    ) -> Result<(), Error> {
        let mut unrecorded: Vec<DeliveryId> = Vec::new();
        let written = batches.iter().try_for_each(|batch| {
            let (fetched, arrivals) = self.commit(batch, &unrecorded)?;
            unrecorded.clear();
            let staged = arrivals.iter().filter(|arrival| !arrival.found);
            maildir.publish(staged.map(|arrival| arrival.file.as_str()))?;
            // The next transaction records it, so that each batch costs one.
            for (_, id) in &fetched {
                unrecorded.extend(self.deliveries(*id));
            }
            let new = arrivals.iter().filter(|arrival| !arrival.found);
            for arrival in new {
                self.written.new += 1;
                self.written.octets.0 += arrival.size.0;
            }
            self.written.published.extend(fetched);
            Ok(())
        });
        // What is visible is said to be so, whatever became of the batch behind it.
        let recorded = self.account.note_published(&unrecorded, self.job.now);
        written.and(recorded.map_err(Error::from))
    }

    /// What is staged in the spool is handed over on a thread of its own: a program may take long.
    fn write_to_spool(&mut self, batches: &Receiver<Batch>) -> Result<(), Error> {
        let (account, job, store) = (self.account, self.job, self.store);
        let mut publisher = Publisher::new(job, account, store, store.staging(), false);
        let mut fetched: Vec<(Fetched, Octets)> = Vec::new();
        let mut found: HashSet<MessageId> = HashSet::new();
        let (sender, receiver) = channel::<(Vec<Owed>, Option<String>)>();
        let name = thread::current().name().unwrap_or("publisher").to_owned();
        let (written, handed_over) = thread::scope(|scope| {
            let publisher = &mut publisher;
            let thread = thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, move || {
                    receiver
                        .iter()
                        .try_for_each(|(owed, pack)| publisher.publish(&owed, pack.as_deref()))
                })
                .map_err(Error::Thread)?;
            let written = batches.iter().try_for_each(|batch| {
                let pack = batch.pack.clone();
                let (ids, arrivals) = self.commit(batch, &[])?;
                for (fetch, arrival) in ids.iter().zip(&arrivals) {
                    fetched.push((*fetch, arrival.size));
                    if arrival.found {
                        found.insert(fetch.1);
                    }
                }
                // If nobody takes them, the next run does.
                let _ = sender.send((self.owed(&ids, &arrivals), pack));
                Ok(())
            });
            drop(sender);
            let handed_over = thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, Error>((written, handed_over))
        })?;
        let handed = publisher.handed;
        for ((number, id), size) in fetched {
            if handed.complete.contains(&id) {
                self.written.new += 1;
                self.written.octets.0 += size.0;
            } else if !found.contains(&id) {
                continue;
            }
            self.written.published.push((number, id));
        }
        self.written.problems.extend(handed.problems);
        written.and(handed_over)
    }

    /// Makes a batch durable and known.
    fn commit(
        &mut self,
        batch: Batch,
        published: &[DeliveryId],
    ) -> Result<(Vec<Fetched>, Vec<Arrival>), Error> {
        let (numbers, arrivals): (Vec<_>, Vec<_>) = batch.arrivals.into_iter().unzip();
        let staged = arrivals.iter().filter(|arrival| !arrival.found);
        self.store.staging().make_durable(
            staged.map(|arrival| arrival.file.as_str()),
            batch.pack.as_deref(),
        )?;
        let ids = self.account.commit(
            &arrivals,
            &self.store.route,
            &batch.recognised,
            published,
            self.job.now,
        )?;
        if let Some(since) = batch.unsure_since {
            let (_, unsure) = self.written.unsure.get_or_insert((since, Vec::new()));
            let recognised = batch.recognised.iter().map(|message| message.id);
            unsure.extend(ids.iter().copied().chain(recognised));
        }
        for arrival in &arrivals {
            let Arrival {
                uid, size, file, ..
            } = arrival;
            log::info!("{uid} arrived, {size}, as {file}");
        }
        Ok((numbers.into_iter().zip(ids).collect(), arrivals))
    }

    fn deliveries(&self, message: MessageId) -> impl Iterator<Item = DeliveryId> {
        let destinations = self.store.route.destinations.iter();
        destinations.map(move |destination| DeliveryId {
            message,
            destination: *destination,
        })
    }

    /// What is owed of a batch that was just committed.
    fn owed(&self, ids: &[Fetched], arrivals: &[Arrival]) -> Vec<Owed> {
        let arrived = ids.iter().zip(arrivals);
        arrived
            .filter(|(_, arrival)| !arrival.found)
            .flat_map(|((_, id), arrival)| {
                let targets = self.store.targets.iter();
                let targets = targets.filter(|target| !arrival.had.contains(&target.id));
                targets.map(move |target| Owed {
                    id: DeliveryId {
                        message: *id,
                        destination: target.id,
                    },
                    uid: arrival.uid.clone(),
                    destination: target.destination.to_string(),
                    file: arrival.file.clone(),
                    size: arrival.size,
                    digest: arrival.digest,
                    committed: self.job.now,
                    spooled: true,
                    begun: None,
                    tries: 0,
                    due: None,
                    reason: None,
                })
            })
            .collect()
    }
}
