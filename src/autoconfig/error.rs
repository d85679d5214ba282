//! Why the server of an address was not found.
//!
//! Invariant: nothing of an answer is quoted, only what is wrong with it.

/// A lookup that came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no domain in it that could be asked.
    #[error("the address has no domain that could be asked")]
    Address,
    /// It is no XML, too long, or of another kind.
    #[error("what {server} publishes is no configuration for mail programs: {reason}")]
    Document {
        /// The host that said it.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It names none, or none that is any good.
    #[error("{server} publishes no POP3 server")]
    NoPop3 {
        /// The host that said it.
        server: String,
    },
    /// It is the address of something else.
    #[error("the address of an autoconfig document begins with https://")]
    NotHttps,
    /// Nobody publishes anything.
    #[error("nothing is published about {domain}")]
    Nowhere {
        /// The domain.
        domain: String,
    },
    /// The server says no.
    #[error("{server} answers with status {status}")]
    Status {
        /// The server.
        server: String,
        /// Its number.
        status: u16,
    },
    /// A stop was asked for in the meantime.
    #[error("stopped before an answer came")]
    Stopped,
    /// The server did not answer in time.
    #[error("{server} does not answer")]
    TimedOut {
        /// The server.
        server: String,
    },
    /// The server could not be reached, or not be trusted.
    #[error("cannot ask {server}")]
    Unreachable {
        /// The server.
        server: String,
        /// Why not.
        source: Box<ureq::Error>,
    },
}

impl Error {
    /// Whether somebody answered, if with nothing of use.
    pub(super) fn is_near(&self) -> bool {
        matches!(self, Self::Document { .. } | Self::NoPop3 { .. })
    }
}
