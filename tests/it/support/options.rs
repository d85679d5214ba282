//! What a fake server is to be: its protection, its users, its capabilities, and what goes wrong on it.
//!
//! It owns the words in which a test says that. It refuses to know how they are carried out.

use super::certificates::Identity;
use super::maildrop::Maildrop;

/// Which protection the server has.
#[derive(Clone, Debug)]
pub(crate) enum Tls {
    /// From the first byte.
    Implicit(Identity),
    /// By STLS.
    Stls(Identity),
    /// None; STLS is neither offered nor known.
    None,
}

/// Something that goes wrong on each connection. Bytes are counted as POP3 has them, inside TLS.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The connection is closed when this many bytes were sent to the client; 0 is before the greeting.
    CutAfterBytes(u64),
    /// Nothing more is sent after this many bytes, and nothing closed.
    StallAfterBytes(u64),
    /// Each byte is sent by itself.
    OneByteAtATime,
    /// At the `nth` command, counted from 1, that begins with these words: `"RETR"`, `"RETR 3"`. The word
    /// `"GREETING"` stands for the greeting.
    At(&'static str, usize, Act),
    /// At each command that begins with these words.
    Each(&'static str, Act),
    /// Where several commands come in one piece, and the first of them is none of these.
    SentAhead(&'static [&'static str], Loss),
    /// This one, on the connection of this index alone.
    On(usize, Box<Fault>),
}

/// How a server loses what is sent ahead of its replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// What came in one piece with a command is dropped, as by a server that flushes its input.
    Dropped,
    /// The connection is closed; nothing of the piece is carried out.
    HungUp,
    /// The first command is carried out, each of the others answered `-ERR`.
    Refused,
}

/// What happens in place of a reply, or beside it.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// The connection is closed, the command not carried out.
    Cut,
    /// The command is carried out and the connection closed without a reply.
    DoneThenCut,
    /// The command is not carried out, and nothing is ever sent again.
    Stall,
    /// These bytes are the reply, the command is not carried out.
    Reply(Vec<u8>),
    /// These bytes are sent ahead of the reply, in one piece with it.
    Before(Vec<u8>),
    /// These bytes are sent behind the reply, in one piece with it; behind STLS, therefore, in clear.
    After(Vec<u8>),
    /// The command is carried out, all of the reply but so many bytes at its end is sent, and the connection closed.
    Short(usize),
    /// The reply is sent in two pieces, each a TLS record of its own, the second of which has so many bytes.
    Split(usize),
    /// The first of these is sent once and the second for ever; the command is not carried out.
    Endless(Vec<u8>, Vec<u8>),
    /// The first of these is sent at once and the second for ever, a byte every half second; the command is not carried
    /// out.
    Drip(Vec<u8>, Vec<u8>),
    /// The first of these is the reply. Whatever comes then is answered with the second, and the connection closed.
    Babble(Vec<u8>, Vec<u8>),
}

impl Act {
    /// A status line in place of the reply: `Act::reply("-ERR [IN-USE] busy")`.
    pub(crate) fn reply(line: &str) -> Self {
        Self::Reply(format!("{line}\r\n").into_bytes())
    }
}

impl Fault {
    /// What strikes on the connection of this index, if anything does.
    pub(super) fn on(&self, connection: usize) -> Option<&Self> {
        match self {
            Self::On(index, fault) => (*index == connection).then_some(&**fault),
            fault => Some(fault),
        }
    }
}

/// What a server is to be.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(super) tls: Tls,
    pub(super) users: Vec<(String, String, Maildrop)>,
    pub(super) capabilities: Option<Vec<String>>,
    pub(super) faults: Vec<Fault>,
    pub(super) pace: Option<u64>,
    pub(super) unknown: Vec<&'static str>,
    pub(super) page: Option<usize>,
}

impl Options {
    /// A faultless server without users, that pipelines.
    pub(crate) fn new(tls: Tls) -> Self {
        let capabilities = [
            "TOP",
            "UIDL",
            "USER",
            "RESP-CODES",
            "AUTH-RESP-CODE",
            "PIPELINING",
        ];
        let capabilities = Some(capabilities.map(str::to_owned).to_vec());
        Self {
            tls,
            users: Vec::new(),
            capabilities,
            faults: Vec::new(),
            pace: None,
            unknown: Vec::new(),
            page: None,
        }
    }

    /// Adds a user.
    pub(crate) fn user(mut self, user: &str, password: &str, maildrop: Maildrop) -> Self {
        self.users
            .push((user.to_owned(), password.to_owned(), maildrop));
        self
    }

    /// CAPA's lines, in place of the usual ones; STLS is added where it may be had.
    pub(crate) fn capabilities(mut self, lines: &[&str]) -> Self {
        self.capabilities = Some(lines.iter().map(ToString::to_string).collect());
        self
    }

    /// The server does not know CAPA.
    pub(crate) fn without_capa(mut self) -> Self {
        self.capabilities = None;
        self
    }

    /// CAPA does not list PIPELINING.
    pub(crate) fn without_pipelining(mut self) -> Self {
        if let Some(lines) = &mut self.capabilities {
            lines.retain(|line| line != "PIPELINING");
        }
        self
    }

    /// The server does not know this command, and CAPA does not list it.
    pub(crate) fn without(mut self, command: &'static str) -> Self {
        if let Some(lines) = &mut self.capabilities {
            lines.retain(|line| line != command);
        }
        self.unknown.push(command);
        self
    }

    /// Gmail's habits: a session lists only this many messages, the oldest that were never popped. What was retrieved
    /// in a session that ends by QUIT is popped: it stays, and is not listed again. A user `recent:NAME` is NAME, is
    /// listed all there is, and pops nothing.
    pub(crate) fn gmail(mut self, page: usize) -> Self {
        self.page = Some(page);
        self
    }

    /// Adds a fault.
    pub(crate) fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Sends no more than this many bytes a second on a connection.
    pub(crate) fn pace(mut self, bytes: u64) -> Self {
        self.pace = Some(bytes);
        self
    }
}
