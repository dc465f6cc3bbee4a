use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, ready};
use core::time::Duration;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::{Parked, Place, ReadStore, ReadTransaction};
use crate::journal::{Position, Sequence, StreamId};
use crate::sync::Mutex;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS projection_places (
    projection TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    major      INTEGER NOT NULL,
    minor      INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS projection_parked (
    projection TEXT NOT NULL,
    major      INTEGER NOT NULL,
    minor      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    error      TEXT NOT NULL,
    PRIMARY KEY (projection, major, minor)
);
";

/// Read models in a SQLite file, which others may read meanwhile.
///
/// Its statements run on the thread of the task that drives the projector, and a commit takes as
/// long as the disk does. Where that matters, give the projector a thread of its own.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::{ReadStore, ReadTransaction, SqliteReadStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), rusqlite::Error> {
/// # let folder = std::env::temp_dir().join(format!("read-model-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).ok();
/// let mut store = SqliteReadStore::open(folder.join("balances.db"))?;
/// let transaction = store.begin().await?;
/// transaction.connection().execute("CREATE TABLE balance (account TEXT, cents INTEGER)", [])?;
/// transaction.commit().await?;
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok(())
/// # }
/// ```
pub struct SqliteReadStore {
    path: PathBuf,
    idle: Idle,
}

/// The connection, while no transaction has it.
type Idle = Arc<Mutex<Option<Connection>>>;

/// A transaction in a SQLite file.
///
/// # Examples
///
/// See [`SqliteReadStore`].
pub struct SqliteTransaction {
    /// There until it ends.
    connection: Option<Connection>,
    idle: Idle,
}

impl SqliteReadStore {
    /// Those in that file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or is no database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, rusqlite::Error> {
        let path = path.as_ref().to_path_buf();
        let connection = connect(&path)?;
        Ok(Self { path, idle: Arc::new(Mutex::new(Some(connection))) })
    }
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A position that is lost with the power is one that was never told to anybody: its rows are
    // lost with it.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

impl ReadStore for SqliteReadStore {
    type Transaction = SqliteTransaction;
    type Error = rusqlite::Error;

    fn begin(&mut self) -> impl Future<Output = Result<SqliteTransaction, rusqlite::Error>> + Send {
        let idle = self.idle.lock().take();
        let begun = idle.map_or_else(|| connect(&self.path), Ok).and_then(|connection| {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            Ok(SqliteTransaction { connection: Some(connection), idle: Arc::clone(&self.idle) })
        });
        ready(begun)
    }
}

impl SqliteTransaction {
    /// What statements are run on. It is in the transaction: begin and commit none.
    #[allow(clippy::expect_used, reason = "a transaction that has ended cannot be named any more")]
    pub fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("only its end takes it")
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.execute_batch("ROLLBACK").is_ok()
        {
            *self.idle.lock() = Some(connection);
        }
    }
}

impl ReadTransaction for SqliteTransaction {
    type Error = rusqlite::Error;

    fn place(
        &mut self,
        projection: &str,
    ) -> impl Future<Output = Result<Option<Place>, rusqlite::Error>> + Send {
        let sql = "SELECT version, major, minor FROM projection_places WHERE projection = ?1";
        let read = |select: &mut rusqlite::Statement<'_>| {
            let place = |row: &rusqlite::Row<'_>| {
                let position = Position::from_parts(number(row, 1)?, number(row, 2)?);
                Ok(Place { version: row.get(0)?, position })
            };
            select.query_row([projection], place).optional()
        };
        let mut select = self.connection().prepare_cached(sql);
        ready(select.as_mut().map_err(taken).and_then(|select| read(select)))
    }

    fn keep(
        &mut self,
        projection: &str,
        place: Place,
    ) -> impl Future<Output = Result<(), rusqlite::Error>> + Send {
        let sql = "INSERT INTO projection_places VALUES (?1, ?2, ?3, ?4) ON CONFLICT (projection) \
                   DO UPDATE SET version = ?2, major = ?3, minor = ?4";
        let (major, minor) = signed(place.position);
        let kept = self.connection().prepare_cached(sql);
        let kept =
            kept.and_then(|mut it| it.execute(params![projection, place.version, major, minor]));
        ready(kept.map(|_| ()))
    }

    fn park(
        &mut self,
        projection: &str,
        parked: &Parked,
    ) -> impl Future<Output = Result<(), rusqlite::Error>> + Send {
        let Parked { stream, sequence, position, error } = parked;
        let (major, minor) = signed(*position);
        let sequence = sequence.get().cast_signed();
        let sql = "INSERT OR REPLACE INTO projection_parked VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let row = params![projection, major, minor, stream.kind(), stream.key(), sequence, error];
        ready(self.connection().execute(sql, row).map(|_| ()))
    }

    fn parked(
        &mut self,
        projection: &str,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Parked>, rusqlite::Error>> + Send {
        ready(parked(self.connection(), projection, most))
    }

    fn unpark(
        &mut self,
        projection: &str,
        position: Option<Position>,
    ) -> impl Future<Output = Result<(), rusqlite::Error>> + Send {
        let all = "DELETE FROM projection_parked WHERE projection = ?1";
        let done = match position.map(signed) {
            None => self.connection().execute(all, [projection]),
            Some((major, minor)) => {
                let one = alloc::format!("{all} AND major = ?2 AND minor = ?3");
                self.connection().execute(&one, params![projection, major, minor])
            }
        };
        ready(done.map(|_| ()))
    }

    fn commit(mut self) -> impl Future<Output = Result<(), rusqlite::Error>> + Send {
        let done = self.connection().execute_batch("COMMIT");
        if done.is_ok() {
            *self.idle.lock() = self.connection.take();
        }
        ready(done)
    }
}

fn parked(
    connection: &Connection,
    projection: &str,
    most: usize,
) -> Result<Vec<Parked>, rusqlite::Error> {
    let mut select = connection.prepare_cached(
        "SELECT major, minor, kind, key, sequence, error FROM projection_parked
         WHERE projection = ?1 ORDER BY major, minor LIMIT ?2",
    )?;
    let rows = select.query_map(params![projection, most.min(1 << 31) as i64], |row| {
        let (kind, key): (String, String) = (row.get(2)?, row.get(3)?);
        let wrong = |error| {
            rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, error)
        };
        Ok(Parked {
            stream: StreamId::new(&kind, &key).map_err(|invalid| wrong(invalid.into()))?,
            sequence: Sequence::new(number(row, 4)?),
            position: Position::from_parts(number(row, 0)?, number(row, 1)?),
            error: row.get(5)?,
        })
    })?;
    rows.collect()
}

fn number(row: &rusqlite::Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

fn signed(position: Position) -> (i64, i64) {
    let (major, minor) = position.parts();
    (major.cast_signed(), minor.cast_signed())
}

fn taken(error: &mut rusqlite::Error) -> rusqlite::Error {
    core::mem::replace(error, rusqlite::Error::InvalidQuery)
}

impl fmt::Debug for SqliteReadStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReadStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl fmt::Debug for SqliteTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTransaction").finish_non_exhaustive()
    }
}
