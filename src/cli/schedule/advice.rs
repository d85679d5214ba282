//! Says whether a timer will find the accounts' passwords and programs, and what to do where it will not.
//!
//! It refuses to look a password up: a keyring that is unlocked now says nothing of the night. Invariant: no secret is
//! in what it says.

use std::path::Path;

use super::Kind;
use super::job::Job;
use crate::check::CRON_PATH;
use crate::cli::{login, secrets, visible};
use crate::config::Account;
use crate::credentials::Source;
use crate::credentials::oauth2::Keeper;
use crate::delivery::Destination;

/// A line for each account, and one for each program that would not be found.
pub(super) fn of_accounts(kind: Kind, accounts: &[&Account], state: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for account in accounts {
        let name = visible::text(&account.name);
        lines.push(format!("{name}: {}", secret(kind, account, state)));
        let programs = programs(account).into_iter();
        let lost = programs.filter(|program| kind == Kind::Cron && !is_in_path(program));
        for program in lost {
            lines.push(format!(
                "{name}: cron will not find {}: give its full path in the configuration",
                visible::text(program)
            ));
        }
    }
    lines
}

/// What is to be known of the program itself.
pub(super) fn of_job(job: &Job) -> Option<String> {
    job.is_fleeting().then(|| {
        format!(
            "{} is in a folder that cargo cleans: install popfetch first (`cargo install --path .`)",
            job.program
        )
    })
}

fn secret(kind: Kind, account: &Account, state: &Path) -> String {
    let name = visible::text(&account.name);
    match &account.secret {
        Source::Literal(_) => "its password is in the configuration, and will be found".to_owned(),
        Source::File(_) => "its password is in a file, and will be found".to_owned(),
        Source::NotNeeded => "it needs no password".to_owned(),
        Source::Command(_) => {
            "its password comes from password-command, which must not ask anybody".to_owned()
        }
        Source::TokenCommand(_) => {
            "its token comes from token-command, which must not ask anybody".to_owned()
        }
        Source::OAuth2(_) if has_tokens_file(account, state) => {
            "its OAuth2 tokens are in a file, and will be found".to_owned()
        }
        Source::OAuth2(_) => format!(
            "its OAuth2 tokens are in the keyring, which {}; `popfetch login {name} --no-keyring` keeps them in a file",
            keyring(kind)
        ),
        Source::Unstated => {
            let cure = match kind {
                Kind::Systemd => format!(
                    "password-command finds it always, and so does LoadCredential=popfetch.{name}:FILE in the service"
                ),
                Kind::Cron | Kind::Launchd => "password-command finds it always".to_owned(),
            };
            format!(
                "its password is looked up in the keyring, which {}; {cure}",
                keyring(kind)
            )
        }
    }
}

/// When the keyring can be read.
fn keyring(kind: Kind) -> &'static str {
    match kind {
        Kind::Cron => "cron has only while you are logged in, if at all",
        Kind::Systemd => {
            "is there while you are logged in and it is unlocked (`loginctl enable-linger` keeps the timer running, not the keyring)"
        }
        Kind::Launchd => "is there while you are logged in",
    }
}

fn has_tokens_file(account: &Account, state: &Path) -> bool {
    let server = account.endpoint.server();
    Keeper::new(
        login::owner(account, &server),
        secrets::tokens_folder(state),
    )
    .has_file()
}

/// The programs that a run of this account starts.
fn programs(account: &Account) -> Vec<&str> {
    let mut programs: Vec<&str> = Vec::new();
    if let Source::Command(argv) | Source::TokenCommand(argv) = &account.secret {
        programs.extend(argv.first().map(String::as_str));
    }
    for destination in &account.destinations {
        if let Destination::Pipe(program) = destination {
            programs.extend(program.argv.first().map(String::as_str));
        }
    }
    if let Some(program) = &account.after_sync {
        programs.extend(program.argv.first().map(String::as_str));
    }
    programs
}

fn is_in_path(program: &str) -> bool {
    program.contains('/')
        || CRON_PATH
            .split(':')
            .any(|folder| Path::new(folder).join(program).is_file())
}
