//! One cache line per thread, for values that every call writes and few read.

use core::ops::Deref;

#[cfg(any(test, all(feature = "std", not(reliability_loom))))]
use super::atomic::{AtomicBool, Ordering};

/// How many stripes a striped value has.
///
/// A written cache line that two cores share costs ten to thirty nanoseconds a call; sixteen lines
/// are 2 KiB and enough that threads rarely meet. Under loom two stripes show every interleaving.
#[cfg(not(reliability_loom))]
pub(crate) const STRIPES: usize = 16;
#[cfg(reliability_loom)]
pub(crate) const STRIPES: usize = 2;

/// A value alone on its cache lines.
///
/// 128 bytes, not 64: x86-64 prefetches lines in pairs, and aarch64 has cores with 128-byte lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// Where this thread writes, and whether it is the only thread that does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stripe {
    /// Below [`STRIPES`].
    pub(crate) index: usize,
    /// No other thread owns this stripe as long as this one lives.
    pub(crate) owned: bool,
}

/// The stripe of this thread.
///
/// Threads are dealt out in turn, and the first one on a stripe owns it until it ends. Without
/// `std` there are no thread locals, and all share the first stripe.
#[inline]
pub(crate) fn stripe() -> Stripe {
    imp::stripe()
}

/// The stripe that this thread owns; none either where it has not asked for its [`stripe`] yet.
#[inline]
#[cfg_attr(not(feature = "resilience"), allow(dead_code, reason = "who asks is a policy"))]
pub(crate) fn owned_stripe() -> Option<usize> {
    imp::owned_stripe()
}

/// Which stripes are owned.
#[cfg(any(test, all(feature = "std", not(reliability_loom))))]
#[derive(Debug)]
struct Owners<const N: usize> {
    owned: [AtomicBool; N],
}

#[cfg(any(test, all(feature = "std", not(reliability_loom))))]
impl<const N: usize> Owners<N> {
    #[cfg(not(reliability_loom))]
    const fn new() -> Self {
        Self { owned: [const { AtomicBool::new(false) }; N] }
    }

    #[cfg(reliability_loom)]
    fn new() -> Self {
        Self { owned: core::array::from_fn(|_| AtomicBool::new(false)) }
    }

    /// Takes a stripe that nobody owns, the one at `first` if it can.
    fn claim(&self, first: usize) -> Option<usize> {
        let free = |index: &usize| {
            // Acquire: the sums that the owner before has left there are what we add to.
            let claimed = self.owned[*index].compare_exchange(
                false,
                true,
                Ordering::Acquire,
                Ordering::Relaxed,
            );
            claimed.is_ok()
        };
        (first..first + N).map(|index| index % N).find(free)
    }

    fn release(&self, index: usize) {
        self.owned[index].store(false, Ordering::Release);
    }
}

#[cfg(all(feature = "std", not(reliability_loom)))]
mod imp {
    use core::cell::Cell;
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::{Owners, STRIPES, Stripe};

    const UNASSIGNED: usize = usize::MAX;
    const OWNED: usize = STRIPES;

    static NEXT: AtomicUsize = AtomicUsize::new(0);
    static OWNERS: Owners<STRIPES> = Owners::new();

    std::thread_local! {
        /// The index, and whether the stripe is owned. Needs no destructor, so that reading it is
        /// one load, at any time of the thread's life.
        static MINE: Cell<usize> = const { Cell::new(UNASSIGNED) };
        static LEASE: Lease = const { Lease(Cell::new(UNASSIGNED)) };
    }

    /// Gives the stripe back when the thread ends.
    struct Lease(Cell<usize>);

    impl Drop for Lease {
        fn drop(&mut self) {
            let index = self.0.get();
            if index != UNASSIGNED {
                // What other destructors of this thread still count goes to the shared words.
                MINE.set(index);
                OWNERS.release(index);
            }
        }
    }

    #[inline]
    pub(super) fn stripe() -> Stripe {
        let mine = match MINE.get() {
            UNASSIGNED => assign(),
            mine => mine,
        };
        Stripe { index: mine % STRIPES, owned: mine & OWNED != 0 }
    }

    #[inline]
    pub(super) fn owned_stripe() -> Option<usize> {
        // One comparison: the other values are below, or are no number of a stripe.
        let index = MINE.get().wrapping_sub(OWNED);
        (index < STRIPES).then_some(index)
    }

    #[cold]
    fn assign() -> usize {
        let first = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
        // Without a destructor nobody would give the stripe back.
        let mine = LEASE.try_with(|lease| {
            let index = OWNERS.claim(first)?;
            lease.0.set(index);
            Some(index | OWNED)
        });
        let mine = mine.ok().flatten().unwrap_or(first);
        MINE.set(mine);
        mine
    }
}

#[cfg(all(feature = "std", reliability_loom))]
mod imp {
    use super::{STRIPES, Stripe};

    /// Loom names its threads in order of creation, so that every run deals them out alike.
    pub(super) fn stripe() -> Stripe {
        let name = std::format!("{:?}", loom::thread::current().id());
        let digits = name.chars().filter(char::is_ascii_digit);
        let id = digits.filter_map(|digit| digit.to_digit(10)).last().unwrap_or(0) as usize;
        Stripe { index: id % STRIPES, owned: id < STRIPES }
    }

    pub(super) fn owned_stripe() -> Option<usize> {
        let Stripe { index, owned } = stripe();
        owned.then_some(index)
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use super::Stripe;

    pub(super) fn stripe() -> Stripe {
        Stripe { index: 0, owned: false }
    }

    pub(super) fn owned_stripe() -> Option<usize> {
        None
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_stripe_has_one_owner_at_a_time() {
        let owners = Owners::<3>::new();
        assert_eq!(owners.claim(1), Some(1));
        assert_eq!(owners.claim(1), Some(2));
        assert_eq!(owners.claim(1), Some(0));
        assert_eq!(owners.claim(1), None);
        owners.release(2);
        assert_eq!(owners.claim(0), Some(2));
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_thread_is_told_of_its_own_stripe_alone() {
        // More threads than stripes, at the same time.
        let all = std::sync::Barrier::new(2 * STRIPES);
        std::thread::scope(|scope| {
            for _ in 0..2 * STRIPES {
                scope.spawn(|| {
                    assert_eq!(owned_stripe(), None);
                    let Stripe { index, owned } = stripe();
                    assert_eq!(owned_stripe(), owned.then_some(index));
                    all.wait();
                });
            }
        });
    }

    #[cfg(feature = "std")]
    #[test]
    fn threads_that_come_and_go_lose_nothing() {
        let counter = crate::sync::Counter::new();
        for _ in 0..20 {
            // More threads than stripes: some own theirs, some do not.
            std::thread::scope(|scope| {
                for _ in 0..2 * STRIPES {
                    scope.spawn(|| (0..100).for_each(|_| counter.add(1)));
                }
            });
        }
        assert_eq!(counter.sum(), 20 * 2 * STRIPES as u64 * 100);
    }

    #[cfg(feature = "std")]
    #[test]
    fn what_a_thread_counts_while_it_ends_is_not_lost() {
        use std::sync::Arc;

        struct CountsAtTheEnd(Arc<crate::sync::Counter>);
        impl Drop for CountsAtTheEnd {
            fn drop(&mut self) {
                self.0.add(1);
            }
        }
        std::thread_local! {
            static LAST: core::cell::RefCell<Option<CountsAtTheEnd>> =
                const { core::cell::RefCell::new(None) };
        }
        let counter = Arc::new(crate::sync::Counter::new());
        for first in [true, false] {
            let counter = Arc::clone(&counter);
            let thread = std::thread::spawn(move || {
                // Destructors run in the order in which the values were first used.
                if first {
                    counter.add(1);
                }
                LAST.set(Some(CountsAtTheEnd(Arc::clone(&counter))));
                counter.add(1);
            });
            thread.join().expect("nothing panics");
        }
        assert_eq!(counter.sum(), 5);
    }
}

#[cfg(all(test, reliability_loom))]
mod loom_tests {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;
    use crate::sync::Addend;

    #[test]
    fn loom_the_next_owner_adds_to_what_the_last_one_left() {
        loom::model(|| {
            let shared = Arc::new((Owners::<1>::new(), Addend::new()));
            let add = |shared: &(Owners<1>, Addend)| {
                let claimed = shared.0.claim(0);
                shared.1.add(claimed.is_some(), 1);
                if let Some(index) = claimed {
                    shared.0.release(index);
                }
            };
            let others: alloc::vec::Vec<_> = (0..2)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || add(&shared))
                })
                .collect();
            add(&shared);
            assert!(shared.1.sum() >= 1);
            for other in others {
                other.join().expect("nothing panics");
            }
            assert_eq!(shared.1.sum(), 3);
        });
    }

    #[test]
    fn loom_parts_of_numbers_are_not_lost_either() {
        loom::model(|| {
            let shared = Arc::new((Owners::<1>::new(), Addend::new()));
            let add = |shared: &(Owners<1>, Addend)| {
                let claimed = shared.0.claim(0);
                shared.1.add_float(claimed.is_some(), 0.5);
                if let Some(index) = claimed {
                    shared.0.release(index);
                }
            };
            let others: alloc::vec::Vec<_> = (0..2)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || add(&shared))
                })
                .collect();
            add(&shared);
            for other in others {
                other.join().expect("nothing panics");
            }
            assert_eq!(shared.1.sum_float(), 1.5);
        });
    }
}
