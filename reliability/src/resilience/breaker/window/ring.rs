use alloc::boxed::Box;

use super::tagged;
use crate::sync::Padded;
use crate::sync::atomic::{AtomicU64, Ordering};

/// The positions of the last calls of one sort - failures, or slow calls - in the order in which
/// they were counted.
///
/// The answer it exists for: *where was the k-th last of them?* If that is less than `n` calls ago,
/// at least `k` of the last `n` calls were of this sort.
#[derive(Debug)]
pub(super) struct Ring {
    /// How many were counted in this generation.
    count: Padded<AtomicU64>,
    /// Call number `i` of the sort is at `i % len`. A position is the number of the call among all
    /// calls, from 1; it is never later than the true one.
    positions: Box<[AtomicU64]>,
}

/// Room for writers that claimed a place and have not filled it yet.
const SLACK: usize = if cfg!(reliability_loom) { 1 } else { 32 };

impl Ring {
    /// A ring that knows the last `capacity` calls of its sort.
    pub(super) fn new(capacity: u32) -> Self {
        let len = capacity as usize + SLACK;
        Self {
            count: Padded(AtomicU64::new(0)),
            positions: (0..len).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The next number, or `None` when the generation is over.
    pub(super) fn claim(&self, generation: u32, is_current: impl Fn() -> bool) -> Option<u64> {
        tagged::count_up(&self.count, generation, is_current)
    }

    /// How many numbers were given out.
    ///
    /// Who then counts the successes finds all that came before those calls.
    pub(super) fn count(&self, generation: u32) -> u64 {
        tagged::unpack(self.count.load(Ordering::Acquire), generation).unwrap_or(0)
    }

    /// Writes down where call `number` of the sort was.
    ///
    /// A writer that was overtaken by a whole ring leaves the later position alone: it is a lower
    /// bound for its place as well.
    pub(super) fn place(
        &self,
        generation: u32,
        number: u64,
        position: u64,
        is_current: impl Fn() -> bool,
    ) {
        let slot = self.slot(number);
        let mut seen = slot.load(Ordering::Acquire);
        loop {
            match tagged::unpack(seen, generation) {
                Some(later) if later >= position => return,
                None if !is_current() => return,
                _ => {}
            }
            let next = tagged::pack(generation, position);
            // Release: who reads this position must also see the successes it was derived from
            // (`CountWindow::verdict` counts them again), or it would look younger than it is.
            match slot.compare_exchange_weak(seen, next, Ordering::Release, Ordering::Acquire) {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
    }

    /// Where the `back`-th last of `count` was, if it is known by now.
    ///
    /// `None` while its writer is on the way; that writer judges afterwards itself.
    pub(super) fn position(&self, generation: u32, count: u64, back: u64) -> Option<u64> {
        let number = count.checked_sub(back)?;
        let word = self.slot(number).load(Ordering::Acquire);
        let position = tagged::unpack(word, generation).filter(|&position| position > 0)?;
        // A writer a whole ring ahead claimed its number before it wrote here, and we have seen
        // what it wrote, so the count tells.
        let overtaken = self.count(generation) > number + self.positions.len() as u64;
        (!overtaken).then_some(position)
    }

    /// How many are known to be later than `position`.
    pub(super) fn later_than(&self, generation: u32, position: u64) -> u64 {
        // Relaxed: nothing is read after it that has to be as young.
        let known = self.positions.iter();
        let known =
            known.filter_map(|slot| tagged::unpack(slot.load(Ordering::Relaxed), generation));
        known.filter(|&known| known > position).count() as u64
    }

    fn slot(&self, number: u64) -> &AtomicU64 {
        &self.positions[(number % self.positions.len() as u64) as usize]
    }
}
