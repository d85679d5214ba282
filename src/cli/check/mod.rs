//! `popfetch check`: tries one thing after another, and says of each whether it is well and what to do.
//!
//! It refuses to know how anything is tried. Invariant: whatever is wrong is a line of the answer, the configuration
//! included; no secret is printed.

mod account;
mod configuration;
mod cron;
mod schedule;
mod show;

use std::sync::Arc;

pub(super) use account::{Place, account};
pub(super) use show::{Screen, Style};

use super::args::{Check, Global};
use super::cure::Whose;
use super::exit::Status;
use super::{accounts, surroundings};
use crate::check::{Event, Scope};
use crate::config::Folders;

/// Checks the accounts that were named, or all.
pub(super) fn check(options: &Check, global: &Global) -> anyhow::Result<Status> {
    let folders = Folders::find()?;
    let file = global.config.as_ref().unwrap_or(&folders.config_file);
    if options.secret_only {
        return cron::find_only(options, global);
    }
    let mut screen = Screen::new(global);
    let config = match crate::config::load(file, &folders.home) {
        Ok(config) => config,
        Err(error) => {
            screen.configuration(file, &error)?;
            return Ok(Status::Configuration);
        }
    };
    let selected = accounts::select(&config, &options.accounts)?;
    let stop = surroundings::stop_flag()?;
    let place = Place {
        folders: &folders,
        file: Some(&config.path),
        stop: Arc::clone(&stop),
    };
    let mut worst = Status::Well;
    for it in selected {
        let whose = Whose::of(it);
        screen.begin(&whose)?;
        let mut broken = None;
        let mut tell = |event: Event<'_>| {
            if let Err(error) = screen.tell(&whose, event) {
                broken.get_or_insert(error);
            }
        };
        configuration::look(&place, &config, &mut tell);
        let status = account(it, None, Scope::All, &place, &mut tell);
        if !surroundings::is_set(&stop) {
            schedule::look(&place, &mut tell);
        }
        if let Some(error) = broken {
            return Err(error.into());
        }
        screen.end(&whose, status)?;
        worst = worst.max(status);
        if status == Status::Later && surroundings::is_set(&stop) {
            break;
        }
    }
    Ok(worst)
}
