//! Finishes what an interrupted run began: what is committed is published, what is not is removed.
//!
//! It refuses to fetch anything. Invariants: a file that is on record is removed only if the message is visible too; a
//! message that is found nowhere is never deleted from the server as long as it may have been lost.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::Job;
use super::outcome::{Error, Problem, Tally};
use crate::delivery::{Destination, Maildir, unique_part};
use crate::state::{Account, MessageId, Unpublished};

/// After this time other programs clean up what lies in `tmp/` (<https://cr.yp.to/proto/maildir.html>), so that a file
/// that is missing may never have been published.
const LIFETIME_IN_TMP: Duration = Duration::from_secs(36 * 60 * 60);

/// Publishes what is committed and owed, removes what is not committed; counts what became visible.
pub(super) fn recover(
    account: &Account<'_>,
    maildir: &Maildir<'_>,
    owed: Vec<Unpublished>,
    job: &Job<'_>,
    tally: &mut Tally,
) -> Result<(), Error> {
    let address = job.destination.to_string();
    // A Maildir may have been moved, and its new place configured: what is found in it belongs to it.
    let found: HashSet<String> = if owed.iter().any(|message| message.destination != address) {
        maildir
            .staged()?
            .into_iter()
            .chain(maildir.visible()?)
            .collect()
    } else {
        HashSet::new()
    };
    let (here, mut elsewhere): (Vec<_>, Vec<_>) = owed.into_iter().partition(|message| {
        message.destination == address || found.contains(unique_part(&message.file))
    });
    tally.recovered = recover_at(account, maildir, &here, job.now)?;
    while let Some(last) = elsewhere.last() {
        let address = last.destination.clone();
        let (there, rest) = elsewhere
            .into_iter()
            .partition(|message: &Unpublished| message.destination == address);
        elsewhere = rest;
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

/// Recovers a destination that the account had when it was interrupted: that mail is where it was then.
fn recover_former(
    account: &Account<'_>,
    address: &str,
    owed: &[Unpublished],
    job: &Job<'_>,
) -> Result<usize, Error> {
    let Some(Destination::Maildir(path)) = Destination::from_address(address) else {
        return Ok(0);
    };
    if !Maildir::exists(&path) {
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
    owed: &[Unpublished],
    now: Timestamp,
) -> Result<usize, Error> {
    let staged = maildir.staged()?;
    if staged.is_empty() && owed.is_empty() {
        return Ok(0);
    }
    let visible = maildir.visible()?;
    let (hidden, mut rest): (HashSet<String>, HashSet<String>) =
        staged.into_iter().partition(|unique| {
            let is_owed = owed
                .iter()
                .any(|message| unique_part(&message.file) == unique);
            is_owed && !visible.contains(unique)
        });
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
        maildir.discard(&unique)?;
    }
    let to_publish = owed
        .iter()
        .filter(|message| hidden.contains(unique_part(&message.file)));
    maildir.publish(to_publish.map(|message| message.file.as_str()))?;

    let lost = |message: &&Unpublished| {
        let unique = unique_part(&message.file);
        !hidden.contains(unique) && !visible.contains(unique) && may_be_cleaned_up(message, now)
    };
    // What is missing and was committed a short time ago was published, and somebody read and removed it.
    let (lost, published): (Vec<_>, Vec<_>) = owed.iter().partition(lost);
    let ids = |messages: &[&Unpublished]| -> Vec<MessageId> {
        messages.iter().map(|message| message.id).collect()
    };
    account.publish(&ids(&published), now)?;
    account.forget(&ids(&lost))?;
    let count = hidden.len();
    log::info!(
        "took up an interrupted run: {count} published, {} to be fetched again",
        lost.len()
    );
    Ok(count)
}

fn may_be_cleaned_up(message: &Unpublished, now: Timestamp) -> bool {
    message
        .committed
        .checked_add(LIFETIME_IN_TMP)
        .map_or(true, |until| until <= now)
}
