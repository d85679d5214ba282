//! Where mail goes other than into one Maildir: an mbox, a program, an LMTP server, several of them.
//!
//! It owns what the parts share: accounts that deliver elsewhere, programs that keep what they are given, and what must
//! hold when all is done. It refuses to know how popfetch remembers what waits: it looks at the destinations, the server
//! and the spool.

mod agents; // procmail, maildrop and Dovecot's two, as Debian has them
mod failures; // a program that fails, for a while or for good
mod lmtp; // replies of an LMTP server, good and bad
mod locks; // an mbox that somebody else writes to
mod mbox; // what an mbox looks like, and what is taken for none
mod pauses; // when a failed message is tried again
mod program; // what a program is given, and what becomes of what it says
mod several; // several destinations, each for itself
mod space; // a disk that is full, or will be

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::support::maildrop::{Maildrop, Message};
use super::support::options::{Options, Tls};
use super::support::sandbox::{Finished, Running, Sandbox};

/// How long popfetch or a program may take to come to a point before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something that has no way to announce itself.
const GLANCE: Duration = Duration::from_millis(5);

/// A mailbox of so many short messages, the first of them with the subject `0`.
fn letters(count: usize) -> Mailbox {
    letters_in(Sandbox::new(), count)
}

fn letters_in(sandbox: Sandbox, count: usize) -> Mailbox {
    let letter = |n| {
        let text = format!("Subject: {n}\r\n\r\nThis is letter {n}.\r\n");
        Message::new(format!("letter-{n}"), text)
    };
    let mail: Maildrop = (0..count).map(letter).collect();
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    Mailbox::of(sandbox, options)
}

/// Writes the configuration: the account delivers like this, and has these lines more.
fn configure(mailbox: &Mailbox, deliver: &str, lines: &str) {
    let table = account("work", mailbox.server.port(), USER);
    let usual = "{ maildir = \"~/Mail/work\" }";
    assert!(table.contains(usual), "{table}");
    let table = table.replace(usual, deliver);
    let text = format!("{table}password = \"{PASSWORD}\"\n{lines}\n");
    mailbox.sandbox.config(&text);
}

/// Runs popfetch and tampers with these system calls, only where they concern this path if there is one.
fn tampered(mailbox: &Mailbox, path: Option<&str>, calls: &str, how: &str) -> Finished {
    let like = mailbox.sandbox.command();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null"]);
    command.args(["-e", &format!("trace={calls}")]);
    command.args(["-e", &format!("inject={calls}:{how}")]);
    if let Some(path) = path {
        command.arg("-P").arg(mailbox.sandbox.path(path));
    }
    command.arg(like.get_program()).arg("sync").env_clear();
    command.envs(
        like.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    Running::new(command).finish()
}

/// `popfetch retry`.
fn retry(mailbox: &Mailbox) -> Finished {
    mailbox.sandbox.run(["retry"])
}

/// A destination that is this script, run by sh(1): as nobody executes the file, no test's child can keep it busy.
fn script(sandbox: &Sandbox, text: &str) -> String {
    let path = sandbox.write("program.sh", text);
    format!("{{ pipe = [\"sh\", \"{}\"] }}", path.display())
}

/// A destination that keeps each message as a file of its own, but first does this with it; the message is `$message`.
/// Made again, it replaces the one before.
fn keeper(sandbox: &Sandbox, first: &str) -> String {
    let folder = sandbox.path("kept");
    let text = format!(
        "set -e\nmkdir -p '{0}'\nmessage=$(mktemp -p '{0}')\ntrap 'rm -f \"$message\"' EXIT\n\
         cat > \"$message\"\n{first}\nmv \"$message\" \"$message.whole\"\n",
        folder.display()
    );
    script(sandbox, &text)
}

/// What the keeper kept, sorted by content.
fn kept(sandbox: &Sandbox) -> Vec<Vec<u8>> {
    let files = files(&sandbox.path("kept")).into_iter();
    let whole = files.filter(|path| path.extension().is_some_and(|end| end == "whole"));
    let mut kept: Vec<_> = whole.map(|path| fs::read(path).unwrap()).collect();
    kept.sort();
    kept
}

/// The files in the folder and below it, sorted by path; none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// How many messages lie in the spool.
fn spooled(mailbox: &Mailbox) -> usize {
    files(&mailbox.sandbox.path("state/popfetch/spool")).len()
}

/// Asserts that a run ended well and said nothing.
#[track_caller]
fn assert_quiet(out: &Finished) {
    let said = (out.code, out.stdout.as_str(), out.stderr.as_str());
    assert_eq!(said, (0, "", ""));
}

/// Asserts that a run ended with this status, and said each of these on one line of its own.
#[track_caller]
fn assert_said(out: &Finished, code: i32, words: &[&str]) {
    assert_eq!(out.code, code, "{}", out.stderr);
    let holds = |line: &str| words.iter().all(|word| line.contains(word));
    assert!(
        out.stderr.lines().any(holds),
        "no line has {words:?}: {}",
        out.stderr
    );
}

/// Asserts that each of these messages is there once and nothing else; both sides are sorted.
#[track_caller]
fn assert_same(found: &[Vec<u8>], sent: &[Vec<u8>]) {
    assert_eq!(found.len(), sent.len(), "not as many as were sent");
    let differs = found.iter().zip(sent).position(|(a, b)| a != b);
    if let Some(at) = differs {
        let shown = |bytes: &[u8]| bytes[..bytes.len().min(300)].escape_ascii().to_string();
        panic!(
            "found {}\nwhere {} was sent",
            shown(&found[at]),
            shown(&sent[at])
        );
    }
}

/// Waits until there is something; what is waited for is named where it never comes.
#[track_caller]
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} never came");
        thread::sleep(GLANCE);
    }
}

/// Whether a process of this id is alive; one that nobody has waited for yet is not.
fn is_alive(id: u32) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{id}/stat")) else {
        return false;
    };
    // proc(5): the state follows the name, which stands in parentheses.
    let state = status
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// The ids that a program wrote to this file, one a line.
fn ids(path: &Path) -> Vec<u32> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}
