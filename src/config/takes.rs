//! What each key takes, in the words of an error, and the names of all keys.
//!
//! It refuses to judge values. Invariant: each row's example is right.

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

const TABLE: [Takes; 27] = [
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
    row(
        "tls-client-cert",
        "the path of a PEM file",
        r#"tls-client-cert = "~/mail/me.pem""#,
    ),
    row(
        "tls-client-key",
        "the path of a PEM file",
        r#"tls-client-key = "~/mail/me.key""#,
    ),
    row(
        "proxy",
        "the address of a SOCKS5 proxy",
        r#"proxy = "socks5://localhost:1080""#,
    ),
    row(
        "source-address",
        "an address of this machine",
        r#"source-address = "192.0.2.1""#,
    ),
    row("ip-version", "4 or 6", "ip-version = 4"),
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
    row(
        "after-sync",
        "a program and its arguments",
        r#"after-sync = ["notify-send", "New mail"]"#,
    ),
    row("enabled", "true or false", "enabled = false"),
];

const fn row(key: &'static str, what: &'static str, example: &'static str) -> Takes {
    Takes { key, what, example }
}
