//! One getmailrc while it is translated: what its values say, and what is left out.
//!
//! It refuses to know which settings there are. Invariants: a value that cannot be read is left out by name; no value
//! is told but of settings that hold no secret.

use std::path::{Path, PathBuf};

use super::ini::{Ini, Section, Setting};
use super::literal::{Literal, integer};
use crate::import::{LeftOut, Surroundings};

/// A value that is longer is told by its beginning.
const LONGEST: usize = 60;

pub(super) struct Page<'p> {
    pub(super) file: &'p Path,
    pub(super) around: &'p Surroundings<'p>,
    pub(super) ini: &'p Ini,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) remarks: Vec<String>,
}

impl Page<'_> {
    pub(super) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// Leaves out what stands in this line.
    pub(super) fn leave(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut {
            file: self.file.to_owned(),
            line,
            what: what.into(),
            why: why.into(),
        });
    }

    /// Leaves out a setting and tells its value.
    pub(super) fn leave_out(&mut self, setting: &Setting, why: impl Into<String>) {
        let mut value = setting.value.split_whitespace();
        let mut what = format!("{} =", setting.name);
        let is_short = loop {
            let Some(word) = value.next() else {
                break true;
            };
            if what.len() + word.len() > LONGEST {
                break false;
            }
            what.push(' ');
            what.push_str(word);
        };
        if !is_short {
            what.push_str(" …");
        }
        self.leave(setting.line, what, why);
    }

    /// Leaves out a setting whose value may be anything.
    pub(super) fn leave_name(&mut self, setting: &Setting, why: impl Into<String>) {
        self.leave(setting.line, setting.name.clone(), why);
    }

    /// Leaves out a setting that getmail has not in such a section.
    pub(super) fn leave_unknown(&mut self, setting: &Setting, section: &Section) {
        let why = format!("getmail does not know it in [{}] either", section.name);
        self.leave_name(setting, why);
    }

    pub(super) fn truth(&mut self, setting: &Setting) -> bool {
        match setting.value.to_lowercase().as_str() {
            "1" | "yes" | "true" | "on" => true,
            "0" | "no" | "false" | "off" => false,
            _ => {
                self.leave_out(setting, "getmail takes it for neither true nor false");
                false
            }
        }
    }

    /// A number above 0, which stands for "not set".
    pub(super) fn number(&mut self, setting: &Setting) -> Option<u64> {
        let Some(number) = integer(&setting.value) else {
            self.leave_out(setting, "getmail takes it for no number");
            return None;
        };
        u64::try_from(number).ok().filter(|number| *number > 0)
    }

    pub(super) fn strings(&mut self, setting: &Setting) -> Option<Vec<String>> {
        let strings = Literal::read(&setting.value).and_then(Literal::strings);
        if strings.is_none() {
            let why = "it is no tuple of strings that can be read without running Python, such as (\"one\", \"two\")";
            self.leave_out(setting, why);
        }
        strings
    }

    /// The path that a value stands for, from the home folder, since it is not known where getmail was started.
    pub(super) fn path(&mut self, setting: &Setting, value: &str) -> Option<PathBuf> {
        let Some(path) = self.expand(value) else {
            let why = format!(
                "{value} is below another user's home folder; write that folder's path instead"
            );
            self.leave_out(setting, why);
            return None;
        };
        if path.is_empty() || path.contains('\0') {
            self.leave_out(setting, "it is no path");
            return None;
        }
        let path = PathBuf::from(path);
        if path.is_relative() {
            self.remark(format!(
                "`{}` is relative to where getmail was started, and is taken to be in the home folder",
                setting.name
            ));
        }
        Some(self.around.home.join(path))
    }

    /// A text with `~`, `~USER`, `$NAME` and `${NAME}` expanded, unless another user's home folder is meant. A variable
    /// that is not set stays as it is written.
    pub(super) fn expand(&self, text: &str) -> Option<String> {
        let home = self.around.home.to_string_lossy();
        let mut rest = text;
        let mut expanded = String::new();
        if let Some(after) = text.strip_prefix('~') {
            let end = after.find('/').unwrap_or(after.len());
            let (user, after) = after.split_at(end);
            if !user.is_empty() && user != self.around.login {
                return None;
            }
            expanded.push_str(&home);
            rest = after;
        }
        while let Some(at) = rest.find('$') {
            expanded.push_str(&rest[..at]);
            let (name, length) = variable(&rest[at..]);
            match name {
                "HOME" => expanded.push_str(&home),
                _ => match (!name.is_empty()).then(|| (self.around.variable)(name)) {
                    Some(Some(value)) => expanded.push_str(&value),
                    _ => expanded.push_str(&rest[at..at + length]),
                },
            }
            rest = &rest[at + length..];
        }
        expanded.push_str(rest);
        Some(expanded)
    }
}

/// The name of the variable that a text beginning with `$` begins with, or none, and how long that beginning is.
fn variable(text: &str) -> (&str, usize) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(braced) = text.strip_prefix("${") {
        // A name has no brace or dollar sign: looking no further keeps the time linear.
        return match braced.find(['}', '{', '$']) {
            Some(end) if braced[end..].starts_with('}') => (&braced[..end], end + 3),
            _ => ("", 1),
        };
    }
    let name = &text[1..];
    let end = name.find(|c| !is_part(c)).unwrap_or(name.len());
    (&name[..end], end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Option<String> {
        let around = Surroundings {
            home: Path::new("/home/me"),
            login: "me",
            variable: &|name| (name == "BOX").then(|| "in/box".to_owned()),
        };
        let page = Page {
            file: Path::new("/rc"),
            around: &around,
            ini: &Ini::default(),
            left_out: Vec::new(),
            remarks: Vec::new(),
        };
        page.expand(text)
    }

    #[test]
    fn a_tilde_and_variables_are_expanded_as_python_does() {
        for (text, path) in [
            ("~", "/home/me"),
            ("~/x", "/home/me/x"),
            ("~me/x", "/home/me/x"),
            ("a~/x", "a~/x"),
            ("$HOME/x", "/home/me/x"),
            ("${HOME}$BOX-${BOX}", "/home/mein/box-in/box"),
            ("$NONE/${NONE}/$/${/${}", "$NONE/${NONE}/$/${/${}"),
        ] {
            assert_eq!(expanded(text).as_deref(), Some(path), "{text}");
        }
        assert_eq!(expanded("~other/x"), None);
        assert_eq!(expanded(&"${".repeat(100_000)).unwrap().len(), 200_000);
    }
}
