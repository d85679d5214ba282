//! Reads fdm's configuration statement by statement.
//!
//! It refuses to know what an account or a rule means for popfetch. Invariants: a statement that cannot be read is left
//! out with its line, and the next one is read; no text is quoted, for it may be a password; other files are read only
//! by `include`, and only so many; rules in rules end somewhere.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use zeroize::Zeroizing;

use super::script::{Place, Script};
use super::values::{Macros, Value};
use super::words::{Lexed, Token, Words};

/// How deep files may include each other.
const DEEPEST_INCLUDE: usize = 8;

/// How many statements are read, all files together; the longest configurations that people show have some hundred.
const MOST_STATEMENTS: usize = 20_000;

/// The longest unknown word that is shown.
pub(super) const LONGEST_SHOWN: usize = 40;

/// Gives the text of an included file, or why there is none.
pub(super) type Loader<'l> = dyn FnMut(&Path) -> Result<Zeroizing<String>, String> + 'l;

/// What keeps a statement from being read.
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) what: String,
    pub(super) why: &'static str,
}

pub(super) type Parsed<T> = Result<T, Fault>;

/// Reads one file, and those that it includes.
pub(super) struct Parser<'p> {
    words: Words<'p>,
    next: Option<Lexed>,
    file: Rc<Path>,
    /// The line of the last token.
    line: usize,
    /// How many tokens were taken.
    taken: usize,
    /// Whether a password was near: words from here on may be pieces of it.
    pub(super) hushed: bool,
    pub(super) script: &'p mut Script,
    pub(super) macros: &'p mut Macros,
}

/// Reads the file of this text into `script`.
pub(super) fn parse(file: &Path, text: &str, script: &mut Script, load: &mut Loader<'_>) {
    let main = file.parent().unwrap_or(Path::new("")).to_owned();
    parse_at(file, text, script, &mut Macros::default(), load, &main, 0);
}

fn parse_at(
    file: &Path,
    text: &str,
    script: &mut Script,
    macros: &mut Macros,
    load: &mut Loader<'_>,
    main: &Path,
    depth: usize,
) {
    let mut parser = Parser {
        words: Words::new(text),
        next: None,
        file: file.into(),
        line: 1,
        taken: 0,
        hushed: false,
        script,
        macros,
    };
    while parser.peek().is_some() {
        parser.hushed = false;
        let taken = parser.taken;
        parser.script.statements += 1;
        if parser.script.statements > MOST_STATEMENTS {
            parser.script.statements = MOST_STATEMENTS;
            parser.script.is_partial = true;
            let why = format!("a configuration has at most {MOST_STATEMENTS} statements here");
            parser.leave_out("the rest of the file", why);
            return;
        }
        match parser.statement() {
            Ok(None) => {}
            Ok(Some((place, included))) => {
                let done = include(&mut parser, &included, load, main, depth);
                if let Err(why) = done {
                    parser.script.is_partial = true;
                    let entry = place.left_out("include", why);
                    parser.script.left_out.push(entry);
                }
            }
            Err(fault) => {
                parser.script.is_partial = true;
                let entry = fault.place.left_out(fault.what, fault.why);
                parser.script.left_out.push(entry);
                if parser.taken == taken {
                    parser.take();
                }
                parser.recover();
            }
        }
    }
}

/// Reads an included file; its path starts at the folder of the main one, if it is not there as it stands.
fn include(
    parser: &mut Parser<'_>,
    path: &str,
    load: &mut Loader<'_>,
    main: &Path,
    depth: usize,
) -> Result<(), String> {
    if depth == DEEPEST_INCLUDE {
        return Err("files that include each other are read 8 deep".to_owned());
    }
    let path: PathBuf = main.join(path);
    let text = load(&path)?;
    let (script, macros) = (&mut *parser.script, &mut *parser.macros);
    parse_at(&path, &text, script, macros, load, main, depth + 1);
    Ok(())
}

impl Parser<'_> {
    pub(super) fn peek(&mut self) -> Option<&Token> {
        if self.next.is_none() {
            self.next = self.words.next();
        }
        self.next.as_ref().map(|lexed| &lexed.token)
    }

    pub(super) fn take(&mut self) -> Option<Token> {
        self.peek()?;
        let lexed = self.next.take()?;
        self.line = lexed.line;
        self.taken += 1;
        Some(lexed.token)
    }

    /// Where the next token is.
    pub(super) fn place(&mut self) -> Place {
        self.peek();
        Place {
            file: Rc::clone(&self.file),
            line: self.next.as_ref().map_or(self.line, |lexed| lexed.line),
        }
    }

    pub(super) fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let entry = self.place().left_out(what, why);
        self.script.left_out.push(entry);
    }

    /// Whether the next token is this word.
    pub(super) fn is(&mut self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(next)) if next == word)
    }

    /// Takes the next token if it is one of these words, and says which.
    pub(super) fn one_of(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let found = words.iter().copied().find(|word| self.is(word))?;
        self.take();
        self.hushed |= found == "pass";
        Some(found)
    }

    pub(super) fn takes(&mut self, word: &'static str) -> bool {
        self.one_of(&[word]).is_some()
    }

    pub(super) fn sign(&mut self, sign: char) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        if is_next {
            self.take();
        }
        is_next
    }

    /// The next token is not what must stand there.
    pub(super) fn fault(&mut self, why: &'static str) -> Fault {
        let place = self.place();
        let hushed = self.hushed || self.next.as_ref().is_some_and(|lexed| lexed.glued);
        let (what, why) = match self.peek() {
            None => ("the end of the file".to_owned(), why),
            Some(Token::Unclosed) => (
                "a text".to_owned(),
                "it has no closing quote, and fdm does not take it either",
            ),
            Some(_) if hushed => ("what stands here".to_owned(), why),
            Some(Token::Word(word)) => (word.chars().take(LONGEST_SHOWN).collect(), why),
            Some(Token::Text(_)) => ("a text".to_owned(), why),
            Some(Token::Number(_)) => ("a number".to_owned(), why),
            Some(Token::Macro(sign, name)) => {
                let name: String = name.chars().take(LONGEST_SHOWN).collect();
                (format!("{sign}{name}"), why)
            }
            Some(Token::Sign(sign)) => (sign.to_string(), why),
        };
        Fault { place, what, why }
    }

    /// A text: one or more, joined by `+`.
    pub(super) fn text(&mut self) -> Parsed<Value> {
        let mut value = self.one_text()?;
        while self.sign('+') {
            let more = self.one_text()?;
            value = value.and(more);
        }
        Ok(value)
    }

    fn one_text(&mut self) -> Parsed<Value> {
        match self.peek() {
            Some(Token::Text(_) | Token::Macro('$', _)) => {}
            _ => return Err(self.fault("a text in quotes must stand there")),
        }
        Ok(match self.take() {
            Some(Token::Text(parts)) => self.macros.text(parts),
            Some(Token::Macro(_, name)) => self.macros.lone(&name),
            _ => Value::Unknown("no text"),
        })
    }

    /// Whether a text comes next.
    pub(super) fn is_text(&mut self) -> bool {
        matches!(self.peek(), Some(Token::Text(_) | Token::Macro('$', _)))
    }

    /// Whether the next token is the first of its line.
    pub(super) fn next_starts_line(&mut self) -> bool {
        self.peek();
        self.next.as_ref().is_some_and(|lexed| lexed.first)
    }

    /// Whether a macro comes next, as at the start of its definition.
    pub(super) fn is_definition(&mut self) -> bool {
        matches!(self.peek(), Some(Token::Macro(..)))
    }

    /// Whether a number comes next.
    pub(super) fn is_number(&mut self) -> bool {
        matches!(self.peek(), Some(Token::Number(_) | Token::Macro('%', _)))
    }

    /// A number; none, if it is too large, or not known.
    pub(super) fn number(&mut self) -> Parsed<Option<u64>> {
        // `%(…)` is a number, and a text for the lexer.
        if self.is_text() {
            self.text()?;
            return Ok(None);
        }
        if !self.is_number() {
            return Err(self.fault("a number must stand there"));
        }
        Ok(match self.take() {
            Some(Token::Number(number)) => number,
            Some(Token::Macro(_, name)) => self.macros.number(&name),
            _ => None,
        })
    }

    /// One text, or several in braces.
    pub(super) fn texts(&mut self) -> Parsed<Vec<Value>> {
        if !self.sign('{') {
            return Ok(vec![self.text()?]);
        }
        let mut texts = Vec::new();
        while !self.sign('}') {
            texts.push(self.text()?);
            self.count()?;
        }
        Ok(texts)
    }

    /// `user "x"` or `users { … }`, if it comes next.
    pub(super) fn users(&mut self) -> Parsed<Vec<Value>> {
        match self.one_of(&["user", "users"]) {
            Some(_) => self.texts(),
            None => Ok(Vec::new()),
        }
    }

    /// Counts a part of the rules, of which there are not so many.
    pub(super) fn count(&mut self) -> Parsed<()> {
        self.script.parts += 1;
        if self.script.parts > MOST_STATEMENTS {
            return Err(self.fault("the rules have more parts than are read here"));
        }
        Ok(())
    }

    /// Reads a statement; a file to include is returned.
    fn statement(&mut self) -> Parsed<Option<(Place, String)>> {
        let place = self.place();
        let known = [
            "set", "account", "action", "match", "include", "cache", "ifdef", "ifndef", "endif",
        ];
        match self.one_of(&known) {
            Some("set") => self.setting(&place)?,
            Some("account") => self.account(place)?,
            Some("action") => self.action_line()?,
            Some("match") => {
                let rule = self.rule(place, 0)?;
                self.script.rules.push(rule);
            }
            Some("include") => {
                return Ok(match self.text()?.text() {
                    Ok(path) => Some((place, path.to_owned())),
                    Err(why) => {
                        self.script.is_partial = true;
                        let entry = place.left_out("include", why);
                        self.script.left_out.push(entry);
                        None
                    }
                });
            }
            Some("cache") => self.cache(&place)?,
            Some(word @ ("ifdef" | "ifndef")) => self.condition(&place, word)?,
            Some("endif") => {}
            _ => self.definition()?,
        }
        Ok(None)
    }

    /// Skips to what looks like the next statement.
    pub(super) fn recover(&mut self) {
        const STARTS: [&str; 9] = [
            "set", "account", "action", "match", "include", "cache", "ifdef", "ifndef", "endif",
        ];
        while self.peek().is_some() {
            let starts_line = self.next.as_ref().is_some_and(|lexed| lexed.first);
            let starts = match self.peek() {
                Some(Token::Word(word)) => STARTS.contains(&word.as_str()),
                Some(Token::Macro(..)) => true,
                _ => false,
            };
            if starts_line && starts {
                return;
            }
            self.take();
        }
    }
}
