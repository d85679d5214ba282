//! Tries out the destinations, and looks for room on their disks.
//!
//! It refuses to know what is delivered. Invariants: nothing is delivered, and no destination is made; a file that is made
//! to see whether one can be is removed at once.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, access};

use super::Subject;
use super::finding::{Mark, Teller, Topic};
use super::maildrop::New;
use super::record::Record;
use super::trouble::Trouble;
use crate::delivery::{Destination, Error, Lmtp, Maildir, Mbox, Program, Room};
use crate::mail::Octets;
use crate::retention::Policy;

/// Where cron looks for programs.
pub const CRON_PATH: &str = "/usr/bin:/bin";

/// A lock that is not had in this time is somebody else's.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// What is written to see whether anything can be: a block.
const SAMPLE: [u8; 4096] = [0; 4096];

/// Less than this is little, whatever is new.
const LITTLE: Octets = Octets(100 << 20);

/// Tries out all destinations, and looks for room for what is new.
pub(super) fn look(subject: &Subject<'_>, record: &Record, new: &New, teller: &mut Teller<'_>) {
    for destination in subject.destinations {
        teller.begin(Topic::Destination);
        match try_destination(subject, record, destination) {
            Ok(seen) => teller.pass(Topic::Destination, seen),
            Err((mark, trouble)) => {
                teller.trouble(Topic::Destination, mark, destination.to_string(), trouble);
            }
        }
        if let Destination::Pipe(program) = destination {
            under_cron(subject, program, teller);
        }
    }
    room(subject, new, teller);
}

type Tried = Result<String, (Mark, Trouble)>;

fn failed(error: Error) -> (Mark, Trouble) {
    let mark = match error {
        // It may be given back in a moment, and a run waits for longer.
        Error::Locked { .. } => Mark::Note,
        _ => Mark::Fail,
    };
    (mark, error.into())
}

fn try_destination(subject: &Subject<'_>, record: &Record, destination: &Destination) -> Tried {
    let tried = match destination {
        Destination::Maildir(path) if Maildir::exists(path) => try_maildir(subject, path),
        Destination::Maildir(path) => {
            return gone(subject, record, destination, path).unwrap_or_else(|| {
                may_be_made(path)
                    .map(|()| format!("the Maildir {} will be made", path.display()))
                    .map_err(|(path, source)| failed(Error::Folder { path, source }))
            });
        }
        Destination::Mbox(mbox) => try_mbox(subject, mbox),
        Destination::Pipe(program) => program
            .check(subject.path)
            .map(|()| format!("the program {} is there", program.argv[0])),
        Destination::Lmtp(server) => try_lmtp(subject, server),
    };
    tried.map_err(failed)
}

fn try_maildir(subject: &Subject<'_>, path: &Path) -> Result<String, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| Error::Folder { path, source }
    };
    Maildir::examine(path)?;
    let tmp = path.join("tmp");
    if tmp.is_dir() {
        try_out(&tmp, &(subject.nonce)()).map_err(failed(&tmp))?;
    } else {
        may_be_made(&tmp).map_err(|(path, source)| failed(&path)(source))?;
    }
    let new = path.join("new");
    access(&new, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| failed(&new)(error.into()))?;
    Ok(format!("the Maildir {} can be written", path.display()))
}

/// A Maildir that had mail and is not there may be on a disk that is not mounted.
fn gone(
    subject: &Subject<'_>,
    record: &Record,
    destination: &Destination,
    path: &Path,
) -> Option<Tried> {
    // What cannot be read is told with the state.
    let account = record.account(subject).ok()??;
    let address = destination.to_string();
    let is_owed = account
        .owed()
        .ok()?
        .iter()
        .any(|owed| owed.destination == address && (!owed.spooled || owed.begun.is_some()));
    let mut filed = account.filed().ok()?.into_iter();
    let was_here = filed.any(|filed| filed.destination == address);
    let follows = matches!(subject.retention, Policy::KeepWhileHere(_));
    let mark = if is_owed || (was_here && follows) {
        Mark::Fail
    } else if was_here {
        Mark::Note
    } else {
        return None;
    };
    let path = path.to_owned();
    Some(Err((mark, Trouble::Gone { path })))
}

fn try_mbox(subject: &Subject<'_>, mbox: &Mbox) -> Result<String, Error> {
    let shown = mbox.path.display();
    if !mbox.path.exists() && !mbox.path.is_symlink() {
        may_be_made(&mbox.path).map_err(|(path, source)| Error::Mbox { path, source })?;
        return Ok(format!("the mbox {shown} will be made"));
    }
    let mbox = Mbox {
        lock_timeout: mbox.lock_timeout.min(LOCK_PATIENCE),
        ..mbox.clone()
    };
    mbox.lock(subject.patience.stop())?;
    Ok(format!("the mbox {shown} can be locked and written"))
}

fn try_lmtp(subject: &Subject<'_>, server: &Lmtp) -> Result<String, Error> {
    let session = server.connect(subject.host, subject.patience.stop())?;
    session.quit();
    Ok(format!("the LMTP server at {} answers", server.address))
}

/// A program that is found here may not be found by cron.
fn under_cron(subject: &Subject<'_>, program: &Program, teller: &mut Teller<'_>) {
    let is_here = program.check(subject.path).is_ok();
    if is_here && program.check(Some(OsStr::new(CRON_PATH))).is_err() {
        let (program, path) = (program.argv[0].clone(), CRON_PATH);
        let seen = program.clone();
        teller.note(
            Topic::Destination,
            seen,
            Trouble::NotInCron { program, path },
        );
    }
}

/// Makes a file in this folder and removes it; gives the time that it got.
pub(super) fn try_out(folder: &Path, unique: &str) -> io::Result<SystemTime> {
    let path = folder.join(format!("popfetch-check.{unique}"));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    let written = file.write_all(&SAMPLE).and_then(|()| file.metadata());
    let removed = fs::remove_file(&path);
    let time = written?.modified()?;
    removed?;
    Ok(time)
}

/// Whether a file or folder could be made there, with the folders above it; else where it fails, and why.
pub(super) fn may_be_made(path: &Path) -> Result<(), (PathBuf, io::Error)> {
    let mut above = path.ancestors().skip(1);
    let there = above.find(|path| path.symlink_metadata().is_ok());
    let there = there.unwrap_or(Path::new("/"));
    let failed = |error: io::Error| (there.to_owned(), error);
    if !there.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| failed(error.into()))
}

/// The number of the file system of this path, or of what is there of it.
fn disk_of(path: &Path) -> Option<u64> {
    let there = path.ancestors().find_map(|path| path.metadata().ok());
    there.map(|metadata| metadata.dev())
}

/// Looks for room, on each disk once.
fn room(subject: &Subject<'_>, new: &New, teller: &mut Teller<'_>) {
    teller.begin(Topic::Disk);
    let folders = subject.destinations.iter().filter_map(Destination::path);
    let octets: Octets = new.iter().copied().sum();
    let mut seen = Vec::new();
    for folder in folders.chain([subject.state]) {
        let Some(room) = Room::around(folder) else {
            continue;
        };
        let disk = disk_of(folder);
        if seen.contains(&disk) {
            continue;
        }
        seen.push(disk);
        let (free, folder) = (room.free, folder.to_owned());
        let shown = format!("{free} free of {} for {}", room.whole, folder.display());
        if octets > room.usable() {
            let messages = new.len();
            let trouble = Trouble::NoRoom {
                folder,
                messages,
                octets,
                free,
            };
            teller.fail(Topic::Disk, shown, trouble);
        } else if free < LITTLE {
            teller.note(Topic::Disk, shown, Trouble::LittleRoom { folder, free });
        } else {
            teller.pass(Topic::Disk, shown);
        }
    }
}
