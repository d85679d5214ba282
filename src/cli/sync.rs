//! `popfetch sync`, `retry` and `refetch`: what is done to the accounts that were named.

use std::num::NonZeroUsize;

use super::args::{Global, Refetch, Retry, Sync};
use super::exit::Status;
use super::run::{Run, Scope, worst};
use super::usage::Usage;
use super::{accounts, explain, sandbox, watch};
use crate::delivery::Destination;
use crate::mail::Uid;
use crate::sync::{self, Again};

/// Fetches from the accounts that were named, or all; again and again, if that is wanted.
pub(super) fn sync(options: &Sync, global: &Global) -> anyhow::Result<Status> {
    if let Some(every) = options.every {
        return watch::watch(options, every.pause(), global);
    }
    let (config, folders) = accounts::load(global)?;
    let selected = accounts::select(&config, &options.accounts)?;
    let found = sandbox::enter(options, &selected, &config, &folders, global)?;
    let mut run = Run::new(&selected, &config, &folders, global, Scope::Server)?;
    run.have(found);
    if options.dry_run {
        run.keep = options.keep;
        return explain::explain(&run, jobs(options), global.json);
    }
    Ok(worst(&fetch(&mut run, options, global)?, |status| *status))
}

/// Fetches once, and says how it ended for each account.
pub(super) fn fetch(
    run: &mut Run<'_>,
    options: &Sync,
    global: &Global,
) -> anyhow::Result<Vec<Option<Status>>> {
    run.keep = options.keep;
    run.remind = Some(options.remind);
    run.all(jobs(options), global, |job, ledger, observer| {
        sync::run(job, ledger, observer)
    })
}

fn jobs(options: &Sync) -> NonZeroUsize {
    NonZeroUsize::new(options.jobs.into()).unwrap_or(NonZeroUsize::MIN)
}

/// Hands over what waits here, and asks no server.
pub(super) fn retry(options: &Retry, global: &Global) -> anyhow::Result<Status> {
    let (config, folders) = accounts::load(global)?;
    let selected = accounts::select(&config, &options.accounts)?;
    let mut run = Run::new(&selected, &config, &folders, global, Scope::Here)?;
    run.remind = None;
    let statuses = run.all(NonZeroUsize::MIN, global, |job, ledger, _| {
        sync::retry(job, ledger)
    })?;
    Ok(worst(&statuses, |status| *status))
}

/// Fetches mail again that was fetched before.
pub(super) fn refetch(options: &Refetch, global: &Global) -> anyhow::Result<Status> {
    let (config, folders) = accounts::load(global)?;
    let account = accounts::named(&config, &options.account)?;
    let again = if options.missing {
        let is_maildir = |it: &Destination| matches!(it, Destination::Maildir(_));
        if !account.destinations.iter().any(is_maildir) {
            return Err(Usage::WithoutMaildir {
                name: account.name.clone(),
            }
            .into());
        }
        Again::Missing
    } else {
        let uids = options.uids.iter();
        Again::Uids(uids.filter_map(|uid| uid_of(uid)).collect())
    };
    let selected = [account];
    let mut run = Run::new(&selected, &config, &folders, global, Scope::Server)?;
    run.again = again;
    // What is fetched again is wanted here, not gone from there.
    run.keep = true;
    let statuses = run.all(NonZeroUsize::MIN, global, |job, ledger, observer| {
        sync::run(job, ledger, observer)
    })?;
    Ok(worst(&statuses, |status| *status))
}

/// The uid that is shown like this: `\xNN` stands for a byte.
pub(super) fn uid_of(shown: &str) -> Option<Uid> {
    let mut bytes = Vec::with_capacity(shown.len());
    let mut rest = shown.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match after {
            [b'x', high, low, ..] if *first == b'\\' => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|hex| u8::from_str_radix(hex, 16).ok())
                .map(|byte| (byte, 3)),
            [plain @ (b'\\' | b'\'' | b'"'), ..] if *first == b'\\' => Some((*plain, 1)),
            [b't', ..] if *first == b'\\' => Some((b'\t', 1)),
            [b'r', ..] if *first == b'\\' => Some((b'\r', 1)),
            [b'n', ..] if *first == b'\\' => Some((b'\n', 1)),
            _ => None,
        };
        let (byte, taken) = escaped.unwrap_or((*first, 0));
        bytes.push(byte);
        rest = &after[taken..];
    }
    Uid::new(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_read_as_it_is_shown() {
        for bytes in [&b"abc"[..], b"a b", b"\\x41\\", b"\xff\x00\t\r\n'\"", b"\\"] {
            let uid = Uid::new(bytes).unwrap();
            assert_eq!(uid_of(&uid.to_string()), Some(uid));
        }
    }
}
