//! Makes popfetch's accounts of fdm's.
//!
//! It refuses to read a file. Invariant: an option that is not carried over is left out at its line, or said in a remark.

use std::collections::HashSet;
use std::path::PathBuf;

use super::script::{AccountLine, Only, Place, Port, Script, Server};
use super::tags::Tags;
use super::values::Value;
use crate::import::{Account, Found, Leave, Proof, Surroundings, Tls};
use crate::mail::Octets;
use crate::secret::Secret;

/// No one has more accounts, and each is led through all rules.
const MOST_ACCOUNTS: usize = 100;

/// What was made of a script.
pub(super) struct Translated {
    pub(super) found: Found,
    /// The cache of each account, if it has one.
    pub(super) caches: Vec<Option<PathBuf>>,
}

/// Makes accounts of what the script says.
pub(super) fn translate(mut script: Script, around: &Surroundings<'_>) -> Translated {
    let left_out = std::mem::take(&mut script.left_out);
    let mut translator = Translator {
        script: &script,
        around,
        found: Found {
            left_out,
            ..Found::default()
        },
        said: HashSet::new(),
    };
    translator.default_user();
    let mut caches = Vec::new();
    for (index, line) in script.accounts.iter().enumerate() {
        if index == MOST_ACCOUNTS {
            let why = format!("at most {MOST_ACCOUNTS} accounts are carried over");
            translator.leave_out(&line.place, "the accounts from here on", &why);
            break;
        }
        if let Some((account, cache)) = translator.account(line) {
            translator.found.accounts.push(account);
            caches.push(cache);
        }
    }
    Translated {
        found: translator.found,
        caches,
    }
}

pub(super) struct Translator<'t> {
    pub(super) script: &'t Script,
    pub(super) around: &'t Surroundings<'t>,
    found: Found,
    /// What is left out already, so that it is said once for all accounts.
    said: HashSet<(Place, String)>,
}

impl Translator<'_> {
    pub(super) fn leave_out(&mut self, place: &Place, what: &str, why: &str) {
        if self.said.insert((place.clone(), what.to_owned())) {
            self.found.left_out.push(place.left_out(what, why));
        }
    }

    fn default_user(&mut self) {
        let Some((place, user)) = &self.script.settings.default_user else {
            return;
        };
        if user.text() != Ok(self.around.login) {
            let why = "popfetch delivers as the user who runs it: run it as that user";
            self.leave_out(place, "set default-user", why);
        }
    }

    fn account(&mut self, line: &AccountLine) -> Option<(Account, Option<PathBuf>)> {
        let stated = line.name.text().ok();
        let shown = format!("account \"{}\"", stated.unwrap_or("?"));
        let reason = match (line.server, &line.only) {
            (Server::Pipe, _) => {
                Some("it speaks POP3 with a program, and popfetch connects to a server itself")
            }
            (_, Only::Old) => {
                Some("it fetches once more what was fetched before, which popfetch does not")
            }
            _ => None,
        };
        if let Some(why) = reason {
            self.leave_out(&line.place, &shown, why);
            return None;
        }
        let tags = Tags {
            home: Some(self.around.home),
            user: Some(self.around.login),
            account: stated,
            server: None,
            action: None,
        };
        let host = match known(&line.host, &tags) {
            Ok(host) => host,
            Err(why) => {
                self.leave_out(
                    &line.place,
                    &shown,
                    &format!("its server is not known: {why}"),
                );
                return None;
            }
        };
        let file = &line.place.file;
        let name = stated.unwrap_or(&host);
        let mut account = Account::new(name, file, line.place.line, &host, "");
        account.tls = match line.server {
            Server::StartTls => Tls::StartTls,
            Server::Pop3s => Tls::Implicit,
            Server::Pop3 | Server::Pipe => Tls::None,
        };
        account.enabled = !line.disabled;
        account.auth = line.no_apop.then_some("user-pass");
        account.proxy.clone_from(&self.script.settings.proxy);
        account.timeout = self.script.settings.timeout;
        account.max_size = self.script.settings.maximum_size.map(Octets);
        self.port(line, &mut account);
        self.login(line, &tags, &mut account);
        remark_on_trust(line, self.script.settings.verifies, &mut account);
        let cache = self.cache(line, &tags, &mut account);
        self.deliver(line, &mut account);
        if line.keep {
            (account.leave, account.leave_is_default) = (Leave::All, false);
        } else if self.script.is_partial && account.leave != Leave::All {
            // The `keep` may be in what was not understood.
            (account.leave, account.leave_is_default) = (Leave::All, false);
            let remark = "not all of fdm's configuration was understood, so nothing is deleted from the server";
            account.remarks.push(remark.to_owned());
        }
        Some((account, cache))
    }

    fn port(&mut self, line: &AccountLine, account: &mut Account) {
        let Some((place, port)) = &line.port else {
            return;
        };
        let number = match port {
            Port::Number(number) => u16::try_from(*number).ok(),
            Port::Service(service) => match service.text() {
                Ok("pop3") => Some(110),
                Ok("pop3s") => Some(995),
                Ok(number) => number.parse().ok(),
                Err(_) => None,
            },
        };
        account.port = number.filter(|number| *number > 0);
        if account.port.is_none() {
            let why = "which port it is cannot be known here: write `port`";
            self.leave_out(place, "port", why);
        }
    }

    fn login(&mut self, line: &AccountLine, tags: &Tags<'_>, account: &mut Account) {
        match &line.user {
            None => {
                let host = &account.host;
                let remark = format!("fdm took its user from ~/.netrc, for {host}: write `user`");
                account.remarks.push(remark);
            }
            Some((place, user)) => match known(user, tags) {
                Ok(user) => account.user = user,
                Err(why) => {
                    let why = format!("{why}: write `user`");
                    self.leave_out(place, "user", &why);
                }
            },
        }
        account.proof = match &line.pass {
            // It may be what was not understood.
            None if self.script.is_partial => Proof::Unstated,
            None => {
                let remark = "fdm took its password from ~/.netrc, which popfetch does not read: \
                              popfetch login puts it into the keyring";
                account.remarks.push(remark.to_owned());
                Proof::Unstated
            }
            Some((_, Value::Command(command))) => {
                Proof::Command(vec!["sh".to_owned(), "-c".to_owned(), command.clone()])
            }
            Some((place, pass)) => match known(pass, tags) {
                Ok(pass) if pass.is_empty() => Proof::Unstated,
                Ok(pass) if pass.contains('\u{fffd}') => {
                    let why = "the password is not UTF-8, and is not copied";
                    self.leave_out(place, "pass", why);
                    Proof::Unstated
                }
                Ok(pass) => Proof::Password(Secret::new(pass)),
                Err(_) => {
                    let why = "the password is put together when fdm runs, and is not copied";
                    self.leave_out(place, "pass", why);
                    Proof::Unstated
                }
            },
        };
    }

    fn cache(
        &mut self,
        line: &AccountLine,
        tags: &Tags<'_>,
        account: &mut Account,
    ) -> Option<PathBuf> {
        let Only::New(place, path) = &line.only else {
            if line.keep {
                let remark =
                    "fdm fetched all of its mail each time; popfetch fetches a message once";
                account.remarks.push(remark.to_owned());
            }
            return None;
        };
        let path = path.text().map_err(ToOwned::to_owned);
        match path.and_then(|path| tags.path(path).map_err(|tag| unknown_tag(&tag))) {
            Ok(path) => Some(path),
            Err(why) => {
                let why = format!("where it is cannot be known here: {why}");
                self.leave_out(place, "new-only cache", &why);
                None
            }
        }
    }
}

/// What is to be said of a tag that is not known.
pub(super) fn unknown_tag(tag: &str) -> String {
    format!("what `{tag}` stands for is known only when fdm runs")
}

/// The text with its tags replaced.
pub(super) fn known(value: &Value, tags: &Tags<'_>) -> Result<String, String> {
    let text = value.text().map_err(ToOwned::to_owned)?;
    tags.replace(text).map_err(|tag| unknown_tag(&tag))
}

fn remark_on_trust(line: &AccountLine, verifies: bool, account: &mut Account) {
    if account.tls != Tls::None && line.verify.is_none() && !verifies {
        let remark = "fdm did not verify the server's certificate; popfetch does, and `tls-fingerprint` \
                      trusts one that no authority signed";
        account.remarks.push(remark.to_owned());
    }
}
