//! Finishes what an interrupted run began: what is committed is published, what is not is removed.
//!
//! It refuses to fetch anything. Invariant: afterwards nothing of this account is hidden at the destination.

use std::time::Duration;

use jiff::Timestamp;

use super::outcome::Error;
use crate::delivery::{Destination, Maildir, Whereabouts};
use crate::state::{Account, Unpublished};

/// After this time other programs clean up what lies in `tmp/` (<https://cr.yp.to/proto/maildir.html>), so that a file
/// that is missing may never have been published.
const LIFETIME_IN_TMP: Duration = Duration::from_secs(36 * 60 * 60);

/// Publishes what is committed, removes what is not; returns how many messages became visible.
pub(super) fn recover(
    account: &Account<'_>,
    maildir: &Maildir<'_>,
    destination: &Destination,
    now: Timestamp,
) -> Result<usize, Error> {
    let unpublished = account.unpublished()?;
    let address = destination.to_string();
    // What was staged for a destination that the account has no more is not to be found in this one.
    let (here, elsewhere): (Vec<_>, Vec<_>) = unpublished
        .into_iter()
        .partition(|message| message.destination == address);
    let mut published = Vec::new();
    let mut lost: Vec<_> = elsewhere.iter().map(|message| message.id).collect();
    let mut staged = Vec::new();
    if !here.is_empty() {
        let files: Vec<&str> = here.iter().map(|message| message.file.as_str()).collect();
        for (message, whereabouts) in here.iter().zip(maildir.locate(&files)?) {
            match whereabouts {
                Whereabouts::Staged => staged.push(message.file.as_str()),
                Whereabouts::Missing if may_be_cleaned_up(message, now) => {
                    lost.push(message.id);
                    continue;
                }
                // Missing so soon, it was published, and somebody read and removed it.
                Whereabouts::Published | Whereabouts::Missing => {}
            }
            published.push(message.id);
        }
        maildir.publish(staged.iter().copied())?;
        account.publish(&published, now)?;
    }
    account.forget(&lost)?;
    if !published.is_empty() || !lost.is_empty() {
        log::info!(
            "took up an interrupted run: {} published, {} to be fetched again",
            published.len(),
            lost.len()
        );
    }
    maildir.sweep()?;
    Ok(staged.len())
}

fn may_be_cleaned_up(message: &Unpublished, now: Timestamp) -> bool {
    message
        .committed
        .checked_add(LIFETIME_IN_TMP)
        .map_or(true, |until| until <= now)
}
