//! `popfetch export`: prints all that is on record of messages.
//!
//! What is printed can be taken back by `popfetch import json`. Invariant: nothing is changed, and no server is asked.

use anyhow::Context;
use serde_json::{Value, json};

use super::args::{Export, Global};
use super::exit::Status;
use super::{accounts, report, surroundings, visible};
use crate::config::Folders;
use crate::state::{self, Exported, Ledger};

/// What ends an export.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    State(#[from] state::Error),
    #[error("cannot print it")]
    Output(#[source] std::io::Error),
}

/// Prints what is on record, of the accounts that were named or of all there ever were.
pub(super) fn export(options: &Export, global: &Global) -> anyhow::Result<Status> {
    let (folders, wanted) = if options.accounts.is_empty() {
        (Folders::find()?, None)
    } else {
        let (config, folders) = accounts::load(global)?;
        let selected = accounts::select(&config, &options.accounts)?;
        let maildrops = selected.iter();
        let maildrops = maildrops.map(|it| (it.endpoint.server(), it.user.clone()));
        (folders, Some(maildrops.collect::<Vec<_>>()))
    };
    if !Ledger::is_there(&folders.state) {
        return Ok(Status::Well);
    }
    let ledger = Ledger::open(&folders.state, surroundings::stop_flag()?)?;
    let maildrops = match wanted {
        Some(maildrops) => maildrops,
        None => ledger.maildrops()?,
    };
    for (server, user) in &maildrops {
        let Some(account) = ledger.find(server, user)? else {
            continue;
        };
        let printed = account.export(|message| {
            let line = visible::json(&object(server, user, &message));
            report::data(&line).map_err(Error::Output)
        });
        match printed {
            Err(Error::State(error)) => return Err(error.into()),
            printed => printed.context("the export is not whole")?,
        }
    }
    Ok(Status::Well)
}

/// A message as JSON.
pub(super) fn object(server: &str, user: &str, message: &Exported) -> Value {
    let said = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
    let places = message.copies.iter().map(|copy| {
        json!({
            "destination": copy.address,
            "file": copy.file,
            "committed": copy.committed.to_string(),
            "delivered": said(copy.published),
        })
    });
    json!({
        "version": report::JSON_VERSION,
        "server": server,
        "user": user,
        "uid": message.uid.to_string(),
        "first_seen": message.first_seen.to_string(),
        "listed": message.listed.map(|size| size.0),
        "octets": message.content.map(|(size, _)| size.0),
        "sha256": message.content.map(|(_, digest)| digest.to_string()),
        "source": message.source,
        "likeness": message.likeness.name(),
        "asked": message.asked,
        "message_id": message.heading.message_id,
        "from": message.heading.sender,
        "subject": message.heading.subject,
        "absent_since": said(message.absent_since),
        "delete_sent": said(message.delete_sent),
        "delete_accepted": said(message.delete_accepted),
        "deleted": said(message.deleted),
        "replaced": said(message.replaced),
        "places": places.collect::<Vec<_>>(),
    })
}
