use core::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Key, Phase, Progress, Verdict};

/// A barrier in the participant's own SQLite database, and in its own transaction: the reservation
/// and the note of it are there together or not at all.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::tcc::barrier::{Key, Phase, SqliteBarrier};
///
/// # fn main() -> rusqlite::Result<()> {
/// use rusqlite::{Connection, TransactionBehavior};
///
/// let mut database = Connection::open_in_memory()?;
/// database.execute_batch("CREATE TABLE stock (free INTEGER); INSERT INTO stock VALUES (5)")?;
/// SqliteBarrier::make_table(&database)?;
///
/// for _ in 0..2 {
///     let own = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
///     if SqliteBarrier::enter(&own, &Key::new("order-17", "stock"), Phase::Try)?.runs() {
///         own.execute("UPDATE stock SET free = free - 1", [])?;
///     }
///     own.commit()?;
/// }
/// let free: i64 = database.query_row("SELECT free FROM stock", [], |row| row.get(0))?;
/// assert_eq!(free, 4, "it came twice");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SqliteBarrier;

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS tcc_barrier (
    transaction_id TEXT NOT NULL,
    branch         TEXT NOT NULL,
    progress       TEXT NOT NULL, -- tried, confirmed or cancelled
    changed_at     INTEGER NOT NULL DEFAULT (unixepoch()),
    PRIMARY KEY (transaction_id, branch)
) WITHOUT ROWID;
";

impl SqliteBarrier {
    /// Makes the table `tcc_barrier`, if it is not there.
    ///
    /// # Errors
    ///
    /// What SQLite answers.
    pub fn make_table(database: &Connection) -> rusqlite::Result<()> {
        database.execute_batch(TABLE)
    }

    /// What to do with a request; from the commit of that transaction on it counts as done.
    ///
    /// Begin the transaction as `IMMEDIATE`: two requests that come at once are then decided one
    /// after the other, and not refused by SQLite.
    ///
    /// # Errors
    ///
    /// What SQLite answers. Then roll back.
    pub fn enter(own: &Transaction<'_>, key: &Key, phase: Phase) -> rusqlite::Result<Verdict> {
        let mut found = own.prepare_cached(
            "SELECT progress FROM tcc_barrier WHERE transaction_id = ?1 AND branch = ?2",
        )?;
        let found = found.query_row(params![key.transaction, key.branch], |row| row.get(0));
        let progress = match found.optional()? {
            None => Progress::Nothing,
            Some(word) => read(word)?,
        };
        let (verdict, now) = progress.enter(phase);
        if now != progress {
            let mut note = own.prepare_cached(
                "INSERT INTO tcc_barrier (transaction_id, branch, progress) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET progress = ?3, changed_at = unixepoch()",
            )?;
            note.execute(params![key.transaction, key.branch, now.as_str()])?;
        }
        Ok(verdict)
    }

    /// Forgets what was confirmed or cancelled that long ago: longer than any message is under way,
    /// and than all processes of the coordinator may be away at once. One that comes back repeats
    /// what it does not know to be done, and what is forgotten by then is refused. Says how many
    /// participants that were.
    ///
    /// # Errors
    ///
    /// What SQLite answers.
    pub fn forget(database: &Connection, older_than: Duration) -> rusqlite::Result<usize> {
        let seconds = i64::try_from(older_than.as_secs()).unwrap_or(i64::MAX);
        let old = "DELETE FROM tcc_barrier
                   WHERE progress <> 'tried' AND changed_at <= unixepoch() - ?1";
        database.execute(old, params![seconds])
    }
}

fn read(word: alloc::string::String) -> rusqlite::Result<Progress> {
    let known = [Progress::Tried, Progress::Confirmed, Progress::Cancelled];
    known.into_iter().find(|it| it.as_str() == word).ok_or_else(|| {
        let told = alloc::format!("`{word}` is no progress of a participant");
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, told.into())
    })
}
