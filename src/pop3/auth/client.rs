//! The client's side of each mechanism of SASL, as messages without the protocol around them.
//!
//! It refuses to know lines, base64 and replies. Invariant: after its last message a client only listens.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use serde_json::Value;
use zeroize::Zeroizing;

use super::scram::{self, Flaw, Hash, Scram};
use super::{Login, Mechanism};

/// A message that may hold a secret.
pub(super) type Message = Zeroizing<Vec<u8>>;

/// How much of a status is shown.
const MAX_STATUS: usize = 40;

/// One side of a conversation.
pub(super) struct Client {
    script: Script,
    /// Messages that were given.
    said: usize,
}

enum Script {
    /// One message, which needs nothing of the server.
    Single(Message),
    /// The answers to two questions.
    Questions([Message; 2]),
    /// The user, and the key of a digest of the challenge.
    Cram(Message, Message),
    Scram(Box<Scram>),
    /// A token: one message, which is never sent with the command, and what answers an error.
    Bearer(Message, &'static [u8]),
}

impl Client {
    /// The client for a mechanism of SASL.
    pub(super) fn new(login: &Login<'_>) -> Self {
        let user = login.credentials.user.expose();
        let secret = login.credentials.proof.secret();
        let bytes = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
        let scram = |hash| Script::Scram(Box::new(Scram::new(hash, user, secret, login.nonce)));
        let script = match login.mechanism {
            Mechanism::Login => Script::Questions([bytes(user), bytes(secret)]),
            Mechanism::CramMd5 => Script::Cram(bytes(user), bytes(secret)),
            Mechanism::ScramSha1 => scram(Hash::Sha1),
            Mechanism::ScramSha256 => scram(Hash::Sha256),
            Mechanism::Xoauth2 => {
                let message = format!("user={user}\x01auth=Bearer {secret}\x01\x01");
                Script::Bearer(Zeroizing::new(message.into_bytes()), b"")
            }
            Mechanism::OauthBearer => {
                let (host, port) = login.server;
                // RFC 5801 §4: as in SCRAM.
                let user = user.replace('=', "=3D").replace(',', "=2C");
                let message = format!(
                    "n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {secret}\x01\x01"
                );
                // RFC 7628 §3.2.3: a lone ^A.
                Script::Bearer(Zeroizing::new(message.into_bytes()), b"\x01")
            }
            Mechanism::External => Script::Single(bytes(user)),
            // The others are none of SASL's and do not come here.
            Mechanism::Plain | Mechanism::UserPass | Mechanism::Apop => {
                let message = format!("\0{user}\0{secret}");
                Script::Single(Zeroizing::new(message.into_bytes()))
            }
        };
        Self { script, said: 0 }
    }

    /// What can be said before the server has said anything (RFC 5034 §4), if it fits.
    pub(super) fn initial(&mut self, fits: impl Fn(usize) -> bool) -> Option<Message> {
        let message = match &self.script {
            Script::Single(message) => message.clone(),
            Script::Scram(scram) => scram.first(),
            // Microsoft closes the connection if a token comes with the command.
            Script::Bearer(..) | Script::Questions(_) | Script::Cram(..) => return None,
        };
        if !fits(message.len()) {
            return None;
        }
        self.said += 1;
        Some(message)
    }

    /// Whether the client has said all it has to say, and only listens.
    pub(super) fn is_done(&self) -> bool {
        let messages = match self.script {
            Script::Single(_) | Script::Cram(..) | Script::Bearer(..) => 1,
            Script::Questions(_) => 2,
            // The last one is empty and thanks for the server's proof.
            Script::Scram(_) => 3,
        };
        self.said == messages
    }

    /// Whether all that is left to say is thanks for the server's proof.
    pub(super) fn only_thanks(&self) -> bool {
        matches!(self.script, Script::Scram(_)) && self.said == 2
    }

    /// Whether what a challenge says counts, as opposed to that there is one.
    pub(super) fn reads_challenges(&self) -> bool {
        matches!(self.script, Script::Scram(_) | Script::Cram(..))
    }

    /// Whether an acceptance may come before the client is done: old servers say `+OK` where they mean "go on".
    pub(super) fn takes_acceptance_for_a_challenge(&self) -> bool {
        !matches!(self.script, Script::Scram(_) | Script::Cram(..))
    }

    /// The answer to a challenge.
    pub(super) fn answer(&mut self, challenge: &[u8]) -> Result<Message, Flaw> {
        let said = self.said;
        self.said += 1;
        match &mut self.script {
            Script::Single(message) | Script::Bearer(message, _) => Ok(message.clone()),
            Script::Questions(answers) => Ok(answers[said.min(1)].clone()),
            Script::Cram(user, key) => Ok(cram(user, key, challenge)),
            Script::Scram(scram) => match said {
                0 => Ok(scram.first()),
                1 => scram.last(challenge),
                _ => scram.verify(challenge).map(|()| Zeroizing::new(Vec::new())),
            },
        }
    }

    /// The answer to a challenge that tells of an error after the proof or token, and the error's status.
    pub(super) fn object(&self, challenge: &[u8]) -> Option<(&'static [u8], Option<String>)> {
        match self.script {
            Script::Bearer(_, answer) => Some((answer, status(challenge))),
            Script::Scram(_) if self.only_thanks() => {
                let error = scram::error(challenge)?;
                Some((b"", Some(harmless(error))))
            }
            _ => None,
        }
    }
}

/// RFC 2195 §2: the user, and the keyed MD5 of the challenge in hexadecimal digits.
fn cram(user: &[u8], key: &[u8], challenge: &[u8]) -> Message {
    let mut message = Zeroizing::new(user.to_vec());
    message.push(b' ');
    // A key of any length will do.
    if let Ok(mut mac) = <Hmac<Md5> as KeyInit>::new_from_slice(key) {
        mac.update(challenge);
        message.extend_from_slice(&hexadecimal(&mac.finalize().into_bytes()));
    }
    message
}

/// The digits of a digest, in lower case.
pub(super) fn hexadecimal(digest: &[u8]) -> Message {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Zeroizing::new(digits.map(|digit| DIGITS[usize::from(digit)]).collect())
}

/// The start of a server's word.
fn harmless(text: &str) -> String {
    let start: String = text.chars().take(MAX_STATUS).collect();
    start.escape_debug().to_string()
}

/// The status and the scope that a refused token's answer names (RFC 7628 §3.2.2), harmless.
fn status(challenge: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(challenge).ok()?;
    let shown = |name: &str| {
        let text = match value.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(harmless(&text))
    };
    let status = shown("status")?;
    Some(match shown("scope") {
        Some(scope) if !scope.is_empty() => format!("{status}, wants scope {scope}"),
        _ => status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pop3::command::Argument;
    use crate::pop3::{Credentials, Proof};
    use crate::secret::Secret;

    fn client(mechanism: Mechanism, user: &str, secret: &str) -> Client {
        let argument = |text: &str| Argument::new(Secret::new(text)).unwrap();
        Client::new(&Login {
            credentials: &Credentials {
                user: argument(user),
                proof: Proof::Password(argument(secret)),
            },
            mechanism,
            server: ("pop.example.com", 995),
            nonce: "abc",
        })
    }

    #[test]
    fn plain_says_all_at_once() {
        let mut client = client(Mechanism::Plain, "tim", "tanstaaftanstaaf");
        assert_eq!(
            *client.initial(|_| true).unwrap(),
            b"\0tim\0tanstaaftanstaaf"
        );
        assert!(client.is_done());
    }

    #[test]
    fn what_does_not_fit_waits_for_the_server() {
        let mut client = client(Mechanism::Plain, "tim", "x");
        assert!(client.initial(|_| false).is_none());
        assert!(!client.is_done());
        assert_eq!(*client.answer(b"").unwrap(), b"\0tim\0x");
        assert!(client.is_done());
    }

    #[test]
    fn login_answers_two_questions() {
        let mut client = client(Mechanism::Login, "tim", "x y");
        assert!(client.initial(|_| true).is_none());
        assert_eq!(*client.answer(b"Username:").unwrap(), b"tim");
        assert!(!client.is_done());
        assert_eq!(*client.answer(b"Password:").unwrap(), b"x y");
        assert!(client.is_done());
    }

    #[test]
    fn cram_md5_comes_out_as_in_its_standard() {
        let mut client = client(Mechanism::CramMd5, "tim", "tanstaaftanstaaf");
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        let answer = client.answer(challenge).unwrap();
        assert_eq!(*answer, b"tim b913a602c7eda7a495b4e6e7334d3890");
    }

    #[test]
    fn a_token_is_never_sent_with_the_command() {
        let mut xoauth2 = client(Mechanism::Xoauth2, "a@b", "tok");
        assert!(xoauth2.initial(|_| true).is_none());
        assert_eq!(
            *xoauth2.answer(b"").unwrap(),
            b"user=a@b\x01auth=Bearer tok\x01\x01"
        );
        let mut bearer = client(Mechanism::OauthBearer, "a@b", "tok");
        assert!(bearer.initial(|_| true).is_none());
        assert_eq!(
            *bearer.answer(b"").unwrap(),
            b"n,a=a@b,\x01host=pop.example.com\x01port=995\x01auth=Bearer tok\x01\x01"
        );
        assert!(xoauth2.is_done() && bearer.is_done());
    }

    #[test]
    fn a_refused_token_is_answered_and_its_status_told() {
        let json = br#"{"status":"401","schemes":"bearer","scope":"mail"}"#;
        let xoauth2 = client(Mechanism::Xoauth2, "a", "t");
        let (answer, status) = xoauth2.object(json).unwrap();
        assert_eq!(
            (answer, status.as_deref()),
            (b"".as_slice(), Some("401, wants scope mail"))
        );
        let bearer = client(Mechanism::OauthBearer, "a", "t");
        let (answer, status) = bearer.object(br#"{"status":"invalid_token"}"#).unwrap();
        assert_eq!(
            (answer, status.as_deref()),
            (b"\x01".as_slice(), Some("invalid_token"))
        );
        assert_eq!(bearer.object(b"nonsense"), Some((b"\x01".as_slice(), None)));
        assert!(client(Mechanism::Plain, "a", "t").object(json).is_none());
    }

    #[test]
    fn scram_thanks_only_for_a_proof() {
        let mut client = client(Mechanism::ScramSha1, "user", "pencil");
        assert!(!client.takes_acceptance_for_a_challenge());
        assert_eq!(*client.initial(|_| true).unwrap(), b"n,,n=user,r=abc");
        client.answer(b"r=abcX,s=QSXCR+Q6sek8bf92,i=4096").unwrap();
        assert!(!client.is_done());
        assert!(client.answer(b"v=AAAA").is_err());
    }
}
