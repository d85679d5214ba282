//! Opens an mbox: the file that is to be appended to, and no other.
//!
//! It refuses to know about locks. Invariants: what is opened is what was looked at, whoever changes the folder
//! meanwhile; mail goes to no device, and through no link to where somebody else wants it.

use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::super::error::Error;
use super::super::folder::may_have_mail;
use crate::owner::{is_trusted, own};

/// A file, whatever names it has: device and inode.
pub(super) type FileId = (u64, u64);

pub(super) fn id(metadata: &Metadata) -> FileId {
    (metadata.dev(), metadata.ino())
}

/// The folder of an mbox.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        // A name alone is one in the current folder.
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    }
}

/// What stands in the place of an mbox, and may be opened.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Nothing yet.
    Free,
    /// An ordinary file.
    File(FileId),
    /// A link of ours to a file of ours.
    Link(FileId),
}

impl Place {
    /// The file there, if there is one.
    pub(super) fn file(self) -> Option<FileId> {
        match self {
            Self::Free => None,
            Self::File(id) | Self::Link(id) => Some(id),
        }
    }
}

/// Looks at the place of an mbox.
pub(super) fn look_at(path: &Path) -> Result<Place, Error> {
    let refused = |found| Error::NotAnMbox {
        path: path.to_owned(),
        found,
    };
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::Free),
        result => result.map_err(Error::mbox(path))?,
    };
    if !metadata.is_symlink() {
        return match kind(metadata.file_type()) {
            // Who made it first in a folder like /tmp could read the mail, and take it away.
            None if !may_have_mail(metadata.uid()) => Err(refused("another user's file")),
            None => Ok(Place::File(id(&metadata))),
            Some(found) => Err(refused(found)),
        };
    }
    let target = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(refused("a symbolic link to nothing"));
        }
        result => result.map_err(Error::mbox(path))?,
    };
    let own = own();
    if let Some(found) = kind(target.file_type()) {
        Err(refused(found))
    } else if target.uid() != own {
        Err(refused("a symbolic link to another user's file"))
    } else if !is_trusted(metadata.uid(), own) {
        // In a folder like /var/mail it could lead to any file of ours.
        Err(refused("a symbolic link that another user made"))
    } else {
        Ok(Place::Link(id(&target)))
    }
}

/// What cannot hold mail; nothing for an ordinary file.
fn kind(found: FileType) -> Option<&'static str> {
    if found.is_file() {
        None
    } else if found.is_dir() {
        Some("a folder")
    } else if found.is_fifo() {
        Some("a FIFO")
    } else if found.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}

/// Opens what was seen there, or makes it; nothing if it has changed since. The folder is the mbox's.
pub(super) fn open(folder: &File, path: &Path, seen: Place) -> Result<Option<File>, Error> {
    let failed = Error::mbox(path);
    let Some(name) = path.file_name() else {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    };
    // Should a FIFO have come there since, opening it must not wait.
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let flags = match seen {
        Place::Free => flags | OFlags::CREATE | OFlags::EXCL,
        Place::File(_) => flags | OFlags::NOFOLLOW,
        Place::Link(_) => flags,
    };
    let file = match openat(folder, name, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => File::from(file),
        Err(Errno::EXIST | Errno::NOENT | Errno::LOOP) => return Ok(None),
        Err(error) => return Err(failed(error.into())),
    };
    let same = match seen.file() {
        None => true,
        Some(seen) => id(&file.metadata().map_err(Error::mbox(path))?) == seen,
    };
    Ok(same.then_some(file))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::owner::walk;

    /// Opens what was seen there.
    fn open(path: &Path, seen: Place) -> Result<Option<File>, Error> {
        let folder = walk::enter(folder_of(path)).unwrap();
        super::open(&folder, path, seen)
    }

    fn refused(path: &Path) -> &'static str {
        match look_at(path) {
            Err(Error::NotAnMbox { found, .. }) => found,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_an_ordinary_file_is_an_mbox() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let _socket = UnixListener::bind(at("socket")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        symlink(folder.path(), at("to a folder")).unwrap();
        assert_eq!(refused(folder.path()), "a folder");
        assert_eq!(refused(&at("socket")), "a socket");
        assert_eq!(refused(&at("fifo")), "a FIFO");
        assert_eq!(refused(Path::new("/dev/null")), "a device");
        assert_eq!(refused(&at("dangling")), "a symbolic link to nothing");
        assert_eq!(refused(&at("to a folder")), "a folder");
    }

    #[test]
    fn a_link_to_an_own_file_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        fs::write(&target, "x").unwrap();
        symlink(&target, &link).unwrap();
        let seen = look_at(&link).unwrap();
        assert!(matches!(seen, Place::Link(_)));
        assert!(open(&link, seen).unwrap().is_some());
    }

    #[test]
    fn what_was_not_looked_at_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("mbox"), folder.path().join("other"));
        let free = look_at(&path).unwrap();
        fs::write(&path, "x").unwrap();
        assert!(open(&path, free).unwrap().is_none(), "made meanwhile");
        let seen = look_at(&path).unwrap();
        fs::rename(&path, &other).unwrap();
        assert!(open(&path, seen).unwrap().is_none(), "gone meanwhile");
        fs::write(&path, "y").unwrap();
        assert!(open(&path, seen).unwrap().is_none(), "replaced meanwhile");
        fs::remove_file(&path).unwrap();
        symlink(&other, &path).unwrap();
        assert!(open(&path, seen).unwrap().is_none(), "a link meanwhile");
    }

    #[test]
    fn a_new_mbox_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mbox");
        let file = open(&path, look_at(&path).unwrap()).unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
