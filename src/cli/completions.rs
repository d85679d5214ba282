//! `popfetch completions`: prints what `completions/` holds.

use super::args::{Completions, Global, Shell};
use super::exit::Status;
use super::report;
use super::usage::Usage;

/// Prints the script of a shell.
pub(super) fn completions(options: &Completions, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let script = match options.shell {
        Shell::Bash => include_str!("../../completions/popfetch.bash"),
        Shell::Zsh => include_str!("../../completions/_popfetch"),
        Shell::Fish => include_str!("../../completions/popfetch.fish"),
    };
    report::data(&script.trim_end())?;
    Ok(Status::Well)
}
