//! Deletes from the server what is due, and ends the session.
//!
//! It refuses to decide: [`retention`](crate::retention) does. Invariants: a message is deleted only if it is published
//! here; whether the server did it, only a later listing tells (RFC 1939 §6: deletions happen at QUIT).

use std::collections::HashSet;
use std::io::{Read, Write};

use jiff::Timestamp;

use super::observer::{Event, Observer};
use super::outcome::{Error, Problem, Tally};
use super::survey::Entry;
use super::write::Fetched;
use crate::pop3::{self, Session};
use crate::retention::{Copy, Holder, Policy, judge};
use crate::state::{Account, Facts, Known, MessageId, Origin, Standing};

/// A message to be deleted.
pub(super) struct Due<'l> {
    entry: Entry<'l>,
    id: MessageId,
}

/// Finds what is due among what was known before and what was just fetched; what `left` the Maildirs here may be.
pub(super) fn due<'l>(
    maildrop: &[Entry<'l>],
    facts: &Facts,
    fetched: &[Fetched],
    left: &HashSet<MessageId>,
    policy: Policy,
    now: Timestamp,
) -> Vec<Due<'l>> {
    let mut fetched = fetched.iter().peekable();
    let mut due = Vec::new();
    for (entry, standing) in maildrop.iter().zip(&facts.standings) {
        // What was fetched is in the order of the maildrop.
        let new = fetched.next_if(|(number, _)| *number == entry.number);
        let (id, copy) = match (new, standing) {
            (Some((_, id)), _) => (*id, fresh(now)),
            (None, Standing::Known(known)) => (known.id, copy_of(known, left)),
            (None, Standing::New | Standing::Doubtful { .. }) => continue,
        };
        if judge(policy, copy, now).is_due() {
            due.push(Due { entry: *entry, id });
        }
    }
    due
}

/// The copy of a message that was fetched just now.
pub(super) fn fresh(now: Timestamp) -> Copy {
    Copy {
        first_seen: now,
        published: true,
        left: false,
        kept: 0,
        holder: Holder::Here,
    }
}

/// The copy of a message that is on record.
pub(super) fn copy_of(known: &Known, left: &HashSet<MessageId>) -> Copy {
    Copy {
        first_seen: known.first_seen,
        published: known.published,
        left: left.contains(&known.id),
        kept: known.kept,
        holder: holder(known.origin),
    }
}

/// Who has a message of this origin.
pub(super) fn holder(origin: Origin) -> Holder {
    match origin {
        Origin::Fetched => Holder::Here,
        Origin::Elsewhere { asked } => Holder::Elsewhere { asked },
        Origin::Guessed => Holder::Guessed,
        Origin::Marked => Holder::Nobody,
    }
}

/// Sends DELE for what is due, then QUIT.
pub(super) fn retire<S: Read + Write>(
    mut session: Session<S>,
    due: &[Due<'_>],
    account: &Account<'_>,
    now: Timestamp,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<(), Error> {
    if due.is_empty() {
        // All that was fetched is safe, and nothing hangs on the server's last word.
        return match session.quit() {
            // One reply too many: whose the others were, nobody can say.
            Err(error @ (pop3::Error::Stopped | pop3::Error::Violation { .. })) => {
                Err(error.into())
            }
            Err(error) => {
                log::debug!("{error}");
                Ok(())
            }
            Ok(()) => Ok(()),
        };
    }
    observer.notice(Event::Deleting(due.len()));
    // Replies come in the order of the commands.
    let mut asked = due.iter();
    let mut accepted = Vec::new();
    session.delete(
        due.iter().map(|due| due.entry.number),
        |_, reply| match asked.next() {
            Some(due) if reply.positive => accepted.push(due.id),
            Some(due) => tally.note(Problem::NotDeleted {
                uid: due.entry.owned_uid(),
                reply,
            }),
            None => {}
        },
    )?;
    account.delete_sent(&accepted, now)?;
    match session.quit() {
        // RFC 1939 §6: "-ERR some deleted messages not removed"; the next run asks again.
        Err(pop3::Error::Refused { reply, .. }) => {
            tally.note(Problem::NotUpdated { reply });
        }
        result => {
            result?;
            account.delete_accepted(&accepted, now)?;
            tally.deleted = accepted.len();
        }
    }
    Ok(())
}
