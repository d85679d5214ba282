//! How an account logs in: judges the keys that say so, and brings them together with the source of what is needed.
//!
//! It refuses to know whether a server agrees. Invariant: what comes out fits together: a mechanism gets what it needs.

use super::problem::Problem;
use super::schema::{self, Settings};
use super::spelling;
use super::values::{self, Value};
use crate::credentials::Source;
use crate::pop3::{Auth, Mechanism, Need};

/// A word for a mechanism.
pub(super) fn auth(value: &Value<'_>) -> Result<Auth, Problem> {
    let word = values::string("auth", value)?;
    word.parse().map_err(|_| {
        let words = Mechanism::ALL.map(Mechanism::word);
        let known = words.iter().copied().chain(["auto"]);
        let problem = Problem::wrong_value("auth", value, "none of them");
        match spelling::nearest(&word.to_lowercase(), known) {
            Some(meant) => problem.help(format!("did you mean `\"{meant}\"`?")),
            None => problem.help(format!("they are: auto, {}", words.join(", "))),
        }
    })
}

/// How an account logs in, finished.
pub(super) struct Login {
    pub(super) auth: Auth,
    pub(super) need: Need,
    pub(super) source: Source,
}

/// Brings together how an account logs in and what with.
pub(super) fn login(
    written: &schema::Account,
    defaults: &Settings,
    problems: &mut Vec<Problem>,
) -> Login {
    let own = &written.settings;
    let wanted = own.auth.or(&defaults.auth);
    let auth = wanted.get().unwrap_or_default();
    // The account's own source stands in place of the defaults', of whatever kind that is.
    let stated = source(own).or_else(|| source(defaults));
    let need = match (auth, &stated) {
        (Auth::Only(mechanism), _) => mechanism.needs(),
        (Auth::Auto, Some(Source::TokenCommand(_))) => Need::Token,
        (Auth::Auto, _) => Need::Password,
    };
    let mismatch = |help: &str| {
        let name = &written.name;
        let word = match auth {
            Auth::Auto => "auto",
            Auth::Only(mechanism) => mechanism.word(),
        };
        let message = format!("account `{name}` has nothing to log in with by `{word}`");
        let place = wanted.place().unwrap_or_else(|| written.span.clone());
        Problem::new(place, message).help(help)
    };
    let source = match (need, stated) {
        (Need::Certificate, _) => Source::NotNeeded,
        (Need::Token, Some(source @ Source::TokenCommand(_))) => source,
        (Need::Token, _) => {
            problems.push(mismatch(
                "it takes an OAuth2 token: set `token-command`, or `oauth` for the built-in login",
            ));
            Source::Unstated
        }
        (Need::Password, Some(Source::TokenCommand(_))) => {
            problems.push(mismatch(
                "it takes a password, and `token-command` gives a token: leave `auth` out",
            ));
            Source::Unstated
        }
        (Need::Password, stated) => stated.unwrap_or(Source::Unstated),
    };
    Login { auth, need, source }
}

/// The keys of which one table may hold only one.
pub(super) fn sources(settings: &Settings) -> [(&'static str, Option<std::ops::Range<usize>>); 4] {
    [
        ("password", settings.password.place()),
        ("password-command", settings.password_command.place()),
        ("password-file", settings.password_file.place()),
        ("token-command", settings.token_command.place()),
    ]
}

fn source(settings: &Settings) -> Option<Source> {
    let literal = settings.password.get().map(Source::Literal);
    literal
        .or_else(|| settings.password_command.get().map(Source::Command))
        .or_else(|| settings.password_file.get().map(Source::File))
        .or_else(|| settings.token_command.get().map(Source::TokenCommand))
}
