//! `popfetch account`: accounts come into the configuration and go, by questions and by options.
//!
//! It owns a server under TLS that one user may log in to, and how popfetch comes to trust it. What a terminal shows is
//! in `wizard`, what providers publish in `published`.

mod changes;
mod keyring;
mod options;
mod published;
mod publisher;
mod wizard;

use std::path::PathBuf;

use super::support::certificates::{Authority, Leaf};
use super::support::mailbox::{PASSWORD, USER};
use super::support::maildrop::Maildrop;
use super::support::options::{Options, Tls};
use super::support::sandbox::{Finished, Running, Sandbox};
use super::support::server::Server;

/// A server, and popfetch that trusts it and has no account.
struct Place {
    sandbox: Sandbox,
    server: Server,
    authority: Authority,
    /// The roots that popfetch trusts.
    roots: PathBuf,
}

impl Place {
    /// A server with so many messages.
    fn new(count: usize) -> Self {
        let authority = Authority::new();
        let tls = Tls::Implicit(authority.issue(Leaf::Good));
        let mail = Maildrop::sample("mail", 0, count);
        let server = Server::start(Options::new(tls).user(USER, PASSWORD, mail));
        let sandbox = Sandbox::new();
        let roots = sandbox.write("roots.pem", authority.pem());
        Self {
            sandbox,
            server,
            authority,
            roots,
        }
    }

    /// Runs popfetch to its end.
    fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = self.sandbox.command();
        command.args(arguments).env("SSL_CERT_FILE", &self.roots);
        Running::new(command).finish()
    }

    /// `popfetch account add` for the server's user, with these options.
    fn add(&self, options: &[&str]) -> Finished {
        let port = self.server.port().to_string();
        let server = [
            "account",
            "add",
            USER,
            "--host",
            "127.0.0.1",
            "--port",
            &port,
        ];
        self.run(&[&server, options].concat())
    }

    /// The configuration; nothing if there is none.
    fn config(&self) -> String {
        let path = self.sandbox.path("config/popfetch/config.toml");
        std::fs::read_to_string(path).unwrap_or_default()
    }
}

/// The option for a command that prints the password; it is a file's name that it prints from.
fn command(place: &Place) -> String {
    let path = place.sandbox.write("home/secret", PASSWORD);
    format!("cat '{}'", path.display())
}

#[track_caller]
fn says(out: &Finished, parts: &[&str]) {
    for part in parts {
        assert!(out.stderr.contains(part), "no {part:?} in {}", out.stderr);
    }
    assert!(!out.stderr.contains(PASSWORD), "{}", out.stderr);
}
