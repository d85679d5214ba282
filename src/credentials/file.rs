//! Takes a secret from the first line of a file.
//!
//! Invariant: a file that others can read is refused, and what is checked is what is read.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::error::Error;
use super::first_line as first_line_of;
use crate::secret::Secret;

/// How much of a file is read; a password is shorter.
const MAX_FILE: u64 = 64 * 1024;

/// Who may be able to read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Its owner alone.
    OwnerOnly,
    /// Whoever the folder around it lets in.
    Any,
}

/// Reads the first line of the file.
pub(super) fn first_line(path: &Path, readers: Readers) -> Result<Secret, Error> {
    let failed = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if readers == Readers::OwnerOnly && metadata.is_file() && mode & 0o077 != 0 {
        return Err(Error::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut content = Zeroizing::new(Vec::new());
    file.by_ref()
        .take(MAX_FILE)
        .read_to_end(&mut content)
        .map_err(failed)?;
    first_line_of(&content, &path.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn a_private_file_is_read_and_one_that_others_can_read_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "secret\nnotes").unwrap();
        for (mode, readable) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match first_line(&path, Readers::OwnerOnly) {
                Ok(secret) => assert!(readable && secret.expose() == "secret", "{mode:o}"),
                Err(Error::Exposed { mode: found, .. }) => assert!(!readable && found == mode),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(first_line(&path, Readers::Any).unwrap().expose(), "secret");
    }
}
