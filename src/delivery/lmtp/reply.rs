//! What an LMTP server answers: a code and text (RFC 5321 §4.2, to which RFC 2033 §4.1 refers).
//!
//! It refuses to know which command was answered. Invariants: all lines of a reply have one code; its text is shown
//! escaped only.

use super::super::handover::shown;

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// From 200 to 599.
    pub(super) code: u16,
    /// Each line's text, without the code.
    lines: Vec<Vec<u8>>,
}

/// What a reply means by the first digit of its code (RFC 5321 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// 2yz: it is done.
    Completion,
    /// 3yz: go on.
    Intermediate,
    /// 4yz: not now.
    Transient,
    /// 5yz: not at all.
    Permanent,
}

impl Reply {
    /// Begins a reply, or goes on with it; says whether that was its last line. `None` is a line that is no reply.
    pub(super) fn add(reply: &mut Option<Self>, line: &[u8]) -> Option<bool> {
        let (code, rest) = line.split_at_checked(3)?;
        if !matches!(code, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']) {
            return None;
        }
        let code = code
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        // RFC 5321 §4.2: a hyphen after the code says that lines follow; nothing at all is to be taken for a blank.
        let (last, text) = match rest {
            [] => (true, rest),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return None,
        };
        let reply = reply.get_or_insert(Self {
            code,
            lines: Vec::new(),
        });
        if reply.code != code {
            return None;
        }
        reply.lines.push(text.to_vec());
        Some(last)
    }

    pub(super) fn severity(&self) -> Severity {
        match self.code / 100 {
            2 => Severity::Completion,
            3 => Severity::Intermediate,
            4 => Severity::Transient,
            _ => Severity::Permanent,
        }
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.severity() == Severity::Transient
    }

    /// RFC 5321 §3.8: 421 says that the server closes the connection, whatever it answers.
    pub(super) fn ends_session(&self) -> bool {
        self.code == 421
    }

    /// Whether this reply to LHLO offers the extension.
    pub(super) fn offers(&self, keyword: &str) -> bool {
        // RFC 5321 §4.1.1.1: the first line is the greeting; keywords are not case-sensitive.
        self.lines.iter().skip(1).any(|line| {
            let word = line.split(|&byte| byte == b' ').next();
            word.is_some_and(|word| word.eq_ignore_ascii_case(keyword.as_bytes()))
        })
    }

    /// The code and the text, harmless and bounded.
    pub(super) fn shown(&self) -> String {
        shown(format!("{} {}", self.code, self.text()).as_bytes())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.lines.join(&b'\n')).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[&str]) -> Option<Reply> {
        let mut reply = None;
        let (last, before) = lines.split_last().unwrap();
        for line in before {
            assert_eq!(Reply::add(&mut reply, line.as_bytes()), Some(false));
        }
        Reply::add(&mut reply, last.as_bytes()).filter(|last| *last)?;
        reply
    }

    #[test]
    fn a_reply_of_many_lines_is_one_reply() {
        let reply = parsed(&["250-host", "250-8bitmime", "250 SIZE 1000"]).unwrap();
        assert_eq!(reply.shown(), "250 host; 8bitmime; SIZE 1000");
        assert!(reply.offers("8BITMIME") && reply.offers("SIZE"));
        assert!(!reply.offers("PIPELINING") && !reply.offers("host"));
    }

    #[test]
    fn the_first_digit_decides() {
        for (line, severity) in [
            ("250", Severity::Completion),
            ("354 go on", Severity::Intermediate),
            ("451 4.3.0 later", Severity::Transient),
            ("550 no", Severity::Permanent),
        ] {
            assert_eq!(parsed(&[line]).unwrap().severity(), severity, "{line}");
        }
        assert!(parsed(&["421 bye"]).unwrap().ends_session());
    }

    #[test]
    fn what_is_no_reply_is_told_apart() {
        for line in [
            "",
            "25",
            "250ok",
            "150 x",
            "650 x",
            "+OK",
            "2５0 x",
            "HTTP/1.1 400",
        ] {
            assert_eq!(parsed(&[line]), None, "{line}");
        }
        assert_eq!(parsed(&["250-a", "251 b"]), None);
    }

    #[test]
    fn the_text_is_shown_harmless() {
        let reply = parsed(&["550 5.1.1 \x1b[31mUser doesn't exist"]).unwrap();
        assert_eq!(reply.shown(), "550 5.1.1 \\u{1b}[31mUser doesn't exist");
    }
}
