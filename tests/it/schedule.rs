//! `popfetch schedule`: what is printed, installed and removed for cron, systemd and launchd, whatever the paths are
//! called.
//!
//! The machine's own crontab and services are left alone: crontab(1) and systemctl(1) are stood in for by scripts that
//! come first in PATH. What systemd makes of the units, `systemd-analyze verify` says.

mod cron;
mod secrets;
mod systemd;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::support::sandbox::{Finished, Running, Sandbox};

/// A crontab(1) that keeps the table in a file of the sandbox and speaks as Debian's does.
const CRONTAB: &str = r#"#!/bin/sh
table=$HOME/crontab
case $1 in
-l) [ -e "$table" ] || { echo "no crontab for me" >&2; exit 1; }; cat "$table" ;;
-r) rm "$table" ;;
-) cat > "$table.new" && mv "$table.new" "$table" ;;
*) exit 2 ;;
esac
"#;

/// A name that each of the tables has to quote, but for the backslash, which cron refuses.
const HOSTILE: &str = "100%h \"mé\" it's $HOME & <b> #!";

/// One that systemd takes for a program without the help of a shell, so that it looks whether the program is there.
const ODD: &str = "100%h mé $HOME & <b> #!";

const ACCOUNT: &str = "[accounts.work]
host = \"pop.example.com\"
user = \"ann\"
password-command = [\"/bin/echo\", \"secret\"]
deliver = { maildir = \"~/Mail\" }
";

/// popfetch with programs of its own in PATH.
struct Place {
    sandbox: Sandbox,
    /// The folder of program, configuration and state, where it is not the sandbox's.
    folder: Option<PathBuf>,
}

impl Place {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.config(ACCOUNT);
        let place = Self {
            sandbox,
            folder: None,
        };
        place.script("crontab", CRONTAB);
        // systemd is not reached, as in a container.
        place.script(
            "systemctl",
            "#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n",
        );
        place
    }

    /// The same in which all that is named in a table is in a folder of this name.
    fn named(name: &str) -> Self {
        let mut place = Self::new();
        let folder = place.sandbox.path(name);
        fs::create_dir_all(folder.join("config/popfetch")).unwrap();
        fs::write(folder.join("config/popfetch/config.toml"), ACCOUNT).unwrap();
        // cp(1) copies it: a file that this process has open for writing may be inherited by another test's child, and
        // then cannot be run.
        let mut cp = Command::new("cp");
        cp.arg(place.sandbox.command().get_program())
            .arg(folder.join("popfetch"));
        assert!(cp.status().unwrap().success());
        place.folder = Some(folder);
        place
    }

    /// Puts a script into PATH.
    fn script(&self, name: &str, text: &str) {
        let path = self.sandbox.write(&format!("bin/{name}"), text);
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self) -> Command {
        let like = self.sandbox.command();
        let program = self.folder.as_ref().map(|folder| folder.join("popfetch"));
        let mut command = Command::new(program.unwrap_or_else(|| like.get_program().into()));
        let variables = like
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        command.env_clear().envs(variables);
        command.current_dir(self.sandbox.path("home"));
        let bin = self.sandbox.path("bin");
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        if let Some(folder) = &self.folder {
            command.env("XDG_CONFIG_HOME", folder.join("config"));
            command.env("XDG_STATE_HOME", folder.join("state"));
        }
        command
    }

    fn run<const N: usize>(&self, arguments: [&str; N]) -> Finished {
        let mut command = self.command();
        command.arg("schedule").args(arguments);
        Running::new(command).finish()
    }

    /// The same, and all went well.
    #[track_caller]
    fn well<const N: usize>(&self, arguments: [&str; N]) -> Finished {
        let out = self.run(arguments);
        assert_eq!(out.code, 0, "{arguments:?}: {}", out.stderr);
        out
    }

    fn crontab(&self) -> Option<String> {
        fs::read_to_string(self.sandbox.home("crontab")).ok()
    }
}

#[test]
fn launchd_is_given_a_list_that_names_the_program_and_its_folders() {
    let place = Place::named(HOSTILE);
    let out = place.well(["launchd", "--every", "90m"]);
    let program = place.folder.unwrap().join("popfetch");
    let escaped = program
        .to_str()
        .unwrap()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let words = format!("<string>{escaped}</string>\n    <string>sync</string>");
    assert!(out.stdout.contains(&words), "{}", out.stdout);
    assert!(out.stdout.contains("<integer>5400</integer>"));
    let path = "Library/LaunchAgents/org.popfetch.sync.plist";
    assert!(out.stderr.contains(path), "{}", out.stderr);
    assert!(!place.sandbox.home(path).exists());
}

#[cfg(not(target_os = "macos"))]
#[test]
fn launchd_gets_nothing_where_it_is_not() {
    let place = Place::new();
    let out = place.run(["launchd", "--install"]);
    assert_eq!(out.code, 64);
    assert!(out.stderr.contains("macOS"), "{}", out.stderr);
    let out = place.well(["launchd", "--remove"]);
    assert!(out.stderr.contains("nothing"), "{}", out.stderr);
    // One that was copied there by hand goes; one that is not ours stays.
    let path = "home/Library/LaunchAgents/org.popfetch.sync.plist";
    let list = place.well(["launchd"]).stdout;
    let path = place.sandbox.write(path, list);
    place.well(["launchd", "--remove"]);
    assert!(!path.exists());
    fs::write(&path, "<plist/>").unwrap();
    assert_eq!(place.run(["launchd", "--remove"]).code, 74);
    assert!(path.exists());
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_done() {
    let place = Place::new();
    for (arguments, words) in [
        (["cron", "--every", "90m"], "only every 1, 2, 3"),
        (["cron", "--every", "10s"], "whole minutes"),
        (["cron", "--install", "--remove"], "cannot be used with"),
        (["cron", "--remove", "work"], "cannot be used with"),
        (["cron", "--watch", "--install"], "systemd only"),
        (["cron", "--install", "wrok"], "did you mean \"work\"?"),
        (["cron", "--install", "--json"], "no data"),
    ] {
        let out = place.run(arguments);
        assert_eq!(out.code, 64, "{arguments:?}: {}", out.stderr);
        assert!(out.stderr.contains(words), "{arguments:?}: {}", out.stderr);
        assert_eq!(out.stdout, "");
    }
    assert_eq!(place.crontab(), None);
}

#[test]
fn a_timer_for_no_configuration_is_refused() {
    let place = Place::new();
    fs::remove_file(place.sandbox.path("config/popfetch/config.toml")).unwrap();
    assert_eq!(place.run(["cron", "--install"]).code, 78);
    assert_eq!(place.crontab(), None);
    // What is to go needs none.
    place.well(["cron", "--remove"]);
    place.well(["systemd", "--remove"]);
}
