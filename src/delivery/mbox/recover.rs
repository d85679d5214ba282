//! Finds out what an interrupted append has left in an mbox, and takes a half message away.
//!
//! Invariants: an entry is said to be there only if all of it is; a byte that another program wrote is never changed.

use std::collections::HashMap;
use std::os::unix::fs::FileExt;

use memchr::{memchr, memchr_iter};

use super::super::error::Error;
use super::compare::{Agreement, compare, is_kept};
use super::entry::{Entry, Renderer};
use super::lock::LockedMbox;
use super::quote::FROM;
use super::read::{BLOCK, ReadAt, fill};

/// How much of a line is looked at to see whether it is a From_ line: more than any sender and date have.
const FROM_LINE: usize = 2048;

impl LockedMbox {
    /// Looks for what an interrupted append of these entries, begun when the mbox had the length `begun`, has left
    /// behind. Returns for each entry whether it is there, whole and durable. A half one is cut off; if another program
    /// has appended behind it, it becomes blank lines. If the mbox has been rewritten since, all of it is searched.
    ///
    /// # Errors
    /// [`Error::Staged`] if a staged message cannot be read, [`Error::Mbox`] if the mbox cannot be read or written.
    pub fn recover(&mut self, begun: u64, entries: &[Entry]) -> Result<Vec<bool>, Error> {
        let mut found = vec![false; entries.len()];
        let length = self.length()?;
        if length == begun {
            return Ok(found);
        }
        if length < begun {
            self.search(0, entries, &mut found)?;
        } else {
            let agreement = compare(self, begun, entries)?;
            found[..agreement.whole].fill(true);
            if let Some(next) = entries.get(agreement.whole) {
                if agreement.end == length {
                    self.cut(agreement.start)?;
                } else {
                    self.tell_apart(&agreement, next, entries, &mut found)?;
                }
            }
        }
        // Who wrote it may have died before it was durable.
        self.sync(begun)?;
        Ok(found)
    }

    /// Something else than the rest of ours is there: other mail behind a part of ours, or the mbox was rewritten.
    fn tell_apart(
        &self,
        agreement: &Agreement,
        next: &Entry,
        entries: &[Entry],
        found: &mut [bool],
    ) -> Result<(), Error> {
        let Agreement {
            whole,
            start,
            from,
            end,
        } = *agreement;
        let line = Renderer::new().first_line(next)?;
        // If it begins with mail of ours, what is before that is where it was, and is not searched: it may hold another
        // copy of the same mail.
        let ours = whole > 0 || end >= from + line.len() as u64;
        self.search(if ours { start } else { 0 }, entries, found)?;
        if !found[whole]
            && let Some(half) = self.end_of_half(from, end)?
        {
            self.blank(from, half)?;
        }
        Ok(())
    }

    /// Where the half message ends that begins at `from` and is ours up to `end`, or a few bytes less: other mail may
    /// begin as ours would have gone on. Nothing if no other mail follows, and so it may be anything.
    fn end_of_half(&self, from: u64, end: u64) -> Result<Option<u64>, Error> {
        for back in 0..=FROM.len() as u64 {
            let Some(start) = end.checked_sub(back).filter(|start| *start > from) else {
                break;
            };
            if self.read_from_line(start)?.is_some() {
                return Ok(Some(start));
            }
        }
        // Blank lines may come first: those of the other program, or of a recovery that was interrupted.
        let mut reader = ReadAt {
            mbox: self,
            offset: end,
        };
        let mut buffer = vec![0; BLOCK];
        let mut next = end;
        loop {
            let read = fill(&mut reader, &mut buffer).map_err(Error::mbox(&self.path))?;
            let blank = buffer[..read]
                .iter()
                .take_while(|byte| **byte == b'\n')
                .count();
            next += blank as u64;
            if blank < read || read == 0 {
                break;
            }
        }
        let follows = next == self.length()? || next > end && self.read_from_line(next)?.is_some();
        Ok(follows.then_some(end))
    }

    /// Turns a part of ours into blank lines, from its end to its beginning, so that an interruption leaves what can be
    /// recognised again.
    fn blank(&self, start: u64, mut end: u64) -> Result<(), Error> {
        let newlines = [b'\n'; 4096];
        while end > start {
            let length = (end - start).min(newlines.len() as u64);
            end -= length;
            // It is no more than the array is long.
            let newlines = &newlines[..usize::try_from(length).unwrap_or(newlines.len())];
            self.file
                .write_all_at(newlines, end)
                .map_err(Error::mbox(&self.path))?;
            self.keep();
        }
        Ok(())
    }

    /// Searches the mbox from `offset`, where a line begins, for those entries that are not found yet. Each message in it
    /// is taken for one of them at most.
    fn search(&self, offset: u64, entries: &[Entry], found: &mut [bool]) -> Result<(), Error> {
        let mut search = Search::new(self, entries, found)?;
        search.consider(offset)?;
        let mut reader = ReadAt { mbox: self, offset };
        let mut buffer = vec![0; BLOCK];
        loop {
            let start = reader.offset;
            let read = fill(&mut reader, &mut buffer).map_err(Error::mbox(&self.path))?;
            let block = &buffer[..read];
            for newline in memchr_iter(b'\n', block) {
                let line = &block[newline + 1..];
                let seen = line.len().min(FROM.len());
                if line[..seen] == FROM[..seen] {
                    search.consider(start + newline as u64 + 1)?;
                }
            }
            if read < BLOCK {
                return Ok(());
            }
        }
    }

    /// The line at `offset`, with its end, if it is a From_ line: it has a time in it.
    fn read_from_line(&self, offset: u64) -> Result<Option<Vec<u8>>, Error> {
        let mut line = vec![0; FROM_LINE];
        let mut reader = ReadAt { mbox: self, offset };
        let read = fill(&mut reader, &mut line).map_err(Error::mbox(&self.path))?;
        let end = memchr(b'\n', &line[..read]).map_or(read, |end| end + 1);
        line.truncate(end);
        let timed = line.windows(5).any(|five| {
            five[2] == b':' && [0, 1, 3, 4].iter().all(|at| five[*at].is_ascii_digit())
        });
        Ok((timed && line.starts_with(FROM)).then_some(line))
    }
}

/// A search for entries in an mbox.
struct Search<'s> {
    mbox: &'s LockedMbox,
    entries: &'s [Entry],
    found: &'s mut [bool],
    /// The entries that are sought, by their From_ line.
    sought: HashMap<Vec<u8>, Vec<usize>>,
}

impl<'s> Search<'s> {
    fn new(
        mbox: &'s LockedMbox,
        entries: &'s [Entry],
        found: &'s mut [bool],
    ) -> Result<Self, Error> {
        let mut sought = HashMap::<_, Vec<usize>>::new();
        let mut renderer = Renderer::new();
        for (index, entry) in entries
            .iter()
            .enumerate()
            .filter(|(index, _)| !found[*index])
        {
            let line = renderer.first_line(entry)?;
            sought.entry(line.into_bytes()).or_default().push(index);
        }
        Ok(Self {
            mbox,
            entries,
            found,
            sought,
        })
    }

    /// Looks whether the message at `offset` is one of those that are sought.
    fn consider(&mut self, offset: u64) -> Result<(), Error> {
        let Some(line) = self.mbox.read_from_line(offset)? else {
            return Ok(());
        };
        for index in self.sought.get(&line).into_iter().flatten() {
            if !self.found[*index] && is_kept(self.mbox, offset, &self.entries[*index])? {
                self.found[*index] = true;
                break;
            }
        }
        Ok(())
    }
}
