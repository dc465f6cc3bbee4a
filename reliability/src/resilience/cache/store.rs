//! Where the answers are kept: moka, with types forgotten.

use alloc::sync::Arc;
use core::any::Any;
use core::time::Duration;

use super::entry::AnyEntry;
use super::key::{Asked, HashedBefore, StoredKey};
use super::snapshot::Tally;

/// Says how much of the capacity a value takes.
pub(super) type Weigher = Arc<dyn Fn(&(dyn Any + Send + Sync)) -> u32 + Send + Sync>;

pub(super) struct Store {
    entries: moka::sync::Cache<StoredKey, Arc<AnyEntry>, HashedBefore>,
}

impl Store {
    /// `kept` bounds memory only: it runs on moka's own clock, and what is fresh is decided by ours.
    pub(super) fn new(
        capacity: u32,
        kept: Duration,
        weigher: Option<Weigher>,
        tally: Arc<Tally>,
    ) -> Self {
        let mut builder = moka::sync::Cache::<StoredKey, Arc<AnyEntry>>::builder()
            .max_capacity(capacity.into())
            .time_to_live(kept)
            .eviction_listener(move |_, _, cause| {
                if cause == moka::notification::RemovalCause::Size {
                    tally.evicted();
                }
            });
        if let Some(weigher) = weigher {
            builder = builder.weigher(move |_, entry: &Arc<AnyEntry>| weigher(entry.content()));
        }
        Self { entries: builder.build_with_hasher(HashedBefore::default()) }
    }

    #[inline]
    pub(super) fn find(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        self.entries.get(asked)
    }

    pub(super) fn insert(&self, key: StoredKey, entry: Arc<AnyEntry>) {
        self.entries.insert(key, entry);
    }

    pub(super) fn remove(&self, key: &StoredKey) {
        self.entries.invalidate(key);
    }

    pub(super) fn take(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        self.entries.remove(asked)
    }

    pub(super) fn clear(&self) {
        self.entries.invalidate_all();
    }

    /// How many there are, after what moka has put off.
    pub(super) fn len(&self) -> u64 {
        self.entries.run_pending_tasks();
        self.entries.entry_count()
    }
}
