//! Leads an account's mail through fdm's rules to find where all of it goes.
//!
//! It refuses to filter: a rule that tests the message is left out at its line. Invariant: only what fdm does with every
//! message of the account is carried over.

use super::rules::is_like;
use super::script::{AccountLine, ActionLine, Deed, Item, Port, Rule, TestKind, Then};
use super::tags::Tags;
use super::translate::{Translator, known, unknown_tag};
use super::values::Value;
use crate::import::{Account, Deliver, Leave};

/// How deep actions may run each other, as fdm has it.
const DEEPEST_ACTION: usize = 5;

/// How much is done with one account's mail; actions that run others would multiply.
const MOST_DEEDS: usize = 1000;

/// The longest name or pattern that is compared.
const LONGEST_NAME: usize = 64;

/// Words with which only a shell can begin a command.
const SHELL_WORDS: [&str; 14] = [
    ".", ":", "cd", "eval", "exec", "exit", "export", "if", "set", "trap", "ulimit", "umask",
    "unset", "while",
];

/// What became of an account's mail so far.
struct Way<'w> {
    line: &'w AccountLine,
    name: &'w str,
    host: String,
    deliver: Vec<Deliver>,
    /// Whether a rule has matched, if that is sure.
    matched: Option<bool>,
    /// What the last `keep` or `drop` said.
    kept: Option<bool>,
    /// Whether a rule that tests the message keeps some on the server.
    keeps_some: bool,
    deeds: usize,
}

impl Translator<'_> {
    /// Finds where the account's mail goes, and what is left on the server.
    pub(super) fn deliver(&mut self, line: &AccountLine, account: &mut Account) {
        let mut way = Way {
            line,
            name: line.name.text().unwrap_or_default(),
            host: account.host.clone(),
            deliver: Vec::new(),
            matched: Some(false),
            kept: None,
            keeps_some: false,
            deeds: 0,
        };
        let script = self.script;
        let is_decided = self.follow(&script.rules, true, &mut way);
        let settings = &script.settings;
        (account.leave, account.leave_is_default) = match (is_decided, way.kept) {
            (true, Some(true)) => (Leave::All, false),
            (true, kept) => (Leave::Nothing, kept.is_none()),
            // Mail that reaches the end of the rules stays, unless something else is said.
            (false, _) if settings.keeps_unmatched == Some(false) => (Leave::Nothing, false),
            (false, _) => (Leave::All, settings.keeps_unmatched.is_none()),
        };
        if way.keeps_some && account.leave != Leave::All {
            (account.leave, account.leave_is_default) = (Leave::All, false);
            let remark = "fdm keeps some of its mail on the server, by rules that test it, so nothing is deleted";
            account.remarks.push(remark.to_owned());
        }
        if way.deliver.is_empty() {
            let remark = match way.kept {
                Some(true) if is_decided => {
                    "fdm delivers none of its mail and keeps it on the server"
                }
                Some(false) if is_decided => "fdm delivers none of its mail and discards it",
                _ => {
                    "no rule that can be carried over says where all of its mail goes: write `deliver`"
                }
            };
            account.remarks.push(remark.to_owned());
        }
        account.deliver = way.deliver;
    }

    /// Follows the rules, and says whether one of them is the last for all messages.
    fn follow(&mut self, rules: &[Rule], is_sure: bool, way: &mut Way<'_>) -> bool {
        for rule in rules {
            let applies = applies(rule, way);
            if applies == Some(false) {
                continue;
            }
            let is_sure = is_sure && applies.is_some();
            match &rule.then {
                Then::Rules(inner) => {
                    if applies.is_none() {
                        self.leave_out_rule(rule, applies.is_none());
                    }
                    if self.follow(inner, is_sure, way) {
                        return true;
                    }
                }
                Then::Do { items, .. } if !is_sure => {
                    self.leave_out_rule(rule, applies.is_none());
                    way.keeps_some = way.keeps_some || self.keeps(items);
                    way.matched = way.matched.filter(|matched| *matched);
                }
                Then::Do { items, go_on } => {
                    self.run(items, &rule.users, None, 0, way);
                    way.matched = Some(true);
                    if !go_on {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Whether these items may keep a message on the server.
    fn keeps(&self, items: &[Item]) -> bool {
        items.iter().any(|item| match &item.deed {
            Deed::Keep => true,
            Deed::Named(name) => {
                let mut actions = self.script.actions.iter();
                let named = actions.find(|action| action.name.text() == name.text());
                // One that runs another may come to it; that is not followed.
                let may = |item: &Item| matches!(item.deed, Deed::Keep | Deed::Named(_));
                named.is_some_and(|action| action.items.iter().any(may))
            }
            _ => false,
        })
    }

    fn leave_out_rule(&mut self, rule: &Rule, tests: bool) {
        let tested: Vec<&str> = rule.tests.iter().map(|test| label(&test.kind)).collect();
        let mut what = format!("match {}", tested.first().unwrap_or(&"all"));
        for more in tested.iter().skip(1).take(3) {
            what = format!("{what}, {more}");
        }
        let why = if tests {
            "popfetch does not sort mail: let procmail, maildrop or sieve do it by `deliver`"
        } else {
            "it stands in a block that is for some messages only, and popfetch does not sort mail"
        };
        self.leave_out(&rule.place, &what, why);
    }

    /// Does what the items say; `action` is the one that they belong to, if it has a name.
    fn run(
        &mut self,
        items: &[Item],
        users: &[Value],
        action: Option<&str>,
        depth: usize,
        way: &mut Way<'_>,
    ) {
        for item in items {
            way.deeds += 1;
            if way.deeds > MOST_DEEDS {
                let why = format!("at most {MOST_DEEDS} things are done with a message here");
                self.leave_out(&item.place, "actions", &why);
                return;
            }
            match &item.deed {
                Deed::Keep => way.kept = Some(true),
                Deed::Drop => way.kept = Some(false),
                Deed::Other(word) => self.leave_out(&item.place, word, why_not(word)),
                Deed::Named(name) => self.run_named(item, name, users, depth, way),
                _ => self.destination(item, users, action, way),
            }
        }
    }

    fn run_named(
        &mut self,
        item: &Item,
        name: &Value,
        users: &[Value],
        depth: usize,
        way: &mut Way<'_>,
    ) {
        let script = self.script;
        let tags = self.tags(users, None, way);
        let name = match known(name, &tags) {
            Ok(name) => name,
            Err(why) => return self.leave_out(&item.place, "action", &why),
        };
        let is_it = |action: &&ActionLine| action.name.text() == Ok(name.as_str());
        match script.actions.iter().find(is_it) {
            None => {
                let why = "there is no such action";
                self.leave_out(&item.place, &format!("action \"{name}\""), why);
            }
            Some(_) if depth == DEEPEST_ACTION => {
                let why = "fdm runs actions in actions at most five deep";
                self.leave_out(&item.place, &format!("action \"{name}\""), why);
            }
            Some(action) => {
                let users = if users.is_empty() {
                    &action.users
                } else {
                    users
                };
                self.run(&action.items, users, Some(&name), depth + 1, way);
            }
        }
    }

    /// What tags stand for, if these users, or the account's, get the mail.
    fn tags<'a>(
        &'a self,
        users: &'a [Value],
        action: Option<&'a str>,
        way: &'a Way<'_>,
    ) -> Tags<'a> {
        let is_root = self.around.login == "root";
        let default = self
            .script
            .settings
            .default_user
            .as_ref()
            .filter(|_| is_root);
        let user = match (users, way.line.users.as_slice(), default) {
            ([one], ..) | ([], [one], _) => one.text().ok(),
            ([], [], Some((_, default))) => default.text().ok(),
            ([], [], None) => Some(self.around.login),
            _ => None,
        };
        Tags {
            home: (user == Some(self.around.login)).then_some(self.around.home),
            user,
            account: Some(way.name),
            server: Some(&way.host),
            action,
        }
    }

    fn destination(
        &mut self,
        item: &Item,
        users: &[Value],
        action: Option<&str>,
        way: &mut Way<'_>,
    ) {
        let tags = self.tags(users, action, way);
        let is_other = tags.home.is_none();
        let (what, made) = match &item.deed {
            Deed::Maildir(path) => ("maildir", path_of(path, &tags).map(Deliver::Maildir)),
            Deed::Mbox { compress: true, .. } => {
                let why = "popfetch writes no compressed mbox";
                ("mbox compress", Err(why.to_owned()))
            }
            Deed::Mbox { path, .. } => {
                let flock = !self.script.settings.no_flock;
                let path = path_of(path, &tags);
                ("mbox", path.map(|path| Deliver::Mbox { path, flock }))
            }
            Deed::Pipe(command) => ("pipe", pipe(command, &tags)),
            _ => ("lmtp", lmtp(&item.deed, &tags)),
        };
        match made {
            Ok(made) if !way.deliver.contains(&made) => way.deliver.push(made),
            Ok(_) => {}
            Err(why) => self.leave_out(&item.place, what, &why),
        }
        if is_other {
            let why = "popfetch delivers as the user who runs it, once: run it as each of them";
            self.leave_out(&item.place, "users", why);
        }
    }
}

/// Whether the rule is for all messages of the account, for none (`Some(false)`), or for some.
fn applies(rule: &Rule, way: &Way<'_>) -> Option<bool> {
    let mut all = None;
    for (index, test) in rule.tests.iter().enumerate() {
        let holds = match &test.kind {
            TestKind::All => Some(true),
            TestKind::Matched => way.matched,
            TestKind::Unmatched => way.matched.map(|matched| !matched),
            TestKind::Account(patterns) => is_one_of(patterns, way.name),
            TestKind::Message(_) => None,
        };
        let holds = holds.map(|holds| holds != test.is_not);
        all = match (all, holds) {
            _ if index == 0 => holds,
            (Some(true), _) | (_, Some(true)) if test.is_or => Some(true),
            (Some(false), _) | (_, Some(false)) if !test.is_or => Some(false),
            (Some(one), Some(_)) => Some(one),
            _ => None,
        };
    }
    all
}

fn is_one_of(patterns: &[Value], name: &str) -> Option<bool> {
    let mut is_sure = true;
    for pattern in patterns {
        match pattern.text() {
            Ok(pattern) if pattern == name => return Some(true),
            Ok(pattern) if pattern.len() > LONGEST_NAME || name.len() > LONGEST_NAME => {}
            Ok(pattern) if is_like(pattern, name) => return Some(true),
            Ok(_) => {}
            Err(_) => is_sure = false,
        }
    }
    is_sure.then_some(false)
}

fn label(kind: &TestKind) -> &'static str {
    match kind {
        TestKind::All => "all",
        TestKind::Matched => "matched",
        TestKind::Unmatched => "unmatched",
        TestKind::Account(_) => "account",
        TestKind::Message(label) => label,
    }
}

fn path_of(path: &Value, tags: &Tags<'_>) -> Result<std::path::PathBuf, String> {
    tags.path(path.text().map_err(ToOwned::to_owned)?)
        .map_err(|tag| unknown_tag(&tag))
}

/// fdm gives its command to a shell. One is kept only where the command needs it.
fn pipe(command: &Value, tags: &Tags<'_>) -> Result<Deliver, String> {
    let command = command.text().map_err(ToOwned::to_owned)?;
    let command = tags.expand(command).map_err(|tag| unknown_tag(&tag))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_./:@%+,".contains(c);
    let first = command.split(' ').find(|word| !word.is_empty());
    let first = first.ok_or("it has no command")?;
    let argv = if command.chars().all(is_plain) && !SHELL_WORDS.contains(&first) {
        let words = command.split(' ').filter(|word| !word.is_empty());
        words.map(ToOwned::to_owned).collect()
    } else {
        vec!["sh".to_owned(), "-c".to_owned(), command]
    };
    Ok(Deliver::Pipe {
        argv,
        unix_from: false,
    })
}

fn lmtp(deed: &Deed, tags: &Tags<'_>) -> Result<Deliver, String> {
    let Deed::Lmtp {
        host,
        port,
        socket,
        to,
    } = deed
    else {
        return Err("popfetch has nothing like it".to_owned());
    };
    let address = match (socket, host) {
        (Some(socket), _) => format!("unix:{}", path_of(socket, tags)?.display()),
        (None, Some(host)) => {
            let port = match port {
                None => "24".to_owned(),
                Some(Port::Number(number)) => number.to_string(),
                Some(Port::Service(service)) => match known(service, tags)?.as_str() {
                    "lmtp" => "24".to_owned(),
                    service => service.to_owned(),
                },
            };
            format!("{}:{port}", known(host, tags)?)
        }
        (None, None) => return Err("it names no server".to_owned()),
    };
    let recipient = to.as_ref().map(|to| known(to, tags)).transpose()?;
    Ok(Deliver::Lmtp { address, recipient })
}

/// Why popfetch does not do this.
fn why_not(word: &str) -> &'static str {
    match word {
        "exec" => {
            "popfetch gives a message to a program by `pipe`, and runs one after new mail by `after-sync`"
        }
        "write" | "append" => "popfetch writes mail into a Maildir or an mbox",
        "rewrite" | "add-header" | "remove-header" | "remove-headers" => {
            "popfetch delivers mail as the server sent it; a program of `pipe` may change it"
        }
        "stdout" => "popfetch prints no mail",
        "smtp" => {
            "popfetch does not send mail: give it to a program by `pipe`, or to a server by `lmtp`"
        }
        "imap" | "imaps" => "popfetch does not write to an IMAP server",
        "tag" => "popfetch does not sort mail, and has no tags",
        _ => "popfetch has no cache of texts; it keeps every message once by its own record",
    }
}
