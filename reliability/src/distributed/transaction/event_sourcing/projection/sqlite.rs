use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
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
/// Statements and commits run on threads that may wait for the disk, not on that of the task that
/// drives the projector. A commit is on the disk when it returns; [`open_relaxed`](Self::open_relaxed)
/// does not wait for that.
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
/// let mut rows = store.begin().await?;
/// let account = "4711".to_owned();
/// rows.run(move |connection| {
///     connection.execute("CREATE TABLE balance (account TEXT, cents INTEGER)", [])?;
///     connection.execute("INSERT INTO balance VALUES (?1, 5)", [account])
/// })
/// .await?;
/// rows.commit().await?;
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok(())
/// # }
/// ```
pub struct SqliteReadStore {
    file: File,
    idle: Idle,
}

/// What is opened, and how.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    synchronous: &'static str,
}

/// The connection, while no transaction has it.
type Idle = Arc<Mutex<Option<Connection>>>;

/// A transaction in a SQLite file.
///
/// # Examples
///
/// See [`SqliteReadStore`].
pub struct SqliteTransaction {
    /// There until it ends, and while nobody works on it.
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
        Self::opened(path.as_ref(), "FULL")
    }

    /// The same with commits that do not wait for the disk (`synchronous=NORMAL`). The file stays
    /// whole, and a crash of the process takes nothing away; but with the power the last commits may
    /// be lost, rows and place together. A read model takes in again what it lacks then, so nothing
    /// is missing in the end. An outbox that keeps its place there publishes again, and what else is
    /// in the file - what an [inbox](super::super::accept_in_sqlite) has accepted, and has done for it -
    /// is gone.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open).
    pub fn open_relaxed(path: impl AsRef<Path>) -> Result<Self, rusqlite::Error> {
        Self::opened(path.as_ref(), "NORMAL")
    }

    fn opened(path: &Path, synchronous: &'static str) -> Result<Self, rusqlite::Error> {
        let file = File { path: path.to_path_buf(), synchronous };
        let connection = connect(&file)?;
        Ok(Self { file, idle: Arc::new(Mutex::new(Some(connection))) })
    }
}

fn connect(file: &File) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(&file.path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", file.synchronous)?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

/// Does it on a thread that may wait. A panic goes on here; when the runtime ends, it is not done.
async fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, rusqlite::Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(given_up()),
        },
    }
}

/// A transaction of which a statement was given up half way is no more.
fn given_up() -> rusqlite::Error {
    let said = "the transaction was given up with one of its statements; begin it again";
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT);
    rusqlite::Error::SqliteFailure(code, Some(said.into()))
}

impl ReadStore for SqliteReadStore {
    type Transaction = SqliteTransaction;
    type Error = rusqlite::Error;

    async fn begin(&mut self) -> Result<SqliteTransaction, rusqlite::Error> {
        let (idle, file) = (self.idle.lock().take(), self.file.clone());
        let begin = move || {
            let connection = idle.map_or_else(|| connect(&file), Ok)?;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            Ok::<_, rusqlite::Error>(connection)
        };
        let connection = Some(elsewhere(begin).await??);
        Ok(SqliteTransaction { connection, idle: Arc::clone(&self.idle) })
    }
}

impl SqliteTransaction {
    /// Runs statements on a thread that may wait for the disk. The connection is in the transaction:
    /// begin and commit none.
    ///
    /// # Errors
    ///
    /// Those of the statements, which then have changed nothing.
    ///
    /// # Panics
    ///
    /// When `work` does.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the transaction is taken back.
    ///
    /// # Examples
    ///
    /// See [`SqliteReadStore`].
    pub async fn run<T, E>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<rusqlite::Error> + Send + 'static,
    {
        let connection = self.connection.take().ok_or_else(given_up)?;
        let work = move || {
            let done = work(&connection);
            (connection, done)
        };
        let (connection, done) = elsewhere(work).await?;
        self.connection = Some(connection);
        done
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        // In WAL mode that waits for nothing: what was written so far is only forgotten.
        if let Some(connection) = self.connection.take()
            && connection.execute_batch("ROLLBACK").is_ok()
        {
            *self.idle.lock() = Some(connection);
        }
    }
}

impl ReadTransaction for SqliteTransaction {
    type Error = rusqlite::Error;

    async fn place(&mut self, projection: &str) -> Result<Option<Place>, rusqlite::Error> {
        let projection = projection.to_owned();
        self.run(move |connection| {
            let sql = "SELECT version, major, minor FROM projection_places WHERE projection = ?1";
            let place = |row: &rusqlite::Row<'_>| {
                let position = Position::from_parts(number(row, 1)?, number(row, 2)?);
                Ok(Place { version: row.get(0)?, position })
            };
            connection.prepare_cached(sql)?.query_row([projection], place).optional()
        })
        .await
    }

    async fn keep(&mut self, projection: &str, place: Place) -> Result<(), rusqlite::Error> {
        let projection = projection.to_owned();
        self.run(move |connection| {
            let sql = "INSERT INTO projection_places VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT (projection) DO UPDATE SET version = ?2, major = ?3, minor = ?4";
            let (major, minor) = signed(place.position);
            let row = params![projection, place.version, major, minor];
            connection.prepare_cached(sql)?.execute(row).map(|_| ())
        })
        .await
    }

    async fn park(&mut self, projection: &str, parked: &Parked) -> Result<(), rusqlite::Error> {
        let (projection, parked) = (projection.to_owned(), parked.clone());
        self.run(move |connection| {
            let sql =
                "INSERT OR REPLACE INTO projection_parked VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let Parked { stream, sequence, position, error } = parked;
            let (major, minor) = signed(position);
            let sequence = sequence.get().cast_signed();
            let row =
                params![projection, major, minor, stream.kind(), stream.key(), sequence, error];
            connection.execute(sql, row).map(|_| ())
        })
        .await
    }

    async fn parked(
        &mut self,
        projection: &str,
        most: usize,
    ) -> Result<Vec<Parked>, rusqlite::Error> {
        let projection = projection.to_owned();
        self.run(move |connection| parked(connection, &projection, most)).await
    }

    async fn unpark(
        &mut self,
        projection: &str,
        position: Option<Position>,
    ) -> Result<(), rusqlite::Error> {
        let projection = projection.to_owned();
        self.run(move |connection| {
            let all = "DELETE FROM projection_parked WHERE projection = ?1";
            let done = match position.map(signed) {
                None => connection.execute(all, [projection]),
                Some((major, minor)) => {
                    let one = alloc::format!("{all} AND major = ?2 AND minor = ?3");
                    connection.execute(&one, params![projection, major, minor])
                }
            };
            done.map(|_| ())
        })
        .await
    }

    async fn commit(mut self) -> Result<(), rusqlite::Error> {
        self.run(|connection| connection.execute_batch("COMMIT")).await?;
        *self.idle.lock() = self.connection.take();
        Ok(())
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

impl fmt::Debug for SqliteReadStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReadStore").field("file", &self.file).finish_non_exhaustive()
    }
}

impl fmt::Debug for SqliteTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTransaction").finish_non_exhaustive()
    }
}
