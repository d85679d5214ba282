//! Runs the programs that keep timers, to their end: crontab, systemctl, launchctl.
//!
//! It refuses to know what they are asked. Invariants: none is waited for without bound; what one prints is given whole or
//! not at all, for a crontab is written back.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::Error;

/// How long a program may take to say what there is: it reads a file, or asks a manager on this machine.
pub(super) const TO_SAY: Duration = Duration::from_secs(10);

/// How long it may take to change it: a service that is started anew may need 90 s to end (systemd-system.conf(5)).
pub(super) const TO_DO: Duration = Duration::from_secs(120);

/// The most that it may print: no crontab is as long, and a program that prints without end would fill the memory.
const MAX_OUTPUT: u64 = 16 << 20;

/// Between two looks at whether it has ended.
const TICK: Duration = Duration::from_millis(5);

/// Runs it to its end, with nothing on its standard input unless that is said.
pub(super) fn output(
    command: &mut Command,
    name: &'static str,
    patience: Duration,
) -> Result<Output, Error> {
    let failed = |source| Error::Run { name, source };
    let begun = Instant::now();
    let left = || patience.saturating_sub(begun.elapsed());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let outputs = [collect(child.stdout.take()), collect(child.stderr.take())];
    let status = wait(&mut child, left);
    if !matches!(status, Ok(Some(_))) {
        // It may have ended just now.
        let _ = child.kill();
        let _ = child.wait();
    }
    let slow = || Error::Slow {
        name,
        seconds: patience.as_secs(),
        line: line(command),
    };
    let status = status.map_err(failed)?.ok_or_else(slow)?;
    let [stdout, stderr] = outputs.map(|output| output.recv_timeout(left()));
    Ok(Output {
        status,
        stdout: stdout.map_err(|_| slow())?.map_err(failed)?,
        stderr: stderr.map_err(|_| slow())?.map_err(failed)?,
    })
}

/// How it ended; `None` if it has not.
fn wait(child: &mut Child, left: impl Fn() -> Duration) -> io::Result<Option<ExitStatus>> {
    loop {
        let status = child.try_wait()?;
        if status.is_some() || left().is_zero() {
            return Ok(status);
        }
        thread::sleep(TICK);
    }
}

/// Reads to the end on a thread of its own, so that neither of two outputs can block the other.
fn collect(stream: Option<impl Read + Send + 'static>) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut all = Vec::new();
        let read = stream.map_or(Ok(0), |stream| {
            stream.take(MAX_OUTPUT + 1).read_to_end(&mut all)
        });
        let whole = read.and_then(|length| match length as u64 {
            0..=MAX_OUTPUT => Ok(all),
            _ => Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it prints without end",
            )),
        });
        // Nobody listens any more if it took too long.
        let _ = sender.send(whole);
    });
    receiver
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy().into_owned());
    shell_words::join(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> Result<Output, Error> {
        output(Command::new("sh").args(["-c", script]), "sh", patience)
    }

    #[test]
    fn what_it_prints_is_given_whole() {
        let script = "head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2; exit 3";
        let output = shell(script, TO_DO).unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            (output.stdout.len(), output.stderr.len()),
            (300_000, 200_000)
        );
    }

    #[test]
    fn who_does_not_answer_is_ended_and_what_to_run_by_hand_is_said() {
        for script in ["exec sleep 1000", "exec sleep 10 & echo"] {
            let error = shell(script, Duration::from_millis(1500)).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "sh has not answered for 1 s: run it by hand to see what it waits for: sh -c '{script}'"
                )
            );
        }
    }

    #[test]
    fn an_output_without_end_is_none() {
        let error = shell("yes", TO_DO).unwrap_err();
        let Error::Run { source, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(source.kind(), io::ErrorKind::FileTooLarge);
    }
}
