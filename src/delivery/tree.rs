//! Looks through the tree of folders that a Maildir belongs to: where a message may be after its reader moved it.
//!
//! It changes nothing. It looks below the Maildir (Maildir++ and nested folders) and at the Maildirs beside it with all
//! below them, so that more is found rather than less: what is not found may be deleted elsewhere.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::maildir::unique_part;
use crate::mail::{Digest, Octets};
use crate::owner::{is_trusted, own};

/// Folders within folders are followed so far.
const DEPTH: usize = 16;

/// What tells one folder from another, by whatever links it was reached.
type FolderId = (u64, u64);

/// The messages in a tree of Maildirs.
#[derive(Debug, Default)]
pub struct Tree {
    /// By the unique parts of their names.
    messages: HashMap<String, PathBuf>,
    /// What was looked through.
    seen: HashSet<FolderId>,
    /// Whose the Maildir is.
    owner: u32,
}

impl Tree {
    /// Looks through the Maildir at `path` and all below it.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn below(path: &Path) -> Result<Self, Error> {
        let mut tree = Self {
            owner: fs::metadata(path).map_or(own(), |found| found.uid()),
            ..Self::default()
        };
        tree.walk(path, DEPTH)?;
        Ok(tree)
    }

    /// Looks through the tree that the Maildir at `path` belongs to: also in the Maildirs beside it.
    ///
    /// # Errors
    /// A folder cannot be read: then nobody can say what is not there.
    pub fn around(path: &Path) -> Result<Self, Error> {
        let mut tree = Self::below(path)?;
        if let Some(parent) = path.parent() {
            for folder in folders(parent)? {
                if folder != path && folder.join("cur").is_dir() && folder.join("new").is_dir() {
                    tree.walk(&folder, DEPTH)?;
                }
            }
        }
        Ok(tree)
    }

    /// Whether a message of this name is there, whatever flags a reader gave it.
    #[must_use]
    pub fn holds(&self, file: &str) -> bool {
        self.messages.contains_key(unique_part(file))
    }

    /// Where a message of this name is, whatever flags a reader gave it.
    #[must_use]
    pub fn find(&self, file: &str) -> Option<&Path> {
        self.messages.get(unique_part(file)).map(PathBuf::as_path)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The messages by their sizes, those of whose names `is_wanted`.
    ///
    /// # Errors
    /// A file cannot be looked at.
    pub fn by_size(&self, is_wanted: impl Fn(&str) -> bool) -> Result<BySize, Error> {
        let mut by_size: HashMap<Octets, Vec<Candidate>> = HashMap::new();
        let wanted = self.messages.iter().filter(|(name, _)| is_wanted(name));
        for (_, path) in wanted {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => {
                    let (path, digest) = (path.clone(), None);
                    let alike = by_size.entry(Octets(metadata.len())).or_default();
                    alike.push(Candidate { path, digest });
                }
                Ok(_) => {}
                // A reader has just moved it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::folder(path)(error)),
            }
        }
        Ok(BySize(by_size))
    }

    /// Whether a folder or link is another user's: no mail of ours is there, and it may lead anywhere, or nowhere.
    fn is_strange(&self, folder: &Path) -> Result<bool, Error> {
        match folder.symlink_metadata() {
            Ok(found) => Ok(found.uid() != self.owner && !is_trusted(found.uid(), own())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::folder(folder)(error)),
        }
    }

    fn walk(&mut self, folder: &Path, depth: usize) -> Result<(), Error> {
        if self.is_strange(folder)? {
            return Ok(());
        }
        match fs::metadata(folder) {
            Ok(found) if self.seen.insert((found.dev(), found.ino())) => {}
            Ok(_) => return Ok(()),
            // A link that leads nowhere leads to a disk that is not mounted, perhaps.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.is_symlink() => {
                return Ok(());
            }
            Err(error) => return Err(Error::folder(folder)(error)),
        }
        for name in ["cur", "new"] {
            let messages = folder.join(name);
            for entry in entries(&messages)? {
                if let Some(name) = entry.file_name().and_then(|name| name.to_str()) {
                    // Several destinations have the same name: the Maildir that was asked for comes first.
                    self.messages
                        .entry(unique_part(name).to_owned())
                        .or_insert_with(|| entry.clone());
                }
            }
        }
        if depth == 0 {
            return Ok(());
        }
        for below in folders(folder)? {
            if !["cur", "new", "tmp"]
                .iter()
                .any(|name| below.ends_with(name))
            {
                self.walk(&below, depth - 1)?;
            }
        }
        Ok(())
    }
}

/// Messages by their sizes, each to be found once.
#[derive(Debug, Default)]
pub struct BySize(HashMap<Octets, Vec<Candidate>>);

/// A file that may be what is looked for.
#[derive(Debug)]
struct Candidate {
    path: PathBuf,
    /// What is in it, once it was read.
    digest: Option<Digest>,
}

impl BySize {
    /// Finds a message with this content, which is not found again; gives its name.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn take(&mut self, size: Octets, digest: Digest) -> Result<Option<String>, Error> {
        let Some(candidates) = self.0.get_mut(&size) else {
            return Ok(None);
        };
        for at in 0..candidates.len() {
            let candidate = &mut candidates[at];
            let found = match candidate.digest {
                Some(found) => Ok(found),
                // Read once, however many messages of this size are asked for.
                None => digest_of(&candidate.path),
            };
            match found {
                Ok(found) if found == digest => {
                    let path = candidates.swap_remove(at).path;
                    let name = path.file_name().and_then(|name| name.to_str());
                    return Ok(name.map(str::to_owned));
                }
                Ok(found) => candidate.digest = Some(found),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::folder(&candidate.path)(error)),
            }
        }
        Ok(None)
    }
}

/// The digest of a file's content.
fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let (mut sha, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest(sha.finalize().into())),
            len => sha.update(&buffer[..len]),
        }
    }
}

/// What is in a folder; nothing if there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        result => result.map_err(Error::folder(folder)),
    }
}

/// The folders in a folder, and those that are linked to there: mail is also filed on other disks.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let is_folder = |path: &PathBuf| path.is_dir() || path.is_symlink() && !path.exists();
    Ok(entries(folder)?.into_iter().filter(is_folder).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str, content: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn messages_are_found_below_and_beside_a_maildir_and_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "in/new/a",
            "in/cur/b:2,S",
            "in/.Sent/cur/c,S=1:2,",
            "in/deep/er/new/d",
        ] {
            put(root.path(), path, "x");
        }
        put(root.path(), "kept/cur/e", "x");
        put(root.path(), "kept/new/e2", "x");
        put(root.path(), "other/f", "x");
        put(root.path(), "in/tmp/g", "x");
        put(root.path(), "far/away/cur/h", "x");
        std::os::unix::fs::symlink(root.path().join("far/away"), root.path().join("in/.Far"))
            .unwrap();
        std::os::unix::fs::symlink(root.path().join("in"), root.path().join("in/.Loop")).unwrap();
        let tree = Tree::around(&root.path().join("in")).unwrap();
        for name in ["a", "b", "c,S=1", "d", "e", "e2", "h"] {
            assert!(tree.holds(name), "{name}");
        }
        assert!(!tree.holds("f") && !tree.holds("g"));
        assert_eq!(tree.len(), 7);
    }

    #[test]
    fn content_is_found_once_for_each_file_that_has_it() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "in/new/a", "same");
        put(root.path(), "in/cur/b:2,S", "same");
        put(root.path(), "in/cur/c", "else");
        let digest = Digest(Sha256::digest(b"same").into());
        let tree = Tree::around(&root.path().join("in")).unwrap();
        let mut by_size = tree.by_size(|name| name != "b").unwrap();
        let found = by_size.take(Octets(4), digest).unwrap();
        assert_eq!(found.as_deref(), Some("a"));
        assert_eq!(by_size.take(Octets(4), digest).unwrap(), None);
    }
}
