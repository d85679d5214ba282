//! A case: what a server does, and what is to come of it.
//!
//! It owns the words in which a table says that. It refuses to know how a case is tried, which is `trial`'s. Invariant: a
//! case that says nothing else expects a run in which all is well.

use crate::support::maildrop::{Maildrop, Message};
use crate::support::options::{Act, Fault};

/// How long a server may be silent, but where it is to be so: longer than any of them is by chance.
pub(super) const TIMEOUT: &str = "20s";

/// The login and both listings, where the server pipelines.
pub(super) const LOGIN: &str = "USER PASS LIST UIDL";

/// What is sent where a message comes in another size than it was listed with: it may be another, if replies are out of
/// step.
pub(super) const UNSURE: &[&str] = &["CAPA", LOGIN, "3 RETR", "STAT", "QUIT"];

/// How the server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Clear,
    Implicit,
    Stls,
}

/// Where the mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Maildir,
    Mbox,
}

/// A server that does something, and what is to come of it.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) mail: Maildrop,
    pub(super) faults: Vec<Fault>,
    pub(super) way: Way,
    pub(super) into: Store,
    pub(super) pipelines: bool,
    pub(super) lines: String,
    pub(super) lines_before: String,
    pub(super) timeout: &'static str,
    pub(super) code: i32,
    /// … or with one of these.
    pub(super) or: Vec<i32>,
    /// Words on standard error, and how many lines they are in.
    pub(super) says: Vec<String>,
    pub(super) told: Option<usize>,
    /// The messages that are here after the run, as they are stored; `None` stands for all.
    pub(super) arrived: Option<Vec<Vec<u8>>>,
    /// The messages that are on the server after the run; `None` stands for all that were.
    pub(super) left: Option<Vec<Vec<u8>>>,
    /// What was sent on each connection, in flights; `None` stands for what a run sends in which all is well.
    pub(super) sent: Option<Vec<Vec<String>>>,
    /// … or this, where it is the server's haste that decides.
    pub(super) or_sent: Option<Vec<Vec<String>>>,
    /// How many messages the next run asks for; `None` stands for those that are not here.
    pub(super) asks: Option<usize>,
    /// Nothing is on the server in the end.
    pub(super) empties: bool,
    /// The messages that are here in the end; `None` stands for all.
    pub(super) kept: Option<Vec<Vec<u8>>>,
}

fn owned(connections: &[&[&str]]) -> Vec<Vec<String>> {
    let owned = |flights: &&[&str]| flights.iter().map(ToString::to_string).collect();
    connections.iter().map(owned).collect()
}

/// Messages that are like no other.
pub(super) fn letters(count: usize) -> Maildrop {
    (0..count).map(letter).collect()
}

/// One of them.
pub(super) fn letter(n: usize) -> Message {
    let text = format!("From: a@example.org\r\nSubject: letter {n}\r\n\r\nThis is number {n}.\r\n");
    Message::new(format!("uid-{n}"), text)
}

/// The first so many letters, as they are stored.
pub(super) fn stored(numbers: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    numbers.into_iter().map(|n| letter(n).stored()).collect()
}

impl Case {
    /// A case of three letters on a server in the clear that pipelines, in which all is well.
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mail: letters(3),
            faults: Vec::new(),
            way: Way::Clear,
            into: Store::Maildir,
            pipelines: true,
            lines: String::new(),
            lines_before: String::new(),
            timeout: TIMEOUT,
            code: 0,
            or: Vec::new(),
            says: Vec::new(),
            told: None,
            arrived: None,
            left: None,
            sent: None,
            or_sent: None,
            asks: None,
            empties: false,
            kept: None,
        }
    }

    /// Other mail on the server.
    pub(super) fn mail(mut self, mail: impl IntoIterator<Item = Message>) -> Self {
        self.mail = mail.into_iter().collect();
        self
    }

    /// What the server does.
    pub(super) fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// What the server does at the first of these commands.
    pub(super) fn at(self, command: &'static str, act: Act) -> Self {
        self.fault(Fault::At(command, 1, act))
    }

    /// What the server says to the first of these commands, to the byte.
    pub(super) fn says_to(self, command: &'static str, reply: impl AsRef<[u8]>) -> Self {
        self.at(command, Act::Reply(reply.as_ref().to_vec()))
    }

    /// How the server is reached.
    pub(super) fn by(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// Where the mail goes.
    pub(super) fn into(mut self, into: Store) -> Self {
        self.into = into;
        self
    }

    /// The server does not announce PIPELINING.
    pub(super) fn in_turn(mut self) -> Self {
        self.pipelines = false;
        self
    }

    /// More lines of the account.
    pub(super) fn lines(mut self, lines: &str) -> Self {
        self.lines += lines;
        self.lines.push('\n');
        self
    }

    /// More lines of the account, as long as the server is not well.
    pub(super) fn lines_before(mut self, lines: &str) -> Self {
        self.lines_before = format!("{lines}\n");
        self
    }

    /// The server falls silent, for which popfetch waits a second.
    pub(super) fn stalls(mut self) -> Self {
        self.timeout = "1s";
        self
    }

    /// The server drips under TLS, so that popfetch waits for longer, silence or not: on a machine that is busy a drop may
    /// take more than a second to come through.
    pub(super) fn drips_under_tls(mut self, way: Way) -> Self {
        self.timeout = "3s";
        self.by(way)
    }

    /// The run ends with this status, and says these words on one line.
    pub(super) fn fails(mut self, code: i32, words: &[&str]) -> Self {
        self.code = code;
        self.says = words.iter().map(ToString::to_string).collect();
        self
    }

    /// The run ends with one of these statuses.
    pub(super) fn either(mut self, codes: &[i32]) -> Self {
        self.code = codes[0];
        self.or = codes[1..].to_vec();
        self
    }

    /// What is said is in so many lines.
    pub(super) fn told_in(mut self, lines: usize) -> Self {
        self.told = Some(lines);
        self
    }

    /// The messages that are here after the run, as they are stored.
    pub(super) fn arrives(mut self, messages: Vec<Vec<u8>>) -> Self {
        self.arrived = Some(messages);
        self
    }

    /// The messages that are on the server after the run, as they would be stored.
    pub(super) fn leaves(mut self, messages: Vec<Vec<u8>>) -> Self {
        self.left = Some(messages);
        self
    }

    /// The next run leaves nothing on the server.
    pub(super) fn empties(mut self) -> Self {
        self.empties = true;
        self
    }

    /// What was sent on each connection, in flights.
    pub(super) fn sent(mut self, connections: &[&[&str]]) -> Self {
        self.sent = Some(owned(connections));
        self
    }

    /// What may have been sent in place of that.
    pub(super) fn or_sent(mut self, connections: &[&[&str]]) -> Self {
        self.or_sent = Some(owned(connections));
        self
    }

    /// What was sent is what a run sends in which all is well.
    pub(super) fn sent_usual(mut self) -> Self {
        self.sent = None;
        self
    }

    /// How many messages the next run asks for.
    pub(super) fn asks(mut self, messages: usize) -> Self {
        self.asks = Some(messages);
        self
    }

    /// The messages that are here in the end, as they are stored.
    pub(super) fn has_in_the_end(mut self, messages: Vec<Vec<u8>>) -> Self {
        self.kept = Some(messages);
        self
    }

    /// The messages that are here after each run, as they are stored: what the server has later is not what it gave.
    pub(super) fn keeps(mut self, messages: Vec<Vec<u8>>) -> Self {
        self.arrived = Some(messages.clone());
        self.kept = Some(messages);
        self
    }
}

impl Store {
    pub(super) fn deliver(self) -> &'static str {
        match self {
            Self::Maildir => "{ maildir = \"~/Mail/work\" }",
            Self::Mbox => "{ mbox = \"~/mbox\" }",
        }
    }
}
