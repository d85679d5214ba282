//! An account's destinations, opened for one run, and where its messages are staged on their way there.
//!
//! A lone Maildir has its messages staged in its own `tmp/`, so that publishing is a rename; for all else they wait in
//! the spool. It refuses to know what is on record of a message. Invariant: a destination that cannot be used now is
//! told once, and nothing is handed to it in this run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::outcome::{Error, Problem, Tally};
use super::{Again, Job};
use crate::delivery::{Destination, Maildir, Packs, Room, Staging};
use crate::plan::Limits;
use crate::state::{Account, DeliveryId, DestinationId, Owed, Route};

/// A destination of the account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'j> {
    pub(super) id: DestinationId,
    pub(super) destination: &'j Destination,
}

/// The destinations of an account.
pub(super) struct Store<'j> {
    pub(super) route: Route,
    pub(super) targets: Vec<Target<'j>>,
    /// Those that cannot be used in this run.
    pub(super) closed: HashSet<DestinationId>,
    staged: Staged<'j>,
}

enum Staged<'j> {
    InMaildir(Maildir<'j>),
    InSpool(Staging<'j>),
}

impl<'j> Store<'j> {
    /// Opens what can be opened, and makes what is missing.
    ///
    /// # Errors
    /// The spool cannot be used, or no destination can.
    pub(super) fn open(
        job: &'j Job<'_>,
        account: &Account<'_>,
        owed: &[Owed],
        tally: &mut Tally,
    ) -> Result<Self, Error> {
        let mut targets = Vec::new();
        for destination in job.destinations {
            let id = account.destination(&destination.to_string())?;
            targets.push(Target { id, destination });
        }
        let staged = match job.destinations {
            [Destination::Maildir(path)] => {
                is_there(path, job, account, owed)?;
                Maildir::make(path)?;
                Staged::InMaildir(Maildir::open(path, account.tag(), job.stamp)?)
            }
            _ => Staged::InSpool(Staging::spool(&spool(job, account), job.stamp)?),
        };
        let mut store = Self {
            route: Route {
                destinations: targets.iter().map(|target| target.id).collect(),
                spooled: matches!(staged, Staged::InSpool(_)),
            },
            targets,
            closed: HashSet::new(),
            staged,
        };
        if store.route.spooled {
            store.close_unusable(job, account, owed, tally)?;
        }
        Ok(store)
    }

    fn close_unusable(
        &mut self,
        job: &Job<'_>,
        account: &Account<'_>,
        owed: &[Owed],
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let mut failed = Vec::new();
        for target in &self.targets {
            if let Err(error) = probe(target.destination, job, account, owed) {
                self.closed.insert(target.id);
                failed.push((target.destination.to_string(), error));
            }
        }
        // With nowhere to go, nothing is fetched.
        let last = if self.closed.len() == self.targets.len() {
            failed.pop()
        } else {
            None
        };
        for (address, error) in failed {
            tally.note(Problem::Closed { address, error });
        }
        last.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// The destinations that can be used.
    pub(super) fn open_targets(&self) -> impl Iterator<Item = &Target<'j>> {
        let targets = self.targets.iter();
        targets.filter(|target| !self.closed.contains(&target.id))
    }

    /// Where messages are staged.
    pub(super) fn staging(&self) -> &Staging<'j> {
        match &self.staged {
            Staged::InMaildir(maildir) => maildir.staging(),
            Staged::InSpool(spool) => spool,
        }
    }

    /// Packs for small messages, where all of them go to mboxes: what else there is wants files.
    pub(super) fn packs(&self) -> Option<Packs<'_>> {
        let mut targets = self.targets.iter();
        let is_mbox = |target: &Target<'_>| matches!(target.destination, Destination::Mbox(_));
        match &self.staged {
            Staged::InSpool(spool) if targets.all(is_mbox) => Some(Packs::new(spool)),
            Staged::InSpool(_) | Staged::InMaildir(_) => None,
        }
    }

    /// The Maildir in which messages are staged; else they are in the spool.
    pub(super) fn maildir(&self) -> Option<&Maildir<'j>> {
        match &self.staged {
            Staged::InMaildir(maildir) => Some(maildir),
            Staged::InSpool(_) => None,
        }
    }
}

/// The account's limits, and those of the disks on which its mail is stored, and what is known of it; where the system does
/// not tell, there are none.
pub(super) fn limits(job: &Job<'_>) -> Limits {
    let folders = job.destinations.iter().filter_map(Destination::path);
    // What is not staged at its destination waits in the spool there.
    let folders = folders.chain([job.state]);
    let rooms: Vec<Room> = folders.filter_map(Room::around).collect();
    Limits {
        room: rooms.iter().map(Room::usable).min(),
        whole: rooms.iter().map(|room| room.whole).min(),
        ..job.limits
    }
}

/// The account's spool.
pub(super) fn spool(job: &Job<'_>, account: &Account<'_>) -> PathBuf {
    job.state.join("spool").join(account.tag())
}

/// Finds out whether mail could be delivered there, as far as that can be known without any.
fn probe(
    destination: &Destination,
    job: &Job<'_>,
    account: &Account<'_>,
    owed: &[Owed],
) -> Result<(), Error> {
    match destination {
        Destination::Maildir(path) => {
            is_there(path, job, account, owed)?;
            Maildir::make(path)?;
        }
        Destination::Mbox(mbox) => {
            mbox.lock(job.patience.stop())?;
        }
        Destination::Pipe(program) => {
            let inherited = job.surroundings.inherited.iter();
            let mut path = inherited.filter(|(name, _)| *name == "PATH");
            program.check(path.next().map(|(_, value)| value.as_os_str()))?;
        }
        // Its server is asked when there is something for it.
        Destination::Lmtp(_) => {}
    }
    Ok(())
}

/// What is owed to a disk that is not mounted must not be looked for in an empty folder, nor what is missing there be
/// taken for deleted.
fn is_there(path: &Path, job: &Job<'_>, account: &Account<'_>, owed: &[Owed]) -> Result<(), Error> {
    if Maildir::exists(path) {
        return Ok(());
    }
    let address = Destination::Maildir(path.to_owned()).to_string();
    let begun = owed.iter().filter(|message| {
        message.destination == address && (!message.spooled || message.begun.is_some())
    });
    let begun: Vec<DeliveryId> = begun.map(|message| message.id).collect();
    // Should it be made anew, what is missing there was not read by anybody.
    account.miss(&begun)?;
    let is_watched = job.follows || *job.again == Again::Missing;
    let was_here = || -> Result<bool, Error> {
        let mut filed = account.filed()?.into_iter();
        Ok(filed.any(|message| message.destination == address))
    };
    if !begun.is_empty() || (is_watched && was_here()?) {
        return Err(Error::MaildirGone {
            path: path.to_owned(),
        });
    }
    Ok(())
}
