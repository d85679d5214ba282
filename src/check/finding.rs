//! What is told of a check: what is looked at, what was seen, whether it is well.
//!
//! It refuses to know how that is shown. Invariant: once a stop is asked for, nothing is told: what fails then says nothing.

use std::fmt;
use std::sync::atomic::Ordering;

use super::trouble::Trouble;
use crate::pop3::Patience;

/// What is looked at, in the order in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The configuration file.
    Configuration,
    /// The password or token.
    Secret,
    /// The same without a terminal, in the surroundings that cron gives.
    Unattended,
    /// The addresses of the server's name.
    Dns,
    /// The way to the server.
    Connect,
    /// The protection of the line, and the server's certificate.
    Tls,
    /// What the server says of itself.
    Capabilities,
    /// The login.
    Login,
    /// How much is in the maildrop.
    Maildrop,
    /// What messages are told apart by.
    Uids,
    /// What of it is not here yet.
    New,
    /// Where the mail goes.
    Destination,
    /// The room there.
    Disk,
    /// What popfetch remembers.
    State,
    /// The time.
    Clock,
    /// What runs popfetch from time to time.
    Schedule,
}

impl Topic {
    /// A word for it: no longer than 12 letters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Configuration => "config",
            Self::Secret => "secret",
            Self::Unattended => "under cron",
            Self::Dns => "DNS",
            Self::Connect => "connect",
            Self::Tls => "TLS",
            Self::Capabilities => "capabilities",
            Self::Login => "login",
            Self::Maildrop => "maildrop",
            Self::Uids => "UIDL",
            Self::New => "new mail",
            Self::Destination => "destination",
            Self::Disk => "disk",
            Self::State => "state",
            Self::Clock => "clock",
            Self::Schedule => "schedule",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Well.
    Pass,
    /// Not as it should be, and no reason that mail does not come now.
    Note,
    /// A reason why no mail comes.
    Fail,
}

/// What was seen of one thing.
#[derive(Debug)]
pub struct Finding {
    /// What was looked at.
    pub topic: Topic,
    /// How it is.
    pub mark: Mark,
    /// What was seen, or what was tried where nothing could be.
    pub seen: String,
    /// More of it, for those who want to know, a line each.
    pub details: Vec<String>,
    /// What is wrong, where something is.
    pub trouble: Option<Trouble>,
}

/// What happens in a check.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// This is looked at now; it may take a while.
    Begins(Topic),
    /// This was found.
    Found(&'e Finding),
}

/// Tells what is found.
pub(super) struct Teller<'t> {
    tell: &'t mut dyn FnMut(Event<'_>),
    patience: &'t Patience,
    /// What was told of.
    told: Vec<Topic>,
}

impl<'t> Teller<'t> {
    pub(super) fn new(tell: &'t mut dyn FnMut(Event<'_>), patience: &'t Patience) -> Self {
        Self {
            tell,
            patience,
            told: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'_>) {
        if let Event::Found(finding) = event {
            self.told.push(finding.topic);
        }
        if !self.patience.stop().load(Ordering::Relaxed) {
            (self.tell)(event);
        }
    }

    /// Whether something of this was told.
    pub(super) fn has_told(&self, topic: Topic) -> bool {
        self.told.contains(&topic)
    }

    /// Something is looked at.
    pub(super) fn begin(&mut self, topic: Topic) {
        self.event(Event::Begins(topic));
    }

    /// Something is well.
    pub(super) fn pass(&mut self, topic: Topic, seen: impl Into<String>) {
        self.detailed(topic, seen, Vec::new());
    }

    /// Something is well, and there is more to be said of it.
    pub(super) fn detailed(&mut self, topic: Topic, seen: impl Into<String>, details: Vec<String>) {
        self.event(Event::Found(&Finding {
            topic,
            mark: Mark::Pass,
            seen: seen.into(),
            details,
            trouble: None,
        }));
    }

    /// Something is not as it should be.
    pub(super) fn note(
        &mut self,
        topic: Topic,
        seen: impl Into<String>,
        trouble: impl Into<Trouble>,
    ) {
        self.trouble(topic, Mark::Note, seen, trouble);
    }

    /// Something keeps mail from coming.
    pub(super) fn fail(
        &mut self,
        topic: Topic,
        seen: impl Into<String>,
        trouble: impl Into<Trouble>,
    ) {
        self.trouble(topic, Mark::Fail, seen, trouble);
    }

    /// Either of these.
    pub(super) fn trouble(
        &mut self,
        topic: Topic,
        mark: Mark,
        seen: impl Into<String>,
        trouble: impl Into<Trouble>,
    ) {
        self.event(Event::Found(&Finding {
            topic,
            mark,
            seen: seen.into(),
            details: Vec::new(),
            trouble: Some(trouble.into()),
        }));
    }
}
