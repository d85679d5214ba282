//! The tables, and the ladder of migrations that leads to them.
//!
//! Invariant: a step that was ever released is never changed; a change is a new step. `PRAGMA user_version` counts the
//! steps taken.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::Error;

const STEPS: &[&str] = &["
    -- A maildrop: a server and a user, whatever the profile is called.
    CREATE TABLE account (
        id INTEGER PRIMARY KEY,
        server TEXT NOT NULL,
        user TEXT NOT NULL,
        -- Marks the files it stages, also where several databases deliver to one folder.
        tag TEXT NOT NULL DEFAULT (lower(hex(randomblob(8)))),
        UNIQUE (server, user)
    ) STRICT;

    -- Where mail goes: 'maildir:/home/ann/Mail'.
    CREATE TABLE destination (
        id INTEGER PRIMARY KEY,
        address TEXT NOT NULL UNIQUE
    ) STRICT;

    -- A message that is safe here. Times are seconds since 1970.
    CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        uid BLOB NOT NULL,
        first_seen INTEGER NOT NULL,
        listed INTEGER NOT NULL,        -- octets as the server says
        size INTEGER NOT NULL,          -- octets as delivered
        sha256 BLOB NOT NULL,           -- of what was delivered
        absent_since INTEGER,           -- the first listing without it
        delete_sent INTEGER,            -- when DELE was accepted
        delete_accepted INTEGER,        -- when QUIT was accepted after that
        deleted INTEGER,                -- when a later listing lacked it
        kept INTEGER NOT NULL DEFAULT 0, -- how often it was there in spite of an accepted deletion
        replaced INTEGER                -- when the uid was found to be another message's
    ) STRICT;
    CREATE UNIQUE INDEX message_uid ON message (account, uid) WHERE replaced IS NULL;
    CREATE INDEX message_present ON message (account) WHERE absent_since IS NULL;

    CREATE TABLE delivery (
        message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
        destination INTEGER NOT NULL REFERENCES destination (id),
        file TEXT NOT NULL,
        committed INTEGER NOT NULL,
        published INTEGER,              -- NULL: staged, and to be published by the next run
        PRIMARY KEY (message, destination)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX delivery_unpublished ON delivery (message) WHERE published IS NULL;

    -- A message that did not arrive when it was asked for, and how often.
    CREATE TABLE stumble (
        account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        uid BLOB NOT NULL,
        times INTEGER NOT NULL,
        PRIMARY KEY (account, uid)
    ) STRICT, WITHOUT ROWID;
", "
    -- Since when mail may be here that is not on record, because the state was lost.
    ALTER TABLE account ADD COLUMN rebuilding INTEGER;
    -- When it was found that the server has no UIDL.
    ALTER TABLE account ADD COLUMN without_uidl INTEGER;
    -- Since when so much mail has left the Maildirs that somebody must approve of deleting it from the server.
    ALTER TABLE account ADD COLUMN departed INTEGER;

    -- The staged file is in the spool, not hidden at the destination.
    ALTER TABLE delivery ADD COLUMN spooled INTEGER NOT NULL DEFAULT 0;
    -- Publishing from the spool was begun: then an mbox was so long; a Maildir has its durable copy in tmp/.
    ALTER TABLE delivery ADD COLUMN begun INTEGER;
    -- How often this message was refused, when it may be tried again, and why it waits.
    ALTER TABLE delivery ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE delivery ADD COLUMN due INTEGER;
    ALTER TABLE delivery ADD COLUMN reason TEXT;

    -- From now on message.replaced also says when a uid was forgotten after a long absence.
    CREATE INDEX message_absent ON message (account, absent_since)
        WHERE absent_since IS NOT NULL AND replaced IS NULL;
", "
    -- When the account's server got another port. Until a listing bears it out, another maildrop may be behind it.
    ALTER TABLE account ADD COLUMN moved INTEGER;
    -- From now on message.listed is -1 where only the content tells whether the uid is still this message's.

    -- How a server takes commands that are sent ahead of its replies.
    CREATE TABLE server (
        name TEXT PRIMARY KEY,          -- as in account.server
        announces INTEGER,              -- whether CAPA lists PIPELINING; NULL: not known
        asked INTEGER,                  -- when CAPA was asked
        keeps INTEGER NOT NULL DEFAULT 0, -- it kept two commands that came in one piece
        doubts INTEGER NOT NULL DEFAULT 0, -- how often it lost something
        spared_until INTEGER            -- nothing is sent ahead until then
    ) STRICT, WITHOUT ROWID;
", "
    -- What CAPA lists of what serves here; in place of server.announces, which is not used any more.
    ALTER TABLE server ADD COLUMN capabilities TEXT;
    -- Before then the server does not want another login (LOGIN-DELAY).
    ALTER TABLE account ADD COLUMN login_due INTEGER;
", "
    -- The last run: when, its exit status, its trouble in words; and the last one that had none.
    ALTER TABLE account ADD COLUMN last_run INTEGER;
    ALTER TABLE account ADD COLUMN last_status INTEGER;
    ALTER TABLE account ADD COLUMN last_trouble TEXT;
    ALTER TABLE account ADD COLUMN last_well INTEGER;
    -- When a run comes again that waits in the foreground.
    ALTER TABLE account ADD COLUMN next_run INTEGER;

    -- Trouble that came up in runs that nobody watched, so that it is not told in each of them.
    CREATE TABLE trouble (
        account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        since INTEGER NOT NULL,         -- the first run that had it
        told INTEGER,                   -- when it was told last
        over INTEGER,                   -- the first run after it; NULL: it lasts
        PRIMARY KEY (account, kind)
    ) STRICT, WITHOUT ROWID;

    -- What the header says, as it stands there, unfolded and cut.
    ALTER TABLE message ADD COLUMN message_id TEXT;
    ALTER TABLE message ADD COLUMN sender TEXT;
    ALTER TABLE message ADD COLUMN subject TEXT;
", "
    -- Who says that the message is somewhere, where popfetch did not fetch it: another program's name, or 'mark-seen'.
    -- Such a message has size 0, no sha256 and no delivery.
    ALTER TABLE message ADD COLUMN source TEXT;
    -- How its uid is like the server's, as long as no listing had it: 'cut', 'dash'; NULL: it is the server's.
    -- From now on message.listed is -2 where it is whatever the next listing says.
    ALTER TABLE message ADD COLUMN likeness TEXT;
    -- When it was found that the other program was to delete it from the server.
    ALTER TABLE message ADD COLUMN asked INTEGER;
"];

/// The version that a database at the top of the ladder has.
#[expect(clippy::cast_possible_truncation, reason = "the steps are few")]
const TOP: u32 = STEPS.len() as u32;

/// Takes the steps that the database has not taken yet, all or none.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let version = |connection: &Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))
    };
    let sqlite = |source| Error::sqlite(path, source);
    if version(connection).map_err(sqlite)? == TOP {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite)?;
    // Another process may have been here in the meantime.
    let found = version(&transaction).map_err(sqlite)?;
    if found > TOP {
        return Err(Error::Newer {
            path: path.to_owned(),
            found,
            known: TOP,
        });
    }
    for step in &STEPS[found as usize..] {
        transaction.execute_batch(step).map_err(sqlite)?;
    }
    transaction
        .pragma_update(None, "user_version", TOP)
        .and_then(|()| transaction.commit())
        .map_err(sqlite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_database_climbs_to_the_top_and_stays_there() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, Path::new("x")).unwrap();
        migrate(&mut connection, Path::new("x")).unwrap();
        let tables: u32 = connection
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table'",
                [],
                |row| row.get::<_, u32>(0),
            )
            .unwrap();
        assert_eq!(tables, 7);
    }

    #[test]
    fn a_database_of_the_future_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut connection, Path::new("x")).unwrap_err();
        assert!(matches!(error, Error::Newer { found: 99, .. }));
    }
}
