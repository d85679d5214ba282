//! Where popfetch runs: a new folder with its configuration, its state and the mail that it fetched.
//!
//! It owns the configuration's lines. It refuses to know what is on the server. The folder goes with the `Home`.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use memchr::memmem;
use tempfile::TempDir;

/// Where the mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deliver {
    Maildir,
    Mbox,
}

/// Which server, and how it is spoken to.
pub(crate) struct Access<'s> {
    pub(crate) port: u16,
    /// The PEM file of the authority that signed for the server; without one there is no TLS.
    pub(crate) authority: Option<&'s Path>,
    pub(crate) password: &'s str,
}

/// The folder, and what is delivered how to it.
pub(crate) struct Home {
    folder: TempDir,
    deliver: Deliver,
}

impl Home {
    /// A home with an account for each user.
    pub(crate) fn new(access: &Access<'_>, users: &[String], deliver: Deliver) -> Self {
        let home = Self {
            folder: TempDir::with_prefix_in("popfetch-bench-", folder()).unwrap(),
            deliver,
        };
        let Access { port, password, .. } = access;
        let tls = access.authority.map_or_else(
            || "tls = \"none\"".to_owned(),
            |file| format!("tls-ca-file = \"{}\"", file.display()),
        );
        let mut text = format!("[defaults]\nhost = \"localhost\"\nport = {port}\n{tls}\n");
        for user in users {
            let (kind, place) = match deliver {
                Deliver::Maildir => ("maildir", home.mail(user)),
                Deliver::Mbox => ("mbox", home.mail(user)),
            };
            let place = place.display();
            writeln!(
                text,
                "[accounts.{user}]\nuser = \"{user}\"\npassword = \"{password}\"\n\
                 deliver = {{ {kind} = \"{place}\" }}"
            )
            .unwrap();
        }
        fs::write(home.config(), text).unwrap();
        // popfetch refuses a password that others can read.
        fs::set_permissions(home.config(), Permissions::from_mode(0o600)).unwrap();
        home
    }

    /// The command that fetches what is new.
    pub(crate) fn sync(&self, popfetch: &Path) -> Command {
        let mut command = Command::new(popfetch);
        command
            .arg("--config")
            .arg(self.config())
            .args(["sync", "--quiet"])
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.folder.path().join("state"));
        command
    }

    /// How many messages are here.
    pub(crate) fn count(&self, users: &[String]) -> usize {
        let count = |user: &String| match self.deliver {
            Deliver::Maildir => {
                fs::read_dir(self.mail(user).join("new")).map_or(0, Iterator::count)
            }
            Deliver::Mbox => {
                let mbox = fs::read(self.mail(user)).unwrap_or_default();
                // Lines of a message that begin so are quoted.
                let rest = memmem::find_iter(&mbox, b"\nFrom ").count();
                usize::from(mbox.starts_with(b"From ")) + rest
            }
        };
        users.iter().map(count).sum()
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn mail(&self, user: &str) -> PathBuf {
        self.folder.path().join("mail").join(user)
    }
}

/// Where homes are made.
pub(crate) fn folder() -> PathBuf {
    env::var_os("POPFETCH_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
