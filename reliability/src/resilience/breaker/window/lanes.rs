use alloc::boxed::Box;

use crate::sync::{Addend, Padded, STRIPES, stripe};

/// One word per thread, each alone on its cache lines: what every call writes.
#[derive(Debug)]
pub(crate) struct Lanes<T>(Box<[Padded<T>]>);

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

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|lane| &lane.0)
    }

    /// The lane of this thread, and whether no other thread writes what only owners write.
    #[inline]
    pub(crate) fn mine_or_shared(&self) -> (&T, bool) {
        let stripe = stripe();
        // The number of lanes is a power of two.
        let lane = &self.0[stripe.index & (self.0.len() - 1)];
        // On fewer lanes than stripes the owners of several stripes meet.
        (lane, stripe.owned && self.0.len() == STRIPES)
    }
}

impl Lanes<Addend> {
    pub(crate) fn addends(count: LaneCount) -> Self {
        Self::new(count, Addend::new)
    }

    #[inline]
    pub(crate) fn add_one(&self) {
        let (lane, owned) = self.mine_or_shared();
        lane.add(owned, 1);
    }

    pub(crate) fn sum(&self) -> u64 {
        self.iter().map(Addend::sum).fold(0, u64::wrapping_add)
    }
}
