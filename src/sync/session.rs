//! The sessions of a run: each logs in, fetches its share of what is new, deletes what is due, and quits.
//!
//! It refuses to know how any of that is done. Invariant: a further session follows only where the one before it leaves
//! something for it, so that there is an end.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::manners::Manners;
use super::observer::Observer;
use super::outcome::{Error, Problem, Tally};
use super::store::{self, Store};
use super::survey::{Entry, Listing};
use super::transfer::Transfer;
use super::wanted::Wanted;
use super::{Again, Identity, Job, identity, retire, survey, whereabouts};
use crate::plan::{Decision, decide};
use crate::pop3::{Code, Line, Session};
use crate::providers::{self, Provider, Quirks};
use crate::state::{Account, Facts, MessageId, Standing};

/// How Gmail greets.
const GMAIL: &str = "Gpop ";

/// Gmail lists about 250 messages in a session; where so many are listed and all of them are new, more may follow.
const PAGE: RangeInclusive<usize> = 240..=300;

/// A page of so many messages, all of them known, hides what is behind it.
const FULL_PAGE: usize = 200;

/// The most sessions in a run: a quarter of a million messages of Gmail's. A server that has new mail for ever keeps the
/// rest for the next run.
const MOST_SESSIONS: usize = 1000;

/// The most sessions in a row that bring nothing but what is here already. After a move Gmail lists page after page of such;
/// a server whose uids change with each session would never come to an end.
const MOST_STALE: usize = 10;

/// What the sessions of a run share.
pub(super) struct Work<'w> {
    pub(super) job: &'w Job<'w>,
    pub(super) identity: Identity<'w>,
    pub(super) account: &'w Account<'w>,
    pub(super) store: &'w Store<'w>,
    pub(super) observer: &'w dyn Observer,
    /// Whether mail may be here that is not on record.
    pub(super) rebuilding: bool,
    pub(super) manners: Manners<'w>,
    /// When the first of the sessions logs in.
    pub(super) login_at: Timestamp,
}

/// Which of the new messages a session fetches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// Those that never failed to arrive; others would keep them, and the deletions, from coming to an end.
    Sound,
    /// All, after so many in this run; those that failed come last.
    Rest {
        fetched: usize,
        /// A page that hid others was fetched again before.
        unstuck: bool,
    },
}

/// What a session leaves for another.
#[derive(Clone, Copy)]
struct Left {
    /// So many messages of which it is not known that they can be had.
    put_off: usize,
    /// The server may list more.
    unlisted: bool,
    /// A page that hides others was fetched again.
    unstuck: bool,
}

impl Work<'_> {
    /// Goes on until nothing is left for another session; false if the server may list more, and wants to be asked
    /// later.
    pub(super) fn sessions(&self, tally: &mut Tally) -> Result<bool, Error> {
        let mut left = self.session(tally, Share::Sound)?;
        let (mut sessions, mut stale) = (1, 0);
        while left.put_off > 0 || left.unlisted {
            if sessions == MOST_SESSIONS || stale == MOST_STALE {
                log::debug!("the rest is left for the next run, after {sessions} sessions");
                return Ok(false);
            }
            let mut rest = Tally::default();
            let share = Share::Rest {
                fetched: tally.new,
                unstuck: left.unstuck,
            };
            let result = self.session(&mut rest, share);
            sessions += 1;
            stale = if rest.new + rest.found == 0 {
                stale + 1
            } else {
                0
            };
            tally.add(rest);
            left = match result {
                // The mail is here; the rest of it waits for the next run.
                Err(error) if left.put_off == 0 && is_too_soon(&error) => {
                    log::debug!("{error}");
                    return Ok(false);
                }
                result => result?,
            };
            // Those that failed have had their session.
            left.put_off = 0;
        }
        Ok(true)
    }

    /// Has a session, and a second one where the first was lost in finding out what the server bears.
    fn session(&self, tally: &mut Tally, share: Share) -> Result<Left, Error> {
        loop {
            let (came, refused) = (progress(tally), tally.refused());
            let left = self.attempt(tally, share);
            self.manners
                .ended(&left, progress(tally) - came, tally.refused() - refused)?;
            if let Some(left) = left? {
                return Ok(left);
            }
        }
    }

    /// Has a session; `None` if it was lost before anything was done in it.
    fn attempt(&self, tally: &mut Tally, share: Share) -> Result<Option<Left>, Error> {
        let Self {
            job,
            account,
            observer,
            ..
        } = *self;
        let present = || Ok(account.present()?);
        let entered = self.manners.enter(&self.identity, observer, present);
        let delay = self.manners.login_delay();
        identity::note_login(job, account, self.login_at, delay, entered.as_ref().err())?;
        let (mut session, listings, mut present) = entered?;
        let mut seen = Tally::default();
        let listing = survey::complete(&mut session, listings, &mut seen)?;
        let mut maildrop = survey::join(&listing, &mut seen);
        let stumbles = account.stumbles()?;
        if !stumbles.is_empty() {
            maildrop.sort_by_key(|entry| stumbles.get(entry.uid));
        }
        let listed = survey::uids_and_sizes(&maildrop);
        let mut facts = account.facts(&present, &listed, &HashSet::new())?;
        // Behind another port may be another maildrop; an empty one tells nothing.
        if !listed.is_empty() && account.is_moved()? {
            let is_same = facts.bear_out(&listed);
            account.settle_move(is_same)?;
            if !is_same {
                present = account.present()?;
                facts = account.facts(&present, &listed, &HashSet::new())?;
            }
        }
        let ambiguous = listing.ambiguous(&maildrop, &facts);
        if !ambiguous.is_empty() {
            facts = account.facts(&present, &listed, &ambiguous)?;
        }
        if !self.manners.probe(&mut session, facts.unknown())? {
            return Ok(None);
        }
        tally.add(seen);
        tally.listed = maildrop.len();
        self.note_uidl(&listing, tally)?;
        account.settle(&facts, job.now)?;
        self.forget_stumbles(&stumbles, &maildrop)?;
        // Asked once in a run.
        let departed = match share {
            Share::Sound => whereabouts::departed(job, account, Some(job.approve), tally)?,
            Share::Rest { .. } => HashSet::new(),
        };
        let is_gmail = is_gmail(&session, job);
        // Gmail hides what was fetched when the session ended with QUIT; where it did not, the page must be fetched again
        // to see what is behind it.
        let unstuck = is_gmail
            && !matches!(share, Share::Rest { unstuck: true, .. })
            && maildrop.len() >= FULL_PAGE
            && facts.are_known();
        let mut elsewhere = HashSet::new();
        if unstuck {
            elsewhere = facts.elsewhere();
            // What came back, or was listed for the first time, is present since it was settled.
            present = account.present()?;
            let all = listed.iter().map(|(uid, _)| *uid);
            facts = account.facts(&present, &listed, &all.collect())?;
        }

        let wanted = self.wanted(&maildrop, &facts, &elsewhere, share, tally)?;
        let sound = wanted.partition_point(|wanted| !stumbles.contains_key(wanted.uid()));
        let due = |facts: &Facts, fetched: &[_]| {
            retire::due(&maildrop, facts, fetched, &departed, job.retention, job.now)
        };
        // Where nothing else is to be done in this session, nothing suffers if it breaks.
        let share_ends = if share != Share::Sound || (sound == 0 && due(&facts, &[]).is_empty()) {
            wanted.len()
        } else {
            sound
        };
        let transfer = Transfer {
            account,
            store: self.store,
            job,
            observer,
            rebuilding: self.rebuilding,
        };
        let before = progress(tally);
        let fetched = transfer.run(&mut session, &wanted[..share_ends], tally)?;
        let all_are_new = wanted.len() == maildrop.len() && PAGE.contains(&maildrop.len());
        let unlisted = unstuck || (progress(tally) > before && (all_are_new || is_gmail));
        if facts.are_doubtful() {
            // What proved to be on record may be due.
            facts = account.facts(&account.present()?, &listed, &ambiguous)?;
        }
        retire::retire(
            session,
            &due(&facts, &fetched),
            account,
            job.now,
            observer,
            tally,
        )?;
        Ok(Some(Left {
            put_off: wanted.len() - share_ends,
            unlisted,
            unstuck,
        }))
    }

    /// What is to be fetched; of what is `elsewhere` the uid is believed.
    fn wanted<'m>(
        &self,
        maildrop: &[Entry<'m>],
        facts: &Facts,
        elsewhere: &HashSet<MessageId>,
        share: Share,
        tally: &mut Tally,
    ) -> Result<Vec<Wanted<'m>>, Error> {
        let mut limits = store::limits(self.job);
        let again = match share {
            Share::Sound => self.again(maildrop, facts)?,
            Share::Rest { fetched, .. } => {
                limits.max_messages = limits.max_messages.map(|most| most.saturating_sub(fetched));
                HashSet::new()
            }
        };
        let listed = maildrop.iter().zip(&facts.standings);
        let is_here = |standing: &Standing| match standing {
            Standing::Known(known) => !again.contains(&known.id),
            Standing::New | Standing::Doubtful { .. } => false,
        };
        let sizes = listed
            .clone()
            .map(|(entry, standing)| (entry.size, is_here(standing)));
        let decisions = decide(sizes, limits);
        let messages = tally.count_left(&decisions);
        if messages > 0 {
            let room = limits.room.unwrap_or_default();
            tally.note(Problem::NoRoom { messages, room });
        }
        Ok(listed
            .zip(&decisions)
            .filter(|(_, decision)| **decision == Decision::Fetch)
            .map(|((entry, standing), _)| Wanted::new(*entry, *standing, elsewhere, self.job.now))
            .collect())
    }

    /// What is on record and is to be fetched all the same.
    fn again(&self, maildrop: &[Entry<'_>], facts: &Facts) -> Result<HashSet<MessageId>, Error> {
        match &self.job.again {
            Again::Nothing => Ok(HashSet::new()),
            Again::Missing => Ok(whereabouts::find(self.account, self.job.destinations)?.left),
            Again::Uids(uids) => {
                let listed = maildrop.iter().zip(&facts.standings);
                let known = listed.filter_map(|(entry, standing)| match standing {
                    Standing::Known(known) if known.published => Some((entry.uid, known.id)),
                    // What waits comes anyway.
                    Standing::Known(_) | Standing::New | Standing::Doubtful { .. } => None,
                });
                let is_wanted = |uid: &[u8]| uids.iter().any(|wanted| wanted.as_bytes() == uid);
                Ok(known
                    .filter(|(uid, _)| is_wanted(uid))
                    .map(|(_, id)| id)
                    .collect())
            }
        }
    }

    /// Forgets what did not arrive and cannot any more.
    fn forget_stumbles(
        &self,
        stumbles: &HashMap<Vec<u8>, u32>,
        maildrop: &[Entry<'_>],
    ) -> Result<(), Error> {
        if stumbles.is_empty() {
            return Ok(());
        }
        let listed: HashSet<&[u8]> = maildrop.iter().map(|entry| entry.uid).collect();
        let gone = stumbles.keys().map(Vec::as_slice);
        let mut gone = gone.filter(|uid| !listed.contains(uid)).peekable();
        if gone.peek().is_some() {
            self.account.forget_stumbles(gone)?;
        }
        Ok(())
    }

    fn note_uidl(&self, listing: &Listing, tally: &mut Tally) -> Result<(), Error> {
        if listing.lacks_uidl {
            tally.lacks_uidl = self.account.lacks_uidl(self.job.now)?;
        }
        Ok(())
    }
}

/// How many messages were dealt with.
fn progress(tally: &Tally) -> usize {
    tally.new + tally.found + tally.recognised
}

/// Whether this is Gmail, and not in the mode in which it lists everything.
fn is_gmail(session: &Session<Line>, job: &Job<'_>) -> bool {
    if job.user.starts_with("recent:") {
        return false;
    }
    let greets_so = session.greeting().is_some_and(|reply| reply.begins(GMAIL));
    greets_so || quirks(job).pages_listing
}

/// What is known to be peculiar to the job's server.
pub(super) fn quirks(job: &Job<'_>) -> Quirks {
    let provider = providers::by_host(&job.endpoint.host);
    let pop3 = provider.and_then(Provider::pop3);
    pop3.map_or_else(Quirks::default, |pop3| pop3.quirks)
}

/// Whether the server only wants more time between two logins.
fn is_too_soon(error: &Error) -> bool {
    let Error::Pop3(error) = error else {
        return false;
    };
    matches!(
        error.code(),
        Some(Code::LoginDelay | Code::InUse | Code::SysTemp)
    )
}
