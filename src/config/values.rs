//! Judges the value of each key, alone.
//!
//! It refuses to know what other keys say. Invariants: what is read is finished, and within the bounds of what it becomes;
//! what goes into a POP3 command is one line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use super::paths::{Base, PathError};
use super::problem::Problem;
use super::schema::Protection;
use super::spelling;
use super::units::{self, UnitError};
use crate::mail::Octets;
use crate::pop3::{Fingerprint, Pipelining};
use crate::retention::Policy;
use crate::secret::Secret;

/// A value with its place.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

pub(super) fn host(value: &Value<'_>) -> Result<String, Problem> {
    let host = line("host", value)?;
    if host.parse::<IpAddr>().is_ok() {
        return Ok(host.to_owned());
    }
    let refuse = |found: &str| Problem::wrong_value("host", value, found);
    if host.contains("://") {
        return Err(refuse("a URL").help("write the name alone; `port` and `tls` say the rest"));
    }
    if let Some((name, port)) = host.rsplit_once(':')
        && port.parse::<u16>().is_ok()
        && (name.ends_with(']') || !name.contains(':'))
    {
        let name = name.trim_matches(['[', ']']);
        return Err(refuse("one with a port")
            .help(format!("write `host = \"{name}\"` and `port = {port}`")));
    }
    if host.contains([' ', '/', '@', ':', '[', ']']) {
        return Err(refuse("neither"));
    }
    Ok(host.to_owned())
}

pub(super) fn port(value: &Value<'_>) -> Result<u16, Problem> {
    let port = positive("port", value)?;
    u16::try_from(port).map_err(|_| out_of_range("port", value))
}

pub(super) fn tls(value: &Value<'_>) -> Result<Protection, Problem> {
    const WORDS: [(&str, Protection); 3] = [
        ("implicit", Protection::Implicit),
        ("starttls", Protection::StartTls),
        ("none", Protection::None),
    ];
    let word = string("tls", value)?;
    let found = WORDS.iter().find(|(known, _)| *known == word);
    found.map(|(_, tls)| *tls).ok_or_else(|| {
        let problem = Problem::wrong_value("tls", value, "none of them");
        match spelling::nearest(word, WORDS.iter().map(|(known, _)| *known)) {
            Some(meant) => problem.help(format!("did you mean `\"{meant}\"`?")),
            None => problem,
        }
    })
}

pub(super) fn fingerprint(value: &Value<'_>) -> Result<Fingerprint, Problem> {
    const KEY: &str = "tls-fingerprint";
    string(KEY, value)?.parse().map_err(|error| {
        Problem::wrong_value(KEY, value, "something else").help(format!("{error}"))
    })
}

pub(super) fn duration(key: &str, value: &Value<'_>) -> Result<Duration, Problem> {
    let text = string(key, value)?;
    units::duration(text).map_err(|error| quantity(key, value, error))
}

pub(super) fn user(value: &Value<'_>) -> Result<String, Problem> {
    line("user", value).map(str::to_owned)
}

pub(super) fn password(value: &Value<'_>) -> Result<Secret, Problem> {
    line("password", value).map(Secret::new)
}

pub(super) fn password_command(value: &Value<'_>, base: &Base<'_>) -> Result<Vec<String>, Problem> {
    command("password-command", value, base)
}

/// A program and its arguments: an array is taken as it is, a string is split as a shell would. No shell runs.
pub(super) fn command(
    key: &str,
    value: &Value<'_>,
    base: &Base<'_>,
) -> Result<Vec<String>, Problem> {
    let refuse = |found: &str| Problem::wrong_value(key, value, found);
    let words = match value.get_ref() {
        DeValue::String(text) => {
            shell_words::split(text).map_err(|_| refuse("a string with an open quote"))?
        }
        DeValue::Array(array) => {
            let words = array.iter().map(|item| match item.get_ref() {
                DeValue::String(word) => Ok(word.to_string()),
                _ => Err(Problem::wrong_type(key, item)),
            });
            words.collect::<Result<_, _>>()?
        }
        _ => return Err(Problem::wrong_type(key, value)),
    };
    if words.first().is_none_or(String::is_empty) {
        return Err(refuse("empty"));
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err(refuse("one with a NUL character"));
    }
    let words = words.into_iter().enumerate().map(|(at, word)| match at {
        0 => base.program(word),
        _ => base.word(word),
    });
    words
        .collect::<Result<_, _>>()
        .map_err(|error| not_a_path(key, value, error))
}

pub(super) fn leave_on_server(value: &Value<'_>) -> Result<Policy, Problem> {
    const KEY: &str = "leave-on-server";
    match value.get_ref() {
        DeValue::Boolean(true) => Ok(Policy::Keep),
        DeValue::Boolean(false) => Ok(Policy::Delete),
        DeValue::String(text) if text == UNTIL_DELETED => Ok(Policy::KeepWhileHere(None)),
        DeValue::String(text) => period(value, text).map(Policy::KeepFor),
        // Whichever comes first.
        DeValue::Array(array) => {
            let words: Vec<&Value<'_>> = array.iter().collect();
            match words[..] {
                [one, other] => {
                    let is_word =
                        |value: &Value<'_>| value.get_ref().as_str() == Some(UNTIL_DELETED);
                    let days = match (is_word(one), is_word(other)) {
                        (true, false) => other,
                        (false, true) => one,
                        _ => return Err(refuse_array(value)),
                    };
                    let text = string(KEY, days)?;
                    period(days, text).map(|days| Policy::KeepWhileHere(Some(days)))
                }
                _ => Err(refuse_array(value)),
            }
        }
        _ => Err(Problem::wrong_type(KEY, value)),
    }
}

const UNTIL_DELETED: &str = "until-deleted";

fn refuse_array(value: &Value<'_>) -> Problem {
    Problem::wrong_value("leave-on-server", value, "another array")
        .help("to delete what was deleted here, but after 30 days at the latest: `leave-on-server = [\"until-deleted\", \"30d\"]`")
}

/// How long a copy is kept.
fn period(value: &Value<'_>, text: &str) -> Result<Duration, Problem> {
    const KEY: &str = "leave-on-server";
    units::long_duration(text).map_err(|error| {
        if let Some(problem) = unquote(KEY, value, text) {
            return problem;
        }
        let problem = quantity(KEY, value, error);
        if let Some(meant) = spelling::nearest(text, [UNTIL_DELETED]) {
            return problem.help(format!("did you mean `\"{meant}\"`?"));
        }
        problem.help(match error {
            UnitError::Calendar => "say it in days: `leave-on-server = \"30d\"`",
            UnitError::Fine => "say it in hours, days or weeks; a month is `\"30d\"`",
            UnitError::Nothing => "to delete what has arrived: `leave-on-server = false`",
            UnitError::Endless => "to keep all: `leave-on-server = true`",
            UnitError::NotQuantity | UnitError::Huge => "for example `leave-on-server = \"14d\"`",
        })
    })
}

pub(super) fn max_size(value: &Value<'_>) -> Result<Octets, Problem> {
    match value.get_ref() {
        DeValue::String(text) => {
            units::size(text).map_err(|error| quantity("max-size", value, error))
        }
        _ => positive("max-size", value).map(Octets),
    }
}

pub(super) fn max_messages(value: &Value<'_>) -> Result<usize, Problem> {
    let most = positive("max-messages", value)?;
    usize::try_from(most).map_err(|_| out_of_range("max-messages", value))
}

pub(super) fn pipelining(value: &Value<'_>) -> Result<Pipelining, Problem> {
    const KEY: &str = "pipelining";
    match value.get_ref() {
        DeValue::Boolean(true) => Ok(Pipelining::Always),
        DeValue::Boolean(false) => Ok(Pipelining::Never),
        DeValue::String(text) if text == "auto" => Ok(Pipelining::Auto),
        DeValue::String(text) => Err(unquote(KEY, value, text)
            .unwrap_or_else(|| Problem::wrong_value(KEY, value, "another word"))),
        _ => Err(Problem::wrong_type(KEY, value)),
    }
}

pub(super) fn boolean(key: &str, value: &Value<'_>) -> Result<bool, Problem> {
    match value.get_ref() {
        DeValue::Boolean(yes) => Ok(*yes),
        DeValue::String(text) => {
            Err(unquote(key, value, text).unwrap_or_else(|| Problem::wrong_type(key, value)))
        }
        _ => Err(Problem::wrong_type(key, value)),
    }
}

pub(super) fn path(key: &str, value: &Value<'_>, base: &Base<'_>) -> Result<PathBuf, Problem> {
    let text = string(key, value)?;
    base.path(text)
        .map_err(|error| not_a_path(key, value, error))
}

fn not_a_path(key: &str, value: &Value<'_>, error: PathError) -> Problem {
    let problem = Problem::wrong_value(key, value, &error.to_string());
    match error {
        PathError::OtherHome | PathError::OddHome => problem.help("write the path in full"),
        PathError::Empty | PathError::Nul => problem,
    }
}

pub(super) fn string<'v>(key: &str, value: &'v Value<'_>) -> Result<&'v str, Problem> {
    let text = value.get_ref().as_str();
    text.ok_or_else(|| Problem::wrong_type(key, value))
}

/// A string that can be sent: a POP3 command is one line (RFC 1939 §3).
pub(super) fn line<'v>(key: &str, value: &'v Value<'_>) -> Result<&'v str, Problem> {
    let text = string(key, value)?;
    if text.is_empty() {
        return Err(Problem::wrong_value(key, value, "empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(
            Problem::wrong_value(key, value, "one with a control character")
                .help("a server is told one line: no line end, tab or NUL can be in it"),
        );
    }
    Ok(text)
}

/// An integer from 1.
fn positive(key: &str, value: &Value<'_>) -> Result<u64, Problem> {
    let DeValue::Integer(integer) = value.get_ref() else {
        return Err(Problem::wrong_type(key, value));
    };
    number(integer)
        .filter(|number| *number > 0)
        .ok_or_else(|| out_of_range(key, value))
}

fn number(integer: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn out_of_range(key: &str, value: &Value<'_>) -> Problem {
    Problem::wrong_value(key, value, "out of range")
}

fn quantity(key: &str, value: &Value<'_>, error: UnitError) -> Problem {
    Problem::wrong_value(key, value, &error.to_string())
}

/// The problem of a boolean in quotes.
fn unquote(key: &str, value: &Value<'_>, text: &str) -> Option<Problem> {
    matches!(text, "true" | "false").then(|| {
        Problem::wrong_value(key, value, "a string")
            .help(format!("without quotes: `{key} = {text}`"))
    })
}
