//! Makes text that comes from others harmless: on a terminal it moves no cursor, sets no colour (but for those that `line` lets through) and turns no line around.
//!
//! It refuses to know what the text means. Invariant: what comes out has no control character and none that is invisible,
//! in text and in JSON; JSON says the same as before.

use std::fmt::Write as _;

use console::{AnsiCodeIterator, measure_text_width};
use serde_json::Value;

/// What stands for a character that is not shown.
const REPLACEMENT: char = '\u{fffd}';

/// How many marks one letter may carry: more are a tower that covers the lines above.
const MAX_MARKS: usize = 4;

/// Shows text on one line: white space of any length is one space; what would steer the terminal is replaced; what has no
/// width and only joins or tags letters is left out.
#[must_use]
pub fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
    {
        if c.is_control() || steers(c) {
            shown.push(REPLACEMENT);
            marks = 0;
        } else if !is_invisible(c) {
            let has_width = measure_text_width(c.encode_utf8(&mut [0; 4])) > 0;
            marks = if has_width { 0 } else { marks + 1 };
            if marks <= MAX_MARKS {
                shown.push(c);
            }
        }
    }
    shown
}

/// The last look at a line that is about to be shown: all that [`text`] would replace is replaced, but for the colours that
/// popfetch set itself, and spaces stay as they are. Whoever lets in what others wrote is to have used `text`.
#[must_use]
pub fn line(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for (part, is_sequence) in AnsiCodeIterator::new(line) {
        if is_sequence && sets_colour(part) {
            shown.push_str(part);
            continue;
        }
        for c in part.chars().filter(|c| !is_invisible(*c)) {
            shown.push(match c {
                '\t' => ' ',
                c if c.is_control() || steers(c) => REPLACEMENT,
                c => c,
            });
        }
    }
    shown
}

/// Whether a sequence for the terminal sets a colour or weight and nothing else (ECMA-48 §8.3.117, SGR).
fn sets_colour(sequence: &str) -> bool {
    let inner = sequence
        .strip_prefix("\x1b[")
        .and_then(|rest| rest.strip_suffix('m'));
    inner.is_some_and(|inner| {
        inner
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b';')
    })
}

/// Shows JSON on one line, each character that is not to be seen as an escape.
#[must_use]
pub fn json(value: &Value) -> String {
    let mut shown = String::new();
    // Outside strings JSON is ASCII.
    for c in value.to_string().chars() {
        if c.is_control() || steers(c) || is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether it changes the direction of what follows, or begins a line (Unicode: `Bidi_Control`, `Zl`, `Zp`), or annotates.
fn steers(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether it is there and cannot be seen: soft hyphens, joiners, variation selectors, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_replaced() {
        assert_eq!(
            text("a\x1b[31mred\x07\u{9b}0m"),
            "a\u{fffd}[31mred\u{fffd}\u{fffd}0m"
        );
        assert_eq!(
            text("exe\u{202e}fdp.txt\u{2066}"),
            "exe\u{fffd}fdp.txt\u{fffd}"
        );
        assert_eq!(text("\u{feff}pay\u{200b}pal\u{ad}"), "paypal");
    }

    #[test]
    fn a_line_keeps_colours_and_nothing_else_that_steers() {
        assert_eq!(
            line("  \x1b[1;31merror\x1b[0m: é"),
            "  \x1b[1;31merror\x1b[0m: é"
        );
        assert_eq!(
            line("a\x1b[2Jb\x1b]8;;x\x07c\x1b[?1mD\rE\tF\u{202e}"),
            "a\u{fffd}[2Jb\u{fffd}]8;;x\u{fffd}c\u{fffd}[?1mD\u{fffd}E F\u{fffd}"
        );
        assert_eq!(line("\x1b\u{9b}m\x1b["), "\u{fffd}\u{fffd}m\u{fffd}[");
    }

    #[test]
    fn a_text_is_one_line_and_its_letters_are_kept() {
        assert_eq!(text(" a\r\n\tb\u{2028}c \n"), "a b c");
        assert_eq!(
            text("Grüße, 株式会社 🎉 e\u{301}"),
            "Grüße, 株式会社 🎉 e\u{301}"
        );
        let tower = format!("a{}b", "\u{336}".repeat(500));
        assert_eq!(text(&tower), format!("a{}b", "\u{336}".repeat(MAX_MARKS)));
    }

    proptest! {
        #[test]
        fn json_means_the_same_and_shows_nothing_raw(text in any::<String>()) {
            let hostile = format!("\u{7f}{text}\u{202e}\u{e0041}");
            let value = json!({ "subject": hostile });
            let shown = json(&value);
            prop_assert!(!shown.chars().any(|c| c.is_control() || steers(c) || is_invisible(c)));
            prop_assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        }

        #[test]
        fn no_line_is_shown_raw(raw in "[\\x1b\\[m0;\\]\u{9b}a\r]{0,12}", any in any::<String>()) {
            let shown = line(&(raw + &any));
            let plain = shown.split("\x1b[").enumerate().flat_map(|(at, part)| {
                let rest = if at == 0 { part } else { part.split_once('m').expect("a whole sequence").1 };
                rest.chars()
            });
            prop_assert!(!plain.into_iter().any(|c| c.is_control() || steers(c) || is_invisible(c)));
        }

        #[test]
        fn no_text_is_shown_raw(raw in any::<String>()) {
            prop_assert!(!text(&raw).chars().any(|c| c.is_control() || steers(c) || is_invisible(c)));
        }
    }
}
