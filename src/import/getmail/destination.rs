//! `[destination]`, and the sections that it names: where mail goes.
//!
//! It refuses to know the server. Invariants: sections that name each other in a circle are followed to a named depth;
//! a program gets the arguments that getmail gave it, or none of its mail.

use std::path::PathBuf;

use super::ini::{Section, Setting};
use super::page::Page;
use crate::import::Deliver;

/// Destinations within destinations.
const DEEPEST: usize = 8;

/// Destinations of one account, however often each is named.
const MOST: usize = 64;

/// The port of LMTP where none is said.
const LMTP: u16 = 2003;

const USER: &str = "popfetch delivers as the user that runs it; run it as that user";
const ENVELOPE: &str =
    "popfetch looks for no recipient in a message, so that all mail goes one way";

/// Reads the destinations of one account.
pub(super) struct Destinations {
    /// Whether getmail knows the envelope's recipient.
    is_multidrop: bool,
    /// What was found.
    pub(super) found: Vec<Deliver>,
    /// The sections that were read, by their lines, once for each time they were named.
    pub(super) used: Vec<usize>,
    /// Those that are being read, the outermost first.
    open: Vec<usize>,
}

impl Destinations {
    /// None yet.
    pub(super) fn new(is_multidrop: bool) -> Self {
        Self {
            is_multidrop,
            found: Vec::new(),
            used: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Reads the destination that this section is.
    pub(super) fn section(&mut self, page: &mut Page<'_>, section: &Section) {
        let is_circle = self.open.contains(&section.line);
        if is_circle || self.open.len() == DEEPEST || self.used.len() >= MOST {
            let what = format!("[{}]", section.name);
            page.leave(
                section.line,
                what,
                "it is in itself, or too deep in other destinations",
            );
            return;
        }
        self.used.push(section.line);
        self.open.push(section.line);
        self.destination(page, section);
        self.open.pop();
    }

    fn destination(&mut self, page: &mut Page<'_>, section: &Section) {
        let Some(kind) = section.get("type") else {
            let what = format!("[{}]", section.name);
            page.leave(
                section.line,
                what,
                "it has no `type`, and getmail refuses it, too",
            );
            return;
        };
        match kind.value.as_str() {
            "Maildir" => self.maildir(page, section),
            "Mboxrd" => self.mbox(page, section),
            "MDA_external" => self.program(page, section),
            "MDA_lmtp" => self.lmtp(page, section),
            "MultiDestination" => self.several(page, section),
            "MultiSorter" | "MultiGuesser" => self.sorter(page, section),
            "MDA_qmaillocal" => {
                let why = "popfetch does not know qmail-local's arguments; `pipe` runs it with those that you write";
                page.leave_out(kind, why);
            }
            _ => page.leave_out(kind, "getmail has no such type either"),
        }
    }

    fn maildir(&mut self, page: &mut Page<'_>, section: &Section) {
        let path = own_path(page, section);
        for setting in others(section) {
            match setting.name.as_str() {
                "user" => page.leave_out(setting, USER),
                "filemode" if setting.value.trim_start_matches('0') == "600" => {}
                "filemode" => {
                    page.leave_out(
                        setting,
                        "popfetch makes files that only their owner can read",
                    );
                }
                _ => page.leave_unknown(setting, section),
            }
        }
        self.found.extend(path.map(Deliver::Maildir));
    }

    fn mbox(&mut self, page: &mut Page<'_>, section: &Section) {
        let path = own_path(page, section);
        let mut flock = false;
        for setting in others(section) {
            match (setting.name.as_str(), setting.value.as_str()) {
                ("locktype", "flock") => flock = true,
                ("locktype", "lockf") => {}
                ("locktype", _) => page.leave_out(setting, "getmail has no such lock either"),
                ("user", _) => page.leave_out(setting, USER),
                _ => page.leave_unknown(setting, section),
            }
        }
        self.found
            .extend(path.map(|path| Deliver::Mbox { path, flock }));
    }

    fn program(&mut self, page: &mut Page<'_>, section: &Section) {
        let path = own_path(page, section);
        let mut arguments = Some(Vec::new());
        let mut unix_from = false;
        for setting in others(section) {
            match setting.name.as_str() {
                "arguments" => arguments = self.arguments(page, setting),
                "unixfrom" => unix_from = page.truth(setting),
                "user" | "group" => page.leave_out(setting, USER),
                "allow_root_commands" if page.truth(setting) => {
                    page.leave_out(
                        setting,
                        "popfetch runs a program as the user that runs popfetch",
                    );
                }
                // True is what popfetch does, and so is false; but false is what getmail does unasked.
                "ignore_stderr" if !page.truth(setting) => {
                    page.leave_out(setting, "popfetch goes by the program's exit status alone");
                }
                "pipe_stdout" if page.truth(setting) => {
                    page.leave_out(
                        setting,
                        "popfetch passes on what a program prints only when it fails",
                    );
                }
                "allow_root_commands" | "ignore_stderr" | "pipe_stdout" => {}
                _ => page.leave_unknown(setting, section),
            }
        }
        if let (Some(path), Some(arguments)) = (path, arguments) {
            let path = path.to_string_lossy().into_owned();
            self.found.push(Deliver::Pipe {
                argv: argv(path, arguments),
                unix_from,
            });
        }
    }

    /// The arguments as the program gets them, but for the sender, which each message has of its own.
    fn arguments(&self, page: &mut Page<'_>, setting: &Setting) -> Option<Vec<String>> {
        let written = page.strings(setting)?;
        let envelope = ["%(recipient)", "%(local)", "%(domain)"];
        let is_addressed = |argument: &String| envelope.iter().any(|part| argument.contains(part));
        if self.is_multidrop && written.iter().any(is_addressed) {
            let why = "popfetch knows no recipient of a message, which this program is to be told; its mail is piped \
                 nowhere";
            page.leave_out(setting, why);
            return None;
        }
        let mut arguments = Vec::new();
        for argument in written {
            // The mailbox is IMAP's, and empty with POP3.
            let Some(argument) = page.expand(&argument.replace("%(mailbox)", "")) else {
                let why = "it names another user's home folder; write that folder's path instead";
                page.leave_out(setting, why);
                return None;
            };
            arguments.push(argument);
        }
        Some(arguments)
    }

    fn lmtp(&mut self, page: &mut Page<'_>, section: &Section) {
        let mut port = LMTP;
        let mut recipient = None;
        for setting in &section.settings {
            match setting.name.as_str() {
                "type" | "host" => {}
                "port" => match page.number(setting).map(u16::try_from) {
                    Some(Ok(said)) => port = said,
                    Some(Err(_)) => page.leave_out(setting, "it is no port"),
                    None => {}
                },
                "override" => recipient = Some(setting.value.to_string()),
                "fallback" => page.leave_out(
                    setting,
                    "popfetch keeps what an LMTP server refuses, and tries it again",
                ),
                _ => page.leave_unknown(setting, section),
            }
        }
        let Some(host) = section.get("host").filter(|host| !host.value.is_empty()) else {
            let what = format!("[{}]", section.name);
            page.leave(
                section.line,
                what,
                "it has no `host`, and getmail refuses it, too",
            );
            return;
        };
        let address = match host.value.as_str() {
            path if path.starts_with('/') => format!("unix:{path}"),
            address if address.contains(':') => format!("[{address}]:{port}"),
            name => format!("{name}:{port}"),
        };
        if recipient.is_none() {
            page.remark(
                "getmail told the LMTP server the recipient that it found in each message; popfetch tells it the \
                 account's user, or what `recipient` says",
            );
        }
        self.found.push(Deliver::Lmtp { address, recipient });
    }

    fn several(&mut self, page: &mut Page<'_>, section: &Section) {
        for setting in others(section) {
            if setting.name != "destinations" && setting.name != "path" {
                page.leave_unknown(setting, section);
            }
        }
        let Some(setting) = section.get("destinations") else {
            let what = format!("[{}]", section.name);
            page.leave(
                section.line,
                what,
                "it has no `destinations`, and getmail refuses it, too",
            );
            return;
        };
        for name in page.strings(setting).unwrap_or_default() {
            self.named(page, setting, &name);
        }
    }

    /// What sorts by recipient has one destination for the rest; all mail goes there.
    fn sorter(&mut self, page: &mut Page<'_>, section: &Section) {
        for setting in others(section) {
            match setting.name.as_str() {
                "default" | "path" => {}
                "locals" => page.leave_out(setting, ENVELOPE),
                _ => page.leave_unknown(setting, section),
            }
        }
        let Some(setting) = section.get("default") else {
            let what = format!("[{}]", section.name);
            page.leave(
                section.line,
                what,
                "it has no `default`, and getmail refuses it, too",
            );
            return;
        };
        page.remark(format!(
            "getmail sorted by recipient; all mail goes to the `default` of [{}] now",
            section.name
        ));
        self.named(page, setting, &setting.value);
    }

    /// A section's name in brackets, a Maildir, which ends with a slash, or an mbox.
    fn named(&mut self, page: &mut Page<'_>, setting: &Setting, name: &str) {
        if let Some(name) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
            if let Some(section) = page.ini.section(name) {
                self.section(page, section);
            } else {
                let why = format!("there is no section [{name}], and getmail refuses it, too");
                page.leave_out(setting, why);
            }
            return;
        }
        if self.found.len() >= MOST {
            page.leave_out(setting, "it names too many destinations");
            return;
        }
        let Some(path) = page.path(setting, name) else {
            return;
        };
        self.found.push(if name.ends_with('/') {
            Deliver::Maildir(path)
        } else {
            Deliver::Mbox { path, flock: false }
        });
    }
}

/// All settings but those that each destination has.
fn others(section: &Section) -> impl Iterator<Item = &Setting> {
    let settings = section.settings.iter();
    settings.filter(|setting| setting.name != "type" && setting.name != "path")
}

fn own_path(page: &mut Page<'_>, section: &Section) -> Option<PathBuf> {
    let Some(setting) = section.get("path") else {
        let what = format!("[{}]", section.name);
        page.leave(
            section.line,
            what,
            "it has no `path`, and getmail refuses it, too",
        );
        return None;
    };
    page.path(setting, &setting.value)
}

/// The program and its arguments; a shell puts the sender in, where one is wanted.
fn argv(path: String, arguments: Vec<String>) -> Vec<String> {
    const SENDER: &str = "%(sender)";
    if !arguments.iter().any(|argument| argument.contains(SENDER)) {
        return std::iter::once(path).chain(arguments).collect();
    }
    let mut script = format!("exec {}", shell_words::quote(&path));
    for argument in &arguments {
        script.push(' ');
        for (index, part) in argument.split(SENDER).enumerate() {
            if index > 0 {
                script.push_str("\"$POPFETCH_SENDER\"");
            }
            if !part.is_empty() {
                script.push_str(&shell_words::quote(part));
            }
        }
        if argument.is_empty() {
            script.push_str("''");
        }
    }
    vec!["sh".to_owned(), "-c".to_owned(), script]
}
