//! Takes the configuration file from the disk, whole, with the permissions it has.
//!
//! It refuses to know what is in it. Invariants: what all, or a user other than root and ourselves, could have written is not
//! read; what was read is what the permissions belong to (both come from one
//! open file), and it is wiped from memory when dropped, for it may hold passwords.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Error;
use crate::owner::{is_trusted, own};
use crate::secret::Secret;

/// A configuration file as it is on the disk.
pub(super) struct Source {
    /// Its path, absolute.
    pub(super) path: PathBuf,
    /// What is in it.
    pub(super) text: Secret,
    /// Its permission bits, if it is a file on a disk.
    pub(super) mode: Option<u32>,
}

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Source, Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Error::Missing {
            path: path.to_owned(),
        },
        _ => Error::Unreadable {
            path: path.to_owned(),
            source,
        },
    };
    let path = &std::path::absolute(path).map_err(failed)?;

    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Error::Folder { path: path.clone() });
    }
    if metadata.is_file() {
        trust(path, metadata.uid(), own(), metadata.mode())?;
    }
    // Room for all at once: a buffer that grows leaves copies behind that nobody wipes.
    let mut bytes = Vec::with_capacity(LARGEST + 1);
    file.take(LARGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > LARGEST {
        return Err(Error::TooLarge { path: path.clone() });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        Error::NotText {
            path: path.clone(),
            line: valid.split(|byte| *byte == b'\n').count(),
        }
    })?;
    Ok(Source {
        path: path.clone(),
        text: Secret::new(text),
        mode: mode(&metadata),
    })
}

/// Refuses what others than ourselves and root could have written: it can name commands to run.
fn trust(path: &Path, owner: u32, own: u32, mode: u32) -> Result<(), Error> {
    let path = || path.to_owned();
    if !is_trusted(owner, own) {
        let path = path();
        return Err(Error::Foreign { path, owner });
    }
    // A group of one's own is usual, and `popfetch check` names others that may write.
    if mode & ALL_WRITE != 0 {
        let (path, mode) = (path(), mode & 0o7777);
        return Err(Error::Writable { path, mode });
    }
    Ok(())
}

/// Whether these permissions give anything to anyone but the owner.
pub(super) fn lets_others_in(mode: u32) -> bool {
    mode & 0o077 != 0
}

fn mode(metadata: &Metadata) -> Option<u32> {
    // A pipe (`--config <(…)`) has no permissions that matter.
    let mode = metadata.permissions().mode() & 0o7777;
    metadata.is_file().then_some(mode)
}

/// The permission to write, of all.
const ALL_WRITE: u32 = 0o002;

/// No configuration that people write comes near; whatever is larger is something else.
pub(super) const LARGEST: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_read_with_its_absolute_path_and_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "ä").unwrap();
        let source = read(&path).unwrap();
        assert_eq!(source.path, path);
        assert_eq!(source.text.expose(), "ä");
        assert!(source.mode.is_some());
        assert!(
            read(Path::new("src/config/file.rs"))
                .unwrap()
                .path
                .is_absolute()
        );
    }

    #[test]
    fn a_missing_file_and_a_folder_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(&folder.path().join("config.toml")).err();
        assert!(matches!(missing, Some(Error::Missing { .. })));
        let folder = read(folder.path()).err();
        assert!(matches!(folder, Some(Error::Folder { .. })));
        let nameless = read(Path::new("")).err();
        assert!(matches!(nameless, Some(Error::Unreadable { .. })));
    }

    #[test]
    fn a_path_through_a_file_is_unreadable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let through = read(&file.path().join("config.toml")).err();
        assert!(matches!(through, Some(Error::Unreadable { .. })));
    }

    #[test]
    fn what_is_not_utf8_is_refused_with_its_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"[defaults]\nuser = \"J\xf6rg\"\n").unwrap();
        let error = read(file.path()).err();
        assert!(matches!(error, Some(Error::NotText { line: 2, .. })));
    }

    #[test]
    fn a_file_beyond_the_bound_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "#".repeat(LARGEST)).unwrap();
        assert!(read(file.path()).is_ok());
        fs::write(file.path(), "#".repeat(LARGEST + 1)).unwrap();
        let error = read(file.path()).err();
        assert!(matches!(error, Some(Error::TooLarge { .. })));
    }

    #[test]
    fn what_others_could_have_written_is_not_read() {
        let path = Path::new("config.toml");
        let trust = |owner, own, mode| super::trust(path, owner, own, mode);
        for (owner, own, mode) in [
            (7, 7, 0o100_644),
            (0, 7, 0o100_640),
            (7, 7, 0o100_664),
            (0, 0, 0o600),
        ] {
            trust(owner, own, mode).unwrap();
        }
        for (owner, own) in [(8, 7), (7, 0)] {
            let foreign = trust(owner, own, 0o600).unwrap_err();
            assert!(matches!(foreign, Error::Foreign { owner: found, .. } if found == owner));
        }
        let writable = trust(7, 7, 0o100_646).unwrap_err();
        assert!(matches!(writable, Error::Writable { mode: 0o646, .. }));
    }

    #[test]
    fn any_bit_for_group_or_others_lets_them_in() {
        assert!(!lets_others_in(0o600));
        assert!(!lets_others_in(0o400));
        assert!(lets_others_in(0o640));
        assert!(lets_others_in(0o604));
    }
}
