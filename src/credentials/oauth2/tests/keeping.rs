//! Tokens are where they belong, and nobody else can read them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::ring::{Memory, Mood};
use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The file with the tokens, if there is one.
fn file_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|kind| kind == "json"))
}

#[test]
fn the_keyring_comes_first_and_no_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let keeper = keeper(folder.path(), &ring);
    let kept = tokens("a", Some("r"), 60);
    assert_eq!(keeper.save(&kept, &NO_STOP).unwrap(), Place::Keyring);
    assert_eq!(file_in(folder.path()), None);
    let names: Vec<String> = ring
        .entries
        .lock()
        .unwrap()
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(names, ["oauth2:ann@pop.example.com"]);
    assert_eq!(keeper.load(&NO_STOP).unwrap(), Some(kept));
    assert!(keeper.remove(&NO_STOP).unwrap());
    assert!(!keeper.remove(&NO_STOP).unwrap());
    assert_eq!(keeper.load(&NO_STOP).unwrap(), None);
}

#[test]
fn the_file_is_private_whole_and_alone() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("state/oauth2");
    let ring = Memory::new(Mood::Absent);
    let keeper = keeper(&folder, &ring);
    let kept = tokens("a\"b", Some("r\\"), 60);
    for _ in 0..2 {
        assert_eq!(keeper.save(&kept, &NO_STOP).unwrap(), Place::File);
        assert_eq!(mode(&file_in(&folder).unwrap()), 0o600);
        assert_eq!(keeper.load(&NO_STOP).unwrap().as_ref(), Some(&kept));
    }
    assert_eq!(mode(&folder), 0o700);
    // The lock and the file; nothing beside them.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    assert!(keeper.remove(&NO_STOP).unwrap());
    assert_eq!(file_in(&folder), None);
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let keeper = keeper(folder.path(), &ring).in_file();
    keeper.save(&tokens("a", None, 60), &NO_STOP).unwrap();
    let path = file_in(folder.path()).unwrap();
    for exposed in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, Permissions::from_mode(exposed)).unwrap();
        match keeper.load(&NO_STOP) {
            Err(Error::Exposed { mode, .. }) => assert_eq!(mode, exposed),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_file_wins_and_stays_where_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let (first, second, third) = (
        tokens("in-the-keyring", None, 60),
        tokens("in-the-file", None, 60),
        tokens("again", None, 60),
    );
    let keeper = || keeper(folder.path(), &ring);
    keeper().save(&first, &NO_STOP).unwrap();
    assert_eq!(
        keeper().in_file().save(&second, &NO_STOP).unwrap(),
        Place::File
    );
    assert_eq!(keeper().load(&NO_STOP).unwrap(), Some(second));
    assert_eq!(keeper().save(&third, &NO_STOP).unwrap(), Place::File);
    assert_eq!(keeper().load(&NO_STOP).unwrap(), Some(third));
    // A logout leaves nothing in either place.
    assert!(keeper().remove(&NO_STOP).unwrap());
    assert_eq!(keeper().load(&NO_STOP).unwrap(), None);
}

#[test]
fn a_keyring_that_is_not_there_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Absent);
    let keeper = keeper(folder.path(), &ring);
    let loaded = keeper.load(&NO_STOP);
    assert!(matches!(loaded, Err(Error::Keyring { .. })), "{loaded:?}");
    let removed = keeper.remove(&NO_STOP);
    assert!(matches!(removed, Err(Error::Keyring { .. })), "{removed:?}");
}

#[test]
fn a_stop_while_the_keyring_waits_keeps_no_login() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let keeper = keeper(folder.path(), &ring).attended();
    let saved = keeper.save(&tokens("a", None, 60), &AtomicBool::new(true));
    assert!(matches!(saved, Err(Error::Stopped)), "{saved:?}");
    assert_eq!(file_in(folder.path()), None);
}

#[test]
fn what_is_damaged_is_told_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let keeper = keeper(folder.path(), &ring).in_file();
    keeper.save(&tokens("a", None, 60), &NO_STOP).unwrap();
    let path = file_in(folder.path()).unwrap();
    for text in [
        "",
        "hunter2",
        r#"["hunter2"]"#,
        r#"{"access_token":"hunter2"}"#,
        r#"{"version":2,"client_id":"x","access_token":"hunter2"}"#,
        r#"{"version":1,"access_token":"hunter2"}"#,
        r#"{"version":1,"client_id":"x","refresh_token":"hunter2"}"#,
        r#"{"version":1,"client_id":"x","access_token":"hunter2\r\nDELE 1"}"#,
        r#"{"version":1,"client_id":"x","access_token":"hunter2","expires":"soon"}"#,
        r#"{"version":1,"client_id":"x","access_token":"hunter2","expires":9223372036854775807}"#,
    ] {
        fs::write(&path, text).unwrap();
        let error = keeper.load(&NO_STOP).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{text}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    // A new login puts it right.
    keeper.save(&tokens("a", None, 60), &NO_STOP).unwrap();
    assert!(keeper.load(&NO_STOP).unwrap().is_some());
}

#[test]
fn what_a_crash_left_beside_the_file_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Absent);
    let keeper = keeper(folder.path(), &ring);
    keeper.save(&tokens("a", None, 60), &NO_STOP).unwrap();
    let beside = file_in(folder.path()).unwrap().with_extension("new");
    fs::write(&beside, "half").unwrap();
    fs::set_permissions(&beside, Permissions::from_mode(0o644)).unwrap();
    keeper.save(&tokens("b", None, 60), &NO_STOP).unwrap();
    assert_eq!(keeper.load(&NO_STOP).unwrap(), Some(tokens("b", None, 60)));
    assert_eq!(mode(&file_in(folder.path()).unwrap()), 0o600);
    assert!(!beside.exists());
}

#[test]
fn debug_output_shows_no_token() {
    let shown = format!("{:?}", tokens("hunter2", Some("hunter2"), 60));
    assert!(!shown.contains("hunter2"), "{shown}");
}
