//! Finds out whether cron would find an account's secret: popfetch starts itself as cron would.
//!
//! It refuses to know how a secret is found. Invariants: what was found is not handed over, only that it was; the other
//! popfetch has no terminal and no variables but those that cron sets, and it ends, or is ended with what it runs.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::super::args::{Check, Global};
use super::super::exit::Status;
use super::super::secrets::{Secrets, Typed};
use super::super::{accounts, report, surroundings};
use crate::check::{CRON_PATH, Trouble};
use crate::credentials::{self, Source};

/// How long it may take: a little more than a source itself may.
const DEADLINE: Duration = Duration::from_secs(150);

/// Between two looks at whether it has ended.
const TICK: Duration = Duration::from_millis(20);

/// How long it may take to end once it is told to, and to end what it runs: a little more than that may take.
const GRACE: Duration = Duration::from_secs(4);

/// How long is waited for what it said, once it has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How much of what it says is kept.
const MAX_SAID: u64 = 4096;

/// Whether this source may give something else to cron than to a person.
pub(super) fn may_differ(source: &Source) -> bool {
    match source {
        Source::Command(_) | Source::TokenCommand(_) | Source::OAuth2(_) | Source::Unstated => true,
        Source::Literal(_) | Source::File(_) | Source::NotNeeded => false,
    }
}

/// Has the secret found as cron would have it.
pub(super) fn find(
    account: &str,
    file: &Path,
    home: &Path,
    stop: &AtomicBool,
) -> Result<String, Trouble> {
    let failed = |error: io::Error| Trouble::Unattended {
        reason: format!("popfetch cannot start itself: {error}"),
    };
    let mut child = start(account, file, home).map_err(failed)?;
    let stderr = child.stderr.take();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut said = String::new();
        if let Some(stderr) = stderr {
            // What cannot be read is not said.
            let _ = stderr.take(MAX_SAID).read_to_string(&mut said);
        }
        // Nobody listens any more where all was well.
        let _ = sender.send(said);
    });
    let mut waited = Duration::ZERO;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        let is_over = waited >= DEADLINE;
        if is_over || surroundings::is_set(stop) {
            end(&mut child).map_err(failed)?;
            return Err(if is_over {
                let reason = format!("it took longer than {} s", DEADLINE.as_secs());
                Trouble::Unattended { reason }
            } else {
                credentials::Error::Stopped.into()
            });
        }
        thread::sleep(TICK);
        waited += TICK;
    };
    if status.success() {
        return Ok("it is found without a terminal, too".to_owned());
    }
    // What it leaves running, such as an agent, may hold its standard error open.
    let said = receiver.recv_timeout(LAST_WORDS).unwrap_or_default();
    let reason = match said.trim() {
        "" => format!("popfetch ended with {status}"),
        said => said.to_owned(),
    };
    Err(Trouble::Unattended { reason })
}

/// Starts popfetch with what cron gives to a program (crontab(5)).
fn start(account: &str, file: &Path, home: &Path) -> io::Result<Child> {
    let login = surroundings::login_name();
    Command::new(std::env::current_exe()?)
        .arg("check")
        .arg("--secret-only")
        .arg("--config")
        .arg(file)
        .arg("--")
        .arg(account)
        .env_clear()
        .env("HOME", home)
        .env("LOGNAME", &login)
        .env("USER", &login)
        .env("SHELL", "/bin/sh")
        .env("PATH", CRON_PATH)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
}

/// Ends it. A program that it runs for a secret is in a group of its own, which it alone can end: so it is asked first.
fn end(child: &mut Child) -> io::Result<()> {
    let id = Pid::from_child(child);
    // It may have ended by itself.
    let _ = kill_process(id, Signal::TERM);
    let mut waited = Duration::ZERO;
    while waited < GRACE && child.try_wait()?.is_none() {
        thread::sleep(TICK);
        waited += TICK;
    }
    if child.try_wait()?.is_none() {
        // It leads a group once it has left the terminal behind.
        let _ = kill_process_group(id, Signal::KILL);
        let _ = child.kill();
        child.wait()?;
    }
    Ok(())
}

/// What the other popfetch does: finds the secret, without a terminal, and keeps it to itself.
pub(super) fn find_only(options: &Check, global: &Global) -> anyhow::Result<Status> {
    // As a child of the other it leads no group, so that it can leave the terminal behind. Should it not, it has one.
    let _ = rustix::process::setsid();
    let (config, folders) = accounts::load(global)?;
    let name = options.accounts.first().context("an account is named")?;
    let account = accounts::named(&config, name)?;
    let stop = surroundings::stop_flag()?;
    let (now, stop) = (Timestamp::now(), Arc::clone(&stop));
    let secrets = Secrets::new(&[], &folders.state, now, stop, &Typed::default(), None);
    match secrets.find(account) {
        Ok(_) => Ok(Status::Well),
        Err(error) => {
            report::say(&report::chain(&error));
            Ok(Status::from(&error))
        }
    }
}
