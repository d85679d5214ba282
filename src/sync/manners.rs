//! How commands are sent ahead to one server: as CAPA says, as the server was seen to take it, as the user wants it.
//!
//! It refuses to know what is sent. Invariants: what is remembered of CAPA is relied on only where a wrong guess costs a
//! further connection and nothing else; a session that breaks takes back what was learnt by trying, and the next one
//! goes one command at a time.

use std::cell::Cell;

use super::observer::{Event, Observer};
use super::outcome::Error;
use super::{Identity, Job};
use crate::pop3::{self, Ahead, Connection, Line, Listings, Pipelining, Probed, Reply, Session};
use crate::state::{Habits, Ledger, Lesson, Present};

/// For so few messages it is not worth while to find out more.
const HANDFUL: usize = 5;

/// What is known of a server, for one run.
pub(super) struct Manners<'m> {
    job: &'m Job<'m>,
    /// Where lessons are remembered.
    ledger: Option<&'m Ledger>,
    habits: Cell<Habits>,
}

impl<'m> Manners<'m> {
    /// What is remembered of the job's server; what is learnt in this run will be.
    pub(super) fn of(job: &'m Job<'m>, ledger: &'m Ledger) -> Result<Self, Error> {
        Ok(Self {
            ledger: Some(ledger),
            ..Self::as_remembered(job, Some(ledger))?
        })
    }

    /// The same, and nothing that is learnt is remembered.
    pub(super) fn as_remembered(job: &'m Job<'m>, ledger: Option<&Ledger>) -> Result<Self, Error> {
        let habits = ledger.map(|ledger| ledger.habits(&job.endpoint.server(), job.now));
        Ok(Self {
            job,
            ledger: None,
            habits: Cell::new(habits.transpose()?.unwrap_or_default()),
        })
    }

    /// Connects, logs in, and asks what is in the maildrop; what is on record is read `meanwhile`, as the server is at it.
    pub(super) fn enter(
        &self,
        identity: &Identity,
        observer: &dyn Observer,
        mut meanwhile: impl FnMut() -> Result<Present, Error>,
    ) -> Result<(Session<Line>, Listings, Present), Error> {
        loop {
            observer.notice(Event::Connecting);
            let mut connection = Connection::open(self.job.endpoint, &self.job.patience)?;
            let known = self.habits.get().announces;
            let (ahead, lesson) = self.ahead(&mut connection)?;
            let is_guess = known == Some(true) && ahead == Ahead::All;
            let opening = connection.open_maildrop(&identity.user, &identity.password, ahead)?;
            observer.notice(Event::Listing);
            if let Some(lesson) = lesson {
                self.learn(lesson)?;
            }
            let present = meanwhile()?;
            let worth = |listed: usize| self.is_worth_a_probe(listed.saturating_sub(present.len()));
            match opening.finish_probing(worth) {
                Ok((_, _, Some(Probed::Lost))) => self.probed(Probed::Lost)?,
                Ok((mut session, mut listings, probed)) => {
                    if let Some(probed) = probed {
                        self.probed(probed)?;
                    }
                    if ahead == Ahead::Session {
                        self.ask_again(&mut session, &mut listings)?;
                    }
                    return Ok((session, listings, present));
                }
                // CAPA is asked, then, and there is no guess.
                Err(error) if is_guess && error.is_breakdown() => {
                    log::debug!("{error}; trying again, one command at a time");
                    self.learn(Lesson::WentWrong)?;
                }
                Err(error) => {
                    if is_guess && matches!(error, pop3::Error::Login { .. }) {
                        self.learn(Lesson::WentWrong)?;
                    } else if ahead == Ahead::All && error.is_breakdown() {
                        // Who speaks for a server may not be who takes its logins.
                        self.learn(Lesson::Lost)?;
                    }
                    return Err(error.into());
                }
            }
        }
    }

    /// Asks once more for what was refused when it was sent ahead: the server may only dislike that.
    fn ask_again(&self, session: &mut Session<Line>, listings: &mut Listings) -> Result<(), Error> {
        let mut is_disliked = false;
        if listings.sizes.is_err() {
            is_disliked |= is_had(session.list(), &mut listings.sizes)?;
        }
        if listings.uids.is_err() {
            is_disliked |= is_had(session.uidl(), &mut listings.uids)?;
        }
        if is_disliked {
            session.send_in_turn();
            self.learn(Lesson::WentWrong)?;
        }
        Ok(())
    }

    /// How far commands may be sent ahead, and what was learnt on the way.
    fn ahead(
        &self,
        connection: &mut Connection<Line>,
    ) -> Result<(Ahead, Option<Lesson>), pop3::Error> {
        if self.job.pipelining == Pipelining::Never {
            return Ok((Ahead::Nothing, None));
        }
        let habits = self.habits.get();
        let mut lesson = None;
        let announces = if let Some(announces) = habits.announces {
            announces
        } else {
            // RFC 2449 §6.6: PIPELINING is the same before and after the login.
            let announces = connection.capabilities()?.pipelining();
            lesson = Some(Lesson::Announced(announces));
            announces
        };
        let is_kept = self.job.pipelining == Pipelining::Always || habits.keeps == Some(true);
        let is_lost = habits.keeps == Some(false);
        let ahead = match (announces && !is_lost, is_kept) {
            (true, _) => Ahead::All,
            // Who serves the login may be another program than who serves the maildrop.
            (false, true) => Ahead::Session,
            (false, false) => Ahead::Nothing,
        };
        Ok((ahead, lesson))
    }

    /// Finds out whether commands can be sent ahead to a server that does not say so, if that is worth it for so many
    /// messages; false if the session was lost over it.
    pub(super) fn probe(
        &self,
        session: &mut Session<Line>,
        messages: usize,
    ) -> Result<bool, Error> {
        if session.is_pipelined() || !self.is_worth_a_probe(messages) {
            return Ok(true);
        }
        let probed = session.probe()?;
        self.probed(probed)?;
        Ok(probed != Probed::Lost)
    }

    /// Whether it is open how a server takes what is sent ahead, and worth finding out for so many messages.
    fn is_worth_a_probe(&self, messages: usize) -> bool {
        let is_open = self.ledger.is_some() && self.habits.get().keeps.is_none();
        self.job.pipelining == Pipelining::Auto && is_open && messages > HANDFUL
    }

    fn probed(&self, probed: Probed) -> Result<(), Error> {
        log::debug!("two NOOPs in one piece: {probed:?}");
        self.learn(match probed {
            Probed::Kept => Lesson::Kept,
            Probed::Disliked | Probed::Lost => Lesson::Lost,
        })
    }

    /// Draws a lesson from a session that ended, in which so many messages came, and so many were refused.
    pub(super) fn ended<T>(
        &self,
        result: &Result<T, Error>,
        came: usize,
        refused: usize,
    ) -> Result<(), Error> {
        let habits = self.habits.get();
        match result {
            Err(Error::Pop3(error)) if error.is_breakdown() => {
                let is_known = habits.announces == Some(true) || habits.keeps == Some(true);
                if is_known {
                    self.learn(Lesson::WentWrong)?;
                }
            }
            // All that followed the first of them was disliked.
            Ok(_) if habits.keeps == Some(true) && came <= 1 && refused > 1 => {
                self.learn(Lesson::WentWrong)?;
            }
            Ok(_) if habits.doubted && habits.keeps == Some(true) && came > HANDFUL => {
                self.learn(Lesson::WentWell)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn learn(&self, lesson: Lesson) -> Result<(), Error> {
        self.habits.set(self.habits.get().after(lesson));
        let server = self.job.endpoint.server();
        self.ledger.map_or(Ok(()), |ledger| {
            Ok(ledger.learn(&server, lesson, self.job.now)?)
        })
    }
}

/// Whether something is had now that was refused before.
fn is_had<T>(now: Result<T, pop3::Error>, before: &mut Result<T, Reply>) -> Result<bool, Error> {
    match now {
        Ok(listing) => {
            *before = Ok(listing);
            Ok(true)
        }
        Err(pop3::Error::Refused { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
