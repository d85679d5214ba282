//! Reads quantities as people write them: `14d`, `60s`, `25MB`, `25 MiB`.
//!
//! It refuses to know which key they stand for. Invariant: what is read is more than nothing and fits what it becomes.

use std::time::Duration;

use jiff::fmt::friendly::SpanParser;
use jiff::{Span, SpanRelativeTo};

use crate::mail::Octets;

/// What a quantity is that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnitError {
    #[error("none")]
    NotQuantity,
    #[error("in months or years, which differ in length")]
    Calendar,
    #[error("in minutes or less")]
    Fine,
    #[error("nothing or less")]
    Nothing,
    #[error("more than a century")]
    Endless,
    #[error("more than 18 exabytes")]
    Huge,
}

/// A duration in any units up to weeks; a day has 24 hours.
pub(super) fn duration(text: &str) -> Result<Duration, UnitError> {
    exact(span(text)?)
}

/// A duration in hours, days and weeks. Minutes are refused, for a lone `m` is likely to mean months.
pub(super) fn long_duration(text: &str) -> Result<Duration, UnitError> {
    let span = span(text)?;
    let fine = [
        span.get_minutes(),
        span.get_seconds(),
        span.get_milliseconds(),
        span.get_microseconds(),
        span.get_nanoseconds(),
    ];
    if fine.iter().any(|amount| *amount != 0) {
        return Err(UnitError::Fine);
    }
    exact(span)
}

/// A number of octets, alone or with a unit: `k`, `M`, `G` and `KB`, `MB`, `GB` are powers of 1000, `KiB`, `MiB`, `GiB`
/// of 1024. Upper and lower case are the same.
pub(super) fn size(text: &str) -> Result<Octets, UnitError> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(UnitError::NotQuantity);
    }
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1000 * 1000,
        "g" | "gb" => 1000 * 1000 * 1000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(UnitError::NotQuantity),
    };
    // Only digits are left, so that too many of them is all that can be wrong.
    let number: u64 = number.parse().map_err(|_| UnitError::Huge)?;
    match number.checked_mul(factor) {
        None => Err(UnitError::Huge),
        Some(0) => Err(UnitError::Nothing),
        Some(octets) => Ok(Octets(octets)),
    }
}

fn span(text: &str) -> Result<Span, UnitError> {
    let span = SpanParser::new()
        .parse_span(text.trim())
        .map_err(|_| UnitError::NotQuantity)?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(UnitError::Calendar);
    }
    Ok(span)
}

fn exact(span: Span) -> Result<Duration, UnitError> {
    // The largest span that jiff knows is far within a SignedDuration, and no calendar is needed without months.
    let duration = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| UnitError::NotQuantity)?;
    let duration = Duration::try_from(duration).map_err(|_| UnitError::Nothing)?;
    if duration.is_zero() {
        return Err(UnitError::Nothing);
    }
    if duration > LONGEST {
        return Err(UnitError::Endless);
    }
    Ok(duration)
}

/// A century: longer is a slip of the finger, and a date that far ahead is still a date.
const LONGEST: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 60 * 60;

    #[test]
    fn durations_are_read_in_short_and_in_long() {
        let seconds = |text| duration(text).unwrap().as_secs();
        assert_eq!(seconds("60s"), 60);
        assert_eq!(seconds("2 minutes"), 120);
        assert_eq!(seconds(" 1m 30s "), 90);
        assert_eq!(seconds("36500d"), LONGEST.as_secs());
    }

    #[test]
    fn a_day_has_24_hours_and_a_week_seven_days() {
        let hours = |text| long_duration(text).unwrap().as_secs() / HOUR;
        assert_eq!(hours("12h"), 12);
        assert_eq!(hours("14d"), 14 * 24);
        assert_eq!(hours("2 weeks"), 14 * 24);
        assert_eq!(hours("1w 1d 1h"), 8 * 24 + 1);
    }

    #[test]
    fn durations_that_mean_nothing_certain_are_refused() {
        for text in ["", "14", "d", "soon", "P14D", "14 d d", "-"] {
            assert_eq!(duration(text), Err(UnitError::NotQuantity), "{text}");
        }
        assert_eq!(duration("1 month"), Err(UnitError::Calendar));
        assert_eq!(long_duration("1y"), Err(UnitError::Calendar));
        assert_eq!(long_duration("2m"), Err(UnitError::Fine));
        assert_eq!(long_duration("1d 1s"), Err(UnitError::Fine));
    }

    #[test]
    fn durations_are_more_than_nothing_and_less_than_a_century() {
        assert_eq!(duration("0s"), Err(UnitError::Nothing));
        assert_eq!(long_duration("-14d"), Err(UnitError::Nothing));
        assert_eq!(long_duration("14d ago"), Err(UnitError::Nothing));
        assert_eq!(long_duration("36501d"), Err(UnitError::Endless));
    }

    #[test]
    fn sizes_are_decimal_unless_they_say_otherwise() {
        let octets = |text| size(text).unwrap().0;
        assert_eq!(octets("1048576"), 1 << 20);
        assert_eq!(octets("25MB"), 25_000_000);
        assert_eq!(octets("25 MiB"), 25 << 20);
        assert_eq!(octets("64k"), 64_000);
        assert_eq!(octets("1 GiB"), 1 << 30);
        assert_eq!(octets("2g"), 2_000_000_000);
    }

    #[test]
    fn sizes_of_nothing_of_too_much_and_of_no_unit_are_refused() {
        for text in ["", "MB", "-1", "1.5MB", "25 apples", "1 000"] {
            assert_eq!(size(text), Err(UnitError::NotQuantity), "{text}");
        }
        assert_eq!(size("0 MB"), Err(UnitError::Nothing));
        assert_eq!(size("18446744073709551616"), Err(UnitError::Huge));
        assert_eq!(size("18446744073709551615k"), Err(UnitError::Huge));
    }
}
