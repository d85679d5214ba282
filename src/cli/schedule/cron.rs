//! The line in the user's crontab that runs popfetch: how it is written, found again and taken away.
//!
//! It refuses to run anything. Invariants: all other lines are kept byte for byte; our own line ends with a mark, so
//! that no other is taken for it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::job::Job;
use super::times::Times;
use super::{Error, Kind, Timer};

/// What our own line ends with: to the shell it is a comment.
const MARK: &str = " # popfetch schedule";

/// The line that runs the job at these times, without its end.
pub(super) fn line(job: &Job, fields: &str) -> Result<String, Error> {
    let mut line = fields.to_owned();
    for (name, value) in &job.variables {
        line = format!("{line} {name}={}", quote(value)?);
    }
    for word in job.words() {
        line = format!("{line} {}", quote(word)?);
    }
    Ok(line + MARK)
}

/// One word for a shell that cron starts. A percent sign is a line's end to cron itself; before it and before another
/// backslash, crons read a backslash in different ways.
fn quote(word: &str) -> Result<String, Error> {
    if word.contains('\\') {
        return Err(Error::Unwritable { path: word.into() });
    }
    Ok(shell_words::quote(word).replace('%', "\\%"))
}

/// The crontab with our line in it, in the place where it was before.
pub(super) fn with(crontab: &[u8], line: &str) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = crontab.split_inclusive(|byte| *byte == b'\n').collect();
    let line = format!("{line}\n");
    let place = lines.iter().position(|line| is_ours(line));
    lines.retain(|line| !is_ours(line));
    if lines.last().is_some_and(|last| !last.ends_with(b"\n")) {
        lines.push(b"\n");
    }
    let place = place.unwrap_or(lines.len()).min(lines.len());
    lines.insert(place, line.as_bytes());
    lines.concat()
}

/// The crontab without our line; `None` if it has none.
pub(super) fn without(crontab: &[u8]) -> Option<Vec<u8>> {
    let lines = crontab.split_inclusive(|byte| *byte == b'\n');
    let (ours, others): (Vec<&[u8]>, Vec<_>) = lines.partition(|line| is_ours(line));
    (!ours.is_empty()).then(|| others.concat())
}

/// The lines that run `popfetch sync` and were written by somebody else.
pub(super) fn foreign(crontab: &[u8]) -> usize {
    let lines = crontab.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !is_ours(line) && read(line).is_some())
        .count()
}

/// The timers of a crontab, whoever wrote them.
pub(super) fn timers(crontab: &[u8], now: Timestamp, zone: &TimeZone) -> Vec<Timer> {
    let lines = crontab.split(|byte| *byte == b'\n');
    lines
        .filter_map(read)
        .map(|fields| {
            let times = Times::read(fields);
            let every = times.and_then(|times| times.every());
            Timer {
                kind: Kind::Cron,
                every: every
                    .map_or_else(|| format!("at \"{}\"", fields.join(" ")), |e| e.to_string()),
                next: times.and_then(|times| times.next(now, zone)),
            }
        })
        .collect()
}

fn is_ours(line: &[u8]) -> bool {
    line.trim_ascii_end().ends_with(MARK.as_bytes())
}

/// The five fields of a line that runs `popfetch sync`.
fn read(line: &[u8]) -> Option<[&str; 5]> {
    let line = str::from_utf8(line).ok()?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let (fields, command) = words.split_first_chunk::<5>()?;
    let is_time = |word: &&str| word.starts_with(|c: char| c == '*' || c.is_ascii_digit());
    let runs = |name| {
        let mut names = command.iter().map(|word| word.trim_matches(['\'', '"']));
        names.any(|word| word.rsplit('/').next() == Some(name))
    };
    (fields[..4].iter().all(is_time) && runs("popfetch") && runs("sync")).then_some(*fields)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn job(program: &str) -> Job {
        Job {
            program: program.to_owned(),
            arguments: vec!["sync".to_owned()],
            variables: Vec::new(),
        }
    }

    const OTHERS: &[u8] =
        b"MAILTO=me\n# popfetch schedule\n5 4 * * * backup # \xff\n\n*/5 * * * * other";

    #[test]
    fn the_line_runs_the_program_with_its_variables() {
        let mut job = job("/usr/bin/popfetch");
        job.variables = vec![("XDG_STATE_HOME", "/my state".to_owned())];
        job.arguments.push("work".to_owned());
        assert_eq!(
            line(&job, "3-59/10 * * * *").unwrap(),
            "3-59/10 * * * * XDG_STATE_HOME='/my state' /usr/bin/popfetch sync work # popfetch schedule"
        );
    }

    #[test]
    fn a_percent_sign_does_not_end_the_command() {
        let line = line(&job("/100%/it's/popfetch"), "* * * * *").unwrap();
        assert_eq!(
            line,
            r"* * * * * '/100\%/it'\''s/popfetch' sync # popfetch schedule"
        );
    }

    #[test]
    fn a_backslash_is_refused_because_crons_differ() {
        assert!(matches!(
            line(&job("/a\\b/popfetch"), "* * * * *"),
            Err(Error::Unwritable { .. })
        ));
    }

    #[test]
    fn a_second_line_takes_the_place_of_the_first() {
        let first = line(&job("/old/popfetch"), "* * * * *").unwrap();
        let second = line(&job("/new/popfetch"), "* * * * *").unwrap();
        let once = with(OTHERS, &first);
        let mut longer = once.clone();
        longer.extend(b"0 0 * * * last\n");
        let twice = with(&longer, &second);
        let text = String::from_utf8_lossy(&twice);
        assert!(!text.contains("/old/"), "{text}");
        assert!(
            text.ends_with(&format!("other\n{second}\n0 0 * * * last\n")),
            "{text}"
        );
    }

    #[test]
    fn only_our_own_line_is_taken_away() {
        let line = line(&job("/usr/bin/popfetch"), "* * * * *").unwrap();
        assert_eq!(without(OTHERS), None);
        assert_eq!(without(b""), None);
        let both = [OTHERS, b"\n"].concat();
        assert_eq!(without(&with(OTHERS, &line)).unwrap(), both);
        assert_eq!(without(&with(b"", &line)).unwrap(), b"");
    }

    #[test]
    fn timers_are_found_whoever_wrote_them() {
        let crontab = b"PATH=/bin\n*/10 * * * * popfetch sync\n#*/5 * * * * popfetch sync\n\
            0 9 * * 1-5 '/opt/my popfetch/popfetch' -q sync work\n* * * * * popfetch status\n";
        let now = "2026-11-22T13:12:30Z".parse().unwrap();
        let timers = timers(crontab, now, &TimeZone::UTC);
        let said: Vec<_> = timers.iter().map(|timer| timer.every.as_str()).collect();
        assert_eq!(said, ["every 10 minutes", "at \"0 9 * * 1-5\""]);
        assert_eq!(timers[0].next, "2026-11-22T13:20:00Z".parse().ok());
        assert_eq!(foreign(crontab), 2);
        let line = line(&job("/usr/bin/popfetch"), "* * * * *").unwrap();
        assert_eq!(foreign(line.as_bytes()), 0);
    }

    proptest! {
        #[test]
        fn a_shell_reads_any_word_as_it_was_written(word in r"[^\\\x00-\x1f\x7f]*") {
            // As cron does: an escaped percent sign loses its backslash, any other ends the command.
            let line = quote(&word).unwrap().replace("\\%", "\u{1}");
            prop_assert!(!line.contains('%'));
            let words = shell_words::split(&line.replace('\u{1}', "%")).unwrap();
            prop_assert_eq!(words, [word]);
        }

        #[test]
        fn other_lines_are_kept_byte_for_byte(crontab in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut crontab = crontab;
            crontab.push(b'\n');
            prop_assume!(without(&crontab).is_none());
            let line = line(&job("/usr/bin/popfetch"), "* * * * *").unwrap();
            prop_assert_eq!(without(&with(&crontab, &line)).unwrap(), crontab);
        }
    }
}
