//! Takes a secret from the first line that a program prints: `pass show mail`, `gpg -d …`, `oama access …`.
//!
//! No shell runs. Invariants: the program ends or is ended; what it prints is bounded; its standard error is shown only
//! when it fails.
//!
//! A program that is ended takes along what it started, which is known by its process group. It gets one of its own only
//! where there is no terminal: on one it may have to ask, as pinentry-tty and `pass` do, and the system stops whatever is
//! in another group than the one in the foreground and reads from it. There the program alone is ended; what it started
//! is in the group that Ctrl-C reaches, and ends with the terminal at the latest.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
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

/// How long it may take to end once it is told to.
const GRACE: Duration = Duration::from_secs(1);

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
    let mut command = Command::new(&program);
    command
        .args(&argv[1..])
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = Running::start(&mut command, has_terminal()).map_err(failed)?;
    let child = &mut running.child;
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let Some(status) = running.wait_for_end(stop).map_err(failed)? else {
        drop(running);
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

/// Whether the program could ask somebody: its standard input is a terminal, or it can open the one that we belong to.
fn has_terminal() -> bool {
    io::stdin().is_terminal() || File::open("/dev/tty").is_ok()
}

/// A program that was started. Dropping it ends it, where it has not ended.
struct Running {
    child: Child,
    /// Its number is that of a process group, too.
    leads: bool,
    /// It is reaped: its number may be another's.
    over: bool,
}

impl Running {
    /// Starts it, in a process group of its own where there is no terminal.
    fn start(command: &mut Command, has_terminal: bool) -> io::Result<Self> {
        if !has_terminal {
            command.process_group(0);
        }
        Ok(Self {
            child: command.spawn()?,
            leads: !has_terminal,
            over: false,
        })
    }

    /// Waits for the program to end; `None` if it takes too long or a stop is asked for.
    fn wait_for_end(&mut self, stop: &AtomicBool) -> io::Result<Option<ExitStatus>> {
        let is_to_end = || stop.load(Ordering::Relaxed);
        let waited = wait(DEADLINE, is_to_end, || self.child.try_wait());
        self.over = matches!(waited, Ok(Some(_)));
        waited
    }

    /// Whether it has ended. It is not reaped, so that its number stays its own.
    fn has_ended(&self) -> io::Result<Option<()>> {
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.id()), how)?.map(drop))
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        for signal in [Signal::TERM, Signal::KILL] {
            // It may have ended by itself, or run as another user by now.
            let _ = if self.leads {
                kill_process_group(self.id(), signal)
            } else {
                kill_process(self.id(), signal)
            };
            // What cannot be told to end is left to the system.
            let _ = wait(GRACE, || false, || self.has_ended());
        }
        let _ = self.child.try_wait();
    }
}

/// Asks until there is something; `None` if it takes too long or is to be given up.
fn wait<T>(
    patience: Duration,
    is_to_end: impl Fn() -> bool,
    mut ask: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<Option<T>> {
    let mut waited = Duration::ZERO;
    // Most are quick, and some wait for a person.
    let mut pause = Duration::from_millis(1);
    while waited < patience && !is_to_end() {
        if let Some(it) = ask()? {
            return Ok(Some(it));
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
    use std::io::PipeReader;
    use std::os::fd::OwnedFd;

    use rustix::process::{getpgid, getpgrp, test_kill_process};

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

    /// A program that has started another one, with the pipe to which both could print, and the other's number.
    fn with_another(has_terminal: bool) -> (Running, PipeReader, Pid) {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 60 & echo $!; wait"])
            .stdout(Stdio::piped());
        let mut running = Running::start(&mut command, has_terminal).unwrap();
        let mut pipe = PipeReader::from(OwnedFd::from(running.child.stdout.take().unwrap()));
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            let mut byte = [0];
            pipe.read_exact(&mut byte).unwrap();
            line.extend(byte);
        }
        let number = str::from_utf8(&line).unwrap().trim().parse().unwrap();
        (running, pipe, Pid::from_raw(number).unwrap())
    }

    #[test]
    fn what_a_program_started_ends_with_it() {
        let (mut running, mut pipe, _) = with_another(false);
        let stopped = running.wait_for_end(&AtomicBool::new(true)).unwrap();
        assert_eq!(stopped, None);
        assert_eq!(getpgid(Some(running.id())).unwrap(), running.id());
        drop(running);
        // The end comes with the last that has it open.
        assert_eq!(pipe.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_program_that_does_not_want_to_end_is_ended() {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; echo; sleep 30; sleep 30"]);
        command.stdout(Stdio::piped());
        let mut running = Running::start(&mut command, false).unwrap();
        let mut pipe = running.child.stdout.take().unwrap();
        pipe.read_exact(&mut [0]).unwrap();
        drop(running);
        assert_eq!(pipe.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn on_a_terminal_a_program_stays_in_our_group_and_is_ended_alone() {
        let (running, _pipe, other) = with_another(true);
        let id = running.id();
        assert_eq!(getpgid(Some(id)).unwrap(), getpgrp());
        drop(running);
        assert!(test_kill_process(id).is_err());
        kill_process(other, Signal::KILL).unwrap();
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
