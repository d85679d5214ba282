//! Ends the wait of `sync --every`: for a time, for a signal, or for an account that was fetched from.
//!
//! It refuses to know what comes next. Invariant: what rang while nobody listened is heard at the next wait.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// The clock is looked at this often: a machine that slept is late, and its timers do not know.
const GLANCE: Duration = Duration::from_secs(60);

/// What is listened to while nothing else is done.
pub(super) struct Bell {
    ear: UnixStream,
    mouth: UnixStream,
    /// Whether SIGUSR1 came.
    called: Arc<AtomicBool>,
}

/// Rings from another thread.
pub(super) struct Rope(UnixStream);

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let (ear, mouth) = UnixStream::pair()?;
        ear.set_nonblocking(true)?;
        // Who rings a bell that nobody has heard for long has been heard.
        mouth.set_nonblocking(true)?;
        let called = Arc::new(AtomicBool::new(false));
        // The flag is set before the bell rings.
        flag::register(SIGUSR1, Arc::clone(&called))?;
        for signal in [SIGUSR1, SIGINT, SIGTERM] {
            pipe::register(signal, mouth.try_clone()?)?;
        }
        Ok(Self { ear, mouth, called })
    }

    /// Something to ring it with.
    pub(super) fn rope(&self) -> io::Result<Rope> {
        self.mouth.try_clone().map(Rope)
    }

    /// Whether SIGUSR1 came since this was last asked.
    pub(super) fn was_called(&self) -> bool {
        self.called.swap(false, Ordering::Relaxed)
    }

    /// Waits for this time, or until it rings.
    pub(super) fn wait_until(&mut self, time: Timestamp) -> io::Result<()> {
        loop {
            let left = time.duration_since(Timestamp::now());
            let glance = left.max(SignedDuration::ZERO).unsigned_abs().min(GLANCE);
            let glance = Timespec::try_from(glance).map_err(io::Error::other)?;
            let mut waiting = [PollFd::new(&self.ear, PollFlags::IN)];
            let rang = match poll(&mut waiting, Some(&glance)) {
                Err(Errno::INTR) => continue,
                rang => rang? > 0,
            };
            if rang {
                // What rang several times rang once.
                while self.ear.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
            }
            if rang || Timestamp::now() >= time {
                return Ok(());
            }
        }
    }
}

impl Rope {
    pub(super) fn ring(&self) {
        // It fails where so many have rung that there is no room for one more.
        let _ = (&self.0).write(&[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_rings_ends_the_wait_and_a_call_is_told_from_the_rest() {
        let mut bell = Bell::new().unwrap();
        let in_an_hour = Timestamp::now() + Duration::from_secs(3600);
        signal_hook::low_level::raise(SIGUSR1).unwrap();
        bell.wait_until(in_an_hour).unwrap();
        assert!(bell.was_called());
        bell.rope().unwrap().ring();
        bell.wait_until(in_an_hour).unwrap();
        assert!(!bell.was_called());
        bell.wait_until(Timestamp::now()).unwrap();
    }

    #[test]
    fn nobody_who_rings_waits_to_be_heard() {
        let mut bell = Bell::new().unwrap();
        let rope = bell.rope().unwrap();
        for _ in 0..1_000_000 {
            rope.ring();
        }
        bell.wait_until(Timestamp::now() + Duration::from_secs(3600))
            .unwrap();
    }
}
