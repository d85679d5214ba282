//! Holds the time of this machine against what else tells the time: the disks, and this version's own age.
//!
//! It refuses to know time zones. Servers of POP3 do not tell the time; what their certificates say of it is `server`'s.

use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp, civil::date, tz::TimeZone};

use super::Subject;
use super::finding::{Teller, Topic};
use super::store::try_out;
use super::trouble::Trouble;
use crate::delivery::Destination;

/// So far may two clocks be apart.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Nobody ran this version of popfetch in an earlier year.
const FIRST_YEAR: i16 = 2026;

/// Looks at the time, here and on the disks; `later` by so much than when the check began.
pub(super) fn look(subject: &Subject<'_>, later: Duration, teller: &mut Teller<'_>) {
    if teller.has_told(Topic::Clock) {
        // The server's certificate said enough.
        return;
    }
    teller.begin(Topic::Clock);
    let now = subject.now + later;
    let first = date(FIRST_YEAR, 1, 1).to_zoned(TimeZone::UTC);
    if first.is_ok_and(|first| now < first.timestamp()) {
        let why = "this version of popfetch is younger";
        return teller.fail(Topic::Clock, shown(now), Trouble::WrongClock { now, why });
    }
    let maildirs = subject.destinations.iter().filter_map(|it| match it {
        Destination::Maildir(path) => Some(path.join("tmp")),
        Destination::Mbox(mbox) => mbox.path.parent().map(Path::to_owned),
        Destination::Pipe(_) | Destination::Lmtp(_) => None,
    });
    let mut agree = "";
    for folder in maildirs.chain([subject.state.to_owned()]) {
        // Whether it can be written is told elsewhere.
        let Ok(there) = try_out(&folder, &(subject.nonce)()) else {
            continue;
        };
        if let Some(apart) = apart(there, now).filter(|apart| apart.abs() > TOLERANCE) {
            let trouble = Trouble::OtherClock { folder, apart };
            return teller.note(Topic::Clock, shown(now), trouble);
        }
        agree = ", and the disk agrees";
    }
    teller.pass(Topic::Clock, format!("{}{agree}", shown(now)));
}

fn apart(there: SystemTime, here: Timestamp) -> Option<SignedDuration> {
    Some(Timestamp::try_from(there).ok()?.duration_since(here))
}

fn shown(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
