use core::fmt;

use super::{Addend, Padded, STRIPES, stripe};

/// `N` counters that are bumped together by many threads and read by few.
///
/// Like `N` [`Counter`](super::Counter)s, but a thread's counters lie side by side on its own
/// cache lines: sixteen of them cost 4 KiB, not 32.
///
/// # Examples
///
/// ```
/// use reliability::sync::Counters;
///
/// static CALLS: Counters<2> = Counters::new();
///
/// CALLS.add(0, 1);
/// CALLS.add(1, 5);
/// assert_eq!(CALLS.sums(), [1, 5]);
/// ```
pub struct Counters<const N: usize> {
    stripes: [Padded<[Addend; N]>; STRIPES],
}

impl<const N: usize> Counters<N> {
    /// All counters at zero.
    #[cfg(not(reliability_loom))]
    pub const fn new() -> Self {
        Self { stripes: [const { Padded([const { Addend::new() }; N]) }; STRIPES] }
    }

    /// All counters at zero.
    #[cfg(reliability_loom)]
    pub fn new() -> Self {
        let stripe = |_| Padded(core::array::from_fn(|_| Addend::new()));
        Self { stripes: core::array::from_fn(stripe) }
    }

    /// Adds `amount` to the counter at `index`. About 1 ns for the first
    /// sixteen threads, 2 to 5 ns for others.
    ///
    /// # Panics
    ///
    /// When `index` is not below `N`.
    #[inline]
    pub fn add(&self, index: usize, amount: u64) {
        let stripe = stripe();
        self.stripes[stripe.index].0[index].add(stripe.owned, amount);
    }

    /// The sum of all additions so far, per counter.
    ///
    /// Each is a value its counter passed through or will pass through; together they need not be
    /// of one moment.
    pub fn sums(&self) -> [u64; N] {
        core::array::from_fn(|index| {
            self.stripes.iter().map(|stripe| stripe.0[index].sum()).fold(0, u64::wrapping_add)
        })
    }
}

impl<const N: usize> Default for Counters<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for Counters<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sums()).finish()
    }
}

#[cfg(all(test, feature = "std", not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn additions_of_all_threads_arrive_and_are_spread_over_the_stripes() {
        let counters = Counters::<3>::new();
        let stripes: BTreeSet<_> = std::thread::scope(|scope| {
            let add = || {
                (0..100).for_each(|_| counters.add(1, 2));
                counters.add(2, u64::MAX);
                stripe().index
            };
            let threads: alloc::vec::Vec<_> = (0..64).map(|_| scope.spawn(add)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        assert_eq!(counters.sums(), [0, 12_800, 64_u64.wrapping_neg()]);
        assert!(stripes.len() > 1 && stripes.iter().all(|stripe| *stripe < STRIPES));
    }
}
