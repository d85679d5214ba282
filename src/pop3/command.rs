//! The commands of POP3 as values: `Display` is the wire form, without the CRLF that ends it.
//!
//! Invariant: no command holds CR, LF or NUL, so one value is always one line.

use std::fmt;

use super::auth::Mechanism;
use crate::mail::MessageNumber;
use crate::secret::Secret;

/// One command (RFC 1939 §5 to §7, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Names the maildrop, with the digest that opens it.
    Apop(Argument, Secret),
    /// Begins a conversation of SASL, perhaps with its first response in base64.
    Auth(Mechanism, Option<Secret>),
    /// Asks what the server can do.
    Capa,
    /// Marks a message as deleted; it goes when QUIT is answered.
    Dele(MessageNumber),
    /// Asks for the size of each message.
    List,
    /// Asks for a reply.
    Noop,
    /// Gives the password.
    Pass(Secret),
    /// Ends the session; deletions happen now.
    Quit,
    /// Goes on with a conversation of SASL: base64, and no command.
    Response(Secret),
    /// Asks for a message.
    Retr(MessageNumber),
    /// Takes all deletions of this session back.
    Rset,
    /// Asks for the number and total size of messages.
    Stat,
    /// Asks for TLS on this connection.
    Stls,
    /// Asks for a message's header and this many lines of its body.
    Top(MessageNumber, u32),
    /// Asks for the unique-id of each message.
    Uidl,
    /// Names the maildrop.
    User(Argument),
}

impl Command {
    /// The keyword alone, for messages.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Apop(..) => "APOP",
            Self::Auth(..) | Self::Response(_) => "AUTH",
            Self::Capa => "CAPA",
            Self::Dele(_) => "DELE",
            Self::List => "LIST",
            Self::Noop => "NOOP",
            Self::Pass(_) => "PASS",
            Self::Quit => "QUIT",
            Self::Retr(_) => "RETR",
            Self::Rset => "RSET",
            Self::Stat => "STAT",
            Self::Stls => "STLS",
            Self::Top(..) => "TOP",
            Self::Uidl => "UIDL",
            Self::User(_) => "USER",
        }
    }

    /// The wire form with a secret masked, for logs.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Apop(user, _) => format!("APOP {} ****", user.0.expose().escape_debug()),
            Self::Auth(mechanism, Some(_)) => format!("AUTH {mechanism} ****"),
            Self::Pass(_) => "PASS ****".to_owned(),
            Self::Response(_) => "****".to_owned(),
            Self::User(user) => format!("USER {}", user.0.expose().escape_debug()),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Response(response) = self {
            return f.write_str(response.expose());
        }
        f.write_str(self.verb())?;
        match self {
            Self::Apop(user, digest) => {
                write!(f, " {} {}", user.0.expose(), digest.expose())
            }
            Self::Auth(mechanism, None) => write!(f, " {mechanism}"),
            Self::Auth(mechanism, Some(initial)) => {
                write!(f, " {mechanism} {}", initial.expose())
            }
            Self::Dele(number) | Self::Retr(number) => write!(f, " {number}"),
            Self::Top(number, lines) => write!(f, " {number} {lines}"),
            Self::Pass(password) => write!(f, " {}", password.expose()),
            Self::User(argument) => write!(f, " {}", argument.0.expose()),
            _ => Ok(()),
        }
    }
}

/// What a user may put into a command: any text of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument(Secret);

/// A text that cannot be sent, because it is not one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it holds a line break or a NUL, which POP3 cannot send")]
pub struct ArgumentError;

impl Argument {
    /// The argument, unless it holds CR, LF or NUL.
    ///
    /// # Errors
    /// The text is not one line.
    pub fn new(secret: Secret) -> Result<Self, ArgumentError> {
        if secret.expose().contains(['\r', '\n', '\0']) {
            return Err(ArgumentError);
        }
        Ok(Self(secret))
    }

    /// The text itself.
    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument(text: &str) -> Argument {
        Argument::new(Secret::new(text)).unwrap()
    }

    #[test]
    fn display_is_the_wire_form() {
        let number = MessageNumber::new(12).unwrap();
        let wire = |command: Command| command.to_string();
        assert_eq!(wire(Command::Retr(number)), "RETR 12");
        assert_eq!(wire(Command::Top(number, 0)), "TOP 12 0");
        assert_eq!(
            wire(Command::User(argument("ann@example.com"))),
            "USER ann@example.com"
        );
        // RFC 1939 §7: PASS has one argument, so that spaces are part of the password.
        assert_eq!(
            wire(Command::Pass(Secret::new(" two words "))),
            "PASS  two words "
        );
        let initial = Some(Secret::new("AHgAeQ=="));
        assert_eq!(
            wire(Command::Auth(Mechanism::Plain, initial)),
            "AUTH PLAIN AHgAeQ=="
        );
        assert_eq!(wire(Command::Auth(Mechanism::Login, None)), "AUTH LOGIN");
        assert_eq!(wire(Command::Response(Secret::new("eA=="))), "eA==");
        assert_eq!(
            wire(Command::Apop(argument("ann"), Secret::new("c4c9"))),
            "APOP ann c4c9"
        );
        assert_eq!(wire(Command::Uidl), "UIDL");
    }

    #[test]
    fn a_log_never_shows_the_password() {
        let secret = || Secret::new("hunter2");
        for command in [
            Command::Pass(secret()),
            Command::Response(secret()),
            Command::Auth(Mechanism::Plain, Some(secret())),
            Command::Apop(argument("ann"), secret()),
        ] {
            assert!(command.masked().ends_with("****"), "{}", command.masked());
            assert!(!command.masked().contains("hunter2"));
            assert!(!format!("{command:?}").contains("hunter2"));
        }
    }

    #[test]
    fn an_argument_cannot_smuggle_in_a_second_command() {
        for text in ["ann\r\nDELE 1", "ann\n", "a\rb", "a\0b"] {
            assert_eq!(Argument::new(Secret::new(text)), Err(ArgumentError));
        }
    }
}
