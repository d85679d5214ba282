//! Reads and writes the user's crontab, by way of crontab(1).
//!
//! It refuses to know what is in it.

use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};

use super::Error;
use crate::cli::visible;

/// The crontab; `None` if the user has none.
pub(super) fn read() -> Result<Option<Vec<u8>>, Error> {
    let output = command(&["-l"]).output().map_err(failed)?;
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
        command(&["-r"]).output().map_err(failed)?
    } else {
        let mut child = command(&["-"])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut stdin = child.stdin.take().expect("it is piped");
        // One that ends early tells why by its status.
        let _ = stdin.write_all(crontab);
        drop(stdin);
        child.wait_with_output().map_err(failed)?
    };
    if output.status.success() {
        Ok(())
    } else {
        Err(refused(&output))
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("crontab");
    command
        .args(arguments)
        // Its words are compared.
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn failed(source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::NotFound => Error::NoCrontab,
        _ => Error::Run {
            name: "crontab",
            source,
        },
    }
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
