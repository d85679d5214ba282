//! Brings messages here: the connection is read and staged on one thread, while another (`write`) makes what came before
//! safe.
//!
//! Invariants: what is staged when anything fails still reaches the writer, unless a refusal before it leaves it in doubt
//! whose it is; a message that proves to be on record is delivered nowhere; what may be another message than it is taken
//! for is not known by its uid when the server's replies prove to be out of step.

use std::io::{Read, Write};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::Job;
use super::batch::Batches;
use super::heading::Header;
use super::observer::{Event, Observer};
use super::outcome::{Error, Problem, Tally};
use super::recognise::{Memory, Recognition};
use super::store::Store;
use super::survey::Entry;
use super::wanted::{Before, Wanted};
use super::write::{Fetched, Writer};
use crate::delivery::{self, Room, Stager};
use crate::mail::Octets;
use crate::pop3::{self, Body, Reply, Retrieved, Session};
use crate::state::{Account, Arrival, Recognised};

/// A message may be so many times as large as it was listed: servers count line ends differently, or not at all.
const OVERSIZE_FACTOR: u64 = 4;

/// … and this much larger, for servers that only guess.
const OVERSIZE_ALLOWANCE: u64 = 64 << 20;

/// So often is looked whether the disk still has room, while a message brings more than it was listed with: for that much
/// nobody has planned.
const UNPLANNED: u64 = 1 << 20;

/// How long a server is left alone while the last messages are handed over: RFC 1939 §3 lets it hang up after ten
/// minutes.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// What a transfer works on.
pub(super) struct Transfer<'t> {
    pub(super) account: &'t Account<'t>,
    pub(super) store: &'t Store<'t>,
    pub(super) job: &'t Job<'t>,
    pub(super) observer: &'t dyn Observer,
    /// Whether mail may be here that is not on record.
    pub(super) rebuilding: bool,
}

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
        let doubts = wanted.iter().filter_map(|wanted| match wanted.before {
            Before::Doubt(id, digest) => digest.map(|digest| (id, digest)),
            Before::Nothing
            | Before::Elsewhere(_)
            | Before::DoubtOfDeleted(..)
            | Before::Again(..) => None,
        });
        let is_again = |wanted: &Wanted<'_>| matches!(wanted.before, Before::Again(..));
        let mut memory = if wanted.iter().all(is_again) {
            Memory::default()
        } else {
            let stop = self.job.patience.stop();
            Memory::of(self.account, self.store, doubts, self.rebuilding, stop)?
        };
        let packs = self.store.packs();
        let stager = Stager::new(self.store.staging(), packs.as_ref());
        // One batch may wait while another is written; more would only be memory.
        let (sender, receiver) = sync_channel(1);
        let mut writer = Writer::new(self.job, self.account, self.store);
        let name = thread::current().name().unwrap_or("writer").to_owned();
        let (read, written) = thread::scope(|scope| {
            let writer = &mut writer;
            let (ended, end) = sync_channel::<()>(0);
            let thread = thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, move || {
                    let _ended = ended;
                    writer.write(&receiver)
                })
                .map_err(Error::Thread)?;
            let batches = Batches::new(sender, packs.as_ref());
            let mut read = self.read(session, wanted, &mut memory, stager, batches, tally);
            while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(KEEP_ALIVE) {
                if read.is_ok() {
                    read = session.noop().map_err(Error::from);
                }
            }
            let written = thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, Error>((read, written))
        })?;
        tally.new += writer.written.new;
        tally.new_octets.0 += writer.written.octets.0;
        tally.note_all(writer.written.problems);
        let is_lost = |error: &Error| is_out_of_step(error, session.is_pipelined());
        let doubted = match &writer.written.unsure {
            Some((since, messages)) if read.as_ref().is_err_and(is_lost) => {
                // The first one's content may be to blame: it holds up no other message in the next run.
                let stumbled = self.account.stumble(since);
                stumbled.and(self.account.doubt(messages))
            }
            _ => Ok(()),
        };
        // If writing failed, reading failed for that reason.
        written.and(read)?;
        doubted?;
        Ok(writer.written.published)
    }

    /// Reads messages and stages them; what is staged reaches the writer also when it fails, unless nobody can say what it
    /// is.
    fn read<S: Read + Write>(
        &self,
        session: &mut Session<S>,
        wanted: &[Wanted<'_>],
        memory: &mut Memory,
        stager: Stager<'_>,
        mut batches: Batches<'_>,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let result = self.receive(session, wanted, memory, stager, &mut batches, tally);
        if batches.is_held() {
            for file in batches.withdraw() {
                // What cannot be removed now, the next run removes.
                let _ = self.store.staging().discard(&file);
            }
        }
        result
    }

    fn receive<S: Read + Write>(
        &self,
        session: &mut Session<S>,
        wanted: &[Wanted<'_>],
        memory: &mut Memory,
        mut stager: Stager<'_>,
        batches: &mut Batches<'_>,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let mut left = wanted;
        loop {
            let came = self.flight(session, left, memory, &mut stager, batches, tally)?;
            let Some(came) = came else {
                // The writer has failed, and says why.
                return Ok(());
            };
            left = &left[came..];
            let is_over = came == 0 || left.is_empty();
            // What is not of the listed size may be another message.
            if batches.is_held() || (is_over && batches.unsure_since().is_some()) {
                session.make_sure()?;
                batches.release();
            }
            if is_over {
                return Ok(());
            }
        }
    }

    /// Receives messages up to a refusal and what was asked for before it came: if that was a line too many, each message
    /// comes under the next one's uid. Says how many were answered, unless nobody takes them any more.
    fn flight<S: Read + Write>(
        &self,
        session: &mut Session<S>,
        wanted: &[Wanted<'_>],
        memory: &mut Memory,
        stager: &mut Stager<'_>,
        batches: &mut Batches<'_>,
        tally: &mut Tally,
    ) -> Result<Option<usize>, Error> {
        let mut retrieval = session.retrieve(wanted.iter().map(|wanted| wanted.entry.number));
        for (answered, wanted) in wanted.iter().enumerate() {
            let entry = &wanted.entry;
            let came = retrieval.next().map_err(Error::from).and_then(|came| {
                Ok(match came {
                    Some(Retrieved::Message(_, body)) => {
                        Came::Whole(self.stage(stager, entry, body, batches)?)
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
            let arrival = match came {
                Came::Whole(arrival) => arrival,
                Came::Refused(reply) => {
                    let uid = entry.owned_uid();
                    tally.note(Problem::NotRetrieved { uid, reply });
                    retrieval.pause();
                    if batches.hold() {
                        continue;
                    }
                    return Ok(None);
                }
                Came::Nothing => return Ok(Some(answered)),
            };
            self.observer.notice(Event::Whole);
            if !self.take_up(wanted, arrival, memory, batches, tally)? {
                return Ok(None);
            }
        }
        Ok(Some(wanted.len()))
    }

    /// Finds out what a message is that has arrived; false if nobody takes it any more.
    fn take_up(
        &self,
        wanted: &Wanted<'_>,
        mut arrival: Arrival,
        memory: &mut Memory,
        batches: &mut Batches<'_>,
        tally: &mut Tally,
    ) -> Result<bool, Error> {
        let mut on_record = None;
        match wanted.before {
            Before::Elsewhere(id) => on_record = Some(id),
            Before::Doubt(id, _) if memory.is(id, arrival.digest) => on_record = Some(id),
            Before::DoubtOfDeleted(id, Some(digest)) if digest == arrival.digest => {
                on_record = Some(id);
            }
            Before::Again(id, first_seen) => {
                arrival.replaces = Some(id);
                arrival.first_seen = first_seen;
            }
            before => {
                let recognition = memory.recognise(arrival.size, arrival.digest)?;
                if let Before::Doubt(id, _) | Before::DoubtOfDeleted(id, _) = before
                    && !matches!(recognition, Recognition::OnRecord(_))
                {
                    arrival.replaces = Some(id);
                }
                match recognition {
                    Recognition::Stranger => {}
                    Recognition::OnRecord(id) => {
                        tally.recognised += 1;
                        on_record = Some(id);
                    }
                    Recognition::Found(name) => {
                        tally.found += 1;
                        self.store.staging().discard(&arrival.file)?;
                        arrival.found = true;
                        arrival.file = name.unwrap_or(arrival.file);
                    }
                    Recognition::FoundAt(places) => {
                        tally.found += 1;
                        arrival.had = places;
                    }
                }
            }
        }
        if let Some(id) = on_record {
            self.store.staging().discard(&arrival.file)?;
            return Ok(batches.push_recognised(Recognised {
                id,
                uid: arrival.uid,
                listed: arrival.listed,
            }));
        }
        Ok(batches.push(wanted.entry.number, arrival))
    }

    /// Whether the disk has no more room for mail.
    fn is_full(&self) -> bool {
        Room::around(self.store.staging().path()).is_some_and(|room| room.usable() == Octets(0))
    }

    fn stage<S: Read + Write>(
        &self,
        stager: &mut Stager<'_>,
        entry: &Entry<'_>,
        mut body: Body<'_, S>,
        batches: &mut Batches<'_>,
    ) -> Result<Arrival, Error> {
        let limit =
            (entry.size.0.saturating_mul(OVERSIZE_FACTOR)).saturating_add(OVERSIZE_ALLOWANCE);
        let (mut received, mut planned) = (0, entry.size.0);
        let mut header = Header::default();
        let mut draft = stager.begin();
        while let Some(chunk) = body.chunk()? {
            received += chunk.len() as u64;
            let is_unplanned = received > planned;
            if is_unplanned {
                planned = received.saturating_add(UNPLANNED);
            }
            if is_unplanned && self.is_full() {
                return Err(Error::Crowded {
                    uid: entry.owned_uid(),
                    listed: entry.size,
                });
            }
            if received > limit {
                return Err(Error::Oversized {
                    uid: entry.owned_uid(),
                    listed: entry.size,
                    received: Octets(received),
                });
            }
            draft.write(chunk)?;
            header.push(chunk);
            self.observer
                .notice(Event::Received(Octets(chunk.len() as u64)));
            // Those that are whole do not wait for a large one.
            batches.hand_over_when_due();
        }
        let message = draft.finish()?;
        // A line end that the message lacks and the terminator wants is not counted everywhere.
        if ![0, 2]
            .map(|more| entry.size.0.saturating_add(more))
            .contains(&received)
        {
            batches.doubt(entry.owned_uid());
        }
        Ok(Arrival {
            uid: entry.owned_uid(),
            listed: entry.size,
            size: message.size,
            digest: message.digest,
            file: message.file,
            first_seen: self.job.now,
            replaces: None,
            found: false,
            had: Vec::new(),
            heading: header.heading(),
        })
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

/// Whether replies may have been taken for those to other commands: there were too many or, where commands are sent ahead,
/// too few.
fn is_out_of_step(error: &Error, is_pipelined: bool) -> bool {
    match error {
        Error::Pop3(pop3::Error::Violation { .. } | pop3::Error::Refused { .. }) => true,
        Error::Pop3(pop3::Error::TimedOut { .. }) => is_pipelined,
        _ => false,
    }
}

/// Whether the session ended at this message, and because of it, perhaps.
fn breaks_session(error: &Error) -> bool {
    match error {
        Error::Pop3(error) => !matches!(error, pop3::Error::Stopped),
        // One that has no room here would be the end of every run.
        Error::Crowded { .. }
        | Error::Oversized { .. }
        | Error::Delivery(delivery::Error::Stage { .. }) => true,
        _ => false,
    }
}
