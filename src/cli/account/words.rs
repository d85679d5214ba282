//! Accounts and what is wanted of them, in words for people and values for programs.
//!
//! It refuses to know where these are configured.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::config::Account;
use crate::delivery::Destination;
use crate::pop3::Security;
use crate::retention::Policy;

/// The length of a day in seconds.
const DAY: u64 = 24 * 60 * 60;

/// What becomes of mail on the server once it was fetched.
pub(in crate::cli) fn retention(policy: Policy) -> String {
    match policy {
        Policy::Keep | Policy::KeepRecent | Policy::KeepForNow => "stays on the server".to_owned(),
        Policy::KeepFor(time) => format!("is deleted from the server after {}", days(time)),
        Policy::KeepWhileHere(None) => {
            "is deleted from the server when you delete it here".to_owned()
        }
        Policy::KeepWhileHere(Some(time)) => format!(
            "is deleted from the server when you delete it here, or after {}",
            days(time)
        ),
        Policy::Delete => "is deleted from the server at once".to_owned(),
    }
}

/// The same as the configuration writes it.
pub(in crate::cli) fn setting(policy: Policy) -> Value {
    let time = |time: Duration| match time.as_secs() {
        seconds if seconds.is_multiple_of(DAY) => format!("{}d", seconds / DAY),
        seconds => format!("{seconds}s"),
    };
    match policy {
        // In Gmail's recent: mode it is so whatever is written.
        Policy::Keep | Policy::KeepRecent | Policy::KeepForNow => json!(true),
        Policy::Delete => json!(false),
        Policy::KeepFor(span) => json!(time(span)),
        Policy::KeepWhileHere(None) => json!("until-deleted"),
        Policy::KeepWhileHere(Some(span)) => json!(["until-deleted", time(span)]),
    }
}

fn days(time: Duration) -> String {
    let count = |unit: u64, name: &str| {
        let count = time.as_secs() / unit;
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {name}{plural}")
    };
    if time.as_secs().is_multiple_of(DAY) {
        count(DAY, "day")
    } else {
        count(60 * 60, "hour")
    }
}

/// Where mail goes.
pub(in crate::cli) fn destination(destination: &Destination, home: &Path) -> String {
    match destination {
        Destination::Maildir(path) => format!("Maildir {}", tilde(path, home)),
        Destination::Mbox(mbox) => format!("mbox {}", tilde(&mbox.path, home)),
        Destination::Pipe(program) => format!("|{}", program.argv.join(" ")),
        Destination::Lmtp(lmtp) => format!("lmtp:{}", lmtp.address),
    }
}

/// The server with the port, and how the line is protected.
pub(in crate::cli) fn server(account: &Account) -> String {
    let endpoint = &account.endpoint;
    let protection = match endpoint.security {
        Security::Implicit(_) => "TLS",
        Security::StartTls(_) => "TLS by STLS",
        Security::Cleartext => "no TLS",
    };
    format!("{} port {}, {protection}", endpoint.host, endpoint.port)
}

/// A path as it is shown and written: `~` for the home folder.
pub(in crate::cli) fn tilde(path: &Path, home: &Path) -> String {
    match path.strip_prefix(home) {
        Ok(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Ok(rest) => format!("~/{}", rest.display()),
        Err(_) => path.display().to_string(),
    }
}

/// What somebody types as a path: a relative one starts where they are, unless it begins with `~`.
pub(in crate::cli) fn typed_path(text: &str, home: &Path) -> String {
    if text.starts_with('~') {
        return text.to_owned();
    }
    let path = std::path::absolute(text).unwrap_or_else(|_| PathBuf::from(text));
    tilde(&path, home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_said_as_people_say_it() {
        let days = |days| Duration::from_secs(days * DAY);
        for (policy, words) in [
            (Policy::Keep, "stays on the server"),
            (
                Policy::KeepFor(days(1)),
                "is deleted from the server after 1 day",
            ),
            (
                Policy::KeepFor(days(30)),
                "is deleted from the server after 30 days",
            ),
            (
                Policy::KeepFor(days(1) / 2),
                "is deleted from the server after 12 hours",
            ),
            (Policy::Delete, "is deleted from the server at once"),
        ] {
            assert_eq!(retention(policy), words);
        }
    }

    #[test]
    fn for_programs_retention_is_as_the_configuration_has_it() {
        let days = |days| Duration::from_secs(days * DAY);
        for (policy, value) in [
            (Policy::Keep, json!(true)),
            (Policy::KeepFor(days(14)), json!("14d")),
            (Policy::KeepFor(days(1) / 2), json!("43200s")),
            (Policy::KeepWhileHere(None), json!("until-deleted")),
            (
                Policy::KeepWhileHere(Some(days(30))),
                json!(["until-deleted", "30d"]),
            ),
            (Policy::Delete, json!(false)),
        ] {
            assert_eq!(setting(policy), value);
        }
    }

    #[test]
    fn paths_are_short_at_home_and_whole_elsewhere() {
        let home = Path::new("/home/me");
        assert_eq!(typed_path("/home/me/Mail/a", home), "~/Mail/a");
        assert_eq!(typed_path("/home/me", home), "~");
        assert_eq!(typed_path("/srv/mail", home), "/srv/mail");
        assert_eq!(typed_path("~/x", home), "~/x");
        assert!(Path::new(&typed_path("x", home)).is_absolute());
    }
}
