//! Any text as config.toml: what is wrong is shown with its place and without passwords, and an account that is added leaves
//! all else as it was.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use popfetch::config::{self, Draft, Entry, Error, Setting};

use super::room::with_room;

/// The password that must be nowhere.
const MARKER: &str = "geheim7marker";

/// An account with it.
const ACCOUNT: &str = "[accounts.m]\nhost = 'h.example'\nuser = 'm'\npassword = 'geheim7marker'\ndeliver.maildir = 'm'\n";

/// Reads the text alone, and behind an account with a password.
pub fn survives(input: &[u8]) {
    with_room(|room| {
        let path = room.join("config.toml");
        read(room, &path, input);
        let own = String::from_utf8_lossy(input);
        if !own.to_lowercase().contains(MARKER) {
            let text = format!("{ACCOUNT}{own}");
            if let Some(error) = read(room, &path, text.as_bytes()) {
                let shown = [error.to_string(), error.render(true), format!("{error:?}")];
                assert!(!shown.concat().contains(MARKER), "a password is shown");
            }
        }
    });
}

/// Reads the text; where it is a configuration, adds an account and takes it away again.
fn read(home: &Path, path: &Path, text: &[u8]) -> Option<Error> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .expect("it can be made");
    file.write_all(text).expect("it can be written");
    drop(file);
    match config::load(path, home) {
        Ok(config) => {
            assert!(
                !format!("{config:?}").contains(MARKER),
                "a password is shown"
            );
            edit(home, path, text);
            None
        }
        Err(error) => {
            if let Error::Invalid { diagnostics, .. } = &error {
                let lines = text.split(|octet| *octet == b'\n').count();
                for place in diagnostics
                    .iter()
                    .filter_map(|diagnostic| diagnostic.place.as_ref())
                {
                    assert!(
                        (1..=lines).contains(&place.line),
                        "line {} of {lines}",
                        place.line
                    );
                    assert!(
                        place.text.get(place.span.clone()).is_some(),
                        "a part of the line"
                    );
                }
            }
            let _ = error.render(false);
            Some(error)
        }
    }
}

fn edit(home: &Path, path: &Path, text: &[u8]) {
    let Ok(mut draft) = Draft::open(path, home) else {
        return;
    };
    let entry = Entry {
        name: "added-by-the-test".to_owned(),
        settings: vec![
            ("host", Setting::from("pop.example.org")),
            ("user", Setting::from("someone@example.org")),
            (
                "deliver",
                Setting::Table(vec![("maildir", Setting::from("added"))]),
            ),
        ],
    };
    // What stands in [defaults] may not fit it.
    if draft.add(&entry).is_err() {
        return;
    }
    draft.write().expect("it can be written");
    let added = fs::read(path).expect("it can be read");
    assert!(added.starts_with(text), "all octets stay");
    let config = config::load(path, home).expect("it was judged before");
    assert!(config.account("added-by-the-test").is_some());
    let mut draft = Draft::open(path, home).expect("it was read before");
    draft
        .remove("added-by-the-test")
        .expect("it was added before");
    draft.write().expect("it can be written");
    let removed = fs::read(path).expect("it can be read");
    // What is left at the end may be put in order.
    assert_eq!(
        removed.trim_ascii_end(),
        text.trim_ascii_end(),
        "all else stays"
    );
}
