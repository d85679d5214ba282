//! A Maildir: messages are staged in `tmp/` and published by a rename into `new/`.
//!
//! It refuses to know what is on record. Invariants: a staged file carries its account's tag, so that accounts which
//! share a Maildir leave each other's files alone; the name in `tmp/` follows from the one in `new/` and back.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::durability::{make_folder, sync_files};
use super::error::Error;
use super::naming::Stamp;
use crate::mail::Octets;

/// A Maildir, as one account delivers to it in one run.
#[derive(Debug)]
pub struct Maildir<'s> {
    tmp: Folder,
    new: Folder,
    cur: PathBuf,
    tag: String,
    stamp: &'s Stamp,
}

/// A folder that is kept open, so that syncing it tells of all that failed since then.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    file: File,
}

impl Folder {
    fn open(path: PathBuf) -> Result<Self, Error> {
        let file = File::open(&path).map_err(Error::folder(&path))?;
        Ok(Self { path, file })
    }
}

impl<'s> Maildir<'s> {
    /// Opens the Maildir at `path`. Staged files carry `tag`.
    ///
    /// # Errors
    /// A folder of it is missing or cannot be opened.
    pub fn open(path: &Path, tag: &str, stamp: &'s Stamp) -> Result<Self, Error> {
        Ok(Self {
            tmp: Folder::open(path.join("tmp"))?,
            new: Folder::open(path.join("new"))?,
            cur: path.join("cur"),
            tag: tag.to_owned(),
            stamp,
        })
    }

    /// Makes what is missing of a Maildir, for its owner alone.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn make(path: &Path) -> Result<(), Error> {
        ["tmp", "new", "cur"].into_iter().try_for_each(|name| {
            let folder = path.join(name);
            make_folder(&folder).map_err(Error::folder(&folder))
        })
    }

    /// Whether there is a Maildir at `path`.
    #[must_use]
    pub fn exists(path: &Path) -> bool {
        path.join("new").is_dir()
    }

    /// A name that no other message has.
    pub(super) fn unique(&self) -> String {
        self.stamp.unique()
    }

    /// The hidden file of a message with this unique name.
    pub(super) fn hidden(&self, unique: &str) -> PathBuf {
        self.tmp.path.join(format!("{unique}{}", self.suffix()))
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
        sync_files(&self.tmp.file, &paths).map_err(Error::sync(&self.tmp.path))
    }

    /// Makes durable messages visible, durably.
    ///
    /// # Errors
    /// One cannot be renamed: those before it are visible, it and those after it are not.
    pub fn publish<'f>(&self, files: impl Iterator<Item = &'f str>) -> Result<(), Error> {
        for file in files {
            let (hidden, visible) = (self.hidden_of(file), self.new.path.join(file));
            // The name is unique for good, so that nothing can be there to be overwritten.
            fs::rename(hidden, &visible).map_err(|source| Error::Publish {
                path: visible,
                source,
            })?;
        }
        self.new
            .file
            .sync_all()
            .map_err(Error::sync(&self.new.path))
    }

    /// Removes a staged message.
    ///
    /// # Errors
    /// Its file cannot be removed.
    pub fn discard(&self, file: &str) -> Result<(), Error> {
        let path = self.hidden_of(file);
        match fs::remove_file(&path) {
            // Somebody else cleaned up.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result.map_err(Error::folder(&path)),
        }
    }

    /// The staged files of this account, by the start that their names in `new/` have or would have.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn staged(&self) -> Result<Vec<String>, Error> {
        let suffix = self.suffix();
        let names = file_names(&self.tmp.path)?.into_iter();
        Ok(names
            .filter_map(|name| Some(name.strip_suffix(&suffix)?.to_owned()))
            .collect())
    }

    /// The starts of the names of all messages in `new/` and `cur/`, whatever flags a reader gave them.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn visible(&self) -> Result<HashSet<String>, Error> {
        let mut names = file_names(&self.new.path)?;
        names.extend(file_names(&self.cur)?);
        Ok(names
            .iter()
            .map(|name| unique_part(name).to_owned())
            .collect())
    }
}

/// The name of a message in `new/`: Maildir++'s `S=` saves readers from opening it for its size.
pub(super) fn visible(unique: &str, size: Octets) -> String {
    format!("{unique},S={}", size.0)
}

/// What comes before the fields (`,S=`) and flags (`:2,`) of a message's name, whichever separators a reader uses.
#[must_use]
pub fn unique_part(file: &str) -> &str {
    file.split([',', ':', ';', '!']).next().unwrap_or(file)
}

/// The names in a folder; those that are not UTF-8 are not ours.
fn file_names(folder: &Path) -> Result<Vec<String>, Error> {
    let read = || {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    };
    read().map_err(Error::folder(folder))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jiff::Timestamp;

    use super::super::staging::{Staged, Stager};
    use super::*;

    static STAMP: LazyLock<Stamp> = LazyLock::new(|| Stamp::new(Timestamp::UNIX_EPOCH, "host", 7));

    fn maildir(path: &Path, tag: &str) -> Maildir<'static> {
        Maildir::make(path).unwrap();
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
        assert!(file.ends_with(",S=4"), "{file}");
        assert_eq!(maildir.staged().unwrap(), [unique_part(file)]);
        assert!(maildir.visible().unwrap().is_empty());
        maildir.make_durable([file].into_iter()).unwrap();
        maildir.publish([file].into_iter()).unwrap();
        assert!(maildir.staged().unwrap().is_empty());
        assert!(maildir.visible().unwrap().contains(unique_part(file)));
        assert_eq!(fs::read(maildir.new.path.join(file)).unwrap(), b"a\nb\n");
    }

    #[test]
    fn a_message_that_a_reader_moved_is_visible() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = maildir(folder.path(), "t");
        let staged = stage(&maildir, &[b"x\r\n"]);
        maildir.publish([staged.file.as_str()].into_iter()).unwrap();
        let read = maildir.cur.join(format!("{}:2,S", staged.file));
        fs::rename(maildir.new.path.join(&staged.file), &read).unwrap();
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
        let mut stager = Stager::new(&maildir);
        let mut draft = stager.begin().unwrap();
        draft.write(b"half").unwrap();
        assert_eq!(maildir.staged().unwrap().len(), 1);
        drop(draft);
        assert!(maildir.staged().unwrap().is_empty());
        let whole = stager.begin().unwrap().finish().unwrap();
        assert_eq!(whole.size, Octets(0), "nothing of the half message is left");
    }

    #[test]
    fn accounts_that_share_a_maildir_see_their_own_staged_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let ann = maildir(folder.path(), "ann");
        let bob = maildir(folder.path(), "bob");
        let staged = stage(&ann, &[b"x\r\n"]);
        stage(&bob, &[b"y\r\n"]);
        fs::write(ann.tmp.path.join("of another program"), "z").unwrap();
        assert_eq!(ann.staged().unwrap(), [unique_part(&staged.file)]);
        ann.discard(&staged.file).unwrap();
        ann.discard(&staged.file).unwrap();
        assert!(ann.staged().unwrap().is_empty());
        assert_eq!(bob.staged().unwrap().len(), 1);
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
