//! What became of a message that was given to somebody else, and how that one's words are shown.
//!
//! It refuses to know who it was: a program or an LMTP server. Invariant: words of others are bounded, on one line and
//! harmless on a terminal.

/// How much of what others say becomes part of a reason.
const MAX_SHOWN: usize = 400;

/// What became of one message at a program or an LMTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handover {
    /// It was taken.
    Done,
    /// It was not taken, and may be at the next run; says why.
    Later(String),
    /// It was refused, and others may not be; says why.
    Failed(String),
}

/// The words of others: their lines joined by `; `, escaped, and cut off where they are too many.
pub(super) fn shown(words: &[u8]) -> String {
    let mut text = String::new();
    for line in String::from_utf8_lossy(words).lines().map(str::trim) {
        if line.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str("; ");
        }
        for character in line.chars() {
            match character {
                // Harmless, and a "User doesn\'t exist" is hard to read.
                '\'' | '"' => text.push(character),
                other => text.extend(other.escape_debug()),
            }
        }
        if let Some((cut, _)) = text.char_indices().nth(MAX_SHOWN) {
            text.truncate(cut);
            text.push('…');
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_come_on_one_line_and_cannot_steer_a_terminal() {
        assert_eq!(
            shown(b"it's\r\n\n  \"no\" \x1b[2J\x07 \xff\n"),
            "it's; \"no\" \\u{1b}[2J\\u{7} \u{fffd}"
        );
        assert_eq!(shown("grün\u{202e}".as_bytes()), "grün\\u{202e}");
        assert_eq!(shown(b" \n"), "");
    }

    #[test]
    fn words_of_others_are_cut_off_where_they_are_too_many() {
        let text = shown("ä\n".repeat(10_000).as_bytes());
        assert_eq!(text.chars().count(), MAX_SHOWN + 1);
        assert!(text.ends_with('…'));
    }
}
