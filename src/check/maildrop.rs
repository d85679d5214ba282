//! Looks at what the server lists, and holds it against what is remembered.
//!
//! It refuses to know how messages are fetched. Invariant: nothing but a header is asked for, and that only where there is
//! no UIDL; the session ends with QUIT.

use std::collections::{HashMap, HashSet};

use super::Subject;
use super::finding::{Teller, Topic};
use super::record::Record;
use super::trouble::Trouble;
use crate::mail::{MessageNumber, Octets, Uid};
use crate::plan::{Decision, decide};
use crate::pop3::{Error, Line, Listings, Reply, Session, SizeListing, UidListing};
use crate::retention::Policy;
use crate::state;

/// The sizes of the new messages that a run would fetch.
pub(super) type New = Vec<Octets>;

/// Looks at the maildrop and leaves it; gives what is new, as far as that can be told.
pub(super) fn look(
    subject: &Subject<'_>,
    mut session: Session<Line>,
    listings: Listings,
    record: &Record,
    teller: &mut Teller<'_>,
) -> New {
    let new = read(subject, &mut session, listings, record, teller);
    if let Some(trouble) = never_deletes(subject) {
        teller.note(Topic::Maildrop, "leave-on-server", trouble);
    }
    // Nothing hangs on the server's last word.
    if let Err(error) = session.quit() {
        log::debug!("{error}");
    }
    new
}

fn read(
    subject: &Subject<'_>,
    session: &mut Session<Line>,
    listings: Listings,
    record: &Record,
    teller: &mut Teller<'_>,
) -> New {
    let sizes = match sizes(session, listings.sizes) {
        Ok(sizes) => sizes,
        Err(error) => {
            teller.fail(Topic::Maildrop, "LIST", error);
            return New::new();
        }
    };
    if sizes.iter().len() == 0 {
        empty(subject, record, teller);
        return New::new();
    }
    let octets: Octets = sizes.iter().map(|(_, size)| size).sum();
    let all = counted(sizes.iter().len(), "message");
    teller.pass(Topic::Maildrop, format!("{all} ({octets})"));
    match listings.uids {
        Err(reply) => {
            headers(session, &sizes, reply, teller);
            New::new()
        }
        Ok(uids) => {
            let (listed, alike) = join(&sizes, &uids, teller);
            compare(subject, &listed, alike, record, teller)
        }
    }
}

/// That the provider keeps what the account is to delete.
fn never_deletes(subject: &Subject<'_>) -> Option<Trouble> {
    let pop3 = subject.provider?.pop3()?;
    let provider = subject.provider?.name;
    match subject.retention {
        Policy::Keep | Policy::KeepRecent | Policy::KeepForNow => None,
        _ if pop3.quirks.keeps_deleted => Some(Trouble::KeepsDeleted { provider }),
        // What is not listed again cannot be deleted later; what is deleted at once is listed still.
        Policy::KeepFor(_) | Policy::KeepWhileHere(_) if pop3.quirks.pages_listing => {
            Some(Trouble::HidesFetched { provider })
        }
        _ => None,
    }
}

fn sizes(
    session: &mut Session<Line>,
    listed: Result<SizeListing, Reply>,
) -> Result<SizeListing, Error> {
    match listed {
        Ok(sizes) => Ok(sizes),
        // Some servers have no listing for an empty maildrop.
        Err(reply) if session.stat()?.0 > 0 => {
            let command = "LIST";
            Err(Error::Refused { command, reply })
        }
        Err(_) => Ok(SizeListing::default()),
    }
}

fn empty(subject: &Subject<'_>, record: &Record, teller: &mut Teller<'_>) {
    let was_used = match record.account(subject) {
        Ok(Some(account)) => account.is_new().map(|is_new| !is_new),
        Ok(None) => Ok(false),
        Err(error) => Err(error),
    };
    // What cannot be read is told with the state.
    if was_used.unwrap_or(true) {
        teller.pass(Topic::Maildrop, "empty");
    } else {
        teller.note(Topic::Maildrop, "empty", Trouble::Empty);
    }
}

/// Finds out whether headers are to be had, which tell messages apart where uids do not.
fn headers(
    session: &mut Session<Line>,
    sizes: &SizeListing,
    reply: Reply,
    teller: &mut Teller<'_>,
) {
    teller.begin(Topic::Uids);
    let first = sizes.iter().next().map(|(number, _)| number);
    let mut ask = || -> Result<(), Error> {
        if let Some(number) = first {
            let mut body = session.top(number, 0)?;
            while body.chunk()?.is_some() {}
        }
        Ok(())
    };
    match ask() {
        Ok(()) => teller.note(Topic::Uids, "UIDL", Trouble::HeadersOnly { reply }),
        Err(Error::Refused { .. }) => teller.fail(Topic::Uids, "UIDL", Trouble::NoUidl { reply }),
        Err(error) => teller.fail(Topic::Uids, "TOP", error),
    }
}

/// Joins the listings, and tells what cannot be told apart; gives what can be, and how many only headers tell apart.
fn join<'l>(
    sizes: &SizeListing,
    uids: &'l UidListing,
    teller: &mut Teller<'_>,
) -> (Vec<(&'l [u8], Octets)>, usize) {
    let all = sizes.iter().len();
    let by_number: HashMap<MessageNumber, Octets> = sizes.iter().collect();
    let mut numbers: HashMap<MessageNumber, usize> = HashMap::new();
    let mut bearers: HashMap<&[u8], usize> = HashMap::new();
    for (number, uid) in uids.iter() {
        *numbers.entry(number).or_default() += 1;
        *bearers.entry(uid).or_default() += 1;
    }
    let is_sound = |number: &MessageNumber, uid: &[u8]| {
        !uid.is_empty() && numbers.get(number) == Some(&1) && by_number.contains_key(number)
    };
    let sound: Vec<_> = uids
        .iter()
        .filter(|(number, uid)| is_sound(number, uid))
        .collect();
    let messages = all.max(uids.iter().len()).saturating_sub(sound.len());
    let alone = |uid: &[u8]| bearers.get(uid) == Some(&1) && Uid::is_fit(uid);
    let alike = sound.iter().filter(|(_, uid)| !alone(uid)).count();
    if messages > 0 {
        teller.fail(Topic::Uids, "UIDL", Trouble::Unidentified { messages, all });
    }
    if alike > 0 {
        let messages = alike;
        teller.note(Topic::Uids, "UIDL", Trouble::Alike { messages, all });
    }
    if messages == 0 && alike == 0 {
        teller.pass(Topic::Uids, "each message has a uid of its own");
    }
    let listed = sound.into_iter().filter(|(_, uid)| alone(uid));
    let listed = listed.filter_map(|(number, uid)| Some((uid, *by_number.get(&number)?)));
    (listed.collect(), alike)
}

/// Holds the uids against what is remembered.
fn compare(
    subject: &Subject<'_>,
    listed: &[(&[u8], Octets)],
    alike: usize,
    record: &Record,
    teller: &mut Teller<'_>,
) -> New {
    teller.begin(Topic::New);
    let known = match known(subject, listed, record, teller) {
        Ok(known) => known,
        Err(error) => {
            teller.fail(Topic::New, "what is remembered", error);
            return New::new();
        }
    };
    if !record.is_known() {
        // Why nobody can say what is new is told with the state.
        return New::new();
    }
    let sizes = || listed.iter().map(|(_, size)| *size);
    let decisions = decide(sizes().zip(known.iter().copied()), subject.limits);
    let with = |which: fn(&Decision) -> bool| -> New {
        let chosen = sizes().zip(&decisions);
        chosen
            .filter(|(_, decision)| which(decision))
            .map(|(size, _)| size)
            .collect()
    };
    let new = with(|decision| matches!(decision, Decision::Fetch | Decision::AfterLimit(_)));
    let here = known.iter().filter(|known| **known).count();
    let mut seen = if new.is_empty() {
        "nothing to fetch".to_owned()
    } else {
        let octets: Octets = new.iter().copied().sum();
        format!("{} to fetch ({octets})", counted(new.len(), "new message"))
    };
    if here > 0 {
        seen = format!("{seen}, {here} here already");
    }
    if alike > 0 {
        seen = format!("{seen}, {alike} of which a run asks for the headers");
    }
    teller.pass(Topic::New, seen);
    let messages = with(|decision| matches!(decision, Decision::TooLarge(_))).len();
    if let (Some(limit), 1..) = (subject.limits.max_size, messages) {
        let trouble = Trouble::TooLarge { messages, limit };
        teller.note(Topic::New, "max-size", trouble);
    }
    with(|decision| *decision == Decision::Fetch)
}

/// Which of these are here; tells of what waits here to be delivered.
fn known(
    subject: &Subject<'_>,
    listed: &[(&[u8], Octets)],
    record: &Record,
    teller: &mut Teller<'_>,
) -> Result<Vec<bool>, state::Error> {
    let Some(account) = record.account(subject)? else {
        return Ok(vec![false; listed.len()]);
    };
    let facts = account.facts(&account.present()?, listed, &HashSet::new())?;
    let owed = account.owed()?;
    let reason = owed.iter().find_map(|owed| owed.reason.clone());
    if let Some(reason) = reason {
        let messages = owed.len();
        let trouble = Trouble::Waiting { messages, reason };
        teller.note(Topic::New, "what waits here", trouble);
    }
    Ok(facts
        .standings
        .iter()
        .map(state::Standing::is_known)
        .collect())
}

/// So many of these.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
