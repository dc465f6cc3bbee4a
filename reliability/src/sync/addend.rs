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
}
