//! Tells of new mail, once the run is over and its lock free.
//!
//! Invariant: it is told of what is at all its destinations, and whatever comes of telling takes nothing back.

use std::sync::atomic::Ordering;

use super::Job;
use super::outcome::{Problem, Tally};
use crate::delivery::{Error, Handover, News};

/// Runs what the account has run after new mail, if there is any.
pub(super) fn announce(job: &Job<'_>, tally: &mut Tally) {
    let messages = tally.new + tally.recovered;
    let (Some(program), 1..) = (job.after_sync, messages) else {
        return;
    };
    let surroundings = job.surroundings;
    let news = News {
        account: job.account,
        messages,
        octets: tally.new_octets,
        home: &surroundings.home,
        user: &surroundings.login,
        inherited: &surroundings.inherited,
    };
    let stop = job.patience.stop();
    let reason = match program.announce(&news, stop) {
        Ok(Handover::Done) => return,
        Ok(Handover::Later(reason) | Handover::Failed(reason)) => reason,
        Err(error) => chain(&error),
    };
    let stopped = stop.load(Ordering::Relaxed);
    tally.note(Problem::NotAnnounced { reason, stopped });
}

fn chain(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
