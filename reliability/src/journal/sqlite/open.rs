//! Opening a file, and telling whether it is one of ours.

use alloc::string::String;
use core::time::Duration;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::{unavailable, unusable};
use crate::error::Invalid;
use crate::journal::JournalError;
use crate::journal::group::check_place;

/// Says in the file's header whose it is.
const APPLICATION: i32 = 0x524c_4a4e;

/// The version of the tables below.
const SCHEMA: i32 = 3;

/// Before it, a file in WAL mode with several connections could lose a commit:
/// <https://sqlite.org/wal.html#walresetbug>.
const OLDEST_SQLITE: i32 = 3_051_003;

/// A step of a transaction adds a record and nothing else: how far a stream is and when it was
/// changed last is looked up in its records by the view, for people and for whoever asks.
const TABLES: &str = "
CREATE TABLE journal_streams (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    key          TEXT NOT NULL,
    epoch        INTEGER NOT NULL, -- of its last claim
    status       TEXT NOT NULL,
    priority     INTEGER NOT NULL,
    due_at       INTEGER,          -- microseconds since 1970, as all times; NULL: never
    owner        TEXT,             -- NULL: nobody holds it
    held_since   INTEGER,
    held_until   INTEGER,
    claimable_at INTEGER,          -- the later one of due_at and held_until; NULL: never
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER,          -- NULL: at the time of its last record
    UNIQUE (kind, key)
);
CREATE INDEX journal_claimable ON journal_streams (claimable_at) WHERE claimable_at IS NOT NULL;
CREATE TABLE journal_records (
    position    INTEGER PRIMARY KEY AUTOINCREMENT, -- also by hand none is given twice
    stream      INTEGER NOT NULL REFERENCES journal_streams (id),
    sequence    INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    name        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    encoding    TEXT NOT NULL,
    payload     BLOB NOT NULL,
    UNIQUE (stream, sequence)
);
CREATE VIEW journal_heads AS
SELECT s.id, kind, key, coalesce(r.sequence, 0) AS sequence, s.epoch, status, priority, due_at,
       owner, held_since, held_until, claimable_at, created_at,
       coalesce(changed_at, r.recorded_at, created_at) AS changed_at, changed_at AS row_changed_at
FROM journal_streams s LEFT JOIN journal_records r ON r.stream = s.id
 AND r.sequence = (SELECT max(sequence) FROM journal_records WHERE stream = s.id);
CREATE TABLE journal_claims ( -- one row, for all streams
    epoch      INTEGER NOT NULL, -- the last one that was given
    held_since INTEGER NOT NULL, -- the latest time since when anything due may be held
    sealed     INTEGER NOT NULL  -- 1: nobody may write any more
);
INSERT INTO journal_claims VALUES (0, 0, 0);
";

/// Refuses names that mean something else to SQLite, which would keep nothing or elsewhere.
pub(super) fn check(path: &Path) -> Result<(), JournalError> {
    let name = path.to_string_lossy();
    if name.starts_with(':') || name.starts_with("file:") {
        let got = alloc::format!("{name:?}");
        return Err(Invalid::new("journal", "path", "the name of a file", got)
            .with_advice("what is to be forgotten is kept by `Journal::in_memory()`")
            .into());
    }
    check_place(path)
}

pub(super) fn to_write(path: &Path, busy: Duration) -> Result<Connection, JournalError> {
    refuse_old(rusqlite::version_number(), rusqlite::version())?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| unavailable("opening the journal", &error);
    let mut connection = open(path, flags, busy).map_err(failed)?;
    // Reads the header, so that a file that is no database is found out before it is touched.
    let schema = identify(&connection, path)?;
    if connection.is_readonly("main").map_err(failed)? {
        return Err(unusable(alloc::format!(
            "{} may only be read: let this program write to it and into its folder",
            path.display()
        )));
    }
    let mode = set(&connection).map_err(failed)?;
    if mode != "wal" {
        return Err(unusable(alloc::format!(
            "{} cannot have a log beside it (its mode is `{mode}`, not `wal`): give the journal \
             a file on a disk of this machine",
            path.display()
        )));
    }
    if schema < SCHEMA {
        create(&mut connection, path)?;
    }
    Ok(connection)
}

pub(super) fn to_read(path: &Path, busy: Duration) -> Result<Connection, JournalError> {
    // Not read-only: a reader of a WAL has its place in a file beside it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| unavailable("opening the journal to read", &error);
    let connection = open(path, flags, busy).map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags, busy: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy)?;
    // A statement is planned once. SQLite would plan it anew each time another value is bound that
    // could matter to an index of a part of the rows, which takes longer than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // More than there are.
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn refuse_old(number: i32, version: &str) -> Result<(), JournalError> {
    if number >= OLDEST_SQLITE {
        return Ok(());
    }
    Err(unusable(alloc::format!(
        "SQLite {version} can lose what it has committed; link 3.51.3 or newer"
    )))
}

/// The version of the tables in the file: 0 if there are none at all.
fn identify(connection: &Connection, path: &Path) -> Result<i32, JournalError> {
    let path = path.display();
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let read = || -> rusqlite::Result<(i32, i32, i64)> {
        // All at one time: another process may be making the tables.
        let _once = match connection.is_autocommit() {
            true => Some(connection.unchecked_transaction()?),
            false => None,
        };
        let tables = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok((number("application_id")?, number("user_version")?, tables))
    };
    match read() {
        Ok((0, 0, 0)) => Ok(0),
        Ok((APPLICATION, SCHEMA, _)) => Ok(SCHEMA),
        Ok((APPLICATION, other, _)) => Err(unusable(alloc::format!(
            "{path} has tables of version {other}, and this program knows version {SCHEMA}: \
             run the program that wrote it, also \
             to copy the journal (`journal::copy`) to a store that both know"
        ))),
        Ok(_) => Err(unusable(alloc::format!(
            "{path} is a database of another program: give the journal a file of its own"
        ))),
        Err(rusqlite::Error::SqliteFailure(error, _))
            if error.code == rusqlite::ErrorCode::NotADatabase =>
        {
            Err(unusable(alloc::format!(
                "{path} is no SQLite database: give the journal a file of its own"
            )))
        }
        Err(error) => Err(unavailable("opening the journal", &error)),
    }
}

/// Returns the mode that the file is in: SQLite leaves it as it was where there can be no other.
fn set(connection: &Connection) -> rusqlite::Result<String> {
    let mode = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    // Every commit waits for the disk. `NORMAL` would lose the last ones with the power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    // A record is only ever written for a stream whose row was just written or looked up.
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(mode)
}

/// Two processes may come here at once: the second one finds that there is nothing left to do.
fn create(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let failed = |error| unavailable("making the tables of the journal", &error);
    let making = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    if identify(&making, path)? < SCHEMA {
        making.execute_batch(TABLES).map_err(failed)?;
        making.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        making.pragma_update(None, "user_version", SCHEMA).map_err(failed)?;
    }
    making.commit().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_lose_commits_is_refused() {
        assert!(refuse_old(OLDEST_SQLITE, "3.51.3").is_ok());
        let refused = refuse_old(3_046_000, "3.46.0").expect_err("it is too old");
        let words = "SQLite 3.46.0 can lose what it has committed; link 3.51.3 or newer";
        assert_eq!(alloc::string::ToString::to_string(&refused), words);
    }

    #[test]
    fn what_would_not_be_durable_is_refused() {
        for (path, mode) in [(":memory:", "memory"), ("", "delete")] {
            let refused = to_write(Path::new(path), Duration::ZERO).expect_err("it is no file");
            assert!(matches!(refused, JournalError::Unusable { .. }), "{refused}");
            let said = alloc::string::ToString::to_string(&refused);
            assert!(said.contains(&alloc::format!("its mode is `{mode}`, not `wal`")), "{said}");
        }
    }

    #[test]
    fn every_commit_waits_for_the_disk() {
        let name = alloc::format!("journal-durable-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let connection = to_write(&file, Duration::ZERO).expect("it can be made");
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0));
        let (synchronous, flushes) = (number("synchronous"), number("fullfsync"));
        drop(connection);
        for left in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(alloc::format!("{}{left}", file.display()));
        }
        // 2 is `FULL`: <https://sqlite.org/pragma.html#pragma_synchronous>.
        assert_eq!((synchronous, flushes), (Ok(2_i64), Ok(1_i64)));
    }

    #[test]
    fn what_may_only_be_read_is_refused() {
        let name = alloc::format!("journal-read-only-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        drop(to_write(&file, Duration::ZERO).expect("it can be made"));
        // Whoever runs the tests may write everywhere, so the connection is what may not.
        let read_only = alloc::format!("file:{}?mode=ro", file.display());
        let refused = to_write(Path::new(&read_only), Duration::ZERO).expect_err("it may not");
        for left in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(alloc::format!("{}{left}", file.display()));
        }
        let said = alloc::string::ToString::to_string(&refused);
        assert!(said.contains("may only be read: let this program write"), "{said}");
    }
}
