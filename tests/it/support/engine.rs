//! popfetch's engine, called as a library on a mailbox's state and Maildir: with any clock, and one step at a time.
//!
//! It owns what the command line would bring along: the endpoint, the stamp, an observer. It refuses to judge: what the
//! engine did is seen in the Maildir, on the server and in the outcome. Invariant: state, maildrop and Maildir are those
//! of the account `work`, so that a run of the program and a run here follow each other.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use popfetch::delivery::{Destination, Maildir, Stager, Stamp};
use popfetch::mail::{Octets, Uid};
use popfetch::plan::Limits;
use popfetch::pop3::{Auth, Endpoint, Need, Patience, Pipelining, Security, Way};
use popfetch::retention::Policy;
use popfetch::secret::Secret;
use popfetch::state::{Account, Arrival, Heading, Ledger, Route};
use popfetch::sync::{self, Again, Event, Job, Observer, Outcome, Surroundings};

use super::mailbox::{Mailbox, PASSWORD, USER};
use super::maildrop::Message;

/// Stands for chance: no two engines of a test process make the same file names.
static STAMPS: AtomicU64 = AtomicU64::new(1);

/// The engine, as if it were one process of popfetch.
pub(crate) struct Engine {
    endpoint: Endpoint,
    user: String,
    destination: Destination,
    maildir: PathBuf,
    state: PathBuf,
    stamp: Stamp,
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) events: Vec<Event>,
}

impl Engine {
    /// The engine on the mailbox's account.
    pub(crate) fn on(mailbox: &Mailbox) -> Self {
        Self::of(mailbox, USER, "work")
    }

    /// The engine on another account of the mailbox's server, which delivers to `Mail/FOLDER`.
    pub(crate) fn of(mailbox: &Mailbox, user: &str, folder: &str) -> Self {
        let maildir = mailbox.sandbox.home(format!("Mail/{folder}"));
        let chance = STAMPS.fetch_add(1, Ordering::Relaxed);
        Self {
            endpoint: Endpoint {
                host: "127.0.0.1".to_owned(),
                port: mailbox.server.port(),
                security: Security::Cleartext,
                client: None,
                way: Way::default(),
                timeout: Duration::from_secs(60),
            },
            user: user.to_owned(),
            destination: Destination::Maildir(maildir.clone()),
            maildir,
            state: mailbox.sandbox.path("state/popfetch"),
            stamp: Stamp::new(Timestamp::UNIX_EPOCH, "test", chance),
        }
    }

    /// The same, delivering there.
    pub(crate) fn delivering_to(self, destination: Destination) -> Self {
        Self {
            destination,
            ..self
        }
    }

    /// The same, on a server of the test's own at this port.
    pub(crate) fn reaching(mut self, port: u16) -> Self {
        self.endpoint.port = port;
        self
    }

    /// The state.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::open(&self.state, Arc::default()).unwrap()
    }

    /// The account's rows in it.
    pub(crate) fn account<'l>(&self, ledger: &'l Ledger) -> Account<'l> {
        ledger.account(&self.endpoint.server(), &self.user).unwrap()
    }

    /// The Maildir as this account delivers to it, made if it is missing.
    pub(crate) fn maildir(&self, account: &Account<'_>) -> Maildir<'_> {
        Maildir::make(&self.maildir).unwrap();
        Maildir::open(&self.maildir, account.tag(), &self.stamp).unwrap()
    }

    /// Stages messages as they would come from the server, and makes them durable.
    pub(crate) fn stage<'m>(
        &self,
        account: &Account<'_>,
        messages: impl IntoIterator<Item = &'m Arc<Message>>,
    ) -> Vec<Arrival> {
        let maildir = self.maildir(account);
        let mut stager = Stager::new(maildir.staging(), None);
        let arrivals: Vec<_> = messages
            .into_iter()
            .map(|message| stage_one(&mut stager, message))
            .collect();
        maildir
            .staging()
            .make_durable(arrivals.iter().map(|arrival| arrival.file.as_str()), None)
            .unwrap();
        arrivals
    }

    /// Makes staged messages known, and no more.
    pub(crate) fn commit(&self, account: &Account<'_>, arrivals: &[Arrival], now: Timestamp) {
        let route = Route {
            destinations: vec![account.destination(&self.destination.to_string()).unwrap()],
            spooled: false,
        };
        account.commit(arrivals, &route, &[], &[], now).unwrap();
    }

    /// Makes staged messages visible, and no more.
    pub(crate) fn publish(&self, account: &Account<'_>, arrivals: &[Arrival]) {
        let files = arrivals.iter().map(|arrival| arrival.file.as_str());
        self.maildir(account).publish(files).unwrap();
    }

    /// A whole run at this time.
    pub(crate) fn run(&self, now: Timestamp, retention: Policy) -> Ran {
        self.run_changed(now, retention, |_| {})
    }

    /// The same, with the job changed like this.
    pub(crate) fn run_changed(
        &self,
        now: Timestamp,
        retention: Policy,
        change: impl FnOnce(&mut Job<'_>),
    ) -> Ran {
        let recorder = Recorder(Mutex::default());
        let surroundings = Surroundings {
            home: self.state.clone(),
            login: "me".to_owned(),
            inherited: Vec::new(),
            host: "localhost".to_owned(),
        };
        let secret = || Ok(Secret::new(PASSWORD));
        let mut job = Job {
            endpoint: &self.endpoint,
            user: &self.user,
            claimed: &[],
            auth: Auth::Auto,
            need: Need::Password,
            secret: &secret,
            renew: &|_| Ok(None),
            nonce: &|| "once".to_owned(),
            account: "work",
            destinations: std::slice::from_ref(&self.destination),
            again: &Again::Nothing,
            surroundings: &surroundings,
            after_sync: None,
            approve: &|_| false,
            follows: matches!(retention, Policy::KeepWhileHere(_)),
            retention,
            limits: Limits::default(),
            pipelining: Pipelining::Auto,
            patience: Patience::new(self.endpoint.timeout, Arc::new(AtomicBool::new(false))),
            now,
            stamp: &self.stamp,
            state: &self.state,
        };
        change(&mut job);
        let outcome = sync::run(&job, &self.ledger(), &recorder);
        let events = recorder.0.into_inner().unwrap();
        Ran { outcome, events }
    }

    /// The same, which must succeed.
    #[track_caller]
    pub(crate) fn run_well(&self, now: Timestamp, retention: Policy) -> Ran {
        let ran = self.run(now, retention);
        assert!(ran.outcome.failure.is_none(), "{:?}", ran.outcome);
        assert!(ran.outcome.tally.problems.is_empty(), "{:?}", ran.outcome);
        ran
    }
}

/// This many days and seconds after the day on which a test begins.
pub(crate) fn day(days: i64, seconds: i64) -> Timestamp {
    Timestamp::from_second(1_764_547_200 + days * 24 * 60 * 60 + seconds).unwrap()
}

fn stage_one(stager: &mut Stager<'_>, message: &Message) -> Arrival {
    let mut draft = stager.begin();
    draft.write(&message.raw).unwrap();
    if !message.raw.is_empty() && !message.raw.ends_with(b"\r\n") {
        draft.write(b"\r\n").unwrap();
    }
    let whole = draft.finish().unwrap();
    Arrival {
        uid: Uid::new(&message.uid).expect("a uid is not empty"),
        listed: Octets(message.raw.len() as u64),
        size: whole.size,
        digest: whole.digest,
        file: whole.file,
        first_seen: day(0, 0),
        replaces: None,
        found: false,
        had: Vec::new(),
        heading: Heading::default(),
    }
}

/// Remembers what it hears.
struct Recorder(Mutex<Vec<Event>>);

impl Observer for Recorder {
    fn notice(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}
