//! Lets a message's header stand in for its uid, where the server gives none, or one that is no good.
//!
//! It refuses to read the header: all of it counts, as it comes. Invariant: no two messages of a listing get the same
//! stand-in; of several with the same header the second is `…#2`, and so on, so that their number is right; which of them
//! is which, they do not tell.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};

use sha2::{Digest as _, Sha256};

use super::outcome::{Error, Problem, Tally};
use crate::mail::{Digest, MessageNumber, Uid};
use crate::pop3::{Body, Retrieved, Session, UidListing};
use crate::state::Facts;

/// Asks for the headers of these messages; what the server does not give goes into `tally`.
pub(super) fn uids<S: Read + Write>(
    session: &mut Session<S>,
    numbers: &[MessageNumber],
    tally: &mut Tally,
) -> Result<UidListing, Error> {
    let mut uids = Vec::with_capacity(numbers.len());
    let mut seen: HashMap<Digest, usize> = HashMap::new();
    let mut is_sure = true;
    let mut headers = session.headers(numbers.iter().copied());
    while let Some(came) = headers.next()? {
        match came {
            Retrieved::Message(number, body) => {
                let digest = digest(body)?;
                let nth = seen.entry(digest).or_default();
                *nth += 1;
                let uid = match *nth {
                    1 => format!("{}{digest}", Uid::STAND_IN),
                    nth => format!("{}{digest}#{nth}", Uid::STAND_IN),
                };
                uids.push((number, uid.into_bytes()));
            }
            Retrieved::Refused(number, reply) => {
                is_sure = false;
                tally.note(Problem::NoHeader { number, reply });
            }
        }
    }
    drop(headers);
    if !is_sure {
        // Was it a line too many, each header is the next message's.
        session.make_sure()?;
    }
    Ok(uids.into_iter().collect())
}

/// What separates a digest from the number of one that is repeated.
const NUMBER: u8 = b'#';

/// Those of the stand-ins that belong to messages with the same header, where one of these has come or gone since the last
/// listing: then nobody can say which is which.
pub(super) fn ambiguous<'u>(uids: &[&'u [u8]], facts: &Facts) -> HashSet<&'u [u8]> {
    let numbered = uids.iter().filter(|uid| uid.contains(&NUMBER));
    let alike: HashSet<&[u8]> = numbered.map(|uid| unnumbered(uid)).collect();
    if alike.is_empty() {
        return alike;
    }
    let unsettled = uids.iter().enumerate();
    let unsettled = unsettled.filter(|(at, _)| !facts.is_settled(*at));
    let unsettled = unsettled.map(|(_, uid)| *uid).chain(facts.gone());
    let changed: HashSet<&[u8]> = unsettled.map(unnumbered).collect();
    let is_ambiguous = |uid: &&[u8]| {
        let header = unnumbered(uid);
        alike.contains(header) && changed.contains(header)
    };
    uids.iter().copied().filter(is_ambiguous).collect()
}

fn unnumbered(uid: &[u8]) -> &[u8] {
    memchr::memchr(NUMBER, uid).map_or(uid, |at| &uid[..at])
}

/// The digest of a header, up to its empty line: some servers send more than was asked for.
fn digest<S: Read + Write>(mut body: Body<'_, S>) -> Result<Digest, Error> {
    let (mut sha, mut end) = (Sha256::new(), HeaderEnd::default());
    while let Some(chunk) = body.chunk()? {
        sha.update(&chunk[..end.find(chunk)]);
    }
    Ok(Digest(sha.finalize().into()))
}

/// Finds the end of a header that streams by.
pub(super) struct HeaderEnd {
    /// How much of CRLF CRLF came last; the start counts as the start of a line.
    matched: usize,
}

impl Default for HeaderEnd {
    fn default() -> Self {
        Self { matched: 2 }
    }
}

impl HeaderEnd {
    const END: &[u8; 4] = b"\r\n\r\n";

    /// How much of this chunk is header.
    pub(super) fn find(&mut self, chunk: &[u8]) -> usize {
        for (at, byte) in chunk.iter().enumerate() {
            if self.matched == Self::END.len() {
                return at;
            }
            self.matched = match (self.matched, byte) {
                (matched, byte) if Self::END[matched] == *byte => matched + 1,
                (_, b'\r') => 1,
                _ => 0,
            };
        }
        chunk.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(chunks: &[&[u8]]) -> Vec<u8> {
        let mut end = HeaderEnd::default();
        let heads = chunks.iter().map(|chunk| &chunk[..end.find(chunk)]);
        heads.collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_header_ends_at_its_empty_line_however_it_is_split() {
        let message = b"A: 1\r\nB: \r2\r\n\r\nbody\r\n\r\n";
        for size in 1..message.len() {
            let chunks: Vec<&[u8]> = message.chunks(size).collect();
            assert_eq!(header(&chunks), b"A: 1\r\nB: \r2\r\n\r\n", "{size}");
        }
    }

    #[test]
    fn a_message_may_have_no_header_or_nothing_else() {
        assert_eq!(header(&[b"\r\nbody"]), b"\r\n");
        assert_eq!(header(&[b"A: 1\r\n"]), b"A: 1\r\n");
    }
}
