//! Decides which messages on the server are due for deletion, and says why.
//!
//! Pure: facts, policy and the time go in, a verdict comes out. It refuses to know how a message is deleted or where its
//! facts are kept. Invariant: what is not published here is never due.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// How long a copy stays on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// For good: nothing is ever deleted.
    Keep,
    /// For this long after it was first seen.
    KeepFor(Duration),
    /// Until it has arrived here.
    Delete,
}

/// What is done with a message's copy on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays: that is the policy.
    Keep,
    /// It stays: it is not safe here yet.
    KeepUnpublished,
    /// It stays: when it was first seen, the clock was wrong, so that nobody knows how long ago that was.
    KeepUndated,
    /// It stays until then.
    KeepUntil(Timestamp),
    /// It is deleted: it is here, and that is enough.
    Delete,
    /// It is deleted: it has been kept since it was first seen, and its time is over.
    DeleteOlder(Timestamp),
}

impl Verdict {
    /// Whether the copy is to be deleted now.
    #[must_use]
    pub fn is_due(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteOlder(_))
    }
}

/// Says it as `--dry-run` does.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep on the server: nothing is to be deleted"),
            Self::KeepUnpublished => f.write_str("keep on the server: it is not here yet"),
            Self::KeepUndated => {
                f.write_str("keep on the server: the clock was wrong when it was first seen")
            }
            Self::KeepUntil(time) => write!(f, "keep on the server until {time}"),
            Self::Delete => f.write_str("delete from the server: leave-on-server is false"),
            Self::DeleteOlder(seen) => {
                write!(f, "delete from the server: first seen {seen}")
            }
        }
    }
}

/// Nothing was seen before 2025, when there was no popfetch to see it: a clock that says so had not been set.
const EARLIEST: Timestamp = Timestamp::constant(1_735_689_600, 0);

/// Judges a message that was first seen at `first_seen` and is published here, or not.
#[must_use]
pub fn judge(policy: Policy, first_seen: Timestamp, published: bool, now: Timestamp) -> Verdict {
    match policy {
        Policy::Keep => Verdict::Keep,
        _ if !published => Verdict::KeepUnpublished,
        Policy::Delete => Verdict::Delete,
        Policy::KeepFor(_) if first_seen < EARLIEST => Verdict::KeepUndated,
        Policy::KeepFor(time) => {
            // A time beyond all times never comes.
            let until = first_seen.checked_add(time).unwrap_or(Timestamp::MAX);
            if until <= now {
                Verdict::DeleteOlder(first_seen)
            } else {
                Verdict::KeepUntil(until)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn at(day: u64) -> Timestamp {
        EARLIEST + Duration::from_secs(day * DAY)
    }

    #[test]
    fn nothing_is_due_where_all_is_kept() {
        assert_eq!(judge(Policy::Keep, at(0), true, at(9999)), Verdict::Keep);
    }

    #[test]
    fn what_has_arrived_is_due_where_nothing_is_kept() {
        assert_eq!(judge(Policy::Delete, at(0), true, at(0)), Verdict::Delete);
    }

    #[test]
    fn fourteen_days_are_over_after_fourteen_days_and_not_a_second_before() {
        let policy = Policy::KeepFor(Duration::from_secs(14 * DAY));
        let second = jiff::SignedDuration::from_secs(1);
        assert_eq!(
            judge(policy, at(1), true, at(15) - second),
            Verdict::KeepUntil(at(15))
        );
        assert_eq!(
            judge(policy, at(1), true, at(15)),
            Verdict::DeleteOlder(at(1))
        );
    }

    #[test]
    fn what_is_not_published_is_never_due() {
        for policy in [
            Policy::Keep,
            Policy::KeepFor(Duration::ZERO),
            Policy::Delete,
        ] {
            assert!(!judge(policy, at(0), false, at(9999)).is_due());
        }
    }

    #[test]
    fn a_period_without_end_never_ends() {
        let policy = Policy::KeepFor(Duration::MAX);
        assert!(
            !judge(
                policy,
                at(0),
                true,
                Timestamp::MAX - jiff::SignedDuration::from_secs(1)
            )
            .is_due()
        );
    }

    #[test]
    fn what_was_seen_by_a_clock_that_was_not_set_is_kept() {
        let policy = Policy::KeepFor(Duration::from_secs(DAY));
        let epoch = Timestamp::UNIX_EPOCH;
        assert_eq!(judge(policy, epoch, true, at(100)), Verdict::KeepUndated);
    }

    #[test]
    fn a_clock_that_was_set_back_deletes_nothing() {
        let policy = Policy::KeepFor(Duration::from_secs(DAY));
        assert!(!judge(policy, at(100), true, at(1)).is_due());
    }
}
