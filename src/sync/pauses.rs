//! Says when a message that was refused is tried again, why it waits, and how long a hidden one is safe.
//!
//! Pure: how often it was refused and the time go in, a time comes out.

use std::time::Duration;

use jiff::Timestamp;

use super::outcome::{Problem, Wait};
use crate::state::Owed;

/// A message that was refused is tried again after this time, then after twice as long, and so on …
const FIRST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// … but at least so often.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// After so many refusals it is left alone until somebody asks for it.
const TRIES: u32 = 10;

/// Whether a message that was refused so often is left alone.
pub(super) fn is_quarantined(tries: u32) -> bool {
    tries >= TRIES
}

/// When a message may be tried again that was refused so often.
pub(super) fn due_after(tries: u32, now: Timestamp) -> Timestamp {
    let doublings = tries.saturating_sub(1).min(16);
    let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// Says that a message waits, why, and until when.
pub(super) fn waiting(message: &Owed) -> Problem {
    let wait = match message.due {
        _ if is_quarantined(message.tries) => Wait::Quarantined,
        Some(due) => Wait::Until(due),
        None => Wait::NextRun,
    };
    Problem::Waits {
        uid: message.uid.clone(),
        address: message.destination.clone(),
        reason: message
            .reason
            .clone()
            .unwrap_or_else(|| "a run was interrupted".to_owned()),
        tries: message.tries,
        wait,
    }
}

/// After this time other programs clean up what lies in a Maildir's `tmp/` (<https://cr.yp.to/proto/maildir.html>), so
/// that a file that is missing may never have been published.
const LIFETIME_IN_TMP: Duration = Duration::from_secs(36 * 60 * 60);

/// Whether the message's hidden file may have been removed: by somebody who cleans up, or with the whole Maildir.
pub(super) fn may_be_cleaned_up(message: &Owed, now: Timestamp) -> bool {
    let until = message.committed.checked_add(LIFETIME_IN_TMP);
    message.reason.is_some() || until.map_or(true, |until| until <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_day() {
        let now = Timestamp::UNIX_EPOCH;
        let minutes = |tries| due_after(tries, now).as_second() / 60;
        assert_eq!([1, 2, 3].map(minutes), [5, 10, 20]);
        assert_eq!([9, 10, 99].map(minutes), [1280, 1440, 1440]);
    }
}
