//! How an account logs in: judges the keys that say so, and brings them together with the source of what is needed.
//!
//! It refuses to know whether a server agrees. Invariant: what comes out fits together: a mechanism gets what it needs.

use std::ops::Range;

use super::oauth;
use super::problem::Problem;
use super::schema::{self, Settings};
use super::spelling;
use super::values::{self, Value};
use crate::credentials::Source;
use crate::pop3::{Auth, Mechanism, Need, Proxy};
use crate::providers::{self, Access, Pop3, Provider};

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

/// The key of a provider.
pub(super) fn provider(value: &Value<'_>) -> Result<&'static Provider, Problem> {
    let key = values::string("provider", value)?;
    let Some(provider) = providers::by_key(key) else {
        let problem = Problem::wrong_value("provider", value, "none that popfetch knows");
        let known = providers::all().iter().map(|provider| provider.key);
        return Err(match spelling::nearest(&key.to_lowercase(), known) {
            Some(meant) => problem.help(format!("did you mean `\"{meant}\"`?")),
            None => problem.help("popfetch-config(5) lists them; for another set `host`"),
        });
    };
    match &provider.access {
        Access::Pop3(_) => Ok(provider),
        Access::None(instead) => {
            let message = format!("{} cannot be fetched from by POP3", provider.name);
            Err(Problem::new(value.span(), message).help(*instead))
        }
    }
}

/// What a table's provider fills in.
pub(super) fn preset(settings: &Settings) -> Option<&'static Pop3> {
    settings.provider.get()?.pop3()
}

/// How an account logs in, finished.
pub(super) struct Login {
    pub(super) auth: Auth,
    pub(super) need: Need,
    pub(super) source: Source,
}

/// What of the server's terms counts for the login.
pub(super) struct Terms<'t> {
    /// There is a certificate that says who logs in.
    pub(super) is_certified: bool,
    /// Tokens are fetched through it, too.
    pub(super) proxy: Option<&'t Proxy>,
}

/// Brings together how an account logs in and what with.
pub(super) fn login(
    written: &schema::Account,
    defaults: &Settings,
    server: Option<&'static Provider>,
    terms: &Terms<'_>,
    problems: &mut Vec<Problem>,
) -> Login {
    let own = &written.settings;
    let wanted = own.auth.or(&defaults.auth);
    let auth = wanted.get().unwrap_or_default();
    // The account's own source stands in place of the defaults', of whatever kind that is.
    let pop3 = server.and_then(Provider::pop3);
    let known = pop3.and_then(|pop3| pop3.oauth);
    let stated = source(own, known, problems).or_else(|| source(defaults, known, problems));
    let need = match (auth, &stated) {
        (Auth::Only(mechanism), _) => mechanism.needs(),
        (Auth::Auto, Some(Source::TokenCommand(_) | Source::OAuth2(_))) => Need::Token,
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
        (Need::Certificate, _) => {
            if !terms.is_certified {
                problems.push(mismatch(
                    "it takes a client certificate: set `tls-client-cert`",
                ));
            }
            Source::NotNeeded
        }
        (Need::Token, Some(Source::OAuth2(mut client))) => {
            client.proxy = terms.proxy.map(oauth::proxy_address);
            Source::OAuth2(client)
        }
        (Need::Token, Some(source @ Source::TokenCommand(_))) => source,
        (Need::Token, _) => {
            problems.push(mismatch(
                "it takes an OAuth2 token: set `token-command`, or `oauth` for the built-in login",
            ));
            Source::Unstated
        }
        (Need::Password, Some(Source::TokenCommand(_) | Source::OAuth2(_))) => {
            problems.push(mismatch(
                "it takes a password, and `token-command` and `oauth` give a token: leave `auth` out",
            ));
            Source::Unstated
        }
        (Need::Password, stated) => {
            let takes = |way| pop3.is_some_and(|pop3| pop3.takes(way));
            let is_told = takes(providers::Login::OAuth2)
                && !takes(providers::Login::Password)
                && !takes(providers::Login::AppPassword);
            if let (true, Some(server)) = (is_told, server) {
                let message = format!("{} takes no passwords, only OAuth2", server.name);
                let problem = Problem::new(written.span.clone(), message);
                problems.push(problem.help("register a client as popfetch-config(5) says, and set `oauth = { client-id = \"…\" }`; or set `token-command`"));
            }
            stated.unwrap_or(Source::Unstated)
        }
    };
    Login { auth, need, source }
}

/// The keys of which one table may hold only one.
pub(super) fn sources(settings: &Settings) -> [(&'static str, Option<Range<usize>>); 5] {
    [
        ("password", settings.password.place()),
        ("password-command", settings.password_command.place()),
        ("password-file", settings.password_file.place()),
        ("token-command", settings.token_command.place()),
        ("oauth", settings.oauth.place()),
    ]
}

fn source(
    settings: &Settings,
    known: Option<&providers::OAuth>,
    problems: &mut Vec<Problem>,
) -> Option<Source> {
    let literal = settings.password.get().map(Source::Literal);
    let stated = literal
        .or_else(|| settings.password_command.get().map(Source::Command))
        .or_else(|| settings.password_file.get().map(Source::File))
        .or_else(|| settings.token_command.get().map(Source::TokenCommand));
    if stated.is_some() {
        return stated;
    }
    let table = settings.oauth.get()?;
    match oauth::client(&table, known) {
        Ok(client) => Some(Source::OAuth2(Box::new(client))),
        Err(missing) => {
            let place = settings.oauth.place().unwrap_or_default();
            let problem = Problem::new(place, format!("`oauth` lacks {missing}"));
            let help = if known.is_some() {
                "this provider gives a secret together with the client's id: set `client-secret-command`, or `client-secret`"
            } else {
                "the provider says what they are; for those that popfetch knows, `provider` fills most of it in"
            };
            problems.push(problem.help(help));
            None
        }
    }
}
