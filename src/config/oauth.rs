//! Judges the table `oauth`, and makes a client of it: what the user registered, and what is known of the provider.
//!
//! It refuses to know whether the provider agrees. Invariant: a client that comes out is whole.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use toml::de::DeValue;

use super::paths::Base;
use super::problem::Problem;
use super::schema::OAuth;
use super::takes::OAUTH_KEYS;
use super::values::{self, Value};
use crate::credentials::oauth2::{self, Client, ClientSecret};
use crate::pop3::Proxy;
use crate::providers;
use crate::secret::Secret;

/// The directory of every organisation and of private accounts.
const ANY_TENANT: &str = "common";

/// How the redirect address names this machine where nothing is known of the provider (RFC 8252 §7.3).
const LOOPBACK: &str = "127.0.0.1";

/// The table.
pub(super) fn oauth(value: &Value<'_>, base: &Base<'_>) -> Result<OAuth, Problem> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(Problem::wrong_type("oauth", value));
    };
    let known = |name: &str| OAUTH_KEYS.contains(&name);
    if let Some((key, _)) = table.iter().find(|(key, _)| !known(key.get_ref())) {
        return Err(Problem::unknown_key(key, &OAUTH_KEYS));
    }
    let keys: BTreeMap<&str, &Value<'_>> = table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), value))
        .collect();
    let text = |key: &str| {
        let value = keys.get(key).copied();
        value
            .map(|value| values::line(key, value).map(str::to_owned))
            .transpose()
    };
    let address = |key: &str| {
        let value = keys.get(key).copied();
        value.map(|value| address(key, value)).transpose()
    };
    let Some(id) = text("client-id")? else {
        let problem = Problem::new(value.span(), "`oauth` lacks `client-id`");
        return Err(problem
            .help("register a client with the provider; popfetch-config(5) says how, for each"));
    };
    let command = keys.get("client-secret-command");
    let secret = match (text("client-secret")?, command) {
        (Some(_), Some(command)) => {
            let message = "`client-secret` and `client-secret-command` are both given";
            return Err(Problem::new(command.span(), message).help("keep one of them"));
        }
        (Some(secret), None) => Some(ClientSecret::Literal(Secret::new(secret))),
        (None, Some(value)) => Some(ClientSecret::Command(values::command(
            "client-secret-command",
            value,
            base,
        )?)),
        (None, None) => None,
    };
    Ok(OAuth {
        id,
        secret,
        tenant: text("tenant")?,
        authorisation_url: address("authorization-url")?,
        token_url: address("token-url")?,
        device_url: address("device-url")?,
        scope: text("scope")?,
    })
}

/// Secrets go to it: only TLS will do, or this machine itself.
fn address(key: &str, value: &Value<'_>) -> Result<String, Problem> {
    let text = values::line(key, value)?;
    if oauth2::is_safe(text) {
        Ok(text.to_owned())
    } else {
        Err(Problem::wrong_value(key, value, "another"))
    }
}

/// The proxy's address with its login percent-encoded (RFC 3986 §3.2.1).
pub(super) fn proxy_address(proxy: &Proxy) -> Secret {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let login = proxy.login.as_ref().map_or_else(String::new, |login| {
        let password = encoded(login.password().expose());
        format!("{}:{password}@", encoded(login.user()))
    });
    Secret::new(format!("socks5://{login}{proxy}"))
}

/// The client that the table means, with what is known of the provider; else what is missing.
pub(super) fn client(table: &OAuth, preset: Option<&providers::OAuth>) -> Result<Client, String> {
    let tenant = table.tenant.as_deref().unwrap_or(ANY_TENANT);
    let known = |text: &'static str| text.replace("{tenant}", tenant);
    let mut missing = Vec::new();
    let mut demand = |key, own: &Option<String>, known: Option<String>| {
        own.clone().or(known).unwrap_or_else(|| {
            missing.push(format!("`{key}`"));
            String::new()
        })
    };
    let client = Client {
        id: table.id.clone(),
        secret: table.secret.clone(),
        authorisation_url: demand(
            "authorization-url",
            &table.authorisation_url,
            preset.map(|it| known(it.authorisation_url)),
        ),
        token_url: demand(
            "token-url",
            &table.token_url,
            preset.map(|it| known(it.token_url)),
        ),
        scope: demand("scope", &table.scope, preset.map(|it| known(it.scope))),
        device_url: table
            .device_url
            .clone()
            .or_else(|| preset?.device_url.map(known)),
        parameters: preset.map_or_else(Vec::new, |it| {
            let parameters = it.parameters.iter();
            parameters
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        }),
        redirect_host: preset.map_or(LOOPBACK, |it| it.redirect_host).to_owned(),
        proxy: None,
    };
    if preset.is_some_and(|it| it.needs_secret) && client.secret.is_none() {
        missing.push("`client-secret-command`".to_owned());
    }
    if missing.is_empty() {
        Ok(client)
    } else {
        Err(missing.join(", "))
    }
}
