//! The accounts of Claws Mail's `accountrc`.
//!
//! A section for each, `[Account: 1]`, with a line for each setting, `key=value`; Claws Mail writes all of them, so that
//! only those that are about fetching and say something else than they do by themselves are worth a word. It refuses to
//! know the rest. Invariant: no value of a key that is a password is read.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use super::super::{Account, Found, Leave, LeftOut, Tls};
use crate::autoconfig::is_host;
use crate::mail::Octets;

/// More lines than a thousand accounts have.
const MOST_LINES: usize = 200_000;

/// What a section is called, with a number behind it.
const SECTION: &str = "[Account:";

const FOLDERS: &str =
    "Claws Mail keeps mail in MH folders and sorts it by rules of its own; popfetch does neither";

const PASSWORD: &str =
    "Claws Mail keeps the password encrypted: `popfetch login` stores it for popfetch";

/// The accounts, if the text has any.
pub(super) fn accounts(file: &Path, text: &str) -> Option<Found> {
    let mut found = Found {
        files: vec![file.to_owned()],
        ..Found::default()
    };
    let sections = sections(text);
    if sections.is_empty() {
        return None;
    }
    for section in sections {
        section.understood(file, &mut found);
    }
    Some(found)
}

/// An account as it is written.
struct Section<'t> {
    line: usize,
    values: HashMap<&'t str, (usize, &'t str)>,
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut inside = false;
    for (line, number) in text.split('\n').take(MOST_LINES).zip(1..) {
        let line = line.trim_end_matches('\r');
        if line.starts_with('[') {
            inside = line.starts_with(SECTION);
            if inside {
                let values = HashMap::new();
                sections.push(Section {
                    line: number,
                    values,
                });
            }
        } else if let (true, Some(section), Some((key, value))) =
            (inside, sections.last_mut(), line.split_once('='))
            && !value.chars().any(char::is_control)
        {
            section.values.insert(key.trim(), (number, value));
        }
    }
    sections
}

impl<'t> Section<'t> {
    fn understood(&self, file: &Path, found: &mut Found) {
        let mut leave_out = |line: usize, what: String, why: &str| {
            found.left_out.push(LeftOut {
                file: file.to_owned(),
                line,
                what,
                why: why.to_owned(),
            });
        };
        let (host, user) = (self.text("receive_server"), self.text("user_id"));
        let name = self.text("account_name").or(host);
        let title = format!("account {}", name.unwrap_or("without a name"));
        if self.number("protocol") > Some(0) {
            let why = "popfetch fetches by POP3 only";
            return leave_out(self.line, title, why);
        }
        let (Some(host), Some(user)) = (host, user) else {
            let why = "it has no server or no user";
            return leave_out(self.line, title, why);
        };
        let mut account = Account::new(name.unwrap_or(host), file, self.line, host, user);
        for (key, why) in self.oddities() {
            let (line, value) = self.values[key];
            leave_out(line, format!("{key}={value}"), why);
        }
        account.tls = match self.number("ssl_pop") {
            Some(1) => Tls::Implicit,
            Some(2) => Tls::StartTls,
            _ => Tls::None,
        };
        if self.is_set("set_popport") {
            account.port = self.port("pop_port").or(self.port("popport"));
        }
        if self.is_set("use_apop_auth") {
            account.auth = Some("apop");
        }
        account.proxy = self.proxy();
        account.enabled = self.number("receive_at_get_all") != Some(0);
        (account.leave, account.leave_is_default) = self.leave();
        if self.is_set("enable_size_limit")
            && let Some(limit) = self.number("size_limit").filter(|limit| *limit > 0)
        {
            account.max_size = limit.checked_mul(1024).map(Octets);
            account.remarks.push(
                "of larger mail Claws Mail fetches the beginning; popfetch leaves it on the server"
                    .to_owned(),
            );
        }
        account
            .remarks
            .extend([PASSWORD, FOLDERS].map(str::to_owned));
        found.accounts.push(account);
    }

    /// The keys whose values cannot be carried over, each with the reason, in the file's order.
    fn oddities(&self) -> Vec<(&'static str, &'static str)> {
        let set = |key: &str| self.is_set(key);
        let mut oddities = Vec::new();
        let mut odd = |is: bool, key, why| {
            if is && self.values.contains_key(key) {
                oddities.push((key, why));
            }
        };
        odd(
            set("use_pop_auth"),
            "pop_auth_method",
            "popfetch takes the best way to log in that the server offers, or the one that `auth` names; `popfetch login` logs in by OAuth2",
        );
        odd(
            set("ssl_certs_auto_accept"),
            "ssl_certs_auto_accept",
            "popfetch always verifies the server's certificate; `tls-fingerprint` trusts a single one",
        );
        odd(
            self.text("in_ssl_client_cert_file").is_some(),
            "in_ssl_client_cert_file",
            "popfetch wants the certificate and its key as PEM files: `tls-client-cert` and `tls-client-key`",
        );
        odd(
            set("gnutls_set_priority"),
            "gnutls_priority",
            "which ciphers TLS takes is for the TLS library to say",
        );
        let proxy = set("use_proxy");
        odd(
            proxy && set("use_default_proxy"),
            "use_default_proxy",
            "the proxy that Claws Mail uses everywhere is not in this file: name it in `proxy`",
        );
        odd(
            proxy && !set("use_default_proxy") && self.proxy().is_none(),
            "proxy_host",
            "popfetch takes a SOCKS5 proxy, and the login at one from `proxy` alone",
        );
        oddities.sort_by_key(|(key, _)| self.values[key].0);
        oddities
    }

    /// A proxy of its own, which wants no login: its password is encrypted, too.
    fn proxy(&self) -> Option<String> {
        /// SOCKS5, as opposed to SOCKS4.
        const KIND: u64 = 1;
        let is_own = self.is_set("use_proxy") && !self.is_set("use_default_proxy");
        let is_plain =
            self.number("proxy_type").unwrap_or(KIND) == KIND && !self.is_set("use_proxy_auth");
        let host = self.text("proxy_host").filter(|host| is_host(host));
        let host = host.filter(|_| is_own && is_plain)?;
        let port = self.port("proxy_port").unwrap_or(1080);
        Some(if host.contains(':') {
            format!("socks5://[{host}]:{port}")
        } else {
            format!("socks5://{host}:{port}")
        })
    }

    /// Claws Mail deletes what it has for seven days, if nothing else is said.
    fn leave(&self) -> (Leave, bool) {
        const DAYS: u64 = 7;
        const CENTURY: u64 = 100 * 365 * 24;
        let is_default = !self.values.contains_key("remove_mail");
        if self.number("remove_mail") == Some(0) {
            return (Leave::All, false);
        }
        let days = self.number("message_leave_time").unwrap_or(DAYS);
        let hours = self.number("message_leave_hour").unwrap_or(0);
        let hours = days.saturating_mul(24).saturating_add(hours).min(CENTURY);
        let leave = match hours {
            0 => Leave::Nothing,
            hours => Leave::For(Duration::from_secs(hours * 60 * 60)),
        };
        (leave, is_default)
    }

    /// The value, where it is more than nothing.
    fn text(&self, key: &str) -> Option<&'t str> {
        let value = self.values.get(key)?.1.trim();
        Some(value).filter(|value| !value.is_empty())
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.text(key)?.parse().ok()
    }

    fn port(&self, key: &str) -> Option<u16> {
        let port = u16::try_from(self.number(key)?).ok();
        port.filter(|port| *port > 0)
    }

    fn is_set(&self, key: &str) -> bool {
        self.number(key).is_some_and(|value| value != 0)
    }
}
