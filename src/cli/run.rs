//! Works on accounts: turns each into a job, several at once, and reports what came of them.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::args::{Global, Remind};
use super::cure::Whose;
use super::exit::Status;
use super::progress::{AccountBar, Bars};
use super::report::Report;
use super::secrets::{Found, Secrets, Typed};
use super::{approve, logging, report, surroundings, trouble, visible};
use crate::config::{Account, Config, Folders};
use crate::credentials;
use crate::delivery::Stamp;
use crate::pop3::Patience;
use crate::retention::Policy;
use crate::secret::Secret;
use crate::state::{self, Ledger, Told};
use crate::sync::{self, Again, Job, Outcome, Surroundings};

/// The worst of what came of the accounts; one of which nothing came met a fault of popfetch.
pub(super) fn worst<T>(results: &[Option<T>], status: impl Fn(&T) -> Status) -> Status {
    let statuses = results.iter().map(|result| match result {
        Some(result) => status(result),
        None => Status::Bug,
    });
    statuses.max().unwrap_or(Status::Well)
}

/// How far a run goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// No server is asked.
    Here,
    /// Servers are logged in to.
    Server,
}

/// What all accounts of a run share.
pub(super) struct Run<'r> {
    pub(super) accounts: &'r [&'r Account],
    pub(super) state: PathBuf,
    /// Whether nothing is deleted from the server.
    pub(super) keep: bool,
    /// What is fetched although it was before.
    pub(super) again: Again,
    pub(super) stop: Arc<AtomicBool>,
    /// How often trouble that lasts is told where nobody watches; nothing, where the run is none that `status` shows.
    pub(super) remind: Option<Remind>,
    /// What is on record of these is no other account's.
    claimed: Vec<(String, String)>,
    bars: Arc<Bars>,
    now: Timestamp,
    stamp: Stamp,
    surroundings: Surroundings,
    secrets: Option<Secrets>,
}

impl<'r> Run<'r> {
    pub(super) fn new(
        accounts: &'r [&'r Account],
        config: &Config,
        folders: &Folders,
        global: &Global,
        scope: Scope,
    ) -> anyhow::Result<Self> {
        let is_quiet = global.quiet || scope == Scope::Here;
        let names = accounts.iter().map(|account| account.name.as_str());
        let bars = Arc::new(Bars::new(global.progress, is_quiet, names));
        logging::go_on(global, bars.multi());
        let run = Self::bare(bars, accounts, config, folders)?;
        Ok(match scope {
            Scope::Server => run.with_secrets(&Typed::default()),
            Scope::Here => run,
        })
    }

    /// The same, of one of the many runs of a program that stays: passwords that were `typed` in one of them are not asked
    /// for again.
    pub(super) fn after(
        typed: &Typed,
        bars: Arc<Bars>,
        accounts: &'r [&'r Account],
        config: &Config,
        folders: &Folders,
        global: &Global,
    ) -> anyhow::Result<Self> {
        logging::go_on(global, bars.multi());
        let run = Self::bare(bars, accounts, config, folders)?;
        Ok(run.with_secrets(typed))
    }

    /// One that logs in nowhere.
    fn bare(
        bars: Arc<Bars>,
        accounts: &'r [&'r Account],
        config: &Config,
        folders: &Folders,
    ) -> anyhow::Result<Self> {
        let stop = surroundings::stop_flag()?;
        let now = Timestamp::now();
        let surroundings = surroundings::for_programs(&folders.home);
        Ok(Self {
            accounts,
            state: folders.state.clone(),
            keep: false,
            again: Again::Nothing,
            remind: Some(Remind::Always),
            claimed: config.maildrops(),
            bars,
            now,
            stamp: Stamp::new(now, &surroundings.host, surroundings::random()?),
            surroundings,
            secrets: None,
            stop,
        })
    }

    fn with_secrets(mut self, typed: &Typed) -> Self {
        let (stop, bars) = (Arc::clone(&self.stop), Some(&*self.bars));
        let secrets = Secrets::new(self.accounts, &self.state, self.now, stop, typed, bars);
        self.secrets = Some(secrets);
        self
    }

    /// Takes secrets that were found before.
    pub(super) fn have(&self, found: Found) {
        if let Some(secrets) = &self.secrets {
            secrets.have(found);
        }
    }

    /// Works on all accounts, and says what came of each; of one on which the work panicked, nothing did.
    pub(super) fn all(
        &self,
        jobs: NonZeroUsize,
        global: &Global,
        work: impl Fn(&Job<'_>, &Ledger, &AccountBar<'_>) -> Outcome + Sync,
    ) -> anyhow::Result<Vec<Option<Status>>> {
        let ledger = Ledger::open(&self.state, Arc::clone(&self.stop))?;
        if let Some(aside) = ledger.set_aside() {
            report::say(&report::rebuilding(aside));
        }
        let outcomes = self.each(jobs, |account, observer| {
            let outcome = self.with_job(account, |job| work(job, &ledger, observer));
            for line in self.words(account, &outcome, &ledger, global) {
                self.bars.multi().suspend(|| report::say(&line));
            }
            outcome
        });
        self.bars.finish();
        if global.json {
            for (account, outcome) in self.accounts.iter().zip(&outcomes) {
                if let Some(outcome) = outcome {
                    report::data(&visible::json(&report::json(&Whose::of(account), outcome)))?;
                }
            }
        }
        Ok(outcomes
            .iter()
            .map(|outcome| outcome.as_ref().map(Status::of_outcome))
            .collect())
    }

    /// What is to be said of an account's run, which is put on record with it.
    fn words(
        &self,
        account: &Account,
        outcome: &Outcome,
        ledger: &Ledger,
        global: &Global,
    ) -> Vec<String> {
        // With nobody watching, silence means that all is well.
        let is_watched = io::stderr().is_terminal() || global.verbose > 0;
        let summary = !global.quiet && is_watched;
        let report = report::run(&Whose::of(account), outcome, summary, !global.quiet);
        let Some(remind) = self.remind.filter(|_| !trouble::is_stopped(outcome)) else {
            return report.lines();
        };
        let told = match self.note(account, outcome, &report, ledger) {
            Ok(told) => told.filter(|_| remind == Remind::Daily),
            Err(error) => {
                // Then all is said.
                log::debug!("{error}");
                None
            }
        };
        let recovered = told.as_ref().and_then(|told| told.recovered_since);
        let recovered = recovered.filter(|_| !global.quiet).map(|since| {
            // Another run may have noted it since this one began.
            let after = Duration::try_from(self.now.duration_since(since)).unwrap_or_default();
            report::recovered(&account.name, after)
        });
        let lines = match told {
            Some(told) if !is_watched => {
                let (said, held_back) = report.about(&told.now);
                // The log has all of it.
                for line in &held_back {
                    logging::keep(line);
                }
                said
            }
            _ => report.lines(),
        };
        lines.into_iter().chain(recovered).collect()
    }

    /// Puts a run on record; says what of its trouble is to be told, if that is known.
    fn note(
        &self,
        account: &Account,
        outcome: &Outcome,
        report: &Report,
        ledger: &Ledger,
    ) -> Result<Option<Told>, state::Error> {
        let Some(rows) = ledger.find(&account.endpoint.server(), &account.user)? else {
            return Ok(None);
        };
        if !trouble::is_busy(outcome) {
            let status = Status::of_outcome(outcome).number();
            rows.note_run(self.now, status, report.trouble())?;
        }
        let ended_early = outcome.failure.is_some();
        rows.tell(&trouble::of_run(outcome), ended_early, self.now)
            .map(Some)
    }

    /// Does some work for each account, `jobs` at once; gives the results in the accounts' order, and `None` where the
    /// work panicked.
    pub(super) fn each<T: Send>(
        &self,
        jobs: NonZeroUsize,
        work: impl Fn(&Account, &AccountBar<'_>) -> T + Sync,
    ) -> Vec<Option<T>> {
        let results: Vec<Mutex<Option<T>>> =
            self.accounts.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let work_on = |account: &Account| work(account, &self.bars.account(&account.name));
        let worker = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(account), Some(slot)) = (self.accounts.get(at), results.get(at)) else {
                    return;
                };
                // A thread of its own gives the log a name, and keeps a panic from the other accounts.
                let result = thread::scope(|scope| {
                    match thread::Builder::new()
                        .name(account.name.clone())
                        .spawn_scoped(scope, || work_on(account))
                    {
                        Ok(thread) => thread.join().ok(),
                        // The system has no more threads; this one is there.
                        Err(_) => catch_unwind(AssertUnwindSafe(|| work_on(account))).ok(),
                    }
                });
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = result;
            }
        };
        thread::scope(|scope| {
            for _ in 1..jobs.get().min(self.accounts.len()) {
                // If the system has no more threads, those that there are do the work.
                let _ = thread::Builder::new().spawn_scoped(scope, worker);
            }
            worker();
        });
        results
            .into_iter()
            .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect()
    }

    /// Makes the job of an account, for as long as it is worked on.
    pub(super) fn with_job<T>(&self, account: &Account, work: impl FnOnce(&Job<'_>) -> T) -> T {
        let secret = || match &self.secrets {
            Some(secrets) => secrets.find(account),
            // In this scope nobody logs in.
            None => Err(credentials::Error::Stopped),
        };
        let renew = |refused: &Secret| match &self.secrets {
            Some(secrets) => secrets.renew(account, refused),
            None => Ok(None),
        };
        let approve = |departure: &sync::Departure| {
            let ask = || approve::deletion(&account.name, departure, &self.stop);
            self.bars.multi().suspend(ask)
        };
        work(&Job {
            account: &account.name,
            endpoint: &account.endpoint,
            user: &account.user,
            claimed: &self.claimed,
            auth: account.auth,
            need: account.need,
            secret: &secret,
            renew: &renew,
            nonce: &surroundings::nonce,
            destinations: &account.destinations,
            retention: if self.keep {
                Policy::KeepForNow
            } else {
                account.retention
            },
            follows: matches!(account.retention, Policy::KeepWhileHere(_)),
            limits: account.limits,
            again: &self.again,
            pipelining: account.pipelining,
            patience: Patience::new(account.endpoint.timeout, Arc::clone(&self.stop)),
            now: self.now,
            stamp: &self.stamp,
            state: &self.state,
            surroundings: &self.surroundings,
            after_sync: account.after_sync.as_ref(),
            approve: &approve,
        })
    }
}
