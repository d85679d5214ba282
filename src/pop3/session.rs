//! A session with an open maildrop, after the login and up to QUIT.
//!
//! It refuses to know why a message is wanted. Invariant: a session ends with QUIT only where [`Session::quit`] is called.

use std::io::{Read, Write};
use std::iter;
use std::time::{Duration, Instant};

use super::auth::Attempt;
use super::channel::{Channel, accepted};
use super::command::Command;
use super::error::{Error, Violation};
use super::listing::{SizeListing, UidListing};
use super::pipeline::Ahead;
use super::reply::Reply;
use super::retrieval::{Body, Exchange, Retrieval};
use super::transport::Line;
use crate::mail::{MessageNumber, Octets};

/// How long the reply to a command that was sent ahead may be behind the one before it, at least …
const BEHIND: Duration = Duration::from_secs(2);

/// … or so many times as long as that one took.
const BEHIND_FACTOR: u32 = 4;

/// A session with an open maildrop (RFC 1939 §5). Dropping it ends the connection without deleting anything.
#[derive(Debug)]
pub struct Session<S> {
    channel: Channel<S>,
    greeting: Option<Reply>,
    pipelined: bool,
}

/// What came of two commands that were sent in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// Both were answered: the server keeps its input.
    Kept,
    /// Both were answered, but not both were liked; the session goes on, one command at a time.
    Disliked,
    /// One was answered in time, or none, or with what is no reply: nobody can say which reply would be whose.
    Lost,
}

impl<S: Read + Write> Session<S> {
    pub(super) fn new(channel: Channel<S>, greeting: Option<Reply>, ahead: Ahead) -> Self {
        Self {
            channel,
            greeting,
            pipelined: ahead != Ahead::Nothing,
        }
    }

    /// What the server said first, unless it said so before STLS.
    #[must_use]
    pub fn greeting(&self) -> Option<&Reply> {
        self.greeting.as_ref()
    }

    /// Whether commands are sent ahead.
    #[must_use]
    pub fn is_pipelined(&self) -> bool {
        self.pipelined
    }

    /// From now on each command waits for the reply to the one before it.
    pub fn send_in_turn(&mut self) {
        self.pipelined = false;
    }

    /// Asks for the number of messages and their size together.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn stat(&mut self) -> Result<(u32, Octets), Error> {
        let reply = self.channel.demand(&Command::Stat)?;
        totals(&reply).inspect_err(|_| self.channel.abandon())
    }

    /// Makes sure that replies are those to the commands they are taken for: no other reply looks like STAT's. A line too
    /// many, which came too late to be seen as such, would else let one message's reply pass for another's.
    ///
    /// # Errors
    /// The replies are out of step: nothing that came since they were in step can be believed. Else as for every command.
    pub fn make_sure(&mut self) -> Result<(), Error> {
        self.stat().map(drop)
    }

    /// Asks for the size of each message.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn list(&mut self) -> Result<SizeListing, Error> {
        self.sizes(false)?.map_err(refused("LIST"))
    }

    /// Asks for the unique-id of each message.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn uidl(&mut self) -> Result<UidListing, Error> {
        self.uids(false)?.map_err(refused("UIDL"))
    }

    /// Waits for the login, then for the sizes; asks for both listings, in one flight where the server takes it, unless
    /// they were asked for with the login. Tells also whether the uids are asked for.
    pub(super) fn open(
        &mut self,
        login: &mut Attempt,
        mut is_asked: bool,
    ) -> Result<(Result<SizeListing, Reply>, bool), Error> {
        login.finish(&mut self.channel)?;
        if self.pipelined && !is_asked {
            self.channel.queue(&Command::List)?;
            self.channel.queue(&Command::Uidl)?;
            self.channel.flush("LIST")?;
            is_asked = true;
        }
        Ok((self.sizes(is_asked)?, is_asked))
    }

    fn sizes(&mut self, is_asked: bool) -> Result<Result<SizeListing, Reply>, Error> {
        self.listing(&Command::List, is_asked, SizeListing::add)
    }

    pub(super) fn uids(&mut self, is_asked: bool) -> Result<Result<UidListing, Reply>, Error> {
        self.listing(&Command::Uidl, is_asked, UidListing::add)
    }

    fn listing<T: Default>(
        &mut self,
        command: &Command,
        is_asked: bool,
        add: impl Fn(&mut T, &[u8]) -> Option<()>,
    ) -> Result<Result<T, Reply>, Error> {
        let verb = command.verb();
        let reply = if is_asked {
            self.channel.reply(verb)?
        } else {
            self.channel.ask(command)?
        };
        if !reply.positive {
            return Ok(Err(reply));
        }
        let mut listing = T::default();
        self.channel.listing(verb, |line| add(&mut listing, line))?;
        Ok(Ok(listing))
    }

    /// Asks for a message's header and the first `lines` lines of its body.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn top(&mut self, number: MessageNumber, lines: u32) -> Result<Body<'_, S>, Error> {
        self.channel.demand(&Command::Top(number, lines))?;
        Ok(Body::open(&mut self.channel, "TOP", false))
    }

    /// Asks for messages, as many at a time as the server takes.
    pub fn retrieve<I>(&mut self, numbers: I) -> Retrieval<'_, S, impl Iterator<Item = Command>>
    where
        I: IntoIterator<Item = MessageNumber>,
    {
        self.retrieval(numbers.into_iter().map(Command::Retr))
    }

    /// Asks for the headers of messages, as many at a time as the server takes.
    pub fn headers<I>(&mut self, numbers: I) -> Retrieval<'_, S, impl Iterator<Item = Command>>
    where
        I: IntoIterator<Item = MessageNumber>,
    {
        self.retrieval(numbers.into_iter().map(|number| Command::Top(number, 0)))
    }

    fn retrieval<C: Iterator<Item = Command>>(&mut self, commands: C) -> Retrieval<'_, S, C> {
        Retrieval(self.exchange(commands))
    }

    fn exchange<C: Iterator<Item = Command>>(&mut self, commands: C) -> Exchange<'_, S, C> {
        Exchange::new(&mut self.channel, self.pipelined, commands)
    }

    /// Marks messages as deleted, all in one flight where the server takes it; tells the reply to each. With them it is made
    /// sure that replies are in step, as by [`Session::make_sure`]; else all is forgotten with the session.
    ///
    /// # Errors
    /// The connection is lost or the protocol broken. A refusal is no error here.
    pub fn delete(
        &mut self,
        numbers: impl IntoIterator<Item = MessageNumber>,
        mut each: impl FnMut(MessageNumber, Reply),
    ) -> Result<(), Error> {
        let commands = numbers.into_iter().map(Command::Dele);
        let mut exchange = self.exchange(iter::once(Command::Stat).chain(commands));
        while let Some((command, reply)) = exchange.next()? {
            match command {
                Command::Dele(number) => each(number, reply),
                command => {
                    let stat = accepted(reply, command.verb()).and_then(|reply| totals(&reply));
                    if let Err(error) = stat {
                        drop(exchange);
                        self.channel.abandon();
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks for a reply.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn noop(&mut self) -> Result<(), Error> {
        self.channel.demand(&Command::Noop).map(drop)
    }

    /// Takes back every deletion of this session.
    ///
    /// # Errors
    /// As for every command: refused, connection lost, protocol broken.
    pub fn reset(&mut self) -> Result<(), Error> {
        self.channel.demand(&Command::Rset).map(drop)
    }

    /// Ends the session; what was marked is deleted now (RFC 1939 §6).
    ///
    /// # Errors
    /// The server could not delete all, or its reply was lost: then nobody knows what it did.
    pub fn quit(mut self) -> Result<(), Error> {
        self.channel.demand(&Command::Quit).map(drop)
    }
}

impl Session<Line> {
    /// Finds out whether the server keeps what it gets ahead of its replies, by two NOOPs in one write (RFC 2449 §6.6: one
    /// without PIPELINING may drop it). If it does, commands are sent ahead from now on. After [`Probed::Lost`] the
    /// session is of no use.
    ///
    /// # Errors
    /// The run is to end.
    pub fn probe(&mut self) -> Result<Probed, Error> {
        self.queue_probe()?;
        let asked = Instant::now();
        let first = self
            .channel
            .flush("NOOP")
            .and_then(|()| self.channel.reply("NOOP"));
        self.conclude(asked, 1, first.map(|reply| reply.positive))
    }

    /// Asks for the uids, and finds that out with the same write.
    pub(super) fn uids_and_probe(&mut self) -> Result<(Result<UidListing, Reply>, Probed), Error> {
        self.channel.queue(&Command::Uidl)?;
        self.queue_probe()?;
        let asked = Instant::now();
        match self.channel.flush("UIDL").and_then(|()| self.uids(true)) {
            Ok(uids) => Ok((uids, self.conclude(asked, 2, Ok(true))?)),
            Err(error) => {
                let probed = self.conclude(asked, 0, Err(error))?;
                Ok((Ok(UidListing::default()), probed))
            }
        }
    }

    fn queue_probe(&mut self) -> Result<(), Error> {
        self.channel.queue(&Command::Noop)?;
        self.channel.queue(&Command::Noop).map(drop)
    }

    /// Waits for so many replies that are due now that another came, and draws the conclusion.
    fn conclude(
        &mut self,
        asked: Instant,
        due: usize,
        came: Result<bool, Error>,
    ) -> Result<Probed, Error> {
        let in_time = BEHIND.max(asked.elapsed() * BEHIND_FACTOR);
        let usual = self.channel.stream().set_timeout(in_time);
        let liked = came.and_then(|came| {
            (0..due).try_fold(came, |liked, _| {
                Ok(self.channel.reply("NOOP")?.positive && liked)
            })
        });
        self.channel.stream().set_timeout(usual);
        match liked {
            Ok(true) => {
                self.pipelined = true;
                Ok(Probed::Kept)
            }
            Ok(false) => Ok(Probed::Disliked),
            Err(error) if error.is_breakdown() => {
                self.channel.abandon();
                Ok(Probed::Lost)
            }
            Err(error) => Err(error),
        }
    }
}

/// The numbers that STAT's reply has (RFC 1939 §5).
fn totals(reply: &Reply) -> Result<(u32, Octets), Error> {
    let numbers = reply.numbers();
    let (count, octets) =
        numbers.ok_or_else(|| Error::violation(Violation::Status(reply.to_string()), "STAT"))?;
    Ok((count, Octets(octets)))
}

fn refused(command: &'static str) -> impl FnOnce(Reply) -> Error {
    move |reply| Error::Refused { command, reply }
}
