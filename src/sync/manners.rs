//! How one server is logged in to, and how commands are sent ahead to it: as CAPA says, as the server was seen to take it,
//! as the user wants it.
//!
//! It refuses to know what is done in the session. Invariants: what is remembered of CAPA is relied on only where a wrong
//! guess costs a further connection and nothing else, or the run where nobody can say whether a password was judged; a
//! session that breaks takes back what was learnt by trying, and the next one goes one command at a time.

use std::cell::RefCell;
use std::time::Duration;

use super::observer::{Event, Observer};
use super::outcome::Error;
use super::{Identity, Job};
use crate::pop3::{
    self, Ahead, Auth, Capabilities, Code, Connection, Line, Listings, Login, Mechanism,
    Pipelining, Probed, Reply, Security, Session,
};
use crate::state::{Habits, Ledger, Lesson, Present};

/// For so few messages it is not worth while to find out more.
const HANDFUL: usize = 5;

/// What is known of a server, for one run.
pub(super) struct Manners<'m> {
    job: &'m Job<'m>,
    /// Where lessons are remembered.
    ledger: Option<&'m Ledger>,
    habits: RefCell<Habits>,
    /// Mechanisms that the server proved not to know.
    ruled_out: RefCell<Vec<Mechanism>>,
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
        let habits = ledger.map(|ledger| ledger.habits(&own_habitat(job), job.now));
        Ok(Self {
            job,
            ledger: None,
            habits: RefCell::new(habits.transpose()?.unwrap_or_default()),
            ruled_out: RefCell::default(),
        })
    }

    /// Connects, logs in, and asks what is in the maildrop; what is on record is read `meanwhile`, as the server is at it.
    pub(super) fn enter(
        &self,
        identity: &Identity<'_>,
        observer: &dyn Observer,
        mut meanwhile: impl FnMut() -> Result<Present, Error>,
    ) -> Result<(Session<Line>, Listings, Present), Error> {
        loop {
            observer.notice(Event::Connecting);
            let who = identity.credentials();
            let (endpoint, patience) = (self.job.endpoint, &self.job.patience);
            let mut connection = Connection::open_for(endpoint, patience, Some(&who))?;
            let remembered = self.capabilities();
            let (capabilities, lesson) = self.learn_capabilities(&mut connection)?;
            let ahead = self.ahead(capabilities.pipelining());
            let is_guess = ahead == Ahead::All && remembered.is_some();
            let mechanism = self.mechanism(identity, &connection, &capabilities)?;
            let login = Login {
                credentials: &who,
                mechanism,
                server: (&endpoint.host, endpoint.port),
                nonce: &(self.job.nonce)(),
            };
            log::debug!("logging in by {mechanism}");
            let opening = connection.open_maildrop(&login, ahead);
            observer.notice(Event::Listing);
            if let Some(lesson) = lesson {
                self.learn(&lesson)?;
            }
            let opening = match opening {
                Ok(opening) => opening,
                Err(error) => {
                    self.after(error, identity, &capabilities)?;
                    continue;
                }
            };
            let present = meanwhile()?;
            let worth = |listed: usize| self.is_worth_a_probe(listed.saturating_sub(present.len()));
            match opening.finish_probing(worth) {
                Ok((_, _, Some(Probed::Lost))) => self.probed(Probed::Lost)?,
                Ok((mut session, mut listings, probed)) => {
                    identity.accepted();
                    if let Some(probed) = probed {
                        self.probed(probed)?;
                    }
                    if ahead == Ahead::Session {
                        self.ask_again(&mut session, &mut listings)?;
                    }
                    return Ok((session, listings, present));
                }
                // CAPA is asked, then, and there is no guess.
                Err(error) if is_guess && error.is_breakdown() && !error.may_be_refusal() => {
                    log::debug!("{error}; trying again, one command at a time");
                    self.learn(&Lesson::WentWrong)?;
                }
                Err(error) => {
                    if ahead == Ahead::All && error.is_breakdown() {
                        // Who speaks for a server may not be who takes its logins.
                        self.learn(&Lesson::Lost)?;
                    }
                    self.after(error, identity, &capabilities)?;
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
            self.learn(&Lesson::WentWrong)?;
        }
        Ok(())
    }

    /// What is remembered of CAPA.
    fn capabilities(&self) -> Option<Capabilities> {
        let habits = self.habits.borrow();
        let lines = habits.capabilities.as_deref();
        lines.map(Capabilities::from_lines)
    }

    /// Whether it is remembered that CAPA lists PIPELINING.
    fn is_announced(&self) -> bool {
        let known = self.capabilities();
        known.is_some_and(|known| known.pipelining())
    }

    /// How much time the server wants between two logins, as far as is known.
    pub(super) fn login_delay(&self) -> Option<Duration> {
        self.capabilities()?.login_delay()
    }

    /// What the server can do, and what was learnt on the way.
    fn learn_capabilities(
        &self,
        connection: &mut Connection<Line>,
    ) -> Result<(Capabilities, Option<Lesson>), pop3::Error> {
        if let Some(known) = self.capabilities() {
            return Ok((known, None));
        }
        let is_all_said =
            self.job.pipelining == Pipelining::Never && matches!(self.job.auth, Auth::Only(_));
        if is_all_said {
            return Ok((Capabilities::default(), None));
        }
        // RFC 2449 §6.6: PIPELINING is the same before and after the login.
        let capabilities = connection.capabilities()?;
        Ok((capabilities, Some(Lesson::Announced(capabilities.lines()))))
    }

    /// How to log in.
    fn mechanism(
        &self,
        identity: &Identity<'_>,
        connection: &Connection<Line>,
        offered: &Capabilities,
    ) -> Result<Mechanism, Error> {
        let is_protected = self.job.endpoint.security != Security::Cleartext;
        let ruled_out = self.ruled_out.borrow();
        let chosen = self.job.auth.choose(
            identity.credentials().proof.kind(),
            offered,
            connection.timestamp().is_some(),
            is_protected,
            &ruled_out,
        );
        // Where there is nothing left, something was ruled out.
        chosen.map_err(|last| not_offered(last, offered))
    }

    /// Lets a failure pass if the login is to be tried again: another way, or with another token.
    fn after(
        &self,
        error: pop3::Error,
        identity: &Identity<'_>,
        offered: &Capabilities,
    ) -> Result<(), Error> {
        let pop3::Error::Login {
            reply, mechanism, ..
        } = &error
        else {
            return Err(error.into());
        };
        if matches!(reply.code, None | Some(Code::Auth)) {
            // It may have been asked in a way that is not known any more.
            self.learn(&Lesson::Outdated)?;
        }
        // Nothing was judged: the server does not know what was asked of it.
        if reply.is_unknown() {
            log::debug!("the server does not know {mechanism}: {reply}");
            if self.job.auth != Auth::Auto {
                return Err(not_offered(*mechanism, offered));
            }
            self.ruled_out.borrow_mut().push(*mechanism);
            return Ok(());
        }
        if identity.renew(&error)? {
            Ok(())
        } else {
            Err(error.into())
        }
    }

    /// How far commands may be sent ahead.
    fn ahead(&self, announces: bool) -> Ahead {
        if self.job.pipelining == Pipelining::Never {
            return Ahead::Nothing;
        }
        let keeps = self.habits.borrow().keeps;
        let is_kept = self.job.pipelining == Pipelining::Always || keeps == Some(true);
        let is_lost = keeps == Some(false);
        match (announces && !is_lost, is_kept) {
            (true, _) => Ahead::All,
            // Who serves the login may be another program than who serves the maildrop.
            (false, true) => Ahead::Session,
            (false, false) => Ahead::Nothing,
        }
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
        let is_open = self.ledger.is_some() && self.habits.borrow().keeps.is_none();
        self.job.pipelining == Pipelining::Auto && is_open && messages > HANDFUL
    }

    fn probed(&self, probed: Probed) -> Result<(), Error> {
        log::debug!("two NOOPs in one piece: {probed:?}");
        self.learn(&match probed {
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
        let habits = self.habits.borrow().clone();
        match result {
            Err(Error::Pop3(error)) if error.is_breakdown() => {
                let is_known = self.is_announced() || habits.keeps == Some(true);
                if is_known {
                    self.learn(&Lesson::WentWrong)?;
                }
            }
            // All that followed the first of them was disliked.
            Ok(_) if habits.keeps == Some(true) && came <= 1 && refused > 1 => {
                self.learn(&Lesson::WentWrong)?;
            }
            Ok(_) if habits.doubted && habits.keeps == Some(true) && came > HANDFUL => {
                self.learn(&Lesson::WentWell)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn learn(&self, lesson: &Lesson) -> Result<(), Error> {
        self.habits
            .replace_with(|habits| habits.clone().after(lesson));
        let server = own_habitat(self.job);
        self.ledger.map_or(Ok(()), |ledger| {
            Ok(ledger.learn(&server, lesson, self.job.now)?)
        })
    }
}

fn not_offered(mechanism: Mechanism, offered: &Capabilities) -> Error {
    let offered = offered.mechanisms().map(Mechanism::name);
    let offered = offered.collect::<Vec<_>>().join(", ");
    pop3::Error::NotOffered { mechanism, offered }.into()
}

/// The name under which a server's habits are remembered: in the clear it may offer less than under TLS, and other ways to
/// log in (RFC 2595 §4).
pub(super) fn habitat(server: &str, security: &Security) -> String {
    match security {
        Security::Cleartext => format!("{server} in the clear"),
        Security::Implicit(_) | Security::StartTls(_) => server.to_owned(),
    }
}

fn own_habitat(job: &Job<'_>) -> String {
    habitat(&job.endpoint.server(), &job.endpoint.security)
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
