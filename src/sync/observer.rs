//! What a run says of itself while it goes on.
//!
//! It refuses to know who listens: a bar, a line, nobody.

use crate::mail::Octets;

/// Hears what happens; from more than one thread.
pub trait Observer: Sync {
    /// Something happened.
    fn notice(&self, event: Event);
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server is being connected to.
    Connecting,
    /// The maildrop is being listed.
    Listing,
    /// So many headers are being read.
    Headers(usize),
    /// So much will be fetched.
    Fetching {
        /// How many messages.
        messages: usize,
        /// What the server says of their sizes.
        octets: Octets,
    },
    /// So many octets of content arrived.
    Received(Octets),
    /// A message arrived whole.
    Whole,
    /// So many messages are being deleted.
    Deleting(usize),
}
