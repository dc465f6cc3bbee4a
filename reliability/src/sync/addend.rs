use super::atomic::{AtomicU64, Ordering};

/// A sum to which the owner of a stripe adds without a locked instruction.
///
/// That instruction waits until everything that was stored before it has left the core: 5 to 10
/// nanoseconds in the middle of a call. Two words, because an addition that others may make
/// meanwhile needs it.
#[derive(Debug)]
pub(crate) struct Addend {
    /// Written by the owner alone.
    own: AtomicU64,
    /// Of all other threads that came by.
    shared: AtomicU64,
}

impl Addend {
    #[cfg(not(reliability_loom))]
    pub(crate) const fn new() -> Self {
        Self { own: AtomicU64::new(0), shared: AtomicU64::new(0) }
    }

    #[cfg(reliability_loom)]
    pub(crate) fn new() -> Self {
        Self { own: AtomicU64::new(0), shared: AtomicU64::new(0) }
    }

    /// Adds, given whether this thread owns the stripe.
    #[inline]
    pub(crate) fn add(&self, owned: bool, amount: u64) {
        if owned {
            let sum = self.own.load(Ordering::Relaxed).wrapping_add(amount);
            self.own.store(sum, Ordering::Relaxed);
        } else {
            self.shared.fetch_add(amount, Ordering::Relaxed);
        }
    }

    /// As [`add`](Self::add), of numbers that need not be whole; then [`sum_float`](Self::sum_float)
    /// has the sum, and [`sum`](Self::sum) has nothing that makes sense.
    #[cfg(any(all(feature = "std", feature = "telemetry"), reliability_loom))]
    #[inline]
    pub(crate) fn add_float(&self, owned: bool, amount: f64) {
        let plus = |bits: u64| (f64::from_bits(bits) + amount).to_bits();
        if owned {
            self.own.store(plus(self.own.load(Ordering::Relaxed)), Ordering::Relaxed);
        } else {
            self.add_float_shared(plus);
        }
    }

    #[cfg(any(all(feature = "std", feature = "telemetry"), reliability_loom))]
    #[cold]
    fn add_float_shared(&self, plus: impl Fn(u64) -> u64) {
        let mut seen = self.shared.load(Ordering::Relaxed);
        while let Err(now) = self.shared.compare_exchange_weak(
            seen,
            plus(seen),
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            seen = now;
        }
    }

    #[cfg(any(all(feature = "std", feature = "telemetry"), reliability_loom))]
    pub(crate) fn sum_float(&self) -> f64 {
        let [own, shared] = [&self.own, &self.shared].map(|part| part.load(Ordering::Relaxed));
        f64::from_bits(own) + f64::from_bits(shared)
    }

    pub(crate) fn sum(&self) -> u64 {
        let own = self.own.load(Ordering::Relaxed);
        own.wrapping_add(self.shared.load(Ordering::Relaxed))
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_owner_and_the_others_add_to_one_sum() {
        let addend = Addend::new();
        addend.add(true, 1);
        addend.add(false, 10);
        addend.add(true, u64::MAX);
        assert_eq!(addend.sum(), 10);
    }

    #[cfg(all(feature = "std", feature = "telemetry"))]
    #[test]
    fn parts_of_numbers_are_added_up_too() {
        let addend = Addend::new();
        assert_eq!(addend.sum_float(), 0.0);
        addend.add_float(true, 0.25);
        addend.add_float(false, 0.5);
        addend.add_float(true, -2.0);
        addend.add_float(false, 8.0);
        assert_eq!(addend.sum_float(), 6.75);
    }
}
