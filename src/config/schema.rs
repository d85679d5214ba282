//! What a user may write, exactly: the tables of the file and the keys of an account.
//!
//! Nothing here has a default and nothing is combined; that is [`super::resolve`]'s. Every value keeps its place in the
//! file. Invariant: a value that is here is of the right type and within its own bounds.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use crate::credentials::oauth2;
use crate::mail::Octets;
use crate::providers::Provider;
use crate::secret::Secret;
use crate::{delivery, pop3, retention};

/// The tables of a file.
#[derive(Debug, Default)]
pub(super) struct File {
    /// `[defaults]`.
    pub(super) defaults: Settings,
    /// `[accounts.NAME]`, in the file's order.
    pub(super) accounts: Vec<Account>,
}

impl File {
    /// Whether a password is written in the file itself.
    pub(super) fn holds_password(&self) -> bool {
        let accounts = self.accounts.iter().map(|account| &account.settings);
        accounts
            .chain([&self.defaults])
            .any(|settings| settings.written.contains("password") || settings.holds_secret())
    }
}

/// `[accounts.NAME]`.
#[derive(Debug)]
pub(super) struct Account {
    /// `NAME`.
    pub(super) name: String,
    /// The table's header.
    pub(super) span: Range<usize>,
    /// What the table holds.
    pub(super) settings: Settings,
}

/// A key that is given, or not.
#[derive(Debug)]
pub(super) struct Setting<T>(pub(super) Option<Spanned<T>>);

impl<T> Setting<T> {
    /// The value.
    pub(super) fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.0.as_ref().map(|spanned| spanned.get_ref().clone())
    }

    /// Where the value is.
    pub(super) fn place(&self) -> Option<Range<usize>> {
        self.0.as_ref().map(Spanned::span)
    }

    /// This one, or that of the defaults.
    pub(super) fn or<'s>(&'s self, defaults: &'s Self) -> &'s Self {
        if self.0.is_some() { self } else { defaults }
    }
}

impl<T> Default for Setting<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// The keys of `[accounts.NAME]` and of `[defaults]`, named as they are written.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Every key that is written, also where it is misspelt or its value was refused: it is not missing.
    pub(super) written: BTreeSet<&'static str>,
    pub(super) provider: Setting<&'static Provider>,
    pub(super) host: Setting<String>,
    pub(super) port: Setting<u16>,
    pub(super) tls: Setting<Protection>,
    pub(super) allow_cleartext: Setting<bool>,
    pub(super) tls_ca_file: Setting<PathBuf>,
    pub(super) tls_fingerprint: Setting<pop3::Fingerprint>,
    pub(super) timeout: Setting<Duration>,
    pub(super) user: Setting<String>,
    pub(super) auth: Setting<pop3::Auth>,
    pub(super) password: Setting<Secret>,
    pub(super) password_command: Setting<Vec<String>>,
    pub(super) password_file: Setting<PathBuf>,
    pub(super) token_command: Setting<Vec<String>>,
    pub(super) oauth: Setting<OAuth>,
    pub(super) deliver: Setting<Vec<Deliver>>,
    pub(super) leave_on_server: Setting<retention::Policy>,
    pub(super) max_size: Setting<Octets>,
    pub(super) max_messages: Setting<usize>,
    pub(super) pipelining: Setting<pop3::Pipelining>,
    pub(super) enabled: Setting<bool>,
}

impl Settings {
    /// Whether the secret of an OAuth2 client is written here.
    fn holds_secret(&self) -> bool {
        let secret = self.oauth.get().and_then(|oauth| oauth.secret);
        matches!(secret, Some(oauth2::ClientSecret::Literal(_)))
    }
}

/// A table of `deliver`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deliver {
    /// `{ maildir = … }`
    Maildir(PathBuf),
    /// `{ mbox = … }`
    Mbox(delivery::Mbox),
    /// `{ pipe = … }`
    Pipe(delivery::Program),
    /// `{ lmtp = … }`; without recipients it is the account's user.
    Lmtp {
        /// The server.
        address: delivery::LmtpAddress,
        /// Who gets the mail there.
        recipients: Vec<delivery::Recipient>,
        /// How long it may be silent.
        timeout: Option<Duration>,
    },
}

/// The table `oauth`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OAuth {
    /// `client-id`
    pub(super) id: String,
    /// `client-secret` or `client-secret-command`
    pub(super) secret: Option<oauth2::ClientSecret>,
    /// `tenant`
    pub(super) tenant: Option<String>,
    /// `authorization-url`
    pub(super) authorisation_url: Option<String>,
    /// `token-url`
    pub(super) token_url: Option<String>,
    /// `device-url`
    pub(super) device_url: Option<String>,
    /// `scope`
    pub(super) scope: Option<String>,
}

/// The values of `tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// `"implicit"`
    Implicit,
    /// `"starttls"`
    StartTls,
    /// `"none"`
    None,
}

/// What a key takes, in the words of an error.
pub(super) struct Takes {
    /// The key.
    key: &'static str,
    /// The values, as in "`port` takes a number from 1 to 65535".
    pub(super) what: &'static str,
    /// A line that is right.
    pub(super) example: &'static str,
}

/// What `key` takes: one of an account's keys, or one beside or within them.
pub(super) fn takes(key: &str) -> &'static Takes {
    TABLE
        .iter()
        .find(|row| row.key == key)
        .unwrap_or(match key {
            "defaults" => &DEFAULTS,
            "accounts" => &ACCOUNTS,
            key => DELIVER
                .iter()
                .chain(&OAUTH)
                .find(|row| row.key == key)
                .unwrap_or(&ACCOUNTS),
        })
}

/// Every key that an account or `[defaults]` may hold.
pub const ACCOUNT_KEYS: &[&str] = &{
    let mut keys = [""; TABLE.len()];
    let mut row = 0;
    while row < keys.len() {
        keys[row] = TABLE[row].key;
        row += 1;
    }
    keys
};

const DEFAULTS: Takes = row("defaults", "a table", "[defaults]");

/// Every key that a table of `deliver` may hold, and no account.
pub const DELIVER_KEYS: [&str; 8] = [
    "maildir",
    "mbox",
    "pipe",
    "lmtp",
    "flock",
    "lock-timeout",
    "unix-from",
    "recipient",
];

/// What they take; `timeout` is also an account's, and takes other times there.
const DELIVER: [Takes; 9] = [
    row(
        "maildir",
        "the path of a folder",
        r#"deliver = { maildir = "~/Mail/work" }"#,
    ),
    row(
        "mbox",
        "the path of a file",
        r#"deliver = { mbox = "~/mbox" }"#,
    ),
    row(
        "pipe",
        "a program and its arguments",
        r#"deliver = { pipe = ["procmail", "-d", "me"] }"#,
    ),
    row(
        "lmtp",
        "a socket or a host and port",
        r#"deliver = { lmtp = "unix:/run/dovecot/lmtp" }"#,
    ),
    row(
        "flock",
        "true or false",
        r#"deliver = { mbox = "~/mbox", flock = true }"#,
    ),
    row(
        "lock-timeout",
        "a duration in quotes",
        r#"deliver = { mbox = "~/mbox", lock-timeout = "30s" }"#,
    ),
    row(
        "unix-from",
        "true or false",
        r#"deliver = { pipe = "procmail", unix-from = true }"#,
    ),
    row(
        "recipient",
        "an address, or an array of some",
        r#"deliver = { lmtp = "unix:/run/dovecot/lmtp", recipient = "me@example.com" }"#,
    ),
    row(
        "deliver timeout",
        "a duration in quotes",
        r#"deliver = { pipe = "procmail", timeout = "5m" }"#,
    ),
];

/// Every key that a table `oauth` may hold, and no account.
pub const OAUTH_KEYS: [&str; 8] = [
    "client-id",
    "client-secret",
    "client-secret-command",
    "tenant",
    "authorization-url",
    "token-url",
    "device-url",
    "scope",
];

/// What they take.
const OAUTH: [Takes; 8] = [
    row(OAUTH_KEYS[0], "a string", r#"client-id = "…""#),
    row(OAUTH_KEYS[1], "a string", r#"client-secret = "…""#),
    row(
        OAUTH_KEYS[2],
        "a program and its arguments",
        r#"client-secret-command = ["pass", "show", "mail/client"]"#,
    ),
    row(
        OAUTH_KEYS[3],
        "the name of an organisation's directory",
        r#"tenant = "common""#,
    ),
    row(
        OAUTH_KEYS[4],
        "an https address",
        r#"authorization-url = "https://…""#,
    ),
    row(
        OAUTH_KEYS[5],
        "an https address",
        r#"token-url = "https://…""#,
    ),
    row(
        OAUTH_KEYS[6],
        "an https address",
        r#"device-url = "https://…""#,
    ),
    row(OAUTH_KEYS[7], "a string", r#"scope = "…""#),
];

const ACCOUNTS: Takes = row("accounts", "a table for each account", "[accounts.work]");

const TABLE: [Takes; 21] = [
    row(
        "provider",
        "the key of a mail provider",
        r#"provider = "gmail""#,
    ),
    row(
        "host",
        "a host name or an address",
        r#"host = "pop.example.com""#,
    ),
    row("port", "a number from 1 to 65535", "port = 995"),
    row(
        "tls",
        r#""implicit", "starttls" or "none""#,
        r#"tls = "starttls""#,
    ),
    row("allow-cleartext", "true or false", "allow-cleartext = true"),
    row(
        "tls-ca-file",
        "the path of a PEM file",
        r#"tls-ca-file = "~/mail/ca.pem""#,
    ),
    row(
        "tls-fingerprint",
        "the SHA-256 of a certificate",
        r#"tls-fingerprint = "sha256:0123…cdef""#,
    ),
    row("timeout", "a duration in quotes", r#"timeout = "60s""#),
    row("user", "a string", r#"user = "me@example.com""#),
    row(
        "auth",
        r#""auto" or the name of a login mechanism"#,
        r#"auth = "plain""#,
    ),
    row("password", "a string", r#"password = "…""#),
    row(
        "password-command",
        "a program and its arguments",
        r#"password-command = ["pass", "show", "mail/work"]"#,
    ),
    row(
        "password-file",
        "the path of a file",
        r#"password-file = "~/mail/password""#,
    ),
    row(
        "token-command",
        "a program and its arguments",
        r#"token-command = ["oama", "access", "me@example.com"]"#,
    ),
    row(
        "oauth",
        "a table with a client's id",
        r#"oauth = { client-id = "…", client-secret-command = ["pass", "show", "client"], authorization-url = "https://login.example.com/auth", token-url = "https://login.example.com/token", scope = "mail" }"#,
    ),
    row(
        "deliver",
        "a table that says where, or an array of some",
        r#"deliver = { maildir = "~/Mail/work" }"#,
    ),
    row(
        "leave-on-server",
        r#"true, false, "until-deleted" or a duration in quotes"#,
        r#"leave-on-server = "14d""#,
    ),
    row(
        "max-size",
        "a number of octets or a size in quotes",
        r#"max-size = "25MB""#,
    ),
    row(
        "max-messages",
        "a whole number from 1",
        "max-messages = 500",
    ),
    row(
        "pipelining",
        r#""auto", true or false"#,
        r#"pipelining = "auto""#,
    ),
    row("enabled", "true or false", "enabled = false"),
];

const fn row(key: &'static str, what: &'static str, example: &'static str) -> Takes {
    Takes { key, what, example }
}
