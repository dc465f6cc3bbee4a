use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::SqliteBuilder;
use super::error::{Outcome, unavailable};
use super::read;
use crate::journal::group::Threads;
use crate::journal::{
    Adopted, Answer, Append, Appended, Changes, Claim, Head, Heads, JournalError, Lease, Position,
    Record, Removal, Sequence, Standing, Store, StreamId,
};

/// A store in a file, for one machine; what `Journal::open` takes.
///
/// The file is SQLite's, in WAL mode with `synchronous=FULL`: an append is on the disk when it
/// returns. It can be read with the `sqlite3` tool while it is in use: a row for each stream is in
/// `journal_heads`, and one for each record in `journal_records`. Several processes of one machine
/// may share it, and write one after the other.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Journal, SqliteStore};
///
/// # fn main() -> Result<(), reliability::journal::JournalError> {
/// # let folder = std::env::temp_dir().join(format!("sqlite-store-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).ok();
/// let store = SqliteStore::builder(folder.join("orders.db")).queue(4_096).build()?;
/// let journal = Journal::on(store);
/// # drop(journal);
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok(())
/// # }
/// ```
pub struct SqliteStore {
    path: PathBuf,
    threads: Threads<Connection>,
}

impl SqliteStore {
    /// Opens a file with standard settings, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// As of [`SqliteBuilder::build`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Self::builder(path).build()
    }

    /// Settings for that file.
    pub fn builder(path: impl AsRef<Path>) -> SqliteBuilder {
        SqliteBuilder::new(path.as_ref().to_owned())
    }

    pub(super) const fn new(path: PathBuf, threads: Threads<Connection>) -> Self {
        Self { path, threads }
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Answer<'_, T> {
        let failed = |error| unavailable("reading the journal", &error);
        self.threads.read(move |connection| read(connection).map_err(failed))
    }
}

impl Store for SqliteStore {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        self.threads.append(batch)
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.read(move |connection| read::records(connection, &stream, after, most))
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.read(move |connection| read::all_records(connection, after, most))
    }

    fn end(&self) -> Answer<'_, Option<Position>> {
        self.read(read::end)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.read(move |connection| read::head(connection, &stream))
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.read(move |connection| read::heads(connection, &heads))
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.threads.claim(claim)
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.threads.renew(leases, length)
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.threads.remove(Removal::of(stream, last))
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.threads.remove(Removal::held(lease))
    }

    fn standing(&self) -> Answer<'_, Standing> {
        self.read(read::standing)
    }

    fn seal(&self, sealed: bool) -> Answer<'_, ()> {
        self.threads.seal(sealed)
    }

    fn adopt(&self, adopted: Adopted) -> Answer<'_, ()> {
        self.threads.adopt(adopted)
    }

    fn changes(&self) -> Changes {
        self.threads.changes()
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("waiting", &self.threads.waiting())
            .finish_non_exhaustive()
    }
}
