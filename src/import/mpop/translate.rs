//! One of mpop's accounts as one of popfetch's.
//!
//! It refuses to touch the file system. Invariants: paths are absolute; a password is in a [`Secret`] and nowhere else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{Account, Deliver, Leave, Proof, Surroundings, Tls};
use super::accounts::{Aside, Draft};
use super::commands::Command;
use super::lines::unquoted;
use super::{shell, values};
use crate::mail::Octets;
use crate::secret::Secret;

/// The port of a SOCKS proxy where none is said.
const SOCKS: u16 = 1080;

/// The account, unless mpop does not fetch it either.
pub(super) fn account(
    draft: &Draft<'_>,
    file: &Path,
    around: &Surroundings<'_>,
    aside: &mut Aside<'_>,
) -> Option<Account> {
    let mut leave_out = |why: String| aside.put(draft.line, format!("account {}", draft.name), why);
    if let Some(name) = draft.again {
        leave_out(format!(
            "it is {name} again; popfetch fetches all accounts where none is named"
        ));
        return None;
    }
    let host = draft.text(Command::Host);
    let user = draft.text(Command::User);
    let lacks = match (host, user) {
        (None, _) => "host",
        _ if !draft.says(Command::Delivery) && draft.eval.is_none() => "delivery",
        (_, None) => "user",
        _ => "",
    };
    let (Some(host), Some(user), "") = (host, user, lacks) else {
        leave_out(match draft.eval {
            Some(line) => format!(
                "it has no {lacks}, unless the command in line {line} prints one: write it there instead"
            ),
            None => format!("it has no {lacks}, so that mpop does not fetch it either"),
        });
        return None;
    };
    let mut account = Account::new(draft.name, file, draft.line, host, user);
    protection(&mut account, draft, around);
    way(&mut account, draft);
    proof(&mut account, draft);
    delivery(&mut account, draft, around);
    retention(&mut account, draft);
    Some(account)
}

fn is_on(draft: &Draft<'_>, command: Command, default: bool) -> bool {
    let given = draft.get(command);
    given.map_or(Some(default), |given| values::flag(given.argument)) == Some(true)
}

fn protection(account: &mut Account, draft: &Draft<'_>, around: &Surroundings<'_>) {
    account.tls = match (
        is_on(draft, Command::Tls, false),
        is_on(draft, Command::TlsStartTls, true),
    ) {
        (false, _) => Tls::None,
        (true, true) => Tls::StartTls,
        (true, false) => Tls::Implicit,
    };
    if account.tls == Tls::None {
        return;
    }
    let path = |command| Some(self::path(draft.text(command)?, around));
    account.ca_file = draft
        .text(Command::TlsTrustFile)
        .filter(|file| *file != "system")
        .map(|file| self::path(file, around));
    account.client_cert = path(Command::TlsCertFile);
    account.client_key = path(Command::TlsKeyFile);
    account.fingerprint = draft.text(Command::TlsFingerprint).map(|octets| {
        let digits = octets.replace(':', "").to_ascii_lowercase();
        format!("sha256:{digits}")
    });
    // As with mpop it is trusted whoever signed it.
    if account.fingerprint.is_some() {
        account.ca_file = None;
    }
}

fn way(account: &mut Account, draft: &Draft<'_>) {
    account.port = draft.text(Command::Port).and_then(values::port);
    account.proxy = draft.text(Command::ProxyHost).map(|host| {
        let port = draft.text(Command::ProxyPort).and_then(values::port);
        let port = port.unwrap_or(SOCKS);
        if host.contains(':') {
            format!("socks5://[{host}]:{port}")
        } else {
            format!("socks5://{host}:{port}")
        }
    });
    let source = draft.text(Command::SourceIp);
    account.source_address = source.and_then(|address| address.parse().ok());
    let timeout = draft.text(Command::Timeout).and_then(values::timeout);
    account.timeout = timeout.and_then(values::Limit::get);
    account.pipelining = draft
        .get(Command::Pipelining)
        .and_then(|given| values::flag(given.argument));
}

fn proof(account: &mut Account, draft: &Draft<'_>) {
    if let Some(values::Auth::Known(way)) = draft.text(Command::Auth).map(values::auth) {
        account.auth = way;
    }
    let by_token = matches!(account.auth, Some("oauthbearer" | "xoauth2"));
    // mpop asks the command only where there is no password.
    let command = draft.text(Command::PasswordEval).map(shell::argv);
    let command = command.filter(|argv| !argv.is_empty());
    let remark = match (draft.text(Command::Password), command) {
        (Some(_), _) if by_token => {
            "the access token in mpop's file is left out, as such a one is soon worth nothing: `popfetch login` gets new ones"
        }
        (None, None) if by_token => {
            "mpop got the access token from the keyring, from ~/.netrc or from the keyboard: `popfetch login` gets one for popfetch"
        }
        (None, None) if account.auth == Some("external") => return,
        (None, None) => {
            "mpop got the password from the keyring, from ~/.netrc or from the keyboard: `popfetch login` stores it for popfetch"
        }
        (Some(password), _) => {
            account.proof = Proof::Password(Secret::new(password));
            return;
        }
        (None, Some(argv)) => {
            account.proof = if by_token {
                Proof::Token(argv)
            } else {
                Proof::Command(argv)
            };
            return;
        }
    };
    account.remarks.push(remark.to_owned());
}

fn delivery(account: &mut Account, draft: &Draft<'_>, around: &Surroundings<'_>) {
    let Some(delivery) = draft.text(Command::Delivery) else {
        if let Some(line) = draft.eval.filter(|_| !draft.says(Command::Delivery)) {
            account.remarks.push(format!(
                "where its mail goes is not known: perhaps the command in line {line} prints it"
            ));
        }
        return;
    };
    let (method, argument) = delivery.split_once([' ', '\t']).unwrap_or((delivery, ""));
    let argument = unquoted(argument.trim_matches([' ', '\t']));
    if method == "mda" {
        let argv = shell::delivery(argument);
        if is_mpop(argument) {
            account.remarks.push(
                "its mail is delivered through mpop itself, which has to stay installed for that"
                    .to_owned(),
            );
        }
        if !argv.is_empty() {
            let unix_from = false;
            account.deliver.push(Deliver::Pipe { argv, unix_from });
        }
        return;
    }
    if argument.is_empty() {
        return;
    }
    if !argument.starts_with(['/', '~']) {
        account.remarks.push(
            "mpop looks for the relative path of its destination in the folder where it is started; here it is taken to be in the home folder".to_owned(),
        );
    }
    let path = path(argument, around);
    account.deliver.push(match method {
        "maildir" => Deliver::Maildir(path),
        // mpop locks by fcntl(2) alone.
        _ => Deliver::Mbox { path, flock: false },
    });
}

/// Whether a delivery runs mpop once more, which since version 1.4.23 delivers what it is given.
fn is_mpop(command: &str) -> bool {
    let mut words = command.split([' ', '\t']);
    let program = |word: &str| word == "mpop" || word.ends_with("/mpop");
    words.any(program) && words.any(|word| word == "--mda")
}

fn retention(account: &mut Account, draft: &Draft<'_>) {
    let keep = draft.get(Command::Keep);
    account.leave = match keep.and_then(|given| values::keep(given.argument)) {
        Some(values::Keep::On) => Leave::All,
        Some(values::Keep::For(time)) => Leave::For(in_hours(account, time)),
        Some(values::Keep::Off) => Leave::Nothing,
        None if keep.is_some() || draft.says(Command::Keep) || draft.eval.is_some() => {
            let remark = "what mpop was told of leaving mail on the server could not be read, so that nothing is deleted: set `leave-on-server`";
            account.remarks.push(remark.to_owned());
            Leave::All
        }
        None => {
            account.leave_is_default = true;
            Leave::Nothing
        }
    };
    let size = draft.text(Command::SkipSize).and_then(values::size);
    account.max_size = size.and_then(values::Limit::get).map(Octets);
}

/// popfetch counts in hours; mpop keeps mail for a time at least, and so does what is rounded up.
fn in_hours(account: &mut Account, time: Duration) -> Duration {
    const HOUR: u64 = 60 * 60;
    let hours = time.as_secs().div_ceil(HOUR);
    if !time.as_secs().is_multiple_of(HOUR) {
        let remark = format!(
            "mail stays on the server for {hours} hours, the next above what mpop was told, as popfetch counts no minutes"
        );
        account.remarks.push(remark);
    }
    Duration::from_secs(hours * HOUR)
}

/// The file of the account's uids.
pub(super) fn uidls(draft: &Draft<'_>, around: &Surroundings<'_>) -> Option<PathBuf> {
    let file = draft.text(Command::UidlsFile);
    let file = file.unwrap_or("~/.mpop_uidls/%U_at_%H");
    let mut path = String::new();
    let mut rest = file;
    // Not one after the other: a user may be called %H.
    while let Some((before, after)) = rest.split_once('%') {
        path.push_str(before);
        let (put, length) = match after.as_bytes().first() {
            Some(b'U') => (draft.text(Command::User)?, 1),
            Some(b'H') => (draft.text(Command::Host)?, 1),
            _ => ("%", 0),
        };
        path.push_str(put);
        rest = &after[length..];
    }
    path.push_str(rest);
    Some(self::path(&path, around))
}

/// mpop puts the home folder in the place of a tilde, whatever follows it.
fn path(written: &str, around: &Surroundings<'_>) -> PathBuf {
    match written.strip_prefix('~') {
        None => around.home.join(written),
        Some(rest) => {
            let mut path = around.home.as_os_str().to_owned();
            path.push(rest);
            path.into()
        }
    }
}
