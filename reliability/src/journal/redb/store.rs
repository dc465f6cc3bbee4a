use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::path::{Path, PathBuf};

use redb::Database;

use super::RedbBuilder;
use super::read::Reading;
use crate::journal::group::Threads;
use crate::journal::{
    Adopted, Answer, Append, Appended, Changes, Claim, Head, Heads, JournalError, Lease, Position,
    Record, Removal, Sequence, Standing, Store, StreamId,
};

/// A store in a file, for one process, without a line of C; what `Journal::open_redb` takes.
///
/// The file is redb's. Every commit has `Durability::Immediate`: an append is on the disk when it
/// returns. The file belongs to the process that has it open: nobody else can write or even read it
/// meanwhile, and opening it twice is refused. What has to be looked at while it is in use, or
/// written by several processes, belongs into a `SqliteStore`.
///
/// When the last handle is dropped, that waits until the last commit is made and the file is closed.
/// After a crash the file is gone through when it is opened, which takes longer the larger it is;
/// see [`quick_recovery`](RedbBuilder::quick_recovery).
///
/// # Examples
///
/// ```
/// use reliability::journal::{Journal, RedbStore};
///
/// # fn main() -> Result<(), reliability::journal::JournalError> {
/// # let folder = std::env::temp_dir().join(format!("redb-store-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).ok();
/// let store = RedbStore::builder(folder.join("orders.redb")).queue(4_096).build()?;
/// let journal = Journal::on(store);
/// # drop(journal);
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok(())
/// # }
/// ```
pub struct RedbStore {
    path: PathBuf,
    threads: Threads<Arc<Database>>,
}

impl RedbStore {
    /// Opens a file with standard settings, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// As of [`RedbBuilder::build`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Self::builder(path).build()
    }

    /// Settings for that file.
    pub fn builder(path: impl AsRef<Path>) -> RedbBuilder {
        RedbBuilder::new(path.as_ref().to_owned())
    }

    pub(super) const fn new(path: PathBuf, threads: Threads<Arc<Database>>) -> Self {
        Self { path, threads }
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reading) -> Result<T, JournalError> + Send + 'static,
    ) -> Answer<'_, T> {
        self.threads.read(move |database| Reading::begin(database).map(|begun| read(&begun)))
    }
}

impl Store for RedbStore {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        self.threads.append(batch)
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.read(move |begun| begun.records(&stream, after, most))
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.read(move |begun| begun.all_records(after, most))
    }

    fn end(&self) -> Answer<'_, Option<Position>> {
        self.read(Reading::end)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.read(move |begun| begun.head(&stream))
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.read(move |begun| begun.heads(&heads))
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
        self.read(Reading::standing)
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

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore")
            .field("path", &self.path)
            .field("waiting", &self.threads.waiting())
            .finish_non_exhaustive()
    }
}
