//! `[retriever]`: the server and the login.
//!
//! It refuses to know what is fetched and where it goes. Invariants: the password is in a [`Secret`] and in no text; a
//! connection is never less protected than it was, and a certificate that getmail did not verify is verified.

use std::net::IpAddr;
use std::time::Duration;

use super::ini::{Section, Setting};
use super::literal::Literal;
use super::page::Page;
use crate::import::{Account, Proof, Tls};
use crate::secret::Secret;

const UNVERIFIED: &str = "getmail did not verify the server's certificate, having no `ca_certs`; popfetch does, by the \
     system's authorities, and `tls-fingerprint` makes it trust a single certificate";
const NO_TLS: &str = "getmail spoke to the server without TLS; popfetch asks it for TLS with STLS. If it has none, \
     `tls = \"none\"` and `allow-cleartext = true` do as getmail did";
const ANY_UID: &str = "getmail took no note of what it fetched here, and popfetch goes by the server's uids: the first \
     run fetches all that is on the server, unless `popfetch mark-seen` is run before";

/// A kind of retriever that fetches by POP3.
#[derive(Clone, Copy)]
struct Kind {
    is_tls: bool,
    is_multidrop: bool,
    is_broken: bool,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let (manner, protocol) = name.strip_suffix("Retriever")?.split_once("POP3")?;
        Some(Self {
            is_tls: match protocol {
                "" => false,
                "SSL" => true,
                _ => return None,
            },
            is_multidrop: manner == "Multidrop",
            is_broken: match manner {
                "Simple" | "Multidrop" => false,
                "BrokenUIDL" => true,
                _ => return None,
            },
        })
    }

    fn port(self) -> u16 {
        if self.is_tls { 995 } else { 110 }
    }
}

/// An account as far as this section says, and the file of its uids.
pub(super) struct Retriever {
    pub(super) account: Account,
    /// The port that getmail used.
    pub(super) port: u16,
    /// Whether the envelope's recipient is known to getmail.
    pub(super) is_multidrop: bool,
}

/// The account, unless this is none for POP3.
pub(super) fn translate(page: &mut Page<'_>, section: &Section, name: &str) -> Option<Retriever> {
    let kind = kind(page, section, name)?;
    let host = required(page, section, "server", name)?;
    let user = required(page, section, "username", name)?;
    let mut account = Account::new(name, page.file, section.line, host, user);
    account.tls = match (kind.is_tls, is_this_host(host)) {
        (true, _) => Tls::Implicit,
        (false, true) => Tls::None,
        (false, false) => Tls::StartTls,
    };
    let mut port = kind.port();
    for setting in &section.settings {
        match setting.name.as_str() {
            "port" => match page.number(setting).map(u16::try_from) {
                Some(Ok(said)) => {
                    port = said;
                    account.port = Some(said);
                }
                Some(Err(_)) => page.leave_out(setting, "it is no port"),
                None => {}
            },
            "timeout" => account.timeout = page.number(setting).map(Duration::from_secs),
            "use_apop" if page.truth(setting) => account.auth = Some("apop"),
            "use_xoauth2" if page.truth(setting) => account.auth = Some("xoauth2"),
            "use_netrc" if page.truth(setting) => {
                let why =
                    "popfetch reads no netrc; `popfetch login` puts the password into the keyring";
                page.leave_out(setting, why);
            }
            "delete_dup_msgids" if page.truth(setting) => {
                page.leave_out(setting, "popfetch deletes nothing that it did not fetch");
            }
            "envelope_recipient" if kind.is_multidrop => {
                let why =
                    "popfetch looks for no recipient in a message, so that all mail goes one way";
                page.leave_out(setting, why);
            }
            "use_apop" | "use_xoauth2" | "use_netrc" | "delete_dup_msgids" | "type" | "server"
            | "username" | "password" | "password_command" => {}
            _ if kind.is_tls => tls(page, setting, section, &mut account),
            _ => page.leave_unknown(setting, section),
        }
    }
    account.proof = proof(page, section, account.auth);
    conclude(page, section, &mut account);
    if kind.is_tls && account.ca_file.is_none() && account.fingerprint.is_none() {
        page.remark(UNVERIFIED);
    }
    if account.tls == Tls::StartTls {
        page.remark(NO_TLS);
    }
    if kind.is_broken {
        page.remark(ANY_UID);
    }
    Some(Retriever {
        account,
        port,
        is_multidrop: kind.is_multidrop,
    })
}

/// Leaves out what means nothing alone.
fn conclude(page: &mut Page<'_>, section: &Section, account: &mut Account) {
    let is_token = matches!(account.proof, Proof::Token(_));
    if let Some(setting) = section.get("use_xoauth2")
        && account.auth == Some("xoauth2")
        && !is_token
    {
        account.auth = None;
        let why = "nothing here gives a token; popfetch takes one from `token-command` or `oauth`";
        page.leave_out(setting, why);
    }
    if let Some(setting) = section.get("keyfile")
        && account.client_cert.is_none()
        && account.client_key.take().is_some()
    {
        page.leave_out(
            setting,
            "there is no `certfile` that it could be the key of",
        );
    }
}

/// The kind that `type` names.
fn kind(page: &mut Page<'_>, section: &Section, name: &str) -> Option<Kind> {
    let Some(setting) = section.get("type") else {
        let why = format!("account {name} has no `type`, and getmail refuses it, too");
        page.leave(section.line, "[retriever]", why);
        return None;
    };
    let kind = Kind::of(&setting.value);
    if kind.is_none() {
        let why = if setting.value.contains("IMAP") || setting.value.contains("SDPS") {
            format!("account {name}: popfetch fetches by POP3 only")
        } else {
            format!("account {name}: getmail has no such type either")
        };
        page.leave_out(setting, why);
    }
    kind
}

fn required<'s>(
    page: &mut Page<'_>,
    section: &'s Section,
    setting: &str,
    name: &str,
) -> Option<&'s str> {
    let value = section.get(setting).map(|setting| setting.value.as_str());
    let value = value.filter(|value| !value.is_empty() && !value.contains('\n'));
    if value.is_none() {
        let why = format!("account {name} has no `{setting}`; `popfetch account add` asks for it");
        page.leave(section.line, "[retriever]", why);
    }
    value
}

/// What only the kinds with TLS have.
fn tls(page: &mut Page<'_>, setting: &Setting, section: &Section, account: &mut Account) {
    match setting.name.as_str() {
        "ca_certs" if setting.value.ends_with('/') => {
            page.leave_out(
                setting,
                "popfetch takes a file here; without one it trusts the system's authorities",
            );
        }
        "ca_certs" => account.ca_file = page.path(setting, &setting.value),
        "certfile" => account.client_cert = page.path(setting, &setting.value),
        "keyfile" => account.client_key = page.path(setting, &setting.value),
        "ssl_fingerprints" => fingerprints(page, setting, section, account),
        "ssl_version" | "ssl_ciphers" => {
            page.leave_out(
                setting,
                "popfetch takes TLS 1.2 or later, with the ciphers that the system prefers",
            );
        }
        "ssl_cert_hostname" => {
            let why = "popfetch looks for the server's own name in its certificate; `tls-fingerprint` trusts a single \
                 certificate, whatever its name";
            page.leave_out(setting, why);
        }
        _ => page.leave_unknown(setting, section),
    }
}

fn fingerprints(page: &mut Page<'_>, setting: &Setting, section: &Section, account: &mut Account) {
    let Some(said) = page.strings(setting) else {
        return;
    };
    if section
        .get("ca_certs")
        .is_some_and(|s| !s.value.ends_with('/'))
    {
        let why = "popfetch goes by a fingerprint or by authorities, not by both, and `ca_certs` is carried over";
        page.leave_out(setting, why);
        return;
    }
    match said.as_slice() {
        [] => {}
        [one] => {
            let digits: String = one.chars().filter(char::is_ascii_hexdigit).collect();
            let is_sound =
                digits.len() == 64 && one.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
            if is_sound {
                account.fingerprint = Some(format!("sha256:{}", digits.to_ascii_lowercase()));
            } else {
                let why =
                    "popfetch takes the SHA-256 of a certificate, which has 64 hexadecimal digits";
                page.leave_out(setting, why);
            }
        }
        _ => page.leave_out(
            setting,
            "popfetch trusts one certificate; write the server's own into `tls-fingerprint`",
        ),
    }
}

/// The password, which wins over the command, as it does in getmail.
fn proof(page: &mut Page<'_>, section: &Section, auth: Option<&str>) -> Proof {
    let command = section.get("password_command");
    if let Some(setting) = section.get("password").filter(|s| !s.value.is_empty()) {
        if let Some(command) = command {
            page.leave_name(command, "getmail takes `password` where both are there");
        }
        if setting.value.contains('\n') {
            page.leave_name(setting, "it has several lines, which no server can be sent");
            return Proof::Unstated;
        }
        return Proof::Password(Secret::new(setting.value.as_str()));
    }
    let Some(setting) = command else {
        return Proof::Unstated;
    };
    let argv = Literal::read(&setting.value).and_then(Literal::strings);
    let Some(argv) = argv.filter(|argv| !argv.is_empty()) else {
        // Its value is not told, since a secret may be in it.
        let why = "it is no tuple of strings that can be read without running Python";
        page.leave_name(setting, why);
        return Proof::Unstated;
    };
    if auth == Some("xoauth2") {
        Proof::Token(argv)
    } else {
        Proof::Command(argv)
    }
}

fn is_this_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
