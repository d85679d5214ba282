//! Looks for what runs popfetch from time to time.
//!
//! It refuses to know how that is installed. Somebody who runs popfetch by hand needs none, so that none is no failure.

use jiff::Timestamp;

use super::super::schedule::{Timer, installed};
use super::Place;
use crate::check::{Event, Finding, Mark, Topic, Trouble};

/// Tells what runs popfetch.
pub(super) fn look(place: &Place<'_>, tell: &mut dyn FnMut(Event<'_>)) {
    tell(Event::Begins(Topic::Schedule));
    let now = Timestamp::now();
    let timers = installed(&place.folders.home, now);
    for timer in &timers {
        found(tell, Mark::Pass, shown(timer, now), None);
    }
    if timers.is_empty() {
        found(tell, Mark::Note, "none".to_owned(), Some(Trouble::ByHand));
    }
}

fn found(tell: &mut dyn FnMut(Event<'_>), mark: Mark, seen: String, trouble: Option<Trouble>) {
    tell(Event::Found(&Finding {
        topic: Topic::Schedule,
        mark,
        seen,
        details: Vec::new(),
        trouble,
    }));
}

/// A timer in words: `cron, every 10 minutes, next in 4 min`.
fn shown(timer: &Timer, now: Timestamp) -> String {
    let next = match timer.next {
        Some(next) => {
            let minutes = next.duration_since(now).as_secs().max(0).div_euclid(60) + 1;
            format!(", next in {minutes} min")
        }
        None => String::new(),
    };
    format!("{} runs popfetch {}{next}", timer.kind.name(), timer.every)
}
