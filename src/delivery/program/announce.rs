//! Tells a program that new mail is here: no message is handed over.
//!
//! It refuses to know what the program does with that. Invariant: what becomes of it changes nothing of the mail.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;

use super::super::error::Error;
use super::super::handover::Handover;
use super::{Program, child};
use crate::mail::Octets;

/// What is new in an account.
#[derive(Clone, Copy, Debug)]
pub struct News<'n> {
    /// The account's name.
    pub account: &'n str,
    /// How many messages.
    pub messages: usize,
    /// The size of those that were fetched just now.
    pub octets: Octets,
    /// The user's folder, in which the program runs.
    pub home: &'n Path,
    /// The user's name.
    pub user: &'n str,
    /// Those of [`INHERITED`](super::INHERITED) that are set.
    pub inherited: &'n [(&'static str, OsString)],
}

impl Program {
    /// Runs the program with these news in its environment and waits for its end.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn announce(&self, news: &News<'_>, stop: &AtomicBool) -> Result<Handover, Error> {
        let mut command = self.bare_command(news.home, news.user, news.inherited);
        command
            .env("POPFETCH_ACCOUNT", news.account)
            .env("POPFETCH_NEW", news.messages.to_string())
            .env("POPFETCH_BYTES", news.octets.0.to_string())
            .stdin(Stdio::null());
        let run = child::run(&mut command, self.timeout, stop);
        let run = run.map_err(|source| Error::Program {
            program: self.name().to_owned(),
            source,
        })?;
        self.log(&run);
        Ok(self.handover(&run))
    }
}
