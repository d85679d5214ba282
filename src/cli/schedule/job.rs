//! What a timer runs: the program, its arguments and its variables.
//!
//! It refuses to know timers. Invariant: no word has a control character, so that each can stand on one line.

use std::path::{Path, PathBuf, absolute};

use super::Error;
use crate::cli::args::Global;

/// A run of `popfetch sync`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// The program's absolute path.
    pub(super) program: String,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Variables that a timer would not set by itself.
    pub(super) variables: Vec<(&'static str, String)>,
}

/// The variables that say where configuration and state are.
const PLACES: [&str; 2] = ["XDG_CONFIG_HOME", "XDG_STATE_HOME"];

impl Job {
    /// The run of this program, with the configuration that is used now, for these accounts.
    pub(super) fn new(global: &Global, accounts: &[String]) -> Result<Self, Error> {
        let program = std::env::current_exe().map_err(Error::Program)?;
        let mut arguments = Vec::new();
        if let Some(config) = &global.config {
            let config = absolute(config).map_err(Error::Program)?;
            arguments.extend(["--config".to_owned(), word(config)?]);
        }
        arguments.push("sync".to_owned());
        for account in accounts {
            arguments.push(word(account.into())?);
        }
        let mut variables = Vec::new();
        for name in PLACES {
            if let Some(value) = place(name) {
                variables.push((name, word(value)?));
            }
        }
        Ok(Self {
            program: word(program)?,
            arguments,
            variables,
        })
    }

    /// The program and its arguments.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let arguments = self.arguments.iter().map(String::as_str);
        std::iter::once(self.program.as_str()).chain(arguments)
    }

    /// Whether cargo built the program and may remove it at any time.
    pub(super) fn is_fleeting(&self) -> bool {
        let folders = Path::new(&self.program).ancestors().skip(1);
        folders
            .filter(|folder| folder.ends_with("target"))
            // cargo tags a folder that it makes, and only notes its compiler in one that was there.
            .any(|folder| MARKS.iter().any(|mark| folder.join(mark).exists()))
    }
}

/// What is in a folder that cargo builds in.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// The folder that a variable names, if it counts: relative ones do not (XDG Base Directory Specification).
pub(super) fn place(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(name)?);
    path.is_absolute().then_some(path)
}

/// What can be written into a table.
fn word(path: PathBuf) -> Result<String, Error> {
    match path.into_os_string().into_string() {
        Ok(text) if !text.contains(char::is_control) => Ok(text),
        Ok(text) => Err(Error::Unwritable { path: text.into() }),
        Err(text) => Err(Error::Unwritable { path: text.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_on_no_line_is_refused() {
        assert_eq!(word("/a b/c%".into()).unwrap(), "/a b/c%");
        assert!(matches!(
            word("/a\nb".into()),
            Err(Error::Unwritable { .. })
        ));
    }
}
