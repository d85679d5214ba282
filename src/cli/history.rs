//! `popfetch history`: what came when, where each message is now, and what became of it on the server.

use anyhow::Context;
use console::{Term, truncate_str};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, civil};
use serde_json::{Value, json};

use super::args::{Global, History};
use super::cure::Whose;
use super::exit::Status;
use super::header::Header;
use super::usage::Usage;
use super::wrap::wrap;
use super::{accounts, report, surroundings, visible};
use crate::config::Account;
use crate::state::{Ledger, MARKED, Past};
use crate::sync::{self, Found, Outcome, Tally};

/// A message, where it is in each of its places, and what its header says.
struct Message {
    past: Past,
    found: Vec<Found>,
    header: Header,
}

/// Tells of the messages that are asked for.
pub(super) fn history(options: &History, global: &Global) -> anyhow::Result<Status> {
    let (config, folders) = accounts::load(global)?;
    let selected = match options.accounts.as_slice() {
        // Also those that are not enabled: they may have been.
        [] => config.accounts.iter().collect(),
        names => accounts::select(&config, names)?,
    };
    let zone = TimeZone::system();
    let wanted = Wanted::new(options, &zone)?;
    if !Ledger::is_there(&folders.state) {
        report::say(&"Nothing is on record yet.");
        return Ok(Status::Well);
    }
    let ledger = Ledger::open(&folders.state, surroundings::stop_flag()?)?;
    let claimed = config.maildrops();
    let mut status = Status::Well;
    let (mut shown, mut hidden) = (0, 0);
    for account in selected {
        let mut older = 0;
        let past = sync::past(
            &ledger,
            (&account.endpoint, &account.user),
            &claimed,
            &account.destinations,
            |rows| {
                let is_wanted = |past: &Past| wanted.takes(past);
                let mut found = rows.history(wanted.since, wanted.until, is_wanted)?;
                if let Some(last) = wanted.last {
                    older = found.len().saturating_sub(last);
                    found.drain(..older);
                }
                Ok(found)
            },
        );
        hidden += older;
        match past {
            Ok(past) => {
                shown += past.len();
                show(account, past, global, &zone)?;
            }
            Err(error) => {
                let failure = Some(error);
                let outcome = Outcome {
                    tally: Tally::default(),
                    failure,
                };
                for line in report::run(&Whose::of(account), &outcome, false, false).lines() {
                    report::say(&line);
                }
                status = status.max(Status::of_outcome(&outcome));
            }
        }
    }
    if shown == 0 && status == Status::Well && !global.quiet {
        report::say(&"There is no such message on record.");
    }
    if hidden > 0 && !global.quiet {
        let what = if hidden == 1 {
            "1 older message is"
        } else {
            &format!("{hidden} older messages are")
        };
        report::say(&format!("{what} not shown; see all by --all."));
    }
    Ok(status)
}

/// Which messages are asked for.
struct Wanted {
    since: Timestamp,
    until: Timestamp,
    uid: Option<String>,
    message_id: Option<String>,
    /// In lower case.
    sender: Option<String>,
    last: Option<usize>,
}

/// So many messages of an account are shown where nothing is asked for.
const LAST: usize = 50;

impl Wanted {
    fn new(options: &History, zone: &TimeZone) -> anyhow::Result<Self> {
        let moment = |text: &Option<String>, is_end: bool| match text {
            None => Ok(None),
            Some(text) => moment(text, is_end, zone).map(Some),
        };
        let is_search = options.uid.is_some()
            || options.message_id.is_some()
            || options.from.is_some()
            || options.since.is_some()
            || options.until.is_some();
        let message_id = options.message_id.as_deref();
        let bare = message_id.map(|id| id.trim_start_matches('<').trim_end_matches('>'));
        Ok(Self {
            since: moment(&options.since, false)?.unwrap_or(Timestamp::MIN),
            until: moment(&options.until, true)?.unwrap_or(Timestamp::MAX),
            uid: options.uid.clone(),
            message_id: bare.map(str::to_owned),
            sender: options.from.as_ref().map(|sender| sender.to_lowercase()),
            last: (!is_search && !options.all).then_some(LAST),
        })
    }

    fn takes(&self, past: &Past) -> bool {
        let heading = &past.heading;
        let is_uid = |wanted: &String| {
            past.uid
                .as_ref()
                .is_some_and(|uid| uid.to_string() == *wanted)
        };
        let carries_id = |wanted: &String| heading.message_id.as_ref() == Some(wanted);
        let is_sender = |wanted: &String| {
            let sender = header(past).from.unwrap_or_default();
            sender.to_lowercase().contains(wanted)
        };
        self.uid.as_ref().is_none_or(is_uid)
            && self.message_id.as_ref().is_none_or(carries_id)
            && self.sender.as_ref().is_none_or(is_sender)
    }
}

/// The moment that a date or a length of time means: a day as an end counts whole.
fn moment(text: &str, is_end: bool, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let wrong = || Usage::NoMoment {
        text: text.to_owned(),
    };
    let now = Timestamp::now().to_zoned(zone.clone());
    if let Ok(date) = text.parse::<civil::Date>()
        && !text.contains(['T', ' '])
    {
        let day = if is_end { date.tomorrow() } else { Ok(date) };
        let day = day.and_then(|day| day.to_zoned(zone.clone()));
        return Ok(day.map_err(|_| wrong())?.timestamp());
    }
    if let Ok(time) = text.parse::<civil::DateTime>() {
        return Ok(time
            .to_zoned(zone.clone())
            .map_err(|_| wrong())?
            .timestamp());
    }
    let day = match text {
        "today" => Some(0),
        "yesterday" => Some(1),
        _ => None,
    };
    if let Some(ago) = day {
        let ago = if is_end { ago - 1 } else { ago };
        return Ok(now.start_of_day()?.checked_sub(ago.days())?.timestamp());
    }
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    if !span.is_positive() {
        return Err(wrong().into());
    }
    let moment = now
        .checked_sub(span)
        .with_context(|| format!("\"{text}\" is too long ago"))?;
    Ok(moment.timestamp())
}

/// What its header says, decoded.
fn header(past: &Past) -> Header {
    let mut raw = Vec::new();
    let fields = [
        ("From", &past.heading.sender),
        ("Subject", &past.heading.subject),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            raw.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    }
    Header::read(&raw)
}

fn show(
    account: &Account,
    past: Vec<(Past, Vec<Found>)>,
    global: &Global,
    zone: &TimeZone,
) -> anyhow::Result<()> {
    let stdout = Term::stdout();
    let width: Option<usize> = stdout.is_term().then(|| stdout.size().1.into());
    for (past, found) in past {
        let header = header(&past);
        let message = Message {
            past,
            found,
            header,
        };
        if global.json {
            report::data(&visible::json(&object(&account.name, &message)))?;
            continue;
        }
        for (at, line) in lines(&account.name, &message, zone).iter().enumerate() {
            let lines = match width {
                // A subject may be long, and its start says enough; a path does not.
                Some(width) if at == 0 => vec![truncate_str(line, width, "…").into_owned()],
                width => wrap("", 4, line, width),
            };
            for line in lines {
                report::data(&line)?;
            }
        }
    }
    Ok(())
}

/// A message in some lines: what came when, then where it is, and what the server has.
fn lines(account: &str, message: &Message, zone: &TimeZone) -> Vec<String> {
    let Message {
        past,
        found,
        header,
    } = message;
    let at = |time: Timestamp| {
        time.to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    };
    let shown = |text: Option<&String>| text.map_or_else(String::new, |text| visible::text(text));
    let sender = shown(header.sender.as_ref());
    let subject = shown(header.subject.as_ref());
    let mut lines = vec![
        match past.source {
            // Its header was never here.
            Some(_) => format!("{} {account}", at(past.fetched)),
            None => format!("{} {account}: {sender}: {subject}", at(past.fetched)),
        },
        format!("  {}, {}, {}", uid(past), past.size, server(past, &at)),
    ];
    if let Some(source) = &past.source {
        lines.push(format!("  {}", elsewhere(source)));
    }
    for (place, found) in past.places.iter().zip(found) {
        lines.push(format!(
            "  {}",
            visible::text(&self::place(&place.address, found, place.reason.as_deref()))
        ));
    }
    lines
}

/// Who has a message that popfetch did not fetch.
fn elsewhere(source: &str) -> String {
    if source == MARKED {
        "marked as seen, and not fetched".to_owned()
    } else {
        format!("fetched by {}", visible::text(source))
    }
}

fn uid(past: &Past) -> String {
    match &past.uid {
        Some(uid) => format!("uid {uid}"),
        None => "its uid is another message's".to_owned(),
    }
}

/// What became of the server's copy.
fn server(past: &Past, at: &dyn Fn(Timestamp) -> String) -> String {
    match (past.delete_sent, past.absent_since) {
        (Some(sent), Some(_)) => format!("deleted from the server {}", at(sent)),
        (Some(sent), None) => format!("the server was told to delete it {}", at(sent)),
        (None, Some(since)) => format!("not on the server since {}", at(since)),
        (None, None) => "on the server".to_owned(),
    }
}

fn place(address: &str, found: &Found, reason: Option<&str>) -> String {
    match found {
        Found::File(path) => format!("in {}", path.display()),
        Found::Mbox(path) => format!("put into {}", path.display()),
        Found::HandedOver => format!("handed to {address}"),
        Found::Gone => format!("no longer in {address}"),
        Found::OutOfReach => format!("put into {address}, which is not there now"),
        Found::Waits => match reason {
            Some(reason) => format!("waits for {address}: {reason}"),
            None => format!("waits for {address}"),
        },
    }
}

fn object(account: &str, message: &Message) -> Value {
    let Message {
        past,
        found,
        header,
    } = message;
    let said = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let places = past.places.iter().zip(found).map(|(place, found)| {
        let (state, file) = match found {
            Found::File(path) => ("here", Some(path.display().to_string())),
            Found::Mbox(path) => ("delivered", Some(path.display().to_string())),
            Found::HandedOver => ("delivered", None),
            Found::Gone => ("gone", None),
            Found::OutOfReach => ("out of reach", None),
            Found::Waits => ("waiting", None),
        };
        json!({
            "destination": place.address,
            "state": state,
            "file": file,
            "delivered": said(place.published),
            "reason": place.reason,
        })
    });
    json!({
        "version": report::JSON_VERSION,
        "account": account,
        "uid": past.uid.as_ref().map(ToString::to_string),
        "message_id": past.heading.message_id,
        "from": header.from,
        "subject": header.subject,
        "fetched": past.fetched.to_string(),
        "octets": past.size.0,
        "sha256": past.digest.map(|digest| digest.to_string()),
        "source": past.source,
        "places": places.collect::<Vec<_>>(),
        "on_server": past.absent_since.is_none(),
        "absent_since": said(past.absent_since),
        "delete_sent": said(past.delete_sent),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_user_is_and_counts_whole_as_an_end() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let moment = |text, is_end| moment(text, is_end, &berlin).map(|at| at.to_string());
        assert_eq!(moment("2026-11-02", false).unwrap(), "2026-11-01T23:00:00Z");
        assert_eq!(moment("2026-11-02", true).unwrap(), "2026-11-02T23:00:00Z");
        assert_eq!(
            moment("2026-11-02 08:30", true).unwrap(),
            "2026-11-02T07:30:00Z"
        );
        for wrong in ["", "soon", "02.11.2026", "-2d", "2026-13-01"] {
            assert!(moment(wrong, false).is_err(), "{wrong}");
        }
        for right in ["2d", "3 weeks", "today", "yesterday"] {
            assert!(moment(right, false).is_ok(), "{right}");
        }
    }
}
