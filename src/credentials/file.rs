//! Takes a secret from the first line of a file.
//!
//! Invariant: a file that others can read is refused, and what is checked is what is read.

use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::error::Error;
use super::first_line as first_line_of;
use crate::owner::walk;
use crate::secret::Secret;

/// How much of a file is read; a password is shorter.
const MAX_FILE: usize = 64 * 1024;

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
    // Opening a pipe would wait for somebody to write to it. Through another user's link any file could be sent as a
    // password to that user's server.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let mut file = match walk::file(path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(walk::Error::Io(error)) => return Err(failed(error)),
        Err(walk::Error::Led { path }) => return Err(Error::Led { path }),
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("it is not a regular file")));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if readers == Readers::OwnerOnly && mode & 0o077 != 0 {
        return Err(Error::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut content = Zeroizing::new(Vec::with_capacity(MAX_FILE));
    file.by_ref()
        .take(MAX_FILE as u64)
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

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let error = first_line(&path, Readers::OwnerOnly).unwrap_err();
        assert!(matches!(error, Error::File { .. }));
    }
}
