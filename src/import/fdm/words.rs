//! Splits fdm's configuration into words, texts, numbers, macros and signs, each with its line.
//!
//! It refuses to know what a macro stands for and which word may follow which. Invariants: each octet is looked at a
//! bounded number of times; what is between quotes is wiped when it is dropped, for it may be a password.

use zeroize::Zeroizing;

/// A piece of a text.
#[derive(Clone)]
pub(super) enum Part {
    /// What stands there, without its escapes.
    Plain(Zeroizing<String>),
    /// A macro: `${name}` or `%{name}`, with the sign.
    Macro(char, String),
    /// What a shell command prints: `$(…)` or `%(…)`.
    Command(Vec<Part>),
}

/// A word of the language.
pub(super) enum Token {
    /// A bare word.
    Word(String),
    /// A text between quotes, or a command in place of one.
    Text(Vec<Part>),
    /// A number, unless it is too large.
    Number(Option<u64>),
    /// A macro on its own, with its sign.
    Macro(char, String),
    /// One of `{}()<>=!,+*`, or what has no meaning at all.
    Sign(char),
    /// A text that does not end.
    Unclosed,
}

/// A token in its place.
pub(super) struct Lexed {
    pub(super) token: Token,
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// Whether nothing stands before it in its line.
    pub(super) first: bool,
    /// Whether it follows the closing quote of a text at once: then the text may have ended too early.
    pub(super) glued: bool,
}

/// The tokens of a text, one after the other.
pub(super) struct Words<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    first: bool,
    /// Where the last text ended.
    text_end: usize,
}

impl<'t> Words<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            first: true,
            text_end: usize::MAX,
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let from = self.at;
        while self.peek().is_some_and(&fits) {
            self.take();
        }
        &self.text[from..self.at]
    }

    /// Skips what separates tokens: blanks and comments.
    fn skip(&mut self) {
        loop {
            match self.peek() {
                Some('\n') => self.first = true,
                Some('#') => {
                    self.take_while(|c| c != '\n');
                    continue;
                }
                Some(c) if c.is_whitespace() => {}
                _ => return,
            }
            self.take();
        }
    }

    fn token(&mut self, start: char) -> Token {
        match start {
            '"' => self.quoted().map_or(Token::Unclosed, Token::Text),
            '\'' => {
                let raw = self.take_while(|c| c != '\'');
                let raw = Part::Plain(Zeroizing::new(raw.to_owned()));
                self.take()
                    .map_or(Token::Unclosed, |_| Token::Text(vec![raw]))
            }
            '$' | '%' if self.peek() == Some('(') => {
                self.take();
                let command = self.command();
                command.map_or(Token::Unclosed, |parts| {
                    Token::Text(vec![Part::Command(parts)])
                })
            }
            '$' | '%' if self.peek() == Some('{') => self
                .embedded()
                .map_or(Token::Sign(start), |name| Token::Macro(start, name)),
            '$' | '%' if self.peek().is_some_and(is_of_name) => {
                Token::Macro(start, self.take_while(is_of_name).to_owned())
            }
            '0'..='9' => {
                let from = self.at - 1;
                self.take_while(|c| c.is_ascii_digit());
                Token::Number(self.text[from..self.at].parse().ok())
            }
            c if c.is_ascii_alphabetic() => {
                let from = self.at - 1;
                self.take_while(is_of_name);
                Token::Word(self.text[from..self.at].to_owned())
            }
            c => Token::Sign(c),
        }
    }

    /// The rest of a text in double quotes, if it ends.
    fn quoted(&mut self) -> Option<Vec<Part>> {
        let mut text = Text::default();
        loop {
            match self.take()? {
                '"' => return Some(text.parts()),
                '\\' => text.plain.push(match self.take()? {
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                }),
                sign @ ('$' | '%') => match self.embedded() {
                    Some(name) => text.part(Part::Macro(sign, name)),
                    None => text.plain.push(sign),
                },
                c => text.plain.push(c),
            }
        }
    }

    /// The name of `{name}`, if that is what follows.
    fn embedded(&mut self) -> Option<String> {
        let rest = self.text[self.at..].strip_prefix('{')?;
        let end = rest.bytes().position(|byte| !is_of_name(byte.into()))?;
        (end > 0 && rest.as_bytes()[end] == b'}').then(|| {
            self.at += end + 2;
            rest[..end].to_owned()
        })
    }

    /// The rest of a command, if it ends. A shell reads it, but for macros in double quotes.
    fn command(&mut self) -> Option<Vec<Part>> {
        let mut text = Text::default();
        let mut depth = 0_usize;
        loop {
            match self.take()? {
                ')' if depth == 0 => return Some(text.parts()),
                '"' => {
                    text.plain.push('"');
                    for part in self.quoted()? {
                        text.part(part);
                    }
                    text.plain.push('"');
                }
                '\'' => {
                    text.plain.push('\'');
                    text.plain.push_str(self.take_while(|c| c != '\''));
                    text.plain.push(self.take()?);
                }
                c => {
                    match c {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                    text.plain.push(c);
                }
            }
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Lexed;

    fn next(&mut self) -> Option<Lexed> {
        self.skip();
        let line = self.line;
        let first = std::mem::replace(&mut self.first, false);
        let glued = self.at == self.text_end;
        let start = self.take()?;
        let token = self.token(start);
        if matches!(token, Token::Text(_)) {
            self.text_end = self.at;
        }
        Some(Lexed {
            token,
            line,
            first,
            glued,
        })
    }
}

/// A text that grows.
#[derive(Default)]
struct Text {
    plain: Zeroizing<String>,
    parts: Vec<Part>,
}

impl Text {
    fn part(&mut self, part: Part) {
        if !self.plain.is_empty() {
            self.parts
                .push(Part::Plain(std::mem::take(&mut self.plain)));
        }
        self.parts.push(part);
    }

    fn parts(mut self) -> Vec<Part> {
        if !self.plain.is_empty() {
            self.parts.push(Part::Plain(self.plain));
        }
        self.parts
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows parts so that they can be compared.
    fn shown(parts: &[Part]) -> String {
        let shown = parts.iter().map(|part| match part {
            Part::Plain(text) => text.to_string(),
            Part::Macro(sign, name) => format!("<{sign}{name}>"),
            Part::Command(parts) => format!("<run {}>", shown(parts)),
        });
        shown.collect()
    }

    fn lexed(text: &str) -> Vec<String> {
        let tokens = Words::new(text).map(|lexed| {
            let token = match lexed.token {
                Token::Word(word) => word,
                Token::Text(parts) => format!("\"{}\"", shown(&parts)),
                Token::Number(number) => format!("{number:?}"),
                Token::Macro(sign, name) => format!("{sign}{name}"),
                Token::Sign(sign) => sign.to_string(),
                Token::Unclosed => "unclosed".to_owned(),
            };
            format!(
                "{}{} {token}",
                lexed.line,
                if lexed.first { "!" } else { "" }
            )
        });
        tokens.collect()
    }

    #[test]
    fn every_kind_of_token_is_told_apart() {
        assert_eq!(
            lexed("set maximum-size 10M # c \"\n\n  $a_1-b = %n"),
            [
                "1! set",
                "1 maximum-size",
                "1 Some(10)",
                "1 M",
                "3! $a_1-b",
                "3 =",
                "3 %n"
            ]
        );
        assert_eq!(lexed("99999999999999999999 ä"), ["1! None", "1 ä"]);
    }

    #[test]
    fn double_quotes_know_escapes_and_macros_and_single_ones_nothing() {
        assert_eq!(
            lexed("\"a\\\"b\\\\\\t\\q\\${x}${x}%{n}$x ${ ${}%\"\n'a\\${x}'"),
            ["1! \"a\"b\\\tq${x}<$x><%n>$x ${ ${}%\"", "2! \"a\\${x}\""]
        );
    }

    #[test]
    fn a_command_ends_at_its_own_bracket() {
        assert_eq!(
            lexed("$(gpg ${x} \"${x}\\\")\" ')' (a)) %(expr 1)"),
            [
                "1! \"<run gpg ${x} \"<$x>\")\" ')' (a)>\"",
                "1 \"<run expr 1>\""
            ]
        );
    }

    #[test]
    fn a_text_may_go_over_lines_and_must_end() {
        assert_eq!(lexed("\"a\nb\" c\nd"), ["1! \"a\nb\"", "2 c", "3! d"]);
        for open in ["\"a", "'a", "$(a", "\"a\\", "$(\"", "$('"] {
            assert_eq!(lexed(open), ["1! unclosed"], "{open}");
        }
    }
}
