//! One trial: an account in some state, one fault, and what is there after it, after the next run and the one after that.
//!
//! It owns the states that a run may begin in and the promises that hold after a fault. It refuses to know which faults
//! there are to be.

use std::cell::Cell;
use std::fmt;

use super::super::support::lmtp::Lmtp;
use super::super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Fault, Options, Tls};
use super::super::support::sandbox::{Finished, Sandbox};
use super::kinds::OPEN;
use super::store::{SOCKET, Store};
use super::strike::{Blow, Calls, Strike, Struck};
use super::verdict::Verdict;

/// What a run finds when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing.
    Fresh,
    /// The state and the destination were made by a run that brought nothing.
    Prepared,
    /// Messages that are on record and not published.
    Owed,
    /// All messages are here; they are to be deleted from the server.
    Fetched,
    /// As `Prepared`, with so many messages that the thread which stages them opens more files than the one before it.
    Many,
    /// As `Prepared`, with more messages than are committed at once.
    Batches,
}

impl Start {
    /// Whether calls of this kind are worth striking at there: those that open files are many, and much the same.
    pub(super) fn exposes(self, calls: Calls) -> bool {
        match self {
            Self::Fresh | Self::Owed | Self::Batches => true,
            Self::Prepared | Self::Fetched => calls != OPEN,
            Self::Many => calls == OPEN,
        }
    }
}

/// The kinds of runs that are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// Where mail goes.
    pub(super) stores: &'static [Store],
    /// Messages stay on the server.
    pub(super) keep: bool,
    pub(super) start: Start,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.keep { "keeping" } else { "deleting" };
        let start = match self.start {
            Start::Fresh => "fresh",
            Start::Prepared => "prepared",
            Start::Owed => "owed",
            Start::Fetched => "fetched",
            Start::Many => "many",
            Start::Batches => "batches",
        };
        write!(f, "{}, {mode}, {start}", names(self.stores))
    }
}

/// The names of some destinations.
pub(super) fn names(stores: &[Store]) -> String {
    let names: Vec<_> = stores.iter().map(|store| store.name()).collect();
    names.join("+")
}

impl Case {
    /// Strikes once, and judges; says whether it hit.
    pub(super) fn strike(self, strike: Strike) -> (bool, Verdict) {
        let trial = Trial::begin(self, &mail(self.start));
        let mut verdict = Verdict::default();
        let hit = trial.strike(strike, &mut verdict);
        if hit {
            trial.judge(&mut verdict);
        }
        (hit, verdict)
    }

    /// Strikes in one run after the other, and judges after the last; says how often it hit.
    pub(super) fn strike_again_and_again(self, strikes: &[Strike]) -> (usize, Verdict) {
        let trial = Trial::begin(self, &mail(self.start));
        let mut verdict = Verdict::default();
        let hits = strikes
            .iter()
            .filter(|strike| trial.strike(**strike, &mut verdict));
        let hits = hits.count();
        trial.judge(&mut verdict);
        (hits, verdict)
    }

    /// Cuts the connection after so many bytes of the server's, and judges; says whether popfetch noticed.
    pub(super) fn cut(self, bytes: u64) -> (bool, Verdict) {
        let trial = Trial::begin(self, &small());
        let server = &trial.mailbox.server;
        server.set_faults(vec![Fault::CutAfterBytes(bytes)]);
        let run = trial.mailbox.sync();
        server.set_faults(Vec::new());
        let mut verdict = Verdict::default();
        verdict.expect(&run, &[0, 75]);
        trial.look(&mut verdict);
        trial.judge(&mut verdict);
        (run.code != 0, verdict)
    }
}

impl Verdict {
    /// A run must have ended with one of these statuses.
    fn expect(&mut self, run: &Finished, statuses: &[i32]) {
        if !statuses.contains(&run.code) || run.stderr.contains("panicked") {
            self.tell(format!("the run ended with {}: {}", run.code, run.stderr));
        }
    }

    /// A run must have ended well and said nothing.
    fn expect_quiet(&mut self, which: &str, run: &Finished) {
        if run.code != 0 || !run.stderr.is_empty() {
            self.tell(format!("{which} ended with {}: {}", run.code, run.stderr));
        }
    }
}

/// An account in the state in which the fault is to find it.
struct Trial {
    /// Where mail goes by LMTP. It ends before its socket is gone with the sandbox.
    lmtp: Option<Lmtp>,
    case: Case,
    mailbox: Mailbox,
    sent: Vec<Vec<u8>>,
    /// How many runs were struck.
    strikes: Cell<usize>,
}

impl Trial {
    fn begin(case: Case, mail: &Maildrop) -> Self {
        let options = Options::new(Tls::None).user(USER, PASSWORD, mail.clone());
        let mailbox = Mailbox::of(Sandbox::new(), options);
        let socket = mailbox.sandbox.path(SOCKET);
        let wants_lmtp = case.stores.contains(&Store::Lmtp);
        let trial = Self {
            case,
            mailbox,
            sent: mail.stored(),
            lmtp: wants_lmtp.then(|| Lmtp::on_socket(&socket)),
            strikes: Cell::new(0),
        };
        for store in case.stores {
            store.set_up(&trial.mailbox.sandbox, trial.has_before());
        }
        let retention = format!("leave-on-server = {}", case.keep);
        match case.start {
            Start::Fresh => {}
            Start::Prepared | Start::Many | Start::Batches => trial.run_with("max-size = 1"),
            Start::Owed => {
                trial.configure(&retention);
                let last = case.stores.last().expect("mail goes somewhere");
                let (calls, nth) = last.publishing();
                let blow = Blow::Kill;
                let mut verdict = Verdict::default();
                let hit = trial.strike(Strike { blow, calls, nth }, &mut verdict);
                assert!(hit && verdict.is_well(), "{case} does not begin: {verdict}");
            }
            Start::Fetched => trial.run_with("leave-on-server = true"),
        }
        trial.configure(&retention);
        trial
    }

    /// Whether something is at the destinations before.
    fn has_before(&self) -> bool {
        self.case.start != Start::Fresh
    }

    /// Writes the configuration with this line.
    fn configure(&self, line: &str) {
        let table = account("work", self.mailbox.server.port(), USER);
        let server = table
            .lines()
            .filter(|line| !line.starts_with("deliver"))
            .collect::<Vec<_>>()
            .join("\n");
        let stores = self.case.stores.iter();
        let deliver: Vec<_> = stores
            .map(|store| store.table(&self.mailbox.sandbox))
            .collect();
        let deliver = deliver.join(", ");
        let config =
            format!("{server}\npassword = \"{PASSWORD}\"\ndeliver = [{deliver}]\n{line}\n");
        self.mailbox.sandbox.config(&config);
    }

    /// A run without faults, with this line in the configuration.
    fn run_with(&self, line: &str) {
        self.configure(line);
        let run = self.mailbox.sync();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }

    /// A run that is struck; says whether it was.
    fn strike(&self, strike: Strike, verdict: &mut Verdict) -> bool {
        let Struck { run, hit } = strike.run(&self.mailbox.sandbox);
        let statuses: &[i32] = match (hit, strike.blow) {
            (false, _) => &[0],
            // A child may be killed in place of popfetch.
            (true, Blow::Kill) if self.case.stores.contains(&Store::Pipe) => &[137, 75],
            (true, Blow::Kill) => &[137],
            // If the configuration cannot be read, it is 78; if popfetch itself cannot be, the system's loader says 127.
            (true, Blow::Fail(_)) => &[0, 74, 75, 78, 127],
        };
        verdict.expect(&run, statuses);
        if hit {
            self.strikes.set(self.strikes.get() + 1);
            self.look(verdict);
        }
        hit
    }

    /// Holds what is there behind a fault against the promises: nothing half, nothing twice, nothing lost.
    fn look(&self, verdict: &mut Verdict) {
        self.wait_for_the_server();
        let there = self.mailbox.there();
        for store in self.case.stores {
            let mut seen = self.seen(*store, verdict);
            let half = |last: &Vec<u8>| store.ends_half() && !self.sent.contains(last);
            let _ = seen.pop_if(|last| half(last));
            self.compare("after it", *store, &seen, verdict);
            verdict.miss("after it", &self.sent, &[&seen, &there]);
        }
    }

    /// Holds what is there after the next run, and after one more, against the promises.
    fn judge(&self, verdict: &mut Verdict) {
        self.complete(verdict);
        for store in self.case.stores {
            let seen = self.seen(*store, verdict);
            self.compare("in the end", *store, &seen, verdict);
            verdict.miss("in the end", &self.sent, &[&seen]);
            let litter = store.litter(&self.mailbox.sandbox);
            if !litter.is_empty() {
                verdict.left += litter.len();
                verdict.tell(format!("left behind: {litter:?}"));
            }
        }
        let there = self.mailbox.there();
        if self.case.keep && there != self.sent {
            verdict.tell("what was to stay on the server was deleted");
        }
        if !self.case.keep && !there.is_empty() {
            verdict.tell(format!("{} messages stayed on the server", there.len()));
        }
        self.expect_idle(verdict);
    }

    /// The next run, which must do what the one before it did not.
    fn complete(&self, verdict: &mut Verdict) {
        let mut run = self.mailbox.sync();
        // What a program has refused, as one does of which the fault was, waits for some minutes, or until somebody asks.
        if run.code == 74 && run.stderr.contains("sh exited with status") {
            let retry = self.mailbox.sandbox.run(["retry"]);
            verdict.expect_quiet("a retry", &retry);
            run = self.mailbox.sync();
        }
        verdict.expect_quiet("the next run", &run);
    }

    /// One more run has nothing to do.
    fn expect_idle(&self, verdict: &mut Verdict) {
        let all_seen = |verdict: &mut Verdict| -> Vec<_> {
            let stores = self.case.stores.iter();
            stores.map(|store| self.seen(*store, verdict)).collect()
        };
        let (seen, asked) = (all_seen(verdict), self.asked());
        verdict.expect_quiet("an idle run", &self.mailbox.sync());
        if self.asked() != asked {
            verdict.tell("an idle run fetched or deleted");
        }
        if all_seen(verdict) != seen {
            verdict.tell("an idle run changed what is here");
        }
    }

    /// What a reader sees.
    fn seen(&self, store: Store, verdict: &mut Verdict) -> Vec<Vec<u8>> {
        let seen = store.seen(&self.mailbox.sandbox, self.has_before(), self.lmtp.as_ref());
        seen.unwrap_or_else(|| {
            verdict.corrupted += 1;
            verdict.tell("what was there before is not as it was");
            Vec::new()
        })
    }

    fn compare(&self, when: &str, store: Store, seen: &[Vec<u8>], verdict: &mut Verdict) {
        let most = store.repeats() * self.strikes.get();
        let when = format!("{when}, {}", store.name());
        verdict.compare(&when, &self.sent, seen, most);
    }

    /// How often the server was asked for a message or its deletion.
    fn asked(&self) -> usize {
        self.mailbox.server.count("RETR") + self.mailbox.server.count("DELE")
    }

    /// Waits until the server has noticed that its clients are gone, and done what they asked for.
    fn wait_for_the_server(&self) {
        let server = &self.mailbox.server;
        for index in 0..server.records().len() {
            server.wait_until(index, |record| record.ended);
        }
    }
}

/// Six small messages that are easily mistaken when they are not whole.
fn small() -> Maildrop {
    [
        Message::new("a", "Subject: a\r\n\r\n.\r\nmore\r\n"),
        Message::new(
            "b",
            "Subject: b\r\n\r\nFrom me\r\n>From me\r\n\r\nFrom me\r\n",
        ),
        Message::new("c", "Subject: c\r\n\r\n.\n.\r.\r\n..\r\nno end"),
        Message::new("d", "Subject: d\r\n\r\n"),
        Message::new(
            "e",
            "Return-Path: <e@example.org>\r\nSubject: e\r\n\r\ne\r\n\r\n\r\n",
        ),
        Message::new("f", "Subject: f\r\n\r\nGr\u{fc}\u{df}e\r\n"),
    ]
    .into_iter()
    .collect()
}

/// What lies on the server.
fn mail(start: Start) -> Maildrop {
    let mut mail = small();
    let tiny = match start {
        Start::Many => 24,
        Start::Batches => 504,
        _ => {
            let large = [
                b"Subject: large\r\n\r\n".to_vec(),
                b"line\r\n".repeat(60_000),
            ];
            mail.push(Message::new("large", large.concat()));
            0
        }
    };
    for n in 0..tiny {
        let content = format!("Subject: {n}\r\n\r\n{n}\r\n");
        mail.push(Message::new(format!("tiny-{n}"), content));
    }
    mail
}
