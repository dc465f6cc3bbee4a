use alloc::boxed::Box;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Padded, STRIPES, stripe};

/// One word per thread, each alone on its cache lines: what every call writes.
#[derive(Debug)]
pub(crate) struct Lanes<T = AtomicU64>(Box<[Padded<T>]>);

/// How many lanes a breaker has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneCount {
    /// One per stripe: calls of different threads do not meet.
    Striped,
    /// One for all: a sixteenth of the memory, and threads that call at the same time meet.
    Single,
}

impl<T> Lanes<T> {
    pub(crate) fn new(count: LaneCount, mut lane: impl FnMut() -> T) -> Self {
        let count = match count {
            LaneCount::Striped => STRIPES,
            LaneCount::Single => 1,
        };
        Self((0..count).map(|_| Padded(lane())).collect())
    }

    /// The lane of this thread.
    #[inline]
    pub(crate) fn mine(&self) -> &T {
        // The number of lanes is a power of two.
        &self.0[stripe().index & (self.0.len() - 1)]
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|lane| &lane.0)
    }
}

impl Lanes {
    pub(crate) fn counters(count: LaneCount) -> Self {
        Self::new(count, || AtomicU64::new(0))
    }

    #[inline]
    pub(crate) fn add_one(&self) {
        self.mine().fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sum(&self) -> u64 {
        let load = |lane: &AtomicU64| lane.load(Ordering::Relaxed);
        self.iter().map(load).fold(0, u64::wrapping_add)
    }
}
