//! Finds the lines of a file that are an account's, however it is written: below `[accounts.work]`, in dotted keys, or as a
//! table on one line.
//!
//! It refuses to know what the keys mean. Invariants: a line is taken whole or not at all; a comment goes with what stands
//! directly below it, or, at the end of an account, with what stands directly above it.

use std::collections::BTreeSet;
use std::ops::Range;

use toml_edit::{Document, Item, Table};

/// Whether all accounts are in one table on one line, `accounts = { … }`.
pub(super) fn is_one_line(text: &str) -> bool {
    Document::parse(text).is_ok_and(|document| {
        let accounts = document.get("accounts");
        accounts.is_some_and(|accounts| !accounts.is_table())
    })
}

/// The keys of `[defaults]`, however it is written.
pub(super) fn keys_of_defaults(text: &str) -> BTreeSet<String> {
    let Ok(document) = Document::parse(text) else {
        return BTreeSet::new();
    };
    let defaults = document.get("defaults").and_then(Item::as_table_like);
    let keys = defaults.into_iter().flat_map(|table| table.iter());
    keys.map(|(key, _)| key.to_owned()).collect()
}

/// The lines of the account, as ranges of octets in order; none if it is not to be found.
pub(super) fn of_account(text: &str, name: &str) -> Vec<Range<usize>> {
    let Ok(document) = Document::parse(text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(accounts) = document.get("accounts").and_then(Item::as_table) {
        collect(accounts, name, &mut found);
    }
    let mut lines: Vec<_> = found.iter().map(|range| lines(text, range)).collect();
    lines.sort_by_key(|range| range.start);
    lines
        .into_iter()
        .map(|range| with_comments(text, &range))
        .fold(Vec::new(), |mut merged: Vec<Range<usize>>, range| {
            match merged.last_mut() {
                Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
            merged
        })
}

/// The text without these lines, and without the blank ones that would be left over.
pub(super) fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        kept.push_str(&text[from..range.start]);
        from = range.end;
        if kept.is_empty() || ends_blank(&kept) {
            from += blank_lines(&text[from..]);
        }
    }
    kept.push_str(&text[from..]);
    // What separated the account from those before it.
    if from == text.len() {
        let end = kept.trim_end().len();
        let line_end = kept[end..].find('\n').map_or(0, |at| at + 1);
        kept.truncate(end + line_end);
    }
    kept
}

/// The places of an entry of this table: its key with its value, or its header and all below it.
fn collect(table: &Table, name: &str, found: &mut Vec<Range<usize>>) {
    let Some((key, item)) = table.get_key_value(name) else {
        return;
    };
    match item {
        Item::None => {}
        Item::Value(value) => {
            if let (Some(key), Some(value)) = (key.span(), value.span()) {
                found.push(key.start.min(value.start)..value.end.max(key.end));
            }
        }
        Item::Table(table) => below(table, found),
        Item::ArrayOfTables(tables) => tables.iter().for_each(|table| below(table, found)),
    }
}

/// The table's header, if it has one, with what is below it: between the two there is nothing of another table.
fn below(table: &Table, found: &mut Vec<Range<usize>>) {
    let mut own = Vec::new();
    let mut others = Vec::new();
    for (name, item) in table {
        let is_value = item.is_value() || item.as_table().is_some_and(Table::is_dotted);
        collect(table, name, if is_value { &mut own } else { &mut others });
    }
    if !table.is_dotted() && !table.is_implicit() {
        own.extend(table.span());
        let start = own.iter().map(|range| range.start).min();
        let end = own.iter().map(|range| range.end).max();
        found.extend(start.zip(end).map(|(start, end)| start..end));
    } else {
        found.append(&mut own);
    }
    found.append(&mut others);
}

/// The whole lines of a range.
fn lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    // A range may end with its line.
    let last = range.end.saturating_sub(1).max(range.start);
    let end = text[last..]
        .find('\n')
        .map_or(text.len(), |at| last + at + 1);
    start..end
}

/// The lines with the comments directly above them, and those below them that nothing else stands directly under.
fn with_comments(text: &str, range: &Range<usize>) -> Range<usize> {
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let mut start = range.start;
    for line in text[..range.start].split_inclusive('\n').rev() {
        if !is_comment(line) {
            break;
        }
        start -= line.len();
    }
    if start == 0 {
        // What the file begins with may be about all of it.
        start = range.start;
    }
    let mut end = range.end;
    let mut below = 0;
    for line in text[range.end..].split_inclusive('\n') {
        if is_comment(line) {
            below += line.len();
            continue;
        }
        if line.trim().is_empty() {
            end += below;
        }
        return start..end;
    }
    start..end + below
}

fn ends_blank(text: &str) -> bool {
    let mut lines = text.split_inclusive('\n').rev();
    lines.next().is_some_and(|line| line.trim().is_empty())
}

fn blank_lines(text: &str) -> usize {
    let lines = text.split_inclusive('\n');
    lines
        .take_while(|line| line.trim().is_empty())
        .map(str::len)
        .sum()
}
