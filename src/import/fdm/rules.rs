//! Reads `action` and `match`.
//!
//! It refuses to judge a message: what a rule tests in it is only named.

use super::grammar::{Parsed, Parser};
use super::script::{ActionLine, Deed, Item, Place, Rule, Test, TestKind, Then};

/// How deep rules may stand in rules.
const DEEPEST_RULE: usize = 32;

impl Parser<'_> {
    /// What follows `action` as a statement.
    pub(super) fn action_line(&mut self) -> Parsed<()> {
        let name = self.text()?;
        let users = self.users()?;
        let items = self.items(false)?;
        self.script.actions.push(ActionLine { name, users, items });
        Ok(())
    }

    /// What is done: one thing, or several in braces. In a rule a text names an action.
    fn items(&mut self, is_rule: bool) -> Parsed<Vec<Item>> {
        if !self.sign('{') {
            return Ok(vec![self.item(is_rule)?]);
        }
        let mut items = Vec::new();
        while !self.sign('}') {
            items.push(self.item(is_rule)?);
        }
        Ok(items)
    }

    fn item(&mut self, is_rule: bool) -> Parsed<Item> {
        self.count()?;
        let place = self.place();
        let deed = if is_rule && self.is_text() {
            Deed::Named(self.text()?)
        } else {
            self.deed()?
        };
        Ok(Item { place, deed })
    }

    fn deed(&mut self) -> Parsed<Deed> {
        let known = [
            "maildir",
            "mbox",
            "pipe",
            "lmtp",
            "action",
            "keep",
            "drop",
            "exec",
            "write",
            "append",
            "rewrite",
            "stdout",
            "tag",
            "smtp",
            "imap",
            "imaps",
            "add-header",
            "remove-header",
            "remove-headers",
            "add-to-cache",
            "to-cache",
            "remove-from-cache",
            "add-string",
        ];
        let Some(word) = self.one_of(&known) else {
            return Err(self.fault("fdm does not know this action either"));
        };
        Ok(match word {
            "maildir" => Deed::Maildir(self.text()?),
            "mbox" => {
                let path = self.text()?;
                let compress = self.takes("compress");
                Deed::Mbox { path, compress }
            }
            "pipe" => Deed::Pipe(self.text()?),
            "action" => Deed::Named(self.text()?),
            "keep" => Deed::Keep,
            "drop" => Deed::Drop,
            "lmtp" => self.lmtp()?,
            "stdout" => Deed::Other(word),
            "exec" | "write" | "append" | "rewrite" => {
                self.text()?;
                Deed::Other(word)
            }
            "remove-header" | "remove-headers" => {
                self.texts()?;
                Deed::Other(word)
            }
            "smtp" | "imap" | "imaps" => {
                self.server_options()?;
                Deed::Other(word)
            }
            // `tag "x" value "y"`, `add-header "x" "y"`, `add-to-cache "x" key "y"`.
            _ => {
                self.text()?;
                if self.one_of(&["value", "key"]).is_some() || word == "add-header" {
                    self.text()?;
                }
                Deed::Other(word)
            }
        })
    }

    fn lmtp(&mut self) -> Parsed<Deed> {
        let (mut host, mut port, mut socket, mut to) = (None, None, None, None);
        while let Some(word) = self.one_of(&["server", "port", "socket", "unix", "from", "to"]) {
            match word {
                "server" => host = Some(self.text()?),
                "port" => port = Some(self.port()?),
                "from" => drop(self.text()?),
                "to" => to = Some(self.text()?),
                _ => socket = Some(self.text()?),
            }
        }
        Ok(Deed::Lmtp {
            host,
            port,
            socket,
            to,
        })
    }

    /// Skips how another server is reached.
    fn server_options(&mut self) -> Parsed<()> {
        let known = [
            "server",
            "port",
            "user",
            "pass",
            "from",
            "to",
            "folder",
            "starttls",
            "no-verify",
            "verify",
            "insecure",
            "no-cram-md5",
            "no-login",
            "no-plain",
            "pipe",
        ];
        while let Some(word) = self.one_of(&known) {
            match word {
                "port" => drop(self.port()?),
                "server" | "user" | "pass" | "from" | "to" | "folder" | "pipe" => {
                    self.text()?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What follows `match`.
    pub(super) fn rule(&mut self, place: Place, depth: usize) -> Parsed<Rule> {
        self.count()?;
        let mut tests = vec![self.test(false)?];
        while let Some(word) = self.one_of(&["and", "or"]) {
            tests.push(self.test(word == "or")?);
        }
        let users = self.users()?;
        let then = if self.sign('{') {
            Then::Rules(self.inner(depth)?)
        } else if self.one_of(&["action", "actions"]).is_some() {
            let items = self.items(true)?;
            let go_on = self.takes("continue");
            Then::Do { items, go_on }
        } else {
            return Err(self.fault("`action`, `and`, `or` or a block must follow a condition"));
        };
        Ok(Rule {
            place,
            tests,
            users,
            then,
        })
    }

    /// The rules of a block, up to its brace.
    fn inner(&mut self, depth: usize) -> Parsed<Vec<Rule>> {
        if depth == DEEPEST_RULE {
            return Err(self.fault("rules stand in rules at most 32 deep here"));
        }
        let mut rules = Vec::new();
        while !self.sign('}') {
            let place = self.place();
            if !self.takes("match") {
                return Err(self.fault("a rule or a brace must stand there"));
            }
            rules.push(self.rule(place, depth + 1)?);
        }
        Ok(rules)
    }

    fn test(&mut self, is_or: bool) -> Parsed<Test> {
        self.count()?;
        let is_not = self.takes("not");
        let known = [
            "all",
            "matched",
            "unmatched",
            "account",
            "accounts",
            "tagged",
            "string",
            "case",
            "exec",
            "pipe",
            "size",
            "age",
            "in-cache",
            "attachment",
        ];
        let kind = match self.one_of(&known) {
            Some("all") => TestKind::All,
            Some("matched") => TestKind::Matched,
            Some("unmatched") => TestKind::Unmatched,
            Some("account" | "accounts") => TestKind::Account(self.texts()?),
            Some(word) => {
                self.message_test(word)?;
                TestKind::Message(if word == "case" { "a regexp" } else { word })
            }
            None if self.is_text() => {
                self.regexp()?;
                TestKind::Message("a regexp")
            }
            None => return Err(self.fault("fdm does not know this condition either")),
        };
        Ok(Test {
            is_or,
            is_not,
            kind,
        })
    }

    fn regexp(&mut self) -> Parsed<()> {
        self.text()?;
        if self.takes("in") && self.one_of(&["headers", "body", "any"]).is_none() {
            return Err(self.fault("`headers` or `body` must follow `in`"));
        }
        Ok(())
    }

    /// Skips what a test of the message looks for.
    fn message_test(&mut self, word: &str) -> Parsed<()> {
        match word {
            "tagged" => drop(self.text()?),
            "string" => {
                self.text()?;
                if !self.takes("to") {
                    return Err(self.fault("`to` must stand there"));
                }
                self.takes("case");
                self.text()?;
            }
            "case" => self.regexp()?,
            "exec" | "pipe" => self.command_test()?,
            "size" => self.comparison()?,
            "age" => {
                if !self.takes("invalid") {
                    self.comparison()?;
                }
            }
            "in-cache" => {
                self.text()?;
                if self.takes("key") {
                    self.text()?;
                }
            }
            _ => match self.one_of(&["count", "total-size", "any-size", "any-type", "any-name"]) {
                Some("any-type" | "any-name") => drop(self.text()?),
                Some(_) => self.comparison()?,
                None => return Err(self.fault("fdm does not know this of attachments either")),
            },
        }
        Ok(())
    }

    fn comparison(&mut self) -> Parsed<()> {
        let (mut signs, all) = (0, ['<', '>', '=', '!']);
        while all.into_iter().any(|sign| self.sign(sign)) {
            signs += 1;
        }
        if signs == 0 {
            return Err(self.fault("`<` or `>` must stand there"));
        }
        self.number()?;
        self.size_unit();
        self.unit();
        Ok(())
    }

    /// `"command" returns (0, "regexp")`.
    fn command_test(&mut self) -> Parsed<()> {
        self.text()?;
        self.users()?;
        if !self.takes("returns") || !self.sign('(') {
            return Err(self.fault("`returns (` must stand there"));
        }
        if self.is_number() {
            self.number()?;
        }
        let mut is_whole = self.sign(',');
        self.takes("case");
        if self.is_text() {
            self.text()?;
        }
        is_whole &= self.sign(')');
        if is_whole {
            Ok(())
        } else {
            Err(self.fault("a comma and a bracket must stand there"))
        }
    }
}

/// Whether a name is like a pattern in which `*` stands for any text, `?` for any letter and `[…]` for any of these.
pub(super) fn is_like(pattern: &str, name: &str) -> bool {
    if !pattern.contains(['*', '?', '[', '\\']) {
        return pattern == name;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star is, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p + 1, n));
            p += 1;
        } else if let Some(length) = one_like(&pattern[p..], name[n]) {
            p += length;
            n += 1;
        } else if let Some((after, taken)) = star {
            star = Some((after, taken + 1));
            (p, n) = (after, taken + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How much of the pattern stands for this letter, if it does.
fn one_like(pattern: &[char], letter: char) -> Option<usize> {
    match pattern {
        [] => None,
        ['?', ..] => Some(1),
        ['\\', quoted, ..] => (*quoted == letter).then_some(2),
        ['[', set @ ..] if set.contains(&']') => {
            let (is_not, set) = match set {
                ['!' | '^', set @ ..] => (1, set),
                set => (0, set),
            };
            // A bracket that comes first is one of the set.
            let end = 1 + set.iter().skip(1).position(|c| *c == ']')?;
            let is_in = in_set(&set[..end], letter);
            (is_in != (is_not == 1)).then_some(end + 2 + is_not)
        }
        [plain, ..] => (*plain == letter).then_some(1),
    }
}

fn in_set(set: &[char], letter: char) -> bool {
    match set {
        [] => false,
        [from, '-', to, rest @ ..] => (*from..=*to).contains(&letter) || in_set(rest, letter),
        [one, rest @ ..] => *one == letter || in_set(rest, letter),
    }
}
