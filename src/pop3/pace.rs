//! How slow a server may be: counts what was waited for and what came of it.
//!
//! Pure: the time comes in as it was measured. It refuses to know what the octets mean. Invariants: what a server sends
//! pays for the time it takes, so that a large message over a slow line is never given up; what trickles is, whatever it
//! is part of: a status line, a listing, a message, a TLS handshake, a proxy's answer.

use std::time::Duration;

/// The octets a second that pay for their own time: a modem of 1200 baud brought 120.
const LEAST_RATE: u32 = 16;

/// For how many time-outs a server may keep us waiting beyond that, from one thing that it is told to the next. Filters
/// that look through a large message first send a line of it now and then, for some minutes.
const ALLOWANCE: u32 = 5;

/// For how long a session may wait in all. On a line that brings so little that this is not enough the next run goes on
/// where this one ended; and cron's next run finds the account free one day.
const LONGEST_SESSION: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a server is not waited for any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Slow {
    /// Next to nothing comes.
    #[error("next to nothing came for too long")]
    Trickle,
    /// It all takes too long.
    #[error("the session took too long")]
    Session,
}

/// What a server has left of our time.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    allowance: Duration,
    left: Duration,
    session: Duration,
}

impl Pace {
    /// The pace of a server that may be silent for so long.
    pub(super) fn new(timeout: Duration) -> Self {
        let allowance = timeout.saturating_mul(ALLOWANCE);
        Self {
            allowance,
            left: allowance,
            session: LONGEST_SESSION,
        }
    }

    /// Something was said to the server: it may begin anew.
    pub(super) fn said(&mut self) {
        self.left = self.allowance;
    }

    /// So many octets came after so much waiting; none, if nothing came yet.
    pub(super) fn came(&mut self, octets: usize, waited: Duration) -> Result<(), Slow> {
        self.session = self.session.checked_sub(waited).ok_or(Slow::Session)?;
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        let paid = Duration::from_secs(1).saturating_mul(octets) / LEAST_RATE;
        let left = self.left.saturating_add(paid).checked_sub(waited);
        self.left = left.ok_or(Slow::Trickle)?.min(self.allowance);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    /// How many times it goes well, at most `most` times.
    fn times(pace: &mut Pace, octets: usize, waited: Duration, most: usize) -> usize {
        (0..most)
            .take_while(|_| pace.came(octets, waited).is_ok())
            .count()
    }

    #[test]
    fn what_trickles_is_given_up_after_some_time_outs() {
        let mut pace = Pace::new(MINUTE);
        assert_eq!(times(&mut pace, 1, 59 * SECOND, 100), 5);
        let mut pace = Pace::new(MINUTE);
        assert_eq!(times(&mut pace, 1, SECOND, 1000), 320);
    }

    #[test]
    fn a_slow_line_is_waited_for() {
        // 1200 baud.
        let mut pace = Pace::new(MINUTE);
        assert_eq!(times(&mut pace, 120, SECOND, 80_000), 80_000);
        // A server that is busy for most of a minute before each message of a kilobyte.
        let mut pace = Pace::new(MINUTE);
        assert_eq!(times(&mut pace, 1000, 59 * SECOND, 1000), 1000);
    }

    #[test]
    fn much_at_once_does_not_pay_for_what_trickles_then() {
        let mut pace = Pace::new(MINUTE);
        pace.came(1 << 30, SECOND).unwrap();
        assert_eq!(times(&mut pace, 1, 59 * SECOND, 100), 5);
    }

    #[test]
    fn each_command_begins_anew() {
        let mut pace = Pace::new(MINUTE);
        for _ in 0..100 {
            pace.said();
            assert_eq!(times(&mut pace, 1, 59 * SECOND, 5), 5);
        }
    }

    #[test]
    fn a_session_does_not_last_for_days() {
        let mut pace = Pace::new(MINUTE);
        let minutes = times(&mut pace, 10_000, MINUTE, 10_000);
        assert_eq!(minutes, 24 * 60);
        assert_eq!(pace.came(10_000, MINUTE), Err(Slow::Session));
    }
}
