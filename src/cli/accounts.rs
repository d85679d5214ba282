//! Loads the configuration and finds the accounts that were named.

use crate::config::{Account, Config, Folders};

use super::args::Global;
use super::usage::Usage;

/// Loads the configuration that the arguments, or the usual places, name.
pub(super) fn load(global: &Global) -> anyhow::Result<(Config, Folders)> {
    let folders = Folders::find()?;
    let path = global.config.as_ref().unwrap_or(&folders.config_file);
    Ok((crate::config::load(path, &folders.home)?, folders))
}

/// The accounts with these names, each once; without names, all that are enabled.
pub(super) fn select<'c>(config: &'c Config, names: &[String]) -> anyhow::Result<Vec<&'c Account>> {
    if names.is_empty() {
        return Ok(config
            .accounts
            .iter()
            .filter(|account| account.enabled)
            .collect());
    }
    for name in names {
        named(config, name)?;
    }
    let selected = config
        .accounts
        .iter()
        .filter(|account| names.contains(&account.name));
    Ok(selected.collect())
}

/// The account with this name.
pub(super) fn named<'c>(config: &'c Config, name: &str) -> anyhow::Result<&'c Account> {
    config.account(name).ok_or_else(|| {
        let known = config.accounts.iter().map(|account| account.name.clone());
        Usage::NoAccount {
            name: name.to_owned(),
            path: config.path.clone(),
            nearest: config.nearest(name).map(str::to_owned),
            known: known.collect(),
        }
        .into()
    })
}
