//! Times as a person says them.
//!
//! It refuses to ask the clock.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A length of time, in its two largest units.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s")];
    let first = units.iter().position(|(unit, _)| seconds >= *unit);
    let Some(first) = first else {
        return "0 s".to_owned();
    };
    let (unit, name) = units[first];
    let whole = format!("{} {name}", seconds / unit);
    match units.get(first + 1) {
        // Seconds beside minutes are of no use to anybody, minutes beside days of less.
        Some((part, name)) if *part > 1 && seconds % unit / part > 0 => {
            format!("{whole} {} {name}", seconds % unit / part)
        }
        _ => whole,
    }
}

/// The same, in its largest unit.
pub(super) fn roughly(span: Duration) -> String {
    let text = self::span(span);
    let words: Vec<&str> = text.split(' ').take(2).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_its_largest_units() {
        for (seconds, said, rough) in [
            (0, "0 s", "0 s"),
            (59, "59 s", "59 s"),
            (60, "1 min", "1 min"),
            (119, "1 min", "1 min"),
            (7200, "2 h", "2 h"),
            (7500, "2 h 5 min", "2 h"),
            (86_399, "23 h 59 min", "23 h"),
            (90_000, "1 d 1 h", "1 d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), said);
            assert_eq!(roughly(Duration::from_secs(seconds)), rough);
        }
    }
}
