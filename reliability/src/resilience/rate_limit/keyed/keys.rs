use core::borrow::Borrow;

use hashbrown::HashTable;

/// The keys of one shard with what is remembered of each.
///
/// No code of the key's type runs while the table changes: hashes are kept, and a key that is
/// forgotten is handed out.
#[derive(Debug)]
pub(super) struct Keys<K> {
    table: HashTable<Slot<K>>,
    /// Where in the table to look next for a key to forget. Keys lie there in no order.
    hand: usize,
    /// How many keys came here so far.
    came: u64,
}

#[derive(Debug)]
pub(super) struct Slot<K> {
    key: K,
    hash: u64,
    /// Which of all keys that came here: one that was forgotten and has come again is another.
    number: u64,
    /// The state of the algorithm.
    pub(super) state: u64,
    /// The quota of the key, as the algorithm reads it.
    pub(super) words: [u64; 2],
    /// The settings by which the quota was found.
    pub(super) version: u64,
}

impl<K> Slot<K> {
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// How many keys are looked at to find one to forget.
const LOOK_AT: usize = 16;

impl<K: Eq> Keys<K> {
    pub(super) fn new() -> Self {
        Self { table: HashTable::new(), hand: 0, came: 0 }
    }

    #[inline]
    pub(super) fn find<Q>(&mut self, hash: u64, key: &Q) -> Option<&mut Slot<K>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.table.find_mut(hash, |slot| slot.hash == hash && slot.key.borrow() == key)
    }

    /// Adds a key that is not there.
    pub(super) fn insert(
        &mut self,
        hash: u64,
        key: K,
        words: [u64; 2],
        version: u64,
    ) -> &mut Slot<K> {
        self.came += 1;
        let slot = Slot { key, hash, number: self.came, state: 0, words, version };
        self.table.insert_unique(hash, slot, |slot| slot.hash).into_mut()
    }

    /// Forgets the key that `used` makes the least of among the next few, if there is any, and says
    /// how much that was.
    pub(super) fn forget_one(&mut self, used: impl Fn(&Slot<K>) -> u64) -> Option<(u64, Slot<K>)> {
        let mut least = None;
        let mut looked_at = 0;
        for _ in 0..self.table.num_buckets() {
            self.hand = if self.hand + 1 < self.table.num_buckets() { self.hand + 1 } else { 0 };
            let Some(slot) = self.table.get_bucket(self.hand) else { continue };
            let used = used(slot);
            if least.is_none_or(|(least, _)| used < least) {
                least = Some((used, self.hand));
            }
            looked_at += 1;
            if used == 0 || looked_at == LOOK_AT {
                break;
            }
        }
        let (used, place) = least?;
        let (forgotten, _) = self.table.get_bucket_entry(place).ok()?.remove();
        Some((used, forgotten))
    }

    /// How many keys fit in the memory there is.
    #[cfg(all(test, not(reliability_loom)))]
    pub(super) fn memory(&self) -> usize {
        self.table.capacity()
    }
}
