//! The status line of a reply: `+OK` or `-ERR`, a response code, a text.
//!
//! It refuses to know which command was answered. Invariant: the text is as the server sent it, and shown escaped or not at
//! all.

use std::fmt;

/// A status line (RFC 1939 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// `+OK`, as opposed to `-ERR`.
    pub positive: bool,
    /// The response code, if there is one in brackets (RFC 2449 §8).
    pub code: Option<Code>,
    /// All that follows the status indicator.
    text: Box<[u8]>,
    /// Nobody may see the text.
    is_secret: bool,
}

/// How much of the text is kept: RFC 2449 §4 allows a line 512 octets.
const MAX_TEXT: usize = 512;

/// Why a server says no, for programs to read (RFC 2449 §8.1, RFC 3206 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// `AUTH`: the credentials are wrong.
    Auth,
    /// `IN-USE`: another session holds the maildrop.
    InUse,
    /// `LOGIN-DELAY`: this user logged in too short a time ago.
    LoginDelay,
    /// `SYS/PERM`: a failure that someone must mend.
    SysPerm,
    /// `SYS/TEMP`: a failure that passes.
    SysTemp,
}

impl Reply {
    /// Reads a status line without its CRLF; `None` if it is no status line.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        // RFC 1939 §3: "There are currently two status indicators […]. Servers MUST send [them] in upper case."
        let (positive, rest) = match line {
            [b'+', b'O', b'K', rest @ ..] => (true, rest),
            [b'-', b'E', b'R', b'R', rest @ ..] => (false, rest),
            _ => return None,
        };
        let text = match rest {
            [] => rest,
            [b' ' | b'\t', text @ ..] => text,
            _ => return None,
        };
        Some(Self {
            positive,
            // RFC 2449 §8: codes may follow "-ERR"; those that follow "+OK" mean nothing here.
            code: (!positive).then(|| Code::parse(text)).flatten(),
            text: text[..text.len().min(MAX_TEXT)].into(),
            is_secret: false,
        })
    }

    /// The same, of which nothing but the status and the response code is shown: the text repeats a secret.
    pub(super) fn in_secret(self) -> Self {
        Self {
            is_secret: true,
            ..self
        }
    }

    /// Whether the text begins with this.
    #[must_use]
    pub fn begins(&self, text: &str) -> bool {
        self.text.starts_with(text.as_bytes())
    }

    /// The timestamp of a greeting, with its brackets, wherever in the line it is (RFC 1939 §7).
    #[must_use]
    pub fn timestamp(&self) -> Option<&[u8]> {
        memchr::memchr_iter(b'<', &self.text).find_map(|from| {
            let len = memchr::memchr(b'>', &self.text[from..])?;
            let stamp = &self.text[from..=from + len];
            // RFC 1939 §7: it is a msg-id; other things are in brackets, too.
            (memchr::memchr(b'@', stamp).is_some() && stamp.is_ascii()).then_some(stamp)
        })
    }

    /// Whether a refusal says that the server does not know the command, or the mechanism, at all; not if it says anything
    /// of what was proved, which was judged then.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let text = self.text.to_ascii_lowercase();
        let says = |words: &str| memchr::memmem::find(&text, words.as_bytes()).is_some();
        let is_strange = says("unknown")
            || says("unrecogni")
            || says("unsupported")
            || says("not supported")
            || says("not implemented")
            || says("unimplemented")
            || says("invalid")
            || says("bad");
        let is_judged = says("password") || says("credential") || says("username");
        let is_meant = says("command") || says("mechanism");
        !self.positive && is_strange && is_meant && !is_judged
    }

    /// The first two numbers of the text, as STAT's reply has them (RFC 1939 §5).
    #[must_use]
    pub fn numbers(&self) -> Option<(u32, u64)> {
        let text = std::str::from_utf8(&self.text).ok()?;
        let mut words = text.split_ascii_whitespace();
        let (count, octets) = (words.next()?.parse().ok()?, words.next()?);
        // Servers that count in 32 bits come to less than nothing.
        let is_negative = octets.parse::<i64>().is_ok_and(i64::is_negative);
        let octets = if is_negative { "0" } else { octets };
        Some((count, octets.parse().ok()?))
    }
}

/// Shows the line with all that is not printable ASCII escaped.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.positive { "+OK" } else { "-ERR" })?;
        if self.is_secret {
            f.write_str(self.code.map_or("", Code::shown))?;
            f.write_str(" (not shown)")?;
        } else if !self.text.is_empty() {
            write!(f, " {}", self.text.escape_ascii())?;
        }
        Ok(())
    }
}

impl Code {
    /// As it stands behind `-ERR`.
    fn shown(self) -> &'static str {
        match self {
            Self::Auth => " [AUTH]",
            Self::InUse => " [IN-USE]",
            Self::LoginDelay => " [LOGIN-DELAY]",
            Self::SysPerm => " [SYS/PERM]",
            Self::SysTemp => " [SYS/TEMP]",
        }
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let inside = text.strip_prefix(b"[")?;
        let end = inside.iter().position(|b| *b == b']')?;
        // RFC 3206 §3: levels after the known ones refine them, so "SYS/TEMP/DISK" is a "SYS/TEMP".
        let code = inside[..end].to_ascii_uppercase();
        let starts = |name: &[u8]| {
            code.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        };
        [
            (b"AUTH".as_slice(), Self::Auth),
            (b"IN-USE", Self::InUse),
            (b"LOGIN-DELAY", Self::LoginDelay),
            (b"SYS/PERM", Self::SysPerm),
            (b"SYS/TEMP", Self::SysTemp),
        ]
        .into_iter()
        .find_map(|(name, code)| starts(name).then_some(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(line: &str) -> Reply {
        Reply::parse(line.as_bytes()).unwrap()
    }

    #[test]
    fn both_status_indicators_are_read_with_and_without_text() {
        assert!(reply("+OK").positive);
        assert!(reply("+OK 2 320").positive);
        assert!(!reply("-ERR").positive);
        assert_eq!(
            reply("-ERR no such message").text.as_ref(),
            b"no such message"
        );
    }

    #[test]
    fn an_odd_status_line_is_no_reply() {
        for line in [
            "", "+", "+ok", "+OKAY", "-ERRATIC", " +OK", "OK", "\0", "+ b64", "1 120",
        ] {
            assert_eq!(Reply::parse(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn response_codes_are_known_by_their_first_levels() {
        assert_eq!(reply("-ERR [IN-USE] busy").code, Some(Code::InUse));
        assert_eq!(
            reply("-ERR [login-delay] wait").code,
            Some(Code::LoginDelay)
        );
        assert_eq!(reply("-ERR [SYS/TEMP/DISK] x").code, Some(Code::SysTemp));
        assert_eq!(reply("-ERR [SYS/PERM] x").code, Some(Code::SysPerm));
        assert_eq!(reply("-ERR [AUTH] x").code, Some(Code::Auth));
    }

    #[test]
    fn other_texts_in_brackets_are_no_code() {
        for line in [
            "-ERR [AUTHOR] x",
            "-ERR [SYS] x",
            "-ERR [AUTH x",
            "-ERR AUTH",
            "+OK [AUTH]",
        ] {
            assert_eq!(reply(line).code, None, "{line}");
        }
    }

    #[test]
    fn a_reply_is_shown_harmless() {
        let reply = Reply::parse(b"-ERR \x1b[2Jgone\xff").unwrap();
        assert_eq!(reply.to_string(), r"-ERR \x1b[2Jgone\xff");
    }

    #[test]
    fn a_timestamp_is_found_wherever_it_stands() {
        let stamp = |line| reply(line).timestamp().map(<[u8]>::to_vec);
        let found = Some(b"<1.2@a>".to_vec());
        assert_eq!(stamp("+OK POP3 <1.2@a>"), found);
        assert_eq!(stamp("+OK <1.2@a> ready"), found);
        assert_eq!(stamp("+OK <pop.example.com> <1.2@a>"), found);
        for line in ["+OK ready", "+OK <ready>", "+OK <1@a", "+OK >1@a<"] {
            assert_eq!(stamp(line), None, "{line}");
        }
    }

    #[test]
    fn a_refusal_of_the_command_is_told_from_one_of_the_login() {
        for line in [
            "-ERR Unknown command.",
            "-ERR [AUTH] Unsupported authentication mechanism.",
            "-ERR unrecognised command",
            "-ERR Invalid command in current state",
        ] {
            assert!(reply(line).is_unknown(), "{line}");
        }
        for line in [
            "-ERR [AUTH] Authentication failed.",
            "-ERR unknown user",
            "-ERR [AUTH] Invalid password, or mechanism not allowed",
            "-ERR bad credentials; command refused",
            "-ERR POP3 is not supported for this account",
            "-ERR",
            "+OK unknown command",
        ] {
            assert!(!reply(line).is_unknown(), "{line}");
        }
    }

    #[test]
    fn the_numbers_of_stat_are_the_first_two_words() {
        assert_eq!(reply("+OK 2 320 (extra)").numbers(), Some((2, 320)));
        assert_eq!(reply("+OK 5 -1294967296").numbers(), Some((5, 0)));
        assert_eq!(reply("+OK two 320").numbers(), None);
        assert_eq!(reply("+OK 2").numbers(), None);
    }
}
