//! `popfetch import json`: takes back what `popfetch export` gave.
//!
//! It refuses to guess: a line that is not understood is an error, and nothing is put on record. Invariant: what is on
//! record stays as it is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::show::messages;
use crate::cli::account::ask::Asker;
use crate::cli::args::{Global, Import};
use crate::cli::exit::Status;
use crate::cli::usage::{Cancelled, Usage};
use crate::cli::{accounts, report, surroundings, sync};
use crate::config::Folders;
use crate::mail::{Digest, Octets};
use crate::state::{Copied, Exported, Heading, Ledger, Likeness, Lock, Restored};

/// No line that popfetch writes is longer: uid, heading and the addresses of some destinations.
const LONGEST_LINE: u64 = 1024 * 1024;

/// Why a line is not understood.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Fault {
    #[error("it is no JSON object")]
    NoObject,
    #[error("it is longer than any that popfetch writes")]
    TooLong,
    #[error("it was written by a newer popfetch (version {0}, this one knows {known})", known = report::JSON_VERSION)]
    Newer(u64),
    #[error("it has no \"{0}\"")]
    Lacks(&'static str),
    #[error("its \"{0}\" is not as popfetch writes it")]
    Odd(&'static str),
}

/// Messages by server and user.
type Maildrops = BTreeMap<(String, String), Vec<Exported>>;

/// Puts on record what a file has.
pub(super) fn import(options: &Import, global: &Global) -> anyhow::Result<Status> {
    let folders = Folders::find()?;
    let owner = match &options.account {
        Some(name) => {
            let (config, _) = accounts::load(global)?;
            let account = accounts::named(&config, name)?;
            Some((account.endpoint.server(), account.user.clone()))
        }
        None => None,
    };
    // The command line has it: clap sees to that.
    let path = options.path.as_deref().unwrap_or(Path::new("-"));
    let maildrops = read(path, owner.as_ref())?;
    let asker = Asker::new(surroundings::stop_flag()?, options.yes, global.quiet);
    let count = maildrops.values().map(Vec::len).sum();
    let mut lines = vec![format!("{}: {}", path.display(), messages(count))];
    for ((server, user), found) in &maildrops {
        lines.push(format!("  {user} at {server}: {}", messages(found.len())));
    }
    let lines = lines.iter().map(|line| super::show::harmless(line));
    if options.dry_run {
        for line in lines {
            report::data(&line)?;
        }
        return Ok(Status::Well);
    }
    if !asker.is_quiet() {
        for line in lines {
            report::say(&line);
        }
    }
    if !options.yes && !asker.is_attended() {
        let flags = vec!["--yes (or --dry-run)".to_owned()];
        return Err(Usage::Missing { flags }.into());
    }
    if !asker.agree("Put them on record?", true)? {
        return Err(Cancelled.into());
    }
    let ledger = Ledger::open(&folders.state, asker.stop.clone())?;
    if let Some(name) = &options.account {
        // What is on record of it under another port comes with it.
        let (config, _) = accounts::load(global)?;
        let account = accounts::named(&config, name)?;
        let maildrop = (&account.endpoint, account.user.as_str());
        let claimed = config.maildrops();
        crate::sync::open_maildrop(
            &ledger,
            &folders.state,
            maildrop,
            &claimed,
            Timestamp::now(),
        )?;
    }
    let mut all = Restored::default();
    for ((server, user), found) in &maildrops {
        let _lock = Lock::acquire(&folders.state, server, user)?;
        let restored = ledger
            .account(server, user)?
            .restore(found, Timestamp::now())?;
        all.new += restored.new;
        all.known += restored.known;
        all.waiting += restored.waiting;
    }
    let clauses = [
        Some(format!("{} put on record", messages(all.new))),
        (all.known > 0).then(|| format!("{} were there already", all.known)),
        (all.waiting > 0).then(|| {
            format!(
                "{} had not arrived everywhere, and are fetched again",
                all.waiting
            )
        }),
    ];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    asker.tell(&format!("{}.", clauses.join("; ")));
    Ok(Status::Well)
}

fn read(path: &Path, owner: Option<&(String, String)>) -> anyhow::Result<Maildrops> {
    let shown = path.display();
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
        Box::new(BufReader::new(file))
    };
    let mut maildrops = Maildrops::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = input
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line);
        if read.with_context(|| format!("cannot read {shown}"))? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let message = if line.len() as u64 == LONGEST_LINE {
            Err(Fault::TooLong)
        } else {
            understand(&line, owner)
        };
        let (owner, message) =
            message.with_context(|| format!("{shown}:{number}: nothing was put on record"))?;
        maildrops.entry(owner).or_default().push(message);
    }
    Ok(maildrops)
}

/// A line: whose message it is, and what is on record of it.
fn understand(
    line: &[u8],
    owner: Option<&(String, String)>,
) -> Result<((String, String), Exported), Fault> {
    let value: Value = serde_json::from_slice(line).map_err(|_| Fault::NoObject)?;
    let object = Object(value.as_object().ok_or(Fault::NoObject)?);
    match object.number("version")? {
        Some(version) if version > report::JSON_VERSION.into() => {
            return Err(Fault::Newer(version));
        }
        _ => {}
    }
    let owner = match owner {
        Some(owner) => owner.clone(),
        None => (object.needed("server")?, object.needed("user")?),
    };
    let uid = sync::uid_of(&object.needed("uid")?).ok_or(Fault::Odd("uid"))?;
    let digest = object.text("sha256")?.map(|hex| digest(&hex)).transpose()?;
    let octets = object.number("octets")?.map(Octets);
    let content = match digest {
        Some(digest) => Some((octets.ok_or(Fault::Lacks("octets"))?, digest)),
        None => None,
    };
    let source = object.text("source")?;
    // Who says so is to be known of what popfetch never had.
    let source = source.or_else(|| content.is_none().then(|| "json".to_owned()));
    let likeness = match object.text("likeness")? {
        Some(name) => Likeness::from_name(&name).ok_or(Fault::Odd("likeness"))?,
        None => Likeness::Same,
    };
    let copies = match object.0.get("places") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(places)) => places.iter().map(copied).collect::<Result<_, _>>()?,
        Some(_) => return Err(Fault::Odd("places")),
    };
    let message = Exported {
        uid,
        first_seen: object.time("first_seen")?.unwrap_or_else(Timestamp::now),
        listed: object.number("listed")?.map(Octets),
        content,
        source,
        likeness,
        asked: object.0.get("asked").and_then(Value::as_bool) == Some(true),
        heading: Heading {
            message_id: object.text("message_id")?,
            sender: object.text("from")?,
            subject: object.text("subject")?,
        },
        absent_since: object.time("absent_since")?,
        delete_sent: object.time("delete_sent")?,
        delete_accepted: object.time("delete_accepted")?,
        deleted: object.time("deleted")?,
        replaced: object.time("replaced")?,
        copies,
    };
    Ok((owner, message))
}

fn copied(place: &Value) -> Result<Copied, Fault> {
    let object = Object(place.as_object().ok_or(Fault::Odd("places"))?);
    Ok(Copied {
        address: object.needed("destination")?,
        file: object.needed("file")?,
        committed: object.time("committed")?.ok_or(Fault::Lacks("committed"))?,
        published: object.time("delivered")?,
    })
}

fn digest(hex: &str) -> Result<Digest, Fault> {
    let odd = || Fault::Odd("sha256");
    let mut digest = [0; 32];
    if hex.len() != 2 * digest.len() || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(odd());
    }
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).map_err(|_| odd())?;
    }
    Ok(Digest(digest))
}

/// A JSON object whose fields may be missing or null.
struct Object<'v>(&'v Map<String, Value>);

impl Object<'_> {
    fn text(&self, key: &'static str) -> Result<Option<String>, Fault> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Fault::Odd(key)),
        }
    }

    fn needed(&self, key: &'static str) -> Result<String, Fault> {
        self.text(key)?.ok_or(Fault::Lacks(key))
    }

    fn number(&self, key: &'static str) -> Result<Option<u64>, Fault> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or(Fault::Odd(key)),
        }
    }

    fn time(&self, key: &'static str) -> Result<Option<Timestamp>, Fault> {
        let text = self.text(key)?;
        text.map(|text| text.parse().map_err(|_| Fault::Odd(key)))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::{export, visible};
    use crate::mail::Uid;

    fn moment() -> impl Strategy<Value = Option<Timestamp>> {
        proptest::option::of(
            (0..4_000_000_000_i64)
                .prop_map(|second| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)),
        )
    }

    fn text() -> impl Strategy<Value = Option<String>> {
        proptest::option::of(any::<String>())
    }

    prop_compose! {
        fn copied()(
            address in any::<String>(),
            file in any::<String>(),
            committed in moment(),
            published in moment(),
        ) -> Copied {
            Copied { address, file, committed: committed.unwrap_or_default(), published }
        }
    }

    prop_compose! {
        fn exported()(
            uid in proptest::collection::vec(any::<u8>(), 1..80),
            listed in proptest::option::of(any::<u64>()),
            content in proptest::option::of((any::<u64>(), any::<[u8; 32]>())),
            source in any::<String>(),
            likeness in prop::sample::select(vec![
                Likeness::Same, Likeness::CutAtSpace, Likeness::DashForSlash,
            ]),
            asked in any::<bool>(),
            words in proptest::array::uniform3(text()),
            times in proptest::array::uniform6(moment()),
            copies in proptest::collection::vec(copied(), 0..3),
        ) -> Exported {
            let [message_id, sender, subject] = words;
            let [first_seen, absent_since, delete_sent, delete_accepted, deleted, replaced] = times;
            let content = content.map(|(size, digest)| (Octets(size), Digest(digest)));
            Exported {
                uid: Uid::new(&uid).unwrap(),
                first_seen: first_seen.unwrap_or_default(),
                listed: listed.map(Octets),
                source: content.is_none().then_some(source),
                content,
                likeness,
                asked,
                heading: Heading { message_id, sender, subject },
                absent_since,
                delete_sent,
                delete_accepted,
                deleted,
                replaced,
                copies,
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_understood_as_it_was(message in exported(), server: String, user: String) {
            let line = visible::json(&export::object(&server, &user, &message));
            let understood = understand(line.as_bytes(), None).unwrap();
            prop_assert_eq!(understood, ((server, user), message));
        }

        #[test]
        fn no_line_is_too_odd(line in any::<Vec<u8>>(), text in "[\\[\\]{}:,\"a-z0-9 ]{0,60}") {
            let owner = (String::new(), String::new());
            let _ = understand(&line, Some(&owner));
            let _ = understand(text.as_bytes(), Some(&owner));
        }
    }
}
