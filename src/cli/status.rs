//! `popfetch status`: how the accounts stand.

use std::time::Duration;

use console::Term;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::{Value, json};

use super::args::{Global, Status as Options};
use super::exit::Status;
use super::overview::{self, Row};
use super::schedule::{self, Timer};
use super::wrap::wrap;
use super::{accounts, report, surroundings, time, visible};
use crate::config::Account;
use crate::state::{LastRun, Ledger};
use crate::sync::{self, Problem, Standing};

/// So many days are looked back, today among them.
const DAYS: usize = 30;

/// So many messages that wait are named, of each account.
const MAX_WAITING: usize = 5;

/// Tells of the accounts that were named, or all.
pub(super) fn status(options: &Options, global: &Global) -> anyhow::Result<Status> {
    let (config, folders) = accounts::load(global)?;
    let selected = accounts::select(&config, &options.accounts)?;
    // Not even an empty database is made.
    let ledger = if Ledger::is_there(&folders.state) {
        let ledger = Ledger::open(&folders.state, surroundings::stop_flag()?)?;
        if let Some(aside) = ledger.set_aside() {
            report::say(&report::rebuilding(aside));
        }
        Some(ledger)
    } else {
        None
    };
    let now = Timestamp::now().to_zoned(TimeZone::system());
    let days = Days::before(&now)?;
    let claimed = config.maildrops();
    let mut standings = Vec::new();
    for account in selected {
        let standing = match &ledger {
            Some(ledger) => sync::status(
                ledger,
                (&account.endpoint, &account.user),
                &claimed,
                account.retention,
                (days.begin(), now.timestamp()),
            )?,
            None => Standing::default(),
        };
        standings.push((account, standing));
    }
    if global.json {
        for (account, standing) in &standings {
            report::data(&visible::json(&object(&account.name, standing, &days)))?;
        }
        return Ok(Status::Well);
    }
    let stdout = Term::stdout();
    let width = stdout.is_term().then(|| stdout.size().1.into());
    // Of the enabled accounts; which of them a timer names is not looked up.
    let timer = next_of(schedule::installed(&folders.home, now.timestamp()));
    let rows = standings.iter();
    let rows: Vec<Row> = rows
        .map(|(account, standing)| row(account, standing, &days, timer.as_ref(), &now))
        .collect();
    for line in overview::lines(&rows, width) {
        report::data(&line)?;
    }
    for (account, standing) in &standings {
        for line in remarks(account, standing, &now) {
            for line in wrap("", 4, &line, width) {
                report::data(&line)?;
            }
        }
    }
    Ok(Status::Well)
}

/// The last days, where the user is, each with its first moment.
struct Days(Vec<Timestamp>);

impl Days {
    fn before(now: &Zoned) -> anyhow::Result<Self> {
        let today = now.start_of_day()?;
        let days = (0..DAYS).rev();
        let day = |ago: usize| {
            let ago = i64::try_from(ago).unwrap_or_default();
            Ok(today.checked_sub(ago.days())?.start_of_day()?.timestamp())
        };
        Ok(Self(days.map(day).collect::<anyhow::Result<_>>()?))
    }

    fn begin(&self) -> Timestamp {
        self.0.first().copied().unwrap_or_default()
    }

    /// How many of these were on each day.
    fn count(&self, times: &[Timestamp]) -> Vec<usize> {
        let mut counts = vec![0; self.0.len()];
        for time in times {
            let day = self.0.partition_point(|begin| begin <= time);
            // What was before the first day is in none.
            if let Some(count) = day.checked_sub(1).and_then(|day| counts.get_mut(day)) {
                *count += 1;
            }
        }
        counts
    }
}

fn last_week(days: &[usize]) -> usize {
    days.iter().rev().take(7).sum()
}

/// The timer that runs first; of those of which nobody knows when they run, any.
fn next_of(timers: Vec<Timer>) -> Option<Timer> {
    timers
        .into_iter()
        .min_by_key(|timer| timer.next.unwrap_or(Timestamp::MAX))
}

fn row(
    account: &Account,
    standing: &Standing,
    days: &Days,
    timer: Option<&Timer>,
    now: &Zoned,
) -> Row {
    let counts = days.count(&standing.arrivals);
    let last = match &standing.last {
        None => "– never".to_owned(),
        Some(last) => {
            let mark = if last.trouble.is_none() { "✓" } else { "✗" };
            format!("{mark} {}", ago(last.at, now))
        }
    };
    let timer = timer.filter(|_| account.enabled);
    let next = match (standing.next.or_else(|| timer?.next), timer) {
        (Some(next), _) => {
            let pause =
                Duration::try_from(next.duration_since(now.timestamp())).unwrap_or_default();
            format!("in {}", time::roughly(pause))
        }
        (None, Some(timer)) => timer.every.clone(),
        (None, None) => String::new(),
    };
    Row {
        account: account.name.clone(),
        last,
        today: counts.last().copied().unwrap_or_default(),
        week: last_week(&counts),
        days: counts,
        stored: standing.stored,
        server: standing.on_server,
        next,
    }
}

/// How long ago that was.
fn ago(at: Timestamp, now: &Zoned) -> String {
    let since = now.timestamp().duration_since(at);
    match Duration::try_from(since) {
        Ok(since) if since < Duration::from_secs(60) => "just now".to_owned(),
        Ok(since) => format!("{} ago", time::roughly(since)),
        // The clock was set back.
        Err(_) => at
            .to_zoned(now.time_zone().clone())
            .strftime("%Y-%m-%d")
            .to_string(),
    }
}

/// What the table has no room for: trouble, what waits, what will be deleted.
fn remarks(account: &Account, standing: &Standing, now: &Zoned) -> Vec<String> {
    let name = &account.name;
    let mut lines = Vec::new();
    if let Some(LastRun {
        trouble: Some(trouble),
        well,
        ..
    }) = &standing.last
    {
        // What waits is named below.
        let mut waiting = standing.waiting.iter();
        if !waiting.any(|problem| trouble.contains(&problem.to_string())) {
            let trouble = trouble.strip_prefix("popfetch: ").unwrap_or(trouble);
            lines.push(format!("✗ {trouble}"));
        }
        let since = match well {
            Some(well) => format!("the last run that went well was {}", ago(*well, now)),
            None => "no run went well yet".to_owned(),
        };
        lines.push(format!("  {name}: {since}"));
    }
    for problem in standing.waiting.iter().take(MAX_WAITING) {
        lines.push(format!("! {name}: {problem}"));
    }
    let more = standing.waiting.len().saturating_sub(MAX_WAITING);
    if more > 0 {
        lines.push(format!(
            "! {name}: {more} more messages wait to be delivered"
        ));
    }
    if !standing.waiting.is_empty() {
        lines.push(format!(
            "  {name}: `popfetch retry {name}` tries to deliver what waits now"
        ));
    }
    let due = &standing.due;
    if due.now > 0 {
        let messages = messages(due.now);
        lines.push(format!(
            "  {name}: the next run deletes {messages} from the server"
        ));
    }
    if let Some(first) = due.first {
        let first = first.to_zoned(now.time_zone().clone());
        let messages = messages(due.later);
        let first = first.strftime("%Y-%m-%d %H:%M");
        lines.push(format!(
            "  {name}: {messages} will be deleted from the server, the first on {first}"
        ));
    }
    lines
}

fn messages(count: usize) -> String {
    match count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}

fn object(account: &str, standing: &Standing, days: &Days) -> Value {
    let waiting = standing.waiting.iter().filter_map(|problem| match problem {
        Problem::Waits {
            uid,
            address,
            reason,
            tries,
            wait,
        } => Some(json!({
            "uid": uid.to_string(),
            "destination": address,
            "reason": reason,
            "tries": tries,
            "quarantined": *wait == sync::Wait::Quarantined,
        })),
        _ => None,
    });
    let said = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let counts = days.count(&standing.arrivals);
    let last = standing.last.as_ref();
    json!({
        "version": report::JSON_VERSION,
        "account": account,
        "stored": standing.stored,
        "on_server": standing.on_server,
        "waiting": waiting.collect::<Vec<_>>(),
        "new_today": counts.last(),
        "new_in_7_days": last_week(&counts),
        "new_by_day": counts,
        "last_run": said(last.map(|last| last.at)),
        "last_status": last.map(|last| last.status),
        "last_trouble": last.and_then(|last| last.trouble.as_ref()),
        "last_run_without_trouble": said(last.and_then(|last| last.well)),
        "next_run": said(standing.next),
        "due_for_deletion": standing.due.now,
        "to_be_deleted": standing.due.later,
        "first_deletion": said(standing.due.first),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_users_and_mail_is_counted_on_the_day_on_which_it_came() {
        // The clocks were changed on 2026-10-25 in Berlin.
        let now: Zoned = "2026-11-02T00:30:00+01:00[Europe/Berlin]".parse().unwrap();
        let days = Days::before(&now).unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        assert_eq!(days.0.len(), DAYS);
        assert_eq!(days.0[DAYS - 1], at("2026-11-01T23:00:00Z"));
        let counts = days.count(&[
            at("2026-11-01T23:00:00Z"),
            at("2026-11-01T22:59:59Z"),
            at("2026-10-24T22:00:00Z"),
            at("2026-10-24T21:59:59Z"),
            at("2020-01-01T00:00:00Z"),
        ]);
        assert_eq!(counts[DAYS - 1], 1);
        assert_eq!(counts[DAYS - 2], 1);
        assert_eq!((counts[DAYS - 9], counts[DAYS - 10]), (1, 1), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), 4);
        assert_eq!(last_week(&counts), 2);
    }
}
