//! What a server says it can do: the lines of CAPA (RFC 2449 §5).
//!
//! Servers get these lines wrong ("3" for LOGIN-DELAY, "EXPIRE30"): a line that means nothing here is ignored, and a
//! server without CAPA simply has no capabilities.

use std::time::Duration;

use super::auth::Mechanism;

/// The longest delay that is believed; one beyond it is a mistake that would keep mail away.
const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The capabilities of a server in one state of the session; they differ before and after STLS and login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    pipelining: bool,
    stls: bool,
    login_delay: Option<Duration>,
    /// Whether each of [`Mechanism::ALL`] is offered.
    mechanisms: [bool; Mechanism::ALL.len()],
}

impl Capabilities {
    /// Takes up one line of the listing. Nothing of it is kept but what serves here, however much a server says.
    pub(super) fn add(&mut self, line: &[u8]) {
        let mut words = line.split(u8::is_ascii_whitespace);
        let keyword = words.next().unwrap_or_default();
        let is = |name: &[u8]| keyword.eq_ignore_ascii_case(name);
        self.pipelining |= is(b"PIPELINING");
        self.stls |= is(b"STLS");
        if is(b"LOGIN-DELAY") {
            // RFC 2449 §6.5: seconds; "USER" behind them means that users differ.
            let seconds = words.next().and_then(|word| std::str::from_utf8(word).ok());
            let delay = seconds.and_then(|seconds| seconds.parse().ok());
            let delay = delay.map(Duration::from_secs);
            self.login_delay = delay.filter(|delay| !delay.is_zero() && *delay <= MAX_DELAY);
        } else if is(b"SASL") || is(b"USER") {
            let names: Vec<&[u8]> = if is(b"USER") {
                vec![b"USER"]
            } else {
                words.collect()
            };
            for (mechanism, is_offered) in Mechanism::ALL.iter().zip(&mut self.mechanisms) {
                let is_meant = mechanism.is_sasl() != is(b"USER");
                let name = mechanism.name().as_bytes();
                *is_offered |= is_meant && names.iter().any(|it| it.eq_ignore_ascii_case(name));
            }
        }
    }

    /// What [`Capabilities::lines`] gave.
    #[must_use]
    pub fn from_lines(lines: &str) -> Self {
        let mut capabilities = Self::default();
        for line in lines.lines() {
            capabilities.add(line.as_bytes());
        }
        capabilities
    }

    /// What serves here, as CAPA would say it.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut lines = Vec::new();
        lines.extend(self.pipelining.then(|| "PIPELINING".to_owned()));
        lines.extend(self.stls.then(|| "STLS".to_owned()));
        if let Some(delay) = self.login_delay {
            lines.push(format!("LOGIN-DELAY {}", delay.as_secs()));
        }
        let mut sasl = String::new();
        for mechanism in Mechanism::ALL.into_iter().filter(|it| self.offers(*it)) {
            if mechanism.is_sasl() {
                sasl = format!("{sasl} {mechanism}");
            } else {
                lines.push(mechanism.to_string());
            }
        }
        if !sasl.is_empty() {
            lines.push(format!("SASL{sasl}"));
        }
        lines.join("\n")
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

    /// How much time is to be between two logins of a user (RFC 2449 §6.5).
    #[must_use]
    pub fn login_delay(&self) -> Option<Duration> {
        self.login_delay
    }

    /// Whether this way to log in is offered: by SASL (RFC 5034 §3) or USER (RFC 2449 §6.2). APOP is never in CAPA.
    #[must_use]
    pub fn offers(&self, mechanism: Mechanism) -> bool {
        self.mechanisms().any(|it| it == mechanism)
    }

    /// Each way to log in that is offered.
    pub fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let all = Mechanism::ALL.into_iter().zip(self.mechanisms);
        all.filter_map(|(mechanism, is_offered)| is_offered.then_some(mechanism))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_count_whatever_their_case_and_arguments() {
        let capabilities =
            Capabilities::from_lines("TOP\npipelining\nsasl plain Login GSSAPI\nSTLS \nUSER");
        assert!(capabilities.pipelining());
        assert!(capabilities.stls());
        let offered: Vec<_> = Mechanism::ALL
            .into_iter()
            .filter(|it| capabilities.offers(*it))
            .collect();
        assert_eq!(
            offered,
            [Mechanism::UserPass, Mechanism::Plain, Mechanism::Login]
        );
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
            b"SASL",
            b"SASL USER APOP PLAIN-X",
            b"LOGIN-DELAY",
            b"LOGIN-DELAY soon",
            b"LOGIN-DELAY 0",
            b"LOGIN-DELAY 99999999999999999999",
            b"LOGIN-DELAY 100000",
        ] {
            capabilities.add(line);
        }
        assert_eq!(capabilities, Capabilities::default());
    }

    #[test]
    fn what_is_kept_reads_back() {
        let said = "LOGIN-DELAY 300 USER\nUSER\nSASL XOAUTH2 PLAIN\nPIPELINING\nTOP";
        let capabilities = Capabilities::from_lines(said);
        assert_eq!(capabilities.login_delay(), Some(Duration::from_secs(300)));
        let kept = capabilities.lines();
        assert_eq!(
            kept,
            "PIPELINING\nLOGIN-DELAY 300\nUSER\nSASL PLAIN XOAUTH2"
        );
        assert_eq!(Capabilities::from_lines(&kept), capabilities);
    }
}
