//! What is used now and what came just now: a few places for each set of keys, in front of moka.
//!
//! ```text
//!            an answer                       its place is wanted
//!  (none) ─────────────▶ ┌─────────────────┐ ──────────────────────▶ gone, and its hash remembered
//!                        │ a place in front │   it was never asked for
//!            asked for   │                  │
//!   moka ──────────────▶ │ found: marked    │ ──────────────────────▶ moka
//!            behind      └─────────────────┘   it was asked for, or its hash was remembered,
//!                                              or moka has room
//! ```
//!
//! An entry of moka takes a microsecond to make, and a look into it several times what a look in here
//! takes. So what nobody asks for again never gets there: the small queue of S3-FIFO (Yang et al.,
//! "FIFO queues are all you need for cache eviction", SOSP 2023, section 4), with the second chance
//! of a clock in each set.
//!
//! All that is said of a key is said under the lock of its set, which is why nothing is found here
//! that was invalidated before.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::entry::AnyEntry;

/// The places of a set. Their hashes lie in one cache line.
pub(super) const WAYS: usize = 8;

/// How many keys are remembered of which the answer was never asked for.
const REMEMBERED: usize = 16;

#[derive(Default)]
pub(super) struct Set {
    hashes: [u64; WAYS],
    places: Vec<Place>,
    /// Where the next place is looked for.
    hand: usize,
    /// On their way to moka: in there, or here, or both.
    leaving: Vec<Arc<AnyEntry>>,
    /// Short hashes of what moka may have; as often as it may have them.
    behind: Shorts,
    /// Short hashes of what was thrown out.
    remembered: [u16; REMEMBERED],
    thrown_out: usize,
}

struct Place {
    entry: Arc<AnyEntry>,
    /// Asked for since the hand was here.
    used: bool,
    /// Asked for since it came.
    wanted: bool,
    /// Moka has it as well.
    behind: bool,
}

/// What has to be done after the lock is given back.
#[derive(Default)]
pub(super) struct Moved {
    /// To be dropped.
    pub(super) replaced: Option<Arc<AnyEntry>>,
    /// To be brought to moka, and told by [`Set::left`].
    pub(super) leaves: Option<Leaves>,
    /// It was not worth a place in moka: how many of the set were not so far.
    pub(super) thrown_out: Option<usize>,
    /// Moka may have an older answer than this one.
    pub(super) older_than: Option<Arc<AnyEntry>>,
}

pub(super) struct Leaves {
    pub(super) entry: Arc<AnyEntry>,
    /// Moka has it, and is only to know that it was used.
    pub(super) behind: bool,
}

/// What a look has found.
pub(super) enum Look {
    Found(Arc<AnyEntry>),
    /// Moka may have it.
    Behind,
    Nowhere,
}

/// How a set keeps its places; the same for all sets of a cache.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Up to [`WAYS`]; with none all goes through to moka.
    pub(super) ways: usize,
    /// Moka takes whatever comes.
    pub(super) behind: bool,
}

impl Set {
    #[inline]
    pub(super) fn look(&mut self, hash: u64, is: impl Fn(&AnyEntry) -> bool, ways: usize) -> Look {
        if let Some(index) = self.place_of(hash, &is) {
            let place = &mut self.places[index];
            (place.used, place.wanted) = (true, true);
            return Look::Found(Arc::clone(&place.entry));
        }
        if let Some(index) = self.leaving_of(hash, &is) {
            return Look::Found(Arc::clone(&self.leaving[index]));
        }
        // Without places moka decides what stays, and is to know what is asked for.
        if ways == 0 || self.behind.contains(short(hash)) {
            return Look::Behind;
        }
        Look::Nowhere
    }

    /// The entry is the answer from now on.
    pub(super) fn put(&mut self, entry: Arc<AnyEntry>, room: Room) -> Moved {
        let hash = entry.hash();
        let is = |other: &AnyEntry| other.has_key_of(&entry);
        let index = self.place_of(hash, &is);
        let leaving = self.leaving_of(hash, &is);
        let older_than = self.behind.contains(short(hash)).then(|| Arc::clone(&entry));
        if let Some(index) = leaving {
            self.leaving.swap_remove(index).retire();
        }
        let mut moved = match index {
            Some(index) => {
                let place = &mut self.places[index];
                place.entry.retire();
                place.behind = false;
                let replaced = core::mem::replace(&mut place.entry, entry);
                Moved { replaced: Some(replaced), ..Moved::default() }
            }
            None => {
                let wanted = has(&self.remembered, short(hash));
                self.take_place(Place { entry, used: false, wanted, behind: false }, room)
            }
        };
        moved.older_than = older_than;
        moved
    }

    /// What was found behind gets a place, if none is taken from what is used more.
    pub(super) fn promote(&mut self, entry: &Arc<AnyEntry>, room: Room) -> Moved {
        let hash = entry.hash();
        let is = |other: &AnyEntry| other.has_key_of(entry);
        if entry.is_retired() || self.place_of(hash, &is).is_some() {
            return Moved::default();
        }
        if self.places.len() == room.ways {
            let place = &mut self.places[self.hand];
            if core::mem::take(&mut place.used) {
                self.hand = (self.hand + 1) % room.ways;
                return Moved::default();
            }
        }
        // It is used: otherwise keys of which there is one too many would drive each other out.
        let entry = Arc::clone(entry);
        self.take_place(Place { entry, used: true, wanted: true, behind: true }, room)
    }

    /// There is no answer from now on. Returns what was here, to be dropped, and whether moka may
    /// have something.
    pub(super) fn take(
        &mut self,
        hash: u64,
        is: impl Fn(&AnyEntry) -> bool,
        ways: usize,
    ) -> (Option<Arc<AnyEntry>>, bool) {
        let index = self.place_of(hash, &is);
        let leaving = self.leaving_of(hash, &is);
        let behind = ways == 0 || self.behind.contains(short(hash));
        let left = leaving.map(|index| self.leaving.swap_remove(index));
        let taken = index.map(|index| self.vacate(index));
        for entry in left.iter().chain(&taken) {
            entry.retire();
        }
        (taken.or(left), behind)
    }

    /// This one is no answer from now on, whatever else is. Returns it, to be dropped.
    pub(super) fn take_this(&mut self, entry: &Arc<AnyEntry>) -> Option<Arc<AnyEntry>> {
        entry.retire();
        let left = self.left(entry);
        let index = self.places.iter().position(|place| Arc::ptr_eq(&place.entry, entry));
        index.map(|index| self.vacate(index)).or(left)
    }

    /// Nothing is an answer from now on. Returns what was here, to be dropped.
    pub(super) fn clear(&mut self) -> Vec<Arc<AnyEntry>> {
        self.hand = 0;
        let mut all = core::mem::take(&mut self.leaving);
        all.extend(core::mem::take(&mut self.places).into_iter().map(|place| place.entry));
        for entry in &all {
            entry.retire();
        }
        all
    }

    /// What was on its way has arrived.
    pub(super) fn left(&mut self, entry: &Arc<AnyEntry>) -> Option<Arc<AnyEntry>> {
        let index = self.leaving.iter().position(|other| Arc::ptr_eq(other, entry))?;
        Some(self.leaving.swap_remove(index))
    }

    /// Moka has given an entry up. True if it is gone from here as well.
    pub(super) fn given_up(&mut self, entry: &Arc<AnyEntry>) -> bool {
        self.behind.remove(short(entry.hash()));
        let place = self.places.iter_mut().find(|place| Arc::ptr_eq(&place.entry, entry));
        place.is_none_or(|place| {
            place.behind = false;
            false
        })
    }

    /// How many are here only.
    pub(super) fn len(&self) -> usize {
        self.places.iter().filter(|place| !place.behind).count()
    }

    #[inline]
    fn place_of(&self, hash: u64, is: &impl Fn(&AnyEntry) -> bool) -> Option<usize> {
        let mut places = self.hashes.iter().zip(&self.places);
        places.position(|(other, place)| {
            *other == hash && !place.entry.is_retired() && is(&place.entry)
        })
    }

    #[inline]
    fn leaving_of(&self, hash: u64, is: &impl Fn(&AnyEntry) -> bool) -> Option<usize> {
        let mut leaving = self.leaving.iter();
        leaving.position(|entry| entry.hash() == hash && !entry.is_retired() && is(entry))
    }

    fn vacate(&mut self, index: usize) -> Arc<AnyEntry> {
        let vacated = self.places.swap_remove(index);
        self.hashes[index] = self.hashes[self.places.len()];
        self.hand = 0;
        vacated.entry
    }

    fn take_place(&mut self, place: Place, room: Room) -> Moved {
        let hash = place.entry.hash();
        if room.ways == 0 {
            return self.leave(place, room);
        }
        if self.places.len() < room.ways {
            self.hashes[self.places.len()] = hash;
            self.places.push(place);
            return Moved::default();
        }
        // Once around, at most, for those that are used.
        while core::mem::take(&mut self.places[self.hand].used) {
            self.hand = (self.hand + 1) % room.ways;
        }
        self.hashes[self.hand] = hash;
        let victim = core::mem::replace(&mut self.places[self.hand], place);
        self.hand = (self.hand + 1) % room.ways;
        self.leave(victim, room)
    }

    fn leave(&mut self, place: Place, room: Room) -> Moved {
        let Place { entry, wanted, behind, .. } = place;
        if entry.is_retired() || !wanted && behind {
            return Moved { replaced: Some(entry), ..Moved::default() };
        }
        if !wanted && !room.behind {
            self.remembered[self.thrown_out % REMEMBERED] = short(entry.hash());
            self.thrown_out += 1;
            let thrown_out = Some(self.thrown_out);
            return Moved { replaced: Some(entry), thrown_out, ..Moved::default() };
        }
        if !behind && room.ways > 0 {
            self.behind.push(short(entry.hash()));
        }
        self.leaving.push(Arc::clone(&entry));
        Moved { leaves: Some(Leaves { entry, behind }), ..Moved::default() }
    }
}

/// Short hashes, some of them more than once.
#[derive(Default)]
struct Shorts {
    /// Whole chunks, so that they are compared all at once; filled up with zeros.
    chunks: Vec<[u16; CHUNK]>,
    len: usize,
}

const CHUNK: usize = 8;

impl Shorts {
    #[inline]
    fn contains(&self, short: u16) -> bool {
        self.chunks.iter().any(|chunk| has(chunk, short))
    }

    fn push(&mut self, short: u16) {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push([0; CHUNK]);
        }
        self.chunks[self.len / CHUNK][self.len % CHUNK] = short;
        self.len += 1;
    }

    /// Takes one of those that are the same out, and moves the last one there.
    fn remove(&mut self, short: u16) {
        let Some(index) = self.chunks.as_flattened().iter().position(|other| *other == short)
        else {
            return;
        };
        self.len -= 1;
        let all = self.chunks.as_flattened_mut();
        all[index] = all[self.len];
        all[self.len] = 0;
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.pop();
        }
    }
}

/// Looks at all of them, whatever it finds: so the comparisons are made side by side.
#[inline]
fn has<const N: usize>(shorts: &[u16; N], short: u16) -> bool {
    shorts.iter().fold(false, |found, other| found | (*other == short))
}

/// Enough to tell the keys of a set apart. Zero stands for none.
fn short(hash: u64) -> u16 {
    (hash >> 48) as u16 | 1
}
