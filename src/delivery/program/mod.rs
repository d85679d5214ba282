//! Gives messages to a program such as procmail, one at a time.
//!
//! No shell runs. It refuses to know the environment: what of it a program may see comes in. Invariants: standard input
//! is a file that holds the whole message, so that whatever ends popfetch, no program takes half a message for a whole
//! one; a program runs in its own process group and is ended with it; what it prints is bounded.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use self::child::{End, Run};
use super::envelope;
use super::error::Error;
use super::handover::{Handover, shown};
use crate::mail::{Digest, Octets};

mod announce;
mod check;
mod child;
#[cfg(test)]
mod tests;

pub use announce::News;

/// "Temporary failure; user is invited to retry" (sysexits.h, EX_TEMPFAIL).
const TRY_LATER: i32 = 75;

/// Where programs are looked for when popfetch itself was given no PATH.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The variables that a program inherits, if they are set.
pub const INHERITED: [&str; 3] = ["PATH", "TZ", "LANG"];

/// A program that takes messages on its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name and arguments. Invariant: never empty.
    pub argv: Vec<String>,
    /// Whether a `From ` line comes before the message.
    pub unix_from: bool,
    /// How long it may take for one message.
    pub timeout: Duration,
}

/// What a program is told beside the message.
#[derive(Clone, Copy, Debug)]
pub struct Slip<'s> {
    /// The account's name.
    pub account: &'s str,
    /// The message's uid, printable.
    pub uid: &'s str,
    /// Its size in the store, without a `From ` line.
    pub size: Octets,
    /// The digest of the same octets.
    pub digest: Digest,
    /// When it was fetched, for the `From ` line.
    pub time: Timestamp,
    /// The user's folder, in which the program runs.
    pub home: &'s Path,
    /// The user's name.
    pub user: &'s str,
    /// Those of [`INHERITED`] that are set.
    pub inherited: &'s [(&'static str, OsString)],
}

impl Program {
    /// Runs the program with this message and waits for its end.
    ///
    /// Once a stop is asked for, it has a second left.
    ///
    /// # Errors
    /// The program cannot be run, which says nothing about the message; or the staged message cannot be read.
    pub fn deliver(
        &self,
        staged: &Path,
        slip: &Slip<'_>,
        stop: &AtomicBool,
    ) -> Result<Handover, Error> {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let mut message = File::open(staged).map_err(Error::read(staged))?;
        let sender = envelope::sender(&mut message)
            .and_then(|sender| message.rewind().map(|()| sender))
            .map_err(Error::read(staged))?;
        if self.unix_from {
            let line = envelope::from_line(sender.as_deref(), slip.time);
            message = behind(&line, &mut message, staged)?;
        }
        let mut command = self.command(slip, &sender.unwrap_or_default());
        command.stdin(message);
        let run =
            child::run(&mut command, self.timeout, stop).map_err(|source| Error::Program {
                program: self.name().to_owned(),
                source,
            })?;
        self.log(&run);
        Ok(self.handover(&run))
    }

    pub(super) fn name(&self) -> &str {
        &self.argv[0]
    }

    fn command(&self, slip: &Slip<'_>, sender: &str) -> Command {
        let mut command = self.bare_command(slip.home, slip.user, slip.inherited);
        command
            .env("POPFETCH_ACCOUNT", slip.account)
            .env("POPFETCH_UID", slip.uid)
            .env("POPFETCH_SIZE", slip.size.0.to_string())
            .env("POPFETCH_SHA256", slip.digest.to_string())
            .env("POPFETCH_SENDER", sender);
        command
    }

    /// The program with what each of them is told.
    fn bare_command(
        &self,
        home: &Path,
        user: &str,
        inherited: &[(&'static str, OsString)],
    ) -> Command {
        let mut command = Command::new(self.name());
        command
            .args(&self.argv[1..])
            .env_clear()
            .env("PATH", USUAL_PATH)
            .envs(inherited.iter().map(|(name, value)| (name, value)))
            .env("HOME", home)
            .env("USER", user)
            .env("LOGNAME", user)
            // A folder that is not there would look like a program that is not.
            .current_dir(if home.is_dir() { home } else { Path::new("/") });
        command
    }

    fn log(&self, run: &Run) {
        for line in run.stdout.split(|&byte| byte == b'\n') {
            if !line.is_empty() {
                log::debug!("{}: {}", self.name(), shown(line));
            }
        }
        for line in run.stderr.split(|&byte| byte == b'\n') {
            if !line.is_empty() {
                log::info!("{}: {}", self.name(), shown(line));
            }
        }
    }

    /// What the end of the program means for the message.
    fn handover(&self, run: &Run) -> Handover {
        let name = self.name();
        let because = |what: String| match shown(&run.stderr) {
            words if words.is_empty() => format!("{name} {what}"),
            words => format!("{name} {what}: {words}"),
        };
        match run.end {
            End::Own(status) => match status.code() {
                Some(0) => Handover::Done,
                // No status: a signal, and none of ours.
                Some(TRY_LATER) | None => Handover::Later(because(how(status))),
                Some(_) => Handover::Failed(because(how(status))),
            },
            End::TimedOut => Handover::Later(because(format!(
                "was ended because it took longer than {:?}",
                self.timeout
            ))),
            End::Stopped => Handover::Later(because("was ended because popfetch was".to_owned())),
        }
    }
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => format!("ended with {status}"),
    }
}

/// A file with this line and the message behind it. It has no name any more, so nothing of it can stay.
///
/// Not a pipe: should popfetch be killed, a pipe would end like a message that is whole.
fn behind(line: &str, message: &mut File, staged: &Path) -> Result<File, Error> {
    let mut name = staged.as_os_str().to_owned();
    name.push(".from");
    let path = Path::new(&name);
    let failed = |source| Error::Stage {
        path: path.to_owned(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        // A run that was killed in between may have left one.
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    fs::remove_file(path).map_err(failed)?;
    file.write_all(line.as_bytes())
        .and_then(|()| io::copy(message, &mut file))
        .and_then(|_| file.rewind())
        .map_err(failed)?;
    Ok(file)
}
