//! `popfetch sync --every`: stays in the foreground and fetches again and again, as a service does.
//!
//! It refuses to know how mail is fetched. Invariants: the configuration is read anew for each run, and one that is broken
//! meanwhile ends nothing; an account that fails is left alone for longer and longer, but never for more than an hour
//! where more was not asked for.

use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sd_notify::NotifyState;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;
use signal_hook::low_level::pipe;

use super::args::{Global, Sync};
use super::exit::Status;
use super::run::{Run, Scope, worst};
use super::secrets::Typed;
use super::{accounts, report, sandbox, surroundings, sync, time};
use crate::config::{Account, Config, Folders};
use crate::state::Ledger;

/// An account that fails again and again is tried this often at least.
const SELDOM: Duration = Duration::from_secs(60 * 60);

/// The clock is looked at this often: a machine that slept is late, and its timers do not know.
const GLANCE: Duration = Duration::from_secs(60);

/// Fetches until it is told to end.
pub(super) fn watch(options: &Sync, every: Duration, global: &Global) -> anyhow::Result<Status> {
    let stop = surroundings::stop_flag()?;
    let mut bell = Bell::new().context("cannot listen for signals")?;
    // What is wrong at the start is wrong for whoever starts it.
    let (config, folders) = accounts::load(global)?;
    let selected = accounts::select(&config, &options.accounts)?;
    // Of accounts whose secrets are to be found once only, none is let in.
    sandbox::enter(options, &selected, &config, &folders, global)?;
    let mut watch = Watch {
        options,
        every,
        global,
        typed: Typed::default(),
        turns: HashMap::new(),
        complaint: None,
    };
    tell(&[NotifyState::Ready]);
    let mut all = true;
    loop {
        tell(&[NotifyState::Status("fetching")]);
        let status = watch.round(all);
        if stop.load(Ordering::Relaxed) {
            tell(&[NotifyState::Stopping]);
            return Ok(status);
        }
        let next = watch.next()?;
        // A run that took longer than the pause is late.
        let pause = Duration::try_from(next.duration_since(Timestamp::now())).unwrap_or_default();
        // What is asked for is said, and not what a moment has taken of it.
        let pause = Duration::from_secs_f64(pause.as_secs_f64().ceil());
        let waiting = format!("the next run is in {}", time::span(pause));
        log::info!("{waiting}");
        tell(&[NotifyState::Status(&waiting)]);
        all = bell.wait_until(next).context("cannot wait")?;
        if stop.load(Ordering::Relaxed) {
            tell(&[NotifyState::Stopping]);
            return Ok(Status::Well);
        }
    }
}

/// Tells the service manager, if one wants to know.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        log::debug!("cannot tell the service manager: {error}");
    }
}

/// What lasts from one run to the next.
struct Watch<'w> {
    options: &'w Sync,
    every: Duration,
    global: &'w Global,
    typed: Typed,
    /// By the account's name.
    turns: HashMap<String, Turn>,
    /// What was last said of a configuration or state that cannot be used.
    complaint: Option<String>,
}

/// When an account has its turn again.
struct Turn {
    due: Timestamp,
    /// How often it failed in a row.
    failures: u32,
}

impl Watch<'_> {
    /// Fetches from the accounts that are due, or from all.
    fn round(&mut self, all: bool) -> Status {
        match self.attempt(all) {
            Ok(status) => {
                self.complaint = None;
                status
            }
            Err(error) => {
                let status = Status::of(&error);
                let text = format!("{error:#}");
                // What lasts is said once.
                if self.complaint.as_ref() != Some(&text) {
                    report::failure(&error);
                    self.complaint = Some(text);
                }
                status
            }
        }
    }

    fn attempt(&mut self, all: bool) -> anyhow::Result<Status> {
        let begun = Timestamp::now();
        let (config, folders) = accounts::load(self.global)?;
        let selected = accounts::select(&config, &self.options.accounts)?;
        self.turns
            .retain(|name, _| selected.iter().any(|account| account.name == *name));
        let is_due = |account: &&Account| {
            let turn = self.turns.get(&account.name);
            all || turn.is_none_or(|turn| turn.due <= begun)
        };
        let due: Vec<&Account> = selected.iter().copied().filter(is_due).collect();
        let scope = Scope::Server;
        let mut run = Run::after(&self.typed, &due, &config, &folders, self.global, scope)?;
        let statuses = sync::fetch(&mut run, self.options, self.global)?;
        for (account, status) in due.iter().zip(&statuses) {
            self.put_off(account, status.unwrap_or(Status::Bug), begun);
        }
        self.note_turns(&config, &folders)?;
        Ok(worst(&statuses, |status| *status))
    }

    fn put_off(&mut self, account: &Account, status: Status, begun: Timestamp) {
        let before = self
            .turns
            .get(&account.name)
            .map_or(0, |turn| turn.failures);
        let failures = match status {
            // What is wrong here is no burden to the server.
            Status::Well | Status::Local => 0,
            _ => before + 1,
        };
        if status == Status::Login {
            // It may have been typed wrong.
            let owner = (account.endpoint.server(), account.user.clone());
            let mut typed = self.typed.lock().unwrap_or_else(PoisonError::into_inner);
            typed.remove(&owner);
        }
        let pause = pause(self.every, failures, status == Status::Login);
        let due = begun + pause;
        self.turns
            .insert(account.name.clone(), Turn { due, failures });
    }

    /// When the next account has its turn.
    fn next(&self) -> anyhow::Result<Timestamp> {
        let usual = Timestamp::now().checked_add(self.every);
        let usual = usual.context("the pause is too long")?;
        let dues = self.turns.values().map(|turn| turn.due);
        // After a complaint all that was due still is.
        let next = dues.min().unwrap_or(usual);
        Ok(if self.complaint.is_some() {
            next.max(usual)
        } else {
            next
        })
    }

    /// Puts the turns on record, for `status`.
    fn note_turns(&self, config: &Config, folders: &Folders) -> anyhow::Result<()> {
        let ledger = Ledger::open(&folders.state, surroundings::stop_flag()?)?;
        for account in &config.accounts {
            if let Some(turn) = self.turns.get(&account.name)
                && let Some(rows) = ledger.find(&account.endpoint.server(), &account.user)?
            {
                rows.note_next_run(turn.due)?;
            }
        }
        Ok(())
    }
}

/// How long an account is left alone after so many failures. A server may lock an account whose login it refuses again
/// and again.
fn pause(every: Duration, failures: u32, was_refused: bool) -> Duration {
    let longest = every.max(SELDOM);
    if was_refused {
        return longest;
    }
    // So many doublings of the shortest time are longer than the longest.
    every.saturating_mul(1 << failures.min(12)).min(longest)
}

/// Rings for the signals that are to be heard while nothing else is done.
struct Bell {
    ear: UnixStream,
    /// Whether SIGUSR1 came.
    called: Arc<AtomicBool>,
}

impl Bell {
    fn new() -> io::Result<Self> {
        let (ear, mouth) = UnixStream::pair()?;
        ear.set_nonblocking(true)?;
        let called = Arc::new(AtomicBool::new(false));
        // The flag is set before the bell rings.
        flag::register(SIGUSR1, Arc::clone(&called))?;
        for signal in [SIGUSR1, SIGINT, SIGTERM] {
            pipe::register(signal, mouth.try_clone()?)?;
        }
        Ok(Self { ear, called })
    }

    /// Waits for this time, or a signal; true if that was a call.
    fn wait_until(&mut self, time: Timestamp) -> io::Result<bool> {
        loop {
            let left = time.duration_since(Timestamp::now());
            let glance = left
                .max(jiff::SignedDuration::ZERO)
                .unsigned_abs()
                .min(GLANCE);
            let glance = Timespec::try_from(glance).map_err(io::Error::other)?;
            let mut waiting = [PollFd::new(&self.ear, PollFlags::IN)];
            let rang = match poll(&mut waiting, Some(&glance)) {
                Err(Errno::INTR) => continue,
                rang => rang? > 0,
            };
            if rang {
                // What rang several times rang once.
                while self.ear.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
                return Ok(self.called.swap(false, Ordering::Relaxed));
            }
            if Timestamp::now() >= time {
                return Ok(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_is_left_alone_for_longer_and_longer_up_to_an_hour() {
        let minutes = |every: u64, failures, refused| {
            pause(Duration::from_secs(every * 60), failures, refused).as_secs() / 60
        };
        let pauses: Vec<u64> = (0..6).map(|failures| minutes(5, failures, false)).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        assert_eq!(minutes(5, 1, true), 60);
        assert_eq!(minutes(120, 3, false), 120);
        assert_eq!(minutes(5, u32::MAX, false), 60);
    }

    #[test]
    fn a_signal_ends_the_wait_and_a_call_is_told_from_an_end() {
        let mut bell = Bell::new().unwrap();
        let in_an_hour = Timestamp::now() + Duration::from_secs(3600);
        signal_hook::low_level::raise(SIGUSR1).unwrap();
        assert!(bell.wait_until(in_an_hour).unwrap());
        assert!(!bell.wait_until(Timestamp::now()).unwrap());
    }
}
