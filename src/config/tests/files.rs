//! The errors of a file as a whole.

use std::fs;

use insta::assert_snapshot;

use super::*;

#[cfg(unix)]
#[test]
fn a_password_that_others_can_read_is_refused_with_the_cure() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let with_mode = |text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        load(&path, Path::new("/home/me"))
    };
    let text = complete("password = 'hunter2'");
    for mode in [0o644, 0o640, 0o604, 0o610] {
        let error = with_mode(&text, mode).unwrap_err();
        assert!(matches!(error, Error::Exposed { mode: found, .. } if found == mode));
    }
    assert!(with_mode(&text, 0o600).is_ok());
    assert!(with_mode(&complete(""), 0o644).is_ok());
    // What else is wrong can wait, and a password by nearly the right name is one too.
    for text in ["[defaults]\npassword = 'x'", "[accounts.a]\npasword = 'x'"] {
        let error = with_mode(text, 0o644).unwrap_err();
        assert!(matches!(error, Error::Exposed { .. }), "{error}");
    }
}

#[test]
fn errors_name_the_file_and_the_cure() {
    let path = || "/etc/my mail/config.toml".into();
    let rendered = |error: Error| error.render(false);
    assert_snapshot!(rendered(Error::Missing { path: path() }), @r#"
    error: there is no configuration file /etc/my mail/config.toml
     |
     = help: `popfetch account add you@example.org` writes one; or write it yourself, for example:
             [accounts.work]
             host = "pop.example.com"
             user = "me@example.com"
             deliver = { maildir = "~/Mail/work" }
    "#);
    let mode = 0o644;
    assert_snapshot!(rendered(Error::Exposed { path: path(), mode }), @"
    error: /etc/my mail/config.toml holds a password and others can read it (mode 0644); run: chmod 600 '/etc/my mail/config.toml'
    ");
    let source = std::io::Error::other("the disk is on fire");
    assert_snapshot!(rendered(Error::Unreadable { path: path(), source }), @"
    error: cannot read the configuration file /etc/my mail/config.toml
     |
     = note: the disk is on fire
    ");
    assert_snapshot!(rendered(Error::Folder { path: path() }), @"
    error: /etc/my mail/config.toml is a folder; name the configuration file in it
    ");
    assert_snapshot!(rendered(Error::TooLarge { path: path() }), @"
    error: /etc/my mail/config.toml is larger than 1 MiB; is it a configuration file?
    ");
    assert_snapshot!(rendered(Error::NotText { path: path(), line: 3 }), @"
    error: /etc/my mail/config.toml:3: not UTF-8; save the file in this encoding
    ");
    assert_snapshot!(rendered(Error::NoHome), @"
    error: your home folder is unknown; set HOME
    ");
}

#[test]
fn what_the_cause_tells_is_not_told_twice() {
    let error = Error::Unreadable {
        path: "/x".into(),
        source: std::io::Error::other("the disk is on fire"),
    };
    assert_eq!(error.to_string(), "cannot read the configuration file /x");
}

#[test]
fn colours_are_there_when_they_are_wanted() {
    let error = finished("[accounts.work]\nhots = 1").unwrap_err();
    assert!(error.render(true).contains("\x1b["));
    assert!(!error.render(false).contains("\x1b["));
}

#[test]
fn a_file_on_the_disk_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, complete("deliver = { maildir = 'Mail' }")).unwrap();
    let config = load(&path, Path::new("/home/me")).unwrap();
    let mail = Destination::Maildir(folder.path().join("Mail"));
    assert_eq!(config.accounts[0].destinations, [mail]);
    assert_eq!(config.path, path);
}
