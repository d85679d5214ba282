//! Tests an account before it is written: the way to the server, the login, what is in the maildrop.
//!
//! It refuses to know how that is tested: `check` does. Invariant: a login that was refused is tried again only with what
//! somebody types anew, and not more often than servers put up with.

use std::sync::Arc;

use crate::check::{Event, Mark, Scope, Topic};
use crate::cli::check::{self, Style};
use crate::cli::cure::Whose;
use crate::cli::exit::Status;
use crate::cli::report;
use crate::cli::usage::Cancelled;
use crate::config::{Account, Folders};
use crate::secret::Secret;

use super::ask::Asker;

/// How often a password is tried: servers lock an account after five times or so.
const TRIES: u32 = 3;

/// What came of it.
#[derive(Debug)]
pub(super) enum Trial {
    /// All is well, with the password that was typed last, if one was.
    Passed(Option<Secret>),
    /// It is to be written all the same.
    Waived(Option<Secret>),
    /// Nothing is to be written.
    Failed(Status),
}

/// What can be done about a test that failed.
#[derive(Clone, Copy)]
enum Next {
    Type,
    Again,
    Write,
    GiveUp,
}

/// Tests until all is well or somebody has enough; `ask` asks for the password anew.
pub(super) fn run(
    account: &Account,
    mut typed: Option<Secret>,
    folders: &Folders,
    asker: &Asker,
    ask: &dyn Fn() -> anyhow::Result<Secret>,
) -> anyhow::Result<Trial> {
    let mut tries = 0;
    loop {
        let status = once(account, typed.as_ref(), folders, asker);
        asker.goes_on()?;
        if status == Status::Well {
            return Ok(Trial::Passed(typed));
        }
        if !asker.chooses() {
            return Ok(Trial::Failed(status));
        }
        let is_refused = status == Status::Login;
        if is_refused {
            tries += 1;
        }
        match next(is_refused, typed.is_some() && tries < TRIES, asker)? {
            Next::Type => typed = Some(ask()?),
            Next::Again => {}
            Next::Write => return Ok(Trial::Waived(typed)),
            Next::GiveUp => return Ok(Trial::Failed(status)),
        }
    }
}

fn next(is_refused: bool, may_type: bool, asker: &Asker) -> Result<Next, Cancelled> {
    let mut answers = Vec::new();
    if is_refused && may_type {
        answers.push(("type the password again", Next::Type));
    }
    if !is_refused {
        answers.push(("test it again", Next::Again));
    }
    answers.push(("give up; nothing is written", Next::GiveUp));
    answers.push(("write the account all the same", Next::Write));
    asker.choose("What now?", &answers, |_| None)
}

/// Tests once, and shows what is found as it is found.
pub(super) fn once(
    account: &Account,
    given: Option<&Secret>,
    folders: &Folders,
    asker: &Asker,
) -> Status {
    asker.tell("");
    asker.tell("Testing it:");
    let place = check::Place {
        folders,
        file: None,
        stop: Arc::clone(&asker.stop),
    };
    let style = Style::of_stderr();
    let whose = Whose::of(account);
    let mut tell = |event: Event<'_>| {
        let Event::Found(finding) = event else { return };
        // That it was typed is known.
        let is_known = finding.topic == Topic::Secret && given.is_some();
        if finding.mark == Mark::Pass && (is_known || asker.is_quiet()) {
            return;
        }
        for line in style.lines(finding, &whose) {
            report::say(&line);
        }
    };
    check::account(account, given.cloned(), Scope::Server, &place, &mut tell)
}
