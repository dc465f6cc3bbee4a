//! Where the answers are kept: those that are used now in front, all others behind.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use moka::policy::EvictionPolicy;

use super::behind::{Behind, Moka, Weigher};
use super::entry::AnyEntry;
use super::front::{Leaves, Look, Moved, Room, Set, WAYS};
use super::key::Asked;
use super::snapshot::Tally;
use crate::sync::Mutex;

/// One part in so many of the capacity is in front.
const FRONT: usize = 4;

/// No more sets than that, whatever the capacity: some hundred kilobytes.
const SETS_MAX: usize = 4_096;

/// Of caches that have no room in front: enough locks that threads seldom meet.
const BARE_SETS: usize = 64;

/// How often a set that throws out lets moka look for what is too old, and so for room.
const TIDY_EVERY: usize = 64;

pub(super) struct Store<B = Moka> {
    sets: Arc<Sets>,
    ways: usize,
    behind: B,
    tally: Arc<Tally>,
}

/// As many as a power of two.
struct Sets(Box<[Mutex<Set>]>);

impl Store<Moka> {
    /// Entries that are weighed have no room in front: what is there is counted, and not weighed.
    pub(super) fn new(
        capacity: u32,
        kept: Duration,
        weigher: Option<Weigher>,
        tally: Arc<Tally>,
    ) -> Self {
        let front = if weigher.is_some() { 0 } else { capacity as usize / FRONT };
        let (sets, ways) = match front {
            0 => (BARE_SETS, 0),
            1..WAYS => (1, front),
            _ => (1 << (front / WAYS).min(SETS_MAX).ilog2(), WAYS),
        };
        let sets = Arc::new(Sets::new(sets));
        let given_up = {
            let (sets, tally) = (Arc::clone(&sets), Arc::clone(&tally));
            move |entry: &Arc<AnyEntry>, for_room: bool| {
                if sets.of(entry.hash()).lock().given_up(entry) && for_room {
                    tally.evicted();
                }
            }
        };
        // What comes from the front was asked for; without it, moka has to find that out.
        let eviction = if ways == 0 { EvictionPolicy::tiny_lfu() } else { EvictionPolicy::lru() };
        let room = u64::from(capacity) - (sets.0.len() * ways) as u64;
        let behind = Moka::new(room, kept, weigher, eviction, given_up);
        Self { sets, ways, behind, tally }
    }
}

impl<B: Behind> Store<B> {
    #[inline]
    pub(super) fn find(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        let is = |entry: &AnyEntry| (asked.is)(entry.key());
        let look = self.sets.of(asked.hash).lock().look(asked.hash, is, self.ways);
        match look {
            Look::Found(entry) => Some(entry),
            Look::Nowhere => None,
            Look::Behind(turn) => self.find_behind(asked, turn),
        }
    }

    #[cold]
    fn find_behind(&self, asked: &Asked<'_>, turn: u64) -> Option<Arc<AnyEntry>> {
        let entry = self.behind.get(asked)?;
        if self.ways > 0 {
            let moved = self.sets.of(asked.hash).lock().promote(&entry, turn, self.room());
            self.follow_up(moved);
        }
        // Whoever takes it away takes it away from all who come now.
        (!entry.is_retired()).then_some(entry)
    }

    /// Keeps an entry, unless that is no longer wanted: `unless` is asked under the lock under which
    /// the answer would be taken away.
    pub(super) fn put(&self, entry: Arc<AnyEntry>, unless: impl FnOnce() -> bool) {
        let hash = entry.hash();
        let mut set = self.sets.of(hash).lock();
        if unless() {
            return;
        }
        let moved = set.put(Arc::clone(&entry), self.room());
        drop(set);
        if moved.behind && self.ways > 0 {
            let is = |key: &_| entry.key() == key;
            if let Some(older) = self.behind.remove(&Asked { hash, is: &is })
                && !Arc::ptr_eq(&older, &entry)
            {
                older.retire();
            }
        }
        self.follow_up(moved);
    }

    /// Takes an answer away. True if there was one.
    pub(super) fn take(&self, asked: &Asked<'_>) -> bool {
        let is = |entry: &AnyEntry| (asked.is)(entry.key());
        let (taken, behind) = self.sets.of(asked.hash).lock().take(asked.hash, is, self.ways);
        let from_behind = if behind { self.behind.remove(asked) } else { None };
        let was_behind = from_behind.is_some_and(|entry| entry.retire());
        taken.is_some() || was_behind
    }

    pub(super) fn clear(&self) {
        for set in &self.sets.0 {
            let cleared: Vec<_> = set.lock().clear();
            drop(cleared);
        }
        self.behind.clear();
    }

    /// How many there are, after what moka has put off.
    pub(super) fn len(&self) -> u64 {
        self.behind.tidy();
        let front: usize = self.sets.0.iter().map(|set| set.lock().len()).sum();
        self.behind.len() + front as u64
    }

    fn room(&self) -> Room {
        Room { ways: self.ways, behind: self.ways == 0 || self.behind.has_room() }
    }

    /// Outside of the lock of the set: what has to leave it is brought behind, and found in both
    /// until it is there.
    #[inline]
    fn follow_up(&self, moved: Moved) {
        let Moved { replaced, leaves, thrown_out, .. } = moved;
        drop(replaced);
        if let Some(so_far) = thrown_out {
            self.tally.evicted();
            if so_far % TIDY_EVERY == 0 {
                self.behind.tidy();
            }
        }
        if let Some(leaves) = leaves {
            self.bring(&leaves);
        }
    }

    fn bring(&self, leaves: &Leaves) {
        let set = self.sets.of(leaves.entry.hash());
        // Also when a value panics while it is weighed.
        let _left = Left { set, entry: &leaves.entry };
        if !leaves.behind {
            self.behind.insert(&leaves.entry);
            return;
        }
        let is = |key: &_| leaves.entry.key() == key;
        self.behind.get(&Asked { hash: leaves.entry.hash(), is: &is });
    }
}

/// Takes what was on its way out of its set.
struct Left<'s> {
    set: &'s Mutex<Set>,
    entry: &'s Arc<AnyEntry>,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let left = self.set.lock().left(self.entry);
        drop(left);
    }
}

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).map(|_| Mutex::new(Set::default())).collect())
    }

    #[inline]
    fn of(&self, hash: u64) -> &Mutex<Set> {
        &self.0[hash as usize & (self.0.len() - 1)]
    }
}
