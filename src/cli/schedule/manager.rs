//! Puts units and lists where systemd and launchd look for them, tells these, and takes them away again.
//!
//! It refuses to know what is in them. Invariant: a file without our mark is neither written over nor removed.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::program::{TO_DO, output};
use super::{Error, launchd, systemd};
use crate::cli::visible;

/// Writes the units in place of those of an earlier time, and has the service manager start them. Where it cannot be
/// reached, says what is to be run once it can.
pub(super) fn install_units(
    folder: &Path,
    units: &[systemd::Unit],
) -> Result<Option<String>, Error> {
    for name in [systemd::SERVICE, systemd::TIMER] {
        is_ours(&folder.join(name), systemd::MARK)?;
    }
    // A timer that was there goes where a service that stays comes, and the other way round.
    let is_stale = |name: &&str| units.iter().all(|(unit, _)| unit != name);
    for name in [systemd::TIMER, systemd::SERVICE]
        .into_iter()
        .filter(is_stale)
    {
        remove_unit(folder, name)?;
    }
    fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    for (name, text) in units {
        write(&folder.join(name), text)?;
    }
    // The last is what starts the other, if there is another.
    let started = units.last().map_or(systemd::SERVICE, |(name, _)| *name);
    // A service that is enabled by itself must not stay so once a timer starts it.
    if started == systemd::TIMER {
        remove_links(folder, systemd::SERVICE)?;
    }
    let steps = [
        vec!["daemon-reload"],
        vec!["enable", started],
        vec!["restart", started],
    ];
    for (done, step) in steps.iter().enumerate() {
        match systemctl(step)? {
            Answer::Well => {}
            Answer::Unreachable if done == 0 => {
                let left = "systemctl --user daemon-reload && systemctl --user enable --now";
                return Ok(Some(format!("{left} {started}")));
            }
            Answer::Unreachable => return Err(refused("it cannot be reached any more".to_owned())),
            Answer::Refused(said) => return Err(refused(said)),
        }
    }
    Ok(None)
}

/// Stops and removes the units; false if there are none.
pub(super) fn remove_units(folder: &Path) -> Result<bool, Error> {
    let timer = remove_unit(folder, systemd::TIMER)?;
    let service = remove_unit(folder, systemd::SERVICE)?;
    if timer || service {
        // One that cannot be reached reads the folder when it starts.
        systemctl(&["daemon-reload"])?;
    }
    Ok(timer || service)
}

fn remove_unit(folder: &Path, name: &str) -> Result<bool, Error> {
    let path = folder.join(name);
    if !is_ours(&path, systemd::MARK)? {
        return Ok(false);
    }
    // What is not running needs no stop, and a manager that cannot be reached runs nothing.
    systemctl(&["disable", "--now", name])?;
    remove_links(folder, name)?;
    fs::remove_file(&path).map_err(Error::file("remove", &path))?;
    Ok(true)
}

/// Removes the links that enable a unit, which `disable` cannot where there is no manager.
fn remove_links(folder: &Path, name: &str) -> Result<(), Error> {
    for target in ["timers.target.wants", "default.target.wants"] {
        let link = folder.join(target).join(name);
        if link.is_symlink() {
            fs::remove_file(&link).map_err(Error::file("remove", &link))?;
        }
    }
    Ok(())
}

/// Writes the list in place of an earlier one and has launchd load it.
pub(super) fn install_list(path: &Path, list: &str) -> Result<(), Error> {
    if is_ours(path, launchd::MARK)? {
        unload();
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    write(path, list)?;
    let mut command = Command::new("launchctl");
    command.arg("bootstrap").arg(domain()).arg(path);
    let output = output(command.stdin(Stdio::null()), "launchctl", TO_DO)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Manager {
        name: "launchctl",
        said: visible::text(&String::from_utf8_lossy(&output.stderr)),
    })
}

/// Unloads and removes the list; false if there is none.
pub(super) fn remove_list(path: &Path) -> Result<bool, Error> {
    if !is_ours(path, launchd::MARK)? {
        return Ok(false);
    }
    if cfg!(target_os = "macos") {
        unload();
    }
    fs::remove_file(path).map_err(Error::file("remove", path))?;
    Ok(true)
}

/// Has launchd forget the list; one that it does not know is forgotten already.
fn unload() {
    let label = format!("{}/{}", domain(), launchd::LABEL);
    let mut command = Command::new("launchctl");
    command.arg("bootout").arg(label).stdin(Stdio::null());
    // It is told by what follows, if launchd cannot be reached.
    let _ = output(&mut command, "launchctl", TO_DO);
}

/// This user's graphical session, as launchd names it.
fn domain() -> String {
    format!("gui/{}", rustix::process::getuid().as_raw())
}

/// Whether there is a file and it is ours.
fn is_ours(path: &Path, mark: &str) -> Result<bool, Error> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file("read", path)(error)),
        Ok(text) if String::from_utf8_lossy(&text).contains(mark.trim_end()) => Ok(true),
        Ok(_) => Err(Error::Foreign { path: path.into() }),
    }
}

/// Writes a file that is there with its old content or its new, whatever happens.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let new = path.with_extension("new");
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    written.map_err(Error::file("write", path))
}

/// What came of asking the service manager.
enum Answer {
    Well,
    /// There is none for this user, or not from here.
    Unreachable,
    /// Its own words.
    Refused(String),
}

fn systemctl(arguments: &[&str]) -> Result<Answer, Error> {
    let mut command = Command::new("systemctl");
    command
        .arg("--user")
        .args(arguments)
        // Its words are compared.
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    let output = match output(&mut command, "systemctl", TO_DO) {
        Err(Error::Run { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(Answer::Unreachable);
        }
        output => output?,
    };
    if output.status.success() {
        return Ok(Answer::Well);
    }
    let said = visible::text(&String::from_utf8_lossy(&output.stderr));
    let is_unreachable = ["Failed to connect to", "not been booted with systemd"]
        .iter()
        .any(|words| said.contains(words));
    if is_unreachable {
        return Ok(Answer::Unreachable);
    }
    Ok(Answer::Refused(said))
}

fn refused(said: String) -> Error {
    Error::Manager {
        name: "systemctl",
        said,
    }
}
