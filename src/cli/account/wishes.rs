//! Asks where the mail is to go and what is to stay on the server.
//!
//! It refuses to judge the answers: the configuration does. Invariant: what is proposed deletes nothing.

use std::path::Path;

use crate::cli::args::AccountAdd;
use crate::cli::usage::Cancelled;
use crate::config::Setting;

use super::ask::Asker;
use super::words::typed_path;

/// The value of `deliver` that the options say.
pub(super) fn given_destination(options: &AccountAdd, home: &Path) -> Option<Setting> {
    let path = |path: &Path| typed_path(&path.to_string_lossy(), home);
    let given = [
        ("maildir", options.maildir.as_deref().map(path)),
        ("mbox", options.mbox.as_deref().map(path)),
        ("pipe", options.pipe.clone()),
        ("lmtp", options.lmtp.clone()),
    ];
    let mut given = given
        .into_iter()
        .filter_map(|(kind, value)| Some((kind, value?)));
    given
        .next()
        .map(|pair| Setting::Table(vec![(pair.0, pair.1.into())]))
}

/// A Maildir of the account's name.
pub(super) fn usual_destination(name: &str) -> Setting {
    Setting::Table(vec![("maildir", format!("~/Mail/{name}").into())])
}

/// Asks for the destination.
pub(super) fn destination(name: &str, home: &Path, asker: &Asker) -> Result<Setting, Cancelled> {
    asker.tell("");
    asker.tell(
        "Where is the mail to go? A folder gets a Maildir; mbox:FILE, |COMMAND and lmtp:ADDRESS are possible, too.",
    );
    let answer = asker.line("Destination", Some(&format!("~/Mail/{name}")))?;
    let (kind, value) = understood(&answer, home);
    Ok(Setting::Table(vec![(kind, value.into())]))
}

fn understood(answer: &str, home: &Path) -> (&'static str, String) {
    if let Some(command) = answer.strip_prefix('|') {
        return ("pipe", command.trim().to_owned());
    }
    match answer.split_once(':') {
        Some(("lmtp", address)) => ("lmtp", address.to_owned()),
        Some(("mbox", path)) => ("mbox", typed_path(path, home)),
        Some(("maildir", path)) => ("maildir", typed_path(path, home)),
        _ => ("maildir", typed_path(answer, home)),
    }
}

/// The value of `leave-on-server` that a word says.
pub(super) fn retention_of(word: &str) -> Setting {
    match word {
        "true" => Setting::Flag(true),
        "false" => Setting::Flag(false),
        word => Setting::Text(word.to_owned()),
    }
}

/// Asks what is to stay on the server.
pub(super) fn retention(destination: &Setting, asker: &Asker) -> Result<Setting, Cancelled> {
    let mut answers = vec![
        ("never", Setting::Flag(true)),
        (
            "after 30 days; type 14d for 14 days",
            Setting::Text("30d".to_owned()),
        ),
    ];
    // Only what is in a Maildir can be seen to be deleted.
    if matches!(destination, Setting::Table(pairs) if pairs.iter().any(|(kind, _)| *kind == "maildir"))
    {
        answers.push((
            "when I delete it here",
            Setting::Text("until-deleted".to_owned()),
        ));
    }
    answers.push(("once it is safe here", Setting::Flag(false)));
    let is_time = |answer: &str| {
        let begins = answer.starts_with(|c: char| c.is_ascii_digit());
        begins && answer.ends_with(|c: char| c.is_ascii_alphabetic())
    };
    asker.choose(
        "When is mail to be deleted from the server?",
        &answers,
        |answer| is_time(answer).then(|| Setting::Text(answer.replace(' ', ""))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_understood_as_it_is_typed() {
        let home = Path::new("/home/me");
        for (answer, kind, value) in [
            ("~/Mail/x", "maildir", "~/Mail/x"),
            ("/home/me/a:b", "maildir", "~/a:b"),
            ("mbox:/var/mail/me", "mbox", "/var/mail/me"),
            ("|procmail -d 'a b'", "pipe", "procmail -d 'a b'"),
            ("| procmail", "pipe", "procmail"),
            ("lmtp:unix:/run/lmtp", "lmtp", "unix:/run/lmtp"),
            ("maildir:/m", "maildir", "/m"),
        ] {
            assert_eq!(understood(answer, home), (kind, value.to_owned()));
        }
    }
}
