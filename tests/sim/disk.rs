//! Journals of processes that are killed, on disks that outlive them.

use std::sync::Arc;
use std::time::Duration;

use reliability::journal::{
    Answer, Append, Appended, Changes, Claim, Head, Heads, JournalError, Lease, MemoryStore,
    Position, Record, Sequence, Store, StreamId,
};

/// What goes wrong, and how long things take.
pub(crate) trait Luck: std::fmt::Debug + Clone + Send + Sync + 'static {
    /// Time in which a process can be killed.
    fn pause(&self) -> impl Future<Output = ()> + Send;

    /// Whether something goes wrong that does so often.
    fn often(&self, per_mille: u32) -> bool;
}

/// A journal that is away now and then, and whose answers get lost.
#[derive(Debug, Clone)]
pub(crate) struct Disk<L> {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) luck: L,
}

fn away<T>() -> Result<T, JournalError> {
    Err(JournalError::Unavailable { what: "call", source: "it is away".into() })
}

fn lost<T>() -> Result<T, JournalError> {
    Err(JournalError::Unknown { source: "the answer was lost".into() })
}

impl<L: Luck> Store for Disk<L> {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        Box::pin(async move {
            if self.luck.often(40) {
                return away();
            }
            if self.luck.often(40) {
                return lost();
            }
            self.luck.pause().await;
            let appended = self.inner.append(batch).await;
            self.luck.pause().await;
            match appended.is_ok() && self.luck.often(40) {
                true => lost(),
                false => appended,
            }
        })
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        match self.luck.often(30) {
            true => Box::pin(async { away() }),
            false => self.inner.read(stream, after, most),
        }
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.inner.read_all(after, most)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.inner.head(stream)
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.inner.heads(heads)
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        Box::pin(async move {
            let claimed = self.inner.claim(claim).await;
            self.luck.pause().await;
            match self.luck.often(30) {
                true => away(),
                false => claimed,
            }
        })
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.inner.renew(leases, length)
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.inner.remove(stream, last)
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.inner.remove_held(lease)
    }

    fn changes(&self) -> Changes {
        self.inner.changes()
    }
}
