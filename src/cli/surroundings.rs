//! What popfetch finds around itself: the host, the time, chance, signals, a terminal.
//!
//! Everything below this layer gets these as arguments.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use rustix::fs::Mode;
use rustix::process::umask;
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::flag;

use super::exit::Status;
use crate::delivery::INHERITED;
use crate::sync::Surroundings;

/// The host's name, for file names in a Maildir and for `ssh`.
pub(super) fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Takes from the umask what would keep us out of our own files. All of them are made for their owner alone, whatever else
/// it says; programs that are run find the rest of it as it was.
pub(super) fn tame_umask() {
    let owner = Mode::RWXU;
    let usual = umask(Mode::RWXG | Mode::RWXO);
    umask(usual - owner);
}

/// A number that nobody else has.
pub(super) fn random() -> anyhow::Result<u64> {
    getrandom::u64().context("the system has no random numbers")
}

/// A text that nobody had before, of printable ASCII without a comma.
pub(super) fn nonce() -> String {
    let mut bytes = [0; 18];
    fill_random(&mut bytes);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Fills the bytes with random ones.
///
/// # Panics
/// The system has no random numbers: nothing that is to be secret could be, and no login is better than that.
pub(super) fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("a system that runs has random numbers");
}

/// Whether a browser would have a place to show something.
pub(super) fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// A flag that SIGINT and SIGTERM set, the same for all who ask; a second signal ends the program at once.
pub(super) fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    static FLAG: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);
    let mut flag = FLAG.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(stop) = &*flag {
        return Ok(Arc::clone(stop));
    }
    let stop = listen()?;
    *flag = Some(Arc::clone(&stop));
    Ok(stop)
}

fn listen() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    // Where whoever started us ignores it, programs that we start could not be waited for.
    flag::register(SIGCHLD, Arc::default()).context("cannot listen for signals")?;
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset and sets it.
        flag::register_conditional_shutdown(
            signal,
            Status::Later.number().into(),
            Arc::clone(&stop),
        )
        .and_then(|_| flag::register(signal, Arc::clone(&stop)))
        .context("cannot listen for signals")?;
    }
    Ok(stop)
}

/// Whether a stop was asked for.
pub(super) fn is_set(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed)
}

/// What programs are told that mail is handed to.
pub(super) fn for_programs(home: &Path) -> Surroundings {
    let set = INHERITED.into_iter();
    Surroundings {
        home: home.to_owned(),
        login: login_name(),
        inherited: set
            .filter_map(|name| Some((name, std::env::var_os(name)?)))
            .collect(),
        host: host_name(),
    }
}

/// The name of this machine's user: cron and login set it, and the list of users has it.
pub(super) fn login_name() -> String {
    let variables = ["USER", "LOGNAME"].into_iter();
    let mut set = variables.filter_map(|name| std::env::var(name).ok());
    if let Some(name) = set.find(|name| !name.is_empty()) {
        return name;
    }
    let uid = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut names = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    names.next().unwrap_or(uid)
}

/// Whether somebody can be asked.
pub(super) fn is_attended() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The folder in which systemd puts a service's credentials.
pub(super) fn credentials_folder() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}
