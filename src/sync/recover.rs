//! Finishes what an interrupted run began: what is committed is published, what is not is removed.
//!
//! It refuses to fetch anything. Invariants: a file that is on record is removed only if the message is visible too; a
//! message that is found nowhere is never deleted from the server as long as it may have been lost.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;

use super::Job;
use super::outcome::{Error, Problem, Tally};
use super::pauses::may_be_cleaned_up;
use super::publish::Publisher;
use super::store::{Store, Target, spool};
use crate::delivery::{Destination, Maildir, Staging, unique_part};
use crate::state::{Account, DeliveryId, DestinationId, Ledger, MessageId, Owed};

/// Publishes what is committed and owed, removes what is not committed; counts what became visible. With `now_or_never`
/// what was refused is tried, too, however short a time ago.
pub(super) fn recover(
    account: &Account<'_>,
    store: &mut Store<'_>,
    owed: Vec<Owed>,
    job: &Job<'_>,
    now_or_never: bool,
    tally: &mut Tally,
) -> Result<(), Error> {
    let (spooled, hidden): (Vec<_>, Vec<_>) = owed.into_iter().partition(|owed| owed.spooled);
    recover_hidden(account, store, hidden, job, tally)?;
    recover_spooled(account, store, spooled, job, now_or_never, tally)
}

/// Recovers what is staged in the `tmp/` of a Maildir.
fn recover_hidden(
    account: &Account<'_>,
    store: &Store<'_>,
    owed: Vec<Owed>,
    job: &Job<'_>,
    tally: &mut Tally,
) -> Result<(), Error> {
    let mut elsewhere = owed;
    for target in store.open_targets() {
        let Destination::Maildir(path) = target.destination else {
            continue;
        };
        let maildir = Maildir::open(path, account.tag(), job.stamp)?;
        let address = target.destination.to_string();
        // A Maildir may have been moved, and its new place configured: what is found in it belongs to it.
        let found: HashSet<String> = if elsewhere.iter().any(|it| it.destination != address) {
            let staged = maildir.staging().names()?.into_iter();
            staged.chain(maildir.visible()?).collect()
        } else {
            HashSet::new()
        };
        let here: Vec<_>;
        (here, elsewhere) = elsewhere.into_iter().partition(|message| {
            message.destination == address || found.contains(unique_part(&message.file))
        });
        tally.recovered += recover_at(account, &maildir, &here, job.now)?;
    }
    for (address, there) in by_destination(elsewhere) {
        match recover_former(account, &address, &there, job) {
            Ok(visible) => tally.recovered += visible,
            // It is no reason to let new mail wait.
            Err(error) => tally.note(Problem::Owed {
                messages: there.len(),
                address,
                reason: error.to_string(),
            }),
        }
    }
    Ok(())
}

fn by_destination(owed: Vec<Owed>) -> HashMap<String, Vec<Owed>> {
    let mut groups: HashMap<String, Vec<Owed>> = HashMap::new();
    for message in owed {
        let group = groups.entry(message.destination.clone()).or_default();
        group.push(message);
    }
    groups
}

/// Recovers a Maildir in which messages were staged when the account was interrupted: that mail is where it was then.
fn recover_former(
    account: &Account<'_>,
    address: &str,
    owed: &[Owed],
    job: &Job<'_>,
) -> Result<usize, Error> {
    let Some(Destination::Maildir(path)) = Destination::from_address(address) else {
        return Ok(0);
    };
    if !Maildir::exists(&path) {
        account.miss(&owed.iter().map(|message| message.id).collect::<Vec<_>>())?;
        return Err(Error::MaildirGone { path });
    }
    Maildir::make(&path)?;
    let maildir = Maildir::open(&path, account.tag(), job.stamp)?;
    recover_at(account, &maildir, owed, job.now)
}

/// Recovers one Maildir, to which these messages are owed.
fn recover_at(
    account: &Account<'_>,
    maildir: &Maildir<'_>,
    owed: &[Owed],
    now: Timestamp,
) -> Result<usize, Error> {
    let staged = maildir.staging().names()?;
    if staged.is_empty() && owed.is_empty() {
        return Ok(0);
    }
    let visible = maildir.visible()?;
    let expected: HashSet<&str> = owed
        .iter()
        .map(|message| unique_part(&message.file))
        .collect();
    let (hidden, mut rest): (HashSet<String>, HashSet<String>) = staged
        .into_iter()
        .partition(|unique| expected.contains(unique.as_str()) && !visible.contains(unique));
    if rest.iter().any(|unique| !visible.contains(unique)) {
        // On record and not visible it is not ours to remove, whatever happened to it.
        account.each_file(|file| {
            let unique = unique_part(file);
            if !visible.contains(unique) {
                rest.remove(unique);
            }
        })?;
    }
    for unique in rest {
        log::debug!("removing {unique}, which was never finished");
        maildir.staging().discard(&unique)?;
    }
    let to_publish = owed
        .iter()
        .filter(|message| hidden.contains(unique_part(&message.file)));
    maildir.publish(to_publish.map(|message| message.file.as_str()))?;

    let lost = |message: &&Owed| {
        let unique = unique_part(&message.file);
        !hidden.contains(unique) && !visible.contains(unique) && may_be_cleaned_up(message, now)
    };
    // What is missing and was committed a short time ago was published, and somebody read and removed it.
    let (lost, published): (Vec<_>, Vec<_>) = owed.iter().partition(lost);
    account.publish(&deliveries(&published), now)?;
    account.forget(&messages(&lost))?;
    let count = hidden.len();
    log::info!(
        "took up an interrupted run: {count} published, {} to be fetched again",
        lost.len()
    );
    Ok(count)
}

/// Hands over what waits in the spool, and removes from it what nobody is owed.
fn recover_spooled(
    account: &Account<'_>,
    store: &mut Store<'_>,
    mut owed: Vec<Owed>,
    job: &Job<'_>,
    now_or_never: bool,
    tally: &mut Tally,
) -> Result<(), Error> {
    let path = spool(job, account);
    if owed.is_empty() && !path.is_dir() {
        return Ok(());
    }
    let spool = Staging::spool(&path, job.stamp)?;
    spool.unpack(owed.iter().map(|owed| (owed.file.as_str(), owed.size)))?;
    let staged: HashSet<String> = spool.names()?.into_iter().collect();
    let lost: Vec<&Owed> = owed
        .iter()
        .filter(|message| !staged.contains(unique_part(&message.file)))
        .collect();
    if !lost.is_empty() {
        let messages = lost.len();
        tally.note(Problem::SpoolLost { messages });
        account.write_off(&deliveries(&lost))?;
    }
    readdress(account, store, &owed)?;
    owed = account.owed()?;
    owed.retain(|message| message.spooled);
    let needed: HashSet<&str> = owed.iter().map(|it| unique_part(&it.file)).collect();
    for unique in &staged {
        if !needed.contains(unique.as_str()) {
            log::debug!("removing {unique}, which nobody is owed");
            spool.discard(unique)?;
        }
    }
    let formers = formers(store, &owed);
    let mut publisher = Publisher::new(job, account, store, &spool, now_or_never);
    publisher.add(formers.iter().map(|(id, destination)| Target {
        id: *id,
        destination,
    }));
    let result = publisher.publish(&owed, None);
    tally.recovered += publisher.handed.complete.len();
    tally.note_all(publisher.handed.problems);
    // What cannot be used is not tried again, and told once.
    store.closed.extend(publisher.closed);
    result
}

/// Removes the spools of accounts of which nothing is on record, as the state was lost: what was in them is still on the
/// server.
pub(super) fn remove_orphans(job: &Job<'_>, ledger: &Ledger) -> Result<(), Error> {
    let Ok(spools) = fs::read_dir(job.state.join("spool")) else {
        return Ok(());
    };
    let spools: Vec<PathBuf> = spools.flatten().map(|entry| entry.path()).collect();
    // A spool is made when its account is on record.
    let tags = ledger.tags()?;
    for spool in spools {
        let is_known = tags.iter().any(|tag| spool.ends_with(tag));
        if !is_known && let Err(error) = fs::remove_dir_all(&spool) {
            log::warn!("cannot remove {}: {error}", spool.display());
        }
    }
    Ok(())
}

/// Whether the message is owed to a destination that is not configured any more.
fn is_former(store: &Store<'_>, message: &Owed) -> bool {
    let mut targets = store.targets.iter();
    targets.all(|target| target.id != message.id.destination)
}

/// What is owed to a destination that is not configured any more, and nothing of it is there, goes to one that is, of the
/// same kind if there is one: the same program may only be written another way.
fn readdress(account: &Account<'_>, store: &Store<'_>, owed: &[Owed]) -> Result<(), Error> {
    let unseen = owed
        .iter()
        .filter(|message| is_former(store, message) && message.begun.is_none());
    let readdressed: Vec<_> = unseen
        .map(|message| {
            let kind = |address: &str| address.split(':').next().map(str::to_owned);
            let former = kind(&message.destination);
            let mut targets: Vec<&Target<'_>> = store.targets.iter().collect();
            targets.sort_by_key(|target| kind(&target.destination.to_string()) != former);
            let candidates = targets.iter().map(|target| target.id).collect();
            (message.id, candidates)
        })
        .collect();
    Ok(account.readdress(&readdressed)?)
}

/// The destinations that were configured when the run was interrupted that had begun there.
fn formers(store: &Store<'_>, owed: &[Owed]) -> HashMap<DestinationId, Destination> {
    let former = owed.iter().filter(|message| is_former(store, message));
    former
        .filter_map(|message| {
            let destination = Destination::from_address(&message.destination)?;
            Some((message.id.destination, destination))
        })
        .collect()
}

fn deliveries(owed: &[&Owed]) -> Vec<DeliveryId> {
    owed.iter().map(|message| message.id).collect()
}

fn messages(owed: &[&Owed]) -> Vec<MessageId> {
    owed.iter().map(|message| message.id.message).collect()
}
