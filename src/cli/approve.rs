//! Asks whether mail that has left a Maildir all at once is to be deleted from the server, too.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::surroundings;
use crate::sync::Departure;

/// One question at a time.
static ASKING: Mutex<()> = Mutex::new(());

/// How many ticks an answer is waited for, a minute in all: the server does not wait for ever.
const TICKS: u32 = 600;

/// A tenth of a second.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Asks, if somebody is there; nobody says no.
pub(super) fn deletion(account: &str, departure: &Departure, stop: &AtomicBool) -> bool {
    if !surroundings::is_attended() {
        return false;
    }
    let _asking = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    let Departure { left, all, path } = departure;
    let path = path.display();
    let mut stderr = anstream::stderr();
    let asked = write!(
        stderr,
        "{account}: {left} of {all} messages have left {path}. Delete them from the server, too? [y/N] "
    );
    let mut answer = String::new();
    let is_yes = asked.and_then(|()| stderr.flush()).is_ok()
        && is_answered(stop)
        && io::stdin().read_line(&mut answer).is_ok()
        && matches!(answer.trim(), "y" | "Y" | "yes");
    if answer.is_empty() {
        // The cursor still stands behind the question.
        let _ = writeln!(stderr);
    }
    is_yes
}

/// Waits for a line, but not for ever, and not once the run is to end.
fn is_answered(stop: &AtomicBool) -> bool {
    let stdin = io::stdin();
    for _ in 0..TICKS {
        let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
        let is_ready = poll(&mut waiting, Some(&TICK)).is_ok_and(|ready| ready > 0);
        if is_ready || stop.load(Ordering::Relaxed) {
            return is_ready;
        }
    }
    false
}
