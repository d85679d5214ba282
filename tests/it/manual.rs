//! Holds `man/` and `completions/` to the program: they are generated from the same definition of the command line and
//! compared with what is committed. `POPFETCH_BLESS=1` writes them anew.
//!
//! The sections that no definition holds are in `manual/popfetch.roff`. popfetch-config(5) is written by hand; that it
//! names every key and every exit status is checked.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use clap_complete::Shell;
use clap_mangen::Man;

/// The day of the last change to the pages, as manual pages carry one.
const DATE: &str = "2026-11-22";

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

/// The page of a command; `extra` comes after its options.
fn page(name: &str, command: clap::Command, extra: &str) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let man = Man::new(command)
        .title(name.to_uppercase())
        .date(DATE)
        .source(format!("popfetch {version}"))
        .manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    man.render_options_section(&mut page).unwrap();
    page.extend_from_slice(extra.as_bytes());
    page
}

fn pages() -> Vec<(String, Vec<u8>)> {
    let mut command = popfetch::cli::command();
    command.build();
    let mut pages = Vec::new();
    let mut list = ".SH COMMANDS\n".to_owned();
    // `help` shows what the pages hold.
    for subcommand in command.get_subcommands().filter(|c| c.get_name() != "help") {
        // `build` gave it the name that a page has.
        let name = subcommand.get_display_name().unwrap().to_owned();
        let about = subcommand.get_about().unwrap_or_default();
        let escaped = name.replace('-', "\\-");
        write!(list, ".TP\n\\fB{escaped}\\fR(1)\n{about}.\n").unwrap();
        let see = ".SH \"SEE ALSO\"\n\\fBpopfetch\\fR(1), \\fBpopfetch\\-config\\fR(5)\n";
        pages.push((name.clone(), page(&name, subcommand.clone(), see)));
    }
    let extra = list + include_str!("manual/popfetch.roff");
    pages.push(("popfetch".to_owned(), page("popfetch", command, &extra)));
    pages
}

#[test]
fn the_manual_pages_say_what_the_program_does() {
    let pages = pages();
    for (name, page) in &pages {
        hold(&format!("man/{name}.1"), page);
    }
    let committed = fs::read_dir(root().join("man")).unwrap().count();
    assert_eq!(committed, pages.len() + 1, "man/ holds a page of nothing");
}

#[test]
fn the_completions_know_what_the_program_knows() {
    let shells = [
        (Shell::Bash, "popfetch.bash"),
        (Shell::Zsh, "_popfetch"),
        (Shell::Fish, "popfetch.fish"),
    ];
    for (shell, file) in shells {
        let mut script = Vec::new();
        clap_complete::generate(
            shell,
            &mut popfetch::cli::command(),
            "popfetch",
            &mut script,
        );
        hold(&format!("completions/{file}"), &script);
    }
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
