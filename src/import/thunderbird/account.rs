//! `mail.server.serverN.*`: what Thunderbird was told of each account.
//!
//! It refuses to know where a profile is. A key that an account has not, `mail.server.default` may have; else Thunderbird's
//! own default counts. Invariants: the password, which is encrypted elsewhere, is not looked for; a connection is never
//! less protected than it was.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::prefs::{Pref, Prefs, Value};
use crate::import::{Account, Leave, LeftOut, Tls};
use crate::mail::Octets;

const DAY: u64 = 24 * 60 * 60;

/// Days for which mail stays, where no number is said.
const DAYS: i64 = 7;

/// The KiB of the largest message that is fetched whole, where no number is said.
const LARGEST: i64 = 50;

/// Kinds of accounts that fetch no mail.
const LOCAL: [&str; 3] = ["none", "rss", "im"];

const STORE: &str = "Thunderbird keeps mail in folders of its own, which stay as they are: popfetch delivers what is new \
     to a Maildir. Message filters and the junk filter are not carried over";
const OAUTH: &str = "Thunderbird logs in with OAuth2, as a client that the provider knows; for popfetch register one, as \
     popfetch-config(5) says, and set `oauth`, or set `token-command`; then run `popfetch login`";
const PASSWORD: &str =
    "its password is encrypted in Thunderbird's profile; `popfetch login` puts it into the keyring";
const NO_TLS: &str = "Thunderbird spoke to the server without TLS; popfetch asks it for TLS with STLS. If it has none, \
     `tls = \"none\"` and `allow-cleartext = true` do as Thunderbird did";
const MAYBE_TLS: &str =
    "Thunderbird asked the server for TLS and went on without it; popfetch insists on it";
const DIGEST: &str = "Thunderbird hides the password by CRAM-MD5 or by APOP; where the server has only the latter, set \
     `auth = \"apop\"`";

/// An account and the folder that its uids are in.
pub(super) struct Server {
    pub(super) account: Account,
    pub(super) folder: Option<PathBuf>,
}

/// The POP3 accounts, in the order in which Thunderbird shows them.
pub(super) fn servers(
    file: &Path,
    prefs: &Prefs,
    home: &Path,
    left_out: &mut Vec<LeftOut>,
) -> Vec<Server> {
    let mut leave = |line, what: String, why: String| {
        left_out.push(LeftOut {
            file: file.to_owned(),
            line,
            what,
            why,
        });
    };
    for line in &prefs.unread {
        leave(
            *line,
            "a setting".to_owned(),
            "it cannot be read".to_owned(),
        );
    }
    let (shown, others) = keys(prefs);
    for key in others {
        if let Some(pref) = prefs.get(&format!("mail.server.{key}.type")) {
            let why = "no account of Thunderbird's has it";
            leave(pref.line, format!("mail.server.{key}"), why.to_owned());
        }
    }
    let keys = Keys {
        file,
        prefs,
        home,
        leave: &mut leave,
    };
    keys.accounts(shown)
}

/// The servers that accounts have, and those that none has.
fn keys(prefs: &Prefs) -> (Vec<String>, BTreeSet<String>) {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for name in prefs.names() {
        let key = name
            .strip_prefix("mail.server.")
            .and_then(|rest| rest.split_once('.'));
        if let Some((key, "type")) = key {
            all.insert(key.to_owned());
        }
    }
    all.remove("default");
    let Some(accounts) = prefs.text("mail.accountmanager.accounts") else {
        return (all.into_iter().collect(), BTreeSet::new());
    };
    let mut shown = Vec::new();
    for account in accounts.split(',') {
        let name = format!("mail.account.{}.server", account.trim());
        if let Some(key) = prefs.text(&name).and_then(|key| all.take(key)) {
            shown.push(key);
        }
    }
    (shown, all)
}

struct Keys<'k> {
    file: &'k Path,
    prefs: &'k Prefs,
    home: &'k Path,
    leave: &'k mut dyn FnMut(usize, String, String),
}

/// The settings of one server.
#[derive(Clone, Copy)]
struct Of<'k> {
    prefs: &'k Prefs,
    key: &'k str,
}

impl<'k> Of<'k> {
    fn get(self, name: &str) -> Option<&'k Pref> {
        let own = self.prefs.get(&format!("mail.server.{}.{name}", self.key));
        own.or_else(|| self.prefs.get(&format!("mail.server.default.{name}")))
    }

    fn text(self, name: &str) -> Option<&'k str> {
        match &self.get(name)?.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn number(self, name: &str) -> Option<i64> {
        match self.get(name)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    fn truth(self, name: &str) -> Option<bool> {
        match self.get(name)?.value {
            Value::Truth(truth) => Some(truth),
            _ => None,
        }
    }

    fn is(self, name: &str) -> bool {
        self.truth(name) == Some(true)
    }
}

impl Keys<'_> {
    fn accounts(mut self, keys: Vec<String>) -> Vec<Server> {
        let mut servers = Vec::new();
        for key in keys {
            let of = Of {
                prefs: self.prefs,
                key: &key,
            };
            servers.extend(self.account(of));
        }
        servers
    }

    fn account(&mut self, of: Of<'_>) -> Option<Server> {
        let kind = of.get("type")?;
        let name = of.text("name").unwrap_or(of.key);
        let what = format!("mail.server.{}", of.key);
        match of.text("type") {
            Some("pop3") => {}
            Some(local) if LOCAL.contains(&local) => return None,
            _ => {
                let why = format!("account {name}: popfetch fetches by POP3 only");
                (self.leave)(kind.line, what, why);
                return None;
            }
        }
        // What was changed later stands in names of their own.
        let host = of.text("realhostname").or_else(|| of.text("hostname"));
        let user = of.text("realuserName").or_else(|| of.text("userName"));
        let (Some(host), Some(user)) = (host, user) else {
            let why = format!("account {name} has no server or no user");
            (self.leave)(kind.line, what, why);
            return None;
        };
        let mut account = Account::new(name, self.file, kind.line, host, user);
        if of.text("name").is_none() {
            account.name = if user.contains('@') {
                user.to_owned()
            } else {
                format!("{user}@{host}")
            };
        }
        let port = of.number("port").and_then(|port| u16::try_from(port).ok());
        account.port = port.filter(|port| *port > 0);
        let is_here = is_this_host(host);
        account.tls = protection(of, is_here, &mut account.remarks);
        self.login(of, &mut account);
        self.limits(of, &mut account);
        (account.leave, account.leave_is_default) = leave(of);
        if !is_here {
            account.proxy = self.proxy();
        }
        account.remarks.push(STORE.to_owned());
        Some(Server {
            folder: self.folder(of),
            account,
        })
    }

    fn login(&mut self, of: Of<'_>, account: &mut Account) {
        let method = of.number("authMethod");
        account.remarks.push(match method {
            Some(10) => OAUTH.to_owned(),
            _ => PASSWORD.to_owned(),
        });
        let is_hidden = matches!(method, Some(4 | 8)) || (method.is_none() && of.is("useSecAuth"));
        if is_hidden {
            account.auth = Some("cram-md5");
            account.remarks.push(DIGEST.to_owned());
        }
        let why = match method {
            Some(2) => {
                account.auth = Some("user-pass");
                return;
            }
            Some(1) => "popfetch logs in to every server",
            Some(5) => "popfetch has no Kerberos; it takes the best that the server offers",
            Some(6) => "popfetch has no NTLM; it takes the best that the server offers",
            Some(7) => {
                "the certificate is in Thunderbird's own store; `tls-client-cert` and `auth = \"external\"` take one from \
                 a file"
            }
            _ => return,
        };
        self.leave_out(of, "authMethod", why);
    }

    fn limits(&mut self, of: Of<'_>, account: &mut Account) {
        if of.is("headers_only") {
            self.leave_out(of, "headers_only", "popfetch fetches whole messages");
        }
        if of.is("limit_offline_message_size") {
            let kib = u64::try_from(of.number("max_size").unwrap_or(LARGEST)).unwrap_or(0);
            account.max_size = Some(Octets(kib.saturating_mul(1024)));
            account.remarks.push(
                "Thunderbird fetched the beginning of larger messages; popfetch leaves them on the server and says so"
                    .to_owned(),
            );
        }
        if of.is("check_new_mail") {
            let why =
                "popfetch runs when it is told to: `popfetch schedule` makes cron or systemd do so";
            self.leave_out(of, "check_new_mail", why);
        }
        let timeout = self.prefs.number("mailnews.tcptimeout");
        let timeout = timeout.and_then(|seconds| u64::try_from(seconds).ok());
        account.timeout = timeout.filter(|s| *s > 0).map(Duration::from_secs);
    }

    /// The SOCKS proxy that Thunderbird uses for mail, too.
    fn proxy(&mut self) -> Option<String> {
        let line = |name| self.prefs.get(name).map_or(1, |pref: &Pref| pref.line);
        let kind = "network.proxy.type";
        match self.prefs.number(kind) {
            Some(1) => {}
            Some(2) => {
                let why = "popfetch reads no proxy configuration from the net; `proxy` names a SOCKS5 proxy";
                (self.leave)(line(kind), kind.to_owned(), why.to_owned());
                return None;
            }
            _ => return None,
        }
        let host = self
            .prefs
            .text("network.proxy.socks")
            .filter(|host| !host.is_empty())?;
        let version = "network.proxy.socks_version";
        if self.prefs.number(version) == Some(4) {
            let why = "popfetch speaks SOCKS5 only";
            (self.leave)(line(version), version.to_owned(), why.to_owned());
            return None;
        }
        let port = self.prefs.number("network.proxy.socks_port");
        let port = port
            .and_then(|port| u16::try_from(port).ok())
            .filter(|port| *port > 0);
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        Some(match port {
            Some(port) => format!("socks5://{host}:{port}"),
            None => format!("socks5://{host}"),
        })
    }

    /// Where the account's mail and uids are.
    fn folder(&self, of: Of<'_>) -> Option<PathBuf> {
        let profile = self.file.parent().unwrap_or(Path::new("/"));
        let below = |base: &Path, rest: &str| base.join(rest.trim_start_matches('/'));
        if let Some(relative) = of.text("directory-rel") {
            if let Some(rest) = relative.strip_prefix("[ProfD]") {
                return Some(below(profile, rest));
            }
            if let Some(rest) = relative.strip_prefix("[Home]") {
                return Some(below(self.home, rest));
            }
        }
        of.text("directory").map(PathBuf::from)
    }

    fn leave_out(&mut self, of: Of<'_>, name: &str, why: &str) {
        let line = of.get(name).map_or(1, |pref| pref.line);
        (self.leave)(
            line,
            format!("mail.server.{}.{name}", of.key),
            why.to_owned(),
        );
    }
}

fn protection(of: Of<'_>, is_here: bool, remarks: &mut Vec<String>) -> Tls {
    match of.number("socketType") {
        Some(3) => Tls::Implicit,
        Some(2) => Tls::StartTls,
        Some(1) => {
            remarks.push(MAYBE_TLS.to_owned());
            Tls::StartTls
        }
        // Thunderbird of long ago.
        None if of.is("isSecure") => Tls::Implicit,
        _ if is_here => Tls::None,
        _ => {
            remarks.push(NO_TLS.to_owned());
            Tls::StartTls
        }
    }
}

/// What stays on the server, and whether that is so because nothing is said.
fn leave(of: Of<'_>) -> (Leave, bool) {
    let is_left = of.truth("leave_on_server");
    if is_left != Some(true) {
        return (Leave::Nothing, is_left.is_none());
    }
    let days = of.number("num_days_to_leave_on_server").unwrap_or(DAYS);
    let days = u64::try_from(days).ok().filter(|days| *days > 0);
    let time = days.filter(|_| of.is("delete_by_age_from_server"));
    let time = time.map(|days| Duration::from_secs(days.saturating_mul(DAY)));
    let leave = match (of.is("delete_mail_left_on_server"), time) {
        (true, Some(time)) => Leave::UntilDeletedFor(time),
        (true, None) => Leave::UntilDeleted,
        (false, Some(time)) => Leave::For(time),
        (false, None) => Leave::All,
    };
    (leave, false)
}

fn is_this_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
