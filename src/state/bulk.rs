//! Changes many rows by one rule, some at a time.
//!
//! It refuses to know the rule. Invariant: memory does not grow with the number of rows. Until a statement ends, SQLite keeps
//! the old content of all that it changed, to take it back where it fails; and nothing of it may be in a file.

use rusqlite::{Params, Transaction};

/// How many rows a statement changes at once: some MiB of old content.
const ROWS: usize = 10_000;

/// Does `change` to the messages for which `rule` holds. Invariant: once a message is changed the rule does not hold for it
/// any more.
pub(super) fn change(
    transaction: &Transaction<'_>,
    change: &str,
    rule: &str,
    values: impl Params + Copy,
) -> rusqlite::Result<()> {
    let mut some = transaction.prepare_cached(&format!(
        "UPDATE message SET {change} WHERE id IN (SELECT id FROM message WHERE {rule} LIMIT {ROWS})"
    ))?;
    while some.execute(values)? > 0 {}
    Ok(())
}
