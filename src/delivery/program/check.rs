//! Finds out beforehand whether a program can be run.
//!
//! It runs nothing. What it says may be wrong a moment later; running tells for good.

use std::env::split_paths;
use std::ffi::OsStr;
use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use super::super::error::Error;
use super::{Program, USUAL_PATH};

impl Program {
    /// Looks for the program, in the folders of `path` where its name has no slash.
    ///
    /// # Errors
    /// It is not there, or may not be run.
    pub fn check(&self, path: Option<&OsStr>) -> Result<(), Error> {
        let name = Path::new(self.name());
        let found = if self.name().contains('/') {
            runs(name)
        } else {
            let path = path.unwrap_or(OsStr::new(USUAL_PATH));
            let attempts = split_paths(path).map(|folder| runs(&folder.join(name)));
            attempts
                .reduce(Result::or)
                .unwrap_or(Err(io::ErrorKind::NotFound.into()))
        };
        found.map_err(|source| Error::Program {
            program: self.name().to_owned(),
            source,
        })
    }
}

fn runs(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(access(path, Access::EXEC_OK)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(name: &str, path: &str) -> Result<(), Error> {
        let program = Program {
            argv: vec![name.to_owned()],
            unix_from: false,
            timeout: Duration::from_secs(1),
        };
        program.check(Some(OsStr::new(path)))
    }

    #[test]
    fn a_program_is_found_by_its_path_or_in_the_folders_that_are_named() {
        check("/bin/sh", "").unwrap();
        check("sh", "/nonexistent:/bin").unwrap();
    }

    #[test]
    fn what_is_not_there_or_no_program_is_told() {
        for name in [
            "/nonexistent",
            "/bin",
            "/etc/passwd",
            "nonexistent",
            "passwd",
        ] {
            assert!(check(name, "/etc").is_err(), "{name}");
        }
    }
}
