//! Asks whether mail that has left a Maildir all at once is to be deleted from the server, too.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use super::surroundings;
use crate::sync::Departure;

/// One question at a time.
static ASKING: Mutex<()> = Mutex::new(());

/// Asks, if somebody is there; nobody says no.
pub(super) fn deletion(account: &str, departure: &Departure) -> bool {
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
    asked.and_then(|()| stderr.flush()).is_ok()
        && io::stdin().read_line(&mut answer).is_ok()
        && matches!(answer.trim(), "y" | "Y" | "yes")
}
