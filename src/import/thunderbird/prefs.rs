//! The lines of a `prefs.js`: a name and a text, a number or a truth each.
//!
//! It refuses to know what the names mean, and to run JavaScript: what is no such line is passed over. Invariants: any text
//! is survived, in time linear in its length; a name that is set twice has its last value.

use std::collections::HashMap;
use std::str::Chars;

/// The functions that set a value, in files that Thunderbird writes and in those that administrators do.
const SETTERS: [&str; 3] = ["user_pref(", "pref(", "sticky_pref("];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Truth(bool),
}

/// A value and its line, from 1.
#[derive(Debug)]
pub(super) struct Pref {
    pub(super) value: Value,
    pub(super) line: usize,
}

/// All that is set.
#[derive(Debug, Default)]
pub(super) struct Prefs {
    by_name: HashMap<String, Pref>,
    /// Lines that set what cannot be read.
    pub(super) unread: Vec<usize>,
}

impl Prefs {
    pub(super) fn read(text: &str) -> Self {
        let mut prefs = Self::default();
        for (index, content) in text.lines().enumerate() {
            let content = content.trim();
            let Some(call) = SETTERS.iter().find_map(|name| content.strip_prefix(name)) else {
                continue;
            };
            let line = index + 1;
            match pair(call) {
                Some((name, value)) => {
                    prefs.by_name.insert(name, Pref { value, line });
                }
                None => prefs.unread.push(line),
            }
        }
        prefs
    }

    pub(super) fn get(&self, name: &str) -> Option<&Pref> {
        self.by_name.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.get(name)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// All names, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

/// What stands in the brackets of a call: a name in quotes, a comma, a value.
fn pair(call: &str) -> Option<(String, Value)> {
    let (name, rest) = quoted(call.trim_start())?;
    let rest = rest.trim_start().strip_prefix(',')?.trim_start();
    let (value, rest) = if rest.starts_with(['"', '\'']) {
        let (text, rest) = quoted(rest)?;
        (Value::Text(text), rest)
    } else {
        let end = rest.find(')')?;
        let (word, rest) = rest.split_at(end);
        let value = match word.trim() {
            "true" => Value::Truth(true),
            "false" => Value::Truth(false),
            number => Value::Number(number.parse().ok()?),
        };
        (value, rest)
    };
    rest.trim_start().starts_with(')').then_some((name, value))
}

/// A string of JavaScript, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.chars();
    let quote = rest.next().filter(|c| matches!(c, '"' | '\''))?;
    // Two escapes may be the halves of one character.
    let mut units: Vec<u16> = Vec::new();
    loop {
        let c = match rest.next()? {
            c if c == quote => break,
            '\\' => match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'x' => {
                    units.push(code(&mut rest, 2)?);
                    continue;
                }
                'u' => {
                    units.push(code(&mut rest, 4)?);
                    continue;
                }
                c => c,
            },
            c => c,
        };
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    Some((String::from_utf16_lossy(&units), rest.as_str()))
}

fn code(rest: &mut Chars<'_>, digits: usize) -> Option<u16> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + u16::try_from(rest.next()?.to_digit(16)?).ok()?;
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_sets_a_text_a_number_or_a_truth() {
        let prefs = Prefs::read(
            "// Mozilla User Preferences\n\n/* user_pref(\"no\", 1);\n */\nuser_pref(\"a\", \"x\");\r\n  \
             user_pref( 'b' , -1 );\npref(\"c\", true); // why\nuser_pref(\"a\", false);\n",
        );
        assert_eq!(
            prefs.get("a").map(|p| (&p.value, p.line)),
            Some((&Value::Truth(false), 8))
        );
        assert_eq!(prefs.number("b"), Some(-1));
        assert_eq!(prefs.get("c").map(|p| &p.value), Some(&Value::Truth(true)));
        assert_eq!((prefs.text("a"), prefs.number("no")), (None, None));
        assert_eq!((prefs.names().count(), prefs.unread.len()), (3, 0));
    }

    #[test]
    fn texts_have_the_escapes_of_javascript() {
        for (line, text) in [
            (r#""a\"b\\c""#, "a\"b\\c"),
            (
                r#""\x41\u00fc\ud83d\ude00\n\r\t\q""#,
                "A\u{fc}\u{1f600}\n\r\tq",
            ),
            (r#"'it\'s, "so")'"#, "it's, \"so\")"),
            (r#""\ud83d""#, "\u{fffd}"),
        ] {
            let prefs = Prefs::read(&format!("user_pref(\"a\", {line});"));
            assert_eq!(prefs.text("a"), Some(text), "{line}");
        }
    }

    #[test]
    fn a_line_that_sets_what_cannot_be_read_is_told() {
        let broken = [
            "user_pref(\"a\", \"x);",
            "user_pref(a, 1);",
            "user_pref(\"a\" 1);",
            "user_pref(\"a\", 1",
            "user_pref(\"a\", f());",
            "user_pref(\"a\", \"\\u00\");",
            "user_pref(\"a\", \"x\" + y);",
            "user_pref(",
        ];
        let prefs = Prefs::read(&broken.join("\n"));
        assert_eq!(prefs.unread, (1..=broken.len()).collect::<Vec<_>>());
        assert!(prefs.is_empty());
    }
}
