//! A Rust file as the rules see it: its place in the tree, its code, the paths that the code names.
//!
//! It refuses to know Rust's grammar and the rules themselves: it sees identifiers, `::` and braces, and
//! trusts rustfmt for where a test module ends.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file, by its path from the package's folder.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    /// The modules above and including this file's own: `src/pop3/auth/scram.rs` is `pop3`, `auth`, `scram`.
    pub(super) fn modules(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let path = path.strip_suffix("/mod").unwrap_or(path);
        path.split('/').collect()
    }

    /// Whether all of it is for tests: a test module in a file of its own, or a file in the folder of one.
    pub(super) fn is_test(&self) -> bool {
        self.modules().contains(&"tests")
    }

    /// The name that a `mod` line gives to the file; none for `main.rs`, the root.
    pub(super) fn module_name(&self) -> &str {
        let path = Path::new(self.path.trim_end_matches("/mod.rs"));
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name == "main" { "" } else { name }
    }

    /// The file without comments and without what only tests see.
    pub(super) fn code(&self) -> String {
        let mut code = String::new();
        let mut in_test = false;
        for line in self.text.lines() {
            // rustfmt ends an item of the file's own level in the first column.
            in_test |= line.starts_with("#[cfg(test)]");
            if !in_test && !line.trim_start().starts_with("//") {
                code.push_str(line.split(" // ").next().unwrap_or_default());
                code.push('\n');
            }
            in_test &= !(line == "}" || (line.ends_with(';') && !line.starts_with(' ')));
        }
        code
    }
}

/// The modules of the root that `code` names, by `crate::`, `popfetch::` or enough `super::`. `depth` is how
/// many modules its file is below the root.
pub(super) fn imports(code: &str, depth: usize) -> BTreeSet<String> {
    let tokens = tokens(code);
    let mut found = BTreeSet::new();
    for start in 0..tokens.len() {
        let first = start == 0 || tokens[start - 1] != "::";
        let rest = &tokens[start..];
        let supers = rest
            .iter()
            .step_by(2)
            .take_while(|token| *token == "super")
            .count();
        let to_root = match rest[0].as_str() {
            "crate" | "popfetch" if first => 1,
            "super" if first && supers == depth => supers,
            _ => continue,
        };
        // A path goes on with `::`; `pub(crate)` does not.
        if rest.get(2 * to_root - 1).is_some_and(|token| token == "::") {
            found.extend(heads(&rest[2 * to_root..]));
        }
    }
    found
}

/// The first name of a path, or of each path in a group: `{mail::Uid, secret}` gives `mail` and `secret`.
fn heads(tokens: &[String]) -> Vec<String> {
    if tokens.first().is_none_or(|token| token != "{") {
        return tokens.first().cloned().into_iter().collect();
    }
    let mut heads = Vec::new();
    let mut open = 0;
    for pair in tokens.windows(2) {
        match pair[0].as_str() {
            "{" => open += 1,
            "}" => open -= 1,
            _ => {}
        }
        if open == 0 {
            break;
        }
        if open == 1 && (pair[0] == "{" || pair[0] == ",") && pair[1] != "}" {
            heads.push(pair[1].clone());
        }
    }
    heads
}

/// The names at the start of paths, and those that `use` brings in whole.
pub(super) fn crates(code: &str) -> BTreeSet<String> {
    let tokens = tokens(code);
    let starts = (0..tokens.len()).filter(|&at| {
        let before = at
            .checked_sub(1)
            .map_or("", |before| tokens[before].as_str());
        let after = tokens.get(at + 1).map_or("", String::as_str);
        before == "use" || (after == "::" && before != "::")
    });
    starts.map(|at| tokens[at].clone()).collect()
}

/// Identifiers, `::`, and each other visible character by itself.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let length = match word {
            0 if rest.starts_with("::") => 2,
            0 => first.len_utf8(),
            length => length,
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    tokens
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder of the package, in order.
pub(super) fn sources(folder: &str) -> Vec<Source> {
    let mut folders = vec![root().join(folder)];
    let mut paths: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder can be read") {
            let path = entry.expect("a source folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no Rust files");
    let read = |path: PathBuf| Source {
        text: fs::read_to_string(&path).expect("a source file can be read"),
        path: path
            .strip_prefix(root())
            .unwrap_or(&path)
            .display()
            .to_string(),
    };
    paths.into_iter().map(read).collect()
}
