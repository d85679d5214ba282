//! Looks whether the database is sound, and leaves it as it is, whatever that is.
//!
//! Invariant: nothing is made, changed or set aside.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::Error;
use super::ledger::DATABASE;

/// Looks through the database in the state folder; false if there is none.
///
/// # Errors
/// [`Error::Damaged`] if it is; else it cannot be read, or not be written.
pub fn examine(state: &Path) -> Result<bool, Error> {
    let path = state.join(DATABASE);
    if !path.try_exists().map_err(Error::folder(&path))? {
        return Ok(false);
    }
    let sqlite = |source| Error::sqlite(&path, source);
    let connection =
        Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
    if connection.is_readonly("main").map_err(sqlite)? {
        return Err(Error::ReadOnly { path });
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(sqlite)?;
    if verdict == "ok" {
        Ok(true)
    } else {
        Err(Error::damaged(&path, verdict))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::super::Ledger;
    use super::*;

    #[test]
    fn a_missing_database_a_sound_one_and_a_damaged_one_are_told_apart_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DATABASE);
        assert!(!examine(folder.path()).unwrap());
        assert!(!path.exists());
        drop(Ledger::open(folder.path(), Arc::default()).unwrap());
        assert!(examine(folder.path()).unwrap());
        let damaged = vec![b'x'; 8192];
        fs::write(&path, &damaged).unwrap();
        let error = examine(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}
