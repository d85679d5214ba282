//! Breaks a text into lines that fit a terminal.
//!
//! Invariant: no line is wider than the terminal, but for a word that is.

use console::measure_text_width;

/// A text behind its head, broken between words, its further lines behind so many blanks. Without a width it is one line.
pub(super) fn wrap(head: &str, margin: usize, text: &str, width: Option<usize>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = head.to_owned();
    let mut is_begun = false;
    for word in text.split(' ') {
        let wide = measure_text_width(&line) + 1 + measure_text_width(word);
        // A long path may have more room below its head.
        let is_pushed = is_begun || measure_text_width(&line) > margin;
        if is_pushed && width.is_some_and(|width| wide > width) {
            let full = std::mem::replace(&mut line, " ".repeat(margin));
            lines.push(full.trim_end().to_owned());
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_indented() {
        let text = "✗ the login was refused: check user and password";
        assert_eq!(
            wrap("", 2, text, Some(20)),
            ["✗ the login was", "  refused: check", "  user and password"]
        );
        assert_eq!(wrap("", 2, text, None), [text]);
        assert_eq!(wrap("", 2, "", Some(20)), [""]);
        assert_eq!(wrap("", 1, "  a b", Some(4)), ["  a", " b"]);
        assert_eq!(wrap("head ", 2, "a b", Some(7)), ["head a", "  b"]);
    }

    #[test]
    fn a_word_that_is_too_wide_has_a_line_of_its_own() {
        assert_eq!(
            wrap("", 2, "a 株式会社株式会社 b", Some(10)),
            ["a", "  株式会社株式会社", "  b"]
        );
    }
}
