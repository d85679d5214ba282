//! Reads and writes the user's crontab, by way of crontab(1).
//!
//! It refuses to know what is in it. Invariant: crontab(1) gets a table whole or is not started, whatever ends popfetch:
//! a pipe would end like a table that is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::Error;
use super::program::{TO_DO, TO_SAY, output};
use crate::cli::{surroundings, visible};

/// The crontab; `None` if the user has none.
pub(super) fn read() -> Result<Option<Vec<u8>>, Error> {
    let output = run(&mut command(&["-l"]), TO_SAY)?;
    if output.status.success() {
        return Ok(Some(output.stdout));
    }
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    // Vixie's cron, cronie and macOS say the first, BusyBox the second.
    if said.contains("no crontab") || said.contains("no such file") {
        return Ok(None);
    }
    Err(refused(&output))
}

/// Puts this in place of the crontab; nothing at all removes it.
pub(super) fn write(crontab: &[u8]) -> Result<(), Error> {
    let output = if crontab.is_empty() {
        run(&mut command(&["-r"]), TO_DO)?
    } else {
        let table = nameless(crontab)?;
        run(command(&["-"]).stdin(table), TO_DO)?
    };
    if output.status.success() {
        Ok(())
    } else {
        Err(refused(&output))
    }
}

/// A file with this in it, at its beginning. It has no name any more, so nothing of it can stay.
fn nameless(content: &[u8]) -> Result<File, Error> {
    let path = std::env::temp_dir().join(format!("popfetch-crontab.{}", surroundings::nonce()));
    let written = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| {
            fs::remove_file(&path)?;
            file.write_all(content)?;
            file.rewind()?;
            Ok(file)
        });
    written.map_err(Error::file("write", &path))
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("crontab");
    command
        .args(arguments)
        // Its words are compared.
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

fn run(command: &mut Command, patience: Duration) -> Result<Output, Error> {
    output(command, "crontab", patience).map_err(|error| match error {
        Error::Run { source, .. } if source.kind() == io::ErrorKind::NotFound => Error::NoCrontab,
        error => error,
    })
}

fn refused(output: &Output) -> Error {
    let said = visible::text(&String::from_utf8_lossy(&output.stderr));
    Error::Crontab {
        said: if said.is_empty() {
            output.status.to_string()
        } else {
            said
        },
    }
}
