//! `popfetch account list`: the accounts as the configuration has them.

use serde_json::json;

use super::words;
use crate::cli::args::{AccountList, Global};
use crate::cli::exit::Status;
use crate::cli::{accounts, report, visible};
use crate::config::{Account, Folders};
use crate::pop3::Security;

/// Lists them.
pub(super) fn list(options: &AccountList, global: &Global) -> anyhow::Result<Status> {
    if options.names {
        // A shell asks while somebody types: trouble is for another time.
        let accounts = accounts::load(global).map(|(config, _)| config.accounts);
        for account in accounts.unwrap_or_default() {
            report::data(&visible::text(&account.name))?;
        }
        return Ok(Status::Well);
    }
    let (config, folders) = accounts::load(global)?;
    for (number, account) in config.accounts.iter().enumerate() {
        if global.json {
            report::data(&visible::json(&object(account)))?;
            continue;
        }
        if number > 0 {
            report::data(&"")?;
        }
        for line in lines(account, &folders) {
            report::data(&line)?;
        }
    }
    Ok(Status::Well)
}

fn lines(account: &Account, folders: &Folders) -> Vec<String> {
    let enabled = if account.enabled {
        ""
    } else {
        " (only when it is named)"
    };
    let mut lines = vec![
        format!("{}{enabled}", visible::text(&account.name)),
        format!("  user     {}", visible::text(&account.user)),
        format!("  server   {}", words::server(account)),
    ];
    for destination in &account.destinations {
        let shown = words::destination(destination, &folders.home);
        lines.push(format!("  goes to  {}", visible::text(&shown)));
    }
    lines.push(format!(
        "  then     {}",
        words::retention(account.retention)
    ));
    lines
}

fn object(account: &Account) -> serde_json::Value {
    let endpoint = &account.endpoint;
    let destinations = account.destinations.iter();
    json!({
        "version": report::JSON_VERSION,
        "account": account.name,
        "user": account.user,
        "provider": account.provider,
        "host": endpoint.host,
        "port": endpoint.port,
        "tls": match endpoint.security {
            Security::Implicit(_) => "implicit",
            Security::StartTls(_) => "starttls",
            Security::Cleartext => "none",
        },
        "destinations": destinations.map(ToString::to_string).collect::<Vec<_>>(),
        "leave_on_server": words::setting(account.retention),
        "enabled": account.enabled,
    })
}
