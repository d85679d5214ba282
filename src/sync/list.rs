//! Explains each message on the server and asks for its header, for somebody to read.
//!
//! It refuses to read headers: whoever asked does, one at a time, and none of them is kept. Invariant: neither the server's
//! mail nor the state nor the destination is changed; only TOP is sent for a message.

use std::cell::Cell;
use std::io::{Read, Write};

use super::Job;
use super::explain::{Explained, Presence, leave, look};
use super::headers::HeaderEnd;
use super::observer::{Event, Observer};
use super::outcome::{Error, Tally};
use crate::pop3::{Body, Reply, Retrieved, Session};
use crate::state::Ledger;

/// How much of a header is read: what people want to see comes before this, and a hostile one may never end.
const MAX_HEADER: usize = 64 * 1024;

/// A server that refuses so many headers, and gives none, has no TOP (RFC 1939 §7: it is optional).
const ENOUGH_REFUSALS: usize = 10;

/// A message on the server, as soon as its header came.
#[derive(Clone, Copy, Debug)]
pub struct Came<'l> {
    /// How many there are on the server.
    pub total: usize,
    /// All that are listed.
    pub listed: &'l [Explained],
    /// Which of these it is.
    pub at: usize,
    /// Its header, where the server gives it.
    pub header: Option<&'l [u8]>,
}

/// What is on the server, or what of it is not here yet; each is shown in its turn.
///
/// # Errors
/// The server, the password or the ledger cannot be used.
pub fn list(
    job: &Job<'_>,
    ledger: Option<&Ledger>,
    only_new: bool,
    mut show: impl FnMut(Came<'_>),
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<Vec<Explained>, Error> {
    let (mut session, mut listed) = look(job, ledger, observer, tally)?;
    let total = listed.len();
    tally.listed = total;
    if only_new {
        listed.retain(|it| matches!(it.presence, Presence::New | Presence::Doubtful));
    }
    observer.notice(Event::Headers(listed.len()));
    let show = |at, header: Option<&[u8]>| {
        show(Came {
            total,
            listed: &listed,
            at,
            header,
        });
    };
    tally.no_headers = ask(&mut session, &listed, show)?;
    leave(session);
    Ok(listed)
}

/// Asks for the headers of these, and shows each or that there is none; gives a refusal where all were refused.
fn ask<S: Read + Write>(
    session: &mut Session<S>,
    listed: &[Explained],
    mut show: impl FnMut(usize, Option<&[u8]>),
) -> Result<Option<Reply>, Error> {
    let is_hopeless = Cell::new(false);
    let numbers = listed.iter().map(|message| message.number);
    let mut replies = session.headers(numbers.take_while(|_| !is_hopeless.get()));
    let (mut asked, mut given) = (0, false);
    let mut refusal: Option<Reply> = None;
    while let Some(came) = replies.next()? {
        match came {
            Retrieved::Message(_, body) => {
                show(asked, Some(&start(body)?));
                given = true;
            }
            Retrieved::Refused(_, reply) => {
                show(asked, None);
                refusal.get_or_insert(reply);
                is_hopeless.set(!given && asked + 1 >= ENOUGH_REFUSALS);
            }
        }
        asked += 1;
    }
    (asked..listed.len()).for_each(|at| show(at, None));
    Ok(refusal.filter(|_| !given))
}

/// A header as far as it is read; the rest is read past.
fn start<S: Read + Write>(mut body: Body<'_, S>) -> Result<Vec<u8>, Error> {
    let (mut start, mut end) = (Vec::new(), HeaderEnd::default());
    while let Some(chunk) = body.chunk()? {
        let header = &chunk[..end.find(chunk)];
        start.extend_from_slice(&header[..header.len().min(MAX_HEADER - start.len())]);
    }
    Ok(start)
}
