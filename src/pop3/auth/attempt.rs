//! One login over a channel: sends what the mechanism has to say, and waits for the verdict.
//!
//! It refuses to choose the mechanism. Invariants: the last thing to be said is queued and not sent, so that what may
//! follow travels with it; nothing secret comes into a log, whatever the server repeats of it.

use std::io::{Read, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::client::{Client, Message, hexadecimal};
use super::{Login, Mechanism};
use crate::pop3::channel::{Answer, Channel};
use crate::pop3::command::Command;
use crate::pop3::error::{Error, Violation};
use crate::pop3::pipeline::Ahead;
use crate::pop3::reply::Reply;
use crate::secret::Secret;

/// RFC 2449 §4 and RFC 5034 §4: a command with its CRLF has 255 octets at most.
const MAX_COMMAND: usize = 255;

/// What a server does that forgets its part.
const HASTY: &str = "accepted the login before that";

/// A login that is not answered to its end.
pub(in crate::pop3) struct Attempt {
    mechanism: Mechanism,
    /// What the server has yet to answer, the next one last.
    awaited: Vec<&'static str>,
    client: Option<Client>,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attempt({})", self.mechanism)
    }
}

impl Attempt {
    /// Says all up to the last line, which is queued. `stamp` is the timestamp of the greeting, for APOP.
    pub(in crate::pop3) fn begin<S: Read + Write>(
        channel: &mut Channel<S>,
        login: &Login<'_>,
        stamp: Option<&[u8]>,
        ahead: Ahead,
    ) -> Result<Self, Error> {
        let credentials = login.credentials;
        for form in credentials.proof.forms() {
            channel.hide(form);
        }
        let mut attempt = Self {
            mechanism: login.mechanism,
            awaited: Vec::new(),
            client: None,
        };
        match login.mechanism {
            Mechanism::UserPass => {
                let user = Command::User(credentials.user.clone());
                if ahead == Ahead::All {
                    channel.queue(&user)?;
                    attempt.awaited = vec!["PASS", "USER"];
                } else {
                    attempt.accept(channel.ask(&user)?, None)?;
                    attempt.awaited = vec!["PASS"];
                }
                let password = Secret::new(credentials.proof.secret());
                channel.queue(&Command::Pass(password))?;
            }
            Mechanism::Apop => {
                let Some(stamp) = stamp else {
                    return Err(Error::NoTimestamp);
                };
                let digest = apop(stamp, credentials.proof.secret());
                channel.hide(digest.clone());
                channel.queue(&Command::Apop(credentials.user.clone(), digest))?;
                attempt.awaited = vec!["APOP"];
            }
            _ => {
                let client = Client::new(login);
                attempt.converse(channel, client, ahead == Ahead::All)?;
            }
        }
        Ok(attempt)
    }

    /// The keyword of what is being sent, for messages.
    pub(in crate::pop3) fn verb(&self) -> &'static str {
        self.awaited.first().copied().unwrap_or("AUTH")
    }

    /// Whether commands may follow in the same flight: a refused token is answered first.
    pub(in crate::pop3) fn may_be_followed(&self) -> bool {
        !matches!(self.mechanism, Mechanism::Xoauth2 | Mechanism::OauthBearer)
    }

    /// The conversation of RFC 5034 §4, up to its last line.
    fn converse<S: Read + Write>(
        &mut self,
        channel: &mut Channel<S>,
        mut client: Client,
        ahead: bool,
    ) -> Result<(), Error> {
        let name = self.mechanism.name();
        let fits = |octets: usize| {
            let encoded = octets.div_ceil(3) * 4;
            "AUTH ".len() + name.len() + " ".len() + encoded + "\r\n".len() <= MAX_COMMAND
        };
        // None is empty, for which RFC 5034 §4 has "=": each begins with the user, or with what stands before it.
        let initial = client.initial(fits).map(|message| encoded(&message));
        if let Some(initial) = &initial {
            channel.hide(unpadded(initial));
        }
        channel.queue(&Command::Auth(self.mechanism, initial))?;
        while !(client.is_done() || ahead && client.only_thanks()) {
            channel.flush("AUTH")?;
            let challenge = match channel.answer("AUTH")? {
                Answer::Challenge(challenge) => challenge,
                Answer::Verdict(reply) if !reply.positive => return self.accept(reply, None),
                // Exchange 2003.
                Answer::Verdict(_) if client.takes_acceptance_for_a_challenge() => {
                    Message::default()
                }
                Answer::Verdict(_) => return Err(self.unproven(HASTY)),
            };
            let challenge = read(&client, &challenge)?;
            if client.only_thanks()
                && let Some((answer, status)) = client.object(&challenge)
            {
                Self::respond(channel, answer)?;
                return self.refusal(channel, status, self.unproven(HASTY));
            }
            let message = client
                .answer(&challenge)
                .map_err(|flaw| self.unproven(flaw))?;
            Self::respond(channel, &message)?;
        }
        self.awaited = vec!["AUTH"];
        if !client.is_done() {
            // It says nothing, so it can be said before the proof is there; what follows it is believed only after that.
            Self::respond(channel, b"")?;
            self.awaited.push("AUTH");
        }
        self.client = Some(client);
        Ok(())
    }

    fn respond<S: Read + Write>(channel: &mut Channel<S>, message: &[u8]) -> Result<(), Error> {
        let response = encoded(message);
        channel.hide(unpadded(&response));
        channel.queue(&Command::Response(response)).map(drop)
    }

    /// Waits for the server's verdict.
    pub(in crate::pop3) fn finish<S: Read + Write>(
        &mut self,
        channel: &mut Channel<S>,
    ) -> Result<(), Error> {
        while let Some(verb) = self.awaited.pop() {
            let Some(client) = &mut self.client else {
                let reply = channel.reply(verb)?;
                self.accept(reply, None)?;
                continue;
            };
            let challenge = match channel.answer(verb)? {
                Answer::Verdict(reply) if reply.positive && !client.is_done() => {
                    return Err(self.unproven(HASTY));
                }
                Answer::Verdict(reply) => {
                    self.accept(reply, None)?;
                    continue;
                }
                Answer::Challenge(challenge) => challenge,
            };
            let challenge = read(client, &challenge)?;
            if !client.is_done() {
                // What answers it is on its way.
                if let Some((_, status)) = client.object(&challenge) {
                    return self.refusal(channel, status, self.unproven(HASTY));
                }
                let proof = client.answer(&challenge);
                proof.map_err(|flaw| self.unproven(flaw))?;
                continue;
            }
            let unasked = || Error::violation(Violation::Challenge, verb);
            let (answer, status) = client.object(&challenge).ok_or_else(unasked)?;
            Self::respond(channel, answer)?;
            return self.refusal(channel, status, unasked());
        }
        Ok(())
    }

    /// Reads the refusal that has to follow an error which the server told (RFC 7628 §3.2.3).
    fn refusal<S: Read + Write>(
        &self,
        channel: &mut Channel<S>,
        status: Option<String>,
        otherwise: Error,
    ) -> Result<(), Error> {
        channel.flush("AUTH")?;
        let reply = channel.reply("AUTH")?;
        if reply.positive {
            return Err(otherwise);
        }
        self.accept(reply, status)
    }

    fn accept(&self, reply: Reply, status: Option<String>) -> Result<(), Error> {
        if reply.positive {
            Ok(())
        } else {
            Err(Error::Login {
                mechanism: self.mechanism,
                reply,
                status,
            })
        }
    }

    fn unproven(&self, flaw: &'static str) -> Error {
        Error::Unproven {
            mechanism: self.mechanism,
            flaw,
        }
    }
}

/// What a challenge says. Servers that only want the next line say anything.
fn read(client: &Client, challenge: &[u8]) -> Result<Message, Error> {
    match BASE64_STANDARD.decode(challenge) {
        Ok(read) => Ok(Zeroizing::new(read)),
        Err(_) if client.reads_challenges() => Err(Error::violation(Violation::Challenge, "AUTH")),
        Err(_) => Ok(Message::default()),
    }
}

pub(super) fn encoded(message: &[u8]) -> Secret {
    Secret::new(BASE64_STANDARD.encode(message))
}

/// Base64 as a server may repeat it, with the padding or without.
pub(super) fn unpadded(encoded: &Secret) -> Secret {
    Secret::new(encoded.expose().trim_end_matches('='))
}

/// RFC 1939 §7: the MD5 of the timestamp, with its brackets, and the password.
fn apop(stamp: &[u8], password: &str) -> Secret {
    let mut digest = Md5::new();
    digest.update(stamp);
    digest.update(password);
    let digits = hexadecimal(&digest.finalize());
    let digits: Zeroizing<String> = Zeroizing::new(digits.iter().map(|b| char::from(*b)).collect());
    Secret::new(digits.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_apop_is_that_of_its_standard() {
        let digest = apop(b"<1896.697170952@dbc.mtview.ca.us>", "tanstaaf");
        assert_eq!(digest.expose(), "c4c9334bac560ecc979e58001b3e22fb");
    }
}
