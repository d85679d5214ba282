//! A Maildir: messages are staged in `tmp/` and published by a rename into `new/`.
//!
//! It refuses to know what is on record. Invariants: a staged file carries its account's tag, so that accounts which
//! share a Maildir leave each other's files alone; the name in `tmp/` follows from the one in `new/` and back.

use std::collections::HashSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::durability::{sync_files, sync_folder};
use super::error::Error;
use super::naming::Stamp;
use crate::mail::Octets;

/// A Maildir, as one account delivers to it in one run.
#[derive(Debug)]
pub struct Maildir<'s> {
    tmp: PathBuf,
    new: PathBuf,
    cur: PathBuf,
    tag: String,
    stamp: &'s Stamp,
}

/// Where a committed message is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In `tmp/`: it is to be published.
    Staged,
    /// In `new/` or `cur/`: it was published.
    Published,
    /// In none of them.
    Missing,
}

impl<'s> Maildir<'s> {
    /// Opens the Maildir at `path`, and makes what is missing of it, for its owner alone. Staged files carry `tag`.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn open(path: &Path, tag: &str, stamp: &'s Stamp) -> Result<Self, Error> {
        let folder = |name| {
            let folder = path.join(name);
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(Error::folder(&folder))?;
            Ok(folder)
        };
        Ok(Self {
            tmp: folder("tmp")?,
            new: folder("new")?,
            cur: folder("cur")?,
            tag: tag.to_owned(),
            stamp,
        })
    }

    /// A name that no other message has.
    pub(super) fn unique(&self) -> String {
        self.stamp.unique()
    }

    /// The hidden file of a message with this unique name.
    pub(super) fn hidden(&self, unique: &str) -> PathBuf {
        self.tmp.join(format!("{unique}{}", self.suffix()))
    }

    fn suffix(&self) -> String {
        format!(".popfetch-{}", self.tag)
    }

    fn hidden_of(&self, file: &str) -> PathBuf {
        self.hidden(unique_part(file))
    }

    /// Makes a batch of staged messages durable.
    ///
    /// # Errors
    /// The system cannot promise it.
    pub fn make_durable<'f>(&self, files: impl Iterator<Item = &'f str>) -> Result<(), Error> {
        let paths: Vec<PathBuf> = files.map(|file| self.hidden_of(file)).collect();
        sync_files(&self.tmp, &paths).map_err(Error::sync(&self.tmp))
    }

    /// Makes durable messages visible, durably.
    ///
    /// # Errors
    /// One cannot be renamed: those before it are visible, it and those after it are not.
    pub fn publish<'f>(&self, files: impl Iterator<Item = &'f str>) -> Result<(), Error> {
        for file in files {
            let hidden = self.hidden_of(file);
            // The name is unique for good, so that nothing can be there to be overwritten.
            fs::rename(&hidden, self.new.join(file)).map_err(|source| Error::Publish {
                path: hidden,
                source,
            })?;
        }
        sync_folder(&self.new).map_err(Error::sync(&self.new))
    }

    /// Finds messages by the names they have or will have in `new/`.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn locate(&self, files: &[&str]) -> Result<Vec<Whereabouts>, Error> {
        let mut published = HashSet::new();
        for folder in [&self.new, &self.cur] {
            let names = file_names(folder).map_err(Error::folder(folder))?;
            published.extend(names.iter().map(|name| unique_part(name).to_owned()));
        }
        let locate = |file: &&str| {
            if self.hidden_of(file).exists() {
                Whereabouts::Staged
            } else if published.contains(unique_part(file)) {
                Whereabouts::Published
            } else {
                Whereabouts::Missing
            }
        };
        Ok(files.iter().map(locate).collect())
    }

    /// Removes the staged files of this account: whoever staged them was interrupted before they were committed.
    /// Those that are committed must have been published before.
    ///
    /// # Errors
    /// The folder cannot be read, or a file not removed.
    pub fn sweep(&self) -> Result<(), Error> {
        let suffix = self.suffix();
        let names = file_names(&self.tmp).map_err(Error::folder(&self.tmp))?;
        for name in names.iter().filter(|name| name.ends_with(&suffix)) {
            let path = self.tmp.join(name);
            log::debug!("removing {}, which was never finished", path.display());
            fs::remove_file(&path).map_err(Error::folder(&path))?;
        }
        Ok(())
    }
}

/// The name of a message in `new/`: Maildir++'s `S=` saves readers from opening it for its size.
pub(super) fn visible(unique: &str, size: Octets) -> String {
    format!("{unique},S={}", size.0)
}

/// What comes before the fields (`,S=`) and flags (`:2,`) of a message's name, whichever separators a reader uses.
fn unique_part(file: &str) -> &str {
    file.split([',', ':', ';', '!']).next().unwrap_or(file)
}

/// The names in a folder; those that are not UTF-8 are not ours.
fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jiff::Timestamp;

    use super::super::staging::{Staged, Stager};
    use super::*;

    static STAMP: LazyLock<Stamp> = LazyLock::new(|| Stamp::new(Timestamp::UNIX_EPOCH, "host", 7));

    fn maildir(path: &Path, tag: &str) -> Maildir<'static> {
        Maildir::open(path, tag, &STAMP).unwrap()
    }

    fn stage(maildir: &Maildir<'_>, chunks: &[&[u8]]) -> Staged {
        let mut stager = Stager::new(maildir);
        let mut draft = stager.begin().unwrap();
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
        assert_eq!(maildir.locate(&[file]).unwrap(), [Whereabouts::Staged]);
        assert_eq!(file_names(&maildir.new).unwrap().len(), 0);
        maildir.make_durable([file].into_iter()).unwrap();
        maildir.publish([file].into_iter()).unwrap();
        assert_eq!(maildir.locate(&[file]).unwrap(), [Whereabouts::Published]);
        assert_eq!(fs::read(maildir.new.join(file)).unwrap(), b"a\nb\n");
        assert!(file.ends_with(",S=4"), "{file}");
        assert_eq!(file_names(&maildir.tmp).unwrap().len(), 0);
    }

    #[test]
    fn a_message_that_a_reader_moved_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = maildir(folder.path(), "t");
        let staged = stage(&maildir, &[b"x\r\n"]);
        maildir.publish([staged.file.as_str()].into_iter()).unwrap();
        let read = maildir.cur.join(format!("{}:2,S", staged.file));
        fs::rename(maildir.new.join(&staged.file), &read).unwrap();
        assert_eq!(
            maildir.locate(&[&staged.file]).unwrap(),
            [Whereabouts::Published]
        );
        fs::remove_file(read).unwrap();
        assert_eq!(
            maildir.locate(&[&staged.file]).unwrap(),
            [Whereabouts::Missing]
        );
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = maildir(folder.path(), "t");
        let mut stager = Stager::new(&maildir);
        let mut draft = stager.begin().unwrap();
        draft.write(b"half").unwrap();
        assert_eq!(file_names(&maildir.tmp).unwrap().len(), 1);
        drop(draft);
        assert_eq!(file_names(&maildir.tmp).unwrap().len(), 0);
        let whole = stager.begin().unwrap().finish().unwrap();
        assert_eq!(whole.size, Octets(0), "nothing of the half message is left");
    }

    #[test]
    fn a_sweep_leaves_other_accounts_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (ann, bob) = (
            maildir(folder.path(), "ann"),
            maildir(folder.path(), "bobby"),
        );
        stage(&ann, &[b"x\r\n"]);
        let staged = stage(&bob, &[b"y\r\n"]);
        fs::write(ann.tmp.join("of another program"), "z").unwrap();
        ann.sweep().unwrap();
        assert_eq!(file_names(&ann.tmp).unwrap().len(), 2);
        assert_eq!(bob.locate(&[&staged.file]).unwrap(), [Whereabouts::Staged]);
    }

    #[test]
    fn a_message_larger_than_the_buffer_has_the_digest_of_its_file() {
        use sha2::{Digest, Sha256};
        let folder = tempfile::tempdir().unwrap();
        let maildir = maildir(folder.path(), "t");
        let chunk = [b"0123456789".repeat(5000), b"\r\n".to_vec()].concat();
        let staged = stage(&maildir, &[&chunk, &chunk, &chunk]);
        let written = fs::read(maildir.hidden_of(&staged.file)).unwrap();
        assert_eq!(written.len() as u64, staged.size.0);
        assert_eq!(staged.digest.0, <[u8; 32]>::from(Sha256::digest(&written)));
    }
}
