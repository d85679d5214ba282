//! Judges the tables of `deliver`: each names one destination, and what is peculiar to its kind.
//!
//! It refuses to know whether a destination is there. Invariant: a key that means nothing for its kind is a problem.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::paths::Base;
use super::problem::Problem;
use super::schema::Deliver;
use super::values::{self, Value};
use crate::delivery::{LOCK_TIMEOUT, LmtpAddress, Mbox, Program, Recipient};

/// The kinds of destinations, each with the keys that go with it.
const KINDS: [(&str, &[&str]); 4] = [
    ("maildir", &[]),
    ("mbox", &["flock", "lock-timeout"]),
    ("pipe", &["unix-from", "timeout"]),
    ("lmtp", &["recipient", "timeout"]),
];

/// How long a program may take for one message where nothing is said: one that scans for spam is slow.
const PIPE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// One table, or an array of some.
pub(super) fn deliver(value: &Value<'_>, base: &Base<'_>) -> Result<Vec<Deliver>, Problem> {
    match value.get_ref() {
        DeValue::Table(table) => Ok(vec![destination(value, table, base)?]),
        DeValue::Array(array) => {
            let destinations = array.iter().map(|item| match item.get_ref() {
                DeValue::Table(table) => destination(item, table, base),
                _ => Err(Problem::wrong_type("deliver", item)),
            });
            let destinations: Vec<Deliver> = destinations.collect::<Result<_, _>>()?;
            if destinations.is_empty() {
                return Err(Problem::wrong_value("deliver", value, "empty"));
            }
            Ok(destinations)
        }
        _ => Err(Problem::wrong_type("deliver", value)),
    }
}

fn destination(
    value: &Value<'_>,
    table: &DeTable<'_>,
    base: &Base<'_>,
) -> Result<Deliver, Problem> {
    let mut kinds = KINDS.iter().filter(|(kind, _)| table.contains_key(*kind));
    let kind = kinds.next();
    if let (Some((one, _)), Some((other, _))) = (kind, kinds.next()) {
        let problem = Problem::new(value.span(), format!("`{one}` and `{other}` in one table"));
        return Err(problem.help(format!(
            "for both, write an array: `deliver = [{{ {one} = … }}, {{ {other} = … }}]`"
        )));
    }
    let known: Vec<&'static str> = match kind {
        Some((kind, more)) => [&[*kind], *more].concat(),
        None => KINDS.iter().map(|(kind, _)| *kind).collect(),
    };
    let keys: BTreeMap<&str, &Value<'_>> = table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), value))
        .collect();
    if let Some((key, _)) = table
        .iter()
        .find(|(key, _)| !known.contains(&key.get_ref().as_ref()))
    {
        return Err(Problem::unknown_key(key, &known));
    }
    let Some((kind, _)) = kind else {
        return Err(Problem::wrong_value("deliver", value, "empty"));
    };
    let given = keys[kind];
    let option = |key: &str| keys.get(key).copied();
    let is_set = |key: &str| option(key).map_or(Ok(false), |value| values::boolean(key, value));
    let timeout = |key: &str, words: &str| {
        let value = option(key);
        value
            .map(|value| values::duration(words, value))
            .transpose()
    };
    Ok(match *kind {
        "maildir" => Deliver::Maildir(values::path("maildir", given, base)?),
        "mbox" => Deliver::Mbox(Mbox {
            path: values::path("mbox", given, base)?,
            flock: is_set("flock")?,
            lock_timeout: timeout("lock-timeout", "lock-timeout")?.unwrap_or(LOCK_TIMEOUT),
        }),
        "pipe" => Deliver::Pipe(Program {
            argv: values::command("pipe", given, base)?,
            unix_from: is_set("unix-from")?,
            timeout: timeout("timeout", "deliver timeout")?.unwrap_or(PIPE_TIMEOUT),
        }),
        _ => Deliver::Lmtp {
            address: address(given)?,
            recipients: option("recipient").map_or(Ok(Vec::new()), recipients)?,
            timeout: timeout("timeout", "deliver timeout")?,
        },
    })
}

/// `unix:/run/lmtp`, or `host:24`.
fn address(value: &Value<'_>) -> Result<LmtpAddress, Problem> {
    let text = values::line("lmtp", value)?;
    LmtpAddress::from_text(text).ok_or_else(|| {
        Problem::wrong_value("lmtp", value, "neither")
            .help("write `\"unix:/path/of/the/socket\"` or `\"host:24\"`")
    })
}

fn recipients(value: &Value<'_>) -> Result<Vec<Recipient>, Problem> {
    let one = |value: &Value<'_>| {
        let name = values::line("recipient", value)?;
        Recipient::new(name).ok_or_else(|| {
            Problem::wrong_value(
                "recipient",
                value,
                "one that cannot be written in a command",
            )
        })
    };
    match value.get_ref() {
        DeValue::Array(array) => {
            let recipients: Vec<Recipient> = array.iter().map(one).collect::<Result<_, _>>()?;
            if recipients.is_empty() {
                return Err(Problem::wrong_value("recipient", value, "empty"));
            }
            Ok(recipients)
        }
        _ => Ok(vec![one(value)?]),
    }
}
