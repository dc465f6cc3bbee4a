//! What stands behind the places in front: moka, with types forgotten.

use alloc::sync::Arc;
use core::any::Any;
use core::time::Duration;

use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;

use super::entry::AnyEntry;
use super::key::{Asked, HashedBefore, StoredKey};

/// Says how much of the capacity a value takes.
pub(super) type Weigher = Arc<dyn Fn(&(dyn Any + Send + Sync)) -> u32 + Send + Sync>;

/// What a [`Store`](super::store::Store) asks of what stands behind it. All of it is done outside of
/// the locks in front, because a value may do anything when it is dropped.
pub(super) trait Behind {
    /// The entry, and that it was asked for.
    fn get(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>>;
    fn insert(&self, entry: &Arc<AnyEntry>);
    fn remove(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>>;
    fn clear(&self);
    /// Does what it has put off.
    fn tidy(&self);
    fn len(&self) -> u64;
    fn has_room(&self) -> bool;
}

pub(super) struct Moka {
    entries: moka::sync::Cache<StoredKey, Arc<AnyEntry>, HashedBefore>,
    capacity: u64,
}

impl Moka {
    /// `kept` bounds memory only: it runs on moka's own clock, and what is fresh is decided by ours.
    /// `given_up` is told of every entry that is no longer here, and whether it had to make room.
    pub(super) fn new(
        capacity: u64,
        kept: Duration,
        weigher: Option<Weigher>,
        eviction: EvictionPolicy,
        given_up: impl Fn(&Arc<AnyEntry>, bool) + Send + Sync + 'static,
    ) -> Self {
        let mut builder = moka::sync::Cache::<StoredKey, Arc<AnyEntry>>::builder()
            .max_capacity(capacity)
            .time_to_live(kept)
            .eviction_policy(eviction)
            .eviction_listener(move |_, entry: Arc<AnyEntry>, cause| {
                given_up(&entry, cause == RemovalCause::Size);
            });
        if let Some(weigher) = weigher {
            builder = builder.weigher(move |_, entry: &Arc<AnyEntry>| weigher(entry.content()));
        }
        Self { entries: builder.build_with_hasher(HashedBefore::default()), capacity }
    }
}

impl Behind for Moka {
    fn get(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        self.entries.get(asked)
    }

    fn insert(&self, entry: &Arc<AnyEntry>) {
        self.entries.insert(entry.key().clone(), Arc::clone(entry));
    }

    fn remove(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        self.entries.remove(asked)
    }

    fn clear(&self) {
        self.entries.invalidate_all();
    }

    fn tidy(&self) {
        self.entries.run_pending_tasks();
    }

    fn len(&self) -> u64 {
        self.entries.entry_count()
    }

    fn has_room(&self) -> bool {
        self.entries.entry_count() < self.capacity
    }
}
