//! What a change leaves as it is, and what it refuses.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

const HOME: &str = "/home/me";

fn entry(name: &str) -> Entry {
    let text = |text: &str| Setting::Text(text.to_owned());
    let maildir = vec![("maildir", format!("~/Mail/{name}").into())];
    Entry {
        name: name.to_owned(),
        settings: vec![
            ("host", text(&format!("{name}.example.org"))),
            ("port", Setting::Number(1995)),
            ("user", text("a\"b'c\\")),
            ("deliver", Setting::Table(maildir)),
            ("leave-on-server", Setting::Flag(true)),
        ],
    }
}

/// A folder with this configuration in it.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    (folder, path)
}

fn open(path: &Path) -> Result<Draft, Error> {
    Draft::open(path, Path::new(HOME))
}

/// The text of the file after this account was removed.
fn without(text: &str, name: &str) -> String {
    let (_folder, path) = file(text);
    let mut draft = open(&path).unwrap();
    draft.remove(name).unwrap();
    draft.write().unwrap();
    fs::read_to_string(&path).unwrap()
}

const OTHERS: &str = "host = 'h.example'\nuser = 'me'\ndeliver.maildir = 'm'\n";

#[test]
fn an_account_is_added_at_the_end_and_all_else_stays() {
    for text in [
        "",
        "# nothing yet\n",
        "[defaults]\nmax-size = '1MB' # enough",
        "# mine\n\n[accounts.home] # here\nhost = 'h.example'\nuser='me'\ndeliver.maildir = 'm'\n\n\n# the end\n",
        "[accounts.home]\r\nhost = 'h.example'\r\nuser = 'me'\r\ndeliver.maildir = 'm'\r\n",
        "accounts.home = { host = 'h.example', user = 'me', deliver = { maildir = 'm' } }\n",
        "[accounts]\nhome.host = 'h.example'\nhome.user = 'me'\nhome.deliver.maildir = 'm'\n",
    ] {
        let (_folder, path) = file(text);
        let mut draft = open(&path).unwrap();
        let before = draft.accounts().to_vec();
        let added = draft.add(&entry("work")).unwrap();
        assert_eq!(added.user, "a\"b'c\\");
        draft.write().unwrap();
        let now = fs::read_to_string(&path).unwrap();
        let rest = now.strip_prefix(text).unwrap_or_else(|| panic!("{now}"));
        assert_eq!(rest.contains('\r'), text.contains('\r'), "{rest:?}");
        let loaded = super::super::load(&path, Path::new(HOME)).unwrap().accounts;
        assert_eq!(loaded, [&before[..], &[added]].concat(), "{now}");
    }
}

#[test]
fn a_new_account_is_written_as_a_person_would() {
    let (_folder, path) = file("# mine");
    let mut draft = open(&path).unwrap();
    draft.add(&entry("work")).unwrap();
    insta::assert_snapshot!(draft.text.expose(), @r#"
    # mine

    [accounts.work]
    host = "work.example.org"
    port = 1995
    user = '''a"b'c\'''
    deliver = { maildir = "~/Mail/work" }
    leave-on-server = true
    "#);
}

#[test]
fn a_file_with_errors_is_not_touched() {
    for text in [
        "[accounts.home\n",
        "[accounts.home]\nhots = 'x'\n",
        "deliver = 1\n",
    ] {
        let (_folder, path) = file(text);
        assert!(matches!(open(&path), Err(Error::Invalid { .. })), "{text}");
    }
    let (_folder, path) = file(&format!("[accounts.home]\n{OTHERS}"));
    let mut draft = open(&path).unwrap();
    for wrong in [
        Entry {
            name: "home".to_owned(),
            ..entry("work")
        },
        Entry {
            name: "-x".to_owned(),
            ..entry("work")
        },
        Entry {
            name: "work".to_owned(),
            settings: Vec::new(),
        },
    ] {
        let error = draft.add(&wrong).unwrap_err();
        assert!(matches!(error, Error::Unfit { .. }), "{error}");
    }
    assert_eq!(draft.text.expose(), fs::read_to_string(&path).unwrap());
}

#[test]
fn a_table_on_one_line_is_refused() {
    let text =
        "accounts = { home = { host = 'h.example', user = 'me', deliver = { maildir = 'm' } } }\n";
    let (_folder, path) = file(text);
    let mut draft = open(&path).unwrap();
    assert!(matches!(
        draft.add(&entry("work")),
        Err(Error::OneLine { .. })
    ));
    assert!(matches!(draft.remove("home"), Err(Error::OneLine { .. })));
}

#[test]
fn an_account_goes_with_its_own_comments_and_no_others() {
    let text = format!(
        "# my mail\n\n[defaults]\nmax-size = '1MB'\n\n# work, since May\n# ask Bob\n[accounts.work]\n{OTHERS}# not yet\n\n\
         # at home\n[accounts.home]\n{}",
        OTHERS.replace("h.", "g.")
    );
    let home = format!("# at home\n[accounts.home]\n{}", OTHERS.replace("h.", "g."));
    assert_eq!(
        without(&text, "work"),
        format!("# my mail\n\n[defaults]\nmax-size = '1MB'\n\n{home}")
    );
    assert_eq!(
        without(&text, "home"),
        text.split("\n# at home").next().unwrap()
    );
    // Without a blank line between them the comment is the next one's.
    let close = format!("[accounts.work]\n{OTHERS}{home}");
    assert_eq!(without(&close, "work"), home);
}

#[test]
fn an_account_goes_however_it_is_written() {
    let home = format!("[accounts.home]\n{}", OTHERS.replace("h.", "g."));
    for (before, after) in [
        (
            format!("[accounts.work]\nhost = 'h.example'\nuser = 'me'\n\n[accounts.work.deliver]\nmaildir = 'm'\n\n{home}"),
            home.clone(),
        ),
        (
            format!("[accounts.work]\nhost = 'h.example'\nuser = 'me'\n\n[[accounts.work.deliver]]\nmaildir = 'm'\n\n{home}\n[[accounts.work.deliver]]\nmbox = 'x'\n"),
            home.clone(),
        ),
        (
            format!("accounts.work.host = 'h.example'\naccounts.work.user = 'me'\n# where\naccounts.work.deliver = [\n  {{ maildir = 'm' }},\n]\n\n{home}"),
            home.clone(),
        ),
        (
            "[accounts]\nwork = { host = 'h.example', user = 'me', deliver = { maildir = 'm' } } # w\nhome = { host = 'g.example', user = 'me', deliver = { maildir = 'm' } }\n".to_owned(),
            "[accounts]\nhome = { host = 'g.example', user = 'me', deliver = { maildir = 'm' } }\n".to_owned(),
        ),
        (
            format!("[accounts.\"work\"]\r\n{}", OTHERS.replace('\n', "\r\n")),
            String::new(),
        ),
        (
            format!("[accounts]\n\n[accounts.work] # w\n{OTHERS}"),
            "[accounts]\n".to_owned(),
        ),
    ] {
        assert_eq!(without(&before, "work"), after, "of {before}");
    }
}

#[test]
fn what_is_not_there_is_not_removed() {
    let (_folder, path) = file(&format!("[accounts.home]\n{OTHERS}"));
    let mut draft = open(&path).unwrap();
    assert!(matches!(
        draft.remove("work"),
        Err(Error::Unchangeable { .. })
    ));
}

#[test]
fn a_file_keeps_its_mode_and_its_link_and_a_new_one_is_private() {
    let (folder, path) = file("");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.toml");
    symlink("config.toml", &link).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;

    let mut draft = open(&link).unwrap();
    draft.add(&entry("work")).unwrap();
    draft.write().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .contains("[accounts.work]")
    );
    assert_eq!(mode(&path), 0o640);

    let new = folder.path().join("a/b/config.toml");
    let mut draft = open(&new).unwrap();
    draft.add(&entry("work")).unwrap();
    assert!(!new.exists());
    draft.write().unwrap();
    assert_eq!(
        (mode(&new), mode(&folder.path().join("a/b"))),
        (0o600, 0o700)
    );
    let left: Vec<_> = fs::read_dir(new.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_a_file_begins_with_stays() {
    let home = format!("[accounts.home]\n{}", OTHERS.replace("h.", "g."));
    let text = format!("# my mail, see the wiki\n[accounts.work]\n{OTHERS}\n{home}");
    assert_eq!(
        without(&text, "work"),
        format!("# my mail, see the wiki\n\n{home}")
    );
}
