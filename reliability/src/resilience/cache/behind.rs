//! What stands behind the places in front: moka, with types forgotten.

use alloc::sync::Arc;
use core::any::Any;
use core::hash::{Hash, Hasher};
use core::time::Duration;

use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;

use super::entry::AnyEntry;
use super::key::{Asked, HashedBefore};
use super::outside::{drop_outside, inside};

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
    /// An entry is its own key.
    entries: moka::sync::Cache<Kept, Kept, HashedBefore>,
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
        let mut builder = moka::sync::Cache::<Kept, Kept>::builder()
            .max_capacity(capacity)
            .time_to_live(kept)
            .eviction_policy(eviction)
            .eviction_listener(move |_, kept: Kept, cause| {
                if let Some(entry) = &kept.0 {
                    given_up(entry, cause == RemovalCause::Size);
                }
            });
        if let Some(weigher) = weigher {
            builder = builder.weigher(move |_, kept: &Kept| {
                kept.0.as_ref().and_then(|entry| entry.answer()).map_or(1, &*weigher)
            });
        }
        Self { entries: builder.build_with_hasher(HashedBefore::default()), capacity }
    }
}

impl Behind for Moka {
    fn get(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        inside(|| self.entries.get(asked)?.into_entry())
    }

    fn insert(&self, entry: &Arc<AnyEntry>) {
        inside(|| self.entries.insert(Kept::new(entry), Kept::new(entry)));
    }

    fn remove(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        inside(|| self.entries.remove(asked)?.into_entry())
    }

    fn clear(&self) {
        inside(|| self.entries.invalidate_all());
    }

    fn tidy(&self) {
        inside(|| self.entries.run_pending_tasks());
    }

    fn len(&self) -> u64 {
        self.entries.entry_count()
    }

    fn has_room(&self) -> bool {
        self.entries.entry_count() < self.capacity
    }
}

/// An entry in moka, which drops it under locks of its own, and whenever it collects its garbage. A
/// value may come back to a cache when it is dropped, and so it is, as soon as moka is left.
#[derive(Clone)]
struct Kept(Option<Arc<AnyEntry>>);

impl Kept {
    fn new(entry: &Arc<AnyEntry>) -> Self {
        Self(Some(Arc::clone(entry)))
    }

    fn into_entry(mut self) -> Option<Arc<AnyEntry>> {
        self.0.take()
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => one.has_key_of(other),
            _ => false,
        }
    }
}

impl Eq for Kept {}

impl Hash for Kept {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.as_ref().map_or(0, |entry| entry.hash()));
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl moka::Equivalent<Kept> for Asked<'_> {
    fn equivalent(&self, kept: &Kept) -> bool {
        kept.0.as_ref().is_some_and(|entry| self.hash == entry.hash() && (self.is)(entry))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(entry) = self.0.take() {
            drop_outside(entry);
        }
    }
}
