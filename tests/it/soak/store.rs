//! The destinations, the mail that was sent to them, and what is there of it.
//!
//! It owns the messages: each is made from its number, so that none has to be kept. It refuses to know why one is missing.
//! Invariant: what was read is taken away when it is much, as a mail program would, and is counted for ever.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::support::mbox;
use super::super::support::sandbox::Sandbox;

/// A destination holds so many messages before a mail program takes them away.
const MOST_HERE: usize = 120;

/// Takes a message whole or not at all, in one file for each time that it is handed over; refuses, where it is told to, with the
/// status that it is told.
const PROGRAM: &str = r#"[ ! -e \"$HOME/refuse\" ] || { echo 'not now' >&2; exit $(cat \"$HOME/refuse\"); }; part=\"$HOME/$POPFETCH_SHA256.$$\"; cat > \"$part.part\" && exec mv \"$part.part\" \"$HOME/Piped/${part##*/}\" || exit 75"#;

/// A kind of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Maildir,
    Mbox,
    Pipe,
}

/// A destination of one account, and how often each message has come to it.
pub(super) struct Store {
    kind: Kind,
    account: &'static str,
    /// What a mail program took away.
    taken: HashMap<u64, u32>,
}

impl Store {
    pub(super) fn new(kind: Kind, account: &'static str) -> Self {
        let taken = HashMap::new();
        Self {
            kind,
            account,
            taken,
        }
    }

    /// The table of the configuration that asks for it.
    pub(super) fn table(&self) -> String {
        let account = self.account;
        match self.kind {
            Kind::Maildir => format!("{{ maildir = \"~/Mail/{account}\" }}"),
            Kind::Mbox => format!("{{ mbox = \"~/{account}.mbox\" }}"),
            Kind::Pipe => format!("{{ pipe = [\"sh\", \"-c\", \"{PROGRAM}\"] }}"),
        }
    }

    /// Whether the destination can be read at any time, also in a run and after one that was interrupted.
    pub(super) fn is_always_whole(&self) -> bool {
        self.kind != Kind::Mbox
    }

    /// What was found wrong: of the messages up to `sent`, each must be here once, or, unless the run was `whole`, at
    /// most once; a program may have had one again.
    pub(super) fn judge(&mut self, sandbox: &Sandbox, sent: u64, whole: bool) -> Vec<String> {
        let name = format!("{} {:?}", self.account, self.kind);
        let mut wrong = Vec::new();
        let (here, contents) = self.read(sandbox);
        let mut counts = self.taken.clone();
        for content in &contents {
            match number(self.account, content) {
                Some(n) if n < sent => *counts.entry(n).or_default() += 1,
                _ => wrong.push(format!("{name}: not what was sent: {}", start(content))),
            }
        }
        if self.kind != Kind::Pipe {
            let doubled = counts.iter().filter(|(_, count)| **count > 1);
            wrong.extend(doubled.map(|(n, count)| format!("{name}: {n} is here {count} times")));
        }
        if whole {
            let missing = (0..sent).filter(|n| !counts.contains_key(n));
            wrong.extend(missing.map(|n| format!("{name}: {n} is missing")));
            wrong.extend(self.litter(sandbox));
            if contents.len() > MOST_HERE {
                self.taken = counts;
                for path in here {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        wrong
    }

    /// How often messages have come, in all.
    pub(super) fn deliveries(&self, sandbox: &Sandbox) -> u64 {
        let taken: u32 = self.taken.values().sum();
        self.read(sandbox).1.len() as u64 + u64::from(taken)
    }

    /// The files, and the messages in them.
    fn read(&self, sandbox: &Sandbox) -> (Vec<PathBuf>, Vec<Vec<u8>>) {
        let folder = match self.kind {
            Kind::Maildir => sandbox.home(format!("Mail/{}/new", self.account)),
            Kind::Pipe => sandbox.home("Piped"),
            Kind::Mbox => {
                let path = sandbox.home(format!("{}.mbox", self.account));
                let messages = mbox::messages(&path);
                let here = if path.exists() { vec![path] } else { vec![] };
                return (here, messages);
            }
        };
        let here = files(&folder);
        let contents = here.iter().map(|path| fs::read(path).unwrap()).collect();
        (here, contents)
    }

    /// What lies around that was to be cleared away.
    fn litter(&self, sandbox: &Sandbox) -> Vec<String> {
        let left = match self.kind {
            Kind::Maildir => files(&sandbox.home(format!("Mail/{}/tmp", self.account))),
            Kind::Mbox => {
                let lock = sandbox.home(format!("{}.mbox.lock", self.account));
                lock.exists().then_some(lock).into_iter().collect()
            }
            // What the program leaves is its own affair.
            Kind::Pipe => Vec::new(),
        };
        left.iter()
            .map(|path| format!("left behind: {}", path.display()))
            .collect()
    }
}

/// The message of this number, as it is stored: lines end with LF.
pub(super) fn message(account: &str, n: u64) -> Vec<u8> {
    let mut text = format!("From: {account}@example.org\nSubject: soak {account} {n}\n\n");
    let lines = match n % 40 {
        39 => 9_000,
        19 => 1_500,
        kind => 1 + kind * 2,
    };
    for line in 0..lines {
        text += [
            "From here on, a line like another.\n",
            ".\n",
            "\n",
            ".. and two dots, and some more words to fill the line\n",
            "Gr\u{fc}\u{df}e\n",
            ">From there\n",
        ][usize::try_from((line * 7 + n) % 6).expect("it is below 6")];
    }
    text.into_bytes()
}

/// The number of a message that is just what was sent.
fn number(account: &str, content: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(content).ok()?;
    let subject = text.lines().nth(1)?.strip_prefix("Subject: soak ")?;
    let n = subject.strip_prefix(account)?.trim_start().parse().ok()?;
    (message(account, n) == content).then_some(n)
}

/// Enough of a message to tell which it is.
fn start(content: &[u8]) -> String {
    let shown = content.get(..80).unwrap_or(content);
    format!("{} ({} octets)", shown.escape_ascii(), content.len())
}

/// The files in a folder and below it; none if there is no such folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let below = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    entries
        .flat_map(|entry| below(entry.unwrap().path()))
        .collect()
}
