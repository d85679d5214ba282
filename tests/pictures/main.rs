//! The place where the README's pictures are taken: popfetch on this terminal, with accounts that have a past.
//!
//! It owns a POP3S server on loopback, a fresh home folder that goes when it ends, and what lies there: a configuration
//! of five accounts and a sixth whose password is wrong, mail that was fetched, a crontab. The runs are real, their
//! dates are not: what the first run fetched is spread over the last month. New mail waits for whoever types
//! `popfetch sync`. It refuses to know how a picture is made: that is `tests/pictures/run`'s.
#![expect(
    clippy::unwrap_used,
    reason = "where nothing can be shown, a panic tells why"
)]

#[path = "../it/support/certificates.rs"]
#[expect(dead_code, reason = "bad certificates are for tests")]
mod certificates;
#[path = "../it/support/connection.rs"]
mod connection;
#[path = "../it/support/maildrop.rs"]
#[expect(dead_code, reason = "new uids are for tests")]
mod maildrop;
#[path = "../it/support/options.rs"]
#[expect(dead_code, reason = "faults are for tests")]
mod options;
#[path = "../it/support/protocol.rs"]
mod protocol;
#[path = "../it/support/server.rs"]
#[expect(dead_code, reason = "the record of a client's words is for tests")]
mod server;
#[path = "../it/support/users.rs"]
mod users;

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use rusqlite::Connection;

use certificates::{Authority, Leaf};
use maildrop::Maildrop;
use options::{Options, Tls};
use server::Server;

/// An account.
struct Scene {
    name: &'static str,
    /// So many messages are fetched before the picture is taken, and so many wait.
    past: usize,
    new: usize,
    /// What it sets beyond the defaults.
    sets: &'static str,
}

const SCENES: [Scene; 5] = [
    Scene::new("work", 310, 240, "leave-on-server = \"28d\""),
    Scene::new("home", 120, 95, ""),
    Scene::new("lists", 600, 420, "leave-on-server = false"),
    Scene::new("club", 40, 60, ""),
    Scene::new("shop", 75, 12, "leave-on-server = \"1w\""),
];

/// Not secret at all.
const PASSWORD: &str = "correct horse";

/// Bytes a second on each connection, so that there are bars to be seen.
const PACE: u64 = 300 << 10;

/// Answers popfetch's question what runs it.
const CRONTAB: &str = "#!/bin/sh\necho '*/10 * * * * popfetch sync # popfetch schedule'\n";

impl Scene {
    const fn new(name: &'static str, past: usize, new: usize, sets: &'static str) -> Self {
        Self {
            name,
            past,
            new,
            sets,
        }
    }

    /// The user's name on the server.
    fn user(&self) -> String {
        format!("{}@example.org", self.name)
    }

    /// The mail of its past, or what is new.
    fn mail(&self, is_new: bool) -> Maildrop {
        // The one message of several megabytes, number 17, would hold the others up.
        let skip = 20 + if is_new { self.past } else { 0 };
        Maildrop::sample(self.name, skip, if is_new { self.new } else { self.past })
    }
}

fn main() -> ExitCode {
    let called = env::args_os().next().unwrap_or_default();
    if Path::new(&called).ends_with("popfetch") {
        return popfetch::cli::run(env::args_os());
    }
    show().unwrap();
    ExitCode::SUCCESS
}

/// Prepares everything, and leaves the terminal to a shell.
fn show() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path();
    let authority = Authority::new();
    let mut options = Options::new(Tls::Implicit(authority.issue(Leaf::Good)));
    options = options.pace(PACE);
    for scene in &SCENES {
        options = options.user(&scene.user(), PASSWORD, scene.mail(false));
    }
    let server = Server::start(options);
    furnish(home, &authority, server.port())?;
    let status = within(home, "popfetch").args(["sync", "-q"]).status()?;
    ensure!(status.success(), "popfetch ended with {status}");
    date_back(home)?;
    for scene in &SCENES {
        for message in scene.mail(true).messages() {
            server.deposit(&scene.user(), (**message).clone());
        }
    }
    within(home, "bash")
        .args(["--norc", "--noprofile"])
        .status()?;
    Ok(())
}

/// Puts programs and configuration into the home folder.
fn furnish(home: &Path, authority: &Authority, port: u16) -> Result<()> {
    let private = |path: &Path, text: &str, mode| {
        fs::write(path, text)?;
        fs::set_permissions(path, Permissions::from_mode(mode))
    };
    let config = home.join(".config/popfetch");
    fs::create_dir_all(&config)?;
    fs::create_dir(home.join("bin"))?;
    symlink(env::current_exe()?, home.join("bin/popfetch"))?;
    private(&home.join("bin/crontab"), CRONTAB, 0o700)?;
    private(&home.join("ca.pem"), &authority.pem(), 0o600)?;
    private(&config.join("password"), PASSWORD, 0o600)?;
    private(&config.join("school.password"), "forgotten", 0o600)?;
    let mut text = format!("[defaults]\nhost = \"localhost\"\nport = {port}\n");
    text += "tls-ca-file = \"~/ca.pem\"\npassword-file = \"password\"\n";
    for scene in &SCENES {
        let (name, sets) = (scene.name, scene.sets);
        let user = scene.user();
        let deliver = format!("deliver = {{ maildir = \"~/Mail/{name}\" }}");
        text += &[
            &format!("[accounts.{name}]\nuser = \"{user}\""),
            sets,
            &deliver,
            "",
        ]
        .join("\n");
    }
    text += "[accounts.school]\nenabled = false\nuser = \"ann@example.org\"\n";
    text += "password-file = \"school.password\"\ndeliver = { maildir = \"~/Mail/school\" }\n";
    private(&config.join("config.toml"), &text, 0o600)?;
    Ok(())
}

/// A program in whose environment only this folder is home.
fn within(home: &Path, program: &str) -> Command {
    // By its path: what is looked up is looked up with this process's variables.
    let own = home.join("bin").join(program);
    let mut command = Command::new(if own.exists() { own } else { program.into() });
    let path = format!("{}:/usr/bin:/bin", home.join("bin").display());
    command.env_clear().current_dir(home).env("HOME", home);
    command.env("PATH", path).env("PS1", "$ ").env("TZ", "UTC");
    let term = env::var_os("TERM").unwrap_or_else(|| "xterm-256color".into());
    command.env("TERM", term).env("LANG", "C.UTF-8");
    command
}

/// Spreads what was fetched over the last month, more of it on some days.
fn date_back(home: &Path) -> Result<()> {
    let ledger = Connection::open(home.join(".local/state/popfetch/state.db"))?;
    // Of three days that a hash of its number names, a message came on the one in the middle of the week.
    ledger.execute_batch(
        "CREATE TEMP TABLE age AS
             SELECT id, 86400 * CASE (id * 7919 / 30) % 3
                 WHEN 0 THEN (id * 7919) % 30
                 ELSE 7 * ((id * 104729) % 5) + (id * 31 % 11) % 3 END AS seconds
             FROM message;
         UPDATE message SET first_seen = first_seen - (SELECT seconds FROM age WHERE age.id = message.id);
         UPDATE delivery SET
             committed = committed - (SELECT seconds FROM age WHERE age.id = message),
             published = published - (SELECT seconds FROM age WHERE age.id = message);",
    )?;
    Ok(())
}
