//! Takes a secret from the first line that a program prints: `pass show mail`, `gpg -d …`, `oama access …`.
//!
//! No shell runs. Invariants: the program ends or is ended; what it prints is bounded; its standard error is shown only
//! when it fails.

use std::io::{self, IsTerminal, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::error::{Error, Key};
use super::{first_line as first_line_of, pause, wait_for};
use crate::secret::Secret;

/// How long a program may take: a person may have to touch a token or type a passphrase.
const DEADLINE: Duration = Duration::from_secs(120);

/// How much of what it prints is kept; a password is shorter.
const MAX_OUTPUT: usize = 64 * 1024;

/// How long its output is waited for once it has ended.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// How much of its standard error an error message holds.
const MAX_SHOWN: usize = 400;

/// How long a program that gives tokens is left alone before it is asked once more: the net may just have come up.
const PAUSE: Duration = Duration::from_secs(2);

/// Takes a token from a program; where that fails it is asked once more, after a pause.
pub(super) fn token(argv: &[String], stop: &AtomicBool) -> Result<Secret, Error> {
    match first_line(Key::Token, argv, stop) {
        Err(error @ (Error::CommandFailed { .. } | Error::Empty { .. })) => {
            log::info!("{error}; asking once more");
        }
        result => return result,
    }
    pause(PAUSE, stop)?;
    first_line(Key::Token, argv, stop).map_err(|error| match error {
        Error::Empty { source_name } => Error::NoToken { source_name },
        error => error,
    })
}

/// Runs the program and takes the first line of its output.
pub(super) fn first_line(key: Key, argv: &[String], stop: &AtomicBool) -> Result<Secret, Error> {
    let program = argv[0].clone();
    let failed = |source| Error::Command {
        key,
        program: program.clone(),
        source,
    };
    // A program that asks needs the terminal; without one it must not wait for an answer.
    let stdin = if io::stdin().is_terminal() {
        Stdio::inherit()
    } else {
        Stdio::null()
    };
    let mut child = Command::new(&program)
        .args(&argv[1..])
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let Some(status) = wait_for_end(&mut child, stop).map_err(failed)? else {
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        return Err(Error::CommandTimedOut {
            key,
            program,
            seconds: DEADLINE.as_secs(),
        });
    };
    if !status.success() {
        return Err(Error::CommandFailed {
            key,
            program,
            status,
            stderr: shown(&stderr.take(stop)?),
        });
    }
    first_line_of(&stdout.take(stop)?, &format!("the {key} {program}"))
}

/// Waits for the program to end; `None` if it takes too long or a stop is asked for.
fn wait_for_end(child: &mut Child, stop: &AtomicBool) -> io::Result<Option<ExitStatus>> {
    let mut waited = Duration::ZERO;
    // Most are quick, and some wait for a person.
    let mut pause = Duration::from_millis(1);
    while waited < DEADLINE && !stop.load(Ordering::Relaxed) {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(pause);
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
    Ok(None)
}

/// What a program prints, as it comes in.
struct Output {
    text: Arc<Mutex<Zeroizing<Vec<u8>>>>,
    end: Receiver<()>,
}

impl Output {
    /// What came up to the end, or until now: what the program started may hold its output open for long.
    fn take(&self, stop: &AtomicBool) -> Result<Zeroizing<Vec<u8>>, Error> {
        wait_for(&self.end, AFTERWARDS, stop)?;
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *text))
    }
}

/// Reads a stream on a thread of its own, so that neither of two can block the other.
fn collect(stream: Option<impl Read + Send + 'static>) -> Output {
    // Room for all at once: a buffer that grows leaves copies behind that nobody wipes.
    let text = Arc::new(Mutex::new(Zeroizing::new(Vec::with_capacity(MAX_OUTPUT))));
    let (sender, end) = mpsc::channel();
    let kept = Arc::clone(&text);
    thread::spawn(move || {
        let mut chunk = Zeroizing::new([0; 1024]);
        let Some(mut stream) = stream else { return };
        // Past the bound it is still read: a full pipe would keep the program from ending.
        while let Ok(length @ 1..) = stream.read(&mut *chunk) {
            let mut text = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let room = MAX_OUTPUT - text.len();
            text.extend_from_slice(&chunk[..length.min(room)]);
        }
        let _ = sender.send(());
    });
    Output { text, end }
}

/// What a program said, on one line and harmless.
fn shown(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(&stderr[..stderr.len().min(MAX_SHOWN)]);
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.trim().escape_debug().to_string())
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> Result<Secret, Error> {
        let argv = ["sh", "-c", script].map(str::to_owned);
        first_line(Key::Password, &argv, &AtomicBool::new(false))
    }

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(
            run("echo 'pass word'; echo second").unwrap().expose(),
            "pass word"
        );
    }

    #[test]
    fn standard_error_is_no_failure_and_no_password() {
        assert_eq!(
            run("echo warning >&2; echo secret").unwrap().expose(),
            "secret"
        );
    }

    #[test]
    fn a_failing_program_is_quoted_and_its_output_is_not() {
        let error =
            run("echo half-a-secret; printf 'no key\\n\\033[2Jfound\\n' >&2; exit 3").unwrap_err();
        let text = error.to_string();
        assert_eq!(
            text,
            r"the password-command sh failed (exit status: 3): no key; \u{1b}[2Jfound"
        );
    }

    #[test]
    fn a_program_that_prints_without_end_is_bounded() {
        assert_eq!(
            run("echo secret; yes | head -c 3000000").unwrap().expose(),
            "secret"
        );
    }

    #[test]
    fn what_a_program_leaves_running_keeps_nothing_back() {
        // An agent, for example, that inherits standard output and stays.
        assert_eq!(run("echo secret; sleep 5 &").unwrap().expose(), "secret");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let argv = ["/nonexistent/pass".to_owned()];
        let error = first_line(Key::Password, &argv, &AtomicBool::new(false)).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/pass"), "{error}");
    }

    #[test]
    fn a_stop_ends_the_program() {
        let argv = ["sleep", "1000"].map(str::to_owned);
        assert!(matches!(
            first_line(Key::Password, &argv, &AtomicBool::new(true)),
            Err(Error::Stopped)
        ));
    }

    #[test]
    fn a_program_for_tokens_is_asked_once_more() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("asked");
        let script = |then: &str| {
            let mark = mark.display();
            let script =
                format!("echo x >> '{mark}'; [ $(wc -l < '{mark}') -ge {then} ] && echo token");
            ["sh", "-c", &script].map(str::to_owned)
        };
        let stop = AtomicBool::new(false);
        assert_eq!(token(&script("2"), &stop).unwrap().expose(), "token");
        std::fs::remove_file(&mark).unwrap();
        assert!(matches!(
            token(&script("3"), &stop),
            Err(Error::CommandFailed {
                key: Key::Token,
                ..
            })
        ));
        let nothing = ["true".to_owned()];
        assert!(matches!(token(&nothing, &stop), Err(Error::NoToken { .. })));
        let asked = std::fs::read_to_string(&mark).unwrap();
        assert_eq!(asked.lines().count(), 2);
    }
}
