//! What becomes of run control files, whole.
//!
//! It owns what the tests share: a home folder that is nowhere, and texts that become accounts. What the lines mean was
//! seen with `fetchmail --configdump`.

mod delivery;
mod files;
mod hostile;
mod options;
mod syntax;

use std::path::Path;

use super::understand;
use crate::import::{Account, Found, Surroundings};

fn nothing(_: &str) -> Option<String> {
    None
}

fn around(home: &Path) -> Surroundings<'_> {
    Surroundings {
        home,
        login: "me",
        variable: &nothing,
    }
}

fn found(text: &str) -> Found {
    understand(
        Path::new("/home/me/.fetchmailrc"),
        text,
        &around(Path::new("/home/me")),
    )
}

/// The account of a text that has one, and has nothing left out.
fn account(text: &str) -> Account {
    let mut found = found(text);
    assert_eq!(found.left_out, [], "{text}");
    assert_eq!(found.accounts.len(), 1, "{text}");
    found.accounts.remove(0)
}

/// The account of a server and user with these options.
fn with(server: &str, user: &str) -> Account {
    account(&format!(
        "poll pop.example {server} proto pop3 user me {user}"
    ))
}

/// Lines and words that are left out.
fn left_out(text: &str) -> Vec<(usize, String)> {
    let left = found(text).left_out;
    left.into_iter()
        .map(|left| (left.line, left.what))
        .collect()
}

fn left(line: usize, what: &str) -> (usize, String) {
    (line, what.to_owned())
}

fn users(text: &str) -> Vec<String> {
    let accounts = found(text).accounts;
    accounts.into_iter().map(|account| account.user).collect()
}
