//! What can be done about an error: the one place that knows both the errors and the words of the configuration.

use std::error::Error as _;
use std::io;
use std::path::Path;

use crate::config::Account;
use crate::credentials::oauth2;
use crate::pop3::{Code, Mechanism, Need, Refusal, Violation};
use crate::providers::{self, Provider};
use crate::sync::Wait;
use crate::{credentials, delivery, pop3, state, sync};

/// Whose trouble it is.
#[derive(Clone, Copy)]
pub(super) struct Whose<'w> {
    /// The account's name.
    pub(super) account: &'w str,
    /// Its user.
    pub(super) user: &'w str,
    /// Its provider, if that is a known one.
    pub(super) provider: Option<&'static Provider>,
}

impl<'w> Whose<'w> {
    pub(super) fn of(account: &'w Account) -> Self {
        Self {
            account: &account.name,
            user: &account.user,
            provider: account.provider.and_then(providers::by_key),
        }
    }
}

/// The cure of an error in an account's run, where there is one.
pub(super) fn of_run(error: &sync::Error, whose: &Whose<'_>) -> Option<String> {
    let account = whose.account;
    match error {
        sync::Error::Credentials(error) => of_credentials(error, account),
        sync::Error::Delivery(error) => of_delivery(error),
        sync::Error::Pop3(error) => of_pop3(error, whose),
        sync::Error::State(error) => Some(of_state(error)),
        sync::Error::MaildirGone { path } => Some(format!(
            "is its disk mounted? If you removed it on purpose, make it again (mkdir -p '{}/new'); nothing was fetched",
            path.display()
        )),
        sync::Error::NoUidl { .. } => Some(
            "popfetch needs UIDL or TOP to tell new mail from old; nothing was fetched".to_owned(),
        ),
        sync::Error::Oversized { .. } => {
            Some("the server may be at fault: look at the message in its web mail".to_owned())
        }
        sync::Error::Unsendable { what, .. } => Some(format!("correct the {what}")),
        sync::Error::TooSoon { .. } => {
            Some("nothing was fetched; run popfetch less often for this account".to_owned())
        }
        sync::Error::Thread(_) => None,
    }
}

/// The cure of what kept one message, or some, from arriving, where there is one.
pub(super) fn of_problem(problem: &sync::Problem, whose: &Whose<'_>) -> Option<String> {
    let account = whose.account;
    match problem {
        sync::Problem::Closed { error, .. } => of_run(error, whose),
        sync::Problem::Waits {
            wait: Wait::Quarantined,
            ..
        } => Some(format!("`popfetch retry {account}` tries again")),
        sync::Problem::Waits { wait: Wait::Until(_), .. } => Some(format!(
            "it is kept here and tried again then, or now by `popfetch retry {account}`"
        )),
        sync::Problem::Waits { wait: Wait::NextRun, .. } => {
            Some("it is kept here and tried again by the next run".to_owned())
        }
        sync::Problem::PutOff { .. } => {
            Some("they are kept here and tried again by the next run".to_owned())
        }
        sync::Problem::SpoolLost { .. } => {
            Some("what no destination has is fetched again; for the rest, name the uids to `popfetch refetch`".to_owned())
        }
        sync::Problem::NoRoom { .. } => Some("make room; the mail is still on the server".to_owned()),
        sync::Problem::MassDeletion(_) => Some(format!(
            "is the disk mounted? If you deleted them, run `popfetch sync {account}` on a terminal and say so; if not, `popfetch refetch {account} --missing` brings them back"
        )),
        sync::Problem::Owed { .. } => Some(
            "mount its disk, or make the folder again, with new/ in it, if you removed it on purpose"
                .to_owned(),
        ),
        _ => None,
    }
}

fn of_pop3(error: &pop3::Error, whose: &Whose<'_>) -> Option<String> {
    use pop3::Error;
    Some(match error {
        Error::Lookup { unknown: true, .. } => {
            "check host for a typing error; is the network up?".to_owned()
        }
        Error::Lookup { unknown: false, .. } => "is the network up?".to_owned(),
        Error::Connect { .. } => {
            "check host and port; most servers listen on 995, or on 110 with tls = \"starttls\""
                .to_owned()
        }
        Error::Handshake { source, .. } if source.to_string().contains("wrong version number") => {
            "the server does not speak TLS here: try port = 995 with tls = \"implicit\", or port = 110 with tls = \"starttls\""
                .to_owned()
        }
        Error::Handshake { source, .. } if source.to_string().contains("handshake failure") => {
            "the two agree on no version or cipher, or the server wants a client certificate: set tls-client-cert"
                .to_owned()
        }
        Error::NoStls { .. } => {
            "try tls = \"implicit\" with port = 995; if the server had STLS before, somebody may be in between"
                .to_owned()
        }
        Error::Untrusted { reason, leaf, .. } => {
            let trust = match leaf {
                Some(leaf) => format!("pin it with tls-fingerprint = \"{}\"", leaf.fingerprint),
                None => "pin it with tls-fingerprint".to_owned(),
            };
            // An authority makes a certificate neither younger nor another's.
            let (first, authority) = if reason.contains("mismatch") {
                ("check host, which must be a name in the certificate; ", "")
            } else if reason.contains("expired") || reason.contains("not yet valid") {
                ("check this machine's clock; the server needs a new one; ", "")
            } else {
                ("", ", or name its authority's PEM file in tls-ca-file")
            };
            format!(
                "{first}if you are sure that it is the right one, {trust} in the account{authority}"
            )
        }
        Error::StlsRefused { .. } => {
            "try later, or tls = \"implicit\" with port = 995; if the server had STLS before, somebody may be in between"
                .to_owned()
        }
        Error::Violation {
            violation: Violation::Injected,
            ..
        } => "somebody may be in between: try tls = \"implicit\" with port = 995".to_owned(),
        Error::WrongFingerprint { leaf, .. } => format!(
            "if the server has a new certificate, and you are sure that it is the right one, set tls-fingerprint = \"{}\"",
            leaf.fingerprint
        ),
        Error::PlainPort { .. } => {
            "set tls = \"starttls\" for this port, or port = 995 for TLS from the first byte".to_owned()
        }
        Error::TlsPort { .. } => "set tls = \"implicit\"".to_owned(),
        Error::ClientCertificate { .. } => "correct tls-client-cert".to_owned(),
        Error::ClientKey { .. } => "correct tls-client-key".to_owned(),
        Error::ClientRefused { .. } => {
            "set tls-client-cert to one that the server accepts".to_owned()
        }
        Error::ClientKeyExposed { path, .. } => {
            format!("make it private: chmod 600 {}", quoted(path))
        }
        Error::ClientKeyForm { path } => format!(
            "convert it: openssl pkcs8 -topk8 -nocrypt -in {} -out new.pem; then chmod 600 new.pem, and name that in tls-client-key",
            quoted(path)
        ),
        Error::NoAddress { .. } => "correct ip-version or source-address".to_owned(),
        Error::Source { .. } => {
            "correct source-address, or bring the network up that it belongs to".to_owned()
        }
        Error::Proxy { .. } => "is the proxy running, and its address in proxy right?".to_owned(),
        Error::ProxyRefused { refusal, .. } => match refusal {
            Refusal::Login | Refusal::LoginWanted => {
                "correct user and password in proxy: \"socks5://USER:PASSWORD@HOST:PORT\""
            }
            Refusal::NotSocks => "correct host and port in proxy: it takes SOCKS5, and no HTTP",
            Refusal::NoMethod | Refusal::NotAllowed | Refusal::Unable(_) => "ask whoever runs the proxy",
            _ => "check host and port, or try later",
        }
        .to_owned(),
        Error::Roots { .. } => "correct tls-ca-file".to_owned(),
        Error::NotOffered { mechanism, .. } => of_unknown(*mechanism).to_owned(),
        Error::NoTimestamp => "set auth to something else, or leave it out".to_owned(),
        Error::Unproven { .. } => {
            "this may not be the server that you mean; check host and password".to_owned()
        }
        Error::Login {
            reply, mechanism, ..
        } => of_code(reply.code).map_or_else(|| of_login(*mechanism, whose), str::to_owned),
        Error::Refused { reply, .. } => of_code(reply.code).unwrap_or("ask the provider").to_owned(),
        // A server with TLS from the first byte waits for the client to begin.
        Error::TimedOut {
            during: "the greeting",
        } => "try later, or raise timeout; if the port speaks TLS from the first byte, as 995 does, set tls = \"implicit\""
            .to_owned(),
        Error::TimedOut { .. } => "try later, or raise timeout".to_owned(),
        _ => return None,
    })
}

/// The cure of a login that the server does not know.
fn of_unknown(mechanism: Mechanism) -> &'static str {
    match mechanism.needs() {
        Need::Password => "set auth to one that it offers, or leave it out",
        Need::Token => {
            "it takes no OAuth2 tokens: set a password in place of oauth or token-command"
        }
        Need::Certificate => {
            "no certificate logs in there: set a password, and auth to something else"
        }
    }
}

/// The cure of a login that was judged and refused.
fn of_login(mechanism: Mechanism, whose: &Whose<'_>) -> String {
    let needs = match whose.provider {
        Some(provider) => provider.login_hint(whose.user),
        None => "many providers want an app password, and POP switched on in their web settings"
            .to_owned(),
    };
    match (mechanism.needs(), whose.provider) {
        (Need::Password, _) => format!("check user and password; {needs}"),
        (Need::Token, Some(_)) => format!(
            "check user, and log in again for a new token (`popfetch login {}`, or the program of token-command); {needs}",
            whose.account
        ),
        (Need::Token, None) => format!(
            "check user, and log in again for a new token (`popfetch login {}`, or the program of token-command); is POP switched on in the provider's web settings?",
            whose.account
        ),
        (Need::Certificate, _) => {
            "check user and tls-client-cert: the server knows no such pair".to_owned()
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// The cure of a refusal whose response code says enough.
fn of_code(code: Option<Code>) -> Option<&'static str> {
    match code? {
        Code::InUse => Some("another program has the mailbox open; try later"),
        Code::LoginDelay => Some("the server wants more time between two logins"),
        Code::SysTemp => Some("try later"),
        Code::SysPerm => Some("ask the provider"),
        Code::Auth => None,
    }
}

/// The cure of an error of the state.
pub(super) fn of_state(error: &state::Error) -> String {
    use state::Error;
    match error {
        Error::Damaged { path, .. } => format!(
            "run popfetch again: it keeps '{}' aside, and recognises the mail that is here already",
            path.display()
        ),
        Error::ReadOnly { path } => format!(
            "nothing was fetched; make it and its folder writable (chmod u+w '{}')",
            path.display()
        ),
        Error::Folder { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            "nothing was fetched; make it yours and writable, or set XDG_STATE_HOME to another folder"
                .to_owned()
        }
        Error::Newer { .. } => "install that version".to_owned(),
        Error::Busy { .. } => "wait for it to end".to_owned(),
        Error::Database { .. } if error.is_temporary() => {
            "another program has it open; try later".to_owned()
        }
        Error::Database { .. } => {
            "nothing is lost; check that the disk has room and that the folder is writable".to_owned()
        }
        Error::Folder { .. } => {
            "nothing was fetched; check that the disk has room and can be written".to_owned()
        }
    }
}

fn of_delivery(error: &delivery::Error) -> Option<String> {
    use delivery::Error;
    match error {
        Error::Locked { path, .. } => {
            return Some(format!(
                "wait for it to end, or remove '{}.lock' if no program uses the mbox",
                path.display()
            ));
        }
        Error::NotAnMbox { .. } => {
            return Some("correct deliver; nothing was fetched for it".to_owned());
        }
        Error::LmtpConnect { .. } | Error::LmtpLost { .. } => {
            return Some(
                "is the LMTP server running, and the address in deliver right?".to_owned(),
            );
        }
        Error::LmtpRefused { .. } | Error::NoLmtp { .. } => {
            return Some("ask whoever runs that server; what is meant for it waits here or on the POP server".to_owned());
        }
        Error::Stopped => return None,
        _ => {}
    }
    let source = error.source()?.downcast_ref::<io::Error>()?;
    Some(match (source.kind(), error) {
        (io::ErrorKind::NotFound, Error::Program { .. }) => {
            "correct deliver, or name the program with its path: cron has few folders in PATH; the mail is safe".to_owned()
        }
        (io::ErrorKind::PermissionDenied, Error::Program { .. }) => {
            "make it executable (chmod +x), or correct deliver; the mail is safe".to_owned()
        }
        (_, Error::Program { .. }) => "correct deliver; the mail is safe".to_owned(),
        (io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem, _) => {
            "make it yours and writable, or correct deliver; the mail is still on the server".to_owned()
        }
        (io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, _) => {
            "make room; the mail is still on the server".to_owned()
        }
        (io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists, _) => {
            "a file is where a folder should be: correct deliver".to_owned()
        }
        _ => "the mail is still on the server".to_owned(),
    })
}

/// The cure of an error in finding an account's secret.
pub(super) fn of_credentials(error: &credentials::Error, account: &str) -> Option<String> {
    use credentials::Error;
    Some(match error {
        Error::Nowhere { .. } => format!(
            "store one with `popfetch login {account}`, or set password-command or password-file"
        ),
        Error::Exposed { path, .. } => format!("make it private: chmod 600 '{}'", path.display()),
        Error::Command { key, .. } => {
            format!("correct {key}; no shell runs, so name the program with its path")
        }
        Error::NoToken { .. } => {
            "run it by hand: the token is the first line; the next run asks it again".to_owned()
        }
        Error::Empty { .. } => "the password is the first line, as UTF-8".to_owned(),
        Error::File { .. } => "correct password-file".to_owned(),
        Error::Keyring { .. } => {
            "use password-command or password-file where there is no keyring".to_owned()
        }
        Error::CommandFailed { .. } => {
            "run it by hand; from cron it has no terminal and few variables".to_owned()
        }
        Error::OAuth2(error) => return of_oauth2(error, account),
        Error::CommandTimedOut { .. } | Error::Prompt { .. } | Error::Stopped => return None,
    })
}

/// The cure of an error in finding an account's token.
fn of_oauth2(error: &oauth2::Error, account: &str) -> Option<String> {
    use oauth2::Error;
    Some(match error {
        Error::NotLoggedIn | Error::Expired | Error::Revoked { .. } | Error::Damaged { .. } => {
            format!("log in with `popfetch login {account}`")
        }
        Error::Denied { .. } | Error::TimedOut { .. } | Error::Pasted { .. } => {
            format!("begin again with `popfetch login {account}`")
        }
        Error::Keyring { .. } => format!(
            "under cron there may be no keyring: `popfetch login {account} --no-keyring` keeps the tokens in a file that only you can read"
        ),
        // RFC 6749 §5.2: the code, for tokens are taken back in other words.
        Error::Refused { error, .. } if error == "invalid_grant" => format!(
            "the code was wrong, used before or too old: begin again with `popfetch login {account}`"
        ),
        Error::Refused { .. } => {
            "check client-id, the client's secret, tenant and scope in oauth".to_owned()
        }
        Error::ClientSecret { source } => return of_credentials(source, account),
        Error::Address { .. } | Error::Insecure { .. } => "correct oauth".to_owned(),
        Error::NoDevice => "leave --device out".to_owned(),
        Error::Exposed { path, .. } => format!("make it private: chmod 600 '{}'", path.display()),
        Error::File { .. } => "check that the disk has room and that it is yours".to_owned(),
        Error::Unreachable { .. } => "is the network up? The next run tries again".to_owned(),
        Error::Busy | Error::Nonsense { .. } | Error::Unavailable { .. } => "try later".to_owned(),
        Error::Listen { .. } | Error::Stopped => return None,
    })
}
