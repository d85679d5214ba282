//! A sandbox, a server with one user's mail, and the account that leads from one to the other: what most tests of the
//! command line begin with.
//!
//! It owns the account's lines in the configuration. It refuses to know what is to go wrong.
//! Invariant: the configuration is written anew, whole, each time.

use super::maildrop::{Maildrop, Message};
use super::options::{Options, Tls};
use super::sandbox::{Finished, Sandbox};
use super::server::Server;

/// The user on the server.
pub(crate) const USER: &str = "me@example.org";

/// The user's password: nothing else in a test looks like it.
pub(crate) const PASSWORD: &str = "Tr0ub4dor-and-3";

/// One user's mail on a server, and popfetch that is to fetch it.
pub(crate) struct Mailbox {
    pub(crate) sandbox: Sandbox,
    pub(crate) server: Server,
}

impl Mailbox {
    /// So many messages on a server, and an account `work` that delivers them to `Mail/work`, its password in the
    /// configuration.
    pub(crate) fn new(count: usize) -> Self {
        Self::within(Sandbox::new(), count)
    }

    /// The same in this sandbox.
    pub(crate) fn within(sandbox: Sandbox, count: usize) -> Self {
        let mail = Maildrop::sample("mail", 0, count);
        let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
        Self::of(sandbox, options)
    }

    /// A server like this, which has the user.
    pub(crate) fn of(sandbox: Sandbox, options: Options) -> Self {
        let mailbox = Self {
            sandbox,
            server: Server::start(options),
        };
        mailbox.configure("");
        mailbox
    }

    /// Writes the configuration, with these lines more in the account.
    pub(crate) fn configure(&self, lines: &str) {
        self.configure_password(&format!("password = \"{PASSWORD}\""), lines);
    }

    /// Writes the configuration with this line, or none, as the password's source.
    pub(crate) fn configure_password(&self, source: &str, lines: &str) {
        let table = account("work", self.server.port(), USER);
        self.sandbox.config(&format!("{table}{source}\n{lines}\n"));
    }

    /// `popfetch sync`.
    pub(crate) fn sync(&self) -> Finished {
        self.sandbox.run(["sync"])
    }

    /// Writes the configuration with this in place of the Maildir, and these lines more in the account.
    pub(crate) fn configure_delivery(&self, deliver: &str, lines: &str) {
        let table = account("work", self.server.port(), USER);
        let table = table.replace("{ maildir = \"~/Mail/work\" }", deliver);
        let password = format!("password = \"{PASSWORD}\"");
        self.sandbox
            .config(&format!("{table}{password}\n{lines}\n"));
    }

    /// What is in the account's Maildir, sorted by content.
    pub(crate) fn here(&self) -> Vec<Vec<u8>> {
        self.sandbox.mail("Mail/work")
    }

    /// What is on the server, as a Maildir should hold it, sorted by content.
    pub(crate) fn there(&self) -> Vec<Vec<u8>> {
        self.server.maildrop(USER).stored()
    }

    /// Other mail on the server, in place of what is there.
    pub(crate) fn replace(&self, messages: impl IntoIterator<Item = Message>) {
        self.server.replace(USER, messages.into_iter().collect());
    }

    /// One more message on the server.
    pub(crate) fn deposit(&self, name: &str) {
        let message = Message::new(name, format!("Subject: {name}\r\n\r\n{name}\r\n"));
        self.server.deposit(USER, message);
    }
}

/// The table of an account on a server of this process, which delivers to `Mail/NAME`; the password is to follow.
pub(crate) fn account(name: &str, port: u16, user: &str) -> String {
    format!(
        "[accounts.{name}]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nuser = \"{user}\"\n\
         deliver = {{ maildir = \"~/Mail/{name}\" }}\n"
    )
}
