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
    /// For good, although the user said otherwise: the login name asks Gmail for what other programs fetch, too.
    KeepRecent,
    /// In this run, whatever the user said.
    KeepForNow,
    /// For this long after it was first seen.
    KeepFor(Duration),
    /// Until it has left the local Maildir, but no longer than this, if so much is given.
    KeepWhileHere(Option<Duration>),
    /// Until it has arrived here.
    Delete,
}

/// What is done with a message's copy on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays: that is the policy.
    Keep,
    /// It stays: nothing is deleted in Gmail's `recent:` mode.
    KeepRecent,
    /// It stays: it is in the local Maildir.
    KeepWhileHere,
    /// It stays: it is not safe here yet.
    KeepUnpublished,
    /// It stays: the server accepts its deletion, and does not do it.
    KeepUndeletable,
    /// It stays: when it was first seen, the clock was wrong, so that nobody knows how long ago that was.
    KeepUndated,
    /// It stays: another program fetched it, and nobody knows whether it was deleted there.
    KeepElsewhere,
    /// It stays: another program seems to have fetched it.
    KeepGuessed,
    /// It stays: it was only marked as seen.
    KeepMarked,
    /// It stays until then.
    KeepUntil(Timestamp),
    /// It is deleted: it is here, and that is enough.
    Delete,
    /// It is deleted: it was deleted here.
    DeleteLeft,
    /// It is deleted: the program that fetched it was to do that.
    DeleteAsked,
    /// It is deleted: it has been kept since it was first seen, and its time is over.
    DeleteOlder(Timestamp),
}

impl Verdict {
    /// Whether the copy is to be deleted now.
    #[must_use]
    pub fn is_due(self) -> bool {
        matches!(
            self,
            Self::Delete | Self::DeleteLeft | Self::DeleteAsked | Self::DeleteOlder(_)
        )
    }
}

/// Says it as `--dry-run` does.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep on the server: nothing is to be deleted"),
            Self::KeepRecent => {
                f.write_str("keep on the server: nothing is deleted in Gmail's recent: mode")
            }
            Self::KeepWhileHere => {
                f.write_str("keep on the server until it is deleted from the Maildir here")
            }
            Self::KeepUnpublished => f.write_str("keep on the server: it is not here yet"),
            Self::KeepUndeletable => {
                f.write_str("keep on the server: it does not delete what it is told to")
            }
            Self::KeepUndated => {
                f.write_str("keep on the server: the clock was wrong when it was first seen")
            }
            Self::KeepElsewhere => {
                f.write_str("keep on the server: another program fetched it, and may still have it")
            }
            Self::KeepGuessed => f.write_str(
                "keep on the server: another program seems to have fetched it, by a uid that it did not store whole",
            ),
            Self::KeepMarked => {
                f.write_str("keep on the server: it was marked as seen, and not fetched")
            }
            Self::KeepUntil(time) => write!(f, "keep on the server until {time:.0}"),
            Self::Delete => f.write_str("delete from the server: leave-on-server is false"),
            Self::DeleteLeft => {
                f.write_str("delete from the server: it was deleted from the Maildir here")
            }
            Self::DeleteAsked => {
                f.write_str("delete from the server: so was the program told that fetched it")
            }
            Self::DeleteOlder(seen) => {
                write!(f, "delete from the server: first seen {seen:.0}")
            }
        }
    }
}

/// Nothing was seen before 2025, when there was no popfetch to see it: a clock that says so had not been set.
const EARLIEST: Timestamp = Timestamp::constant(1_735_689_600, 0);

/// What another program says of a time before this was said by a clock that had not been set.
const EARLIEST_ELSEWHERE: Timestamp = Timestamp::constant(978_307_200, 0);

/// A server that was told so often to delete a message, and accepted it, will not do it.
const PATIENCE: u32 = 3;

/// What is to be known of a message's copy on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// Whether the message is published here.
    pub published: bool,
    /// Whether it has left every folder of the local Maildir.
    pub left: bool,
    /// How often the server said that it deletes it, and still has it.
    pub kept: u32,
    /// Who has the message.
    pub holder: Holder,
}

/// Who has a message whose copy is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// popfetch fetched it.
    Here,
    /// Another program says that it fetched it, and was to delete it from the server next if it was `asked` to.
    Elsewhere {
        /// Whether it was.
        asked: bool,
    },
    /// Another program, as it seems.
    Guessed,
    /// Nobody that is known of.
    Nobody,
}

/// Judges a copy.
#[must_use]
pub fn judge(policy: Policy, copy: Copy, now: Timestamp) -> Verdict {
    match policy {
        Policy::KeepForNow => Verdict::Keep,
        Policy::KeepRecent => Verdict::KeepRecent,
        _ if copy.holder == (Holder::Elsewhere { asked: true }) => Verdict::DeleteAsked,
        Policy::Keep => Verdict::Keep,
        _ if copy.holder == Holder::Guessed => Verdict::KeepGuessed,
        _ if copy.holder == Holder::Nobody => Verdict::KeepMarked,
        _ if !copy.published => Verdict::KeepUnpublished,
        _ if copy.kept >= PATIENCE => Verdict::KeepUndeletable,
        Policy::Delete => Verdict::Delete,
        Policy::KeepWhileHere(_) if copy.left => Verdict::DeleteLeft,
        Policy::KeepWhileHere(None) if copy.holder != Holder::Here => Verdict::KeepElsewhere,
        Policy::KeepWhileHere(None) => Verdict::KeepWhileHere,
        Policy::KeepFor(time) | Policy::KeepWhileHere(Some(time)) => judge_age(time, copy, now),
    }
}

fn judge_age(time: Duration, copy: Copy, now: Timestamp) -> Verdict {
    let earliest = match copy.holder {
        Holder::Here => EARLIEST,
        Holder::Elsewhere { .. } | Holder::Guessed | Holder::Nobody => EARLIEST_ELSEWHERE,
    };
    if copy.first_seen < earliest {
        return Verdict::KeepUndated;
    }
    // A time beyond all times never comes.
    let until = copy.first_seen.checked_add(time).unwrap_or(Timestamp::MAX);
    if until <= now {
        Verdict::DeleteOlder(copy.first_seen)
    } else {
        Verdict::KeepUntil(until)
    }
}

/// Whether so many messages of `all` that were here may have been deleted by their reader, rather than be on a disk that
/// is not mounted, or be lost: then somebody must be asked.
#[must_use]
pub fn is_suspicious(left: usize, all: usize) -> bool {
    /// Fewer are soon deleted by hand.
    const FEW: usize = 5;
    left > FEW && left > all / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn at(day: u64) -> Timestamp {
        EARLIEST + Duration::from_secs(day * DAY)
    }

    fn judged(policy: Policy, first_seen: Timestamp, published: bool, now: Timestamp) -> Verdict {
        let copy = Copy {
            first_seen,
            published,
            left: false,
            kept: 0,
            holder: Holder::Here,
        };
        judge(policy, copy, now)
    }

    #[test]
    fn a_server_that_does_not_delete_is_not_asked_for_ever() {
        let kept = |kept| Copy {
            first_seen: at(0),
            published: true,
            left: false,
            kept,
            holder: Holder::Here,
        };
        assert!(judge(Policy::Delete, kept(PATIENCE - 1), at(1)).is_due());
        let verdict = judge(Policy::Delete, kept(PATIENCE), at(1));
        assert_eq!(verdict, Verdict::KeepUndeletable);
    }

    #[test]
    fn nothing_is_due_where_all_is_kept() {
        assert_eq!(judged(Policy::Keep, at(0), true, at(9999)), Verdict::Keep);
    }

    #[test]
    fn what_has_arrived_is_due_where_nothing_is_kept() {
        assert_eq!(judged(Policy::Delete, at(0), true, at(0)), Verdict::Delete);
    }

    #[test]
    fn fourteen_days_are_over_after_fourteen_days_and_not_a_second_before() {
        let policy = Policy::KeepFor(Duration::from_secs(14 * DAY));
        let second = jiff::SignedDuration::from_secs(1);
        assert_eq!(
            judged(policy, at(1), true, at(15) - second),
            Verdict::KeepUntil(at(15))
        );
        assert_eq!(
            judged(policy, at(1), true, at(15)),
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
            assert!(!judged(policy, at(0), false, at(9999)).is_due());
        }
    }

    #[test]
    fn a_period_without_end_never_ends() {
        let policy = Policy::KeepFor(Duration::MAX);
        assert!(
            !judged(
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
        assert_eq!(judged(policy, epoch, true, at(100)), Verdict::KeepUndated);
    }

    #[test]
    fn a_clock_that_was_set_back_deletes_nothing() {
        let policy = Policy::KeepFor(Duration::from_secs(DAY));
        assert!(!judged(policy, at(100), true, at(1)).is_due());
    }

    #[test]
    fn what_left_the_maildir_is_due_and_what_is_there_stays_for_its_time() {
        let copy = |left| Copy {
            first_seen: at(0),
            published: true,
            left,
            kept: 0,
            holder: Holder::Here,
        };
        let forever = Policy::KeepWhileHere(None);
        assert_eq!(judge(forever, copy(true), at(1)), Verdict::DeleteLeft);
        assert_eq!(judge(forever, copy(false), at(999)), Verdict::KeepWhileHere);
        let days = Policy::KeepWhileHere(Some(Duration::from_secs(9 * DAY)));
        assert_eq!(judge(days, copy(true), at(1)), Verdict::DeleteLeft);
        assert_eq!(judge(days, copy(false), at(1)), Verdict::KeepUntil(at(9)));
        assert_eq!(judge(days, copy(false), at(9)), Verdict::DeleteOlder(at(0)));
        let unpublished = Copy {
            published: false,
            ..copy(true)
        };
        assert!(!judge(forever, unpublished, at(1)).is_due());
    }

    #[test]
    fn nothing_is_due_in_recent_mode() {
        assert!(!judged(Policy::KeepRecent, at(0), true, at(9999)).is_due());
    }

    #[test]
    fn a_mailbox_that_is_gone_at_once_is_suspicious() {
        assert!(is_suspicious(900, 1000));
        assert!(is_suspicious(6, 6));
        assert!(!is_suspicious(5, 5));
        assert!(!is_suspicious(500, 1000));
    }

    #[test]
    fn what_another_program_fetched_is_kept_or_deleted_as_it_would_be() {
        let copy = |holder, first_seen| Copy {
            first_seen,
            published: true,
            left: false,
            kept: 0,
            holder,
        };
        let elsewhere = Holder::Elsewhere { asked: false };
        let asked = Holder::Elsewhere { asked: true };
        let days = Policy::KeepFor(Duration::from_secs(14 * DAY));
        let long_ago = EARLIEST_ELSEWHERE;
        let verdict = |policy, holder| judge(policy, copy(holder, long_ago), at(1));
        assert_eq!(verdict(days, elsewhere), Verdict::DeleteOlder(long_ago));
        assert_eq!(verdict(days, Holder::Here), Verdict::KeepUndated);
        assert_eq!(verdict(Policy::Delete, elsewhere), Verdict::Delete);
        assert_eq!(
            verdict(Policy::KeepWhileHere(None), elsewhere),
            Verdict::KeepElsewhere
        );
        for policy in [Policy::Keep, days, Policy::Delete] {
            assert_eq!(verdict(policy, asked), Verdict::DeleteAsked);
        }
        assert_eq!(verdict(Policy::KeepForNow, asked), Verdict::Keep);
        assert_eq!(verdict(Policy::KeepRecent, asked), Verdict::KeepRecent);
        for policy in [days, Policy::Delete, Policy::KeepWhileHere(None)] {
            assert_eq!(verdict(policy, Holder::Nobody), Verdict::KeepMarked);
            assert_eq!(verdict(policy, Holder::Guessed), Verdict::KeepGuessed);
        }
        let undated = copy(elsewhere, Timestamp::UNIX_EPOCH);
        assert_eq!(judge(days, undated, at(1)), Verdict::KeepUndated);
    }
}
