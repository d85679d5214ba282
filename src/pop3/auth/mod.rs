//! How a login is proved: USER and PASS, APOP, and the mechanisms of SASL (RFC 5034).
//!
//! It refuses to know where a password or token comes from. Invariants: a login is tried with one mechanism, once; with a
//! mechanism in which the server proves something, too, no login counts before that is verified.
//!
//! | RFC | mechanism |
//! |---|---|
//! | 1939 §7 | USER and PASS, APOP |
//! | 4616 | PLAIN |
//! | – | LOGIN, XOAUTH2: as Exchange, Gmail and Outlook have them |
//! | 2195 | CRAM-MD5 |
//! | 5802, 7677 | SCRAM-SHA-1, SCRAM-SHA-256 |
//! | 7628 | OAUTHBEARER |
//! | 4422 A | EXTERNAL |

mod attempt;
mod choice;
mod client;
mod scram;

use std::fmt;
use std::str::FromStr;

pub(super) use attempt::Attempt;

use super::command::Argument;
use crate::secret::Secret;

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// USER and PASS.
    UserPass,
    /// A digest of the greeting and the password.
    Apop,
    /// SASL PLAIN.
    Plain,
    /// SASL LOGIN.
    Login,
    /// SASL CRAM-MD5.
    CramMd5,
    /// SASL SCRAM-SHA-1.
    ScramSha1,
    /// SASL SCRAM-SHA-256.
    ScramSha256,
    /// SASL XOAUTH2.
    Xoauth2,
    /// SASL OAUTHBEARER.
    OauthBearer,
    /// SASL EXTERNAL: the client certificate says it all.
    External,
}

/// What a mechanism needs of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A password.
    Password,
    /// An OAuth2 access token.
    Token,
    /// A certificate, shown in the TLS handshake.
    Certificate,
}

impl Mechanism {
    /// All there are.
    pub const ALL: [Self; 10] = [
        Self::UserPass,
        Self::Apop,
        Self::Plain,
        Self::Login,
        Self::CramMd5,
        Self::ScramSha1,
        Self::ScramSha256,
        Self::Xoauth2,
        Self::OauthBearer,
        Self::External,
    ];

    /// The name as the protocol has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserPass => "USER",
            Self::Apop => "APOP",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Xoauth2 => "XOAUTH2",
            Self::OauthBearer => "OAUTHBEARER",
            Self::External => "EXTERNAL",
        }
    }

    /// The word for it in a configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::UserPass => "user-pass",
            Self::Apop => "apop",
            Self::Plain => "plain",
            Self::Login => "login",
            Self::CramMd5 => "cram-md5",
            Self::ScramSha1 => "scram-sha-1",
            Self::ScramSha256 => "scram-sha-256",
            Self::Xoauth2 => "xoauth2",
            Self::OauthBearer => "oauthbearer",
            Self::External => "external",
        }
    }

    /// What it proves the login with.
    #[must_use]
    pub fn needs(self) -> Need {
        match self {
            Self::Xoauth2 | Self::OauthBearer => Need::Token,
            Self::External => Need::Certificate,
            _ => Need::Password,
        }
    }

    /// Whether somebody who listens in learns what opens the maildrop.
    #[must_use]
    pub fn shows_secret(self) -> bool {
        matches!(
            self,
            Self::UserPass | Self::Plain | Self::Login | Self::Xoauth2 | Self::OauthBearer
        )
    }

    /// Whether it is SASL's, as opposed to POP3's own.
    pub(super) fn is_sasl(self) -> bool {
        !matches!(self, Self::UserPass | Self::Apop)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which mechanism is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// The best that the server offers.
    #[default]
    Auto,
    /// This one, whatever the server offers.
    Only(Mechanism),
}

/// The word is none for a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthError;

impl FromStr for Auth {
    type Err = AuthError;

    fn from_str(word: &str) -> Result<Self, AuthError> {
        if word == "auto" {
            return Ok(Self::Auto);
        }
        let mut mechanisms = Mechanism::ALL.into_iter();
        let found = mechanisms.find(|mechanism| mechanism.word() == word);
        found.map(Self::Only).ok_or(AuthError)
    }
}

/// What a user logs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user, as the server wants it.
    pub user: Argument,
    /// What proves it.
    pub proof: Proof,
}

/// What proves that a user is who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A password.
    Password(Argument),
    /// An OAuth2 access token.
    Token(Argument),
    /// The certificate of the TLS handshake.
    Certificate,
}

impl Proof {
    /// What kind of proof it is.
    #[must_use]
    pub fn kind(&self) -> Need {
        match self {
            Self::Password(_) => Need::Password,
            Self::Token(_) => Need::Token,
            Self::Certificate => Need::Certificate,
        }
    }

    /// What a server may say that would tell it.
    pub(super) fn forms(&self) -> [Secret; 2] {
        [
            Secret::new(self.secret()),
            attempt::unpadded(&attempt::encoded(self.secret().as_bytes())),
        ]
    }

    /// What is to be kept from others.
    fn secret(&self) -> &str {
        match self {
            Self::Password(secret) | Self::Token(secret) => secret.expose(),
            Self::Certificate => "",
        }
    }
}

/// One login: with what, how, and what the mechanisms need besides.
#[derive(Clone, Copy, Debug)]
pub struct Login<'l> {
    /// Who, and the proof; it is of the kind that the mechanism needs.
    pub credentials: &'l Credentials,
    /// How.
    pub mechanism: Mechanism,
    /// The server's host and port as configured: OAUTHBEARER names them (RFC 7628 §3.1).
    pub server: (&'l str, u16),
    /// A random text that was never used before: printable ASCII without a comma (RFC 5802 §5.1).
    pub nonce: &'l str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mechanism_is_found_by_its_word() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.word().parse(), Ok(Auth::Only(mechanism)));
        }
        assert_eq!("auto".parse(), Ok(Auth::Auto));
        assert_eq!("PLAIN".parse::<Auth>(), Err(AuthError));
    }
}
