//! The lines of mpop's configuration: a command each, and perhaps an argument.
//!
//! It refuses to know the commands. Invariants: numbers are the file's, from 1; a command has no white space in it; no
//! more than [`MOST`] lines are read.

/// More lines than anybody has written by hand.
pub(super) const MOST: usize = 100_000;

/// A longer line than anybody has written by hand.
const LONGEST: usize = 64 * 1024;

/// A line that is neither empty nor a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Which one it is.
    pub(super) number: usize,
    /// Its first word.
    pub(super) command: &'t str,
    /// What follows, without the quotes around it.
    pub(super) argument: &'t str,
}

impl Line<'_> {
    /// What keeps it from being read at all.
    pub(super) fn oddity(&self) -> Option<&'static str> {
        let is_odd = |text: &str| text.chars().any(|c| c.is_control() && c != '\t');
        if self.command.len() + self.argument.len() > LONGEST {
            Some("no such file has so long a line")
        } else if is_odd(self.command) || is_odd(self.argument) {
            Some("there is a control character in this line")
        } else {
            None
        }
    }
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let lines = text.split('\n').take(MOST).zip(1..);
    lines.filter_map(|(line, number)| {
        let line = line.trim_matches(WHITE);
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (command, argument) = line.split_once(WHITE).unwrap_or((line, ""));
        Some(Line {
            number,
            command,
            argument: unquoted(argument.trim_start_matches(WHITE)),
        })
    })
}

const WHITE: [char; 3] = [' ', '\t', '\r'];

/// mpop takes quotes away where they are the first and the last character, and knows no others.
pub(super) fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(usize, &str, &str)> {
        let lines = lines(text).map(|line| (line.number, line.command, line.argument));
        lines.collect()
    }

    #[test]
    fn a_line_is_a_command_and_what_follows_it() {
        let text = "# one\n\n  user\t joe smith \r\n\t#three\ntls\nuser #4";
        let expected = [(3, "user", "joe smith"), (5, "tls", ""), (6, "user", "#4")];
        assert_eq!(all(text), expected);
    }

    #[test]
    fn only_quotes_around_the_whole_argument_are_taken_away() {
        for (written, meant) in [
            (r#""  a "b" ""#, r#"  a "b" "#),
            (r#""a" b"#, r#""a" b"#),
            (r#"a "b""#, r#"a "b""#),
            (r#"""#, r#"""#),
            (r#""""#, ""),
            (r#""a\"#, r#""a\"#),
        ] {
            assert_eq!(all(&format!("x {written}")), [(1, "x", meant)], "{written}");
        }
    }

    #[test]
    fn no_more_lines_are_read_than_anybody_writes() {
        let text = "a\n".repeat(MOST + 5);
        assert_eq!(lines(&text).last().unwrap().number, MOST);
    }
}
