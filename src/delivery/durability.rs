//! Makes written files outlive a power cut, with as few waits for the disk as the system allows.
//!
//! Invariant: when a call returns without an error, the files' content and their entries in the folder are durable.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Up to so many files are synced one by one: syncing the whole file system would wait for what others write, too.
#[cfg(target_os = "linux")]
const FEW: usize = 4;

/// Makes the files and their entries in `folder` durable.
pub(super) fn sync_files(folder: &Path, files: &[PathBuf]) -> io::Result<()> {
    let folder = File::open(folder)?;
    #[cfg(target_os = "linux")]
    if files.len() > FEW && linux::syncfs_is_sound(&folder) {
        rustix::fs::syncfs(&folder)?;
        return Ok(());
    }
    for file in files {
        File::open(file)?.sync_all()?;
    }
    folder.sync_all()
}

/// Makes the entries of a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;

    use rustix::fs::fstatfs;
    use rustix::system::uname;

    /// The file systems on which one `syncfs` is known to do what an `fsync` of each file does, by their magic numbers:
    /// ext2 to ext4, XFS, Btrfs, F2FS, and tmpfs, where nothing is durable anyway. On others (FUSE before Linux 5.14,
    /// network file systems) it may return before the data is safe.
    const SOUND: [u64; 5] = [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0x0102_1994];

    /// Whether `syncfs` both makes all files of this file system durable and reports what went wrong.
    pub(super) fn syncfs_is_sound(folder: &File) -> bool {
        // The type's width and sign differ from one architecture to another.
        let magic = fstatfs(folder).map(|stat| u64::try_from(stat.f_type).unwrap_or(0));
        magic.is_ok_and(|magic| SOUND.contains(&magic)) && reports_errors()
    }

    /// syncfs(2): "since Linux 5.8, syncfs() will also report an error".
    fn reports_errors() -> bool {
        let uname = uname();
        let release = uname.release().to_string_lossy();
        let mut numbers = release.split(|c: char| !c.is_ascii_digit());
        let mut next = || {
            numbers
                .next()
                .and_then(|n| n.parse::<u32>().ok())
                .unwrap_or(0)
        };
        (next(), next()) >= (5, 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_gone_is_not_durable() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert!(sync_files(folder.path(), &[missing]).is_err());
    }

    #[test]
    fn few_and_many_files_can_be_synced() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = (0..20).map(|n| folder.path().join(n.to_string())).collect();
        for file in &files {
            std::fs::write(file, "x").unwrap();
        }
        sync_files(folder.path(), &files[..1]).unwrap();
        sync_files(folder.path(), &files).unwrap();
        sync_folder(folder.path()).unwrap();
    }
}
