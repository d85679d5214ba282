//! Cuts the line a problem is about out of the file, with the secrets in it masked.
//!
//! It refuses to know what is wrong. Invariants: an excerpt is one line; no octet of a value that may be a secret is in it,
//! be the file TOML or not. What may be a secret is guessed generously: a `pasword` is one too.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Diagnostic, Place};
use super::problem::Problem;
use super::spelling;
use super::takes::{ACCOUNT_KEYS, DELIVER_KEYS};

/// The parts of a file that nobody may see, in its order and apart from each other.
#[derive(Debug, Default)]
pub(super) struct Masks(Vec<Range<usize>>);

/// Turns problems into diagnostics, in the file's order.
pub(super) fn diagnose(text: &str, masks: &Masks, mut problems: Vec<Problem>) -> Vec<Diagnostic> {
    // Without a place it is about the whole, and comes last.
    problems.sort_by_key(|problem| problem.span.as_ref().map_or(usize::MAX, |s| s.start));
    let diagnostics = problems.into_iter().map(|problem| Diagnostic {
        message: problem.message,
        help: problem.help,
        place: problem.span.map(|span| place(text, masks, &span)),
    });
    diagnostics.collect()
}

impl Masks {
    /// The masks of a file that is TOML: whatever a key holds that may be a secret, with the comment behind it (by a slip
    /// it may be the secret's end), and addresses with a password.
    pub(super) fn of_table(text: &str, table: &DeTable<'_>) -> Self {
        let mut masks = Self::default();
        masks.collect(false, table);
        masks.0.sort_by_key(|mask| mask.start);
        for mask in &mut masks.0 {
            let end = line_around(text, mask.end).end;
            if text[mask.end..end].trim_start().starts_with('#') {
                mask.end = end;
            }
        }
        masks
    }

    fn collect(&mut self, secret: bool, table: &DeTable<'_>) {
        for (key, value) in table {
            let key = key.get_ref();
            let strange = value.get_ref().is_str() && means_nothing(key);
            // A slip in a proxy's address hides where its login begins.
            let proxy = is_proxy(key) && value.get_ref().as_str().is_some_and(|t| t.contains('@'));
            self.collect_value(secret || strange || proxy || may_be_secret(key), value);
        }
    }

    fn collect_value(&mut self, secret: bool, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.collect(secret, table),
            DeValue::Array(array) => {
                for item in array {
                    self.collect_value(secret, item);
                }
            }
            DeValue::String(text) if holds_userinfo(text) => self.0.push(value.span()),
            _ if secret => self.0.push(value.span()),
            _ => {}
        }
    }

    /// The masks of a file that is not TOML. Where a value ends cannot be known: all may be part of it up to a line that
    /// begins with another key.
    pub(super) fn of_broken(text: &str) -> Self {
        let mut masks = Self::default();
        let mut at = 0;
        while at < text.len() {
            let line = line_around(text, at);
            let mut end = line.end;
            if is_pasted(&text[line.clone()]) {
                masks.0.push(line);
            } else if let Some(start) = secret_start(&text[line.clone()]) {
                let start = line.start + start;
                end = secret_end(text, start);
                masks.0.push(start..end);
            }
            at = text[end..].find('\n').map_or(text.len(), |n| end + n + 1);
        }
        masks
    }
}

/// Whether this line is one word and no key's: a password, perhaps, that was put on a line of its own.
fn is_pasted(line: &str) -> bool {
    // Base64 ends so.
    let word = line.trim().trim_end_matches(['=', '"', '\'']);
    let is_word = !word.is_empty() && !word.contains(char::is_whitespace);
    is_word && !word.contains('=') && !word.starts_with(['[', ']', '{', '}', '#'])
}

/// Where in this line the value of a key begins that may be a secret.
fn secret_start(line: &str) -> Option<usize> {
    let in_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut at = 0;
    while let Some(start) = line[at..].find(in_word).map(|n| at + n) {
        let length = line[start..].find(|c| !in_word(c));
        let end = length.map_or(line.len(), |n| start + n);
        let before = line[..start].trim_end_matches([' ', '\t', '"', '\'']);
        let after = &line[end..];
        let after = after.strip_prefix(['"', '\'']).unwrap_or(after);
        let is_key = match before.chars().next_back() {
            None | Some('{' | ',' | '#') => true,
            Some('.') if !before.contains('=') => true,
            Some(_) => after.trim_start().starts_with('='),
        };
        let word = &line[start..end];
        if is_key && (may_be_secret(word) || is_proxy(word)) {
            let value = after.trim_start_matches([' ', '\t', '=']);
            return Some(line.len() - value.len());
        }
        at = end;
    }
    line.find("://").filter(|_| holds_userinfo(line))
}

/// Where the value that begins at `start` ends at the latest: before the next line that is certain to be no part of it.
fn secret_end(text: &str, start: usize) -> usize {
    let mut end = line_around(text, start).end;
    while let Some(n) = text[end..].find('\n') {
        let next = line_around(text, end + n + 1);
        if begins_anew(&text[next.clone()]) {
            break;
        }
        end = next.end;
    }
    end
}

/// Whether this line begins with a known key or table.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let end = line.find([' ', '\t', '.', '=']).unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let is_key = ACCOUNT_KEYS.contains(&key) && rest.contains('=');
    is_key || line.starts_with("[accounts") || line.starts_with("[defaults")
}

/// Whether this key, or what it was meant to be, holds something that nobody may see.
fn may_be_secret(key: &str) -> bool {
    if let Some(meant) = spelling::nearest(key, ACCOUNT_KEYS.iter().copied()) {
        return meant == "password";
    }
    let key = key.to_lowercase();
    let words = ["pass", "pwd", "secret", "token"];
    words.iter().any(|word| key.contains(word))
}

/// Whether this key is, or was meant to be, that of an address with a login in it.
fn is_proxy(key: &str) -> bool {
    spelling::nearest(key, ACCOUNT_KEYS.iter().copied()) == Some("proxy")
}

/// Whether a key is near to none that is known: what it is meant to hold, a password perhaps, only its writer knows.
fn means_nothing(key: &str) -> bool {
    let known = ACCOUNT_KEYS.iter().chain(&DELIVER_KEYS).copied();
    spelling::nearest(key, known).is_none()
}

/// Whether there is an address with a user, and maybe a password, in this text.
fn holds_userinfo(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@'))
}

fn place(text: &str, masks: &Masks, span: &Range<usize>) -> Place {
    let line = line_around(text, boundary(text, span.start));
    let start = boundary(text, span.start).min(line.end);
    // An excerpt is one line; what goes on is marked to its end.
    let end = boundary(text, span.end).clamp(start, line.end);

    let pieces = pieces(text, &line, masks);
    let shown: String = pieces.iter().map(|piece| piece.shown).collect();
    // Where in a mask the error is would tell something of what is behind it: it counts as the whole.
    let first = pieces.iter().find(|piece| start < piece.of.end);
    let last = pieces.iter().find(|piece| end <= piece.of.end);
    let from = first.map_or(shown.len(), |piece| piece.shown_at(start, 0));
    let to = last.map_or(shown.len(), |piece| piece.shown_at(end, MASK.len()));
    Place {
        line: text[..line.start].matches('\n').count() + 1,
        text: shown,
        span: from..to.max(from),
    }
}

/// A part of a line, as it is and as it is shown.
struct Piece<'t> {
    /// Where it is in the file.
    of: Range<usize>,
    /// Whether the mask is shown in its place.
    masked: bool,
    /// What is shown.
    shown: &'t str,
    /// Where that begins in the shown line.
    offset: usize,
}

impl Piece<'_> {
    /// Where in the shown line the file's octet `at` is; within a mask, `masked` octets from its beginning.
    fn shown_at(&self, at: usize, masked: usize) -> usize {
        let inside = if self.masked {
            masked
        } else {
            at - self.of.start
        };
        self.offset + inside
    }
}

/// Cuts `line` at the masks.
fn pieces<'t>(text: &'t str, line: &Range<usize>, masks: &Masks) -> Vec<Piece<'t>> {
    let mut pieces: Vec<Piece<'t>> = Vec::new();
    let mut push = |of: Range<usize>, masked: bool| {
        if !of.is_empty() {
            pieces.push(Piece {
                masked,
                shown: if masked { MASK } else { &text[of.clone()] },
                offset: pieces.last().map_or(0, |p| p.offset + p.shown.len()),
                of,
            });
        }
    };
    let mut at = line.start;
    for mask in &masks.0 {
        let mask = mask.start.max(at)..mask.end.min(line.end);
        if !mask.is_empty() {
            push(at..mask.start, false);
            at = mask.end;
            push(mask, true);
        }
    }
    push(at..line.end, false);
    pieces
}

/// The line that `at` is in, without its end.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    start..start + text[start..end].trim_end_matches('\r').len()
}

/// The nearest place at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What stands for a secret, whatever its length.
const MASK: &str = r#""****""#;
