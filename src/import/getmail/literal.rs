//! Values that getmail has Python evaluate: tuples of strings.
//!
//! It refuses whatever is not a literal: nothing is evaluated here. Invariants: the depth is bounded, so that no text
//! exhausts the stack, and time is linear in the length.

use std::iter::Peekable;
use std::str::Chars;

/// Pairs in a tuple are the deepest that getmail has a use for.
const DEEPEST: usize = 8;

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Number(i64),
    Truth(bool),
    Nothing,
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
}

impl Literal {
    /// Reads the literal that the whole value is.
    pub(super) fn read(value: &str) -> Option<Self> {
        let mut reader = Reader {
            rest: value.chars().peekable(),
        };
        let literal = reader.items(None, 0)?;
        reader.blank();
        reader.rest.next().is_none().then_some(literal)
    }

    /// The strings of a tuple of strings.
    pub(super) fn strings(self) -> Option<Vec<String>> {
        let Self::Tuple(items) = self else {
            return None;
        };
        let string = |item| match item {
            Self::Text(text) => Some(text),
            _ => None,
        };
        items.into_iter().map(string).collect()
    }
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
}

impl Reader<'_> {
    /// What stands up to `close`, which is taken, or to the end: one literal, or, with a comma, a tuple of some.
    fn items(&mut self, close: Option<char>, depth: usize) -> Option<Literal> {
        let mut items = Vec::new();
        let mut is_tuple = false;
        loop {
            self.blank();
            if self.closes(close) {
                break;
            }
            items.push(self.one(depth)?);
            self.blank();
            if self.rest.next_if_eq(&',').is_some() {
                is_tuple = true;
            } else if self.closes(close) {
                break;
            } else {
                return None;
            }
        }
        if close == Some(']') {
            return Some(Literal::List(items));
        }
        if is_tuple || (items.is_empty() && close.is_some()) {
            return Some(Literal::Tuple(items));
        }
        items.pop()
    }

    fn closes(&mut self, close: Option<char>) -> bool {
        match close {
            Some(bracket) => self.rest.next_if_eq(&bracket).is_some(),
            None => self.rest.peek().is_none(),
        }
    }

    fn one(&mut self, depth: usize) -> Option<Literal> {
        let close = match self.rest.peek()? {
            '(' => ')',
            '[' => ']',
            '"' | '\'' => return self.text(String::new(), Prefix::default()),
            '-' | '+' | '0'..='9' => return self.number(),
            _ => return self.word(),
        };
        self.rest.next();
        if depth == DEEPEST {
            return None;
        }
        self.items(Some(close), depth + 1)
    }

    fn number(&mut self) -> Option<Literal> {
        let mut digits = String::new();
        while let Some(c) = self
            .rest
            .next_if(|c| c.is_ascii_alphanumeric() || "+-_.".contains(*c))
        {
            digits.push(c);
        }
        integer(&digits).map(Literal::Number)
    }

    /// A name, or what stands before a string's quote.
    fn word(&mut self) -> Option<Literal> {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(char::is_ascii_alphanumeric) {
            word.push(c);
        }
        if self.at_quote() {
            return self.text(String::new(), Prefix::of(&word)?);
        }
        match word.as_str() {
            "True" => Some(Literal::Truth(true)),
            "False" => Some(Literal::Truth(false)),
            "None" => Some(Literal::Nothing),
            _ => None,
        }
    }

    fn at_quote(&mut self) -> bool {
        matches!(self.rest.peek(), Some('"' | '\''))
    }

    /// A string, and the ones that directly follow it, which Python joins.
    fn text(&mut self, mut text: String, mut prefix: Prefix) -> Option<Literal> {
        loop {
            self.string(&mut text, prefix)?;
            self.blank();
            let mut word = String::new();
            while let Some(c) = self.rest.next_if(char::is_ascii_alphabetic) {
                word.push(c);
            }
            if !self.at_quote() {
                return word.is_empty().then_some(Literal::Text(text));
            }
            prefix = Prefix::of(&word)?;
        }
    }

    fn string(&mut self, text: &mut String, prefix: Prefix) -> Option<()> {
        let quote = self.rest.next()?;
        let long = if self.rest.next_if_eq(&quote).is_some() {
            if self.rest.next_if_eq(&quote).is_none() {
                return Some(());
            }
            true
        } else {
            false
        };
        let mut quotes = 0;
        loop {
            let c = self.rest.next()?;
            if c == quote {
                quotes += 1;
                if !long {
                    return Some(());
                }
                if quotes == 3 {
                    // The two before were taken for text.
                    text.truncate(text.len() - 2);
                    return Some(());
                }
                text.push(c);
                continue;
            }
            quotes = 0;
            match c {
                '\n' if !long => return None,
                '\\' if prefix.raw => {
                    text.push(c);
                    text.push(self.rest.next()?);
                }
                '\\' => self.escape(text)?,
                _ => text.push(c),
            }
        }
    }

    /// What a backslash and the next characters stand for.
    fn escape(&mut self, text: &mut String) -> Option<()> {
        let c = self.rest.next()?;
        let plain = match c {
            '\n' => return Some(()),
            '\\' | '\'' | '"' => c,
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '0'..='7' => {
                let mut code = c.to_digit(8)?;
                for _ in 0..2 {
                    let Some(digit) = self.rest.next_if(|c| c.is_digit(8)) else {
                        break;
                    };
                    code = code * 8 + digit.to_digit(8)?;
                }
                char::from_u32(code)?
            }
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            // The character by its Unicode name.
            'N' => return None,
            _ => {
                text.push('\\');
                c
            }
        };
        text.push(plain);
        Some(())
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let mut code = 0_u32;
        for _ in 0..digits {
            let digit = self.rest.next()?.to_digit(16)?;
            code = code.checked_mul(16)?.checked_add(digit)?;
        }
        char::from_u32(code)
    }

    /// White space, line ends behind a backslash, and comments.
    fn blank(&mut self) {
        loop {
            while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
            let mut ahead = self.rest.clone();
            match (ahead.next(), ahead.next()) {
                (Some('\\'), Some('\n')) => self.rest = ahead,
                (Some('#'), _) => while self.rest.next_if(|c| *c != '\n').is_some() {},
                _ => return,
            }
        }
    }
}

/// What stands before a string.
#[derive(Clone, Copy, Default)]
struct Prefix {
    raw: bool,
}

impl Prefix {
    fn of(word: &str) -> Option<Self> {
        let raw = match word.to_ascii_lowercase().as_str() {
            "" | "u" => false,
            "r" => true,
            _ => return None,
        };
        Some(Self { raw })
    }
}

/// The integer that Python's `int` makes of a text.
pub(super) fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_sound = digits
        .split('_')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !is_sound {
        return None;
    }
    text.replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(value: &str) -> Option<Vec<String>> {
        Literal::read(value)?.strings()
    }

    #[test]
    fn a_tuple_has_brackets_or_only_commas() {
        assert_eq!(strings("('a', \"b\")").unwrap(), ["a", "b"]);
        assert_eq!(strings("'a', 'b'").unwrap(), ["a", "b"]);
        assert_eq!(strings("('a',)").unwrap(), ["a"]);
        assert_eq!(strings(" ( ) ").unwrap(), [] as [&str; 0]);
        assert_eq!(strings("(\n'a', # one\n\n'b'\n)").unwrap(), ["a", "b"]);
        assert_eq!(strings("'a' \\\n'b', \\\n'c'").unwrap(), ["ab", "c"]);
    }

    #[test]
    fn what_getmail_takes_for_no_tuple_is_none() {
        for value in ["('a')", "['a', 'b']", "'a'", "", "(,)", "-x", "('a' 5,)"] {
            assert_eq!(strings(value), None, "{value}");
        }
        for value in ["('a'", "('a', )x", "(f'a',)", "(b'a',)", "(os.x,)"] {
            assert_eq!(strings(value), None, "{value}");
        }
    }

    #[test]
    fn strings_are_joined_quoted_and_escaped_as_in_python() {
        for (value, text) in [
            (r"('a\tb',)", "a\tb"),
            (r"(r'x\D\'',)", r"x\D\'"),
            (
                r"('\x41\102\u00fc\U0001F600\q\\',)",
                "AB\u{fc}\u{1f600}\\q\\",
            ),
            (r#"(u"it's" 'so' R"\n",)"#, r"it'sso\n"),
            ("('''a\n'b''' \"\"\"\"c\"\"\",)", "a\n'b\"c"),
            ("('a\\\nb',)", "ab"),
            ("('', )", ""),
        ] {
            assert_eq!(strings(value).unwrap(), [text], "{value}");
        }
        assert_eq!(strings("('a\nb',)"), None);
        assert_eq!(strings(r"('\ud800',)"), None);
        assert_eq!(strings(r"('\N{DASH}',)"), None);
    }

    #[test]
    fn pairs_numbers_and_words_are_literals_too() {
        let pairs = Literal::read("(('a@', '[x]'), (r'b', 1_0), [True, None],)").unwrap();
        let Literal::Tuple(items) = pairs else {
            panic!("{pairs:?}");
        };
        let text = |text: &str| Literal::Text(text.to_owned());
        assert_eq!(items[0], Literal::Tuple(vec![text("a@"), text("[x]")]));
        assert_eq!(
            items[1],
            Literal::Tuple(vec![text("b"), Literal::Number(10)])
        );
        assert_eq!(
            items[2],
            Literal::List(vec![Literal::Truth(true), Literal::Nothing])
        );
    }

    #[test]
    fn integers_are_pythons() {
        assert_eq!(integer(" +1_000 "), Some(1000));
        assert_eq!(integer("-3"), Some(-3));
        for text in [
            "",
            "0x10",
            "1.5",
            "1__0",
            "_1",
            "+-1",
            "9999999999999999999",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn no_depth_exhausts_the_stack() {
        assert_eq!(Literal::read(&"(".repeat(1_000_000)), None);
        let deep = format!("{}'a'{}", "(".repeat(DEEPEST), ",)".repeat(DEEPEST));
        assert!(Literal::read(&deep).is_some());
    }
}
