//! What texts and numbers stand for: macros are replaced, what a shell would print is not known.
//!
//! It refuses to run anything. Invariant: macros that hold macros do not grow the text without bound.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::words::Part;

/// How much of one file's texts may come from macros. People's paths and hosts are a few KiB.
const MOST_FROM_MACROS: usize = 4 * 1024 * 1024;

/// A text.
#[derive(Clone)]
pub(super) enum Value {
    /// It stands in the file. It may be a password.
    Text(Zeroizing<String>),
    /// All of it is what this command prints.
    Command(String),
    /// It cannot be known, for this reason.
    Unknown(&'static str),
}

impl Value {
    /// The text, if it stands in the file.
    pub(super) fn text(&self) -> Result<&str, &'static str> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Command(_) => Err("a shell command says it, and nothing is run here"),
            Self::Unknown(why) => Err(why),
        }
    }

    /// Both, one behind the other.
    pub(super) fn and(self, more: Self) -> Self {
        match (self, more) {
            (Self::Text(text), Self::Text(more)) => {
                Self::Text(Zeroizing::new([text.as_str(), more.as_str()].concat()))
            }
            (Self::Unknown(why), _) | (_, Self::Unknown(why)) => Self::Unknown(why),
            _ => {
                Self::Unknown("part of it is what a shell command prints, and nothing is run here")
            }
        }
    }
}

/// The macros that have been defined.
#[derive(Default)]
pub(super) struct Macros {
    texts: HashMap<String, Value>,
    numbers: HashMap<String, Option<u64>>,
    used: usize,
}

impl Macros {
    pub(super) fn define_text(&mut self, name: String, value: Value) {
        self.texts.insert(name, value);
    }

    pub(super) fn define_number(&mut self, name: String, value: Option<u64>) {
        self.numbers.insert(name, value);
    }

    pub(super) fn is_defined(&self, sign: char, name: &str) -> bool {
        match sign {
            '$' => self.texts.contains_key(name),
            _ => self.numbers.contains_key(name),
        }
    }

    /// The number of this name, if it is defined and known.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        *self.numbers.get(name)?
    }

    /// The text of this name.
    pub(super) fn lone(&mut self, name: &str) -> Value {
        match self.texts.get(name) {
            Some(value) => {
                let value = value.clone();
                self.spend(value)
            }
            None => Value::Unknown("the macro is not defined in the file"),
        }
    }

    /// What these parts say together.
    pub(super) fn text(&mut self, parts: Vec<Part>) -> Value {
        let mut parts = parts.into_iter().peekable();
        let mut whole = match parts.next() {
            None => return Value::Text(Zeroizing::default()),
            Some(first) => self.part(first),
        };
        if parts.peek().is_some() {
            let mut text = match whole {
                Value::Text(text) => text,
                other => return other.and(Value::Text(Zeroizing::default())),
            };
            for part in parts {
                match self.part(part) {
                    Value::Text(more) => append(&mut text, &more),
                    other => return Value::Text(text).and(other),
                }
            }
            whole = Value::Text(text);
        }
        whole
    }

    fn part(&mut self, part: Part) -> Value {
        match part {
            Part::Plain(text) => Value::Text(text),
            // fdm puts nothing for a macro that is not there.
            Part::Macro(sign, name) if !self.is_defined(sign, &name) => {
                Value::Text(Zeroizing::default())
            }
            Part::Macro('$', name) => self.lone(&name),
            Part::Macro(_, name) => match self.number(&name) {
                Some(number) => self.spend(Value::Text(Zeroizing::new(number.to_string()))),
                None => Value::Unknown("a macro in it has no known number"),
            },
            Part::Command(parts) => match self.text(parts) {
                Value::Text(command) => Value::Command(command.to_string()),
                other => other.and(Value::Text(Zeroizing::default())),
            },
        }
    }

    fn spend(&mut self, value: Value) -> Value {
        if let Value::Text(text) = &value {
            self.used += text.len();
            if self.used > MOST_FROM_MACROS {
                return Value::Unknown("the file's macros grow beyond all measure");
            }
        }
        value
    }
}

/// Grows a text and wipes what it grew out of.
fn append(text: &mut Zeroizing<String>, more: &str) {
    if text.capacity() - text.len() < more.len() {
        let mut larger = Zeroizing::new(String::with_capacity(2 * (text.len() + more.len())));
        larger.push_str(text);
        *text = larger;
    }
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::fdm::words::{Token, Words};

    fn value(macros: &mut Macros, text: &str) -> Value {
        match Words::new(text).next().map(|lexed| lexed.token) {
            Some(Token::Text(parts)) => macros.text(parts),
            _ => Value::Unknown("no text"),
        }
    }

    fn of(text: &str) -> Macros {
        let mut macros = Macros::default();
        macros.define_text("m".to_owned(), Value::Text(Zeroizing::new(text.to_owned())));
        macros.define_number("n".to_owned(), Some(7));
        macros
    }

    #[test]
    fn macros_are_put_in_and_what_is_not_defined_is_nothing() {
        let mut macros = of("M");
        assert_eq!(
            value(&mut macros, "\"a${m}-%{n}${no}b\"").text(),
            Ok("aM-7b")
        );
        assert_eq!(value(&mut macros, "''").text(), Ok(""));
        assert!(macros.lone("no").text().is_err());
    }

    #[test]
    fn a_command_is_kept_only_where_it_is_all() {
        let mut macros = of("M");
        match value(&mut macros, "$(echo \"${m}\")") {
            Value::Command(command) => assert_eq!(command, "echo \"M\""),
            _ => panic!("no command"),
        }
        macros.define_text("c".to_owned(), Value::Command("echo".to_owned()));
        assert!(matches!(value(&mut macros, "\"${c}\""), Value::Command(_)));
        assert!(matches!(value(&mut macros, "\"a${c}\""), Value::Unknown(_)));
        assert!(matches!(value(&mut macros, "\"${c}a\""), Value::Unknown(_)));
    }

    #[test]
    fn macros_that_double_each_other_end() {
        let mut macros = of("0123456789");
        for _ in 0..64 {
            let doubled = value(&mut macros, "\"${m}${m}\"");
            macros.define_text("m".to_owned(), doubled);
        }
        assert!(macros.lone("m").text().is_err());
    }
}
