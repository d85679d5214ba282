//! Breaks a sentence into lines that fit a terminal.
//!
//! Invariant: no line is wider than the terminal, but for a word that is.

use console::measure_text_width;

/// The lines of a text, broken between words; those after the first are indented by so many columns. Without a width it
/// is one.
pub(super) fn wrap(text: &str, width: Option<usize>, indent: usize) -> Vec<String> {
    let Some(width) = width else {
        return vec![text.to_owned()];
    };
    // On a terminal too narrow for that, words matter more than columns.
    let indent = indent.min(width / 4);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let is_indented = text.len() - text.trim_start().len();
    let mut start = " ".repeat(is_indented);
    for word in text.split_whitespace() {
        let columns = measure_text_width(word);
        if used > 0 && used + 1 + columns > width {
            lines.push(std::mem::take(&mut line));
            start = " ".repeat(indent);
            used = 0;
        }
        if used == 0 {
            line.push_str(&start);
            used = start.len() + columns;
        } else {
            line.push(' ');
            used += 1 + columns;
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_indented() {
        let text = "✗ the login was refused: check user and password";
        assert_eq!(
            wrap(text, Some(20), 2),
            ["✗ the login was", "  refused: check", "  user and password"]
        );
        assert_eq!(wrap(text, None, 2), [text]);
        assert_eq!(wrap("", Some(20), 2), [""]);
        assert_eq!(wrap("  a b", Some(4), 1), ["  a", " b"]);
    }

    #[test]
    fn a_word_that_is_too_wide_has_a_line_of_its_own() {
        assert_eq!(
            wrap("a 株式会社株式会社 b", Some(10), 2),
            ["a", "  株式会社株式会社", "  b"]
        );
    }
}
