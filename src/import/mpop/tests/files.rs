//! Which files are read.

use std::fs;

use tempfile::TempDir;

use super::super::super::{Account, Error, Found, Surroundings};
use super::super::read as read_at;
use super::{account, around};

/// A home folder with these files.
fn home(files: &[(&str, &str)]) -> TempDir {
    let home = TempDir::new().unwrap();
    for (name, content) in files {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    home
}

fn read(home: &TempDir, path: Option<&str>) -> Result<Found, Error> {
    let path = path.map(|path| home.path().join(path));
    around(home.path(), |around| read_at(path.as_deref(), around))
}

fn uids(account: &Account) -> Vec<String> {
    let taken = account.records.iter().flat_map(|record| &record.taken);
    taken.map(|taken| taken.uid.to_string()).collect()
}

fn files(found: &Found, home: &TempDir) -> Vec<String> {
    let files = found.files.iter();
    let names = files.map(|file| file.strip_prefix(home.path()).unwrap());
    names.map(|name| name.display().to_string()).collect()
}

const RC: &str = "account a\nhost pop.example\nuser a\ndelivery maildir /m\n\
    account b : a\nuser b\nuidls_file ~/.b\naccount c : a\nuser c\n";

#[test]
fn an_accounts_uids_are_those_of_its_own_file_server_and_user() {
    let home = home(&[
        (".mpoprc", RC),
        (
            ".mpop_uidls/a_at_pop.example",
            " 1 POP.example a\nuid-a\n 1 pop.example b\nold-b\n",
        ),
        (".b", " 1 pop.example b\nuid-b\n 1 pop.example x\nuid-x\n"),
        (
            ".mpop_uidls/gone_at_pop.example",
            " 1 pop.example gone\nuid-gone\n",
        ),
    ]);
    let found = read(&home, None).unwrap();
    assert_eq!(uids(account(&found, "a")), ["uid-a"]);
    assert_eq!(uids(account(&found, "b")), ["uid-b"]);
    assert_eq!(uids(account(&found, "c")), [""; 0]);
    let strays: Vec<&str> = found
        .strays
        .iter()
        .map(|stray| stray.user.as_str())
        .collect();
    assert_eq!(strays, ["x", "b", "gone"]);
    assert_eq!(
        files(&found, &home),
        [
            ".mpoprc",
            ".b",
            ".mpop_uidls/a_at_pop.example",
            ".mpop_uidls/gone_at_pop.example"
        ]
    );
}

#[test]
fn a_single_file_of_an_older_mpop_is_for_all_accounts() {
    let home = home(&[
        (".config/mpop/config", RC),
        (
            ".mpop_uidls",
            " 1 pop.example a\nuid-a\n 1 pop.example c\nuid-c\n",
        ),
    ]);
    let found = read(&home, None).unwrap();
    assert_eq!(uids(account(&found, "a")), ["uid-a"]);
    assert_eq!(uids(account(&found, "c")), ["uid-c"]);
    assert_eq!(found.strays, []);
}

#[test]
fn a_file_or_a_folder_that_is_named_is_read_for_what_it_is() {
    let home = home(&[
        ("rc", RC),
        ("backup/.mpoprc", RC),
        ("mpop/config", RC),
        ("uidls/a_at_pop.example", "# x\n 1 pop.example a\nuid-a\n"),
        ("uidls/notes", "not a list"),
        ("letter", "Dear mpop,\nplease fetch my mail.\n"),
        ("empty/.keep", ""),
    ]);
    for path in ["rc", "backup", "mpop", "backup/.mpoprc"] {
        let found = read(&home, Some(path)).unwrap();
        assert_eq!(found.accounts.len(), 3, "{path}");
    }
    for path in ["uidls", "uidls/a_at_pop.example"] {
        let found = read(&home, Some(path)).unwrap();
        assert_eq!(found.accounts.len(), 0, "{path}");
        assert_eq!(found.strays[0].user, "a");
        assert_eq!(files(&found, &home), ["uidls/a_at_pop.example"]);
    }
    for path in ["letter", "empty"] {
        let error = read(&home, Some(path)).unwrap_err();
        assert!(matches!(error, Error::NotItsOwn { .. }), "{path}: {error}");
    }
    let error = read(&home, Some("nowhere")).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
}

#[test]
fn without_anything_of_mpops_the_places_are_named() {
    let home = home(&[]);
    let Err(Error::Nothing { looked, .. }) = read(&home, None) else {
        panic!("there is nothing");
    };
    let expected = [".mpoprc", ".config/mpop/config", ".mpop_uidls"];
    assert_eq!(looked, expected.map(|name| home.path().join(name)));
    fs::create_dir(home.path().join(".mpop_uidls")).unwrap();
    fs::write(home.path().join(".mpop_uidls/x"), " 1 h u\na\n").unwrap();
    assert_eq!(read(&home, None).unwrap().strays.len(), 1);
}

#[test]
fn the_first_configuration_that_mpop_would_take_is_taken() {
    let home = home(&[(".mpoprc", RC), ("xdg/mpop/config", "account x\n")]);
    let folder = home.path().join("xdg").display().to_string();
    let variable = |name: &str| (name == "XDG_CONFIG_HOME").then(|| folder.clone());
    let around = Surroundings {
        home: home.path(),
        login: "me",
        variable: &variable,
    };
    assert_eq!(files(&read_at(None, &around).unwrap(), &home), [".mpoprc"]);
    fs::remove_file(home.path().join(".mpoprc")).unwrap();
    assert_eq!(
        files(&read_at(None, &around).unwrap(), &home),
        ["xdg/mpop/config"]
    );
}
