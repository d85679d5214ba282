//! Brings messages here: the connection is read and staged on one thread, while another makes the batch before it
//! durable, commits it and publishes it.
//!
//! Invariants: what is staged when anything fails is still committed and published; nothing is published that is not
//! committed, and nothing committed that is not durable.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::observer::{Event, Observer};
use super::outcome::{Error, Problem, Tally};
use super::survey::Entry;
use crate::delivery::{self, Destination, Maildir, Stager};
use crate::mail::{Digest, MessageNumber, Octets};
use crate::pop3::{self, Body, Reply, Retrieved, Session};
use crate::state::{Account, Arrival, MessageId, Standing};

/// A batch is committed at so many messages: each costs a sync or two, and a lost one costs fetching it again.
const BATCH_MESSAGES: usize = 500;

/// … or at so many octets.
const BATCH_OCTETS: u64 = 32 << 20;

/// … or after this time, so that little is fetched again after an interruption on a slow line.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// A message may be so many times as large as it was listed: servers count line ends differently, or not at all.
const OVERSIZE_FACTOR: u64 = 4;

/// … and this much larger, for servers that only guess.
const OVERSIZE_ALLOWANCE: u64 = 64 << 20;

/// A message that is safe here now.
pub(super) type Fetched = (MessageNumber, MessageId);

/// A message to be fetched.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'l> {
    entry: Entry<'l>,
    /// The row that has its uid, and the digest of that row's content: the same again is not delivered.
    doubt: Option<(MessageId, Digest)>,
}

impl<'l> Wanted<'l> {
    pub(super) fn new(entry: Entry<'l>, standing: Standing) -> Self {
        let doubt = match standing {
            Standing::Doubtful { id, digest } => Some((id, digest)),
            Standing::New | Standing::Known(_) => None,
        };
        Self { entry, doubt }
    }

    pub(super) fn uid(&self) -> &'l [u8] {
        self.entry.uid
    }
}

/// What a transfer works on.
pub(super) struct Transfer<'t> {
    pub(super) account: &'t Account<'t>,
    pub(super) maildir: &'t Maildir<'t>,
    pub(super) destination: &'t Destination,
    pub(super) observer: &'t dyn Observer,
    pub(super) now: Timestamp,
}

/// Staged messages on their way to the writer.
type Batch = Vec<(MessageNumber, Arrival)>;

impl Transfer<'_> {
    /// Fetches the wanted messages; returns those that are published, and counts them also when it fails.
    pub(super) fn run<S: Read + Write>(
        &self,
        session: &mut Session<S>,
        wanted: &[Wanted<'_>],
        tally: &mut Tally,
    ) -> Result<Vec<Fetched>, Error> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.observer.notice(Event::Fetching {
            messages: wanted.len(),
            octets: wanted.iter().map(|wanted| wanted.entry.size).sum(),
        });
        // One batch may wait while another is written; more would only be memory.
        let (sender, receiver) = sync_channel(1);
        let mut progress = Progress::default();
        let name = thread::current().name().unwrap_or("writer").to_owned();
        let (read, written) = thread::scope(|scope| {
            let progress = &mut progress;
            let writer = thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, move || self.write_batches(&receiver, progress))
                .map_err(Error::Thread)?;
            let mut confirmed = Vec::new();
            let read = self.read(session, wanted, Batches::new(sender), &mut confirmed, tally);
            let read = self
                .account
                .confirm(&confirmed)
                .map_err(Error::from)
                .and(read);
            let written = writer
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, Error>((read, written))
        })?;
        tally.new = progress.published.len();
        tally.new_octets = progress.octets;
        // If writing failed, reading failed for that reason.
        written.and(read)?;
        Ok(progress.published)
    }

    /// Reads messages and stages them; what is staged reaches the writer also when it fails. What proves to be on record
    /// already goes into `confirmed`.
    fn read<S: Read + Write>(
        &self,
        session: &mut Session<S>,
        wanted: &[Wanted<'_>],
        mut batches: Batches,
        confirmed: &mut Vec<(MessageId, Octets)>,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let mut stager = Stager::new(self.maildir);
        let mut retrieval = session.retrieve(wanted.iter().map(|wanted| wanted.entry.number));
        for wanted in wanted {
            let entry = &wanted.entry;
            let came = retrieval.next().map_err(Error::from).and_then(|came| {
                Ok(match came {
                    Some(Retrieved::Message(_, body)) => {
                        Came::Whole(self.stage(&mut stager, entry, body, &mut batches)?)
                    }
                    Some(Retrieved::Refused(_, reply)) => Came::Refused(reply),
                    None => Came::Nothing,
                })
            });
            let stumbled = if came.as_ref().map_or_else(breaks_session, Came::is_refusal) {
                self.account.stumble(&entry.owned_uid())
            } else {
                Ok(())
            };
            // On a full disk the state cannot be written either; what happened first is what is told.
            let came = came?;
            stumbled?;
            let mut arrival = match came {
                Came::Whole(arrival) => arrival,
                Came::Refused(reply) => {
                    let uid = entry.owned_uid();
                    tally.note(Problem::NotRetrieved { uid, reply });
                    continue;
                }
                Came::Nothing => break,
            };
            self.observer.notice(Event::Whole);
            match wanted.doubt {
                Some((id, digest)) if digest == arrival.digest => {
                    self.maildir.discard(&arrival.file)?;
                    confirmed.push((id, entry.size));
                    continue;
                }
                doubt => arrival.replaces = doubt.map(|(id, _)| id),
            }
            if !batches.push(entry.number, arrival) {
                // The writer has failed, and says why.
                break;
            }
        }
        Ok(())
    }

    fn stage<S: Read + Write>(
        &self,
        stager: &mut Stager<'_>,
        entry: &Entry<'_>,
        mut body: Body<'_, S>,
        batches: &mut Batches,
    ) -> Result<Arrival, Error> {
        let limit =
            (entry.size.0.saturating_mul(OVERSIZE_FACTOR)).saturating_add(OVERSIZE_ALLOWANCE);
        let mut received = 0;
        let mut draft = stager.begin()?;
        while let Some(chunk) = body.chunk()? {
            received += chunk.len() as u64;
            if received > limit {
                return Err(Error::Oversized {
                    uid: entry.owned_uid(),
                    listed: entry.size,
                    received: Octets(received),
                });
            }
            draft.write(chunk)?;
            self.observer
                .notice(Event::Received(Octets(chunk.len() as u64)));
            // Those that are whole do not wait for a large one.
            batches.hand_over_when_due();
        }
        let message = draft.finish()?;
        Ok(Arrival {
            uid: entry.owned_uid(),
            listed: entry.size,
            size: message.size,
            digest: message.digest,
            file: message.file,
            replaces: None,
        })
    }

    /// Makes one batch after another durable, known and visible, in this order.
    fn write_batches(
        &self,
        batches: &Receiver<Batch>,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let mut unrecorded: Vec<MessageId> = Vec::new();
        let written = batches.iter().try_for_each(|batch| {
            let (numbers, arrivals): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let files = || arrivals.iter().map(|arrival| arrival.file.as_str());
            self.maildir.make_durable(files())?;
            let address = self.destination.to_string();
            let ids = self
                .account
                .commit(&arrivals, &address, &unrecorded, self.now)?;
            self.maildir.publish(files())?;
            for arrival in &arrivals {
                log::info!(
                    "{} arrived, {}, as {}",
                    arrival.uid,
                    arrival.size,
                    arrival.file
                );
                progress.octets.0 += arrival.size.0;
            }
            progress
                .published
                .extend(numbers.into_iter().zip(ids.iter().copied()));
            // The next transaction records it, so that each batch costs one.
            unrecorded = ids;
            Ok(())
        });
        // What is visible is said to be so, whatever became of the batch behind it.
        let recorded = self.account.publish(&unrecorded, self.now);
        written.and(recorded.map_err(Error::from))
    }
}

/// What came of one wanted message.
enum Came {
    Whole(Arrival),
    Refused(Reply),
    Nothing,
}

impl Came {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// Whether the session ended at this message, and because of it, perhaps.
fn breaks_session(error: &Error) -> bool {
    match error {
        Error::Pop3(error) => !matches!(error, pop3::Error::Stopped),
        // One that has no room here would be the end of every run.
        Error::Oversized { .. } | Error::Delivery(delivery::Error::Stage { .. }) => true,
        _ => false,
    }
}

/// What the writer has published so far.
#[derive(Default)]
struct Progress {
    published: Vec<Fetched>,
    octets: Octets,
}

/// Collects staged messages and hands them over in batches, the last one when it is dropped.
struct Batches {
    sender: SyncSender<Batch>,
    batch: Batch,
    octets: u64,
    begun: Instant,
}

impl Batches {
    fn new(sender: SyncSender<Batch>) -> Self {
        Self {
            sender,
            batch: Batch::new(),
            octets: 0,
            begun: Instant::now(),
        }
    }

    /// Takes up a message; false if nobody takes batches any more.
    fn push(&mut self, number: MessageNumber, arrival: Arrival) -> bool {
        self.octets += arrival.size.0;
        self.batch.push((number, arrival));
        self.hand_over_when_due()
    }

    /// Hands over a batch that is full or old; false if nobody takes it any more.
    fn hand_over_when_due(&mut self) -> bool {
        let full = self.batch.len() >= BATCH_MESSAGES || self.octets >= BATCH_OCTETS;
        if self.batch.is_empty() || !(full || self.begun.elapsed() >= BATCH_TIME) {
            return true;
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> bool {
        self.octets = 0;
        let taken = self.sender.send(std::mem::take(&mut self.batch)).is_ok();
        self.begun = Instant::now();
        taken
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        if !self.batch.is_empty() {
            self.hand_over();
        }
    }
}
