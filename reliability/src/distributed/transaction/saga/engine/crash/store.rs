//! A journal whose process may die at each write.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::time::Duration;

use super::faults::Crasher;
use crate::distributed::transaction::saga::plan::Plan;
use crate::distributed::transaction::saga::rules::Entry;
use crate::journal::{
    Answer, Append, Appended, Changes, Claim, Due, Head, Heads, Lease, MemoryStore, Position,
    Record, Sequence, Store, StreamId,
};

/// A store whose process may die before and behind each write.
#[derive(Debug)]
pub(super) struct Crashing {
    pub(super) inner: MemoryStore,
    pub(super) crasher: Arc<Crasher>,
    pub(super) stream: StreamId,
    pub(super) plan: Arc<Plan>,
}

impl Crashing {
    /// One more place: whether the process dies there.
    pub(super) fn dies_here(&self) -> bool {
        let (dies, cancels) = self.crasher.next();
        if cancels {
            let said =
                Entry::Cancelled { by: "crash-test".into(), why: "to see what happens".into() };
            let append = Append::to(&self.stream).event(said.event(&self.plan)).due(Due::Now);
            // It is written when it is called, before anybody awaits it.
            drop(self.inner.append(Vec::from([append])));
        }
        dies
    }
}

#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<Crashing>);

impl Store for Shared {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        Box::pin(async move {
            if self.0.dies_here() {
                return pending().await;
            }
            let appended = self.0.inner.append(batch).await;
            if self.0.dies_here() {
                return pending().await;
            }
            appended
        })
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.inner.read(stream, after, most)
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.inner.read_all(after, most)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.0.inner.head(stream)
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.0.inner.heads(heads)
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.0.inner.claim(claim)
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.0.inner.renew(leases, length)
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.0.inner.remove(stream, last)
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.0.inner.remove_held(lease)
    }

    fn changes(&self) -> Changes {
        self.0.inner.changes()
    }
}
