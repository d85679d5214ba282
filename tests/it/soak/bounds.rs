//! How much a state may hold, however many runs were struck.
//!
//! It owns the bounds and their reasons, and the reading of the database, which it never writes to.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::figures::Figures;
use super::store::files;

/// A run holds no more memory: what is fetched streams, whatever its size.
const MEMORY: u64 = 64 << 20;

/// SQLite takes the log back into the database at each thousand pages of 4 KiB, and a batch may come on top.
const WAL: u64 = 8 << 20;

/// The database without a message: the tables and their indices, a page or more each.
const EMPTY: u64 = 256 << 10;

/// One message's row, its deliveries' and those of their indices, in pages that may be half empty.
const EACH_MESSAGE: u64 = 1536;

/// A lock file for each account, and nothing else.
const LOCKS: usize = 3;

/// An account's kinds of trouble; those that are over are forgotten after some time.
const TROUBLES: u64 = 16;

/// Holds what is there after a run without faults against the bounds; `sent` messages were ever there, and each has gone
/// to so many destinations that there must be so many `deliveries`.
pub(super) fn judge(
    state: &Path,
    sent: u64,
    deliveries: u64,
    figures: &mut Figures,
) -> Vec<String> {
    let mut wrong = after_any(state, figures);
    let mut at_most = |what: &str, found: u64, most: u64| {
        if found > most {
            wrong.push(format!("{found} {what}, and {most} would be many"));
        }
    };
    let left = files(&state.join("spool"));
    at_most("files in the spool", left.len() as u64, 0);
    at_most(
        "bytes of log after a run",
        size(&state.join("state.db-wal")),
        0,
    );
    let database = size(&state.join("state.db"));
    figures.see("of database", database, "bytes");
    at_most("bytes of database", database, EMPTY + sent * EACH_MESSAGE);
    let connection = open(state);
    let rows = |table: &str| -> u64 {
        let count = format!("SELECT count(*) FROM {table}");
        let rows: u32 = connection.query_row(&count, [], |row| row.get(0)).unwrap();
        rows.into()
    };
    at_most("rows of messages", rows("message"), sent);
    at_most("rows of deliveries", rows("delivery"), deliveries);
    at_most("rows of accounts", rows("account"), LOCKS as u64);
    at_most("rows of troubles", rows("trouble"), LOCKS as u64 * TROUBLES);
    at_most("rows of stumbles", rows("stumble"), 0);
    at_most("rows of destinations", rows("destination"), 6);
    at_most("rows of servers", rows("server"), 2);
    at_most(
        "deliveries that wait",
        rows("delivery WHERE published IS NULL"),
        0,
    );
    wrong
}

/// Holds what is there after any run against the bounds.
pub(super) fn after_any(state: &Path, figures: &mut Figures) -> Vec<String> {
    let wal = size(&state.join("state.db-wal"));
    figures.see("of write-ahead log", wal, "bytes");
    let spool = files(&state.join("spool"));
    let spooled = spool.iter().map(|path| size(path)).sum();
    figures.see("in the spool", spooled, "bytes");
    let locks = files(&state.join("locks")).len();
    let mut wrong = Vec::new();
    if wal > WAL {
        wrong.push(format!("{wal} bytes of write-ahead log"));
    }
    if locks > LOCKS {
        wrong.push(format!("{locks} lock files"));
    }
    wrong
}

/// Holds the memory of a run against its bound.
pub(super) fn memory(peak: u64, figures: &mut Figures) -> Option<String> {
    figures.see("of memory in a run", peak >> 10, "KiB");
    (peak > MEMORY).then(|| format!("a run held {peak} bytes of memory"))
}

/// Has SQLite look through the whole database.
pub(super) fn integrity(state: &Path) -> Option<String> {
    let check = "PRAGMA integrity_check";
    let found: String = open(state).query_row(check, [], |row| row.get(0)).unwrap();
    (found != "ok").then_some(found)
}

/// How many messages of the server's are due by these seconds since 1970 and not known to be deleted.
pub(super) fn overdue(state: &Path, user: &str, seen_before: i64) -> u32 {
    let count = "SELECT count(*) FROM message JOIN account ON account.id = message.account
                 WHERE account.user = ? AND first_seen <= ? AND absent_since IS NULL AND delete_accepted IS NULL";
    let connection = open(state);
    let row = connection.query_row(count, (user, seen_before), |row| row.get(0));
    row.unwrap()
}

fn open(state: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(state.join("state.db"), flags).unwrap()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |it| it.len())
}
