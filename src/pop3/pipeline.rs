//! How many commands may be in flight: a window of the connection, with no connection in it.
//!
//! Invariants: a command is sent only when [`Window::admits`] it, and each one sent has exactly one reply consumed,
//! whatever the reply says. The octets in flight are bounded so that writing can never wait for a server that itself
//! waits for us to read: all of them have room in the send buffer of this system, whatever the server's takes.

use std::collections::VecDeque;

/// Whether several commands may be in flight at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pipelining {
    /// As CAPA says (RFC 2449 §6.6), or as the server was seen to take it.
    #[default]
    Auto,
    /// Once logged in, whatever CAPA says.
    Always,
    /// One at a time.
    Never,
}

/// Which commands are sent before earlier ones are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// None.
    Nothing,
    /// Those that follow the login.
    Session,
    /// The login's, too.
    All,
}

/// The octets of commands that may be in flight: some 2,700 RETRs, which at 4 KB a message keep a line of 400 Mbit/s full
/// over 200 ms.
const MAX_OCTETS: usize = 32 * 1024;

/// Room in this system's send buffer for that. What it counts is not octets alone but what it keeps them in, which is
/// several times as much for small pieces.
pub(super) const SEND_BUFFER: usize = 4 * MAX_OCTETS;

/// The commands in flight, first sent first.
#[derive(Debug)]
pub(super) struct Window<C> {
    pipelined: bool,
    octets: usize,
    in_flight: VecDeque<(C, usize)>,
}

impl<C> Window<C> {
    pub(super) fn new(pipelined: bool) -> Self {
        Self {
            pipelined,
            octets: 0,
            in_flight: VecDeque::new(),
        }
    }

    /// Whether a command of `len` octets may be sent now.
    pub(super) fn admits(&self, len: usize) -> bool {
        self.in_flight.is_empty() || (self.pipelined && self.octets + len <= MAX_OCTETS)
    }

    /// Whether it is worth while to send more: at half, so that commands travel in few packets.
    pub(super) fn wants_more(&self) -> bool {
        self.octets <= MAX_OCTETS / 2
    }

    pub(super) fn sent(&mut self, command: C, len: usize) {
        self.octets += len;
        self.in_flight.push_back((command, len));
    }

    /// The command that the next reply answers; `None` if nothing is in flight.
    pub(super) fn answered(&mut self) -> Option<C> {
        let (command, len) = self.in_flight.pop_front()?;
        self.octets -= len;
        Some(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_pipelining_one_command_is_in_flight() {
        let mut window = Window::new(false);
        assert!(window.admits(10));
        window.sent('a', 10);
        assert!(!window.admits(10));
        assert_eq!(window.answered(), Some('a'));
        assert!(window.admits(10));
    }

    #[test]
    fn replies_belong_to_commands_in_the_order_they_were_sent() {
        let mut window = Window::new(true);
        window.sent('a', 10);
        window.sent('b', 10);
        assert_eq!(window.answered(), Some('a'));
        assert_eq!(window.answered(), Some('b'));
        assert_eq!(window.answered(), None);
    }

    #[test]
    fn the_octets_in_flight_are_bounded() {
        let mut window = Window::new(true);
        let mut sent = 0;
        while window.admits(12) {
            window.sent((), 12);
            sent += 12;
        }
        assert!(sent <= MAX_OCTETS && sent > MAX_OCTETS - 12);
        assert!(!window.wants_more());
        for _ in 0..=sent / 12 / 2 {
            window.answered();
        }
        assert!(window.wants_more());
    }

    #[test]
    fn a_long_command_is_sent_alone() {
        let window: Window<()> = Window::new(true);
        assert!(window.admits(MAX_OCTETS * 2));
    }
}
