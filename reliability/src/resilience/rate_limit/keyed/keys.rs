use alloc::vec::Vec;
use core::borrow::Borrow;
use core::hash::{BuildHasher, Hash};
use std::hash::RandomState;

use hashbrown::HashTable;

/// The keys of one shard with what is remembered of each.
///
/// The table holds places in the list, and the list is what the hand goes round in that looks for
/// a key to forget: a table alone can neither be gone through by and by, nor be sampled.
#[derive(Debug)]
pub(super) struct Keys<K> {
    table: HashTable<u32>,
    slots: Vec<Slot<K>>,
    hand: usize,
}

#[derive(Debug)]
pub(super) struct Slot<K> {
    pub(super) key: K,
    hash: u64,
    /// The state of the algorithm.
    pub(super) state: u64,
    /// The quota of the key, as the algorithm reads it.
    pub(super) words: [u64; 2],
    /// The settings by which the quota was found.
    pub(super) version: u64,
}

/// How many keys are looked at to find one to forget.
const LOOK_AT: usize = 16;

impl<K: Hash + Eq> Keys<K> {
    pub(super) fn new() -> Self {
        Self { table: HashTable::new(), slots: Vec::new(), hand: 0 }
    }

    #[inline]
    pub(super) fn find<Q>(&mut self, hash: u64, key: &Q) -> Option<&mut Slot<K>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let slots = &self.slots;
        let same = |place: &u32| {
            slots
                .get(*place as usize)
                .is_some_and(|slot| slot.hash == hash && slot.key.borrow() == key)
        };
        let place = *self.table.find(hash, same)?;
        self.slots.get_mut(place as usize)
    }

    /// Adds a key that is not there.
    pub(super) fn push(&mut self, hash: u64, key: K, words: [u64; 2], version: u64) {
        let place = self.slots.len() as u32;
        self.slots.push(Slot { key, hash, state: 0, words, version });
        let slots = &self.slots;
        let hash_of = |place: &u32| slots.get(*place as usize).map_or(0, |slot| slot.hash);
        self.table.insert_unique(hash, place, hash_of);
    }

    /// Forgets the key that `used` makes the least of among the next few, if there is any, and says
    /// how much that was.
    pub(super) fn forget_one(&mut self, used: impl Fn(&Slot<K>) -> u64) -> Option<u64> {
        let mut least = None;
        for _ in 0..LOOK_AT.min(self.slots.len()) {
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            let used = used(self.slots.get(self.hand)?);
            if least.is_none_or(|(least, _)| used < least) {
                least = Some((used, self.hand));
            }
            if used == 0 {
                break;
            }
        }
        let (used, place) = least?;
        self.remove(place);
        Some(used)
    }

    fn remove(&mut self, place: usize) {
        self.take_out(place as u32, place);
        self.slots.swap_remove(place);
        // The last one has moved to the place that became free.
        let last = self.slots.len();
        if place < last {
            self.take_out(last as u32, place);
            let slots = &self.slots;
            let hash_of = |place: &u32| slots.get(*place as usize).map_or(0, |slot| slot.hash);
            self.table.insert_unique(hash_of(&(place as u32)), place as u32, hash_of);
        }
    }

    /// Takes the entry of a place out of the table, given where the slot lies now.
    fn take_out(&mut self, entry: u32, place: usize) {
        let hash = self.slots.get(place).map_or(0, |slot| slot.hash);
        if let Ok(found) = self.table.find_entry(hash, |place| *place == entry) {
            found.remove();
        }
    }

    /// How many keys fit in the memory there is.
    #[cfg(all(test, not(reliability_loom)))]
    pub(super) fn memory(&self) -> usize {
        self.table.capacity().max(self.slots.capacity())
    }
}

/// The hash of a key: keyed at random, so that nobody can choose keys that meet.
#[inline]
pub(super) fn hash_of<Q: Hash + ?Sized>(random: &RandomState, key: &Q) -> u64 {
    random.hash_one(key)
}
