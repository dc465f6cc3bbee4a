use core::fmt;

use super::atomic::{AtomicU64, Ordering};
use super::{Padded, STRIPES, stripe_index};

/// A counter that many threads bump and few read.
///
/// Each thread adds to a cache line of its own (about 2 ns at any thread count, 2 KiB of memory);
/// [`sum`](Counter::sum) adds the lines up. A sum that runs beside additions is a value the counter
/// passed through or will pass through: it never loses an addition that happened before it, and
/// never invents one. It wraps after 2^64.
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
    stripes: [Padded<AtomicU64>; STRIPES],
}

impl Counter {
    /// A counter at zero.
    #[cfg(not(reliability_loom))]
    pub const fn new() -> Self {
        Self { stripes: [const { Padded(AtomicU64::new(0)) }; STRIPES] }
    }

    /// A counter at zero.
    #[cfg(reliability_loom)]
    pub fn new() -> Self {
        Self { stripes: core::array::from_fn(|_| Padded(AtomicU64::new(0))) }
    }

    /// Adds `amount`.
    #[inline]
    pub fn add(&self, amount: u64) {
        self.stripes[stripe_index()].fetch_add(amount, Ordering::Relaxed);
    }

    /// The sum of all additions so far.
    pub fn sum(&self) -> u64 {
        let load = |stripe: &Padded<AtomicU64>| stripe.load(Ordering::Relaxed);
        self.stripes.iter().map(load).fold(0, u64::wrapping_add)
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
