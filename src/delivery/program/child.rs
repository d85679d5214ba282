//! Runs one program to its end, its own or ours, and keeps the start of what it prints.
//!
//! It refuses to know what the program is for. Invariants: no program is left running because of an error here; a signal
//! is sent only while the process is not reaped, so that its number is no other's; what a program left in the
//! background holds nothing up.

use std::io::{self, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How much of each of its two outputs is kept.
pub(super) const MAX_OUTPUT: usize = 64 * 1024;

/// How much is read of an output after the end: more than a pipe holds, and an end where a program in the background
/// goes on printing.
const MAX_REST: usize = 2 << 20;

/// How often a wait looks whether a stop is asked for.
const TICK: Duration = Duration::from_millis(100);

/// How long the program may still work after that.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// How long it may take to end once it is told to, and again to vanish once it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// What a program did.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) end: End,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, or by a signal that is not ours.
    Own(ExitStatus),
    /// It was ended because it took too long.
    TimedOut,
    /// It was ended because a stop was asked for.
    Stopped,
}

/// Runs the command to its end.
pub(super) fn run(command: &mut Command, timeout: Duration, stop: &AtomicBool) -> io::Result<Run> {
    let mut running = Running::start(command)?;
    let end = match running.wait_for_end(timeout, stop)? {
        None => End::Own(running.reap()?),
        Some(end) => {
            running.end_group()?;
            end
        }
    };
    Ok(Run {
        end,
        stdout: running.stdout.rest(),
        stderr: running.stderr.rest(),
    })
}

/// A program that was started.
struct Running {
    child: Child,
    /// Its number, which is also that of its process group.
    group: Pid,
    stdout: Output,
    stderr: Output,
    /// Reads end of file once the program has ended.
    ended: PipeReader,
    /// It is reaped, or was given up.
    over: bool,
}

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        let (ended, sign) = io::pipe()?;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let group = Pid::from_child(&child);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let running = Self {
            child,
            group,
            stdout: Output::new(stdout.map(OwnedFd::from)),
            stderr: Output::new(stderr.map(OwnedFd::from)),
            ended,
            over: false,
        };
        running.stdout.never_block()?;
        running.stderr.never_block()?;
        // A thread waits, so that a quick program is noticed at once and a slow one costs nothing. A pidfd would spare
        // the thread, but only Linux has it, and a thread is cheap beside a process. It does not reap: until that is
        // done below, the number cannot become another's.
        thread::Builder::new()
            .name(format!("wait for {group:?}"))
            .spawn(move || {
                let wait = || {
                    waitid(
                        WaitId::Pid(group),
                        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
                    )
                };
                // Nothing but the end of the program ends this: it is a child of ours, and EINTR is retried.
                let _ = retry_on_intr(wait);
                drop(sign);
            })?;
        Ok(running)
    }

    /// Waits until the program has ended, or says why it should be.
    fn wait_for_end(&mut self, timeout: Duration, stop: &AtomicBool) -> io::Result<Option<End>> {
        let begun = Instant::now();
        let (mut limit, mut reason) = (timeout, End::TimedOut);
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            if self.pump(left.min(TICK))? {
                return Ok(None);
            }
            if reason == End::TimedOut && stop.load(Ordering::Relaxed) {
                reason = End::Stopped;
                limit = limit.min(begun.elapsed() + LAST_MOMENT);
            }
            if begun.elapsed() >= limit {
                return Ok(Some(reason));
            }
        }
    }

    /// Ends the program and all it started in its group.
    fn end_group(&mut self) -> io::Result<()> {
        for signal in [Signal::TERM, Signal::KILL] {
            // A program that changed its user cannot be told; it is waited for all the same.
            let _ = kill_process_group(self.group, signal);
            let told = Instant::now();
            while !self.pump(GRACE.saturating_sub(told.elapsed()))? && told.elapsed() < GRACE {}
        }
        // What survives both waits for a device that does not answer, or is another user's. The system reaps it when
        // popfetch ends.
        self.over = true;
        self.child.try_wait().map(drop)
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.over = true;
        Ok(status)
    }

    /// Takes in what it prints for at most this long; true once it has ended.
    fn pump(&mut self, patience: Duration) -> io::Result<bool> {
        let streams = [Some(&self.ended), self.stdout.open(), self.stderr.open()];
        let mut waiting: Vec<PollFd<'_>> = streams
            .into_iter()
            .flatten()
            .map(|stream| PollFd::new(stream, PollFlags::IN))
            .collect();
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        match poll(&mut waiting, Some(&patience)) {
            // EINTR: a signal, perhaps the one that asks for a stop.
            Ok(0) | Err(Errno::INTR) => return Ok(false),
            Ok(_) => {}
            Err(e) => return Err(e.into()),
        }
        let ended = !waiting[0].revents().is_empty();
        self.stdout.read();
        self.stderr.read();
        Ok(ended)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.over {
            let _ = kill_process_group(self.group, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// What a program prints on one of its outputs.
struct Output {
    /// Gone once it is closed on the other side.
    pipe: Option<PipeReader>,
    kept: Vec<u8>,
}

impl Output {
    fn new(pipe: Option<OwnedFd>) -> Self {
        Self {
            pipe: pipe.map(PipeReader::from),
            kept: Vec::new(),
        }
    }

    fn open(&self) -> Option<&PipeReader> {
        self.pipe.as_ref()
    }

    /// Lets a read return at once when nothing is there. The program's side of the pipe is not touched by that.
    fn never_block(&self) -> io::Result<()> {
        let Some(pipe) = &self.pipe else {
            return Ok(());
        };
        fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?;
        Ok(())
    }

    /// Reads what is there, up to one chunk; returns its length, and 0 where there is nothing.
    fn read(&mut self) -> usize {
        let mut chunk = [0; 8 * 1024];
        let Some(pipe) = &mut self.pipe else {
            return 0;
        };
        match pipe.read(&mut chunk) {
            Ok(length @ 1..) => {
                // Past the bound it is still read: a full pipe would keep the program from ending.
                let room = MAX_OUTPUT - self.kept.len();
                self.kept.extend_from_slice(&chunk[..length.min(room)]);
                length
            }
            Err(e) if is_nothing_yet(&e) => 0,
            // The end, or nothing that could be waited for.
            Ok(0) | Err(_) => {
                self.pipe = None;
                0
            }
        }
    }

    /// What was kept, with what waits in the pipe. All that the program itself printed is there when it has ended, so
    /// nothing is waited for.
    fn rest(&mut self) -> Vec<u8> {
        let mut read = 0;
        loop {
            match self.read() {
                0 => break,
                length => read += length,
            }
            if read > MAX_REST {
                break;
            }
        }
        std::mem::take(&mut self.kept)
    }
}

fn is_nothing_yet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_was_printed_before_the_end_is_read_and_nothing_is_waited_for() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut output = Output::new(Some(reader.into()));
        output.never_block().unwrap();
        writer.write_all(&"x".repeat(40_000).into_bytes()).unwrap();
        // The other side stays open, as where a program in the background has it.
        assert_eq!(output.rest().len(), 40_000);
        drop(writer);
        assert_eq!(output.rest().len(), 0);
        assert!(output.open().is_none());
    }
}
