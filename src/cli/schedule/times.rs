//! The five fields of a line for cron: written for a time between two runs, read for the next run.
//!
//! It refuses to know what the line runs. Names of months and days are not read: who writes them is shown the fields.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::every::Every;

/// When a line runs: for each field a bit for each number that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether both the day and the weekday are named: either is enough then (crontab(5)).
    either: bool,
}

/// How far ahead the next run is looked for: a leap day is at most eight years away.
const HORIZON: usize = 8 * 366;

/// All hours, and all days of the week.
const ALL_HOURS: u64 = (1 << 24) - 1;
const ALL_WEEKDAYS: u64 = (1 << 7) - 1;
const ALL_DAYS: u64 = ((1 << 31) - 1) << 1;
const ALL_MONTHS: u64 = ((1 << 12) - 1) << 1;

/// The minutes that cron can count out evenly.
pub(super) const POSSIBLE: &str =
    "1, 2, 3, 4, 5, 6, 10, 12, 15, 20 or 30 minutes, 1, 2, 3, 4, 6, 8 or 12 hours, 1 day or 1 week";

/// The fields for a time between two runs, if cron can count it out; `spread` is this user's own number, so that not all
/// the world asks its servers at the full hour.
pub(super) fn fields(every: Every, spread: u64) -> Option<String> {
    const HOUR: u64 = 60;
    const DAY: u64 = 24 * HOUR;
    const WEEK: u64 = 7 * DAY;
    let every = u64::from(every.in_minutes());
    let minute = spread % HOUR;
    let hour = spread / HOUR % 24;
    Some(match every {
        every if HOUR.is_multiple_of(every) && every < HOUR => {
            format!("{} * * * *", steps(minute % every, 59, every))
        }
        every if DAY.is_multiple_of(every) && every.is_multiple_of(HOUR) && every < DAY => {
            let hours = every / HOUR;
            format!("{minute} {} * * *", steps(hour % hours, 23, hours))
        }
        DAY => format!("{minute} {hour} * * *"),
        WEEK => format!("{minute} {hour} * * {}", spread / DAY % 7),
        _ => return None,
    })
}

/// A field that begins somewhere and goes on in steps.
fn steps(first: u64, last: u64, step: u64) -> String {
    match (first, step) {
        (_, 1) => "*".to_owned(),
        (0, step) => format!("*/{step}"),
        (first, step) => format!("{first}-{last}/{step}"),
    }
}

impl Times {
    /// Reads five fields.
    pub(super) fn read(fields: [&str; 5]) -> Option<Self> {
        let [minutes, hours, days, months, weekdays] = fields;
        let sundays = field(weekdays, 0, 7)?;
        Some(Self {
            minutes: field(minutes, 0, 59)?,
            hours: field(hours, 0, 23)?,
            days: field(days, 1, 31)?,
            months: field(months, 1, 12)?,
            // Sunday is 0 and 7.
            weekdays: (sundays | sundays >> 7) & ALL_WEEKDAYS,
            either: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }

    /// The time between two runs, if it is always the same.
    pub(super) fn every(&self) -> Option<Every> {
        if self.days != ALL_DAYS || self.months != ALL_MONTHS {
            return None;
        }
        let a_week = self.weekdays.is_power_of_two();
        if !a_week && self.weekdays != ALL_WEEKDAYS {
            return None;
        }
        let minutes = step(self.minutes, 60)?;
        let hours = step(self.hours, 24)?;
        let once = a_week && hours == 24;
        Some(Every::minutes(match (minutes, hours) {
            (60, _) if once => 7 * 24 * 60,
            _ if a_week => return None,
            (60, hours) => hours * 60,
            (minutes, _) if self.hours == ALL_HOURS => minutes,
            _ => return None,
        }))
    }

    /// The next run after this time, by the clock of this zone.
    pub(super) fn next(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = now.to_zoned(zone.clone()).date();
        let days = today.series(1.day()).take(HORIZON);
        let runs = days.filter(|day| self.has_day(*day)).flat_map(|day| {
            let times = (0..24).flat_map(|hour| (0..60).map(move |minute| (hour, minute)));
            let times = times.filter(|(hour, minute)| self.has_time(*hour, *minute));
            times.map(move |(hour, minute)| day.to_datetime(Time::constant(hour, minute, 0, 0)))
        });
        let mut runs = runs.filter_map(|run| Some(run.to_zoned(zone.clone()).ok()?.timestamp()));
        runs.find(|run| *run > now)
    }

    fn has_day(&self, date: Date) -> bool {
        let month = self.months >> date.month() & 1 == 1;
        let day = self.days >> date.day() & 1 == 1;
        let number = date.weekday().since(Weekday::Sunday);
        let weekday = self.weekdays >> number & 1 == 1;
        month
            && if self.either {
                day || weekday
            } else {
                day && weekday
            }
    }

    fn has_time(&self, hour: i8, minute: i8) -> bool {
        self.hours >> hour & 1 == 1 && self.minutes >> minute & 1 == 1
    }
}

/// The numbers that a field names: `*`, `5`, `1-5`, each with `/2`, and lists of these.
fn field(text: &str, least: u32, most: u32) -> Option<u64> {
    let mut named = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, number(step)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None if range == "*" => (least, most),
            // Crons differ in what steps from a single number mean.
            None if part.contains('/') => return None,
            None => (number(range)?, number(range)?),
        };
        if from < least || to > most || from > to || step == 0 {
            return None;
        }
        let step = usize::try_from(step).ok()?;
        named |= (from..=to).step_by(step).fold(0, |set, n| set | 1 << n);
    }
    Some(named)
}

fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// The distance of the numbers around the clock, if all have the same.
fn step(numbers: u64, around: u32) -> Option<u32> {
    let count = numbers.count_ones();
    if count == 0 || !around.is_multiple_of(count) {
        return None;
    }
    let step = around / count;
    let first = numbers.trailing_zeros();
    let even = (0..count).map(|n| first + n * step);
    let is_even = even.fold(0, |set, n| set | 1_u64.checked_shl(n).unwrap_or(0)) == numbers;
    is_even.then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Times> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        Times::read(fields.try_into().ok()?)
    }

    fn next(line: &str, now: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let run = read(line).unwrap().next(now.parse().unwrap(), &zone);
        run.map_or("never".to_owned(), |run| run.to_string())
    }

    #[test]
    fn what_is_written_for_a_time_is_read_as_that_time() {
        let possible = [
            1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440, 10_080,
        ];
        for minutes in possible {
            for spread in [0, 1, 7, 59, 61, 1439, 9999, u64::MAX] {
                let every = Every::minutes(minutes);
                let line = fields(every, spread).unwrap();
                assert_eq!(read(&line).unwrap().every(), Some(every), "{line}");
            }
        }
        for minutes in [7, 45, 90, 300, 2880, 2 * 10_080] {
            assert_eq!(fields(Every::minutes(minutes), 7), None, "{minutes}");
        }
    }

    #[test]
    fn runs_are_spread_over_the_time_between_them() {
        assert_eq!(fields(Every::minutes(10), 0).unwrap(), "*/10 * * * *");
        assert_eq!(fields(Every::minutes(10), 13).unwrap(), "3-59/10 * * * *");
        assert_eq!(fields(Every::minutes(60), 13).unwrap(), "13 * * * *");
        assert_eq!(fields(Every::minutes(120), 73).unwrap(), "13 1-23/2 * * *");
        assert_eq!(fields(Every::minutes(1440), 73).unwrap(), "13 1 * * *");
        assert_eq!(fields(Every::minutes(1), 73).unwrap(), "* * * * *");
    }

    #[test]
    fn times_that_differ_are_no_time_between_runs() {
        for line in [
            "0 8-18 * * *",
            "0,1 * * * *",
            "*/7 * * * *",
            "0 0 1 * *",
            "*/10 * * * 1-5",
            "*/10 9 * * *",
        ] {
            assert_eq!(read(line).unwrap().every(), None, "{line}");
        }
    }

    #[test]
    fn the_next_run_is_the_first_after_now_by_the_clock_on_the_wall() {
        let now = "2026-11-22T13:12:30Z";
        assert_eq!(next("*/10 * * * *", now, "UTC"), "2026-11-22T13:20:00Z");
        assert_eq!(next("12 * * * *", now, "UTC"), "2026-11-22T14:12:00Z");
        assert_eq!(
            next("12 14 * * *", now, "Europe/Berlin"),
            "2026-11-23T13:12:00Z"
        );
        assert_eq!(next("0 0 29 2 *", now, "UTC"), "2028-02-29T00:00:00Z");
        assert_eq!(next("5,7-9 3 * * 7", now, "UTC"), "2026-11-29T03:05:00Z");
        assert_eq!(next("0 0 31 2 *", now, "UTC"), "never");
    }

    #[test]
    fn a_day_and_a_weekday_together_mean_either() {
        let now = "2026-11-22T13:12:30Z";
        assert_eq!(next("0 0 24 * 1", now, "UTC"), "2026-11-23T00:00:00Z");
        assert_eq!(next("0 0 * * 2", now, "UTC"), "2026-11-24T00:00:00Z");
    }

    #[test]
    fn an_hour_that_summer_time_skips_is_run_after_it() {
        let now = "2027-03-28T00:00:00Z";
        assert_eq!(
            next("30 2 * * *", now, "Europe/Berlin"),
            "2027-03-28T01:30:00Z"
        );
    }

    #[test]
    fn fields_that_mean_nothing_certain_are_not_read() {
        for line in [
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "*/0 * * * *",
            "5/10 * * * *",
            "5-1 * * * *",
            "+5 * * * *",
            "* * * jan *",
            "* * * * 8",
            ", * * * *",
            "* * * *",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
