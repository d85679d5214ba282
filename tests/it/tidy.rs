//! Reads the source tree and fails where the house rules are broken: an import upward or sideways, a crate
//! outside its rooms, a file without its opening words or too long, a word that must not stay.
//!
//! It owns the tables below, which are the design's layers in a form that can be checked. How a
//! file is read is `source`'s knowledge. The checks at the end show that made-up faults are found.

mod crates;
mod source;

use std::fs;
use std::path::Path;

use source::{Source, crates, imports, root, sources};

/// Each module of `src/` and its layer. It may import from lower layers only.
const LAYERS: [(&str, u8); 17] = [
    ("main", 4),
    ("cli", 3),
    ("config", 2),
    ("sync", 2),
    ("check", 2),
    ("import", 2),
    ("pop3", 1),
    ("delivery", 1),
    ("state", 1),
    ("credentials", 1),
    ("plan", 1),
    ("retention", 1),
    ("providers", 1),
    ("autoconfig", 1),
    ("mail", 0),
    ("owner", 0),
    ("secret", 0),
];

/// Each dependency and the modules that may use it. A new one needs its line here.
const ROOMS: [(&str, &[&str]); 43] = [
    ("annotate_snippets", &["config"]),
    ("anstream", &["cli"]),
    ("anyhow", &["cli"]),
    ("base64", &["credentials", "pop3"]),
    ("clap", &["cli"]),
    ("console", &["cli"]),
    ("directories", &["config"]),
    ("dns_lookup", &["pop3"]),
    ("form_urlencoded", &["credentials"]),
    ("getrandom", ANYWHERE),
    ("hmac", &["pop3"]),
    ("indicatif", &["cli"]),
    ("jiff", ANYWHERE),
    ("keyring", &["credentials"]),
    ("landlock", &["cli"]),
    ("log", ANYWHERE),
    ("mailparse", &["cli"]),
    ("md5", &["pop3"]),
    ("memchr", ANYWHERE),
    ("native_tls", &["pop3"]),
    ("open", &["cli"]),
    ("pbkdf2", &["pop3"]),
    ("percent_encoding", &["config"]),
    ("roxmltree", &["autoconfig"]),
    ("rpassword", &["credentials", "cli"]),
    ("rusqlite", &["state"]),
    ("rustix", ANYWHERE),
    ("sd_notify", &["cli"]),
    ("serde_json", &["cli", "credentials", "pop3"]),
    ("sha1", &["pop3"]),
    (
        "sha2",
        &["credentials", "delivery", "pop3", "state", "sync"],
    ),
    (
        "shell_words",
        &["cli", "config", "credentials", "delivery", "import"],
    ),
    ("signal_hook", &["cli"]),
    ("socket2", &["pop3"]),
    ("stringprep", &["pop3"]),
    ("strsim", &["config", "cli"]),
    ("tempfile", ANYWHERE),
    ("thiserror", ANYWHERE),
    ("toml", &["config"]),
    ("toml_edit", &["config"]),
    ("ureq", &["autoconfig", "credentials"]),
    ("x509_cert", &["pop3"]),
    ("zeroize", ANYWHERE),
];
const ANYWHERE: &[&str] = &[];

/// The most lines that a file of `src/` may have, its tests included.
const MOST_LINES: usize = 400;

/// Files that may be longer, each with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Module names that say nothing.
const EMPTY_NAMES: [&str; 4] = ["utils", "common", "helpers", "core"];

/// What must not stay in a finished file.
const LEFTOVERS: [&str; 7] = [
    "todo!",
    "unimplemented!",
    "FIXME",
    "XXX",
    "HACK",
    "#[ignore",
    "#[allow(",
];

#[test]
fn modules_import_only_from_lower_layers() {
    let edges = sources("src")
        .into_iter()
        .flat_map(|file| file.wrong_edges());
    assert_none(edges);
}

#[test]
fn crates_stay_in_their_rooms() {
    let strays = sources("src").into_iter().flat_map(|file| file.strays());
    assert_none(strays);
}

#[test]
fn every_dependency_has_its_room_in_the_table() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest can be read");
    let listed = manifest
        .split("\n[dependencies]\n")
        .nth(1)
        .expect("it has dependencies");
    let lines = listed
        .lines()
        .take_while(|line| *line != "[dev-dependencies]");
    let names = lines.filter(|line| !line.starts_with('['));
    let names = names.filter_map(|line| Some(line.split_once(" = ")?.0.replace('-', "_")));
    let homeless = names.filter(|name| ROOMS.iter().all(|(listed, _)| listed != name));
    assert_none(homeless.map(|name| format!("{name} has no line in ROOMS")));
}

#[test]
fn every_source_file_says_what_it_owns_and_is_not_too_long() {
    let findings = sources("src").into_iter().flat_map(|file| file.bad_shape());
    assert_none(findings);
}

#[test]
fn no_file_holds_leftover_words() {
    let here = Path::new(file!()).file_name();
    let files = ["src", "tests"].into_iter().flat_map(sources);
    let files = files.filter(|file| Path::new(&file.path).file_name() != here);
    assert_none(files.flat_map(|file| file.leftovers()));
}

#[test]
fn every_test_file_is_compiled() {
    let files = sources("tests/it");
    let declared: String = files.iter().map(|file| file.text.as_str()).collect();
    let modules = files.iter().map(Source::module_name);
    let forgotten =
        modules.filter(|name| !name.is_empty() && !declared.contains(&format!("mod {name};")));
    assert_none(forgotten.map(|name| format!("tests/it: `mod {name};` is nowhere")));
}

/// The rules, each for one file. What they return are findings.
impl Source {
    fn wrong_edges(&self) -> Vec<String> {
        let modules = self.modules();
        let own = modules[0];
        if own == "lib" || self.is_test() {
            return Vec::new();
        }
        let Some(from) = layer(own) else {
            return vec![format!("{}: {own} has no layer in LAYERS", self.path)];
        };
        let imported = imports(&self.code(), modules.len());
        let wrong = imported
            .iter()
            .filter(|name| *name != own && layer(name).is_none_or(|to| to >= from));
        wrong
            .map(|name| format!("{}: {own} may not import {name}", self.path))
            .collect()
    }

    fn strays(&self) -> Vec<String> {
        if self.is_test() {
            return Vec::new();
        }
        let own = self.modules()[0];
        let used = crates(&self.code());
        let shut = |rooms: &[&str]| rooms != ANYWHERE && !rooms.contains(&own);
        ROOMS
            .iter()
            .filter(|(name, rooms)| used.contains(*name) && shut(rooms))
            .map(|(name, _)| format!("{}: {own} may not use {name}", self.path))
            .collect()
    }

    fn bad_shape(&self) -> Vec<String> {
        let mut findings = Vec::new();
        if !self.text.starts_with("//! ") {
            findings.push("does not open with what it owns".to_owned());
        }
        let lines = self.text.lines().count();
        if lines > MOST_LINES && LONG_FILES.iter().all(|(path, _)| *path != self.path) {
            findings.push(format!("has {lines} lines"));
        }
        if self.modules().iter().any(|name| EMPTY_NAMES.contains(name)) {
            findings.push("is named after nothing".to_owned());
        }
        findings
            .iter()
            .map(|finding| format!("{} {finding}", self.path))
            .collect()
    }

    fn leftovers(&self) -> Vec<String> {
        let left = LEFTOVERS.iter().filter(|word| self.text.contains(*word));
        left.map(|word| format!("{}: {word}", self.path)).collect()
    }
}

fn layer(module: &str) -> Option<u8> {
    let row = LAYERS.iter().find(|(name, _)| *name == module);
    row.map(|(_, layer)| *layer)
}

#[track_caller]
fn assert_none(findings: impl Iterator<Item = String>) {
    let findings: Vec<String> = findings.collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

mod checks {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        let (path, text) = (path.to_owned(), text.to_owned());
        Source { path, text }
    }

    #[test]
    fn an_import_upward_or_sideways_is_found_in_each_of_its_forms() {
        for text in [
            "use crate::state::Ledger;\n",
            "use crate::state;\n",
            "use crate::{mail::Uid, state::{Ledger, Lock}};\n",
            "use crate::{\n    mail::Uid,\n    state,\n};\n",
            "use super::super::state::Ledger;\n",
            "fn f() -> crate::state::Ledger {\n    g()\n}\n",
            "pub(crate) use crate::state as s;\n",
            "#[cfg(test)]\nmod tests {\n    use super::*;\n}\nuse crate::state;\n",
            "#[cfg(test)]\nmod tests;\nuse crate::state;\n",
        ] {
            let edges = source("src/pop3/reply.rs", text).wrong_edges();
            assert_eq!(
                edges,
                ["src/pop3/reply.rs: pop3 may not import state"],
                "{text}"
            );
        }
        let up = source("src/plan.rs", "use super::cli::Args;\n").wrong_edges();
        assert_eq!(up, ["src/plan.rs: plan may not import cli"]);
        let sideways = source("src/secret.rs", "use crate::mail::Uid;\n").wrong_edges();
        assert_eq!(sideways, ["src/secret.rs: secret may not import mail"]);
        let unknown = source("src/pop3/mod.rs", "use crate::misc::f;\n").wrong_edges();
        assert_eq!(unknown, ["src/pop3/mod.rs: pop3 may not import misc"]);
        let new = source("src/misc.rs", "").wrong_edges();
        assert_eq!(new, ["src/misc.rs: misc has no layer in LAYERS"]);
    }

    #[test]
    fn an_import_downward_or_of_its_own_or_in_a_test_or_a_comment_is_well() {
        for text in [
            "use crate::mail::{Octets, Uid};\nuse crate::pop3::reply::Reply;\n",
            "use super::error::Error;\nuse std::{io, fs};\n",
            "//! Not like [`crate::state`].\nfn f() {} // crate::state does\n",
            "#[cfg(test)]\nmod tests {\n    use crate::state::Ledger;\n}\n",
            "#[cfg(test)]\nuse crate::state::Ledger;\n",
        ] {
            let edges = source("src/pop3/session.rs", text).wrong_edges();
            assert!(edges.is_empty(), "{text}: {edges:?}");
        }
        let main = source("src/main.rs", "fn main() {\n    popfetch::cli::run();\n}\n");
        assert!(main.wrong_edges().is_empty());
    }

    #[test]
    fn a_crate_outside_its_room_is_found() {
        let text = "use std::fs;\nfn f(error: &rusqlite::Error) {}\n";
        let strays = source("src/delivery/maildir.rs", text).strays();
        assert_eq!(
            strays,
            ["src/delivery/maildir.rs: delivery may not use rusqlite"]
        );
        assert!(source("src/state/ledger.rs", text).strays().is_empty());
        let whole = source("src/sync/mod.rs", "use anyhow;\n").strays();
        assert_eq!(whole, ["src/sync/mod.rs: sync may not use anyhow"]);
    }

    #[test]
    fn a_file_of_bad_shape_is_found() {
        let long = format!("//! Owns lines.\n{}", "\n".repeat(MOST_LINES));
        assert_eq!(
            source("src/plan.rs", &long).bad_shape(),
            ["src/plan.rs has 401 lines"]
        );
        let silent = source("src/pop3/utils.rs", "fn f() {}\n").bad_shape();
        assert_eq!(silent.len(), 2, "{silent:?}");
        let left = source("src/plan.rs", "fn f() {\n    todo!()\n}\n").leftovers();
        assert_eq!(left, ["src/plan.rs: todo!"]);
    }
}
