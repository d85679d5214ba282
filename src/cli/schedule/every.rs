//! How often a timer runs: as people write it, and in words.
//!
//! It refuses to know timers. Invariant: whole minutes, at least one, at most four weeks.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::fmt::friendly::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo};

/// The time between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Every {
    minutes: u32,
}

/// Why a time between two runs was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum EveryError {
    /// It is no duration.
    #[error("write it as 10m, 1h or 1d")]
    NotDuration,
    /// Timers are not that exact, and servers not that patient.
    #[error("whole minutes are meant, one at least")]
    Fine,
    /// It is a slip of the finger.
    #[error("at most four weeks: by then servers have deleted what was not fetched")]
    Long,
}

/// Four weeks, in minutes.
const LONGEST: u32 = 4 * 7 * DAY;
const DAY: u32 = 24 * 60;

impl Every {
    /// So many minutes, of which there is at least one.
    pub(super) const fn minutes(minutes: u32) -> Self {
        Self { minutes }
    }

    /// The minutes.
    pub(super) const fn in_minutes(self) -> u32 {
        self.minutes
    }

    /// From one run to the next.
    pub(in crate::cli) fn pause(self) -> Duration {
        Duration::from_secs(u64::from(self.minutes) * 60)
    }

    /// With one unit and no blank, as options and systemd read it: `90m`, `2h`, `1d`.
    pub(super) fn short(self) -> String {
        let (count, unit) = self.parts();
        format!("{count}{}", &unit[..1])
    }

    /// The count of the largest unit that fits, and that unit.
    fn parts(self) -> (u32, &'static str) {
        match self.minutes {
            minutes if minutes.is_multiple_of(7 * DAY) => (minutes / (7 * DAY), "week"),
            minutes if minutes.is_multiple_of(DAY) => (minutes / DAY, "day"),
            minutes if minutes.is_multiple_of(60) => (minutes / 60, "hour"),
            minutes => (minutes, "minute"),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (1, unit) => write!(f, "every {unit}"),
            (count, unit) => write!(f, "every {count} {unit}s"),
        }
    }
}

impl FromStr for Every {
    type Err = EveryError;

    fn from_str(text: &str) -> Result<Self, EveryError> {
        let span = SpanParser::new()
            .parse_span(text.trim())
            .map_err(|_| EveryError::NotDuration)?;
        // Months differ in length: without them no calendar is needed.
        let length = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|_| EveryError::NotDuration)?;
        let minutes = length.as_mins();
        if minutes < 1 || length != SignedDuration::from_mins(minutes) {
            return Err(EveryError::Fine);
        }
        match u32::try_from(minutes) {
            Ok(minutes) if minutes <= LONGEST => Ok(Self { minutes }),
            _ => Err(EveryError::Long),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_people_write_it_and_said_in_the_largest_unit() {
        let words = |text: &str| text.parse::<Every>().map(|every| every.to_string());
        assert_eq!(words("10m").unwrap(), "every 10 minutes");
        assert_eq!(words("60 minutes").unwrap(), "every hour");
        assert_eq!(words("90min").unwrap(), "every 90 minutes");
        assert_eq!(words("1d").unwrap(), "every day");
        assert_eq!(words("2 weeks").unwrap(), "every 2 weeks");
        assert_eq!(Every::minutes(120).short(), "2h");
        assert_eq!(Every::minutes(7 * DAY).short(), "1w");
    }

    #[test]
    fn what_no_timer_can_do_is_refused() {
        let error = |text: &str| text.parse::<Every>().unwrap_err();
        for text in ["", "10", "soon", "1 month"] {
            assert_eq!(error(text), EveryError::NotDuration, "{text}");
        }
        for text in ["30s", "90s", "0m", "-5m"] {
            assert_eq!(error(text), EveryError::Fine, "{text}");
        }
        assert_eq!(error("29d"), EveryError::Long);
        assert_eq!(error("9999999999m"), EveryError::Long);
    }
}
