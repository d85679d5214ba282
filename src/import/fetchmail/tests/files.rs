//! Which files are read, and how their uids find their accounts.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::around;
use crate::import::fetchmail::read;
use crate::import::{Error, Found, Proof, Surroundings};

const RC: &str = "poll Work via pop.example proto pop3 user me@x.org user Eva\n";
const IDS: &str = "ME@X.org@work u1\nme@x.org@WORK u2\neva@work e1\neva@pop.example e2\n";

fn home(files: &[(&str, &str)]) -> TempDir {
    let home = TempDir::new().unwrap();
    for (name, content) in files {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    home
}

fn names(found: &Found, home: &Path) -> Vec<PathBuf> {
    let files = found.files.iter();
    files
        .map(|file| file.strip_prefix(home).unwrap().to_owned())
        .collect()
}

fn taken(found: &Found) -> Vec<Vec<String>> {
    let accounts = found.accounts.iter().map(|account| &account.records);
    accounts
        .map(|records| {
            let taken = records.iter().flat_map(|record| &record.taken);
            taken.map(|taken| taken.uid.to_string()).collect()
        })
        .collect()
}

#[test]
fn uids_are_filed_under_the_label_in_any_case() {
    let home = home(&[(".fetchmailrc", RC), (".fetchids", IDS)]);
    let found = read(None, &around(home.path())).unwrap();
    assert_eq!(
        names(&found, home.path()),
        [Path::new(".fetchmailrc"), Path::new(".fetchids")]
    );
    assert_eq!(taken(&found), [vec!["u1", "u2"], vec!["e1"]]);
    assert_eq!(found.accounts[1].host, "pop.example");
    // A maildrop by the server's own name is nobody's.
    assert_eq!(found.strays.len(), 1);
    assert_eq!(
        (found.strays[0].host.as_str(), found.strays[0].user.as_str()),
        ("pop.example", "eva")
    );
}

#[test]
fn a_path_is_a_folder_a_configuration_or_uids() {
    let home = home(&[
        ("old/fetchmailrc", RC),
        ("old/.fetchids", "eva@work e1\n"),
        ("backup/mail.conf", RC),
        ("backup/seen", IDS),
        (".fetchids", "eva@work home\n"),
    ]);
    let read = |path: &str| read(Some(&home.path().join(path)), &around(home.path())).unwrap();
    assert_eq!(taken(&read("old")), [vec![], vec!["e1"]]);
    assert_eq!(taken(&read("old/fetchmailrc")), [vec![], vec!["e1"]]);
    assert_eq!(taken(&read("backup/mail.conf")), [vec![], vec!["home"]]);
    for alone in ["backup/seen", "old/.fetchids"] {
        let found = read(alone);
        assert_eq!(found.accounts, []);
        assert!(!found.strays.is_empty());
        assert_eq!(names(&found, home.path()), [Path::new(alone)]);
    }
}

#[test]
fn the_environment_says_where_the_files_are() {
    let home = home(&[
        ("fm/fetchmailrc", "poll a proto pop3 user fm"),
        ("etc/.fetchmailrc", "poll a proto pop3 user etc"),
        ("etc/.fetchids", "etc@a e1"),
        ("etc/.netrc", "machine a login etc password p"),
        (".fetchmailrc", "poll a proto pop3 user home"),
    ]);
    let user = |variables: &[(&str, &str)]| {
        let variable = |name: &str| {
            let of = |(known, value): &(&str, &str)| {
                (*known == name).then(|| home.path().join(value).display().to_string())
            };
            variables.iter().find_map(of)
        };
        let around = Surroundings {
            variable: &variable,
            ..around(home.path())
        };
        let mut found = read(None, &around).unwrap();
        found.accounts.remove(0)
    };
    assert_eq!(user(&[]).user, "home");
    let etc = user(&[("HOME_ETC", "etc")]);
    assert_eq!(etc.user, "etc");
    assert_eq!(etc.records.len(), 1);
    assert!(matches!(etc.proof, Proof::Password(_)));
    assert_eq!(
        user(&[("HOME_ETC", "etc"), ("FETCHMAILHOME", "fm")]).user,
        "fm"
    );
    assert_eq!(user(&[("FETCHMAILHOME", "nowhere")]).user, "home");
}

#[test]
fn the_configuration_says_where_the_uids_are() {
    let rc = format!("set idfile ~/mail/ids\n{RC}");
    let home = home(&[
        (".fetchmailrc", &rc),
        ("mail/ids", "eva@work e1"),
        (".fetchids", IDS),
    ]);
    let found = read(None, &around(home.path())).unwrap();
    assert_eq!(taken(&found), [vec![], vec!["e1"]]);
    fs::remove_file(home.path().join("mail/ids")).unwrap();
    let found = read(None, &around(home.path())).unwrap();
    assert_eq!(taken(&found), [const { Vec::<String>::new() }; 2]);
    assert_eq!(
        (found.left_out[0].line, found.left_out[0].what.as_str()),
        (1, "set idfile")
    );
}

#[test]
fn a_password_is_looked_up_by_label_and_then_by_server() {
    let home = home(&[
        (
            ".fetchmailrc",
            "poll work via pop.example proto pop3 user a user b user c pass own user d",
        ),
        (
            ".netrc",
            "machine pop.example login a password by-server\nmachine pop.example login b password no\n\
                    machine work login b password by-label\nmachine work login c password no",
        ),
    ]);
    let found = read(None, &around(home.path())).unwrap();
    let passwords: Vec<_> = found
        .accounts
        .iter()
        .map(|account| match &account.proof {
            Proof::Password(secret) => secret.expose(),
            _ => "",
        })
        .collect();
    assert_eq!(passwords, ["by-server", "by-label", "own", ""]);
    assert!(
        found.accounts[0]
            .remarks
            .iter()
            .any(|it| it.contains(".netrc"))
    );
    assert!(
        !found.accounts[2]
            .remarks
            .iter()
            .any(|it| it.contains(".netrc"))
    );
    assert_eq!(
        names(&found, home.path()),
        [Path::new(".fetchmailrc"), Path::new(".netrc")]
    );
}

#[test]
fn where_nothing_is_the_places_are_named() {
    let home = home(&[]);
    let error = read(None, &around(home.path())).unwrap_err();
    assert!(matches!(error, Error::Nothing { .. }));
    assert!(error.to_string().contains(".fetchmailrc"), "{error}");
    let error = read(Some(home.path()), &around(home.path())).unwrap_err();
    assert!(matches!(error, Error::Nothing { .. }));
    let error = read(Some(&home.path().join("no")), &around(home.path())).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }));
}
