//! Holds the tables of crates in CONTRIBUTING.md to the manifest and to what cargo would build for Linux.
//!
//! It refuses to know what a crate is good for. Invariant: a crate that is not named fails, and so does a name that is no
//! crate.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::source::root;

/// The platform whose crates are looked through; cargo tells it everywhere.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The names between backquotes in a column of all tables below a heading, counted from 0.
fn named(text: &str, after: &str, column: usize) -> BTreeSet<String> {
    let (_, rest) = text.split_once(after).expect("the words before the table");
    let rows = rest.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(column + 1));
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

/// The crates of a section of the manifest.
fn listed(manifest: &str, section: &str) -> BTreeSet<String> {
    let (_, rest) = manifest
        .split_once(&format!("\n{section}\n"))
        .unwrap_or_else(|| panic!("no {section}"));
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    let entries = lines.filter_map(|line| line.split_once(" = "));
    let own = entries.map(|(name, value)| {
        let package = value.split("package = \"").nth(1);
        package
            .and_then(|rest| rest.split('"').next())
            .unwrap_or(name)
    });
    own.map(str::to_owned).collect()
}

/// The crates that a popfetch for Linux would be built with, its own left out.
fn built() -> BTreeSet<String> {
    let cargo = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal"])
        .args(["--target", PLATFORM, "--prefix", "none", "--format", "{p}"])
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(
        cargo.status.success(),
        "{}",
        String::from_utf8_lossy(&cargo.stderr)
    );
    let text = String::from_utf8(cargo.stdout).expect("names of crates");
    let names = text.lines().filter_map(|line| line.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "popfetch");
    names.map(str::to_owned).collect()
}

fn contributing() -> String {
    fs::read_to_string(root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md can be read")
}

#[test]
fn each_crate_of_the_manifest_has_its_reason_in_contributing_and_no_other_has() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest can be read");
    let sections = [
        "[dependencies]",
        "[target.'cfg(target_os = \"linux\")'.dependencies]",
        "[dev-dependencies]",
    ];
    let listed: BTreeSet<String> = sections
        .into_iter()
        .flat_map(|section| listed(&manifest, section))
        .collect();
    assert!(listed.contains("landlock") && listed.contains("md-5"));
    assert_eq!(named(&contributing(), "\n## Crates\n", 0), listed);
}

#[test]
fn each_crate_that_is_built_in_is_named_in_contributing_and_no_other_is() {
    let text = contributing();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest can be read");
    let built = built();
    let tests = listed(&manifest, "[dev-dependencies]");
    let mut named_there = named(&text, "\nWhat these bring along", 1);
    let direct = named(&text, "\n## Crates\n", 0);
    let twice: Vec<&String> = named_there.intersection(&direct).collect();
    assert!(twice.is_empty(), "in both tables: {twice:?}");
    named_there.extend(direct.difference(&tests).cloned());
    assert_eq!(named_there, built);
}
