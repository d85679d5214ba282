//! Asks how an account logs in, and where its password is kept.
//!
//! Invariants: no password is an argument; a keyring is offered only where one answers.

use crate::cli::args::AccountAdd;
use crate::cli::usage::{Cancelled, OfAccount};
use crate::cli::{login, report};
use crate::config::{Account, Setting};
use crate::credentials;
use crate::providers::{Login, Pop3, Provider};
use crate::secret::Secret;

use super::ask::Asker;
use super::server::Server;
use super::words;

/// What an account logs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// A password in the keyring.
    Keyring,
    /// A password in a new file beside the configuration.
    NewFile,
    /// A password in a file that is there.
    File(String),
    /// A password that a command prints.
    Command(String),
    /// Tokens that this client gets.
    OAuth2 {
        /// The client.
        id: String,
        /// The command that prints its secret, where it has one.
        secret: Option<String>,
    },
}

impl Keep {
    /// The keys that say it; the new file has this name.
    pub(super) fn settings(&self, new_file: &str) -> Vec<(&'static str, Setting)> {
        let text = |text: &str| Setting::Text(text.to_owned());
        match self {
            Self::Keyring => Vec::new(),
            Self::NewFile => vec![("password-file", text(new_file))],
            Self::File(path) => vec![("password-file", text(path))],
            Self::Command(command) => vec![("password-command", text(command))],
            Self::OAuth2 { id, secret } => {
                let mut table = vec![("client-id", Setting::from(id.clone()))];
                table.extend(
                    secret
                        .clone()
                        .map(|secret| ("client-secret-command", secret.into())),
                );
                vec![("oauth", Setting::Table(table))]
            }
        }
    }

    /// Whether popfetch is to keep a password that is typed.
    pub(super) fn is_typed(&self) -> bool {
        matches!(self, Self::Keyring | Self::NewFile)
    }
}

/// What stands in for the answers of [`ask`] before they are given.
pub(super) fn placeholder(server: &Server) -> Keep {
    if takes_tokens_only(server) {
        Keep::OAuth2 {
            id: "-".to_owned(),
            secret: Some("-".to_owned()),
        }
    } else {
        Keep::Keyring
    }
}

/// Whether there is no password that could be asked for.
pub(super) fn takes_tokens_only(server: &Server) -> bool {
    let takes = |pop3: &Pop3, login| pop3.takes(login);
    server
        .known
        .and_then(Provider::pop3)
        .is_some_and(|pop3| !takes(pop3, Login::Password) && !takes(pop3, Login::AppPassword))
}

/// Says what the provider wants, and asks how the account logs in. `account` is as far as it is known.
pub(super) fn ask(
    options: &AccountAdd,
    server: &Server,
    account: &Account,
    home: &std::path::Path,
    asker: &Asker,
) -> anyhow::Result<Keep> {
    if let Some(provider) = server.known {
        hint(provider, &account.user, asker);
    }
    if let Some(command) = &options.password_command {
        return Ok(Keep::Command(command.clone()));
    }
    if let Some(path) = &options.password_file {
        let path = words::typed_path(&path.to_string_lossy(), home);
        return Ok(Keep::File(path));
    }
    if let Some(id) = &options.client_id {
        return Ok(Keep::OAuth2 {
            id: id.clone(),
            secret: options.client_secret_command.clone(),
        });
    }
    if takes_tokens_only(server) {
        return Ok(client(server, asker)?);
    }
    let name = account.endpoint.server();
    let owner = login::owner(account, &name);
    let keyring = match credentials::is_there(owner, &asker.stop) {
        Err(credentials::Error::Stopped) => return Err(Cancelled.into()),
        found => found,
    };
    if options.keyring {
        keyring.map_err(OfAccount::of(&account.name))?;
        return Ok(Keep::Keyring);
    }
    let has_keyring = keyring.is_ok();
    if !asker.chooses() {
        return Ok(if has_keyring {
            Keep::Keyring
        } else {
            Keep::NewFile
        });
    }
    let mut places = Vec::new();
    if has_keyring {
        places.push((
            "in this session's keyring, which cron may not reach",
            Keep::Keyring,
        ));
    }
    places.push(("in a file that only you can read", Keep::NewFile));
    places.push((
        "elsewhere: a command prints it, such as pass",
        Keep::Command(String::new()),
    ));
    let question = if has_keyring {
        "Where is the password to be kept?"
    } else {
        "Where is the password to be kept? (No keyring answers here.)"
    };
    match asker.choose(question, &places, |_| None)? {
        Keep::Command(_) => {
            let command = asker.line("Command", None)?;
            Ok(Keep::Command(command))
        }
        keep => Ok(keep),
    }
}

/// Asks for the password.
pub(super) fn password(
    server: &Server,
    account: &Account,
    asker: &Asker,
) -> anyhow::Result<Secret> {
    let takes = |login| {
        let pop3 = server.known.and_then(Provider::pop3);
        pop3.is_some_and(|pop3| pop3.takes(login))
    };
    let kind = if takes(Login::AppPassword) && !takes(Login::Password) {
        "App password"
    } else {
        "Password"
    };
    let question = format!("{kind} of {} (it is not shown)", account.user);
    loop {
        if let Some(secret) = asker.secret(&question)? {
            return Ok(secret);
        }
        report::say(&"Please type a password, or press Ctrl-C to end.");
    }
}

/// What the provider wants of those who log in, a sentence a line.
fn hint(provider: &Provider, user: &str, asker: &Asker) {
    for clause in provider.login_hint(user).split("; ") {
        let mut letters = clause.chars();
        let first: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        // An address is to be copied as it is.
        let ends_in_address = clause
            .rsplit(' ')
            .next()
            .is_some_and(|word| word.contains("://"));
        let stop = if ends_in_address { "" } else { "." };
        asker.tell_behind("  ", &format!("{first}{}{stop}", letters.as_str()));
    }
}

/// Asks which client of an OAuth2 server popfetch is to be.
fn client(server: &Server, asker: &Asker) -> Result<Keep, Cancelled> {
    let name = server.known.map_or("It", |provider| provider.name);
    asker.tell("");
    asker.tell(&format!(
        "{name} lets programs in by OAuth2 only, and popfetch has no client of its own there. `man popfetch-config` says how to register one; it has an id, which is no secret."
    ));
    let id = asker.line("Client id", None)?;
    let oauth = server
        .known
        .and_then(Provider::pop3)
        .and_then(|pop3| pop3.oauth);
    let secret = if oauth.is_some_and(|oauth| oauth.needs_secret) {
        report::say(
            &"This provider gives a secret with it: which command prints that, such as pass?",
        );
        Some(asker.line("Command", None)?)
    } else {
        None
    };
    Ok(Keep::OAuth2 { id, secret })
}
