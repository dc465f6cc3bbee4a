use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};

use super::SqliteBuilder;
use super::error::{Outcome, unavailable};
use super::read;
use super::reader::Read;
use super::writer::{Call, Write};
use crate::journal::{
    Answer, Append, Appended, Changed, Changes, Claim, Head, Heads, JournalError, Lease, Position,
    Record, Sequence, Store, StreamId,
};

/// A store in a file, for one machine; what `Journal::open` takes.
///
/// The file is SQLite's, in WAL mode with `synchronous=FULL`: an append is on the disk when it
/// returns. It can be read with the `sqlite3` tool while it is in use; the tables are
/// `journal_streams` and `journal_records`. Several processes of one machine may share it, and
/// write one after the other.
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
    writes: mpsc::Sender<Write>,
    reads: mpsc::Sender<Read>,
    changed: Arc<Changed>,
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

    pub(super) const fn new(
        path: PathBuf,
        writes: mpsc::Sender<Write>,
        reads: mpsc::Sender<Read>,
        changed: Arc<Changed>,
    ) -> Self {
        Self { path, writes, reads, changed }
    }

    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(oneshot::Sender<Result<T, JournalError>>) -> Write,
    ) -> Answer<'_, T> {
        let (answer, answered) = oneshot::channel();
        let write = write(answer);
        Box::pin(async move {
            self.writes.send(write).await.map_err(|_| JournalError::Closed)?;
            answered.await.map_err(|_| JournalError::Unknown {
                source: "the thread that writes has ended".into(),
            })?
        })
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Outcome<T> + Send + 'static,
    ) -> Answer<'_, T> {
        let (answer, answered) = oneshot::channel();
        let read: Read = Box::new(move |connection| {
            if !answer.is_closed() {
                let failed = |error| unavailable("reading the journal", &error);
                let read = read(connection).map_err(failed);
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(read.and_then(|read| read));
            }
        });
        Box::pin(async move {
            self.reads.send(read).await.map_err(|_| JournalError::Closed)?;
            answered.await.map_err(|_| JournalError::Closed)?
        })
    }
}

impl Store for SqliteStore {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        self.write(|answer| Write::Append(Call::new(batch, answer)))
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.read(move |connection| read::records(connection, &stream, after, most))
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.read(move |connection| read::all_records(connection, after, most))
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.read(move |connection| read::head(connection, &stream))
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.read(move |connection| read::heads(connection, &heads))
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.write(|answer| Write::Claim(Call::new(claim, answer)))
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.write(|answer| Write::Renew(Call::new((leases, length), answer)))
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.write(|answer| Write::Remove(Call::new((stream, last), answer)))
    }

    fn changes(&self) -> Changes {
        self.changed.changes()
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.writes.max_capacity() - self.writes.capacity();
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}
