use alloc::boxed::Box;

use super::atomic::{AtomicU32, AtomicU64, Ordering};
use super::{Padded, STRIPES, stripe};

/// The places that nobody has: a stack for each stripe, so that a thread gets the place back that it
/// gave last, which is in its cache, and threads rarely meet.
///
/// The top of a stack is a word of the place and of how often the stack has changed: who read the
/// top, and the one below it, before others took and returned it, is refused by the count.
#[derive(Debug)]
pub(crate) struct FreeList {
    tops: Box<[Padded<AtomicU64>]>,
    /// Which place is below each.
    below: Box<[AtomicU32]>,
}

const NONE: u32 = u32::MAX;

const fn word(changes: u32, place: u32) -> u64 {
    (changes as u64) << 32 | place as u64
}

const fn changes(word: u64) -> u32 {
    (word >> 32) as u32
}

const fn place(word: u64) -> u32 {
    word as u32
}

impl FreeList {
    /// That many places, all of them free.
    pub(crate) fn new(places: u32) -> Self {
        let list = Self {
            tops: (0..STRIPES).map(|_| Padded(AtomicU64::new(word(0, NONE)))).collect(),
            below: (0..places).map(|_| AtomicU32::new(NONE)).collect(),
        };
        // The first place on top.
        (0..places).rev().for_each(|place| list.put(place as usize % STRIPES, place));
        list
    }

    /// A place that is free from now on no more.
    #[inline]
    pub(crate) fn take(&self) -> Option<u32> {
        let own = stripe().index;
        self.pop(own).or_else(|| self.take_from_others(own))
    }

    /// Gives a place back.
    #[inline]
    pub(crate) fn give(&self, place: u32) {
        self.put(stripe().index, place);
    }

    #[cold]
    fn take_from_others(&self, own: usize) -> Option<u32> {
        (1..STRIPES).find_map(|further| self.pop((own + further) % STRIPES))
    }

    #[inline]
    fn pop(&self, stripe: usize) -> Option<u32> {
        let top = &self.tops[stripe];
        // Acquire: what is below it was written before it was put on top.
        let mut seen = top.load(Ordering::Acquire);
        loop {
            let below = self.below.get(place(seen) as usize)?.load(Ordering::Relaxed);
            let next = word(changes(seen).wrapping_add(1), below);
            match top.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => return Some(place(seen)),
                Err(now) => seen = now,
            }
        }
    }

    #[inline]
    fn put(&self, stripe: usize, given: u32) {
        let Some(below) = self.below.get(given as usize) else { return };
        let top = &self.tops[stripe];
        let mut seen = top.load(Ordering::Relaxed);
        loop {
            below.store(place(seen), Ordering::Relaxed);
            let next = word(changes(seen).wrapping_add(1), given);
            match top.compare_exchange_weak(seen, next, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    use super::*;
    use crate::sync::atomic::AtomicBool;

    #[test]
    fn every_place_is_dealt_out_once() {
        let list = FreeList::new(100);
        let taken: BTreeSet<u32> = core::iter::from_fn(|| list.take()).collect();
        assert_eq!(taken, (0..100).collect());
        list.give(7);
        assert_eq!((list.take(), list.take()), (Some(7), None));
    }

    #[test]
    fn threads_that_go_round_never_share_a_place() {
        // Far fewer places than turns: each goes round thousands of times.
        let list = FreeList::new(5);
        let held: Vec<AtomicBool> = (0..5).map(|_| AtomicBool::new(false)).collect();
        let turns = || {
            for _ in 0..20_000 {
                let Some(place) = list.take() else { continue };
                assert!(!held[place as usize].swap(true, Ordering::AcqRel), "{place} twice");
                assert!(held[place as usize].swap(false, Ordering::AcqRel));
                list.give(place);
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(turns))));
        assert_eq!(core::iter::from_fn(|| list.take()).count(), 5);
    }
}

#[cfg(all(test, reliability_loom))]
mod loom_tests {
    use alloc::vec::Vec;

    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// Two places of one stripe; both threads go round, so that a place comes back to the top
    /// between a reading and the swap that rests on it.
    #[test]
    fn loom_a_place_has_one_owner_and_none_is_lost() {
        loom::model(|| {
            let list = Arc::new(FreeList::new(4));
            let held: Arc<Vec<_>> = Arc::new((0..4).map(|_| AtomicU32::new(0)).collect());
            let turn = |list: &FreeList, held: &[AtomicU32]| {
                let place = list.pop(0);
                if let Some(place) = place {
                    assert_eq!(held[place as usize].fetch_add(1, Ordering::Relaxed), 0);
                    held[place as usize].fetch_sub(1, Ordering::Relaxed);
                    list.put(0, place);
                }
                place.is_some()
            };
            let other = {
                let (list, held) = (Arc::clone(&list), Arc::clone(&held));
                thread::spawn(move || {
                    // Takes both, and returns them the other way round.
                    let (first, second) = (list.pop(0), list.pop(0));
                    for place in [first, second].into_iter().flatten() {
                        assert_eq!(held[place as usize].fetch_add(1, Ordering::Relaxed), 0);
                        held[place as usize].fetch_sub(1, Ordering::Relaxed);
                        list.put(0, place);
                    }
                })
            };
            turn(&list, &held);
            other.join().unwrap();
            let left: Vec<_> = core::iter::from_fn(|| list.pop(0)).collect();
            assert_eq!(left.len(), 2, "{left:?}");
            assert_ne!(left[0], left[1]);
        });
    }

    /// Who takes a place that was just put there finds what is below it.
    #[test]
    fn loom_what_is_below_is_seen_by_who_takes_the_top() {
        loom::model(|| {
            let list = Arc::new(FreeList::new(4));
            let (first, second) = (list.pop(0).unwrap(), list.pop(0).unwrap());
            assert_eq!(list.pop(0), None);
            let other = {
                let list = Arc::clone(&list);
                thread::spawn(move || {
                    list.put(0, first);
                    list.put(0, second);
                })
            };
            let mut seen: Vec<u32> = core::iter::from_fn(|| list.pop(0)).collect();
            other.join().unwrap();
            seen.extend(core::iter::from_fn(|| list.pop(0)));
            seen.sort_unstable();
            assert_eq!(seen, [first.min(second), first.max(second)]);
        });
    }
}
