//! Where the answers are kept: those that are used now in front, all others behind.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};
use core::time::Duration;

use moka::policy::EvictionPolicy;

use super::behind::{Behind, Moka, Weigher};
use super::entry::AnyEntry;
use super::front::{Leaves, Look, Moved, Room, Set, WAYS};
use super::key::Asked;
use super::lead::Outcome;
use super::snapshot::Tally;
use crate::resilience::single_flight::Shard;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};

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
struct Sets(Box<[Turning]>);

struct Turning {
    /// Moves on, under the lock, before anything leaves or changes. Where it is the same as before,
    /// nothing has.
    turn: AtomicU64,
    set: Mutex<Set>,
}

impl Turning {
    #[inline]
    fn turn(&self) -> impl DerefMut<Target = Set> {
        let set = self.set.lock();
        // Relaxed, and not all at once: nobody else writes, and who reads has had the lock since.
        self.turn.store(self.turn.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        set
    }
}

/// The flights of a set, under its lock.
struct InSet<G>(G);

impl<G: Deref<Target = Set>> Deref for InSet<G> {
    type Target = Shard<Arc<AnyEntry>, Outcome>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.0.flights
    }
}

impl<G: DerefMut<Target = Set>> DerefMut for InSet<G> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0.flights
    }
}

/// What was found under a key, and as of which turn of its set.
pub(super) struct Seen {
    pub(super) entry: Option<Arc<AnyEntry>>,
    pub(super) turn: u64,
}

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
                if sets.of(entry.hash()).set.lock().given_up(entry) && for_room {
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
    #[cfg(all(test, reliability_loom))]
    pub(super) fn with(sets: usize, ways: usize, behind: B) -> Self {
        Self { sets: Arc::new(Sets::new(sets)), ways, behind, tally: Arc::new(Tally::new()) }
    }

    #[cfg(all(test, reliability_loom))]
    pub(super) fn behind(&self) -> &B {
        &self.behind
    }

    #[inline(always)]
    pub(super) fn find(&self, hash: u64, is: impl Fn(&AnyEntry) -> bool) -> Seen {
        let turning = self.sets.of(hash);
        let mut set = turning.set.lock();
        let turn = turning.turn.load(Ordering::Relaxed);
        let look = set.look(hash, &is, self.ways);
        drop(set);
        let entry = match look {
            Look::Found(entry) => Some(entry),
            Look::Nowhere => None,
            Look::MaybeInMoka => self.find_behind(&Asked { hash, is: &is }, turn),
        };
        Seen { entry, turn }
    }

    /// Whether what was seen may no longer be all there is. For those who have had the lock of the
    /// flights since.
    #[inline]
    pub(super) fn has_turned(&self, hash: u64, since: u64) -> bool {
        self.sets.of(hash).turn.load(Ordering::Relaxed) != since
    }

    /// The flights among which one of that hash is.
    #[inline]
    pub(super) fn flights(
        &self,
        hash: u64,
    ) -> impl DerefMut<Target = Shard<Arc<AnyEntry>, Outcome>> {
        InSet(self.sets.of(hash).set.lock())
    }

    /// How many flights are under way.
    pub(super) fn in_flight(&self) -> usize {
        self.sets.0.iter().map(|turning| turning.set.lock().flights.len()).sum()
    }

    #[cold]
    fn find_behind(&self, asked: &Asked<'_>, turn: u64) -> Option<Arc<AnyEntry>> {
        let entry = self.behind.get(asked)?;
        if self.ways > 0 {
            let turning = self.sets.of(asked.hash);
            let mut set = turning.set.lock();
            if turning.turn.load(Ordering::Relaxed) == turn {
                let mut moved = Moved::default();
                set.promote(&entry, self.room(), &mut moved);
                if moved.leaves.is_some() || moved.replaced.is_some() {
                    turning.turn.store(turn + 1, Ordering::Relaxed);
                }
                drop(set);
                self.follow_up(&mut moved);
            }
        }
        // Whoever takes it away takes it away from all who come now.
        (!entry.is_retired()).then_some(entry)
    }

    /// Keeps an answer, and not what is being found out meanwhile.
    pub(super) fn put(&self, entry: Arc<AnyEntry>) {
        let hash = entry.hash();
        let mut set = self.sets.of(hash).turn();
        set.flights.forget(hash, |awaited| awaited.has_key_of(&entry));
        let mut moved = Moved::default();
        set.put(entry, self.room(), &mut moved);
        drop(set);
        self.follow_up(&mut moved);
    }

    /// A leader has the answer: `fill` puts it into what was awaited, and it is kept if that is wanted.
    /// Not if the key was invalidated while the work was under way: then it may be an answer of before.
    /// Ends the flight if nobody follows; else returns what is to be told to those who do.
    ///
    /// All that under one lock: whoever begins another flight finds the answer, and whoever
    /// invalidates it comes either before that or after it.
    #[inline]
    pub(super) fn land(
        &self,
        (hash, number): (u64, u64),
        fill: impl FnOnce(&mut AnyEntry),
        kept: bool,
    ) -> Option<Arc<AnyEntry>> {
        let mut set = self.sets.of(hash).turn();
        let flight = set.flights.find_number(hash, number)?;
        // Nobody else has it: what is awaited is in its flight only.
        if let Some(awaited) = Arc::get_mut(&mut flight.key) {
            fill(awaited);
        }
        let kept = kept && !flight.forgotten;
        let for_followers = flight.is_followed().then(|| Arc::clone(&flight.key));
        let entry = match &for_followers {
            Some(entry) => Arc::clone(entry),
            None => set.flights.remove_key(hash, number)?,
        };
        let mut moved = Moved::default();
        match kept {
            true => set.put(entry, self.room(), &mut moved),
            false => moved.replaced = Some(entry),
        }
        drop(set);
        self.follow_up(&mut moved);
        for_followers
    }

    /// Takes an answer away, and what is being found out meanwhile is not kept. True if there was
    /// one.
    pub(super) fn take(&self, asked: &Asked<'_>) -> bool {
        let hash = asked.hash;
        let mut set = self.sets.of(hash).turn();
        set.flights.forget(hash, |awaited| (asked.is)(awaited));
        let (taken, maybe_in_moka) = set.take(hash, asked.is, self.ways);
        drop(set);
        let from_moka = if maybe_in_moka { self.behind.remove(asked) } else { None };
        let was_in_moka = from_moka.is_some_and(|entry| entry.retire());
        taken.is_some() || was_in_moka
    }

    /// Takes that entry away, and nothing that has come in its place.
    pub(super) fn take_this(&self, entry: &Arc<AnyEntry>) {
        let taken = self.sets.of(entry.hash()).turn().take_this(entry);
        drop(taken);
    }

    pub(super) fn clear(&self) {
        self.clear_front(|set| set.flights.forget_all());
        self.behind.clear();
        // What was found behind before it was cleared may have come to the front meanwhile.
        self.clear_front(|_| {});
    }

    fn clear_front(&self, first: impl Fn(&mut Set)) {
        for turning in &self.sets.0 {
            let mut set = turning.turn();
            first(&mut set);
            let cleared: Vec<_> = set.clear();
            drop(set);
            drop(cleared);
        }
    }

    /// How many there are, after what moka has put off.
    pub(super) fn len(&self) -> u64 {
        self.behind.tidy();
        let front: usize = self.sets.0.iter().map(|turning| turning.set.lock().len()).sum();
        self.behind.len() + front as u64
    }

    fn room(&self) -> Room {
        Room { ways: self.ways, moka_has_room: self.ways == 0 || self.behind.has_room() }
    }

    /// Outside of the lock of the set: what has to leave it is brought behind, and found in both
    /// until it is there.
    #[inline]
    fn follow_up(&self, moved: &mut Moved) {
        drop(moved.replaced.take());
        if let Some(entry) = moved.older_than.take() {
            self.retire_older(&entry);
        }
        if let Some(so_far) = moved.thrown_out {
            self.tally.evicted();
            if so_far.is_multiple_of(TIDY_EVERY) {
                self.behind.tidy();
            }
        }
        if let Some(leaves) = moved.leaves.take() {
            self.bring(&leaves);
        }
    }

    /// What moka has under the key of an entry that is in front is older.
    #[cold]
    fn retire_older(&self, entry: &Arc<AnyEntry>) {
        let is = |other: &AnyEntry| other.has_key_of(entry);
        if let Some(older) = self.behind.remove(&Asked { hash: entry.hash(), is: &is })
            && !Arc::ptr_eq(&older, entry)
        {
            older.retire();
        }
    }

    #[cold]
    fn bring(&self, leaves: &Leaves) {
        let set = self.sets.of(leaves.entry.hash());
        // Also when a value panics while it is weighed.
        let _left = Left { set, entry: &leaves.entry };
        if !leaves.in_moka {
            if self.ways == 0 {
                // Where all goes behind, nobody has taken the older answer away; and moka keeps the
                // first of equal keys as long as there is one, with the answer that belongs to it.
                self.retire_older(&leaves.entry);
            }
            self.behind.insert(&leaves.entry);
            return;
        }
        let is = |other: &AnyEntry| other.has_key_of(&leaves.entry);
        self.behind.get(&Asked { hash: leaves.entry.hash(), is: &is });
    }
}

/// Takes what was on its way out of its set.
struct Left<'s> {
    set: &'s Turning,
    entry: &'s Arc<AnyEntry>,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let left = self.set.turn().left(self.entry);
        drop(left);
    }
}

impl Sets {
    fn new(count: usize) -> Self {
        Self(
            (0..count)
                .map(|_| Turning { turn: AtomicU64::new(0), set: Mutex::new(Set::default()) })
                .collect(),
        )
    }

    #[inline]
    fn of(&self, hash: u64) -> &Turning {
        &self.0[hash as usize & (self.0.len() - 1)]
    }
}
