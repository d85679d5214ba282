//! Commands in flight and what comes back: messages and headers as they arrive, and replies to DELE.
//!
//! It refuses to know why a message is wanted. Invariant: each command is answered once, in the order in which they were
//! sent; where somebody stops listening in between, the session cannot go on.

use std::io::{Read, Write};
use std::iter::Peekable;

use super::channel::{Channel, accepted};
use super::command::Command;
use super::error::Error;
use super::pipeline::Window;
use super::reply::Reply;
use crate::mail::MessageNumber;

/// Commands and their replies, with as many in flight as the window admits.
pub(super) struct Exchange<'s, S, I: Iterator> {
    channel: &'s mut Channel<S>,
    window: Window<Command>,
    commands: Peekable<I>,
    paused: bool,
}

impl<S, I: Iterator> Drop for Exchange<'_, S, I> {
    fn drop(&mut self) {
        if self.window.answered().is_some() {
            self.channel.abandon();
        }
    }
}

impl<'s, S: Read + Write, I: Iterator<Item = Command>> Exchange<'s, S, I> {
    /// An exchange of these commands, several at once where it is `pipelined`.
    pub(super) fn new(channel: &'s mut Channel<S>, pipelined: bool, commands: I) -> Self {
        Self {
            window: Window::new(pipelined),
            channel,
            commands: commands.peekable(),
            paused: false,
        }
    }

    /// Sends what the window admits and reads one status line; `None` when all commands are answered that were sent.
    pub(super) fn next(&mut self) -> Result<Option<(Command, Reply)>, Error> {
        if !self.paused && self.window.wants_more() {
            while let Some(command) = self
                .commands
                .next_if(|command| self.window.admits(command.to_string().len() + 2))
            {
                let len = self.channel.queue(&command)?;
                self.window.sent(command, len);
            }
            self.channel.flush("sending commands")?;
        }
        let Some(command) = self.window.answered() else {
            return Ok(None);
        };
        let reply = self.channel.reply(command.verb())?;
        Ok(Some((command, reply)))
    }
}

/// Messages, or their headers, on their way.
pub struct Retrieval<'s, S, I: Iterator>(pub(super) Exchange<'s, S, I>);

/// What came of one RETR or TOP.
#[derive(Debug)]
pub enum Retrieved<'r, S> {
    /// The message follows.
    Message(MessageNumber, Body<'r, S>),
    /// The server does not give it.
    Refused(MessageNumber, Reply),
}

impl<S: Read + Write, I: Iterator<Item = Command>> Retrieval<'_, S, I> {
    /// Asks for nothing more; what was asked for still comes.
    pub fn pause(&mut self) {
        self.0.paused = true;
    }

    /// Waits for the next message, in the order they were asked for; what is left of the last one is read past. `None`
    /// at the end.
    ///
    /// # Errors
    /// The connection is lost or the protocol broken.
    #[expect(
        clippy::should_implement_trait,
        reason = "what it gives borrows from it"
    )]
    pub fn next(&mut self) -> Result<Option<Retrieved<'_, S>>, Error> {
        let Some((command, reply)) = self.0.next()? else {
            return Ok(None);
        };
        let (Command::Retr(number) | Command::Top(number, _)) = command else {
            return Ok(None);
        };
        let verb = command.verb();
        Ok(Some(match accepted(reply, verb) {
            Ok(_) => Retrieved::Message(
                number,
                Body::open(self.0.channel, verb, matches!(command, Command::Retr(_))),
            ),
            Err(Error::Refused { reply, .. }) => Retrieved::Refused(number, reply),
            Err(error) => return Err(error),
        }))
    }
}

/// A message as it arrives: its content with CRLF line ends, without stuffing.
#[derive(Debug)]
pub struct Body<'r, S> {
    channel: &'r mut Channel<S>,
    during: &'static str,
}

impl<'r, S: Read + Write> Body<'r, S> {
    /// The content of a message, whole or in part.
    pub(super) fn open(channel: &'r mut Channel<S>, during: &'static str, is_whole: bool) -> Self {
        channel.open_content(is_whole);
        Self { channel, during }
    }

    /// The next piece of content, of any length but 0; `None` once the terminator was read.
    ///
    /// # Errors
    /// The connection is lost: what came before is not a message.
    pub fn chunk(&mut self) -> Result<Option<&[u8]>, Error> {
        self.channel.content(self.during)
    }
}
