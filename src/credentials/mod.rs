//! Finds the secret that an account logs in with, and puts it into the keyring or takes it out.
//!
//! It refuses to know what the secret opens. Invariants: a source that is configured is the only one asked; no source is
//! waited for without a bound where nobody sits at a terminal; no error holds what a source gave.

mod command;
mod error;
mod file;
#[cfg(feature = "keyring")]
mod keyring;
#[cfg(not(feature = "keyring"))]
#[path = "no_keyring.rs"]
mod keyring;
pub mod oauth2;
mod prompt;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

pub use error::{Error, Key};
pub use keyring::{is_there, remove, store};
pub use prompt::ask;

use jiff::Timestamp;

use crate::secret::Secret;
use oauth2::{Freshness, Keeper};

/// Where the configuration says the password or token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the configuration file itself.
    Literal(Secret),
    /// On the first line that this program prints. Invariant: the argument list is not empty.
    Command(Vec<String>),
    /// On the first line of this file.
    File(PathBuf),
    /// On the first line that this program prints, and it is a token. Invariant: the argument list is not empty.
    TokenCommand(Vec<String>),
    /// With the built-in OAuth2 login, which keeps and renews tokens.
    OAuth2(Box<oauth2::Client>),
    /// There is none: a certificate says who logs in.
    NotNeeded,
    /// Nowhere: systemd's credentials folder, the keyring and the terminal are asked in turn.
    Unstated,
}

/// A way to ask a person a question.
pub type Prompt<'p> = dyn Fn(&str) -> Result<Secret, Error> + 'p;

/// Whose secret is wanted, and who may be asked.
pub struct Request<'r> {
    /// The account's name: systemd's credential is `popfetch.NAME`.
    pub account: &'r str,
    /// The key of the keyring's entry.
    pub owner: Owner<'r>,
    /// systemd's credentials folder, if there is one.
    pub credentials_folder: Option<&'r Path>,
    /// The folder for OAuth2 tokens that are not in the keyring.
    pub tokens_folder: &'r Path,
    /// The time by which tokens are judged.
    pub now: Timestamp,
    /// Asks on the terminal, if there is one.
    pub prompt: Option<&'r Prompt<'r>>,
    /// Set when the run is to end.
    pub stop: &'r AtomicBool,
}

/// Whose secret an entry in the keyring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'o> {
    /// The server, as [`Endpoint::server`](crate::pop3::Endpoint::server) names it.
    pub server: &'o str,
    /// The user on it.
    pub user: &'o str,
}

/// Finds the secret at its source.
///
/// # Errors
/// The source fails or gives nothing, or no source has it.
pub fn find(source: &Source, request: &Request<'_>) -> Result<Secret, Error> {
    match source {
        Source::Literal(secret) => Ok(secret.clone()),
        Source::Command(argv) => command::first_line(Key::Password, argv, request.stop),
        Source::File(path) => file::first_line(path, file::Readers::OwnerOnly),
        Source::TokenCommand(argv) => command::token(argv, request.stop),
        Source::OAuth2(client) => token(client, request, &Freshness::Kept),
        Source::NotNeeded => Ok(Secret::new("")),
        Source::Unstated => search(request),
    }
}

/// Finds another secret in place of one that the server refused; `None` where the source has no other.
///
/// # Errors
/// As for [`find`].
pub fn renew(
    source: &Source,
    request: &Request<'_>,
    refused: &Secret,
) -> Result<Option<Secret>, Error> {
    match source {
        Source::OAuth2(client) => {
            token(client, request, &Freshness::Renewed(refused.clone())).map(Some)
        }
        _ => Ok(None),
    }
}

fn token(
    client: &oauth2::Client,
    request: &Request<'_>,
    freshness: &Freshness,
) -> Result<Secret, Error> {
    let keeper = Keeper::new(request.owner, request.tokens_folder);
    let keeper = match request.prompt {
        Some(_) => keeper.attended(),
        None => keeper,
    };
    let token = oauth2::access_token(client, &keeper, freshness, request.now, request.stop);
    Ok(token?)
}

fn search(request: &Request<'_>) -> Result<Secret, Error> {
    if let Some(folder) = request.credentials_folder {
        let path = folder.join(format!("popfetch.{}", request.account));
        if path.exists() {
            // systemd guards the folder itself.
            return file::first_line(&path, file::Readers::Any);
        }
    }
    let patience = match request.prompt {
        // A person may be looking for the password of the keyring itself.
        Some(_) => Duration::from_secs(120),
        None => Duration::from_secs(5),
    };
    let keyring = match keyring::look_up(request.owner, patience, request.stop) {
        Ok(Some(secret)) => return Ok(secret),
        Ok(None) => None,
        Err(Error::Keyring { reason }) => Some(reason),
        Err(error) => return Err(error),
    };
    let Some(prompt) = request.prompt else {
        return Err(Error::Nowhere { keyring });
    };
    let question = format!(
        "Password of {} at {}: ",
        request.owner.user, request.owner.server
    );
    match prompt(&question)? {
        secret if secret.expose().is_empty() => Err(Error::Empty {
            source_name: "the prompt".to_owned(),
        }),
        secret => Ok(secret),
    }
}

/// The first line of what a source gave.
fn first_line(bytes: &[u8], source_name: &str) -> Result<Secret, Error> {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(line) if !line.is_empty() => Ok(Secret::new(line)),
        _ => Err(Error::Empty {
            source_name: source_name.to_owned(),
        }),
    }
}

/// Waits for so long, unless a stop is asked for.
fn pause(pause: Duration, stop: &AtomicBool) -> Result<(), Error> {
    // Nobody says anything.
    let (_silent, receiver) = mpsc::channel::<()>();
    wait_for(&receiver, pause, stop).map(drop)
}

/// Waits for what a thread has to say, until patience ends (`None`) or a stop is asked for.
fn wait_for<T>(
    receiver: &Receiver<T>,
    patience: Duration,
    stop: &AtomicBool,
) -> Result<Option<T>, Error> {
    const TICK: Duration = Duration::from_millis(100);
    let mut waited = Duration::ZERO;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(value) => return Ok(Some(value)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => waited += TICK,
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        if waited >= patience {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'r>(stop: &'r AtomicBool, folder: Option<&'r Path>) -> Request<'r> {
        Request {
            account: "work",
            owner: Owner {
                server: "pop.example.com",
                user: "ann",
            },
            credentials_folder: folder,
            tokens_folder: Path::new("/nonexistent"),
            now: Timestamp::UNIX_EPOCH,
            prompt: Some(&|_| Ok(Secret::new("typed"))),
            stop,
        }
    }

    #[test]
    fn only_the_first_line_counts() {
        let line = |bytes: &[u8]| first_line(bytes, "x").map(|secret| secret.expose().to_owned());
        assert_eq!(line(b"pass word\r\nuser: ann\n").unwrap(), "pass word");
        assert_eq!(line(b"no newline").unwrap(), "no newline");
        for nothing in [b"".as_slice(), b"\n", b"\r\nx", b"\xff\n"] {
            assert!(
                matches!(line(nothing), Err(Error::Empty { .. })),
                "{nothing:?}"
            );
        }
    }

    #[test]
    fn systemd_is_asked_before_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("popfetch.work"), "from systemd\n").unwrap();
        let stop = AtomicBool::new(false);
        let found = find(&Source::Unstated, &request(&stop, Some(folder.path()))).unwrap();
        assert_eq!(found.expose(), "from systemd");
    }

    #[test]
    fn a_configured_source_that_fails_is_not_replaced_by_another() {
        let stop = AtomicBool::new(false);
        let missing = Source::File("/nonexistent/password".into());
        assert!(matches!(
            find(&missing, &request(&stop, None)),
            Err(Error::File { .. })
        ));
    }
}
