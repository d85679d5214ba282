//! Opens a folder step by step, so that no other user leads the way.
//!
//! It refuses to know what the folder is for. Invariants: a link is followed only where it belongs to us or to root, whatever
//! changes on the way meanwhile; what is missing is made for its owner alone, and durable, but not behind a link, where a
//! disk may not be mounted.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::{is_trusted, own};

/// Why a folder was not opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A link on the way is another user's, who could lead us anywhere.
    #[error("{} is a symbolic link that another user made", path.display())]
    Led {
        /// The link.
        path: PathBuf,
    },
    /// The system says no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Goes to a folder, as a place to open files in: that takes no right to read it.
///
/// # Errors
/// A link of another user is on the way, or the folder cannot be entered.
pub fn enter(folder: &Path) -> Result<File, Error> {
    steps::walk(folder, false)
}

/// Opens a folder for reading.
///
/// # Errors
/// The same; or it cannot be read.
pub fn open(folder: &Path) -> Result<File, Error> {
    Ok(steps::read(&enter(folder)?)?)
}

/// Makes a folder, and what is missing above it.
///
/// # Errors
/// A link of another user is on the way, or it cannot be made.
pub fn make(folder: &Path) -> Result<(), Error> {
    steps::walk(folder, true).map(drop)
}

/// Opens a file, or makes it, as the flags say; a link is followed only where nobody else can have made it.
///
/// # Errors
/// A link of another user leads there, or the file cannot be opened.
pub fn file(path: &Path, flags: OFlags, mode: Mode) -> Result<File, Error> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    };
    let above = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = enter(above.unwrap_or(Path::new(".")))?;
    let flags = flags | OFlags::CLOEXEC;
    match openat(&folder, name, flags | OFlags::NOFOLLOW, mode) {
        Err(Errno::LOOP) => {}
        result => return Ok(result.map_err(io::Error::from)?.into()),
    }
    // Who owns the folder could put another link in its place.
    let own = own();
    let link = path.symlink_metadata()?;
    if is_trusted(folder.metadata()?.uid(), own) && is_trusted(link.uid(), own) {
        let file = openat(&folder, name, flags, mode).map_err(io::Error::from)?;
        Ok(file.into())
    } else {
        let path = path.to_owned();
        Err(Error::Led { path })
    }
}

#[cfg(target_os = "linux")]
mod steps {
    use std::ffi::{OsStr, OsString};
    use std::fs::File;
    use std::io;
    use std::os::fd::AsFd;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Component, Path, PathBuf};

    use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat, readlinkat};
    use rustix::io::Errno;

    use super::Error;
    use crate::owner::{is_trusted, own};

    /// As many links as the kernel follows (`path_resolution(7)`).
    const MOST_LINKS: usize = 40;

    /// A step that is still to be taken.
    struct Step {
        name: OsString,
        /// A link leads there.
        led: bool,
    }

    pub(super) fn walk(folder: &Path, makes: bool) -> Result<File, Error> {
        let start = if folder.is_absolute() { "/" } else { "." };
        let (mut here, mut at) = (pass(&CWD, start.as_ref())?, PathBuf::from(start));
        let mut left: Vec<Step> = steps(folder, false).collect();
        let mut links = 0;
        while let Some(step) = left.pop() {
            let next = match pass(&here, &step.name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && makes && !step.led => {
                    add(&here, &step.name)?;
                    pass(&here, &step.name)?
                }
                next => next?,
            };
            let found = next.metadata()?;
            if !found.is_symlink() {
                here = next;
                at.push(step.name);
                continue;
            }
            if !is_trusted(found.uid(), own()) {
                let path = at.join(step.name);
                return Err(Error::Led { path });
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(io::Error::from(Errno::LOOP).into());
            }
            let target = readlinkat(&next, "", Vec::new()).map_err(io::Error::from)?;
            let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
            if target.is_absolute() {
                here = pass(&CWD, "/".as_ref())?;
                at = PathBuf::from("/");
            }
            left.extend(steps(&target, true));
        }
        if here.metadata()?.is_dir() {
            Ok(here)
        } else {
            Err(io::Error::from(Errno::NOTDIR).into())
        }
    }

    /// The steps of a path, the last one first.
    fn steps(path: &Path, led: bool) -> impl Iterator<Item = Step> {
        let names = path.components().rev().filter_map(|step| match step {
            Component::Normal(name) => Some(name),
            Component::ParentDir => Some(OsStr::new("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        });
        names.map(move |name| Step {
            name: name.to_owned(),
            led,
        })
    }

    /// Opens what has this name, to look at it or to pass through; a link itself, and not what it leads to.
    fn pass(here: &impl AsFd, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(here, name, flags, Mode::empty())?.into())
    }

    pub(super) fn read(here: &File) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(openat(here, ".", flags, Mode::empty())?.into())
    }

    /// Makes a folder; its entry is durable.
    fn add(here: &File, name: &OsStr) -> io::Result<()> {
        match mkdirat(here, name, Mode::RWXU) {
            // Another account was faster.
            Err(Errno::EXIST) => {}
            result => result?,
        }
        read(here)?.sync_all()
    }
}

/// Where folders cannot be opened without the right to read them, the system walks.
#[cfg(not(target_os = "linux"))]
mod steps {
    use std::fs::{DirBuilder, File};
    use std::io;
    use std::os::unix::fs::DirBuilderExt;
    use std::path::Path;

    use super::Error;

    pub(super) fn walk(folder: &Path, makes: bool) -> Result<File, Error> {
        if makes {
            make(folder)?;
        }
        let file = File::open(folder)?;
        if file.metadata()?.is_dir() {
            Ok(file)
        } else {
            Err(io::Error::from(io::ErrorKind::NotADirectory).into())
        }
    }

    pub(super) fn read(here: &File) -> io::Result<File> {
        here.try_clone()
    }

    fn make(folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        let parent = folder.parent().unwrap_or(Path::new("/"));
        make(parent)?;
        match DirBuilder::new().mode(0o700).create(folder) {
            // Another account was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            result => result?,
        }
        File::open(parent)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};

    use super::*;

    fn same(one: &File, other: &Path) -> bool {
        let (one, other) = (one.metadata().unwrap(), fs::metadata(other).unwrap());
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }

    #[test]
    fn folders_are_made_for_their_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        for _ in 0..2 {
            make(&deep).unwrap();
            assert!(same(&open(&deep).unwrap(), &deep));
        }
        for folder in [&deep, &root.path().join("a")] {
            let mode = fs::metadata(folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(make(&file.join("d")).is_err());
        assert!(make(&file).is_err());
        assert!(open(&root.path().join("none")).is_err());
    }

    #[test]
    fn ones_own_links_are_followed_but_nothing_is_made_behind_them() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("disk/mail")).unwrap();
        symlink("disk/../disk", at("relative")).unwrap();
        symlink(at("relative"), at("absolute")).unwrap();
        symlink("loop", at("loop")).unwrap();
        symlink("unmounted/mail", at("gone")).unwrap();
        assert!(same(&open(&at("absolute/mail")).unwrap(), &at("disk/mail")));
        make(&at("absolute/more")).unwrap();
        assert!(at("disk/more").is_dir());
        assert!(open(&at("loop")).is_err());
        assert!(make(&at("gone/inbox")).is_err());
        assert!(!at("unmounted").exists());
    }

    #[test]
    fn a_file_is_opened_through_ones_own_link_only() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let open = |name: &str| file(&at(name), OFlags::RDONLY, Mode::empty());
        fs::write(at("file"), "x").unwrap();
        symlink("file", at("link")).unwrap();
        open("file").unwrap();
        open("link").unwrap();
        assert!(matches!(open("none"), Err(Error::Io(_))));
        // Only root may give it away.
        if lchown(at("link"), Some(12345), None).is_ok() {
            assert!(matches!(open("link"), Err(Error::Led { .. })));
            lchown(at("link"), Some(0), None).unwrap();
            lchown(root.path(), Some(12345), None).unwrap();
            assert!(matches!(open("link"), Err(Error::Led { .. })));
            open("file").unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn another_users_link_leads_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("precious")).unwrap();
        symlink(at("precious"), at("link")).unwrap();
        // Only root may give it away.
        if lchown(at("link"), Some(12345), None).is_ok() {
            for path in [at("link"), at("link/inbox")] {
                let error = make(&path).unwrap_err();
                assert!(matches!(error, Error::Led { path } if path == at("link")));
            }
            assert!(fs::read_dir(at("precious")).unwrap().next().is_none());
        }
    }
}
