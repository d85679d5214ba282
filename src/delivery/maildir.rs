//! A Maildir: messages are staged in `tmp/` and published by a rename into `new/`.
//!
//! It refuses to know what is on record. Invariants: a staged file carries its account's tag, so that accounts which
//! share a Maildir leave each other's files alone; the name in `tmp/` follows from the one in `new/` and back.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::error::Error;
use super::folder::Folder;
use super::naming::Stamp;
use super::staging::Staging;
use crate::owner::walk;

/// A Maildir, as one account delivers to it in one run.
#[derive(Debug)]
pub struct Maildir<'s> {
    home: Folder,
    tmp: Staging<'s>,
    new: Folder,
}

impl<'s> Maildir<'s> {
    /// Opens the Maildir at `path`. Staged files carry `tag`.
    ///
    /// # Errors
    /// A folder of it is missing or cannot be opened.
    pub fn open(path: &Path, tag: &str, stamp: &'s Stamp) -> Result<Self, Error> {
        let home = Folder::open(path.to_owned())?.trusted()?;
        let suffix = format!(".popfetch-{tag}");
        Ok(Self {
            tmp: Staging::new(home.inside("tmp")?.trusted()?, suffix, stamp),
            new: home.inside("new")?.trusted()?,
            home,
        })
    }

    /// Finds out whether the Maildir at `path`, as far as it is there, is one to which mail may be delivered.
    ///
    /// # Errors
    /// A folder of it cannot be opened, or belongs to another user.
    pub fn examine(path: &Path) -> Result<(), Error> {
        let home = Folder::open(path.to_owned())?.trusted()?;
        let mut names = ["tmp", "new"].into_iter();
        names.try_for_each(|name| {
            if path.join(name).exists() {
                home.inside(name)?.trusted()?;
            }
            Ok(())
        })
    }

    /// Makes what is missing of a Maildir, for its owner alone.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn make(path: &Path) -> Result<(), Error> {
        ["tmp", "new", "cur"].into_iter().try_for_each(|name| {
            let folder = path.join(name);
            walk::make(&folder).map_err(Error::way(Error::folder(&folder)))
        })
    }

    /// Whether there is a Maildir at `path`.
    #[must_use]
    pub fn exists(path: &Path) -> bool {
        path.join("new").is_dir()
    }

    /// Where messages are staged.
    #[must_use]
    pub fn staging(&self) -> &Staging<'s> {
        &self.tmp
    }

    /// Makes durable messages visible, durably.
    ///
    /// # Errors
    /// One cannot be renamed: those before it are visible, it and those after it are not.
    pub fn publish<'f>(&self, files: impl Iterator<Item = &'f str>) -> Result<(), Error> {
        for file in files {
            // The name is unique for good, so that nothing can be there to be overwritten.
            let renamed = self
                .tmp
                .folder
                .rename(&self.tmp.hidden(file), &self.new, file);
            renamed.map_err(|source| Error::Publish {
                path: self.new.path().join(file),
                source,
            })?;
        }
        self.new.sync()
    }

    /// Stages a message that is staged elsewhere, without changing that. It is not durable yet.
    ///
    /// # Errors
    /// It cannot be read there or written here.
    pub fn stage_from(&self, other: &Staging<'_>, file: &str) -> Result<(), Error> {
        self.tmp.discard(file)?;
        let (from, to) = (other.hidden(file), self.tmp.hidden(file));
        let folder = &self.tmp.folder;
        // A second name costs nothing, but works only within a file system, and not on all.
        if other.folder.link(&from, folder, &to).is_ok() {
            return Ok(());
        }
        let mut copy = folder.new_file(&to)?;
        let source = other.folder.open_file(&from);
        let copied = source.and_then(|mut source| io::copy(&mut source, &mut copy));
        copied.map(drop).map_err(|source| Error::Stage {
            path: self.tmp.path_of(file),
            source,
        })
    }

    /// The starts of the names of all messages in `new/` and `cur/`, whatever flags a reader gave them.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn visible(&self) -> Result<HashSet<String>, Error> {
        let mut names = self.new.names()?;
        names.extend(self.home.inside("cur")?.names()?);
        Ok(names
            .iter()
            .map(|name| unique_part(name).to_owned())
            .collect())
    }
}

/// What comes before the fields (`,S=`) and flags (`:2,`) of a message's name, whichever separators a reader uses.
#[must_use]
pub fn unique_part(file: &str) -> &str {
    file.split([',', ':', ';', '!']).next().unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::LazyLock;

    use jiff::Timestamp;

    use super::super::staging::{Staged, Stager};
    use super::*;
    use crate::mail::Octets;

    static STAMP: LazyLock<Stamp> = LazyLock::new(|| Stamp::new(Timestamp::UNIX_EPOCH, "host", 7));

    fn maildir(path: &Path, tag: &str) -> Maildir<'static> {
        Maildir::make(path).unwrap();
        Maildir::open(path, tag, &STAMP).unwrap()
    }

    fn stage(maildir: &Maildir<'_>, chunks: &[&[u8]]) -> Staged {
        let mut stager = Stager::new(maildir.staging(), None);
        let mut draft = stager.begin();
        for chunk in chunks {
            draft.write(chunk).unwrap();
        }
        draft.finish().unwrap()
    }

    #[test]
    fn a_message_is_hidden_until_it_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = maildir(folder.path(), "t");
        let staged = stage(&maildir, &[b"a\r", b"\nb\r\n"]);
        let file = staged.file.as_str();
        assert_eq!(staged.size, Octets(4));
        assert!(file.ends_with(",S=4"), "{file}");
        assert_eq!(maildir.staging().names().unwrap(), [unique_part(file)]);
        assert!(maildir.visible().unwrap().is_empty());
        maildir
            .staging()
            .make_durable([file].into_iter(), None)
            .unwrap();
        maildir.publish([file].into_iter()).unwrap();
        assert!(maildir.staging().names().unwrap().is_empty());
        assert!(maildir.visible().unwrap().contains(unique_part(file)));
        assert_eq!(fs::read(maildir.new.path().join(file)).unwrap(), b"a\nb\n");
    }

    #[test]
    fn a_message_that_a_reader_moved_is_visible() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = maildir(folder.path(), "t");
        let staged = stage(&maildir, &[b"x\r\n"]);
        maildir.publish([staged.file.as_str()].into_iter()).unwrap();
        let read = folder.path().join("cur");
        let read = read.join(format!("{}:2,S", staged.file));
        fs::rename(maildir.new.path().join(&staged.file), &read).unwrap();
        assert!(
            maildir
                .visible()
                .unwrap()
                .contains(unique_part(&staged.file))
        );
        fs::remove_file(read).unwrap();
        assert!(maildir.visible().unwrap().is_empty());
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = maildir(folder.path(), "t");
        let mut stager = Stager::new(maildir.staging(), None);
        let mut draft = stager.begin();
        draft.write(&vec![b'x'; 100_000]).unwrap();
        assert_eq!(maildir.staging().names().unwrap().len(), 1);
        drop(draft);
        assert!(maildir.staging().names().unwrap().is_empty());
        let whole = stager.begin().finish().unwrap();
        assert_eq!(whole.size, Octets(0), "nothing of the half message is left");
    }

    #[test]
    fn accounts_that_share_a_maildir_see_their_own_staged_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let ann = maildir(folder.path(), "ann");
        let bob = maildir(folder.path(), "bob");
        let staged = stage(&ann, &[b"x\r\n"]);
        stage(&bob, &[b"y\r\n"]);
        fs::write(ann.tmp.path().join("of another program"), "z").unwrap();
        assert_eq!(ann.tmp.names().unwrap(), [unique_part(&staged.file)]);
        ann.tmp.discard(&staged.file).unwrap();
        ann.tmp.discard(&staged.file).unwrap();
        assert!(ann.tmp.names().unwrap().is_empty());
        assert_eq!(bob.tmp.names().unwrap().len(), 1);
    }

    #[test]
    fn a_message_larger_than_the_buffer_has_the_digest_of_its_file() {
        use sha2::{Digest, Sha256};
        let folder = tempfile::tempdir().unwrap();
        let maildir = maildir(folder.path(), "t");
        let chunk = [b"0123456789".repeat(5000), b"\r\n".to_vec()].concat();
        let staged = stage(&maildir, &[&chunk, &chunk, &chunk]);
        let written = fs::read(maildir.tmp.path_of(&staged.file)).unwrap();
        assert_eq!(written.len() as u64, staged.size.0);
        assert_eq!(staged.digest.0, <[u8; 32]>::from(Sha256::digest(&written)));
    }
}
