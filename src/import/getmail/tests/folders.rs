//! What is read in which folder.

use std::fs;

use super::{HEAD, at};
use crate::import::getmail::read;
use crate::import::{Account, Error};

#[test]
fn a_folder_has_accounts_with_their_uids() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/getmail");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, content: &str| fs::write(folder.join(name), content).unwrap();
    write("getmailrc", HEAD);
    write("apple", &HEAD.replace("= jo", "= jo/x"));
    write("apple~", HEAD);
    write("log", "2026-11-22 fetched\n");
    write("tokens.json", HEAD);
    write("oldmail-pop.example.net-995-jo", "a-b\x001795365376\n");
    write("oldmail-pop.example.net-995-jo-x", "c\x001\nd\x002\n");
    write("oldmail-imap.example.net-993-jo", "e\x001\n");
    write("oldmail-gone.example.net-110-jo", "f\x001\n");
    let found = read(None, &at(home.path())).unwrap();
    let seen = |account: &Account| (account.name.clone(), account.records[0].taken.len());
    let seen: Vec<_> = found.accounts.iter().map(seen).collect();
    assert_eq!(seen, [("jo".to_owned(), 1), ("apple".to_owned(), 2)]);
    assert_eq!(found.accounts[1].records[0].user, "jo/x");
    assert_eq!(found.strays.len(), 1);
    assert_eq!(found.strays[0].host, "gone.example.net");
    assert_eq!(found.files.len(), 5);
    let left: Vec<_> = found
        .left_out
        .iter()
        .map(|left| left.file.file_name().unwrap())
        .collect();
    assert_eq!(left, ["apple~", "oldmail-imap.example.net-993-jo"]);

    let alone = read(Some(&folder.join("apple")), &at(home.path())).unwrap();
    assert_eq!(alone.accounts[0].records.len(), 1);
    assert_eq!(alone.strays, []);
    let uids = folder.join("oldmail-pop.example.net-995-jo");
    assert_eq!(read(Some(&uids), &at(home.path())).unwrap().strays.len(), 1);
    let log = read(Some(&folder.join("log")), &at(home.path()));
    assert!(matches!(log, Err(Error::NotItsOwn { .. })), "{log:?}");
}

#[test]
fn the_uids_are_also_looked_for_where_getmail_keeps_them() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".getmail");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("oldmail-pop.example.net-995-jo"), "a\x001\n").unwrap();
    let elsewhere = home.path().join("mailrc");
    fs::write(&elsewhere, HEAD).unwrap();
    let found = read(Some(&elsewhere), &at(home.path())).unwrap();
    assert_eq!(found.accounts[0].records[0].taken.len(), 1);
}

#[test]
fn where_nothing_is_the_places_are_named() {
    let home = tempfile::tempdir().unwrap();
    let nothing = read(None, &at(home.path())).unwrap_err().to_string();
    assert!(nothing.contains(".config/getmail nor "), "{nothing}");
    let empty = read(Some(home.path()), &at(home.path()));
    assert!(matches!(empty, Err(Error::NotItsOwn { .. })), "{empty:?}");
}
