//! Holds `man/` and `completions/` to the program: they are generated from the same definition of the command line and
//! compared with what is committed. `POPFETCH_BLESS=1` writes them anew.
//!
//! popfetch-config(5) is written by hand; that it names every key and every exit status is checked.

mod completions;
mod examples;
mod pages;
mod shells;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a file with what it should be, or writes it.
fn hold(path: &str, content: &[u8]) {
    let path = root().join(path);
    if std::env::var_os("POPFETCH_BLESS").is_some() {
        fs::write(&path, content).unwrap();
    }
    let found = fs::read(&path).unwrap_or_default();
    assert!(
        found == content,
        "{} is not what the command line says: run POPFETCH_BLESS=1 cargo test --test it manual",
        path.display()
    );
}

/// The commands below this one, those in them included, each once. `help` shows what the pages hold.
fn commands(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands();
    let below = below.filter(|below| below.get_name() != "help" && !below.is_hide_set());
    below
        .flat_map(|below| [vec![below], commands(below)].concat())
        .collect()
}

/// popfetch's own definition of its command line, with all names filled in.
fn definition() -> clap::Command {
    let mut command = popfetch::cli::command();
    command.build();
    command
}

#[test]
fn the_configuration_page_names_every_key_and_no_other() {
    let path: PathBuf = root().join("man/popfetch-config.5");
    let page = fs::read_to_string(path).unwrap().replace("\\-", "-");
    let mut named: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix(".It Ic "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let destinations = popfetch::config::DELIVER_KEYS.iter();
    let mut keys = popfetch::config::ACCOUNT_KEYS.to_vec();
    keys.extend(destinations);
    keys.extend(popfetch::config::OAUTH_KEYS);
    // An account has one, and so have programs and LMTP servers.
    keys.push("timeout");
    named.sort_unstable();
    keys.sort_unstable();
    assert_eq!(named, keys);
}
