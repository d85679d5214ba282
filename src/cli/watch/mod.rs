//! `popfetch sync --every`: stays in the foreground and fetches again and again, as a service does.
//!
//! It refuses to know how mail is fetched. Invariants: each account has its turn when it is due, however long others take;
//! the configuration is read anew for each turn, and one that is broken meanwhile ends nothing.

mod bell;
mod turns;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use sd_notify::NotifyState;

use super::args::{Global, Sync};
use super::exit::Status;
use super::progress::Bars;
use super::run::{Run, worst};
use super::secrets::Typed;
use super::{accounts, report, sandbox, surroundings, sync, time};
use crate::config::{Account, Config, Folders};
use crate::state::Ledger;
use bell::{Bell, Rope};
use turns::Turns;

/// Fetches until it is told to end.
pub(super) fn watch(options: &Sync, every: Duration, global: &Global) -> anyhow::Result<Status> {
    let stop = surroundings::stop_flag()?;
    let mut bell = Bell::new().context("cannot listen for signals")?;
    // What is wrong at the start is wrong for whoever starts it.
    let (config, folders) = accounts::load(global)?;
    let selected = accounts::select(&config, &options.accounts)?;
    // Of accounts whose secrets are to be found once only, none is let in.
    sandbox::enter(options, &selected, &config, &folders, global)?;
    let names = selected.iter().map(|account| account.name.as_str());
    let watch = Watch {
        options,
        every,
        global,
        bars: Arc::new(Bars::lasting(global.progress, global.quiet, names)),
        typed: Typed::default(),
        rope: bell.rope().context("cannot listen for threads")?,
        stop: Arc::clone(&stop),
        table: Mutex::new(Table {
            turns: Turns::new(every, options.jobs.into()),
            complaint: Complaint::default(),
            worst: Status::Well,
        }),
    };
    tell(&[NotifyState::Ready]);
    // The turns under way are told to end, too, and are waited for.
    let ended = thread::scope(|scope| watch.go_on(scope, &mut bell));
    let worst = watch.table().worst;
    ended.map(|()| worst)
}

/// Tells the service manager, if one wants to know.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        log::debug!("cannot tell the service manager: {error}");
    }
}

/// Says when the next turn begins, where none is under way.
fn rest(pause: Duration) {
    // What is asked for is said, and not what a moment has taken of it.
    let pause = Duration::from_secs_f64(pause.as_secs_f64().ceil());
    let waiting = format!("the next run is in {}", time::span(pause));
    log::info!("{waiting}");
    tell(&[NotifyState::Status(&waiting)]);
}

/// What all turns share.
struct Watch<'w> {
    options: &'w Sync,
    every: Duration,
    global: &'w Global,
    bars: Arc<Bars>,
    typed: Typed,
    rope: Rope,
    stop: Arc<AtomicBool>,
    table: Mutex<Table>,
}

/// What one turn leaves to the others.
struct Table {
    turns: Turns,
    /// Of a state that cannot be used.
    complaint: Complaint,
    /// … of what came of the turns that were told to end.
    worst: Status,
}

/// What was said last, of what lasts: it is said once.
#[derive(Default)]
struct Complaint(Option<String>);

impl Complaint {
    fn say(&mut self, error: &anyhow::Error) {
        let text = format!("{error:#}");
        if self.0.as_ref() != Some(&text) {
            report::failure(error);
            self.0 = Some(text);
        }
    }
}

impl Watch<'_> {
    /// Begins each turn when it is due, until all is to end.
    fn go_on<'s>(&'s self, scope: &'s Scope<'s, '_>, bell: &mut Bell) -> anyhow::Result<()> {
        let mut complaint = Complaint::default();
        let mut is_resting = true;
        // What cannot be begun now is not tried before.
        let mut not_before = Timestamp::MIN;
        while !self.stop.load(Ordering::Relaxed) {
            let now = Timestamp::now();
            if bell.was_called() {
                self.table().turns.call(now);
                not_before = now;
            }
            let (next, under_way) = {
                let turns = &self.table().turns;
                (turns.next(), turns.under_way())
            };
            let next = match next {
                Some(next) => next.max(not_before),
                None if under_way == 0 => not_before,
                // Whoever ends rings.
                None => now + self.every,
            };
            if under_way == 0 && !is_resting {
                is_resting = true;
                // A turn that took longer than the pause is late.
                rest(Duration::try_from(next.duration_since(now)).unwrap_or_default());
            }
            if next > now {
                bell.wait_until(next).context("cannot wait")?;
                continue;
            }
            if is_resting {
                is_resting = false;
                tell(&[NotifyState::Status("fetching")]);
            }
            match self.begin(scope, now) {
                Ok(()) => {
                    complaint = Complaint::default();
                    if self.table().turns.are_none() {
                        not_before = now + self.every;
                    }
                }
                Err(error) => {
                    complaint.say(&error);
                    not_before = now + self.every;
                }
            }
        }
        tell(&[NotifyState::Stopping]);
        Ok(())
    }

    /// Begins the turns that are due, each in a thread of its own.
    fn begin<'s>(&'s self, scope: &'s Scope<'s, '_>, now: Timestamp) -> anyhow::Result<()> {
        let (config, folders) = accounts::load(self.global)?;
        let selected = accounts::select(&config, &self.options.accounts)?;
        let names: Vec<&str> = selected.iter().map(|it| it.name.as_str()).collect();
        let due: Vec<String> = {
            let turns = &mut self.table().turns;
            turns.are_for(&names, now);
            let due = turns.begin(&names, now);
            due.into_iter().map(str::to_owned).collect()
        };
        let settings = Arc::new((config, folders));
        for name in due {
            let turn = {
                let (name, settings) = (name.clone(), Arc::clone(&settings));
                move || self.turn(&name, &settings)
            };
            let thread = thread::Builder::new().name(name.clone());
            if thread.spawn_scoped(scope, turn).is_err() {
                // The system has no more threads; this one is there.
                self.turn(&name, &settings);
            }
        }
        Ok(())
    }

    /// An account's turn, which was begun.
    fn turn(&self, name: &str, (config, folders): &(Config, Folders)) {
        let account = config.account(name);
        let status = account.map(|account| self.work(account, config, folders));
        let mut table = self.table();
        table.turns.end(name, Timestamp::now());
        if self.stop.load(Ordering::Relaxed) {
            table.worst = table.worst.max(status.unwrap_or(Status::Well));
        }
        drop(table);
        self.rope.ring();
    }

    /// Fetches from an account, and puts it off.
    fn work(&self, account: &Account, config: &Config, folders: &Folders) -> Status {
        let begun = Timestamp::now();
        // A panic has said what it was.
        let fetched = catch_unwind(AssertUnwindSafe(|| self.fetch(account, config, folders)));
        let status = match fetched {
            Ok(Ok(status)) => status,
            Ok(Err(error)) => {
                self.table().complaint.say(&error);
                Status::of(&error)
            }
            Err(_) => Status::Bug,
        };
        if status == Status::Login {
            self.typed.forget(account);
        }
        let due = self.table().turns.judge(&account.name, status, begun);
        if let Err(error) = self.note(account, due, folders) {
            self.table().complaint.say(&error);
        }
        status
    }

    fn fetch(
        &self,
        account: &Account,
        config: &Config,
        folders: &Folders,
    ) -> anyhow::Result<Status> {
        let (bars, accounts) = (Arc::clone(&self.bars), [account]);
        let mut run = Run::after(&self.typed, bars, &accounts, config, folders, self.global)?;
        let statuses = sync::fetch(&mut run, self.options, self.global)?;
        self.table().complaint = Complaint::default();
        Ok(worst(&statuses, |status| *status))
    }

    /// Puts the next turn on record, for `status`.
    fn note(&self, account: &Account, due: Timestamp, folders: &Folders) -> anyhow::Result<()> {
        let ledger = Ledger::open(&folders.state, Arc::clone(&self.stop))?;
        if let Some(rows) = ledger.find(&account.endpoint.server(), &account.user)? {
            rows.note_next_run(due)?;
        }
        Ok(())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
