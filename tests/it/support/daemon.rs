//! A background process of a test: spawned in a folder, its output kept in a file there, ended on drop.
//!
//! It refuses to know which program runs and when it counts as ready; that is the fixture's knowledge.
//! Invariant: only the process spawned here is signalled, by its own id, and it is always waited for.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a program may take to start or to stop: minutes would still be right, but no test should hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks at something that has no way to announce itself.
const PAUSE: Duration = Duration::from_millis(5);

/// A running child process and the file that holds what it printed.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Spawns `command`; what it prints is appended to `log`. A missing program panics with the cure.
    pub(crate) fn spawn(command: &mut Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log);
        let file = file.expect("the log file can be opened");
        let stderr = file.try_clone().expect("a file handle can be cloned");
        let child = command.stdout(file).stderr(stderr).spawn();
        let child =
            child.unwrap_or_else(|error| panic!("{}", no_program(command.get_program(), &error)));
        Self {
            child,
            log: log.to_owned(),
        }
    }

    /// What the program has printed until now.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(&self.log).expect("the log file can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until `ready` gives a value. The log is the error if the program ends before.
    pub(crate) fn wait_until<T>(
        &mut self,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Result<T, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            if self.has_ended() {
                return Err(format!("ended while it was starting:\n{}", self.log()));
            }
            if Instant::now() > deadline {
                return Err(format!("not ready after {PATIENCE:?}:\n{}", self.log()));
            }
            sleep(PAUSE);
        }
    }

    fn has_ended(&mut self) -> bool {
        let status = self.child.try_wait();
        status.expect("a child can be waited for").is_some()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        // The child is not yet waited for, so its id is still its own.
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status();
        let told = told.is_ok_and(|status| status.success());
        let deadline = Instant::now() + PATIENCE;
        while told && Instant::now() < deadline {
            if self.has_ended() {
                return;
            }
            sleep(PAUSE);
        }
        // Nothing can be done about a failure here, and a panic in drop would hide the test's own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The standard output of a command that must succeed, without the line end.
pub(crate) fn output_of(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output =
        output.unwrap_or_else(|error| panic!("{}", no_program(command.get_program(), &error)));
    assert!(output.status.success(), "{command:?}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("the output is text");
    text.trim_end().to_owned()
}

fn no_program(program: &OsStr, error: &std::io::Error) -> String {
    let program = program.display();
    if error.kind() == std::io::ErrorKind::NotFound {
        format!("{program} is not installed: run tests/run")
    } else {
        format!("{program}: {error}")
    }
}
