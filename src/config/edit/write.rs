//! Puts a text in place of a file, in one step.
//!
//! It refuses to know what the text says. Invariants: whoever reads the file, or finds it after a crash, finds the old text
//! or the new one; nobody else can read it who could not before; a symbolic link stays one.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// How many links may lead to one another; the system's own limit is the same.
const MAX_LINKS: usize = 40;

/// Replaces the file, or makes it, and the folders above it, for their owner alone.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = target(path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let old = match fs::metadata(&path) {
        Ok(old) if !old.is_file() => return Err(io::Error::other("it is not a regular file")),
        Ok(old) => Some(old),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let beside = beside(&path);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            if let Some(old) = old {
                let new = file.metadata()?;
                if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
                    fchown(&file, Some(old.uid()), Some(old.gid()))?;
                }
                file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
            }
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // It is as good as it can be: the old file is whole.
        let _ = fs::remove_file(&beside);
    }
    written?;
    File::open(folder)?.sync_all()
}

/// The file that a link leads to in the end, whether it is there or not.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("/")).join(link),
            // It is no link, or not there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links lead to one another"))
}

/// A name that no other run has.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}
