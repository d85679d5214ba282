//! Small messages that wait in the spool together, in one file: a pack. Making it costs what one message would cost, and
//! so does making it durable and removing it.
//!
//! It refuses to know which messages make up a batch. Invariants: a message is in a pack whole, or its octets are nobody's
//! and are overwritten; the name of a packed message tells its pack and where in it it begins (`…Q7P4096.host`), and is as
//! good a name in a Maildir as any.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::error::Error;
use super::maildir::unique_part;
use super::staging::Staging;
use crate::mail::Octets;

/// Where a staged message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The file.
    pub path: PathBuf,
    /// The octets of it that are the message; without, all are.
    pub range: Option<Range<u64>>,
}

impl Content {
    /// Opens it for reading from its beginning to its end.
    pub(super) fn open(&self) -> io::Result<io::Take<File>> {
        let mut file = File::open(&self.path)?;
        let Some(range) = &self.range else {
            return Ok(file.take(u64::MAX));
        };
        file.seek(SeekFrom::Start(range.start))?;
        Ok(file.take(range.end - range.start))
    }
}

impl From<PathBuf> for Content {
    fn from(path: PathBuf) -> Self {
        Self { path, range: None }
    }
}

/// The pack to which a stager adds, until it is sealed.
#[derive(Debug)]
pub struct Packs<'s> {
    staging: &'s Staging<'s>,
    open: RefCell<Option<Pack>>,
}

#[derive(Debug)]
struct Pack {
    name: String,
    file: File,
    length: u64,
}

impl<'s> Packs<'s> {
    /// Packs in this spool; none is begun yet.
    #[must_use]
    pub fn new(staging: &'s Staging<'s>) -> Self {
        Self {
            staging,
            open: RefCell::new(None),
        }
    }

    /// Adds a message; returns its name.
    pub(super) fn add(&self, content: &[u8]) -> Result<String, Error> {
        let mut open = self.open.borrow_mut();
        let pack = match &mut *open {
            Some(pack) => pack,
            none => none.insert(self.begin()?),
        };
        // Should it fail, the next message takes the place.
        pack.file
            .write_all_at(content, pack.length)
            .map_err(|source| Error::Stage {
                path: self.staging.path_of(&pack.name),
                source,
            })?;
        let name = name_in(&pack.name, pack.length);
        // An empty one has its own place, and with it its own name.
        pack.length += (content.len() as u64).max(1);
        Ok(name)
    }

    fn begin(&self) -> Result<Pack, Error> {
        let name = self.staging.new_name();
        let file = self.staging.folder.new_file(&self.staging.hidden(&name))?;
        Ok(Pack {
            name,
            file,
            length: 0,
        })
    }

    /// Ends the pack that was begun, if one was, and returns its name: what comes next goes into another.
    pub fn seal(&self) -> Option<String> {
        self.open.take().map(|pack| pack.name)
    }
}

impl Staging<'_> {
    /// Where a message of this size is staged: in this pack, if that is its own, else in a file of its own.
    #[must_use]
    pub fn content_of(&self, file: &str, size: Octets, pack: Option<&str>) -> Content {
        match (place(file), pack) {
            (Some((own, start)), Some(pack)) if own == pack => Content {
                path: self.path_of(pack),
                range: Some(start..start + size.0),
            },
            _ => self.path_of(file).into(),
        }
    }

    /// Gives messages whose packs are still there files of their own, durably, and removes the packs: for all that is done
    /// with them later they are as others are. A message of which its pack lacks something gets none.
    ///
    /// # Errors
    /// A pack cannot be read or removed, or the file of a message not be written; done again, it is done.
    pub fn unpack<'f>(
        &self,
        messages: impl Iterator<Item = (&'f str, Octets)>,
    ) -> Result<(), Error> {
        let (mut packs, mut files) = (Vec::new(), Vec::new());
        for (file, size) in messages {
            let Some((pack, _)) = place(file) else {
                continue;
            };
            let content = self.content_of(file, size, Some(&pack));
            if packs.last() != Some(&pack) {
                if !content.path.exists() {
                    continue;
                }
                packs.push(pack);
            }
            if self.copy(&content, size, file)? {
                files.push(file);
            }
        }
        if packs.is_empty() {
            return Ok(());
        }
        self.make_durable(files.into_iter(), None)?;
        packs.iter().try_for_each(|pack| self.discard(pack))
    }

    /// Makes a file of a message in a pack; false if it is not whole.
    fn copy(&self, content: &Content, size: Octets, file: &str) -> Result<bool, Error> {
        let mut source = content.open().map_err(Error::folder(&content.path))?;
        // One that an interrupted attempt has left is made anew.
        self.discard(file)?;
        let mut copy = self.folder.new_file(&self.hidden(file))?;
        let copied = io::copy(&mut source, &mut copy);
        let is_whole = copied.map_err(Error::folder(&self.path_of(file)))? == size.0;
        if !is_whole {
            self.discard(file)?;
        }
        Ok(is_whole)
    }
}

/// The mark behind the counter of a pack's name, before the place of a message in it; no other name has one there.
const MARK: char = 'P';

/// Which dot of a name stands before the host.
const HOST: usize = 1;

/// The name of the message that begins at `start` in a pack.
fn name_in(pack: &str, start: u64) -> String {
    let end = pack
        .match_indices('.')
        .nth(HOST)
        .map_or(pack.len(), |(at, _)| at);
    let (head, host) = pack.split_at(end);
    format!("{head}{MARK}{start}{host}")
}

/// The pack in which a message of this name was staged, and where it begins; `None` if it was in none.
pub(super) fn place(file: &str) -> Option<(String, u64)> {
    let unique = unique_part(file);
    let (end, _) = unique.match_indices('.').nth(HOST)?;
    let (head, host) = unique.split_at(end);
    let (head, start) = head.rsplit_once(MARK)?;
    Some((format!("{head}{host}"), start.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::super::naming::Stamp;
    use super::super::staging::{Staged, Stager};
    use super::*;

    fn read(content: &Content) -> Vec<u8> {
        let mut bytes = Vec::new();
        content.open().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn stage(stager: &mut Stager<'_>, content: &[u8]) -> Staged {
        let mut draft = stager.begin();
        draft.write(content).unwrap();
        draft.finish().unwrap()
    }

    #[test]
    fn the_name_of_a_packed_message_leads_to_its_place() {
        for host in ["mail.example.com", "host", "PP7.x"] {
            let stamp = Stamp::new(Timestamp::UNIX_EPOCH, host, 7);
            let pack = stamp.unique();
            let name = name_in(&pack, 4096) + ",S=12:2,S";
            assert_eq!(place(&name), Some((pack.clone(), 4096)));
            assert_eq!(place(&pack), None);
        }
        assert_eq!(place("1.M1R1Q1Px.host"), None);
        assert_eq!(place("strange"), None);
    }

    #[test]
    fn small_messages_share_a_file_until_it_is_sealed_and_large_ones_have_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = Stamp::new(Timestamp::UNIX_EPOCH, "h", 7);
        let spool = Staging::spool(folder.path(), &stamp).unwrap();
        let packs = Packs::new(&spool);
        let mut stager = Stager::new(&spool, Some(&packs));
        let one = stage(&mut stager, b"one\r\n");
        let large = stage(&mut stager, &vec![b'x'; 100_000]);
        let two = stage(&mut stager, b"two\r\n");
        let pack = packs.seal().unwrap();
        let three = stage(&mut stager, b"three\r\n");
        let next = packs.seal().unwrap();
        assert_eq!(packs.seal(), None);
        assert_eq!(spool.names().unwrap().len(), 3);

        let content = |it: &Staged, pack| read(&spool.content_of(&it.file, it.size, pack));
        assert_eq!(content(&one, Some(&pack)), b"one\n");
        assert_eq!(content(&two, Some(&pack)), b"two\n");
        assert_eq!(content(&three, Some(&next)), b"three\n");
        assert_eq!(content(&large, Some(&pack)).len(), 100_000);
    }

    #[test]
    fn what_waits_in_packs_is_unpacked_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = Stamp::new(Timestamp::UNIX_EPOCH, "h", 7);
        let spool = Staging::spool(folder.path(), &stamp).unwrap();
        let packs = Packs::new(&spool);
        let mut stager = Stager::new(&spool, Some(&packs));
        let all = [b"one\r\n".as_slice(), b"", b"two\r\n"].map(|it| stage(&mut stager, it));
        let pack = packs.seal().unwrap();
        // An earlier attempt was interrupted.
        fs::write(spool.path_of(&all[0].file), "o").unwrap();
        let mut owed: Vec<_> = all.iter().map(|it| (it.file.as_str(), it.size)).collect();
        // One that its pack does not hold.
        let beyond = format!("{},S=9", name_in(&pack, 1000));
        owed.push((&beyond, Octets(9)));
        for _ in 0..2 {
            spool.unpack(owed.iter().copied()).unwrap();
            let content = |it: &Staged| read(&spool.content_of(&it.file, it.size, None));
            assert_eq!(
                all.each_ref().map(content),
                [b"one\n".to_vec(), b"".to_vec(), b"two\n".to_vec()]
            );
            assert_eq!(spool.names().unwrap().len(), 3);
        }
    }
}
