//! Any text that comes from others, as it is shown on a terminal, in a log and as JSON.

use popfetch::cli::visible;
use serde_json::Value;

/// What comes out steers no terminal, begins no line and is not much longer than what went in; a line that was looked at once
/// stays as it is; JSON says the same as before.
pub fn holds(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let shown = visible::text(&text);
    is_plain(&shown);
    // A control character of one octet becomes U+FFFD, which has three.
    assert!(shown.len() <= 3 * text.len(), "{} octets", shown.len());

    let shown = visible::line(&text);
    is_plain(&without_colours(&shown));
    assert!(shown.len() <= 3 * text.len(), "{} octets", shown.len());
    assert_eq!(visible::line(&shown), shown, "nothing is left to replace");

    let value = Value::from_iter([(text.to_string(), Value::from(&*text))]);
    let shown = visible::json(&value);
    is_plain(&shown);
    let again: Value = serde_json::from_str(&shown).expect("it is JSON");
    assert_eq!(again, value);
}

/// Nothing in it moves a cursor, ends a line, turns one around or hides.
fn is_plain(shown: &str) {
    let odd = shown
        .chars()
        .find(|c| c.is_control() || steers(*c) || is_unseen(*c));
    assert_eq!(odd, None, "{shown:?}");
}

/// Unicode's `Bidi_Control`, line and paragraph separators.
fn steers(c: char) -> bool {
    let others = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}'];
    others.contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// Joiners, the byte order mark, tags: what is there and has no width.
fn is_unseen(c: char) -> bool {
    let some = [
        '\u{ad}', '\u{180e}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}',
    ];
    some.contains(&c) || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

/// A line without the sequences that set colours: ESC `[`, digits and semicolons, `m`.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';');
        let end = end.expect("a sequence has an end");
        plain += part[end..].strip_prefix('m').expect("it sets a colour");
    }
    plain
}
