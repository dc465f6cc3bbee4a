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
//! that was invalidated before. And so are the flights of its keys: one lock for who looks, who leads,
//! and what comes of it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use super::entry::AnyEntry;
use super::lead::Outcome;
use super::tags::{Shorts, Tags, has, short};
use crate::resilience::single_flight::Shard;

/// The places of a set.
pub(super) const WAYS: usize = 8;

/// How many keys are remembered of which the answer was never asked for.
const REMEMBERED: usize = 16;

#[derive(Default)]
pub(super) struct Set {
    /// Of what is in the places.
    tags: Tags,
    places: [Option<Place>; WAYS],
    /// Where the next place is looked for.
    hand: usize,
    /// Who finds out what is not here.
    pub(super) flights: Shard<Arc<AnyEntry>, Outcome>,
    /// On their way to moka: in there, or here, or both.
    leaving: Vec<Arc<AnyEntry>>,
    /// Of what moka may have; as often as it may have them.
    maybe_in_moka: Shorts,
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
    in_moka: bool,
}

/// What has to be done after the lock is given back. Written where it lies: handed back from hand to
/// hand it would be copied each time, though there is seldom more in it than one entry.
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
    pub(super) in_moka: bool,
}

/// What a look has found.
pub(super) enum Look {
    Found(Arc<AnyEntry>),
    MaybeInMoka,
    Nowhere,
}

/// How a set keeps its places; the same for all sets of a cache.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Up to [`WAYS`]; with none all goes through to moka.
    pub(super) ways: usize,
    /// Moka takes whatever comes.
    pub(super) moka_has_room: bool,
}

impl Set {
    #[inline(always)]
    pub(super) fn look(&mut self, hash: u64, is: impl Fn(&AnyEntry) -> bool, ways: usize) -> Look {
        if let Some(index) = self.place_of(hash, &is)
            && let Some(place) = &mut self.places[index]
        {
            (place.used, place.wanted) = (true, true);
            return Look::Found(Arc::clone(&place.entry));
        }
        if let Some(index) = self.leaving_of(hash, &is) {
            return Look::Found(Arc::clone(&self.leaving[index]));
        }
        // Without places moka decides what stays, and is to know what is asked for.
        if ways == 0 || self.maybe_in_moka.contains(short(hash)) {
            return Look::MaybeInMoka;
        }
        Look::Nowhere
    }

    /// The entry is the answer from now on.
    #[inline]
    pub(super) fn put(&mut self, entry: Arc<AnyEntry>, room: Room, moved: &mut Moved) {
        let hash = entry.hash();
        let is = |other: &AnyEntry| other.has_key_of(&entry);
        let index = self.place_of(hash, &is);
        let leaving = self.leaving_of(hash, &is);
        if self.maybe_in_moka.contains(short(hash)) {
            moved.older_than = Some(Arc::clone(&entry));
        }
        if let Some(index) = leaving {
            self.leaving.swap_remove(index).retire();
        }
        match index.and_then(|index| self.places[index].as_mut()) {
            Some(place) => {
                place.entry.retire();
                place.in_moka = false;
                moved.replaced = Some(mem::replace(&mut place.entry, entry));
            }
            None => {
                let wanted = has(&self.remembered, short(hash));
                self.take_place(Place { entry, used: false, wanted, in_moka: false }, room, moved);
            }
        }
    }

    /// What was found in moka gets a place, if none is taken from what is used more.
    pub(super) fn promote(&mut self, entry: &Arc<AnyEntry>, room: Room, moved: &mut Moved) {
        let hash = entry.hash();
        let is = |other: &AnyEntry| other.has_key_of(entry);
        if entry.is_retired() || self.place_of(hash, &is).is_some() {
            return;
        }
        if self.tags.free(room.ways).is_none()
            && let Some(place) = &mut self.places[self.hand]
            && mem::take(&mut place.used)
        {
            self.hand = (self.hand + 1) % room.ways;
            return;
        }
        // It is used: otherwise keys of which there is one too many would drive each other out.
        let entry = Arc::clone(entry);
        self.take_place(Place { entry, used: true, wanted: true, in_moka: true }, room, moved);
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
        let maybe_in_moka = ways == 0 || self.maybe_in_moka.contains(short(hash));
        let left = leaving.map(|index| self.leaving.swap_remove(index));
        let taken = index.and_then(|index| self.vacate(index));
        for entry in left.iter().chain(&taken) {
            entry.retire();
        }
        (taken.or(left), maybe_in_moka)
    }

    /// This one is no answer from now on, whatever else is. Returns it, to be dropped.
    pub(super) fn take_this(&mut self, entry: &Arc<AnyEntry>) -> Option<Arc<AnyEntry>> {
        entry.retire();
        let left = self.left(entry);
        let is = |place: &Place| Arc::ptr_eq(&place.entry, entry);
        let index = self.places.iter().position(|place| place.as_ref().is_some_and(is));
        index.and_then(|index| self.vacate(index)).or(left)
    }

    /// Nothing is an answer from now on. Returns what was here, to be dropped.
    pub(super) fn clear(&mut self) -> Vec<Arc<AnyEntry>> {
        (self.hand, self.tags) = (0, Tags::default());
        let mut all = mem::take(&mut self.leaving);
        all.extend(mem::take(&mut self.places).into_iter().flatten().map(|place| place.entry));
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
        self.maybe_in_moka.remove(short(entry.hash()));
        let mut places = self.places.iter_mut().flatten();
        places.find(|place| Arc::ptr_eq(&place.entry, entry)).is_none_or(|place| {
            place.in_moka = false;
            false
        })
    }

    /// How many are here only.
    pub(super) fn len(&self) -> usize {
        self.places.iter().flatten().filter(|place| !place.in_moka).count()
    }

    #[inline(always)]
    fn place_of(&self, hash: u64, is: &impl Fn(&AnyEntry) -> bool) -> Option<usize> {
        self.tags.of(hash).find(|index| {
            self.places[*index].as_ref().is_some_and(|place| is_answer(&place.entry, hash, is))
        })
    }

    #[inline]
    fn leaving_of(&self, hash: u64, is: &impl Fn(&AnyEntry) -> bool) -> Option<usize> {
        self.leaving.iter().position(|entry| is_answer(entry, hash, is))
    }

    fn vacate(&mut self, index: usize) -> Option<Arc<AnyEntry>> {
        self.tags.clear(index);
        self.places[index].take().map(|place| place.entry)
    }

    #[inline]
    fn take_place(&mut self, place: Place, room: Room, moved: &mut Moved) {
        if room.ways == 0 {
            return self.leave(place, room, moved);
        }
        let index = match self.tags.free(room.ways) {
            Some(free) => free,
            None => self.index_to_leave(room.ways),
        };
        self.tags.set(index, place.entry.hash());
        if let Some(victim) = self.places[index].replace(place) {
            self.leave(victim, room, moved);
        }
    }

    /// The next one that is not used; once around, at most, for those that are.
    #[inline]
    fn index_to_leave(&mut self, ways: usize) -> usize {
        loop {
            let index = self.hand % WAYS;
            self.hand = if index + 1 < ways { index + 1 } else { 0 };
            if !self.places[index].as_mut().is_some_and(|place| mem::take(&mut place.used)) {
                return index;
            }
        }
    }

    #[inline]
    fn leave(&mut self, place: Place, room: Room, moved: &mut Moved) {
        let Place { entry, wanted, in_moka, .. } = place;
        if entry.is_retired() || !wanted && in_moka {
            moved.replaced = Some(entry);
        } else if !wanted && !room.moka_has_room {
            self.remembered[self.thrown_out % REMEMBERED] = short(entry.hash());
            self.thrown_out += 1;
            moved.thrown_out = Some(self.thrown_out);
            moved.replaced = Some(entry);
        } else {
            moved.leaves = Some(self.leave_for_moka(entry, in_moka, room));
        }
    }

    #[cold]
    fn leave_for_moka(&mut self, entry: Arc<AnyEntry>, in_moka: bool, room: Room) -> Leaves {
        if !in_moka && room.ways > 0 {
            self.maybe_in_moka.push(short(entry.hash()));
        }
        self.leaving.push(Arc::clone(&entry));
        Leaves { entry, in_moka }
    }
}

#[inline]
fn is_answer(entry: &AnyEntry, hash: u64, is: impl Fn(&AnyEntry) -> bool) -> bool {
    entry.hash() == hash && !entry.is_retired() && is(entry)
}
