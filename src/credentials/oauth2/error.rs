//! Why there is no access token.
//!
//! What a server said is escaped and bounded here, and what was sent to it in secret is taken out of it: no message
//! holds a token, a code or a client's secret.

use std::io;
use std::path::{Path, PathBuf};

use crate::credentials;

/// How much of a server's own words a message holds.
const MAX_SAID: usize = 300;

/// A login by OAuth2 that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address of the configuration is none.
    #[error("{what} is not an address that can be used")]
    Address {
        /// Which one. It is not shown: a proxy's holds a password.
        what: &'static str,
    },
    /// Another process renews the same tokens and does not come to an end.
    #[error("another popfetch is renewing the OAuth2 tokens of this account")]
    Busy,
    /// The secret of the client could not be found.
    #[error("cannot find the client's secret for OAuth2")]
    ClientSecret {
        /// Why not.
        source: credentials::Error,
    },
    /// What is kept cannot be understood.
    #[error("the OAuth2 tokens in {place} are damaged: {reason}")]
    Damaged {
        /// The file, or the keyring.
        place: String,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// The person said no, or may not say yes (RFC 6749 §4.1.2.1, RFC 8628 §3.5).
    #[error("the access was not allowed{}", said(description))]
    Denied {
        /// What the server says about it.
        description: String,
    },
    /// The access token has ended and there is no refresh token.
    #[error(
        "the OAuth2 login has ended, and the server gave no refresh token that could prolong it"
    )]
    Expired,
    /// Others can read the file.
    #[error("{} can be read by others (mode {mode:04o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file of the tokens cannot be read, written or removed.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The address is neither https nor on this host.
    #[error("{url} is not an https address: secrets are not sent to it")]
    Insecure {
        /// The address.
        url: String,
    },
    /// The keyring cannot be asked for the tokens, and there is no file with them.
    #[error("the OAuth2 tokens cannot be looked for")]
    Keyring {
        /// Why not.
        source: credentials::Error,
    },
    /// No port of this host can be listened on.
    #[error("cannot listen for the browser on this host")]
    Listen {
        /// Why not.
        source: io::Error,
    },
    /// There is no address for a login by device code.
    #[error(
        "there is no device code address: this provider can only be logged in to with a browser"
    )]
    NoDevice,
    /// The server did not answer as the protocol says.
    #[error("{server} gave no sensible answer: {reason}")]
    Nonsense {
        /// Its name.
        server: String,
        /// What was wrong.
        reason: String,
    },
    /// There are no tokens, or they are another client's.
    #[error("there is no OAuth2 login for this account")]
    NotLoggedIn,
    /// What was pasted holds no code, or another login's.
    #[error("what was pasted is not the address of this login: {reason}")]
    Pasted {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server refuses the client or what it asked for.
    #[error("the OAuth2 server refuses: {error}{}", said(description))]
    Refused {
        /// The code (RFC 6749 §5.2).
        error: String,
        /// What the server says about it.
        description: String,
    },
    /// The login was taken back, or has ended (`invalid_grant`).
    #[error("the OAuth2 login is no longer valid{}", said(description))]
    Revoked {
        /// What the server says about it.
        description: String,
    },
    /// The run was told to end.
    #[error("stopped before there was an access token")]
    Stopped,
    /// Nobody finished the login.
    #[error("the login was not finished within {minutes} minutes")]
    TimedOut {
        /// How long it was waited for.
        minutes: u64,
    },
    /// The server cannot answer now.
    #[error("{server} cannot answer now ({reason})")]
    Unavailable {
        /// Its name.
        server: String,
        /// What it says.
        reason: String,
    },
    /// The server cannot be reached.
    #[error("cannot reach the OAuth2 server {server}")]
    Unreachable {
        /// Its name.
        server: String,
        /// Why not.
        source: Box<ureq::Error>,
    },
}

impl Error {
    /// Whether the same may work later without anybody doing anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Nonsense { .. }
                | Self::Stopped
                | Self::TimedOut { .. }
                | Self::Unavailable { .. }
                | Self::Unreachable { .. }
        )
    }

    /// What a server's error code means, wherever it says so.
    pub(super) fn refused(server: &str, code: &str, description: &str) -> Self {
        let error = harmless(code);
        let description = harmless(description);
        match code {
            "access_denied" => Self::Denied { description },
            // RFC 6749 §4.1.2.1 has these in place of statuses 500 and 503.
            "server_error" | "temporarily_unavailable" => Self::Unavailable {
                server: server.to_owned(),
                reason: error,
            },
            _ => Self::Refused { error, description },
        }
    }

    pub(super) fn nonsense(server: &str, reason: impl Into<String>) -> Self {
        Self::Nonsense {
            server: server.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }

    /// What a failing keyring means; a stop stays a stop.
    pub(super) fn keyring(source: credentials::Error) -> Self {
        match source {
            credentials::Error::Stopped => Self::Stopped,
            source => Self::Keyring { source },
        }
    }
}

/// A stranger's words, on one line and harmless.
pub(super) fn harmless(text: &str) -> String {
    let mut harmless = String::new();
    for character in text.trim().chars().take(MAX_SAID) {
        match character {
            // They end nothing here, and servers like them.
            '\'' | '"' => harmless.push(character),
            other => harmless.extend(other.escape_debug()),
        }
    }
    harmless
}

/// The second half of a sentence about a server that explained itself, or did not.
fn said(description: &str) -> String {
    if description.is_empty() {
        String::new()
    } else {
        format!(": {description}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_harmless_and_short() {
        let error = Error::refused(
            "x",
            "invalid_scope",
            &format!("\x1b[2J\n{}", "a".repeat(9000)),
        );
        let text = error.to_string();
        assert!(text.starts_with(r"the OAuth2 server refuses: invalid_scope: \u{1b}[2J\na"));
        assert!(text.len() < 400, "{text}");
    }

    #[test]
    fn a_server_that_says_later_is_not_refusing() {
        assert!(Error::refused("x", "temporarily_unavailable", "").is_temporary());
        assert!(!Error::refused("x", "invalid_client", "").is_temporary());
        assert!(matches!(
            Error::refused("x", "access_denied", ""),
            Error::Denied { .. }
        ));
    }
}
