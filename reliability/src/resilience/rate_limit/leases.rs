use super::{Algorithm, Quota};
use crate::error::Name;
use crate::resilience::Invalid;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Padded, STRIPES, owned_stripe, stripe};

/// Permits that threads have taken from the bucket ahead of their calls, a stripe for each thread.
///
/// Why there are never too many: what lies here has left the bucket, and the bucket goes on filling
/// up. So the bucket is made smaller by all that can lie here, and both together hold a burst.
#[derive(Debug)]
pub(super) struct Leases {
    /// Permits of one lease, and the most that lie on one stripe.
    size: u32,
    /// How many stripes may hold permits.
    stripes_in_use: AtomicU32,
    stripes: [Padded<AtomicU32>; STRIPES],
}

/// The largest lease.
const SIZE_MAX: u32 = 10_000;

impl Leases {
    pub(super) fn check(
        name: &Name,
        algorithm: Algorithm,
        quota: Quota,
        size: u32,
    ) -> Result<(), Invalid> {
        if size == 0 {
            return Ok(());
        }
        if algorithm != Algorithm::TokenBucket {
            let got = alloc::format!("{size} with `{algorithm}`");
            return Err(Invalid::new(name.clone(), "leases", "0 without a token bucket", got)
                .with_advice("choose `Algorithm::TokenBucket`, or leave out `leases`"));
        }
        let most = SIZE_MAX.min(quota.burst / 2);
        if (2..=most).contains(&size) {
            return Ok(());
        }
        let expected = alloc::format!("0, or 2 to half of the burst ({most})");
        Err(Invalid::new(name.clone(), "leases", expected, size)
            .with_advice("take a larger burst, smaller leases, or none"))
    }

    pub(super) fn new(quota: Quota, size: u32) -> Self {
        Self {
            size,
            stripes_in_use: AtomicU32::new(stripes_for(quota, size)),
            stripes: core::array::from_fn(|_| Padded(AtomicU32::new(0))),
        }
    }

    /// The quota of the bucket beside leases of that size: what can be leased is not in it.
    pub(super) fn bucket(quota: Quota, size: u32) -> Quota {
        quota.burst(quota.burst - stripes_for(quota, size) * size)
    }

    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// Takes a permit of this thread's lease, and says how many are left.
    ///
    /// A call, for the registers that it takes are missing in the short way without leases.
    #[inline(never)]
    pub(super) fn take_own(&self) -> Option<u32> {
        take(self.own())
    }

    /// Takes a permit of any other thread's lease. What a thread that was late has put where no
    /// leases are any more is not counted in, and so not to be had.
    #[cold]
    pub(super) fn take_any(&self) -> Option<u32> {
        let in_use = self.stripes_in_use.load(Ordering::Relaxed) as usize;
        self.stripes.iter().take(in_use).find_map(|stripe| take(stripe))
    }

    /// Puts permits on this thread's stripe, and returns those for which there is no room.
    pub(super) fn put(&self, permits: u32) -> u32 {
        let own = self.own();
        let mut seen = own.load(Ordering::Relaxed);
        loop {
            let next = seen.saturating_add(permits).min(self.size).max(seen);
            match own.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return permits - (next - seen),
                Err(found) => seen = found,
            }
        }
    }

    /// Takes over a changed quota. What was leased under the old one is gone.
    pub(super) fn reconfigure(&self, quota: Quota) {
        self.stripes_in_use.store(stripes_for(quota, self.size), Ordering::Relaxed);
        for stripe in &self.stripes {
            stripe.store(0, Ordering::Relaxed);
        }
    }

    #[inline]
    fn own(&self) -> &AtomicU32 {
        let in_use = self.stripes_in_use.load(Ordering::Relaxed) as usize;
        match owned_stripe() {
            Some(index) if index < in_use => &self.stripes[index],
            _ => self.among(in_use),
        }
    }

    /// The stripe of a thread that has none of its own, or not yet, or not here because the burst is
    /// small.
    #[cold]
    #[inline(never)]
    fn among(&self, in_use: usize) -> &AtomicU32 {
        &self.stripes[stripe().index % in_use.clamp(1, STRIPES)]
    }
}

/// As many stripes as fit into half of the burst.
fn stripes_for(quota: Quota, size: u32) -> u32 {
    (quota.burst / 2 / size.max(1)).clamp(1, STRIPES as u32)
}

/// Relaxed throughout: permits are only counted, and guard no other memory.
#[inline]
fn take(stripe: &AtomicU32) -> Option<u32> {
    let mut seen = stripe.load(Ordering::Relaxed);
    while let Some(left) = seen.checked_sub(1) {
        match stripe.compare_exchange_weak(seen, left, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Some(left),
            Err(found) => seen = found,
        }
    }
    None
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_late_where_no_leases_are_any_more_is_not_to_be_had() {
        let leases = Leases::new(Quota::per_second(12), 2);
        leases.reconfigure(Quota::per_second(4));
        leases.stripes[2].store(1, Ordering::Relaxed);
        assert_eq!(leases.take_any(), None, "4 are a bucket of 2 and one lease");
        leases.reconfigure(Quota::per_second(12));
        assert_eq!(leases.take_any(), None);
    }
}
