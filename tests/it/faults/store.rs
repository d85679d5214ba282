//! The destinations that are put to the test, and what each shows to a reader.
//!
//! It owns where they lie in a sandbox, what was in them before and what must not stay behind. It refuses to know how
//! mail gets into them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::support::lmtp::Lmtp;
use super::super::support::mailbox::USER;
use super::super::support::sandbox::Sandbox;
use super::kinds::CLONE;
use super::strike::Calls;

/// A kind of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Maildir,
    Mbox,
    Pipe,
    Lmtp,
}

/// The mbox, and the lock file beside it.
pub(super) const MBOX: &str = "home/mbox";
const LOCK: &str = "home/mbox.lock";

/// Where the LMTP server listens.
pub(super) const SOCKET: &str = "home/lmtp";

/// What is in the mbox before: the last line has no end.
const BEFORE: &[u8] = b"From somebody Mon Jan  1 00:00:00 2024\nSubject: before\n\nfrom before";

/// Takes a message whole or not at all, and in one file for each time that it is handed over.
const PROGRAM: &str =
    r#"cat > \"$HOME/$$.part\" && exec mv \"$HOME/$$.part\" \"$HOME/Piped/$$\" || exit 75"#;

impl Store {
    /// The word for it in a label.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Maildir => "maildir",
            Self::Mbox => "mbox",
            Self::Pipe => "pipe",
            Self::Lmtp => "lmtp",
        }
    }

    /// The table of the configuration that asks for it.
    pub(super) fn table(self, sandbox: &Sandbox) -> String {
        match self {
            Self::Maildir => "{ maildir = \"~/Mail/work\" }".to_owned(),
            Self::Mbox => "{ mbox = \"~/mbox\" }".to_owned(),
            Self::Pipe => format!("{{ pipe = [\"sh\", \"-c\", \"{PROGRAM}\"] }}"),
            Self::Lmtp => format!("{{ lmtp = \"unix:{}\" }}", sandbox.path(SOCKET).display()),
        }
    }

    /// How often at most a fault may repeat a message.
    pub(super) fn repeats(self) -> usize {
        match self {
            Self::Maildir | Self::Mbox => 0,
            Self::Pipe | Self::Lmtp => 1,
        }
    }

    /// The call, and its number, at which some messages are on record and neither they nor all before them published.
    pub(super) fn publishing(self) -> (Calls, usize) {
        match self {
            Self::Maildir => (Calls::all("/^rename"), 3),
            // The first of two writes has left half a message.
            Self::Mbox => (Calls::on("write", MBOX), 2),
            // Two for each message: a child, and a thread that waits for it.
            Self::Pipe => (CLONE, 6),
            // Some commands for each message.
            Self::Lmtp => (Calls::all("sendto"), 12),
        }
    }

    /// Makes what it needs, and with `before` puts into it what is there without popfetch.
    pub(super) fn set_up(self, sandbox: &Sandbox, before: bool) {
        match self {
            Self::Mbox if before => drop(sandbox.write(MBOX, BEFORE)),
            Self::Maildir | Self::Mbox | Self::Lmtp => {}
            Self::Pipe => fs::create_dir(sandbox.home("Piped")).unwrap(),
        }
    }

    /// What a reader sees now of what popfetch brought, also to this LMTP server; nothing if what was there `before` is not
    /// as it was.
    pub(super) fn seen(
        self,
        sandbox: &Sandbox,
        before: bool,
        server: Option<&Lmtp>,
    ) -> Option<Vec<Vec<u8>>> {
        let folders: &[&str] = match self {
            Self::Maildir => &["Mail/work/new", "Mail/work/cur"],
            Self::Pipe => &["Piped"],
            Self::Mbox => {
                let mbox = match fs::read(sandbox.path(MBOX)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                    mbox => mbox.unwrap(),
                };
                let before = if before { BEFORE } else { b"" };
                return mbox.strip_prefix(before).map(entries);
            }
            Self::Lmtp => {
                let received = server.map(|server| server.received(USER)).into_iter();
                return Some(received.flatten().map(|it| with_lf(&it)).collect());
            }
        };
        let files = folders.iter().flat_map(|it| files(&sandbox.home(it)));
        Some(files.map(|file| fs::read(file).unwrap()).collect())
    }

    /// What lies around that is no message and was to be cleared away.
    pub(super) fn litter(self, sandbox: &Sandbox) -> Vec<PathBuf> {
        let here = match self {
            Self::Maildir => files(&sandbox.home("Mail/work/tmp")),
            Self::Mbox => {
                let lock = sandbox.path(LOCK);
                lock.exists().then_some(lock).into_iter().collect()
            }
            // What their programs leave is their own affair.
            Self::Pipe | Self::Lmtp => Vec::new(),
        };
        let spool = files(&sandbox.path("state/popfetch/spool"));
        [here, spool].concat()
    }

    /// Whether a run that is interrupted may leave the last message half, for the next one to complete or to cut off.
    pub(super) fn ends_half(self) -> bool {
        self == Self::Mbox
    }
}

/// A message as it is stored here: LF ends each line.
fn with_lf(message: &[u8]) -> Vec<u8> {
    let pairs = message.iter().zip(message[1..].iter().chain(b"\0"));
    let kept = pairs.filter(|(byte, next)| (**byte, **next) != (b'\r', b'\n'));
    kept.map(|(byte, _)| *byte).collect()
}

/// The messages in an mbox, as they were before they were quoted (mboxrd). The last may be half.
fn entries(mbox: &[u8]) -> Vec<Vec<u8>> {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    for line in mbox.split_inclusive(|&byte| byte == b'\n') {
        let quotes = line.iter().take_while(|&&byte| byte == b'>').count();
        let is_from = line[quotes..].starts_with(b"From ");
        match entries.last_mut() {
            _ if is_from && quotes == 0 => entries.push(Vec::new()),
            Some(entry) => entry.extend_from_slice(&line[usize::from(is_from)..]),
            // The end of the line and the blank line that what was there before lacks.
            None => {}
        }
    }
    // A blank line ends each.
    for entry in &mut entries {
        if entry.ends_with(b"\n") {
            entry.pop();
        }
    }
    entries
}

/// The files in a folder and below it, sorted; none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        entries => entries.unwrap(),
    };
    let below = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    let mut files: Vec<_> = entries
        .flat_map(|entry| below(entry.unwrap().path()))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cr_before_an_lf_goes() {
        assert_eq!(with_lf(b"a\r\nb\rc\r\r\n\n\r"), b"a\nb\rc\r\n\n\r");
    }

    #[test]
    fn an_mbox_is_read_as_it_was_before_it_was_quoted() {
        let mbox = b"\n\nFrom a Mon Jan  1\nSubject: a\n\n>From me\n>>From you\n\nFrom b Mon\n\n\nFrom c Mon\nSub";
        let expected: [&[u8]; 3] = [b"Subject: a\n\nFrom me\n>From you\n", b"\n", b"Sub"];
        assert_eq!(entries(mbox), expected);
        assert!(entries(b"").is_empty());
    }
}
