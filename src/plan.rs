//! Decides which messages are fetched and which are not, and says why.
//!
//! Pure: a listing held against the record, and the limits, go in; one decision for each message comes out, in the same
//! order. It refuses to know how a message is fetched.

use std::fmt;

use crate::mail::Octets;

/// What is left on the server although it is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// A message larger than this stays on the server.
    pub max_size: Option<Octets>,
    /// No more than this many messages are fetched in one run.
    pub max_messages: Option<usize>,
    /// There is room here for so much …
    pub room: Option<Octets>,
    /// … and on the whole disk for so much: a message that claims to be larger is not, and is no reason not to begin.
    pub whole: Option<Octets>,
}

/// What is done with a listed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is new: it is fetched.
    Fetch,
    /// It is here already.
    Known,
    /// It is new, and larger than the limit.
    TooLarge(Octets),
    /// It is new, and as many as one run may fetch come before it.
    AfterLimit(usize),
    /// It is new, and with what comes before it the disk would be full.
    NoRoom,
}

/// Says it as `--dry-run` does.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch => f.write_str("fetch: it is new"),
            Self::Known => f.write_str("do not fetch: it is here already"),
            Self::TooLarge(limit) => write!(f, "do not fetch: it is larger than max-size, {limit}"),
            Self::AfterLimit(limit) => write!(
                f,
                "fetch in a later run: max-messages is {limit} and others come first"
            ),
            Self::NoRoom => f.write_str("do not fetch: the disk has no room for it"),
        }
    }
}

/// Decides on each message of a listing: its size, and whether it is known.
#[must_use]
pub fn decide(messages: impl Iterator<Item = (Octets, bool)>, limits: Limits) -> Vec<Decision> {
    let (mut fetched, mut octets) = (0, 0_u64);
    messages
        .map(|(size, known)| {
            if known {
                return Decision::Known;
            }
            if let Some(limit) = limits.max_size.filter(|limit| size > *limit) {
                return Decision::TooLarge(limit);
            }
            if let Some(limit) = limits.max_messages.filter(|limit| fetched >= *limit) {
                return Decision::AfterLimit(limit);
            }
            let is_lie = limits.whole.is_some_and(|whole| size > whole);
            let filled = octets.saturating_add(if is_lie { 0 } else { size.0 });
            if limits.room.is_some_and(|room| filled > room.0) {
                return Decision::NoRoom;
            }
            fetched += 1;
            octets = filled;
            Decision::Fetch
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Decision::{AfterLimit, Fetch, Known, NoRoom, TooLarge};
    use super::*;

    fn decisions(messages: &[(u64, bool)], limits: Limits) -> Vec<Decision> {
        decide(
            messages.iter().map(|(size, known)| (Octets(*size), *known)),
            limits,
        )
    }

    #[test]
    fn what_is_new_is_fetched() {
        let messages = [(10, false), (10, true), (0, false)];
        assert_eq!(
            decisions(&messages, Limits::default()),
            [Fetch, Known, Fetch]
        );
    }

    #[test]
    fn a_message_at_the_size_limit_is_fetched_and_one_above_is_not() {
        let limits = Limits {
            max_size: Some(Octets(10)),
            ..Limits::default()
        };
        let messages = [(10, false), (11, false), (11, true)];
        assert_eq!(
            decisions(&messages, limits),
            [Fetch, TooLarge(Octets(10)), Known]
        );
    }

    #[test]
    fn the_cap_counts_only_what_is_fetched() {
        let limits = Limits {
            max_size: Some(Octets(10)),
            max_messages: Some(2),
            ..Limits::default()
        };
        let messages = [
            (1, true),
            (99, false),
            (1, false),
            (1, false),
            (1, false),
            (1, true),
        ];
        let expected = [
            Known,
            TooLarge(Octets(10)),
            Fetch,
            Fetch,
            AfterLimit(2),
            Known,
        ];
        assert_eq!(decisions(&messages, limits), expected);
    }

    #[test]
    fn what_the_disk_has_no_room_for_is_not_begun_and_smaller_ones_are() {
        let limits = Limits {
            room: Some(Octets(10)),
            whole: Some(Octets(100)),
            ..Limits::default()
        };
        let messages = [
            (6, false),
            (5, false),
            (4, false),
            (9, true),
            (1, false),
            (101, false),
        ];
        let expected = [Fetch, NoRoom, Fetch, Known, NoRoom, Fetch];
        assert_eq!(decisions(&messages, limits), expected);
    }
}
