//! Makes accounts of what a file says of servers and users.
//!
//! It refuses to know how that was written, where mail goes ([`super::deliver`]) and how a connection is protected
//! ([`super::protect`]). Invariant: an account that fetchmail would not fetch by POP3 is none here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::said::{File, Left, Told, User};
use super::{deliver, protect};
use crate::import::{Account, Leave, Proof, Surroundings};
use crate::mail::Octets;

/// What is made of a file.
#[derive(Default)]
pub(super) struct Made {
    /// The accounts, each with the label of its server, which is what its uids are filed under.
    pub(super) accounts: Vec<(String, Account)>,
    pub(super) left_out: Vec<Left>,
}

/// An account in the making.
pub(super) struct Draft<'f> {
    pub(super) told: Told<'f>,
    pub(super) account: Account,
    pub(super) left_out: &'f mut Vec<Left>,
}

impl Draft<'_> {
    pub(super) fn leave_out(&mut self, line: usize, what: &str, why: impl Into<String>) {
        self.left_out.push(Left {
            line,
            what: what.to_owned(),
            why: why.into(),
        });
    }

    pub(super) fn remark(&mut self, remark: impl Into<String>) {
        self.account.remarks.push(remark.into());
    }
}

/// Makes the accounts.
pub(super) fn accounts(said: &File, file: &Path, around: &Surroundings<'_>) -> Made {
    let mut made = Made::default();
    for entry in &said.entries {
        // Where no `user` begins one, it is the defaults', or this machine's.
        let implied = entry.users.is_empty().then(|| User {
            line: entry.line,
            ..User::default()
        });
        for user in entry.users.iter().chain(&implied) {
            if user.nameless {
                continue;
            }
            let told = Told {
                entry,
                user,
                defaults: said.defaults.as_ref(),
            };
            if let Some(account) = account(told, file, around, &mut made.left_out) {
                made.accounts.push((entry.name.clone(), account));
            }
        }
    }
    made
}

fn account(
    told: Told<'_>,
    file: &Path,
    around: &Surroundings<'_>,
    left_out: &mut Vec<Left>,
) -> Option<Account> {
    let host = told.server(|server| &server.via);
    let host = host.map_or(told.entry.name.as_str(), |via| via.value.as_str());
    let remote = told.user(|user| &user.remote);
    let remote = remote.map_or(around.login, |remote| remote.value.as_str());
    let line = if told.entry.users.len() > 1 {
        told.user.line
    } else {
        told.entry.line
    };
    let mut draft = Draft {
        told,
        account: Account::new(&told.entry.name, file, line, host, remote),
        left_out,
    };
    let fetches = protocol(&mut draft);
    if !fetches {
        return None;
    }
    draft.account.enabled = !told.entry.skip;
    protect::protect(&mut draft, around);
    login(&mut draft);
    deliver::deliver(&mut draft, around);
    limits(&mut draft);
    connection(&mut draft);
    Some(draft.account)
}

/// What fetchmail speaks; whether that is POP3, as far as can be told.
fn protocol(draft: &mut Draft<'_>) -> bool {
    let told = draft.told;
    let said = told.server(|server| &server.protocol);
    let protocol = said
        .map_or("auto", |said| said.value.as_str())
        .to_ascii_lowercase();
    let line = said.map_or(told.entry.line, |said| said.line);
    let what = format!("protocol {protocol}");
    let name = told.entry.name.clone();
    match protocol.as_str() {
        "pop3" => true,
        "apop" => {
            draft.account.auth = Some("apop");
            true
        }
        "sdps" => {
            let why = "the server's envelopes are for several people; popfetch delivers all of a maildrop to one place";
            draft.leave_out(line, &what, why);
            true
        }
        "auto" => {
            let service = told.server(|server| &server.service);
            let service = service.map(|service| service.value.to_ascii_lowercase());
            let by_port = match service.as_deref() {
                Some("110" | "995" | "pop3" | "pop3s") => Some(true),
                Some("143" | "993" | "imap" | "imap2" | "imaps") => Some(false),
                _ => None,
            };
            let looks_like_imap = || draft.account.host.to_ascii_lowercase().starts_with("imap");
            if by_port.unwrap_or_else(|| !looks_like_imap()) {
                if by_port.is_none() {
                    draft.remark(
                        "fetchmail was not told the protocol, and tries IMAP first; popfetch fetches by POP3",
                    );
                }
                return true;
            }
            let why = format!(
                "account {name}: fetchmail finds out the protocol, here likely IMAP; popfetch fetches by POP3 only"
            );
            draft.leave_out(line, &what, why);
            false
        }
        "rpop" | "kpop" => {
            let why = format!("account {name}: popfetch does not log in by rhosts or Kerberos");
            draft.leave_out(line, &what, why);
            false
        }
        "imap" | "pop2" | "etrn" | "odmr" => {
            let why = format!("account {name}: popfetch fetches by POP3 only");
            draft.leave_out(line, &what, why);
            false
        }
        _ => {
            let why = format!("account {name}: fetchmail knows no such protocol, either");
            draft.leave_out(line, "protocol", why);
            false
        }
    }
}

fn login(draft: &mut Draft<'_>) {
    let told = draft.told;
    let mut token = false;
    if let Some(said) = told.server(|server| &server.auth) {
        let auth = said.value.to_ascii_lowercase();
        let known = match auth.as_str() {
            "any" => None,
            "password" => Some("user-pass"),
            "cram-md5" => Some("cram-md5"),
            "external" => Some("external"),
            "xoauth2" => Some("xoauth2"),
            "oauthbearer" => Some("oauthbearer"),
            _ => {
                let known = matches!(
                    auth.as_str(),
                    "otp"
                        | "ntlm"
                        | "msn"
                        | "ssh"
                        | "gssapi"
                        | "kerberos"
                        | "kerberos_v4"
                        | "kerberos_v5"
                );
                let (what, why) = if known {
                    (
                        format!("auth {auth}"),
                        "popfetch cannot log in so; it takes the best way that the server offers",
                    )
                } else {
                    (
                        "auth".to_owned(),
                        "fetchmail knows no such way to log in, either",
                    )
                };
                draft.leave_out(said.line, &what, why);
                None
            }
        };
        token = matches!(known, Some("xoauth2" | "oauthbearer"));
        // `proto apop` is a way to log in of its own, whatever `auth` says.
        draft.account.auth = draft.account.auth.or(known);
    }
    let password = told.user(|user| &user.password);
    let command = told.user(|user| &user.password_command);
    if let Some(password) = password {
        draft.account.proof = Proof::Password(password.value.clone());
    } else if let Some(command) = command {
        let argv = deliver::shell(command.value.expose());
        draft.account.proof = if token {
            Proof::Token(argv)
        } else {
            Proof::Command(argv)
        };
    }
}

fn limits(draft: &mut Draft<'_>) {
    let told = draft.told;
    let keep = told.user(|user| &user.keep);
    draft.account.leave = match keep {
        Some(keep) if keep.value => Leave::All,
        Some(_) => Leave::Nothing,
        // A `keep` may be what was not understood.
        None if told.is_broken() => {
            draft.remark(
                "not all of its entry was understood, so nothing is deleted from the server",
            );
            Leave::All
        }
        None => {
            draft.account.leave_is_default = true;
            Leave::Nothing
        }
    };
    // 0 is none, in both.
    let limit = told.user(|user| &user.limit).map(|said| said.value);
    draft.account.max_size = limit.filter(|limit| *limit > 0).map(Octets);
    let most = told.user(|user| &user.fetch_limit).map(|said| said.value);
    draft.account.max_messages = most
        .filter(|most| *most > 0)
        .map(|most| usize::try_from(most).unwrap_or(usize::MAX));
}

fn connection(draft: &mut Draft<'_>) {
    let told = draft.told;
    if let Some(said) = told.server(|server| &server.timeout) {
        if said.value == 0 {
            let why = "popfetch always waits only so long; write `timeout` to say how long";
            draft.leave_out(said.line, "timeout 0", why);
        } else {
            draft.account.timeout = Some(Duration::from_secs(said.value));
        }
    }
    if told.server(|server| &server.plugin).is_some() {
        draft.account.enabled = false;
        draft.remark(
            "fetchmail reached the server by a command (`plugin`), and popfetch connects by itself; it takes part only when named, or with `enabled = true`",
        );
    }
    if let Some(said) = told.user(|user| &user.post_connect) {
        draft.account.after_sync = Some(deliver::shell(&said.value));
        draft.remark(
            "its `postconnect` command ran after each session; popfetch runs it only after new mail",
        );
    }
}

/// A path as fetchmail takes it, relative to the folder that it is started in: for a timer or a daemon that is the home
/// folder. Nothing expands `~` there, but nobody who writes it means a folder of that name.
pub(super) fn path(written: &str, around: &Surroundings<'_>) -> PathBuf {
    let below_home = ["~/", "$HOME/"]
        .iter()
        .find_map(|home| written.strip_prefix(home));
    around.home.join(below_home.unwrap_or(written))
}
