use alloc::boxed::Box;
use core::slice;

use crate::sync::{Addend, Padded, STRIPES, owned_stripe, stripe};

/// One word per thread, each alone on its cache lines: what every call writes.
#[derive(Debug)]
pub(crate) enum Lanes<T> {
    // The number is part of the type, so that an index needs no second look.
    Striped(Box<[Padded<T>; STRIPES]>),
    Single(Box<Padded<T>>),
}

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
        match count {
            LaneCount::Striped => Self::Striped(Box::new(core::array::from_fn(|_| Padded(lane())))),
            LaneCount::Single => Self::Single(Box::new(Padded(lane()))),
        }
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let lanes = match self {
            Self::Striped(lanes) => &lanes[..],
            Self::Single(lane) => slice::from_ref(&**lane),
        };
        lanes.iter().map(|lane| &lane.0)
    }

    /// The lane of which no other thread writes what only owners write, if this thread has one and
    /// was here before.
    #[inline]
    pub(crate) fn mine(&self) -> Option<&T> {
        match self {
            Self::Striped(lanes) => owned_stripe().map(|index| &lanes[index].0),
            // The owners of several stripes meet.
            Self::Single(_) => None,
        }
    }

    /// The lane of this thread, and whether no other thread writes what only owners write.
    #[inline]
    pub(crate) fn mine_or_shared(&self) -> (&T, bool) {
        match self {
            Self::Striped(lanes) => {
                let stripe = stripe();
                (&lanes[stripe.index % STRIPES].0, stripe.owned)
            }
            Self::Single(lane) => (&lane.0, false),
        }
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
