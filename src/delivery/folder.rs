//! A folder that is kept open: what is done in it is done there, whatever is put in its place meanwhile.
//!
//! It refuses to know what its files are. Invariants: a name is one in this folder; no file is made where one is, and
//! none is opened through a link; no link that another user made leads here, and none in a folder of another user leads on.
//! Mail is at home in nobody else's folder, unless root put it there.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, linkat, openat, renameat, unlinkat};

use super::error::Error;
use crate::owner::walk;
use crate::owner::{is_root, is_trusted, own};

/// Whether mail may be left with this user. Root may leave it with anybody.
pub(super) fn may_have_mail(user: u32) -> bool {
    is_trusted(user, own()) || is_root(own())
}

/// A folder, open.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    file: File,
}

impl Folder {
    /// Opens the folder at `path`, wherever links of ours lead.
    pub(super) fn open(path: PathBuf) -> Result<Self, Error> {
        let file = walk::open(&path).map_err(Error::way(Error::folder(&path)))?;
        Ok(Self { path, file })
    }

    /// Opens the folder of this name in it. What another user owns, that user could change at any time: there no link
    /// is followed, for mail could be led to any place where we may write.
    pub(super) fn inside(&self, name: &str) -> Result<Self, Error> {
        let path = self.path.join(name);
        let failed = Error::folder(&path);
        let owner = self.owner()?;
        let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if owner != own() {
            flags |= OFlags::NOFOLLOW;
        }
        match openat(&self.file, name, flags, Mode::empty()) {
            Ok(file) => Ok(Self {
                file: file.into(),
                path,
            }),
            Err(_) if flags.contains(OFlags::NOFOLLOW) && path.is_symlink() => {
                Err(Error::Led { path })
            }
            Err(error) => Err(failed(error.into())),
        }
    }

    /// Refuses a folder of another user, who could take away what is put there.
    pub(super) fn trusted(self) -> Result<Self, Error> {
        match self.owner()? {
            owner if may_have_mail(owner) => Ok(self),
            owner => Err(Error::Foreign {
                path: self.path,
                owner,
            }),
        }
    }

    fn owner(&self) -> Result<u32, Error> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(Error::folder(&self.path))?.uid())
    }

    /// Where it was when it was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The open folder itself.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Makes the entries of the folder durable.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::sync(&self.path))
    }

    /// Makes a file for writing that is its owner's alone, and was not there before.
    pub(super) fn new_file(&self, name: &str) -> Result<File, Error> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        match openat(&self.file, name, flags, mode) {
            Ok(file) => Ok(file.into()),
            Err(error) => Err(Error::Stage {
                path: self.path.join(name),
                source: error.into(),
            }),
        }
    }

    /// Opens a file for reading. Should a FIFO have come in its place, that does not wait for a writer.
    pub(super) fn open_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file: File = openat(&self.file, name, flags, Mode::empty())?.into();
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::other("it is no regular file"))
        }
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.file, name, AtFlags::empty()) {
            // Somebody else cleaned up.
            Err(rustix::io::Errno::NOENT) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Moves a file to another folder.
    pub(super) fn rename(&self, name: &str, to: &Self, new_name: &str) -> io::Result<()> {
        Ok(renameat(&self.file, name, &to.file, new_name)?)
    }

    /// Gives a file a second name in another folder.
    pub(super) fn link(&self, name: &str, to: &Self, new_name: &str) -> io::Result<()> {
        let flags = AtFlags::empty();
        Ok(linkat(&self.file, name, &to.file, new_name, flags)?)
    }

    /// The names in it; those that are not UTF-8 are not ours.
    pub(super) fn names(&self) -> Result<Vec<String>, Error> {
        let read = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in Dir::read_from(&self.file)? {
                let entry = entry?;
                let name = entry.file_name().to_str().ok();
                names.extend(
                    name.filter(|name| ![".", ".."].contains(name))
                        .map(str::to_owned),
                );
            }
            Ok(names)
        };
        read().map_err(Error::folder(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use rustix::fs::mkfifoat;

    use super::*;

    fn root() -> (tempfile::TempDir, Folder) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path().to_owned()).unwrap();
        (root, folder)
    }

    #[test]
    fn a_file_is_made_once_for_its_owner_alone() {
        let (root, folder) = root();
        folder.new_file("a").unwrap().write_all(b"x").unwrap();
        let mode = fs::metadata(root.path().join("a")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert!(matches!(folder.new_file("a"), Err(Error::Stage { .. })));
        let mut content = String::new();
        folder
            .open_file("a")
            .unwrap()
            .read_to_string(&mut content)
            .unwrap();
        assert_eq!(content, "x");
        assert_eq!(folder.names().unwrap(), ["a"]);
        folder.remove("a").unwrap();
        folder.remove("a").unwrap();
        assert!(folder.names().unwrap().is_empty());
    }

    #[test]
    fn no_link_is_written_or_read_through() {
        let (root, folder) = root();
        let elsewhere = root.path().join("elsewhere");
        symlink(&elsewhere, root.path().join("link")).unwrap();
        assert!(folder.new_file("link").is_err());
        assert!(!elsewhere.exists());
        fs::write(&elsewhere, "x").unwrap();
        assert!(folder.open_file("link").is_err());
    }

    #[test]
    fn nobody_waits_for_what_is_no_file() {
        let (_root, folder) = root();
        mkfifoat(&folder.file, "fifo", Mode::RUSR | Mode::WUSR).unwrap();
        assert!(folder.open_file("fifo").is_err());
    }

    #[test]
    fn what_is_put_in_its_place_is_left_alone() {
        let (root, folder) = root();
        fs::create_dir(root.path().join("tmp")).unwrap();
        fs::create_dir(root.path().join("other")).unwrap();
        let tmp = folder.inside("tmp").unwrap();
        fs::rename(root.path().join("tmp"), root.path().join("moved")).unwrap();
        symlink("other", root.path().join("tmp")).unwrap();
        tmp.new_file("a").unwrap();
        tmp.rename("a", &folder, "b").unwrap();
        folder.link("b", &tmp, "c").unwrap();
        assert!(root.path().join("b").is_file() && root.path().join("moved/c").is_file());
        assert!(
            fs::read_dir(root.path().join("other"))
                .unwrap()
                .next()
                .is_none()
        );
    }

    #[test]
    fn a_link_is_followed_in_a_folder_of_ones_own_only() {
        let (root, folder) = root();
        fs::create_dir(root.path().join("other")).unwrap();
        symlink("other", root.path().join("tmp")).unwrap();
        folder.inside("tmp").unwrap();
        // Only root may give a folder away.
        if chown(root.path(), Some(12345), None).is_ok() {
            let error = folder.inside("tmp").unwrap_err();
            assert!(matches!(error, Error::Led { .. }), "{error:?}");
            folder.inside("other").unwrap();
        }
    }
}
