//! What a server says it can do: the lines of CAPA (RFC 2449 §5).
//!
//! Servers get these lines wrong ("3" for LOGIN-DELAY, "EXPIRE30"): a line that means nothing here is ignored, and a
//! server without CAPA simply has no capabilities.

/// The capabilities of a server in one state of the session; they differ before and after STLS and login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    pipelining: bool,
    stls: bool,
}

impl Capabilities {
    /// Takes up one line of the listing. Nothing of it is kept but what serves here, however much a server says.
    pub(super) fn add(&mut self, line: &[u8]) {
        let keyword = line
            .split(u8::is_ascii_whitespace)
            .next()
            .unwrap_or_default();
        self.pipelining |= keyword.eq_ignore_ascii_case(b"PIPELINING");
        self.stls |= keyword.eq_ignore_ascii_case(b"STLS");
    }

    /// Whether commands may be sent before earlier ones are answered (RFC 2449 §6.6).
    #[must_use]
    pub fn pipelining(&self) -> bool {
        self.pipelining
    }

    /// Whether TLS can be started on this connection (RFC 2595 §4).
    #[must_use]
    pub fn stls(&self) -> bool {
        self.stls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_count_whatever_their_case_and_arguments() {
        let mut capabilities = Capabilities::default();
        for line in [
            b"TOP".as_slice(),
            b"pipelining",
            b"SASL PLAIN LOGIN",
            b"STLS ",
        ] {
            capabilities.add(line);
        }
        assert!(capabilities.pipelining());
        assert!(capabilities.stls());
    }

    #[test]
    fn odd_lines_are_ignored() {
        let mut capabilities = Capabilities::default();
        for line in [
            b"".as_slice(),
            b"3",
            b"EXPIRE30",
            b"\xff\xfe",
            b" STLS",
            b"XSTLS",
            b"\0",
        ] {
            capabilities.add(line);
        }
        assert!(!capabilities.stls());
        assert!(!capabilities.pipelining());
    }
}
