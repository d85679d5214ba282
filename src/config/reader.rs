//! Walks the file's tables and keeps every value that is right; everything else becomes a problem.
//!
//! It refuses to know what a key takes ([`super::values`] does) and what keys mean for each other. Invariant: whatever
//! is in the file is either in the schema or a problem.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::deliver;
use super::login;
use super::oauth;
use super::paths::Base;
use super::problem::Problem;
use super::schema::{Account, File, Setting, Settings};
use super::spelling;
use super::takes::ACCOUNT_KEYS;
use super::transport;
use super::values::{self, Value};

/// Reads the file's tables; paths start at `base`.
pub(super) fn read(table: &DeTable<'_>, base: &Base<'_>) -> (File, Vec<Problem>) {
    let mut reader = Reader {
        base,
        problems: Vec::new(),
    };
    let file = reader.file(table);
    (file, reader.problems)
}

struct Reader<'a> {
    base: &'a Base<'a>,
    problems: Vec<Problem>,
}

type Key<'i> = Spanned<DeString<'i>>;

impl Reader<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> File {
        let mut file = File::default();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("defaults", DeValue::Table(table)) => file.defaults = self.settings(table),
                ("accounts", DeValue::Table(table)) => file.accounts = self.accounts(table),
                (name @ ("defaults" | "accounts"), _) => {
                    self.problems.push(Problem::wrong_type(name, value));
                }
                (name, _) if ACCOUNT_KEYS.contains(&name) => self.homeless(key),
                _ => self.unknown(key, &["accounts", "defaults"]),
            }
        }
        file
    }

    fn accounts(&mut self, table: &DeTable<'_>) -> Vec<Account> {
        let mut entries: Vec<_> = table.iter().collect();
        // The table is sorted by name.
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut accounts = Vec::new();
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            match value.get_ref() {
                DeValue::Table(table) => {
                    self.problems.extend(unusable_name(key));
                    accounts.push(Account {
                        name: name.to_owned(),
                        span: value.span(),
                        settings: self.settings(table),
                    });
                }
                _ if ACCOUNT_KEYS.contains(&name) => self.homeless(key),
                _ => self.problems.push(Problem::wrong_type("accounts", value)),
            }
        }
        accounts
    }

    fn settings(&mut self, table: &DeTable<'_>) -> Settings {
        let mut read = Settings::default();
        let base = self.base;
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            read.written.extend(meant(name, ACCOUNT_KEYS));
            match name {
                "provider" => self.take(&mut read.provider, value, login::provider),
                "host" => self.take(&mut read.host, value, values::host),
                "port" => self.take(&mut read.port, value, values::port),
                "tls" => self.take(&mut read.tls, value, values::tls),
                "allow-cleartext" => self.take(&mut read.allow_cleartext, value, |value| {
                    values::boolean("allow-cleartext", value)
                }),
                "tls-ca-file" => self.take(&mut read.tls_ca_file, value, |value| {
                    values::path("tls-ca-file", value, base)
                }),
                "tls-fingerprint" => {
                    self.take(&mut read.tls_fingerprint, value, values::fingerprint);
                }
                "tls-client-cert" => self.take(&mut read.tls_client_cert, value, |value| {
                    values::path("tls-client-cert", value, base)
                }),
                "tls-client-key" => self.take(&mut read.tls_client_key, value, |value| {
                    values::path("tls-client-key", value, base)
                }),
                "proxy" => self.take(&mut read.proxy, value, transport::proxy),
                "source-address" => {
                    self.take(&mut read.source_address, value, transport::source_address);
                }
                "ip-version" => self.take(&mut read.ip_version, value, transport::ip_version),
                "timeout" => self.take(&mut read.timeout, value, |value| {
                    values::duration("timeout", value)
                }),
                "user" => self.take(&mut read.user, value, values::user),
                "auth" => self.take(&mut read.auth, value, login::auth),
                "password" => self.take(&mut read.password, value, values::password),
                "password-command" => self.take(&mut read.password_command, value, |value| {
                    values::password_command(value, base)
                }),
                "password-file" => self.take(&mut read.password_file, value, |value| {
                    values::path("password-file", value, base)
                }),
                "token-command" => self.take(&mut read.token_command, value, |value| {
                    values::command("token-command", value, base)
                }),
                "oauth" => self.take(&mut read.oauth, value, |value| oauth::oauth(value, base)),
                "deliver" => self.take(&mut read.deliver, value, |value| {
                    deliver::deliver(value, base)
                }),
                "leave-on-server" => {
                    self.take(&mut read.leave_on_server, value, values::leave_on_server);
                }
                "max-size" => self.take(&mut read.max_size, value, values::max_size),
                "max-messages" => self.take(&mut read.max_messages, value, values::max_messages),
                "pipelining" => self.take(&mut read.pipelining, value, values::pipelining),
                "after-sync" => self.take(&mut read.after_sync, value, |value| {
                    values::command("after-sync", value, base)
                }),
                "enabled" => self.take(&mut read.enabled, value, |value| {
                    values::boolean("enabled", value)
                }),
                _ => self.unknown(key, ACCOUNT_KEYS),
            }
        }
        read
    }

    /// Puts what `read` makes of the value into `setting`, with its place.
    fn take<T>(
        &mut self,
        setting: &mut Setting<T>,
        value: &Value<'_>,
        read: impl FnOnce(&Value<'_>) -> Result<T, Problem>,
    ) {
        match read(value) {
            Ok(read) => setting.0 = Some(Spanned::new(value.span(), read)),
            Err(problem) => self.problems.push(problem),
        }
    }

    fn unknown(&mut self, key: &Key<'_>, known: &[&'static str]) {
        self.problems.push(Problem::unknown_key(key, known));
    }

    /// An account's key that stands in no account.
    fn homeless(&mut self, key: &Key<'_>) {
        let message = format!("`{}` belongs to no account", key.get_ref());
        self.problems.push(
            Problem::new(key.span(), message)
                .help("put it below a line `[accounts.NAME]` or `[defaults]`"),
        );
    }
}

fn meant(name: &str, known: &[&'static str]) -> Option<&'static str> {
    spelling::nearest(name, known.iter().copied())
}

/// What keeps an account's name from being used on a command line and in a report.
fn unusable_name(key: &Key<'_>) -> Option<Problem> {
    let name = key.get_ref();
    let found = if name.is_empty() {
        "an empty name"
    } else if name.starts_with('-') {
        "a name like a command-line flag"
    } else if name.chars().any(char::is_control) {
        "a name with a control character"
    } else {
        return None;
    };
    let problem = Problem::new(key.span(), format!("an account cannot have {found}"));
    Some(problem.help("for example `[accounts.work]`"))
}
