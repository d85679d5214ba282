//! How slowly a server may take what it is sent.
//!
//! Pure: the time comes in as it was measured. It refuses to know what the octets mean. Invariants: what a server takes pays
//! for the time that it takes, so that a large message is not given up for its size; where it takes a piece now and then
//! it is, in time.

use std::time::Duration;

/// The octets a second that pay for their own time. Mail is not handed over by LMTP across the wide world (RFC 2033 §1); a
/// modem of 9600 baud took as many.
const LEAST_RATE: u32 = 1024;

/// For how many time-outs a server may keep us waiting beyond that, with one thing that it is told: some write a message
/// to a disk that is busy.
const ALLOWANCE: u32 = 5;

/// What a server has left of our time.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    rate: u32,
    allowance: Duration,
    left: Duration,
}

impl Pace {
    /// The pace of a server that may be silent for so long.
    pub(super) fn new(timeout: Duration) -> Self {
        Self::of(LEAST_RATE, timeout.saturating_mul(ALLOWANCE))
    }

    /// A pace of so many octets a second, and of so much time beyond that.
    pub(super) fn of(rate: u32, allowance: Duration) -> Self {
        Self {
            rate,
            allowance,
            left: allowance,
        }
    }

    /// Something new is said to the server: it may begin anew.
    pub(super) fn begins(&mut self) {
        self.left = self.allowance;
    }

    /// So many octets were taken after so much waiting; false if that was too slow.
    pub(super) fn took(&mut self, octets: usize, waited: Duration) -> bool {
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        let paid = Duration::from_secs(1).saturating_mul(octets) / self.rate;
        let left = self.left.saturating_add(paid).checked_sub(waited);
        self.left = left.unwrap_or_default().min(self.allowance);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// How many times it goes well, at most `most` times.
    fn times(pace: &mut Pace, octets: usize, waited: Duration, most: usize) -> usize {
        (0..most).take_while(|_| pace.took(octets, waited)).count()
    }

    #[test]
    fn a_server_that_takes_a_piece_now_and_then_is_given_up() {
        let mut pace = Pace::new(MINUTE);
        assert_eq!(times(&mut pace, 4096, MINUTE, 100), 5);
    }

    #[test]
    fn a_slow_line_is_waited_for() {
        let mut pace = Pace::new(MINUTE);
        assert_eq!(times(&mut pace, 60 * 1024, MINUTE, 10_000), 10_000);
    }

    #[test]
    fn much_at_once_does_not_pay_for_what_trickles_then() {
        let mut pace = Pace::new(MINUTE);
        assert!(pace.took(1 << 30, MINUTE));
        assert_eq!(times(&mut pace, 4096, MINUTE, 100), 5);
        pace.begins();
        assert_eq!(times(&mut pace, 4096, MINUTE, 100), 5);
    }
}
