//! launchd's property list: how it is written, and what one that is installed says.
//!
//! It refuses to change anything. Invariant: one that is ours has our label and our mark.

use std::fs;
use std::path::{Path, PathBuf};

use super::every::Every;
use super::job::Job;
use super::{Kind, Timer};

/// What launchd knows it by.
pub(super) const LABEL: &str = "org.popfetch.sync";

/// What a list of ours has in its second line.
pub(super) const MARK: &str =
    "<!-- Written by `popfetch schedule launchd`, which its remove option takes away again. -->";

/// Where the list is.
pub(super) fn path(home: &Path) -> PathBuf {
    home.join(format!("Library/LaunchAgents/{LABEL}.plist"))
}

/// The list.
pub(super) fn list(job: &Job, every: Every) -> String {
    let word = |word| format!("    <string>{}</string>\n", escape(word));
    let words = job.words().map(word).collect::<Vec<_>>().concat();
    let variable = |(name, value): &(_, String)| {
        format!("    <key>{name}</key><string>{}</string>\n", escape(value))
    };
    let variables = job.variables.iter().map(variable).collect::<Vec<_>>();
    let mut variables = variables.concat();
    if !variables.is_empty() {
        variables = format!("  <key>EnvironmentVariables</key>\n  <dict>\n{variables}  </dict>\n");
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
{MARK}
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
{variables}  <key>StartInterval</key>
  <integer>{}</integer>
  <key>ProcessType</key>
  <string>Background</string>
</dict>
</plist>"#,
        every.in_minutes() * 60
    )
}

/// Text between tags (XML 1.0 §2.4).
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The list that is installed for this user. When launchd starts it next, it tells nobody.
pub(super) fn timer(home: &Path) -> Option<Timer> {
    let list = fs::read_to_string(path(home)).ok()?;
    let (_, rest) = list.split_once("<key>StartInterval</key>")?;
    let (_, rest) = rest.split_once("<integer>")?;
    let (seconds, _) = rest.split_once("</integer>")?;
    let every: Every = format!("{}s", seconds.trim()).parse().ok()?;
    Some(Timer {
        kind: Kind::Launchd,
        every: every.to_string(),
        next: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_special_in_xml_is_escaped() {
        let job = Job {
            program: "/R&D <x>/popfetch".to_owned(),
            arguments: vec!["sync".to_owned(), "Grüße \"%\" '".to_owned()],
            variables: vec![("XDG_STATE_HOME", "/a&b".to_owned())],
        };
        let list = list(&job, Every::minutes(90));
        for part in [
            "<string>/R&amp;D &lt;x&gt;/popfetch</string>",
            "<string>Grüße \"%\" '</string>",
            "<key>XDG_STATE_HOME</key><string>/a&amp;b</string>",
            "<integer>5400</integer>",
        ] {
            assert!(list.contains(part), "{part}\n{list}");
        }
    }

    #[test]
    fn a_list_that_is_installed_is_read_again() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(timer(home.path()), None);
        let job = Job {
            program: "/usr/bin/popfetch".to_owned(),
            arguments: vec!["sync".to_owned()],
            variables: Vec::new(),
        };
        let path = path(home.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, list(&job, Every::minutes(90))).unwrap();
        assert_eq!(timer(home.path()).unwrap().every, "every 90 minutes");
    }
}
