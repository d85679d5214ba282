//! The server's side of POP3 as RFC 1939, 2449 and 2595 have it: a command line in, a reply out.
//!
//! It owns commands, replies and the states of a session. It refuses to know sockets, TLS and faults, and what becomes of a
//! maildrop: what goes wrong is made to go wrong outside, so that what is left is right.

use std::mem;
use std::sync::Arc;

use super::maildrop::Message;
use super::users::{Session, Users};

/// A command line with its CRLF (RFC 2449 §4).
const LONGEST_COMMAND: usize = 255;

impl Session {
    /// The messages not deleted, with their numbers.
    fn present(&self) -> impl Iterator<Item = (usize, &Message)> {
        let all = self.messages.iter().zip(&self.deleted).enumerate();
        all.filter(|(_, (_, deleted))| !**deleted)
            .map(|(index, (message, _))| (index + 1, &**message))
    }

    /// The message of this number, if it is one and not deleted.
    fn find(&self, number: &str) -> Option<(usize, &Message)> {
        let number: usize = number.parse().ok()?;
        let index = number.checked_sub(1)?;
        let message = self.messages.get(index)?;
        (!self.deleted[index]).then_some((number, message))
    }

    /// LIST and UIDL: a line for one message, or one for each.
    fn listing(&self, number: Option<&str>, show: fn(&Message) -> Vec<u8>) -> Vec<u8> {
        let line = |(number, message): (usize, &Message)| {
            [format!("{number} ").into_bytes(), show(message)].concat()
        };
        match number {
            Some(number) => match self.find(number) {
                Some(found) => [b"+OK ".to_vec(), line(found), b"\r\n".to_vec()].concat(),
                None => status("-ERR no such message"),
            },
            None => multiline(
                "+OK",
                &self
                    .present()
                    .flat_map(|numbered| [line(numbered), b"\r\n".to_vec()].concat())
                    .collect::<Vec<_>>(),
            ),
        }
    }

    /// Answers what is a command only in this state.
    fn answer(&mut self, verb: &str, arguments: &[&str]) -> Vec<u8> {
        match (verb, arguments) {
            ("STAT", []) => {
                let sizes = self.present().map(|(_, message)| size(message));
                let octets = sizes.fold(0, u64::saturating_add);
                status(&format!("+OK {} {octets}", self.present().count()))
            }
            ("LIST", [] | [_]) => self.listing(arguments.first().copied(), |message| {
                size(message).to_string().into_bytes()
            }),
            ("UIDL", [] | [_]) => {
                self.listing(arguments.first().copied(), |message| message.uid.clone())
            }
            ("RETR", [number]) => match self.find(number) {
                Some((number, message)) => {
                    let reply = multiline(&format!("+OK {} octets", size(message)), &message.raw);
                    self.retrieved[number - 1] = true;
                    reply
                }
                None => status("-ERR no such message"),
            },
            ("TOP", [number, count]) => match (self.find(number), count.parse()) {
                (Some((_, message)), Ok(count)) => multiline("+OK", top(&message.raw, count)),
                _ => status("-ERR no such message"),
            },
            ("DELE", [number]) => match self.find(number).map(|(number, _)| number) {
                Some(number) => {
                    self.deleted[number - 1] = true;
                    status("+OK deleted")
                }
                None => status("-ERR no such message"),
            },
            ("NOOP", []) => status("+OK"),
            ("RSET", []) => {
                self.deleted.fill(false);
                status("+OK")
            }
            _ => status("-ERR not a command in this state"),
        }
    }
}

/// Where a connection stands (RFC 1939 §3).
#[derive(Debug)]
enum State {
    /// With the name that USER gave in the command just before.
    Authorization(Option<String>),
    Transaction(Session),
    Over,
}

/// What follows a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next command.
    Command,
    /// A TLS handshake.
    Handshake,
    /// Nothing: the connection is closed.
    Close,
}

/// One connection's dialogue.
#[derive(Debug)]
pub(super) struct Dialogue {
    users: Arc<Users>,
    /// The commands that are known elsewhere.
    unknown: Vec<&'static str>,
    capabilities: Option<Vec<String>>,
    stls: bool,
    state: State,
}

impl Dialogue {
    /// A dialogue at its greeting. `unknown` are the commands that this server lacks; `capabilities` are the lines of
    /// CAPA but for STLS, `None` if the command is unknown; `stls` says whether STLS may be had.
    pub(super) fn new(
        users: Arc<Users>,
        unknown: Vec<&'static str>,
        capabilities: Option<Vec<String>>,
        stls: bool,
    ) -> Self {
        Self {
            users,
            unknown,
            capabilities,
            stls,
            state: State::Authorization(None),
        }
    }

    /// The reply to a line that came with its line end, and what follows it.
    pub(super) fn answer(&mut self, line: &[u8]) -> (Vec<u8>, Next) {
        let Some(command) = line
            .strip_suffix(b"\r\n")
            .filter(|_| line.len() <= LONGEST_COMMAND)
        else {
            return (status("-ERR not a command line"), Next::Command);
        };
        let command = String::from_utf8_lossy(command);
        let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
        let arguments: Vec<&str> = rest
            .split(' ')
            .filter(|argument| !argument.is_empty())
            .collect();
        let verb = verb.to_ascii_uppercase(); // RFC 1939 §3: keywords are case-insensitive
        if self.unknown.contains(&verb.as_str()) {
            return (status("-ERR unknown command"), Next::Command);
        }
        let reply = match (verb.as_str(), mem::replace(&mut self.state, State::Over)) {
            ("CAPA", state) => {
                self.state = state;
                self.capa()
            }
            ("QUIT", state) => {
                if let State::Transaction(session) = state {
                    session.update();
                }
                return (status("+OK bye"), Next::Close);
            }
            ("STLS", State::Authorization(_)) if self.stls => {
                // RFC 2595 §4: back to the start, and STLS is not offered again.
                self.stls = false;
                self.state = State::Authorization(None);
                return (status("+OK begin TLS"), Next::Handshake);
            }
            ("USER", State::Authorization(_)) => {
                self.state = State::Authorization(Some(rest.to_owned()));
                status("+OK")
            }
            ("PASS", State::Authorization(Some(user))) => match self.users.login(&user, rest) {
                Ok(session) => {
                    self.state = State::Transaction(session);
                    status("+OK logged in")
                }
                Err(refusal) => {
                    self.state = State::Authorization(None);
                    status(refusal)
                }
            },
            (verb, State::Transaction(mut session)) => {
                let reply = session.answer(verb, &arguments);
                self.state = State::Transaction(session);
                reply
            }
            (_, State::Authorization(_) | State::Over) => {
                self.state = State::Authorization(None);
                status("-ERR not a command in this state")
            }
        };
        (reply, Next::Command)
    }

    /// CAPA (RFC 2449 §5), in both states.
    fn capa(&self) -> Vec<u8> {
        let Some(capabilities) = &self.capabilities else {
            return status("-ERR unknown command");
        };
        let stls = self.stls.then_some("STLS");
        let lines: Vec<u8> = capabilities
            .iter()
            .map(String::as_str)
            .chain(stls)
            .flat_map(|line| format!("{line}\r\n").into_bytes())
            .collect();
        multiline("+OK", &lines)
    }
}

/// What LIST and STAT say of a message.
fn size(message: &Message) -> u64 {
    message.claimed.unwrap_or(message.raw.len() as u64)
}

/// A reply of one line.
fn status(line: &str) -> Vec<u8> {
    format!("{line}\r\n").into_bytes()
}

/// A reply of many lines: stuffed and terminated as RFC 1939 §3 asks. Only CRLF ends a line.
fn multiline(first: &str, body: &[u8]) -> Vec<u8> {
    let mut reply = status(first);
    reply.reserve(body.len() + 8);
    let mut at_start = true;
    for &byte in body {
        if at_start && byte == b'.' {
            reply.push(b'.');
        }
        at_start = byte == b'\n' && reply.ends_with(b"\r");
        reply.push(byte);
    }
    if !at_start {
        reply.extend_from_slice(b"\r\n");
    }
    reply.extend_from_slice(b".\r\n");
    reply
}

/// The headers, the empty line and the first `count` lines behind it (RFC 1939 §7).
fn top(raw: &[u8], count: usize) -> &[u8] {
    let ends = |from: usize| {
        raw[from..]
            .windows(2)
            .enumerate()
            .filter(|(_, two)| two == b"\r\n")
            .map(move |(at, _)| from + at + 2)
    };
    let body = raw
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(raw.len(), |at| at + 4);
    let end = match count {
        0 => body,
        _ => ends(body).nth(count - 1).unwrap_or(raw.len()),
    };
    &raw[..end]
}
