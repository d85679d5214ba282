//! Reads `account` and `set`.
//!
//! It refuses to know what popfetch has in their place, but for the words that it has nothing for: those are left out
//! here, each with its line.

use std::time::Duration;

use super::grammar::{Parsed, Parser};
use super::script::{AccountLine, Only, Place, Port, Server};
use super::values::Value;

/// What accounts other than POP3's may be.
const OTHERS: [&str; 10] = [
    "imap", "imaps", "stdin", "maildir", "maildirs", "mbox", "mboxes", "nntp", "nntps", "smtp",
];

/// The units of times, and their seconds as fdm counts them.
const TIMES: [(&[&str], u64); 7] = [
    (&["second", "seconds", "sec", "secs"], 1),
    (&["minute", "minutes"], 60),
    (&["hour", "hours"], 3600),
    (&["day", "days"], 86_400),
    (&["week", "weeks"], 604_800),
    (&["month", "months"], 2_419_200),
    (&["year", "years"], 29_030_400),
];

/// The units of sizes.
const SIZES: [(&[&str], u64); 4] = [
    (&["B", "byte", "bytes", "b"], 1),
    (&["K", "KB", "kilobyte", "kilobytes", "k", "kb"], 1 << 10),
    (&["M", "MB", "megabyte", "megabytes", "m", "mb"], 1 << 20),
    (&["G", "GB", "gigabyte", "gigabytes", "g", "gb"], 1 << 30),
];

/// The settings that are not carried over, each with the reason.
const SETTINGS: [(&str, &str); 17] = [
    (
        "delete-oversized",
        "popfetch leaves what is larger than `max-size` on the server and says so",
    ),
    (
        "queue-high",
        "popfetch keeps no queue: it fetches and writes at the same time",
    ),
    (
        "queue-low",
        "popfetch keeps no queue: it fetches and writes at the same time",
    ),
    (
        "parallel-accounts",
        "popfetch fetches several accounts at once; `--jobs` says how many",
    ),
    (
        "ignore-errors",
        "popfetch goes on with the next message when one fails, always",
    ),
    (
        "allow-multiple",
        "popfetch keeps a lock of its own for each account",
    ),
    (
        "lock-file",
        "popfetch keeps a lock of its own for each account, which cannot go stale",
    ),
    (
        "lock-wait",
        "popfetch does not wait for another run: it ends at once with status 75",
    ),
    (
        "lock-timeout",
        "popfetch does not wait for another run: it ends at once with status 75",
    ),
    (
        "lock-timeout-ignore",
        "popfetch does not wait for another run: it ends at once with status 75",
    ),
    (
        "command-user",
        "popfetch runs programs as the user who runs it",
    ),
    (
        "lookup-order",
        "popfetch delivers for the user who runs it and looks no other up",
    ),
    (
        "purge-after",
        "popfetch has on record what is to be deleted, so that a line that drops costs nothing",
    ),
    (
        "no-create",
        "popfetch makes the Maildir or mbox where it is missing",
    ),
    (
        "file-umask",
        "popfetch writes with mode 0600, for your eyes only",
    ),
    ("file-group", "popfetch leaves files to your own group"),
    (
        "strip-characters",
        "popfetch puts nothing of a message into a command",
    ),
];

impl Parser<'_> {
    /// What follows `set`.
    pub(super) fn setting(&mut self, place: &Place) -> Parsed<()> {
        for (word, why) in SETTINGS {
            if self.takes(word) {
                self.ignored();
                self.script
                    .left_out
                    .push(place.left_out(format!("set {word}"), why));
                return Ok(());
            }
        }
        let known = [
            "maximum-size",
            "timeout",
            "lock-types",
            "lock-type",
            "proxy",
            "default-user",
            "unmatched-mail",
            "verify-certificates",
            "no-received",
        ];
        match self.one_of(&known) {
            Some("maximum-size") => {
                let size = self.number()?;
                let unit = self.size_unit();
                let size = size.and_then(|size| size.checked_mul(unit));
                self.script.settings.maximum_size = size;
                if size.is_none() {
                    let why = "its size is not known here: write `max-size`";
                    self.script
                        .left_out
                        .push(place.left_out("set maximum-size", why));
                }
            }
            Some("timeout") => {
                let time = self.number()?;
                let unit = self.unit();
                let time = time.and_then(|time| time.checked_mul(unit));
                self.script.settings.timeout = time.map(Duration::from_secs);
                if time.is_none() {
                    let why = "its time is not known here: write `timeout`";
                    self.script
                        .left_out
                        .push(place.left_out("set timeout", why));
                }
            }
            Some("lock-types" | "lock-type") => {
                let mut flocks = false;
                while let Some(word) = self.one_of(&["flock", "fcntl", "dotlock"]) {
                    flocks |= word == "flock";
                }
                self.script.settings.no_flock = !flocks;
            }
            Some("proxy") => {
                let proxy = self.text()?;
                self.proxy(place, &proxy);
            }
            Some("default-user") => {
                let user = self.text()?;
                self.script.settings.default_user = Some((place.clone(), user));
            }
            Some("unmatched-mail") => {
                let (drops, keeps) = (self.takes("drop"), self.takes("keep"));
                if !drops && !keeps {
                    return Err(self.fault("`drop` or `keep` must stand there"));
                }
                self.script.settings.keeps_unmatched = Some(keeps);
            }
            Some("verify-certificates") => self.script.settings.verifies = true,
            // popfetch adds no headers, as this asks.
            Some(_) => {}
            None => return Err(self.fault("fdm does not know this option either")),
        }
        Ok(())
    }

    /// Skips what an option is set to.
    fn ignored(&mut self) {
        loop {
            let is_value = self.is_text() || self.is_number();
            if !is_value || self.next_starts_line() {
                break;
            }
            self.take();
        }
        self.one_of(&["user", "passwd", "courier", "none"]);
        self.one_of(&["passwd", "courier"]);
        self.unit();
    }

    fn proxy(&mut self, place: &Place, proxy: &Value) {
        let why = match proxy.text() {
            Err(why) => why,
            Ok(url) => match url
                .strip_prefix("socks://")
                .or(url.strip_prefix("socks5://"))
            {
                None => "popfetch goes through SOCKS5 only: write `proxy`",
                Some(server) if server.contains('@') => {
                    "it has a password, which is not copied: write `proxy` with it"
                }
                Some(server) => {
                    let server = server.trim_end_matches('/');
                    let port = if server.contains(':') { "" } else { ":1080" };
                    self.script.settings.proxy = Some(format!("socks5://{server}{port}"));
                    return;
                }
            },
        };
        self.script.left_out.push(place.left_out("set proxy", why));
    }

    /// Takes a unit of time, and says how many seconds it has.
    pub(super) fn unit(&mut self) -> u64 {
        self.measure(&TIMES)
    }

    /// Takes a unit of size, and says how many octets it has.
    pub(super) fn size_unit(&mut self) -> u64 {
        self.measure(&SIZES)
    }

    fn measure(&mut self, units: &[(&[&'static str], u64)]) -> u64 {
        let found = units.iter().find(|(words, _)| self.one_of(words).is_some());
        found.map_or(1, |(_, factor)| *factor)
    }

    /// What follows `account`.
    pub(super) fn account(&mut self, place: Place) -> Parsed<()> {
        let name = self.text()?;
        let mut disabled = self.takes("disabled");
        let users = self.users()?;
        disabled |= self.takes("disabled");
        let is_secure = match self.one_of(&["pop3", "pop3s"]) {
            Some(word) => word == "pop3s",
            None => return self.other_account(&place, &name),
        };
        let (server, host) = if self.takes("pipe") {
            (Server::Pipe, self.text()?)
        } else if self.takes("server") {
            let host = self.text()?;
            (
                if is_secure {
                    Server::Pop3s
                } else {
                    Server::Pop3
                },
                host,
            )
        } else {
            return Err(self.fault("`server` or `pipe` must stand there"));
        };
        let mut account = AccountLine {
            place,
            name,
            users,
            disabled,
            server,
            host,
            port: None,
            user: None,
            pass: None,
            only: Only::All,
            no_apop: false,
            verify: None,
            keep: false,
        };
        let done = self.account_options(&mut account);
        self.script.accounts.push(account);
        done
    }

    /// The rest of an account; fdm wants it in one order, and here any will do.
    fn account_options(&mut self, account: &mut AccountLine) -> Parsed<()> {
        let known = [
            "port",
            "user",
            "pass",
            "new-only",
            "old-only",
            "no-apop",
            "apop",
            "no-uidl",
            "uidl",
            "starttls",
            "insecure",
            "no-verify",
            "verify",
            "keep",
            "no-keep",
        ];
        loop {
            let place = self.place();
            match self.one_of(&known) {
                Some("port") => account.port = Some((place, self.port()?)),
                Some("user") => account.user = Some((place, self.text()?)),
                Some("pass") => account.pass = Some((place, self.text()?)),
                Some(word @ ("new-only" | "old-only")) => {
                    if !self.takes("cache") {
                        return Err(self.fault("`cache` must stand there"));
                    }
                    let path = self.text()?;
                    let is_new = word == "new-only";
                    account.only = if is_new {
                        Only::New(place, path)
                    } else {
                        Only::Old
                    };
                }
                Some("no-apop") => account.no_apop = true,
                Some("starttls") => account.server = Server::StartTls,
                Some("keep") => account.keep = true,
                Some("no-keep") => account.keep = false,
                Some("verify") => account.verify = Some(true),
                Some("no-verify") => {
                    account.verify = Some(false);
                    let why = "popfetch verifies certificates always; `tls-fingerprint` trusts one that no authority signed";
                    self.script.left_out.push(place.left_out("no-verify", why));
                }
                Some("no-uidl") => {
                    let why =
                        "popfetch tells messages apart by UIDL, and needs a server that has it";
                    self.script.left_out.push(place.left_out("no-uidl", why));
                }
                Some("insecure") => {
                    let why = "popfetch speaks no protocol that is known to be weak";
                    self.script.left_out.push(place.left_out("insecure", why));
                }
                Some(_) => {}
                None => return self.account_end(),
            }
        }
    }

    /// An account ends where the next statement begins.
    fn account_end(&mut self) -> Parsed<()> {
        let starts = [
            "set", "account", "action", "match", "include", "cache", "ifdef", "ifndef", "endif",
        ];
        let is_end = starts.into_iter().any(|word| self.is(word)) || self.peek().is_none();
        if is_end || self.is_definition() {
            return Ok(());
        }
        Err(self.fault("fdm does not know this option of an account either"))
    }

    pub(super) fn port(&mut self) -> Parsed<Port> {
        if self.is_number() {
            let number = self.number()?;
            return Ok(Port::Number(number.unwrap_or(0)));
        }
        Ok(Port::Service(self.text()?))
    }

    /// An account that is not POP3's: it is left out as a whole.
    fn other_account(&mut self, place: &Place, name: &Value) -> Parsed<()> {
        let Some(kind) = self.one_of(&OTHERS) else {
            return Err(self.fault("fdm does not know this kind of account either"));
        };
        let name = name.text().unwrap_or("?").to_owned();
        let why = format!("it is of kind {kind}, and popfetch fetches by POP3 only");
        let entry = place.left_out(format!("account \"{name}\""), why);
        self.script.left_out.push(entry);
        let starts = [
            "set", "account", "action", "match", "include", "ifdef", "ifndef", "endif",
        ];
        let is_news = kind.starts_with("nntp");
        while self.peek().is_some() {
            let is_start = starts.into_iter().any(|word| self.is(word));
            let is_cache = self.is("cache") && !is_news;
            if is_start || is_cache || self.is_definition() && self.next_starts_line() {
                break;
            }
            self.take();
        }
        Ok(())
    }
}
