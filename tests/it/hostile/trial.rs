//! How a case is tried: popfetch against a server that does something, and once more when the server is well again.
//!
//! It owns what every case is judged by: the mail that is here and on the server, the exit status, what was sent, what was
//! said, memory and time. It refuses to know what a server may do. Invariant: each case is judged by all of these.

use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use super::case::{Case, LOGIN, Store, TIMEOUT, Way};
use crate::support::certificates::self_signed;
use crate::support::mailbox::{PASSWORD, USER, account};
use crate::support::maildrop::Message;
use crate::support::mbox;
use crate::support::options::{Options, Tls};
use crate::support::sandbox::{Finished, Sandbox};
use crate::support::server::{Record, Server};

/// No run may hold more memory than this, in MiB.
const MOST_MEMORY: u64 = 64;

/// No run may take longer than this, whatever the server does.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many cases of a table are tried at once: many of them wait for a time-out.
const AT_ONCE: usize = 6;

impl Case {
    /// Tries it, and gives the most memory that was held, in MiB.
    fn trial(&self) -> u64 {
        let trial = Trial::new(self);
        let out = trial.run();
        let held = out.peak >> 20;
        let shown = format!("{}\n{}{}", self.name, out.stdout, out.stderr);
        if !self.or.contains(&out.code) {
            assert_eq!(out.code, self.code, "{shown}");
        }
        assert_plain(&out.stderr);
        let told = self.told.unwrap_or(usize::from(self.code != 0));
        assert_eq!(out.stderr.lines().count(), told, "{shown}");
        assert_eq!(out.stdout, "", "{shown}");
        for word in &self.says {
            assert!(out.stderr.contains(word), "no {word:?} in {shown}");
        }

        let all = self.mail.stored();
        let arrived = sorted(self.arrived.clone().unwrap_or_else(|| all.clone()));
        assert_same(&trial.here(), &arrived, "here");
        let left = sorted(self.left.clone().unwrap_or_else(|| all.clone()));
        assert_same(&trial.there(), &left, "on the server");
        let (flights, usual) = (trial.flights(0), self.usual());
        if self.or_sent.as_ref() != Some(&flights) {
            assert_eq!(flights, *self.sent.as_ref().unwrap_or(&usual));
        }

        // Past the fault nothing is lost, and nothing doubled.
        let before = trial.server.records().len();
        trial.server.set_faults(Vec::new());
        trial.configure(TIMEOUT, "");
        let out = trial.run();
        let said = (out.code, out.stdout.as_str(), out.stderr.as_str());
        assert_eq!(said, (0, "", ""), "when the server is well");
        let kept = sorted(self.kept.clone().unwrap_or_else(|| all.clone()));
        assert_same(&trial.here(), &kept, "here in the end");
        let left = if self.empties { Vec::new() } else { left };
        assert_same(&trial.there(), &left, "on the server in the end");
        let asked = trial.flights(before).concat();
        let asked: usize = asked.iter().map(|flight| messages_in(flight)).sum();
        let missing = kept.len() - arrived.len();
        assert_eq!(asked, self.asks.unwrap_or(missing), "asked for in the end");
        let spool = trial.sandbox.path("state/popfetch/spool");
        assert_eq!(files(&spool), Vec::<PathBuf>::new());
        held
    }

    /// What a run sends in which all is well.
    fn usual(&self) -> Vec<Vec<String>> {
        let count = self.mail.messages().len();
        let retrieved = match count {
            0 => vec![],
            1 => vec!["RETR".to_owned()],
            _ => vec![format!("{count} RETR")],
        };
        let opening: &[&str] = match self.way {
            Way::Clear | Way::Implicit => &["CAPA", LOGIN],
            Way::Stls => &["CAPA", "STLS", "CAPA", LOGIN],
        };
        let flights = opening.iter().map(ToString::to_string);
        let flights = flights.chain(retrieved).chain(["QUIT".to_owned()]);
        vec![flights.collect()]
    }
}

/// How many messages a flight asks for: `"8 RETR"`.
fn messages_in(flight: &str) -> usize {
    match flight.split_once(' ') {
        None => usize::from(flight == "RETR"),
        Some((count, "RETR")) => count.parse().unwrap(),
        Some(_) => 0,
    }
}

/// A server and a sandbox.
struct Trial<'c> {
    case: &'c Case,
    server: Server,
    sandbox: Sandbox,
    fingerprint: String,
}

impl<'c> Trial<'c> {
    fn new(case: &'c Case) -> Self {
        let identity = self_signed();
        let tls = match case.way {
            Way::Clear => Tls::None,
            Way::Implicit => Tls::Implicit(identity.clone()),
            Way::Stls => Tls::Stls(identity.clone()),
        };
        let options = Options::new(tls).user(USER, PASSWORD, case.mail.clone());
        let options = if case.pipelines {
            options
        } else {
            options.without_pipelining()
        };
        let (server, sandbox) = (Server::start(options), Sandbox::new());
        server.set_faults(case.faults.clone());
        let trial = Self {
            case,
            server,
            sandbox,
            fingerprint: identity.fingerprint,
        };
        trial.configure(case.timeout, &case.lines_before);
        trial
    }

    /// Writes the configuration with this time-out and these lines more.
    fn configure(&self, timeout: &str, lines: &str) {
        let mode = match self.case.way {
            Way::Clear => "none",
            Way::Implicit => "implicit",
            Way::Stls => "starttls",
        };
        let table = account("work", self.server.port(), USER)
            .replace("\"none\"", &format!("\"{mode}\""))
            .replace("{ maildir = \"~/Mail/work\" }", self.case.into.deliver());
        let pin = match self.case.way {
            Way::Clear => String::new(),
            _ => format!("tls-fingerprint = \"{}\"\n", self.fingerprint),
        };
        let common = &self.case.lines;
        self.sandbox.config(&format!(
            "{table}password = \"{PASSWORD}\"\n{pin}timeout = \"{timeout}\"\n{common}{lines}"
        ));
    }

    /// A run, in little memory and not for ever.
    fn run(&self) -> Finished {
        let out = self.sandbox.start(["sync"]).finish_within(PATIENCE);
        let mebibytes = out.peak >> 20;
        assert!(mebibytes < MOST_MEMORY, "it held {mebibytes} MiB");
        out
    }

    fn here(&self) -> Vec<Vec<u8>> {
        match self.case.into {
            Store::Maildir => self.sandbox.mail("Mail/work"),
            Store::Mbox => mbox::messages(&self.sandbox.home("mbox")),
        }
    }

    fn there(&self) -> Vec<Vec<u8>> {
        self.server.maildrop(USER).stored()
    }

    /// The flights of each connection after the first so many, once all of them are over.
    fn flights(&self, before: usize) -> Vec<Vec<String>> {
        for index in before..self.server.records().len() {
            self.server.wait_until(index, |record| record.ended);
        }
        let records = &self.server.records()[before..];
        records.iter().map(Record::flights).collect()
    }
}

fn sorted(mut messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    messages.sort();
    messages
}

/// Asserts that these are the same messages, and shows the beginnings if not.
fn assert_same(found: &[Vec<u8>], expected: &[Vec<u8>], place: &str) {
    let start = |message: &Vec<u8>| {
        let shown = message[..message.len().min(100)].escape_ascii();
        format!("{} bytes: {shown}", message.len())
    };
    let starts = |messages: &[Vec<u8>]| messages.iter().map(start).collect::<Vec<_>>();
    assert!(
        found == expected,
        "{place}: {:#?}, and not {:#?}",
        starts(found),
        starts(expected)
    );
}

/// Asserts that nothing in this text steers a terminal or hides in it: no control but the line's end, no character that
/// turns the direction, and none that cannot be seen.
pub(super) fn assert_plain(text: &str) {
    let is_raw = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    let raw = text.chars().find(|c| is_raw(*c));
    assert!(
        raw.is_none(),
        "{raw:?} is shown raw: {}",
        text.escape_debug()
    );
}

/// The files below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.flat_map(|path| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    });
    files.collect()
}

/// Tries all cases of a table, several at once, tells how many there were, and fails with all that failed.
pub(super) fn try_all(theme: &str, cases: Vec<Case>) {
    let count = cases.len();
    let (cases, failed) = (Mutex::new(cases), Mutex::new(Vec::new()));
    let next = || cases.lock().unwrap().pop();
    let held = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(count) {
            scope.spawn(|| {
                while let Some(case) = next() {
                    match catch_unwind(AssertUnwindSafe(|| case.trial())) {
                        Ok(mebibytes) => _ = held.fetch_max(mebibytes, Relaxed),
                        Err(panic) => {
                            let line = format!("{}: {}", case.name, told(panic.as_ref()));
                            failed.lock().unwrap().push(line);
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{theme}:\n{}", failed.join("\n"));
    // One that ends at once may not be seen to hold any.
    let held = held.into_inner();
    assert!(
        held > 0,
        "the system does not tell how much memory was held"
    );
    count_cases(&format!("{theme}, in {held} MiB"), count);
}

/// Says how many cases a table had.
#[expect(
    clippy::print_stdout,
    reason = "the count is for whoever runs the suite"
)]
pub(super) fn count_cases(theme: &str, count: usize) {
    println!("hostile server, {theme}: {count} cases");
}

/// What a panic said.
fn told(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
}

/// Visits a server once for each of the maildrops that a row has between its bars, and asserts after each visit that all
/// that was ever there is here once, and that another one brings nothing.
pub(super) fn try_visits(
    theme: &str,
    table: &[(&str, &str)],
    maildrop: impl Fn(&str) -> Vec<Message>,
) {
    for (name, maildrops) in table {
        let case = Case::new(*name).mail([]);
        let trial = Trial::new(&case);
        let mut shown = Vec::new();
        for visit in maildrops.split('|') {
            let mail = maildrop(visit).into_iter().collect();
            trial.server.replace(USER, mail);
            shown.extend(trial.there());
            shown.sort();
            shown.dedup();
            for _ in 0..2 {
                let out = trial.run();
                let place = format!("{name}, at {visit}");
                assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{place}");
                assert_same(&trial.here(), &shown, &place);
            }
        }
    }
    count_cases(theme, table.len());
}
