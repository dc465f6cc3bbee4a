//! The store in a file: SQLite, with one thread that writes and one that reads.
//!
//! Why threads of our own: a commit waits for the disk, and whatever comes meanwhile goes into the
//! next one together. So sixty writers cost hardly more than one, and nobody's runtime is blocked.

mod error;
mod open;
mod read;
mod reader;
mod time;
mod write;
mod writer;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};

use super::{
    Answer, Append, Appended, Changed, Changes, Claim, Head, Heads, JournalError, Lease, Position,
    Record, Sequence, Store, StreamId,
};
use crate::error::Invalid;
use crate::time::WallClock;
use reader::Read;
use writer::{Call, Write};

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
    changed: alloc::sync::Arc<Changed>,
}

/// Settings of a [`SqliteStore`].
///
/// # Examples
///
/// ```
/// use reliability::journal::SqliteStore;
///
/// let refused = SqliteStore::builder("orders.db").queue(0).build();
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "policy `journal`: `queue` must be 1 to 1000000, but is 0; give `queue` such a value",
/// );
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SqliteBuilder {
    path: PathBuf,
    queue: usize,
    group: usize,
    busy: Duration,
    clock: WallClock,
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
        SqliteBuilder {
            path: path.as_ref().to_owned(),
            queue: 1_024,
            group: 512,
            busy: Duration::from_secs(5),
            clock: WallClock::system(),
        }
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
        read: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<Result<T, JournalError>>
        + Send
        + 'static,
    ) -> Answer<'_, T> {
        let (answer, answered) = oneshot::channel();
        let read: Read = Box::new(move |connection| {
            if !answer.is_closed() {
                let read = read(connection).map_err(error::unavailable("reading"));
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

impl SqliteBuilder {
    /// How many calls may wait for the thread that writes; 1 to 1,000,000, by default 1,024. Those
    /// who come when it is full wait for room.
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// How many calls at most go into one commit; 1 to 100,000, by default 512.
    pub fn group(mut self, calls: usize) -> Self {
        self.group = calls;
        self
    }

    /// How long to wait for another process that writes; up to a minute, by default 5 seconds.
    pub fn busy_timeout(mut self, time: Duration) -> Self {
        self.busy = time;
        self
    }

    /// What the store takes for the time of day: the system's clock by default.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] for a setting out of its range, [`JournalError::Unusable`] when the
    /// file belongs to another program or a newer version, [`JournalError::Unavailable`] when it
    /// cannot be opened or no thread can be started.
    pub fn build(self) -> Result<SqliteStore, JournalError> {
        let Self { path, queue, group, busy, clock } = self;
        if !(1..=1_000_000).contains(&queue) {
            return Err(Invalid::new("journal", "queue", "1 to 1000000", queue).into());
        }
        if !(1..=100_000).contains(&group) {
            return Err(Invalid::new("journal", "group", "1 to 100000", group).into());
        }
        if busy > Duration::from_secs(60) {
            let got = alloc::format!("{busy:?}");
            return Err(Invalid::new("journal", "busy_timeout", "at most a minute", got).into());
        }
        let to_write = open::to_write(&path, busy)?;
        let to_read = open::to_read(&path, busy)?;
        let changed = alloc::sync::Arc::new(Changed::new());
        let (writes, queued) = mpsc::channel(queue);
        writer::start(to_write, queued, group, clock, alloc::sync::Arc::clone(&changed))?;
        let (reads, queued) = mpsc::channel(queue);
        reader::start(to_read, queued)?;
        Ok(SqliteStore { path, writes, reads, changed })
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
