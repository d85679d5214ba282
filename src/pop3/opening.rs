//! A maildrop that is being opened: the login and the listings are asked for, and the server is at work.
//!
//! It refuses to know what the listings are for. Invariant: what was asked for ahead is answered before the session can be
//! used.

use std::io::{Read, Write};

use super::auth::Attempt;
use super::error::Error;
use super::listing::{SizeListing, UidListing};
use super::reply::Reply;
use super::session::{Probed, Session};
use super::transport::Line;

/// A login whose reply is on its way; whoever has something else to do may do it now.
#[derive(Debug)]
pub struct Opening<S> {
    session: Session<S>,
    login: Attempt,
    /// LIST and UIDL are in flight, too.
    is_asked: bool,
}

/// What a server says of the messages in a maildrop, or why it does not.
#[derive(Debug)]
pub struct Listings {
    /// The reply to LIST.
    pub sizes: Result<SizeListing, Reply>,
    /// The reply to UIDL.
    pub uids: Result<UidListing, Reply>,
}

impl<S: Read + Write> Opening<S> {
    pub(super) fn new(session: Session<S>, login: Attempt, is_asked: bool) -> Self {
        Self {
            session,
            login,
            is_asked,
        }
    }

    /// Waits for the login and both listings.
    ///
    /// # Errors
    /// [`Error::Login`] if the server refuses; else the connection is lost or the protocol broken.
    pub fn finish(mut self) -> Result<(Session<S>, Listings), Error> {
        let (sizes, is_asked) = self.session.open(&mut self.login, self.is_asked)?;
        let uids = self.session.uids(is_asked)?;
        Ok((self.session, Listings { sizes, uids }))
    }
}

impl Opening<Line> {
    /// The same; where nothing is sent ahead yet and that is `worth` it for so many messages, it is found out on the way
    /// whether it can be, as by [`Session::probe`].
    ///
    /// # Errors
    /// As for [`Opening::finish`].
    pub fn finish_probing(
        mut self,
        worth: impl FnOnce(usize) -> bool,
    ) -> Result<(Session<Line>, Listings, Option<Probed>), Error> {
        let (sizes, is_asked) = self.session.open(&mut self.login, self.is_asked)?;
        let listed = sizes.as_ref().map_or(0, |sizes| sizes.iter().len());
        let (uids, probed) = if !self.session.is_pipelined() && worth(listed) {
            let (uids, probed) = self.session.uids_and_probe()?;
            (uids, Some(probed))
        } else {
            (self.session.uids(is_asked)?, None)
        };
        Ok((self.session, Listings { sizes, uids }, probed))
    }
}
