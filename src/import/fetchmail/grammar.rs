//! Reads the words of a run control file as statements.
//!
//! It refuses to know what a value means; that is [`super::translate`]'s. Where fetchmail would stop with a syntax error,
//! it names the place and goes on at the next keyword, so that no account behind it is lost. Invariant: no text that
//! could be a password, or a piece of one, is in what is left out.

use std::mem;

use super::arguments::{Argument, shown};
use super::said::{Entry, File, Left, Said, User};
use super::vocabulary::{self, Fate, GLOBAL, Keyword, NOISE, Takes};
use super::words::{Kind, Word, Words};

/// Why a word is left out that no grammar has.
pub(super) const UNKNOWN: &str = "fetchmail knows no such keyword there, either";

/// More servers, or users of one, than any file has.
const MOST_ENTRIES: usize = 10_000;

/// More than anybody reads of what is left out.
const MOST_LEFT_OUT: usize = 10_000;

/// Reads a file.
pub(super) fn parse(text: &str) -> File {
    let mut parser = Parser {
        words: Words::of(text),
        ahead: None,
        file: File::default(),
        entry: None,
        users: 0,
        hidden: None,
        lost: false,
    };
    while let Some(word) = parser.next() {
        parser.statement(&word);
    }
    parser.end_entry();
    parser.file
}

pub(super) struct Parser<'t> {
    words: Words<'t>,
    /// The next word, where it was looked at.
    pub(super) ahead: Option<Word>,
    file: File,
    /// The entry that is being read.
    entry: Option<Open>,
    users: usize,
    /// The password or command that came last: what follows it may be a piece of it.
    hidden: Option<&'static str>,
    /// Whether a word came last that is no keyword.
    lost: bool,
}

struct Open {
    entry: Entry,
    is_defaults: bool,
}

impl Parser<'_> {
    pub(super) fn next(&mut self) -> Option<Word> {
        self.ahead.take().or_else(|| self.words.next())
    }

    /// The next word that says something.
    pub(super) fn peek(&mut self) -> Option<&Word> {
        loop {
            if self.ahead.is_none() {
                self.ahead = self.words.next();
            }
            let noise = |word: &Word| word.bare().is_some_and(|bare| NOISE.contains(&bare));
            if !self.ahead.as_ref().is_some_and(noise) {
                return self.ahead.as_ref();
            }
            self.ahead = None;
        }
    }

    /// Takes this word if it comes next.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let comes = self.peek().and_then(Word::bare) == Some(word);
        if comes {
            self.ahead = None;
        }
        comes
    }

    pub(super) fn leave_out(
        &mut self,
        line: usize,
        what: impl Into<String>,
        why: impl Into<String>,
    ) {
        if self.file.left_out.len() < MOST_LEFT_OUT {
            self.file.left_out.push(Left {
                line,
                what: what.into(),
                why: why.into(),
            });
        }
    }

    /// Leaves out what fetchmail would stop at. The entry may have lost a word that matters.
    pub(super) fn mistake(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        if let Some(Open { entry, .. }) = &mut self.entry {
            entry.broken = true;
        }
        self.leave_out(line, what, why);
    }

    fn statement(&mut self, word: &Word) {
        let line = word.line;
        let bare = word.bare().unwrap_or_default();
        let known = match bare {
            "set" => {
                self.global(line);
                true
            }
            "defaults" => {
                self.defaults(line);
                true
            }
            "poll" | "server" | "skip" => {
                self.server(line, bare);
                true
            }
            "user" | "username" => {
                self.user(line);
                true
            }
            "no" => self.denial(line),
            _ if NOISE.contains(&bare) => return,
            _ => match vocabulary::split(bare) {
                Some((keyword, denied)) => {
                    self.option(line, bare, keyword, denied);
                    true
                }
                None => false,
            },
        };
        if known {
            self.lost = false;
        } else {
            self.unknown(word);
        }
    }

    /// `set …`
    fn global(&mut self, line: usize) {
        self.hidden = None;
        let mut denied = self.takes("no");
        let name = self.peek().and_then(Word::bare);
        let mut name = name.unwrap_or_default().to_owned();
        if let Some(switch @ ("bouncemail" | "spambounce")) = name.strip_prefix("no") {
            (name, denied) = (switch.to_owned(), true);
        }
        if name == "idfile" && !denied {
            self.ahead = None;
            self.file.idfile = self.value(line, "set idfile").map(|word| Said {
                line,
                value: word.text.to_string(),
            });
            return;
        }
        let found = GLOBAL.iter().find(|(known, ..)| *known == name);
        let Some((name, takes, reason)) = found else {
            self.leave_out(line, "set", "no word follows that fetchmail sets");
            return;
        };
        self.ahead = None;
        let denied_shown = if denied { "no " } else { "" };
        let mut what = format!("set {denied_shown}{name}");
        match takes {
            Takes::Number => match self.number(line, &what) {
                Some(number) => what = format!("{what} {number}"),
                None => return,
            },
            Takes::Text => match self.value(line, &what) {
                Some(word) => what = format!("{what} {}", shown(&word.text)),
                None => return,
            },
            Takes::Command if self.value(line, &what).is_none() => return,
            _ => {}
        }
        if *name == "softbounce" && denied {
            self.leave_out(
                line,
                what,
                "popfetch keeps on the server what it could not deliver",
            );
        } else if let Some(reason) = reason.filter(|_| !denied) {
            self.leave_out(line, what, reason);
        }
    }

    fn defaults(&mut self, line: usize) {
        self.end_entry();
        self.hidden = None;
        self.entry = Some(Open {
            entry: Entry {
                line,
                ..Entry::default()
            },
            is_defaults: true,
        });
    }

    /// `poll NAME`
    fn server(&mut self, line: usize, verb: &str) {
        self.end_entry();
        self.hidden = None;
        let Some(name) = self.value(line, verb) else {
            return;
        };
        self.entry = Some(Open {
            entry: Entry {
                line,
                name: name.text.to_string(),
                skip: verb == "skip",
                ..Entry::default()
            },
            is_defaults: false,
        });
    }

    fn end_entry(&mut self) {
        let Some(Open { entry, is_defaults }) = self.entry.take() else {
            return;
        };
        if is_defaults {
            if let Some(user) = entry.users.get(1) {
                let why = "the defaults have one user, and fetchmail takes the first";
                self.leave_out(user.line, "defaults", why);
            }
            if self.file.defaults.is_some() || !self.file.entries.is_empty() {
                let why = "fetchmail wants one, before all servers";
                self.leave_out(entry.line, "defaults", why);
            } else {
                self.file.defaults = Some(entry);
            }
        } else if self.file.entries.len() < MOST_ENTRIES {
            self.file.entries.push(entry);
        } else {
            let why = format!("there are more than {MOST_ENTRIES} servers");
            self.leave_out(entry.line, "poll", why);
        }
    }

    /// `user NAME [there|here]`
    fn user(&mut self, line: usize) {
        self.hidden = None;
        let mut user = User {
            line,
            ..User::default()
        };
        let first = self.name(line, "user");
        let listed = first.and_then(|first| self.names(line, "user", first));
        let mut stray = false;
        match listed {
            Some(listed) if self.takes("here") => user.locals = listed.names,
            Some(mut listed) => {
                self.takes("there");
                stray = !listed.is_one();
                listed.names.truncate(1);
                user.remote = listed.names.pop();
            }
            None => user.nameless = true,
        }
        self.users += 1;
        let Some(Open { entry, .. }) = &mut self.entry else {
            self.leave_out(line, "user", "it stands in no `poll`");
            return;
        };
        if self.users > MOST_ENTRIES {
            let why = format!("there are more than {MOST_ENTRIES} users");
            self.leave_out(line, "user", why);
            return;
        }
        // Those before the first `user` are nobody's.
        let early = entry.users.pop_if(|last| last.implied);
        entry.users.push(user);
        if let Some(early) = early {
            let why = "they stand before `user`, where fetchmail refuses them";
            self.mistake(early.line, "a user's options", why);
        }
        if stray {
            let why = "fetchmail takes one name of the server's";
            self.mistake(line, "what follows `user`", why);
        }
    }

    /// `no KEYWORD`; whether one follows.
    fn denial(&mut self, line: usize) -> bool {
        let next = self
            .peek()
            .and_then(Word::bare)
            .unwrap_or_default()
            .to_owned();
        let keyword = vocabulary::keyword_of(&next);
        let Some(keyword) = keyword.filter(|keyword| keyword.is_deniable()) else {
            return false;
        };
        self.ahead = None;
        self.option(line, &next, keyword, true);
        true
    }

    fn option(&mut self, line: usize, spelling: &str, keyword: &'static Keyword, denied: bool) {
        self.hidden = None;
        let spelling = if denied {
            keyword.spellings[0]
        } else {
            spelling
        };
        let argument = if denied {
            Some(Argument::Flag(false))
        } else {
            self.argument(line, spelling, keyword)
        };
        let hidden = matches!(keyword.takes, Takes::Secret | Takes::Command);
        self.hidden = hidden.then_some(keyword.spellings[0]);
        let Some(argument) = argument else { return };
        let what = match argument.shown() {
            _ if hidden => spelling.to_owned(),
            _ if denied => format!("no {spelling}"),
            value if value.is_empty() => spelling.to_owned(),
            value => format!("{spelling} {value}"),
        };
        let Some(Open { entry, .. }) = &mut self.entry else {
            self.leave_out(line, what, "it stands in no `poll`");
            return;
        };
        let of_server = keyword.is_of_server();
        if of_server && !entry.users.is_empty() {
            let why = "it is an option of the server, which fetchmail refuses behind a user's";
            self.mistake(line, what, why);
            return;
        }
        if !of_server && entry.users.is_empty() {
            entry.users.push(User {
                line,
                implied: true,
                ..User::default()
            });
        }
        let refused = match keyword.fate {
            Fate::NotOfServer(_) | Fate::NotOfUser(_)
                if matches!(argument, Argument::Flag(false)) =>
            {
                None
            }
            Fate::NotOfServer(why) | Fate::NotOfUser(why) => Some(why),
            Fate::Server(server) => entry.server.say(server, line, argument),
            Fate::User(user) => match entry.users.last_mut() {
                Some(last) => last.say(user, line, argument),
                None => None,
            },
        };
        if let Some(why) = refused {
            self.leave_out(line, what, why);
        }
    }

    /// A word that is no keyword; those that follow it are not named, for they may be a password's.
    fn unknown(&mut self, word: &Word) {
        if mem::replace(&mut self.lost, true) {
            return;
        }
        let harmless = |text: &&str| {
            let letter = |octet: u8| octet.is_ascii_lowercase() || octet == b'-';
            text.len() <= 24 && !text.is_empty() && text.bytes().all(letter)
        };
        let what = match (self.hidden, word.bare().filter(harmless)) {
            (Some(keyword), _) => format!("what follows `{keyword}`"),
            (None, Some(word)) => word.to_owned(),
            (None, None) if word.kind == Kind::Equals => "=".to_owned(),
            (None, None) => "a word".to_owned(),
        };
        self.mistake(word.line, what, UNKNOWN);
    }
}
