use core::fmt;

use super::{Addend, Padded, STRIPES, stripe};

/// A counter that many threads bump and few read.
///
/// Each thread adds to a cache line of its own (about 1 ns for the first sixteen threads, 2 to 5 ns
/// for others, 2 KiB of memory); [`sum`](Counter::sum) adds the lines up. A sum that runs beside
/// additions is a value the counter passed through or will pass through: it never loses an addition
/// that happened before it, and never invents one. It wraps after 2^64.
///
/// # Examples
///
/// ```
/// use reliability::sync::Counter;
///
/// static SERVED: Counter = Counter::new();
///
/// SERVED.add(1);
/// SERVED.add(2);
/// assert_eq!(SERVED.sum(), 3);
/// ```
pub struct Counter {
    stripes: [Padded<Addend>; STRIPES],
}

impl Counter {
    /// A counter at zero.
    #[cfg(not(reliability_loom))]
    pub const fn new() -> Self {
        Self { stripes: [const { Padded(Addend::new()) }; STRIPES] }
    }

    /// A counter at zero.
    #[cfg(reliability_loom)]
    pub fn new() -> Self {
        Self { stripes: core::array::from_fn(|_| Padded(Addend::new())) }
    }

    /// Adds `amount`.
    #[inline]
    pub fn add(&self, amount: u64) {
        let stripe = stripe();
        self.stripes[stripe.index].add(stripe.owned, amount);
    }

    /// The sum of all additions so far.
    pub fn sum(&self) -> u64 {
        self.stripes.iter().map(|stripe| stripe.sum()).fold(0, u64::wrapping_add)
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.sum()).finish()
    }
}
