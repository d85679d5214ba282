//! Where the configuration file and the state are, and what a path in the file means.
//!
//! It refuses to know what is at a path, and touches none. Invariant: a path it makes is absolute.

use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use super::Error;

/// The places of this machine's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The configuration file, unless the command line or the environment names another.
    pub config_file: PathBuf,
    /// The folder of the database, the spool and the locks.
    pub state: PathBuf,
    /// What `~` stands for.
    pub home: PathBuf,
}

impl Folders {
    /// Finds them by the platform's rules: on Unix `$XDG_CONFIG_HOME/popfetch/config.toml` and
    /// `$XDG_STATE_HOME/popfetch`.
    ///
    /// # Errors
    ///
    /// [`Error::NoHome`].
    pub fn find() -> Result<Self, Error> {
        let project = ProjectDirs::from("", "", "popfetch").ok_or(Error::NoHome)?;
        let base = BaseDirs::new().ok_or(Error::NoHome)?;
        let state = project.state_dir().unwrap_or(project.data_local_dir());
        Ok(Self {
            config_file: project.config_dir().join("config.toml"),
            state: state.to_owned(),
            home: base.home_dir().to_owned(),
        })
    }
}

/// What the paths in a file start at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base<'a> {
    folder: &'a Path,
    home: &'a Path,
}

/// Why a path was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathError {
    #[error("an empty path")]
    Empty,
    #[error("a path with a NUL character")]
    Nul,
    #[error("a path in another user's home folder, which only a shell can look up")]
    OtherHome,
    #[error("a path in your home folder, whose name is not UTF-8")]
    OddHome,
}

impl<'a> Base<'a> {
    /// For the configuration file `path`, which is absolute.
    pub(super) fn new(path: &'a Path, home: &'a Path) -> Self {
        Self {
            folder: path.parent().unwrap_or(path),
            home,
        }
    }

    /// The path that `text` means: `~` is the home folder, and a relative path starts at the file's folder.
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.contains('\0') {
            return Err(PathError::Nul);
        }
        match text.strip_prefix('~') {
            None => Ok(self.folder.join(text)),
            Some("") => Ok(self.home.to_owned()),
            Some(rest) => match rest.strip_prefix('/') {
                // Joined to an absolute path, the home folder would be lost.
                Some(rest) => Ok(self.home.join(rest.trim_start_matches('/'))),
                None => Err(PathError::OtherHome),
            },
        }
    }

    /// The program that `text` means: as a path it starts where all paths do, as a name it is looked for in PATH.
    pub(super) fn program(&self, text: String) -> Result<String, PathError> {
        if !text.contains('/') {
            return Ok(text);
        }
        let path: PathBuf = self.path(&text)?.components().collect();
        let path = path.into_os_string();
        path.into_string().map_err(|_| PathError::OddHome)
    }

    /// The word of a command that `text` means: as a shell would, a leading `~/` is the home folder; all else is left
    /// as it is.
    pub(super) fn word(&self, text: String) -> Result<String, PathError> {
        if !text.starts_with("~/") {
            return Ok(text);
        }
        let path = self.path(&text)?.into_os_string();
        path.into_string().map_err(|_| PathError::OddHome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: fn() -> Base<'static> = || Base {
        folder: Path::new("/etc/popfetch"),
        home: Path::new("/home/me"),
    };

    #[test]
    fn a_tilde_is_the_home_folder() {
        assert_eq!(BASE().path("~").unwrap(), Path::new("/home/me"));
        assert_eq!(BASE().path("~/Mail").unwrap(), Path::new("/home/me/Mail"));
        assert_eq!(BASE().path("~//Mail").unwrap(), Path::new("/home/me/Mail"));
    }

    #[test]
    fn a_relative_path_starts_at_the_files_folder() {
        assert_eq!(
            BASE().path("Mail").unwrap(),
            Path::new("/etc/popfetch/Mail")
        );
        assert_eq!(BASE().path("a/~").unwrap(), Path::new("/etc/popfetch/a/~"));
        assert_eq!(BASE().path("/Mail").unwrap(), Path::new("/Mail"));
    }

    #[test]
    fn another_users_home_and_impossible_paths_are_refused() {
        assert_eq!(BASE().path("~you/Mail"), Err(PathError::OtherHome));
        assert_eq!(BASE().path(""), Err(PathError::Empty));
        assert_eq!(BASE().path("a\0b"), Err(PathError::Nul));
    }

    #[test]
    fn a_word_of_a_command_changes_only_where_it_begins_with_the_home_folder() {
        let word = |text: &str| BASE().word(text.to_owned()).unwrap();
        assert_eq!(word("~/bin/pass"), "/home/me/bin/pass");
        assert_eq!(word("pass"), "pass");
        assert_eq!(word("~"), "~");
        let program = |text: &str| BASE().program(text.to_owned()).unwrap();
        assert_eq!(program("procmail"), "procmail");
        assert_eq!(program("./deliver"), "/etc/popfetch/deliver");
        assert_eq!(program("~/bin/deliver"), "/home/me/bin/deliver");
    }

    #[test]
    fn the_platforms_folders_are_named_after_the_program() {
        let folders = Folders::find().unwrap();
        assert!(folders.config_file.ends_with("popfetch/config.toml"));
        assert!(folders.state.ends_with("popfetch"));
        assert!(folders.home.is_absolute());
    }
}
