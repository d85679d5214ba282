//! The kinds of system calls at which runs are struck: those that change what outlives the process, or what others hear.
//!
//! It owns which kinds there are for which destination. Invariant: each is counted apart from the others, as a fault at
//! one hides those that would have come at the next.

use super::store::{MBOX, Store};
use super::strike::{Blow, Calls};

/// Some calls, and the numbers of those at which a quick campaign strikes.
pub(super) type Kind = (Calls, &'static [usize]);

/// The state, what is written ahead of it, and what guards it while it is made. (Its shared index, `state.db-shm`, means
/// nothing once its processes are gone.)
const STATE: &str = "state/popfetch/state.db";
pub(super) const WAL: &str = "state/popfetch/state.db-wal";
const JOURNAL: &str = "state/popfetch/state.db-journal";

/// What happens wherever mail goes.
const ALWAYS: [Kind; 15] = [
    (Calls::on("pwrite64", WAL), &[1, 7, 14]),
    (Calls::on("pwrite64", STATE), &[3]),
    (Calls::all("write"), &[3, 7]),
    (Calls::all("sendto"), &[6, 8]),
    (Calls::all("fsync"), &[1, 2, 4]),
    (Calls::all("syncfs"), &[1]),
    (Calls::all("/^unlink"), &[1, 3]),
    (Calls::on("pwrite64", JOURNAL), &[]),
    (Calls::all("ftruncate"), &[]),
    (Calls::all("fdatasync"), &[]),
    (Calls::all("/^mkdir"), &[]),
    (Calls::all("/^link"), &[]),
    (Calls::all("/^p?writev"), &[]),
    (Calls::all("sendmsg"), &[]),
    (OPEN, &[]),
];

/// Without `O_CREAT` it changes nothing, but it is not told apart.
pub(super) const OPEN: Calls = Calls::all("openat");

const MAILDIR: [Kind; 1] = [(Calls::all("/^rename"), &[1, 3, 6])];

const IN_MBOX: [Kind; 4] = [
    (Calls::on("write", MBOX), &[1, 2]),
    (Calls::on("fsync", MBOX), &[1]),
    (Calls::on("ftruncate", MBOX), &[1]),
    (Calls::on("pwrite64", MBOX), &[]),
];

/// Those of children, too.
const PIPE: [Kind; 3] = [
    (CLONE, &[5]),
    (Calls::all("execve"), &[1]),
    (Calls::all("/^rename"), &[1]),
];

/// What is said to the server: by `sendto`, above, and once by these.
const LMTP: [Kind; 1] = [(Calls::all("connect"), &[])];

/// What begins a thread or a child.
pub(super) const CLONE: Calls = Calls::all("/^(clone3?|v?fork)$");

/// Calls that change nothing and may fail.
const READING: [Kind; 2] = [(Calls::all("read"), &[]), (Calls::all("pread64"), &[])];

/// The kinds of calls at which this is to happen to runs that deliver to these.
pub(super) fn kinds(stores: &[Store], blow: Blow) -> Vec<Kind> {
    let mut kinds = ALWAYS.to_vec();
    for store in stores {
        let theirs: &[Kind] = match store {
            Store::Maildir => &MAILDIR,
            Store::Mbox => &IN_MBOX,
            Store::Pipe => &PIPE,
            Store::Lmtp => &LMTP,
        };
        kinds.extend_from_slice(theirs);
    }
    // That a disk is full is no answer to a read.
    if matches!(blow, Blow::Fail("EIO" | "EINTR")) {
        kinds.extend_from_slice(&READING);
    }
    kinds
}
