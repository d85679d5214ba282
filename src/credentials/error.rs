//! Why a secret could not be found.
//!
//! The messages name the source and never hold what it gave.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The key of the configuration that names a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `password-command`
    Password,
    /// `token-command`
    Token,
    /// `client-secret-command`
    ClientSecret,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password => "password-command",
            Self::Token => "token-command",
            Self::ClientSecret => "client-secret-command",
        })
    }
}

/// A source of secrets that failed. No other source is asked instead: what is configured is what is meant.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program could not be started, or what it printed not be read.
    #[error("cannot run the {key} {program}")]
    Command {
        /// What it is configured as.
        key: Key,
        /// The program's name.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The program failed.
    #[error("the {key} {program} failed ({status}){}", said(stderr))]
    CommandFailed {
        /// What it is configured as.
        key: Key,
        /// The program's name.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The start of what it printed to standard error, harmless.
        stderr: String,
    },
    /// The program took too long.
    #[error("the {key} {program} did not end within {seconds} seconds")]
    CommandTimedOut {
        /// What it is configured as.
        key: Key,
        /// The program's name.
        program: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A source gave an empty first line, or no text.
    #[error("{source_name} gave no password")]
    Empty {
        /// Which source.
        source_name: String,
    },
    /// The program that gives tokens gave an empty first line, or no text.
    #[error("{source_name} gave no token")]
    NoToken {
        /// Which program.
        source_name: String,
    },
    /// Others can read the file.
    #[error("{} can be read by others (mode {mode:04o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another user could have any file read in place of this one.
    #[error("{} is a symbolic link, which another user made or can change", path.display())]
    Led {
        /// The link.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the password from {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The keyring cannot be used.
    #[error("cannot use the keyring: {reason}")]
    Keyring {
        /// What it says.
        reason: String,
    },
    /// No source has a password for the account.
    #[error("there is no password for this account{}", keyring.as_deref().map(|reason| format!(" (the keyring cannot be asked: {reason})")).unwrap_or_default())]
    Nowhere {
        /// Why the keyring could not be asked, if it could not.
        keyring: Option<String>,
    },
    /// There is no token to be had from the built-in login.
    #[error(transparent)]
    OAuth2(Box<super::oauth2::Error>),
    /// Asking on the terminal failed.
    #[error("cannot ask for the password")]
    Prompt {
        /// Why not.
        source: io::Error,
    },
    /// The run was told to end while a source was waited for.
    #[error("stopped before the login")]
    Stopped,
}

/// A stop is one, whoever was stopped.
impl From<super::oauth2::Error> for Error {
    fn from(error: super::oauth2::Error) -> Self {
        match error {
            super::oauth2::Error::Stopped => Self::Stopped,
            error => Self::OAuth2(Box::new(error)),
        }
    }
}

/// The second half of a sentence about a program that printed something, or nothing.
fn said(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(": {stderr}")
    }
}
