//! systemd's user units: how they are written, and what those that are installed say.
//!
//! It refuses to change anything; `manager` does. Invariant: a unit that is ours begins with a mark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};

use super::every::Every;
use super::job::{self, Job};
use super::program::{TO_SAY, output};
use super::{Kind, Timer};

pub(super) const SERVICE: &str = "popfetch.service";
pub(super) const TIMER: &str = "popfetch.timer";

/// What a unit of ours begins with.
pub(super) const MARK: &str =
    "# Written by `popfetch schedule systemd`, which --remove takes away again.\n";

/// The folder of the user's own units.
pub(super) fn folder(home: &Path) -> PathBuf {
    let config = job::place("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    config.join("systemd/user")
}

/// A unit's file name and its text.
pub(super) type Unit = (&'static str, String);

/// A service that runs once, and the timer that starts it.
pub(super) fn timed(job: &Job, every: Every) -> Vec<Unit> {
    let service = format!(
        "{MARK}[Unit]
Description=Fetch mail by POP3

[Service]
Type=oneshot
{}# A run that is stopped keeps what it has; the next one goes on from there.
TimeoutStartSec=6h
{COMMON}",
        run(job, "")
    );
    let when = match calendar(every) {
        Some(calendar) => format!("OnCalendar={calendar}\nPersistent=true\n"),
        None => format!("OnStartupSec=1min\nOnUnitActiveSec={}\n", every.short()),
    };
    // Not all the world is to ask its servers at the same second.
    let delay = (every.in_minutes() * 60 / 10).clamp(5, 300);
    let timer = format!(
        "{MARK}[Unit]
Description=Fetch mail by POP3 {every}

[Timer]
{when}RandomizedDelaySec={delay}s

[Install]
WantedBy=timers.target
"
    );
    vec![(SERVICE, service), (TIMER, timer)]
}

/// A service that stays and runs again and again.
pub(super) fn watching(job: &Job, every: Every) -> Vec<Unit> {
    let service = format!(
        "{MARK}[Unit]
Description=Fetch mail by POP3 {every}

[Service]
Type=notify
{}# Wakes it up: `systemctl --user reload popfetch` fetches now.
ExecReload=/bin/kill -USR1 $MAINPID
Restart=on-failure
RestartSec=30s
# A wrong command line or configuration is no better at the next try.
RestartPreventExitStatus=64 78
{COMMON}
[Install]
WantedBy=default.target
",
        run(job, &format!(" --every {}", every.short()))
    );
    vec![(SERVICE, service)]
}

/// What both services have. Hardening that looks harmless, such as a filter of system calls, implies NoNewPrivileges in
/// a user's service (systemd.exec(5)).
const COMMON: &str = "\
# \"Try later\" is no failure: the next run does.
SuccessExitStatus=75
Nice=10
# Not set, because procmail, maildrop and sendmail need the rights of a group for their locks and queues. Where no such
# program is run, it can be: systemctl --user edit popfetch.service
#NoNewPrivileges=yes
# A password for the account \"work\", for this service only:
#LoadCredential=popfetch.work:%h/.config/popfetch/work.password
";

/// The lines that say what is run and with which variables.
fn run(job: &Job, more: &str) -> String {
    let variable =
        |(name, value): &(_, _)| format!("Environment={}\n", quote(&format!("{name}={value}")));
    let variables = job.variables.iter().map(variable).collect::<Vec<_>>();
    let variables = variables.concat();
    // systemd runs no program with quotes or backslashes in its name; a shell does.
    let through = if job.program.contains(['"', '\'', '\\']) {
        "/bin/sh -c 'exec \"$0\" \"$@\"' "
    } else {
        ""
    };
    let words: Vec<_> = job.words().map(quote).collect();
    // The colon leaves dollar signs alone (systemd.service(5)).
    format!("{variables}ExecStart=:{through}{}{more}\n", words.join(" "))
}

/// A word for systemd: its quotes, its escapes, its specifiers (systemd.syntax(7), systemd.unit(5)).
fn quote(word: &str) -> String {
    let word = word.replace('%', "%%");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word;
    }
    let word = word.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{word}\"")
}

/// The time as an event of the calendar, so that a machine that slept or was off is not late: only what divides an hour
/// or a day can be one (systemd.time(7)).
fn calendar(every: Every) -> Option<String> {
    match every.in_minutes() {
        minutes if minutes < 60 && 60 % minutes == 0 => Some(format!("*:0/{minutes}")),
        60 => Some("hourly".to_owned()),
        minutes if minutes < 1440 && 1440 % minutes == 0 && minutes % 60 == 0 => {
            Some(format!("0/{}:00", minutes / 60))
        }
        1440 => Some("daily".to_owned()),
        10_080 => Some("weekly".to_owned()),
        _ => None,
    }
}

/// The time that an event of the calendar stands for, if it is one of ours.
fn of_calendar(text: &str) -> Option<Every> {
    let mut possible = (1..=10_080).map(Every::minutes);
    possible.find(|every| calendar(*every).as_deref() == Some(text))
}

/// The timer or the service that is enabled for this user.
pub(super) fn timer(home: &Path) -> Option<Timer> {
    let folder = folder(home);
    let text = |target: &str, unit: &str| {
        let is_enabled = folder.join(target).join(unit).is_symlink();
        is_enabled.then(|| fs::read_to_string(folder.join(unit)).ok())?
    };
    if let Some(timer) = text("timers.target.wants", TIMER) {
        let (every, words) = said(&timer);
        return Some(Timer {
            kind: Kind::Systemd,
            every: words,
            next: next(&elapse(), every),
        });
    }
    let service = text("default.target.wants", SERVICE)?;
    let (_, every) = service
        .lines()
        .find(|line| line.starts_with("ExecStart="))?
        .rsplit_once(" --every ")?;
    Some(Timer {
        kind: Kind::Systemd,
        every: every.parse::<Every>().ok()?.to_string(),
        next: None,
    })
}

/// How often a timer's text says that it runs: as a time, and in words.
fn said(timer: &str) -> (Option<Every>, String) {
    let value = |key| timer.lines().find_map(|line| line.strip_prefix(key));
    let every = match (value("OnUnitActiveSec="), value("OnCalendar=")) {
        (Some(time), _) => time.parse().ok(),
        (None, calendar) => calendar.and_then(of_calendar),
    };
    let words = match (every, value("OnCalendar=")) {
        (Some(every), _) => every.to_string(),
        (None, Some(calendar)) => format!("at \"{calendar}\""),
        (None, None) => "by a timer".to_owned(),
    };
    (every, words)
}

/// What the service manager says of the timer; nothing where there is no manager.
fn elapse() -> String {
    let mut command = Command::new("systemctl");
    command
        .args(["--user", "show", TIMER, "--timestamp=unix"])
        .args(["-p", "NextElapseUSecRealtime", "-p", "LastTriggerUSec"])
        // A manager that hangs is not waited for.
        .env("SYSTEMD_BUS_TIMEOUT", "2s")
        .stdin(Stdio::null());
    match output(&mut command, "systemctl", TO_SAY) {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(_) => String::new(),
    }
}

/// The next run, from what the service manager says: an event of the calendar is told, any other is counted from the last.
fn next(elapse: &str, every: Option<Every>) -> Option<Timestamp> {
    let second = |key| {
        let mut lines = elapse.lines();
        let second = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix("=@"))?;
        Timestamp::from_second(second.parse().ok()?).ok()
    };
    second("NextElapseUSecRealtime").or_else(|| {
        let minutes = every?.in_minutes().into();
        second("LastTriggerUSec")?
            .checked_add(SignedDuration::from_mins(minutes))
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        Job {
            program: "/usr/bin/popfetch".to_owned(),
            arguments: vec!["sync".to_owned()],
            variables: vec![("XDG_STATE_HOME", "/my 100%".to_owned())],
        }
    }

    fn texts(units: Vec<Unit>) -> String {
        units.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn words_are_quoted_as_systemd_reads_them() {
        assert_eq!(quote("/usr/bin/popfetch"), "/usr/bin/popfetch");
        assert_eq!(quote("100%"), "100%%");
        assert_eq!(quote("a b"), "\"a b\"");
        assert_eq!(quote(r#"a"b\c$d'"#), r#""a\"b\\c$d'""#);
        assert_eq!(quote(""), "\"\"");
        let units = texts(timed(&job(), Every::minutes(10)));
        assert!(
            units.contains("\nEnvironment=\"XDG_STATE_HOME=/my 100%%\"\n"),
            "{units}"
        );
        assert!(
            units.contains("\nExecStart=:/usr/bin/popfetch sync\n"),
            "{units}"
        );
    }

    #[test]
    fn a_program_whose_name_systemd_refuses_is_run_by_a_shell() {
        let mut job = job();
        job.program = "/it's/popfetch".to_owned();
        let units = texts(timed(&job, Every::minutes(10)));
        let line = "\nExecStart=:/bin/sh -c 'exec \"$0\" \"$@\"' \"/it's/popfetch\" sync\n";
        assert!(units.contains(line), "{units}");
    }

    #[test]
    fn a_time_that_divides_the_day_is_an_event_of_the_calendar() {
        assert_eq!(calendar(Every::minutes(10)).unwrap(), "*:0/10");
        assert_eq!(calendar(Every::minutes(120)).unwrap(), "0/2:00");
        for minutes in [7, 90, 300, 2880] {
            assert_eq!(calendar(Every::minutes(minutes)), None, "{minutes}");
        }
    }

    #[test]
    fn what_a_timer_says_is_read_again() {
        for minutes in [1, 10, 60, 90, 120, 1440, 2880, 10_080] {
            let every = Every::minutes(minutes);
            let units = timed(&job(), every);
            assert_eq!(
                said(&units[1].1),
                (Some(every), every.to_string()),
                "{minutes}"
            );
        }
        let (every, words) = said("[Timer]\nOnCalendar=Mon..Fri 9:00\n");
        assert_eq!((every, words.as_str()), (None, "at \"Mon..Fri 9:00\""));
    }

    #[test]
    fn the_next_run_is_what_the_manager_says_or_is_counted_from_the_last() {
        let at = |second| Timestamp::from_second(second).ok();
        let every = Some(Every::minutes(90));
        let both = "NextElapseUSecRealtime=@1795353000\nLastTriggerUSec=@1795352400\n";
        assert_eq!(next(both, every), at(1_795_353_000));
        let last = "NextElapseUSecRealtime=\nLastTriggerUSec=@1795352400\n";
        assert_eq!(next(last, every), at(1_795_352_400 + 5400));
        assert_eq!(next(last, None), None);
        assert_eq!(next("NextElapseUSecRealtime=n/a\n", every), None);
        assert_eq!(next("", every), None);
    }
}
