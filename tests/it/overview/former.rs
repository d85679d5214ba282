//! A record that a former version left: nothing in it is lost, and what it lacks is no trouble.
//!
//! It is made by copying what a run recorded, as far as the former version knew it, into the former version's tables,
//! which `former.sql` has.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::super::support::mailbox::Mailbox;
use super::{at, object};

/// The former version's tables.
const FORMER: &str = include_str!("former.sql");

/// Puts a record of the former version in place of this one.
fn set_back(path: &Path) {
    let older = path.with_extension("older");
    let database = Connection::open(&older).unwrap();
    database.execute_batch(FORMER).unwrap();
    let texts = |query: &str| -> Vec<String> {
        let mut statement = database.prepare(query).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let tables = texts("SELECT name FROM sqlite_schema WHERE type = 'table'");
    let attach = format!("ATTACH '{}' AS newer", path.display());
    database.execute_batch(&attach).unwrap();
    for table in tables {
        let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}')")).join(", ");
        let copy =
            format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}");
        database.execute_batch(&copy).unwrap();
    }
    database.execute_batch("DETACH newer").unwrap();
    database.close().unwrap();
    for end in ["db-wal", "db-shm"] {
        // It may have been removed with the last connection.
        let _ = fs::remove_file(path.with_extension(end));
    }
    fs::rename(older, path).unwrap();
}

/// A mailbox of which the former version fetched everything.
fn mailbox() -> Mailbox {
    let mailbox = Mailbox::new(5);
    assert_eq!(at(&mailbox, 0, &["sync"]).code, 0);
    set_back(&mailbox.sandbox.path("state/popfetch/state.db"));
    mailbox
}

#[test]
fn status_and_history_tell_what_a_former_record_has() {
    let mailbox = mailbox();
    let told = object(&mailbox, 5);
    assert_eq!(
        (&told["stored"], &told["on_server"]),
        (&5.into(), &5.into())
    );
    assert_eq!(
        (&told["new_today"], &told["last_run"]),
        (&5.into(), &Value::Null)
    );
    let out = at(&mailbox, 5, &["status"]);
    assert!(out.stdout.contains("– never"), "{}", out.stdout);

    let out = at(&mailbox, 5, &["history", "--json"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    let objects = out
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let objects: Vec<Value> = objects.collect();
    assert_eq!(objects.len(), 5);
    for (n, object) in objects.iter().enumerate() {
        assert_eq!(object["uid"], format!("mail-{n:05}"));
        assert_eq!(object["places"][0]["state"], "here");
        // It did not look into headers.
        assert_eq!(
            (&object["message_id"], &object["subject"]),
            (&Value::Null, &Value::Null)
        );
    }
    let out = at(&mailbox, 5, &["history"]);
    assert_eq!(
        (out.code, out.stdout.lines().count()),
        (0, 15),
        "{}",
        out.stdout
    );
}

#[test]
fn a_run_goes_on_from_a_former_record() {
    let mailbox = mailbox();
    mailbox.deposit("new");
    let out = at(&mailbox, 60, &["sync"]);
    assert_eq!(
        (out.code, out.stdout.as_str(), out.stderr.as_str()),
        (0, "", "")
    );
    assert_eq!(mailbox.here(), mailbox.there());
    assert_eq!(mailbox.server.count("RETR"), 6, "nothing is fetched twice");
    let told = object(&mailbox, 61);
    assert_eq!(
        (&told["stored"], &told["last_status"]),
        (&6.into(), &0.into())
    );
    assert_eq!(told["last_run"], "2026-11-02T13:00:00Z");
}
