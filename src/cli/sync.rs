//! `popfetch sync`: turns accounts into jobs, works on several at once, and reports.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use jiff::Timestamp;

use super::args::{Global, Sync, When};
use super::exit::Status;
use super::passwords::Passwords;
use super::progress::{AccountBar, Bars};
use super::{accounts, explain, logging, report, surroundings};
use crate::config::Account;
use crate::delivery::Stamp;
use crate::pop3::Patience;
use crate::retention::Policy;
use crate::state::Ledger;
use crate::sync::{self, Job};

/// Fetches from the accounts that were named, or all.
pub(super) fn sync(options: &Sync, global: &Global) -> anyhow::Result<Status> {
    let (config, folders) = accounts::load(global)?;
    let selected = accounts::select(&config, &options.accounts)?;
    let progress = if global.quiet {
        When::Never
    } else {
        global.progress
    };
    let bars = Bars::new(
        progress,
        selected.iter().map(|account| account.name.as_str()),
    );
    logging::start(global.verbose, bars.multi());
    let stop = surroundings::stop_flag()?;
    let ledger = if options.dry_run {
        None
    } else {
        Some(Ledger::open(&folders.state, Arc::clone(&stop))?)
    };
    let now = Timestamp::now();
    let run = Run {
        accounts: &selected,
        keep: options.keep,
        bars: &bars,
        state: folders.state,
        now,
        stamp: Stamp::new(now, &surroundings::host_name(), surroundings::random()?),
        passwords: Passwords::new(&selected, Arc::clone(&stop)),
        stop,
    };
    let jobs = NonZeroUsize::new(options.jobs.into()).unwrap_or(NonZeroUsize::MIN);
    let Some(ledger) = ledger else {
        return explain::explain(&run, jobs, global.json);
    };
    // With nobody watching, silence means that all is well.
    let summary = !global.quiet && (io::stderr().is_terminal() || global.verbose > 0);
    let outcomes = run.each(jobs, |account, observer| {
        let outcome = run.with_job(account, |job| sync::run(job, &ledger, observer));
        for line in report::run(&account.name, &outcome, summary) {
            bars.multi().suspend(|| report::say(&line));
        }
        outcome
    });
    bars.finish();
    if global.json {
        for (account, outcome) in selected.iter().zip(&outcomes) {
            if let Some(outcome) = outcome {
                report::data(&report::json(&account.name, outcome))?;
            }
        }
    }
    Ok(worst(&outcomes, Status::of_outcome))
}

/// The worst of what came of the accounts; one of which nothing came met a fault of popfetch.
pub(super) fn worst<T>(results: &[Option<T>], status: impl Fn(&T) -> Status) -> Status {
    let statuses = results.iter().map(|result| match result {
        Some(result) => status(result),
        None => Status::Bug,
    });
    statuses.max().unwrap_or(Status::Well)
}

/// What all accounts of a run share.
pub(super) struct Run<'r> {
    pub(super) accounts: &'r [&'r Account],
    pub(super) state: PathBuf,
    keep: bool,
    bars: &'r Bars,
    pub(super) stop: Arc<AtomicBool>,
    now: Timestamp,
    stamp: Stamp,
    passwords: Passwords,
}

impl Run<'_> {
    /// Does some work for each account, `jobs` at once; gives the results in the accounts' order, and `None` where the
    /// work panicked.
    pub(super) fn each<T: Send>(
        &self,
        jobs: NonZeroUsize,
        work: impl Fn(&Account, &AccountBar<'_>) -> T + std::marker::Sync,
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
                        Err(error) => {
                            report::say(&format!("popfetch: cannot start a thread: {error}"));
                            None
                        }
                    }
                });
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = result;
            }
        };
        thread::scope(|scope| {
            for _ in 0..jobs.get().min(self.accounts.len()) {
                scope.spawn(worker);
            }
        });
        results
            .into_iter()
            .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect()
    }

    /// Makes the job of an account, for as long as it is worked on.
    pub(super) fn with_job<T>(&self, account: &Account, work: impl FnOnce(&Job<'_>) -> T) -> T {
        let password = || self.passwords.find(account);
        work(&Job {
            endpoint: &account.endpoint,
            user: &account.user,
            password: &password,
            destination: &account.destination,
            retention: if self.keep {
                Policy::Keep
            } else {
                account.retention
            },
            limits: account.limits,
            pipelining: account.pipelining,
            patience: Patience::new(account.endpoint.timeout, Arc::clone(&self.stop)),
            now: self.now,
            stamp: &self.stamp,
            state: &self.state,
        })
    }
}
