//! Reads what follows a keyword.
//!
//! It refuses to know what comes of it. Invariants: a keyword that is not quoted is nobody's value, but where fetchmail
//! takes any word for a name; no value is longer than [`LONGEST`].

use super::grammar::Parser;
use super::said::Said;
use super::vocabulary::{self, Keyword, Takes};
use super::words::{Kind, Word};

/// The longest command or name that is believed.
const LONGEST: usize = 4096;

/// How many names of a list are kept: from the second local name on an account is left out.
const MOST_NAMES: usize = 100;

/// How much of a value is shown.
const SHOWN: usize = 60;

/// What was read behind a keyword.
pub(super) enum Argument {
    /// Nothing, or `no` before it.
    Flag(bool),
    Number(i64),
    Word(Word),
    Words(Vec<Said<String>>),
    /// A name with `there` behind it.
    There(Said<String>),
}

impl Argument {
    /// What of it may be shown, if it is neither a password nor a command.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Flag(_) => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Word(word) => shown(&word.text),
            Self::Words(names) => {
                let names: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
                shown(&names.join(" "))
            }
            Self::There(name) => shown(&name.value),
        }
    }
}

impl Parser<'_> {
    /// What this keyword takes, unless it is not there; then that is told.
    pub(super) fn argument(
        &mut self,
        line: usize,
        spelling: &str,
        keyword: &Keyword,
    ) -> Option<Argument> {
        match keyword.takes {
            Takes::Nothing => Some(Argument::Flag(true)),
            Takes::Number => self.number(line, spelling).map(Argument::Number),
            Takes::Numbers => self.numbers(line, spelling).map(Argument::Number),
            Takes::Text | Takes::Command => self.value(line, spelling).map(Argument::Word),
            Takes::Secret => self.name(line, spelling).map(Argument::Word),
            Takes::Choice => {
                self.peek();
                self.name(line, spelling).map(Argument::Word)
            }
            Takes::List => self.list(line, keyword),
            Takes::Skipping => {
                if self.peek().and_then(number_of).is_some() {
                    self.ahead = None;
                }
                self.value(line, spelling).map(Argument::Word)
            }
        }
    }

    /// The word behind a keyword, unless it is a keyword itself.
    pub(super) fn value(&mut self, line: usize, keyword: &str) -> Option<Word> {
        if self.peek().is_some_and(|word| word.kind == Kind::Equals) {
            self.ahead = None;
        }
        let is_value = |word: &Word| {
            word.kind == Kind::Quoted
                || word
                    .bare()
                    .is_some_and(|bare| !vocabulary::is_keyword(bare))
        };
        if self.peek().is_some_and(is_value) {
            self.name(line, keyword)
        } else {
            self.mistake(line, keyword, "its value is missing");
            None
        }
    }

    /// The word behind a keyword, whatever it is.
    pub(super) fn name(&mut self, line: usize, keyword: &str) -> Option<Word> {
        // `user` at the end of a line, and a new entry on the next: no user is called so.
        let is_next = |word: &Word| {
            let begins = |bare| ["poll", "skip", "server", "defaults", "set"].contains(&bare);
            word.line > line && word.bare().is_some_and(begins)
        };
        match self.next() {
            Some(word) if word.kind == Kind::Equals || is_next(&word) => {
                self.ahead = Some(word);
                self.mistake(line, keyword, "its value is missing");
                None
            }
            Some(word) if word.text.len() > LONGEST => {
                let why = format!("its value is longer than {LONGEST} octets");
                self.mistake(line, keyword, why);
                None
            }
            Some(word) => Some(word),
            None => {
                self.mistake(line, keyword, "its value is missing");
                None
            }
        }
    }

    pub(super) fn number(&mut self, line: usize, keyword: &str) -> Option<i64> {
        if self.peek().is_some_and(|word| word.kind == Kind::Equals) {
            self.ahead = None;
        }
        let number = self.peek().and_then(number_of);
        match number {
            Some(_) => self.ahead = None,
            None => self.mistake(line, keyword, "no number follows"),
        }
        number
    }

    /// Numbers up to another word; the first of them.
    fn numbers(&mut self, line: usize, keyword: &str) -> Option<i64> {
        let first = self.number(line, keyword)?;
        while self.peek().and_then(number_of).is_some() {
            self.ahead = None;
        }
        Some(first)
    }

    /// A list, and the word behind it that says on which side its names are.
    fn list(&mut self, line: usize, keyword: &Keyword) -> Option<Argument> {
        let spelling = keyword.spellings[0];
        if spelling != "is" {
            let first = self.value(line, spelling)?;
            return Some(Argument::Words(self.names(line, spelling, first)?.names));
        }
        let first = self.name(line, spelling)?;
        let mut listed = self.names(line, spelling, first)?;
        if self.takes("here") || !self.takes("there") {
            return Some(Argument::Words(listed.names));
        }
        // `user esr here is eric there`
        if listed.is_one() {
            return listed.names.pop().map(Argument::There);
        }
        self.mistake(line, spelling, "one name has `there` behind it");
        None
    }

    /// Names up to the next keyword, each perhaps with the name it has here, which is the one that counts.
    pub(super) fn names(&mut self, line: usize, keyword: &str, first: Word) -> Option<Listed> {
        let mut listed = Listed {
            names: Vec::new(),
            mapped: false,
        };
        let mut next = Some(first);
        while let Some(word) = next {
            let mut said = Said {
                line: word.line,
                value: word.text.to_string(),
            };
            if self.peek().is_some_and(|word| word.kind == Kind::Equals) {
                self.ahead = None;
                listed.mapped = true;
                said.value = self.name(line, keyword)?.text.to_string();
            }
            if listed.names.len() < MOST_NAMES {
                listed.names.push(said);
            }
            let is_name = |word: &Word| match word.kind {
                Kind::Quoted => true,
                Kind::Bare => !vocabulary::is_keyword(&word.text) && number_of(word).is_none(),
                Kind::Equals => false,
            };
            next = match self.peek() {
                Some(word) if is_name(word) => Some(self.name(line, keyword)?),
                _ => None,
            };
        }
        Some(listed)
    }
}

/// Names.
pub(super) struct Listed {
    pub(super) names: Vec<Said<String>>,
    /// Whether one was told with the name it has here.
    mapped: bool,
}

impl Listed {
    /// Whether it is one name and no more.
    pub(super) fn is_one(&self) -> bool {
        self.names.len() == 1 && !self.mapped
    }
}

/// The number that a word is.
fn number_of(word: &Word) -> Option<i64> {
    let digits = word.bare()?;
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let number = !unsigned.is_empty() && unsigned.bytes().all(|octet| octet.is_ascii_digit());
    // As large as it gets: a limit beyond that is none.
    number.then(|| digits.parse().unwrap_or(i64::MAX))
}

/// So much of a value as is shown.
pub(super) fn shown(value: &str) -> String {
    let mut shown: String = value
        .chars()
        .take(SHOWN)
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect();
    if value.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
