//! Puts a new account's password where it is to be kept.
//!
//! Invariants: the file is its owner's alone from the first moment, and none that is there is written over.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Context;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What the names of such files end with.
pub(in crate::cli) const ENDING: &str = "password";

/// An account's name as a file or folder may have it.
pub(in crate::cli) fn file_name_of(account: &str) -> String {
    let harmless = |c: char| {
        if c.is_alphanumeric() || "-_.@".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = account.chars().map(harmless).collect();
    name.trim_start_matches('.').to_owned()
}

/// A name for the file of an account's password that no file in the folder has.
pub(in crate::cli) fn new_file_name(folder: &Path, account: &str) -> String {
    let base = file_name_of(account);
    let numbered = |number: u32| match number {
        1 => format!("{base}.{ENDING}"),
        number => format!("{base}-{number}.{ENDING}"),
    };
    let is_free = |name: &String| fs::symlink_metadata(folder.join(name)).is_err();
    (1..1000)
        .map(numbered)
        .find(is_free)
        .unwrap_or_else(|| numbered(1))
}

/// Writes the password into a new file.
pub(in crate::cli) fn in_file(path: &Path, secret: &Secret) -> anyhow::Result<()> {
    let failed = || format!("cannot keep the password in {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("/"));
    let write = || -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let line = Zeroizing::new([secret.expose().as_bytes(), b"\n"].concat());
        file.write_all(&line)?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    };
    write().with_context(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_password_file_is_private_and_none_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let name = new_file_name(folder.path(), "../my work");
        assert_eq!(name, "_my_work.password");
        let path = folder.path().join(&name);
        in_file(&path, &Secret::new("x")).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), "x\n");
        assert!(in_file(&path, &Secret::new("y")).is_err());
        assert_eq!(
            new_file_name(folder.path(), "../my work"),
            "_my_work-2.password"
        );
    }
}
