//! Looks at what popfetch remembers of the account, and at who works on it now.
//!
//! It refuses to know what is on the server. Invariants: nothing is made or changed, but for a file that is made to see
//! whether one can be, and is removed; a damaged database is left as it is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Subject;
use super::finding::{Teller, Topic};
use super::store::{may_be_made, try_out};
use super::trouble::Trouble;
use crate::state::{self, Account, Error, Ledger, Lock};

/// What is remembered, as far as it can be read.
pub(super) struct Record {
    ledger: Option<Ledger>,
    /// Why it cannot be.
    trouble: Option<Error>,
    /// Who is busy with the account, as the lock says it.
    busy: Option<Error>,
}

impl Record {
    pub(super) fn look(subject: &Subject<'_>) -> Self {
        let mut record = Self {
            ledger: None,
            trouble: None,
            busy: None,
        };
        if !subject.state.is_dir() {
            return record;
        }
        match Lock::probe(subject.state, &subject.endpoint.server(), subject.user) {
            Ok(()) => {}
            Err(error @ Error::Busy { .. }) => record.busy = Some(error),
            Err(error) => record.trouble = Some(error),
        }
        if record.trouble.is_none() {
            match open(subject.state) {
                Ok(ledger) => record.ledger = ledger,
                Err(error) => record.trouble = Some(error),
            }
        }
        record
    }

    /// The account's rows, if there are any.
    pub(super) fn account(&self, subject: &Subject<'_>) -> Result<Option<Account<'_>>, Error> {
        match &self.ledger {
            Some(ledger) => ledger.find(&subject.endpoint.server(), subject.user),
            None => Ok(None),
        }
    }

    /// Whether what is remembered could be read, as far as there is any.
    pub(super) fn is_known(&self) -> bool {
        self.trouble.is_none()
    }

    /// Why nobody should log in now.
    pub(super) fn reason_to_wait(&self, subject: &Subject<'_>) -> Option<Trouble> {
        /// So short a delay is waited for by a run.
        const SHORT: i64 = 15;

        if let Some(Error::Busy { pid }) = self.busy {
            return Some(Trouble::Running { pid });
        }
        let account = self.account(subject).ok()??;
        let due = account.login_due(subject.now).ok()??;
        let left = due.duration_since(subject.now);
        (left.as_secs() > SHORT).then_some(Trouble::TooSoon { left })
    }

    /// What the last run had to say.
    fn last_trouble(&self, subject: &Subject<'_>) -> Option<Trouble> {
        let last = self.account(subject).ok()??.last_run().ok()??;
        let said = last.trouble?;
        let said = said.strip_prefix("popfetch: ").unwrap_or(&said).to_owned();
        Some(Trouble::LastRun { at: last.at, said })
    }

    /// Tells how it is; of the last run's trouble where the maildrop could be opened, for what keeps it shut was told.
    pub(super) fn tell(self, subject: &Subject<'_>, is_open: bool, teller: &mut Teller<'_>) {
        let folder = subject.state;
        let shown = folder.display();
        teller.begin(Topic::State);
        if let Some(error) = self.trouble {
            return teller.fail(Topic::State, shown.to_string(), error);
        }
        let tried = if folder.is_dir() {
            let path = folder.to_owned();
            try_out(folder, &(subject.nonce)())
                .map(drop)
                .map_err(|source| (path, source))
        } else {
            may_be_made(folder)
        };
        if let Err((path, source)) = tried {
            let error = Error::Folder { path, source };
            return teller.fail(Topic::State, shown.to_string(), error);
        }
        if let Some(trouble) = self.last_trouble(subject).filter(|_| is_open) {
            teller.note(Topic::State, "the last run", trouble);
        }
        if let Some(error) = self.busy {
            return teller.note(Topic::State, shown.to_string(), error);
        }
        let seen = match self.ledger {
            Some(_) => format!("{shown}: sound and writable, no other run is busy"),
            None => format!("{shown}: nothing is there yet, the first run makes it"),
        };
        teller.pass(Topic::State, seen);
    }
}

/// Opens the database, if there is one and it is sound.
fn open(folder: &Path) -> Result<Option<Ledger>, Error> {
    if !state::examine(folder)? {
        return Ok(None);
    }
    Ledger::open(folder, Arc::new(AtomicBool::new(true))).map(Some)
}
