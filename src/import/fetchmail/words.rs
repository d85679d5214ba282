//! Cuts a run control file into its words, each with the line it begins on.
//!
//! It refuses to know what a word means; whether `keep` is an option or a user's name is [`super::grammar`]'s.
//! Invariants: no word is empty unless it is quoted; each octet of the text is looked at a bounded number of times; a
//! word may be a password, and is wiped.

use memchr::{memchr, memrchr};
use zeroize::Zeroizing;

/// What ends a word that is not quoted.
const ENDS: [u8; 8] = *b"=;:, \t\r\n";

/// A word.
pub(super) struct Word {
    /// The line, from 1.
    pub(super) line: usize,
    /// What it says, its escapes resolved.
    pub(super) text: Zeroizing<String>,
    /// How it was written.
    pub(super) kind: Kind,
}

/// How a word was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Between quotes; never a keyword.
    Quoted,
    /// As it is.
    Bare,
    /// `=`
    Equals,
}

impl Word {
    /// The word, if it may be a keyword.
    pub(super) fn bare(&self) -> Option<&str> {
        (self.kind == Kind::Bare).then(|| self.text.as_str())
    }
}

/// The words of a text.
pub(super) struct Words<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    /// Where the last `"` and the last `'` are: a quote behind them is not closed.
    last: [Option<usize>; 2],
}

impl<'t> Words<'t> {
    /// The words of this text.
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            last: [b'"', b'\''].map(|quote| memrchr(quote, text.as_bytes())),
        }
    }

    fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn skip(&mut self, octets: usize) {
        self.line += memchr::memchr_iter(b'\n', &self.rest()[..octets]).count();
        self.at += octets;
    }

    /// Blanks, punctuation that says nothing, joined lines and comments.
    fn skip_noise(&mut self) {
        loop {
            let octets = match self.rest() {
                [b' ' | b'\t' | b'\r' | b'\n' | b';' | b':' | b',', ..] => 1,
                [b'\\', b'\n', ..] => 2,
                [b'\\', b'\r', b'\n', ..] => 3,
                [b'#', comment @ ..] => memchr(b'\n', comment).unwrap_or(comment.len()) + 1,
                _ => return,
            };
            self.skip(octets);
        }
    }

    /// How long a quoted word is that begins here, its quotes included.
    fn quoted(&self) -> Option<usize> {
        let rest = self.rest();
        let last = match rest.first()? {
            b'"' => self.last[0],
            b'\'' => self.last[1],
            _ => None,
        };
        last.filter(|last| *last > self.at)?;
        Some(memchr(rest[0], &rest[1..])? + 2)
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        self.skip_noise();
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let line = self.line;
        let bare = rest.iter().position(|octet| ENDS.contains(octet));
        let bare = bare.unwrap_or(rest.len());
        // fetchmail takes the longer reading: `"ab"cd` is one word, and its quotes are part of it.
        let (kind, octets) = match self.quoted() {
            _ if bare == 0 => (Kind::Equals, 1),
            Some(quoted) if quoted >= bare => (Kind::Quoted, quoted),
            _ => (Kind::Bare, bare),
        };
        let written = &self.text[self.at..self.at + octets];
        let text = match kind {
            Kind::Quoted => unescape(&written[1..octets - 1]),
            Kind::Bare => unescape(written),
            Kind::Equals => Zeroizing::new(written.to_owned()),
        };
        self.skip(octets);
        Some(Word { line, text, kind })
    }
}

/// Resolves escapes as fetchmail 6.4 does: up to two octal digits after `\0`, up to three decimal ones (modulo 256), up
/// to two hexadecimal ones after `\x`. The word ends at the octet 0, as all its strings do; what is not UTF-8 in the end
/// is replaced.
fn unescape(written: &str) -> Zeroizing<String> {
    if memchr(b'\\', written.as_bytes()).is_none() && memchr(0, written.as_bytes()).is_none() {
        return Zeroizing::new(written.to_owned());
    }
    let mut octets = Zeroizing::new(Vec::with_capacity(written.len()));
    let mut rest = written.as_bytes();
    while let [octet, after @ ..] = rest {
        rest = after;
        if *octet != b'\\' {
            octets.push(*octet);
            continue;
        }
        let [escaped, after @ ..] = rest else { break };
        rest = after;
        let octet = match escaped {
            b'\n' => continue,
            b'n' => b'\n',
            b't' => b'\t',
            b'b' => 8,
            b'r' => b'\r',
            b'0' => number(&mut rest, 8, 2, 0),
            b'x' => number(&mut rest, 16, 2, 0),
            b'1'..=b'9' => number(&mut rest, 10, 2, u32::from(escaped - b'0')),
            other => *other,
        };
        octets.push(octet);
    }
    let whole = memchr(0, &octets).map_or(&octets[..], |end| &octets[..end]);
    Zeroizing::new(String::from_utf8_lossy(whole).into_owned())
}

/// A number of at most so many digits more, modulo 256.
fn number(rest: &mut &[u8], radix: u32, digits: usize, first: u32) -> u8 {
    let mut number = first;
    for _ in 0..digits {
        let Some((digit, after)) = rest
            .split_first()
            .and_then(|(octet, after)| Some((char::from(*octet).to_digit(radix)?, after)))
        else {
            break;
        };
        number = number * radix + digit;
        *rest = after;
    }
    number.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(usize, String, Kind)> {
        Words::of(text)
            .map(|word| (word.line, word.text.to_string(), word.kind))
            .collect()
    }

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(_, text, _)| text).collect()
    }

    #[test]
    fn words_know_the_lines_they_begin_on() {
        assert_eq!(
            words("poll a\n# user no\n\"x\ny\" k=v\r\n\\\nz"),
            [
                (1, "poll".to_owned(), Kind::Bare),
                (1, "a".to_owned(), Kind::Bare),
                (3, "x\ny".to_owned(), Kind::Quoted),
                (4, "k".to_owned(), Kind::Bare),
                (4, "=".to_owned(), Kind::Equals),
                (4, "v".to_owned(), Kind::Bare),
                (6, "z".to_owned(), Kind::Bare),
            ]
        );
    }

    #[test]
    fn punctuation_ends_a_word_and_says_nothing() {
        assert_eq!(
            texts("user: x, pass;y a#b #c"),
            ["user", "x", "pass", "y", "a#b"]
        );
    }

    #[test]
    fn the_longer_reading_of_a_quote_is_taken() {
        assert_eq!(texts("'a b'c"), ["a b", "c"]);
        assert_eq!(texts("\"ab\"cd e"), ["\"ab\"cd", "e"]);
        assert_eq!(texts("\"a b"), ["\"a", "b"]);
        assert_eq!(texts("'it\"s'"), ["it\"s"]);
        assert_eq!(texts("\"it's\" \"\""), ["it's", ""]);
        // A backslash hides no quote: the first is the whole word, the second ends at the quote.
        assert_eq!(texts(r#""a\"b""#), [r#""a"b""#]);
        assert_eq!(texts(r#""a b\" c"#), ["a b", "c"]);
    }

    #[test]
    fn escapes_are_those_of_fetchmail_and_not_of_c() {
        for (written, meant) in [
            (r"\n\t\b\r", "\n\t\u{8}\r"),
            (r"\65\127\9a", "A\u{7f}\ta"),
            (r"\321x", "Ax"),
            (r"\041\0101\077", "!\u{8}1?"),
            (r"\x41\x414\x4g", "AA4\u{4}g"),
            (r"\s\d\\", r"sd\"),
            (r"a\", "a"),
            (r"a\xgb", "a"),
            ("a\\\nb", "ab"),
            (r"\195\169", "é"),
            (r"\233", "\u{fffd}"),
        ] {
            assert_eq!(unescape(written).as_str(), meant, "{written}");
        }
    }
}
