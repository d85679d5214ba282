//! Asks for a secret on the terminal, without showing what is typed.
//!
//! Invariant: whether an answer comes or a stop, the terminal shows again what is typed afterwards.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::error::Error;
use super::wait_for;
use crate::secret::Secret;

/// Asks the person at the terminal.
///
/// # Errors
/// [`Error::Stopped`] if a stop was asked for in the meantime, else [`Error::Prompt`]: there is no terminal.
pub fn ask(question: &str, stop: &AtomicBool) -> Result<Secret, Error> {
    answer(question, stop).map_err(|source| {
        if stop.load(Ordering::Relaxed) {
            Error::Stopped
        } else {
            Error::Prompt { source }
        }
    })
}

fn answer(question: &str, stop: &AtomicBool) -> io::Result<Secret> {
    if stop.load(Ordering::Relaxed) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let before = tcgetattr(io::stdin())?;
    let (sender, receiver) = mpsc::channel();
    let question = question.to_owned();
    thread::spawn(move || {
        let answer = rpassword::prompt_password(question).map(Secret::new);
        let _ = sender.send(answer);
    });
    wait_for(&receiver, Duration::MAX, stop)
        .ok()
        .flatten()
        .unwrap_or_else(|| {
            // The thread still waits and would have restored it.
            tcsetattr(io::stdin(), OptionalActions::Now, &before)?;
            Err(io::ErrorKind::Interrupted.into())
        })
}
