//! Explains each message on the server and asks for its header, for somebody to read.
//!
//! It refuses to read headers: whoever asked does, one at a time, so that no more of them is kept than is wanted. Invariant:
//! neither the server's mail nor the state nor the destination is changed; only TOP is sent for a message.

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

/// What is on the server, or what of it is not here yet. `read` makes of each header what is to be known of it; there is
/// nothing where the server does not give one.
///
/// # Errors
/// The server, the password or the ledger cannot be used.
pub fn list<T>(
    job: &Job<'_>,
    ledger: Option<&Ledger>,
    only_new: bool,
    read: impl FnMut(&[u8]) -> T,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<Vec<(Explained, Option<T>)>, Error> {
    let (mut session, mut explained) = look(job, ledger, observer, tally)?;
    tally.listed = explained.len();
    if only_new {
        explained.retain(|it| matches!(it.presence, Presence::New | Presence::Doubtful));
    }
    observer.notice(Event::Headers(explained.len()));
    let headers = ask(&mut session, &explained, read, tally)?;
    leave(session);
    Ok(explained.into_iter().zip(headers).collect())
}

/// Asks for the headers of these; gives one result for each.
fn ask<S: Read + Write, T>(
    session: &mut Session<S>,
    explained: &[Explained],
    mut read: impl FnMut(&[u8]) -> T,
    tally: &mut Tally,
) -> Result<Vec<Option<T>>, Error> {
    let is_hopeless = Cell::new(false);
    let numbers = explained.iter().map(|message| message.number);
    let mut replies = session.headers(numbers.take_while(|_| !is_hopeless.get()));
    let (mut headers, mut given) = (Vec::with_capacity(explained.len()), false);
    let mut refusal: Option<Reply> = None;
    while let Some(came) = replies.next()? {
        match came {
            Retrieved::Message(_, body) => {
                headers.push(Some(read(&start(body)?)));
                given = true;
            }
            Retrieved::Refused(_, reply) => {
                headers.push(None);
                refusal.get_or_insert(reply);
                is_hopeless.set(!given && headers.len() >= ENOUGH_REFUSALS);
            }
        }
    }
    if !given {
        tally.no_headers = refusal;
    }
    headers.resize_with(explained.len(), || None);
    Ok(headers)
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
