//! Decides where an account's mail goes.
//!
//! It refuses to run anything. fetchmail knows three ways, of which the first that is told counts: a file of SMTP commands
//! (`bsmtp`), a command for the shell (`mda`), a mail server by SMTP or LMTP, which is this machine's when nothing is
//! said. Invariant: mail that fetchmail hands out to several people goes nowhere by itself.

use super::protect::is_this_machine;
use super::said::Said;
use super::translate::Draft;
use crate::import::{Deliver, Surroundings};

/// Where every mail server of the usual kind has its door for local programs.
const SENDMAIL: &str = "/usr/sbin/sendmail";

/// The port of LMTP's name in `/etc/services`.
const LMTP_PORT: &str = "24";

pub(super) fn deliver(draft: &mut Draft<'_>, around: &Surroundings<'_>) {
    let told = draft.told;
    let Some(local) = local_name(draft, around) else {
        return;
    };
    if let Some(bsmtp) = told.user(|user| &user.bsmtp) {
        let why = "popfetch writes no SMTP commands to a file; write `deliver` to say where the mail goes";
        draft.leave_out(bsmtp.line, "bsmtp", why);
        return;
    }
    if let Some(mda) = told.user(|user| &user.mda) {
        draft.account.deliver = vec![Deliver::Pipe {
            argv: agent(&mda.value, &local),
            unix_from: false,
        }];
        return;
    }
    hand_over(draft, &local);
}

/// The one who gets the mail here. With several, or with all that may come, there is none, and the account rests.
fn local_name(draft: &mut Draft<'_>, around: &Surroundings<'_>) -> Option<String> {
    let locals = draft.told.locals();
    let Some(first) = locals.first() else {
        let named = (around.variable)("FETCHMAILUSER");
        return Some(named.unwrap_or_else(|| around.login.to_owned()));
    };
    // Also twice the same name is several, and a `*` of the defaults is not undone.
    let default = draft.told.default_locals();
    let all = locals.iter().chain(default).any(|local| local.value == "*");
    if locals.len() == 1 && !all {
        return Some(first.value.clone());
    }
    let why = "fetchmail hands this maildrop out to several people by the messages' headers (multidrop); popfetch delivers all of it to one place, so the account takes part only when named";
    draft.leave_out(first.line, "is", why);
    draft.account.enabled = false;
    draft.remark("fetchmail handed its mail out to several people; say where all of it goes before you use it");
    None
}

/// The command of an `mda`, which fetchmail gives to the shell with `%T` for who gets the mail and `%F` for who sent it,
/// both between single quotes.
fn agent(command: &str, local: &str) -> Vec<String> {
    let local = format!("'{}'", local.replace('\'', ""));
    let told = command.replace("%T", &local);
    if command.contains("%F") {
        // A sender comes from the mail: it stays a variable, which no shell reads as anything else.
        return by_shell(&told.replace("%F", "\"$POPFETCH_SENDER\""));
    }
    // Whether a shell is needed is the command's matter; a name is quoted.
    without_shell(&command.replace("%T", "T"))
        .and_then(|_| shell_words::split(&told).ok())
        .unwrap_or_else(|| by_shell(&told))
}

/// What a shell would run: without a shell where it is a program and its arguments, and by `sh -c` otherwise.
pub(super) fn shell(command: &str) -> Vec<String> {
    without_shell(command).unwrap_or_else(|| by_shell(command))
}

fn by_shell(command: &str) -> Vec<String> {
    ["sh", "-c", command].map(str::to_owned).to_vec()
}

/// The program and its arguments, where a shell would do no more than start it.
fn without_shell(command: &str) -> Option<Vec<String>> {
    const SPEAKS: &str = "|&;<>()$`*?[]#~{}!\n";
    const OWN: [&str; 14] = [
        ".", ":", "cd", "case", "eval", "exec", "exit", "export", "for", "if", "set", "ulimit",
        "umask", "while",
    ];
    if command.contains(|letter| SPEAKS.contains(letter)) {
        return None;
    }
    let words = shell_words::split(command).ok()?;
    let first = words.first()?;
    (!first.contains('=') && !OWN.contains(&first.as_str())).then_some(words)
}

/// A mail server, by LMTP or, where it is this machine's, by its own program.
fn hand_over(draft: &mut Draft<'_>, local: &str) {
    let told = draft.told;
    let hosts = told.user(|user| &user.smtp_hosts);
    let line = hosts.map_or(told.user.line, |said| said.line);
    let names: &[String] = hosts.map_or(&[], |said| said.value.as_slice());
    let socket = names.iter().find(|name| name.starts_with('/'));
    let lmtp = told.user(|user| &user.lmtp).filter(|said| said.value);
    if let Some(address) = socket
        .map(|path| format!("unix:{path}"))
        .or_else(|| lmtp.and_then(|_| names.iter().find_map(|name| lmtp_address(name))))
    {
        if names.len() > 1 {
            draft.leave_out(
                line,
                "smtphost",
                format!("popfetch takes one of them, {address}"),
            );
        }
        draft.account.deliver = vec![Deliver::Lmtp {
            recipient: Some(recipient(draft, names, local)),
            address,
        }];
        return;
    }
    if let Some(lmtp) = lmtp {
        let why = "no `smtphost` says at which port or socket LMTP is spoken";
        draft.leave_out(lmtp.line, "lmtp", why);
        return;
    }
    if names.is_empty() || names.iter().any(|name| is_local(name)) {
        let whom = match (
            told.user(|user| &user.smtp_name),
            told.user(|user| &user.smtp_address),
        ) {
            (Some(name), _) => name.value.clone(),
            (None, Some(domain)) => at(local, &domain.value),
            (None, None) => local.to_owned(),
        };
        draft.remark(format!(
            "fetchmail gave its mail to the mail server of this machine, on port 25, for {whom}; popfetch gives it to {SENDMAIL}, which wants one to be installed"
        ));
        draft.account.deliver = vec![Deliver::Pipe {
            argv: [SENDMAIL, "-oi", "--", &whom].map(str::to_owned).to_vec(),
            unix_from: false,
        }];
        return;
    }
    let why = "popfetch speaks no SMTP; write `deliver` to say where the mail goes, which may be LMTP or a program that sends it on";
    draft.leave_out(line, "smtphost", why);
}

/// Who gets the mail, as fetchmail says it to the mail server.
fn recipient(draft: &Draft<'_>, names: &[String], local: &str) -> String {
    let told = draft.told;
    if let Some(name) = told.user(|user| &user.smtp_name) {
        return name.value.clone();
    }
    let server = names.first().map_or("localhost", |name| {
        if name.starts_with('/') {
            "localhost"
        } else {
            split(name).0
        }
    });
    let domain = told.user(|user| &user.smtp_address);
    at(local, domain.map_or(server, |Said { value, .. }| value))
}

fn at(local: &str, domain: &str) -> String {
    if local.contains('@') {
        local.to_owned()
    } else {
        format!("{local}@{domain}")
    }
}

/// A mail server and its port, where one is said.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('/') {
        Some((host, port)) => (host, Some(port)),
        None => (name, None),
    }
}

/// `host:port`; LMTP has no port that fetchmail would take by itself.
fn lmtp_address(name: &str) -> Option<String> {
    let (host, port) = split(name);
    let port = port.map(|port| if port == "lmtp" { LMTP_PORT } else { port })?;
    if host.contains(':') && !host.starts_with('[') {
        return Some(format!("[{host}]:{port}"));
    }
    Some(format!("{host}:{port}"))
}

/// Whether it is the mail server of this machine, at its usual port.
fn is_local(name: &str) -> bool {
    let (host, port) = split(name);
    is_this_machine(host) && matches!(port, None | Some("25" | "smtp"))
}
