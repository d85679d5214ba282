//! `sync --every`, and the service manager that it tells where it stands.
//!
//! It owns the socket. It refuses to wait for the time of a run: a signal is faster. Invariant: what popfetch says is heard
//! in order, so that nothing waits for a time.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use super::sandbox::{Finished, Running, Sandbox};

/// How long popfetch may take to a point before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// popfetch as a service, and the socket on which it says how it is.
pub(crate) struct Service {
    pub(crate) popfetch: Running,
    socket: UnixDatagram,
}

impl Service {
    pub(crate) fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut command = sandbox.command();
        command.arg("sync").args(arguments);
        Self::of(sandbox, command)
    }

    /// The same, by this command.
    pub(crate) fn of(sandbox: &Sandbox, mut command: Command) -> Self {
        let path = sandbox.path("runtime/notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        command.env("NOTIFY_SOCKET", path);
        Self {
            popfetch: Running::new(command),
            socket,
        }
    }

    /// What it says next.
    #[track_caller]
    pub(crate) fn says(&self) -> String {
        let mut message = [0; 1000];
        let length = loop {
            match self.socket.recv(&mut message) {
                // With a time-out a signal ends it.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                received => break received.expect("it says something"),
            }
        };
        String::from_utf8(message[..length].to_vec())
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// Waits for the end of a round.
    #[track_caller]
    pub(crate) fn rests(&self) {
        assert_eq!(self.says(), "STATUS=fetching");
        let waiting = self.says();
        assert!(
            waiting.starts_with("STATUS=the next run is in "),
            "{waiting}"
        );
    }

    /// Waits for its start and the end of its first round.
    #[track_caller]
    pub(crate) fn begins(&self) {
        assert_eq!(self.says(), "READY=1");
        self.rests();
    }

    /// Has it fetch at once, to the end of the round.
    #[track_caller]
    pub(crate) fn fetches(&self) {
        self.popfetch.signal("USR1");
        self.rests();
    }

    /// Ends it.
    #[track_caller]
    pub(crate) fn ends(self) -> Finished {
        self.popfetch.signal("TERM");
        assert_eq!(self.says(), "STOPPING=1");
        self.popfetch.finish()
    }
}
