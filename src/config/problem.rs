//! A problem in the file: what, where, and the cure.
//!
//! It refuses to know the file's text; [`super::excerpt`] brings the two together. Invariant: neither message nor help
//! holds a value of a key that may be a secret.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::{spelling, takes};

/// Something the file's writer has to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Where, in octets from the file's start; `None` means the file as a whole.
    pub(super) span: Option<Range<usize>>,
    /// What is wrong, lowercase.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<String>,
}

impl Problem {
    /// A problem at `span`.
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            message: message.into(),
            help: None,
        }
    }

    /// The same with its cure.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    /// A key that is not among those that are `known` where it stands.
    pub(super) fn unknown_key(key: &Spanned<DeString<'_>>, known: &[&'static str]) -> Self {
        let name = key.get_ref();
        let help = match spelling::nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "popfetch-config(5) lists the keys".to_owned(),
        };
        Self::new(key.span(), format!("unknown key `{}`", name.escape_debug())).help(help)
    }

    /// What keeps the file from being TOML at all.
    pub(super) fn syntax(error: &toml::de::Error) -> Self {
        Self {
            span: error.span(),
            message: format!("invalid TOML: {}", error.message()),
            help: None,
        }
    }

    /// A value that is of another type than `key` takes.
    pub(super) fn wrong_type(key: &str, value: &Spanned<DeValue<'_>>) -> Self {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        Self::wrong_value(key, value, found)
    }

    /// A value that is `found` to be something that `key` does not take.
    pub(super) fn wrong_value(key: &str, value: &Spanned<DeValue<'_>>, found: &str) -> Self {
        let takes = takes::takes(key);
        let key = key.trim_start_matches("deliver ");
        Self::new(
            value.span(),
            format!("`{key}` takes {}, but this is {found}", takes.what),
        )
        .help(format!("for example `{}`", takes.example))
    }
}
