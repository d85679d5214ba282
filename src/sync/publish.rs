//! Hands what waits in the spool to its destinations, each for itself.
//!
//! It refuses to fetch or to stage. Invariants: a delivery is said to be published when it is, durably, and to be begun
//! before the first byte of it may be seen; for a program or an LMTP server each message is recorded before the next one
//! is handed over, so that an interruption repeats one at most. A spooled file goes when all have the message.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::Ordering;

use super::Job;
use super::outcome::{Error, Problem};
use super::pauses::{due_after, is_quarantined, may_be_cleaned_up, waiting};
use super::store::{Store, Target};
use crate::delivery::{
    self, Destination, Handover, Lmtp, Maildir, Program, Slip, Staging, unique_part,
};
use crate::mail::Octets;
use crate::pop3;
use crate::state::{Account, DeliveryId, DestinationId, MessageId, Owed};

/// A destination that puts off so many messages one after another puts off all.
const PUT_OFF: usize = 3;

/// What came of handing over.
#[derive(Default)]
pub(super) struct Handed {
    /// Messages that are at all their destinations now.
    pub(super) complete: HashSet<MessageId>,
    /// What is not.
    pub(super) problems: Vec<Problem>,
}

/// Hands over, in one run.
pub(super) struct Publisher<'p> {
    pub(super) job: &'p Job<'p>,
    pub(super) account: &'p Account<'p>,
    targets: Vec<Target<'p>>,
    pub(super) spool: &'p Staging<'p>,
    /// Whether the pauses between tries are over.
    now_or_never: bool,
    /// Those that get nothing more in this run.
    pub(super) closed: HashSet<DestinationId>,
    pub(super) handed: Handed,
}

impl<'p> Publisher<'p> {
    pub(super) fn new(
        job: &'p Job<'p>,
        account: &'p Account<'p>,
        store: &'p Store<'p>,
        spool: &'p Staging<'p>,
        now_or_never: bool,
    ) -> Self {
        Self {
            job,
            account,
            targets: store.targets.clone(),
            spool,
            now_or_never,
            closed: store.closed.clone(),
            handed: Handed::default(),
        }
    }

    /// Adds destinations that are not the account's any more.
    pub(super) fn add(&mut self, targets: impl Iterator<Item = Target<'p>>) {
        self.targets.extend(targets);
    }

    /// Hands over a batch. It must hold all that is owed of each of its messages, in the order in which they came, and of
    /// all messages in `pack`, which some of them may share.
    ///
    /// # Errors
    /// What was done cannot be recorded, or the run is to end.
    pub(super) fn publish(&mut self, owed: &[Owed], pack: Option<&str>) -> Result<(), Error> {
        let mut done = HashSet::new();
        for target in self.targets.clone() {
            let theirs: Vec<&Owed> = owed
                .iter()
                .filter(|message| message.id.destination == target.id)
                .collect();
            if theirs.is_empty() || self.closed.contains(&target.id) {
                continue;
            }
            let mut delivered = Vec::new();
            let result = self.hand_over(&target, &theirs, pack, &mut delivered);
            done.extend(delivered);
            match result {
                Err(Error::Delivery(delivery::Error::Stopped)) => {
                    return Err(pop3::Error::Stopped.into());
                }
                Err(error @ (Error::Delivery(_) | Error::MaildirGone { .. })) => {
                    self.close(&target, error);
                }
                result => result?,
            }
        }
        self.clean_up(owed, pack, &done)
    }

    /// Removes what all have.
    fn clean_up(
        &mut self,
        owed: &[Owed],
        pack: Option<&str>,
        done: &HashSet<DeliveryId>,
    ) -> Result<(), Error> {
        let mut waiting = HashMap::new();
        for message in owed {
            *waiting.entry(message.id.message).or_insert(0) +=
                usize::from(!done.contains(&message.id));
        }
        let is_over = waiting.values().all(|left| *left == 0);
        for message in owed {
            if waiting.remove(&message.id.message) == Some(0) {
                let content = self.spool.content_of(&message.file, message.size, pack);
                if content.range.is_none() {
                    self.spool.discard(&message.file)?;
                }
                self.handed.complete.insert(message.id.message);
            }
        }
        match pack {
            Some(pack) if is_over => Ok(self.spool.discard(pack)?),
            // The next run gives those that wait in it files of their own.
            _ => Ok(()),
        }
    }

    fn hand_over(
        &mut self,
        target: &Target<'_>,
        owed: &[&Owed],
        pack: Option<&str>,
        done: &mut Vec<DeliveryId>,
    ) -> Result<(), Error> {
        match target.destination {
            Destination::Maildir(path) => {
                if Maildir::exists(path) || owed.iter().all(|message| message.begun.is_none()) {
                    Maildir::make(path)?;
                } else {
                    return Err(Error::MaildirGone { path: path.clone() });
                }
                let maildir = Maildir::open(path, self.account.tag(), self.job.stamp)?;
                self.file(&maildir, owed, done)
            }
            Destination::Mbox(mbox) => self.append(mbox, owed, pack, done),
            Destination::Pipe(program) => self.pipe(program, target, owed, done),
            Destination::Lmtp(server) => self.transmit(server, target, owed, done),
        }
    }

    /// Puts messages into a Maildir.
    fn file(
        &self,
        maildir: &Maildir<'_>,
        owed: &[&Owed],
        done: &mut Vec<DeliveryId>,
    ) -> Result<(), Error> {
        let (begun, new): (Vec<&Owed>, Vec<&Owed>) =
            owed.iter().partition(|message| message.begun.is_some());
        let mut to_publish = Vec::new();
        let mut to_stage = new;
        if !begun.is_empty() {
            let hidden: HashSet<String> = maildir.staging().names()?.into_iter().collect();
            let visible = maildir.visible()?;
            let mut there = Vec::new();
            for message in begun {
                let unique = unique_part(&message.file);
                if hidden.contains(unique) && !visible.contains(unique) {
                    to_publish.push(message);
                } else if visible.contains(unique) || !may_be_cleaned_up(message, self.job.now) {
                    // What is missing and was begun a short time ago was published, and read, and removed.
                    maildir.staging().discard(&message.file)?;
                    there.push(message.id);
                } else {
                    to_stage.push(message);
                }
            }
            // On record before anything else can fail: what is done loses its spooled file.
            self.account.publish(&there, self.job.now)?;
            done.append(&mut there);
        }
        for message in &to_stage {
            maildir.stage_from(self.spool, &message.file)?;
        }
        maildir.staging().make_durable(files(&to_stage), None)?;
        self.account.begin(&ids(&to_stage), Octets(0))?;
        to_publish.append(&mut to_stage);
        maildir.publish(files(&to_publish))?;
        self.account.publish(&ids(&to_publish), self.job.now)?;
        done.extend(ids(&to_publish));
        Ok(())
    }

    /// Runs a program for each message.
    fn pipe(
        &mut self,
        program: &Program,
        target: &Target<'_>,
        owed: &[&Owed],
        done: &mut Vec<DeliveryId>,
    ) -> Result<(), Error> {
        let job = self.job;
        self.one_by_one(target, owed, done, |message, staged| {
            let slip = Slip {
                account: job.account,
                uid: &message.uid.to_string(),
                size: message.size,
                digest: message.digest,
                time: message.committed,
                home: &job.surroundings.home,
                user: &job.surroundings.login,
                inherited: &job.surroundings.inherited,
            };
            program.deliver(staged, &slip, job.patience.stop())
        })
    }

    /// Sends messages to an LMTP server, all over one connection.
    fn transmit(
        &mut self,
        server: &Lmtp,
        target: &Target<'_>,
        owed: &[&Owed],
        done: &mut Vec<DeliveryId>,
    ) -> Result<(), Error> {
        if !owed.iter().any(|message| self.may_be_tried(message)) {
            return self.one_by_one(target, owed, done, |_, _| {
                Ok(Handover::Later(String::new()))
            });
        }
        let stop = self.job.patience.stop();
        let mut session = server.connect(&self.job.surroundings.host, stop)?;
        self.one_by_one(target, owed, done, |_, staged| {
            session.deliver(staged, stop)
        })?;
        session.quit();
        Ok(())
    }

    /// Hands over one message after another, and records each before the next.
    fn one_by_one(
        &mut self,
        target: &Target<'_>,
        owed: &[&Owed],
        done: &mut Vec<DeliveryId>,
        mut deliver: impl FnMut(&Owed, &Path) -> Result<Handover, delivery::Error>,
    ) -> Result<(), Error> {
        let mut put_off = 0;
        let mut owed = owed.to_vec();
        // Those that were put off come last: they must not hold up the others for ever.
        owed.sort_by_key(|message| (message.reason.is_some(), message.tries));
        for (at, message) in owed.iter().enumerate() {
            if !self.may_be_tried(message) {
                self.note_waiting(message);
                continue;
            }
            if self.is_stopped() {
                return Err(delivery::Error::Stopped.into());
            }
            let handover = match deliver(message, &self.spool.path_of(&message.file)) {
                // The fault of this one alone.
                Err(error @ delivery::Error::Staged { .. }) => Handover::Later(error.to_string()),
                Err(error) => {
                    // A message at which a server dies or gives up comes after the others next time.
                    self.account.put_off(message.id, &error.to_string(), None)?;
                    return Err(error.into());
                }
                Ok(handover) => handover,
            };
            let (reason, due) = match handover {
                Handover::Done => {
                    self.account.publish(&[message.id], self.job.now)?;
                    done.push(message.id);
                    put_off = 0;
                    continue;
                }
                Handover::Later(reason) => {
                    put_off += 1;
                    (reason, None)
                }
                Handover::Failed(reason) => {
                    put_off = 0;
                    (reason, Some(due_after(message.tries + 1, self.job.now)))
                }
            };
            self.account.put_off(message.id, &reason, due)?;
            let rest = owed.len() - at - 1;
            if put_off == PUT_OFF && rest > 0 {
                self.handed.problems.push(Problem::PutOff {
                    messages: rest,
                    address: target.destination.to_string(),
                });
                self.closed.insert(target.id);
            }
            self.note_waiting(&Owed {
                tries: message.tries + u32::from(due.is_some()),
                due,
                reason: Some(reason),
                ..(*message).clone()
            });
            if self.closed.contains(&target.id) {
                break;
            }
        }
        Ok(())
    }

    /// Whether it is time to try this message.
    fn may_be_tried(&self, message: &Owed) -> bool {
        let is_due = message.due.is_none_or(|due| due <= self.job.now);
        self.now_or_never || (is_due && !is_quarantined(message.tries))
    }

    fn note_waiting(&mut self, message: &Owed) {
        self.handed.problems.push(waiting(message));
    }

    fn close(&mut self, target: &Target<'_>, error: Error) {
        self.closed.insert(target.id);
        self.handed.problems.push(Problem::Closed {
            address: target.destination.to_string(),
            error,
        });
    }

    fn is_stopped(&self) -> bool {
        let stop = self.job.patience.stop();
        stop.load(Ordering::Relaxed)
    }
}

pub(super) fn ids(owed: &[&Owed]) -> Vec<DeliveryId> {
    owed.iter().map(|message| message.id).collect()
}

fn files<'o>(owed: &'o [&Owed]) -> impl Iterator<Item = &'o str> {
    owed.iter().map(|message| message.file.as_str())
}
