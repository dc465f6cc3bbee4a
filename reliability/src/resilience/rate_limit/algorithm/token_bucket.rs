use core::time::Duration;

use super::{Booking, Limiter, Settable, Verdict, Word, parts, within};
use crate::resilience::rate_limit::Quota;
use crate::resilience::rate_limit::decision::{Left, Wait};
use crate::time::Instant;

/// The token bucket, as the generic cell rate algorithm (ITU-T I.371, annex A): instead of tokens it
/// remembers the time at which the bucket will be full again.
///
/// ```text
///            now                full_at
///  -----------+--------------------+-----------------------+------> time
///             |<------ used ------>|<------ remaining ---->|
///             |<-------------- burst * interval ---------->|
/// ```
///
/// Taking a permit moves `full_at` one interval to the right, time moves `now`, and a permit may be
/// used when `full_at` is at most a whole bucket ahead. So one word is all, nothing is refilled by
/// anybody, and a refused call writes nothing.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBucket {
    interval_nanos: u64,
    /// The time in which an empty bucket fills up: `burst` intervals.
    fill_nanos: u64,
}

impl TokenBucket {
    /// The bucket of that quota, full.
    pub const fn new(quota: Quota) -> Self {
        let interval_nanos = quota.interval_nanos();
        let burst = if quota.burst == 0 { 1 } else { quota.burst as u64 };
        Self { interval_nanos, fill_nanos: interval_nanos.saturating_mul(burst) }
    }

    /// Intervals in that time, rounded down.
    #[inline]
    fn permits_in(&self, nanos: u64) -> u32 {
        Left::intervals(nanos, self.interval_nanos).count()
    }
}

impl Settable for TokenBucket {
    fn of(quota: Quota) -> Self {
        Self::new(quota)
    }

    #[inline]
    fn from_words([interval_nanos, fill_nanos]: [u64; 2]) -> Self {
        Self { interval_nanos, fill_nanos }
    }

    fn words(&self) -> [u64; 2] {
        [self.interval_nanos, self.fill_nanos]
    }

    fn used(&self, full_at: &u64, now: Instant) -> u64 {
        parts(full_at.saturating_sub(now.as_nanos()), self.fill_nanos)
    }
}

impl Word for TokenBucket {
    #[inline]
    fn decide(&self, full_at: u64, now: Instant, permits: u32) -> Option<Verdict> {
        let now = now.as_nanos();
        let cost = self.interval_nanos.checked_mul(permits.into())?;
        let room = self.fill_nanos.checked_sub(cost)?;
        let used = full_at.saturating_sub(now);
        let Some(left) = room.checked_sub(used) else {
            // The last of the timeline is for `book`.
            full_at.checked_add(cost)?;
            return Some(Verdict::Limited(Wait::nanos(used - room)));
        };
        // Beside `used` nothing is lost: the sum is the later of both times.
        let after = now.checked_add(used)?.checked_add(cost)?;
        Some(Verdict::Allowed(after, Left::intervals(left, self.interval_nanos)))
    }
}

impl Limiter for TokenBucket {
    /// The time at which the bucket is full, in nanoseconds.
    type State = u64;

    fn empty(&self) -> u64 {
        0
    }

    fn most_at_once(&self) -> u32 {
        self.permits_in(self.fill_nanos)
    }

    #[inline]
    fn book(
        &self,
        full_at: &mut u64,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        let cost = self.interval_nanos.saturating_mul(permits.into());
        if cost > self.fill_nanos {
            return Err(Duration::MAX);
        }
        let after = (*full_at).max(now.as_nanos()).saturating_add(cost);
        let starts_at = Instant::from_nanos(after.saturating_sub(self.fill_nanos));
        within(now, starts_at, longest)?;
        *full_at = after;
        let left = now.as_nanos().saturating_add(self.fill_nanos).saturating_sub(after);
        Ok(Booking {
            starts_at,
            permits,
            place: after,
            before: 0,
            remaining: self.permits_in(left),
        })
    }

    fn give_back(&self, full_at: &mut u64, now: Instant, booking: &Booking) {
        let now = now.as_nanos();
        // Somebody who booked later waits for a time that counts on these permits being used.
        let somebody_waits = *full_at > now.saturating_add(self.fill_nanos);
        if somebody_waits && *full_at != booking.place {
            return;
        }
        let cost = self.interval_nanos.saturating_mul(booking.permits.into());
        // From `place` on the bucket would have been full without them as well.
        let back = cost.min(booking.place.saturating_sub(now));
        *full_at = full_at.saturating_sub(back);
    }

    fn remaining(&self, full_at: &u64, now: Instant) -> u32 {
        let now = now.as_nanos();
        let limit = now.saturating_add(self.fill_nanos);
        self.permits_in(limit.saturating_sub((*full_at).max(now)))
    }

    fn carry_over(&self, full_at: &mut u64, now: Instant, before: &Self) {
        let now = now.as_nanos();
        let used_nanos = full_at.saturating_sub(now);
        let rescale = |nanos: u64| {
            let scaled = u128::from(nanos) * u128::from(self.interval_nanos);
            u64::try_from(scaled.div_ceil(before.interval_nanos.max(1).into())).unwrap_or(u64::MAX)
        };
        let used = rescale(used_nanos.min(before.fill_nanos)).min(self.fill_nanos);
        let waiting = rescale(used_nanos.saturating_sub(before.fill_nanos));
        *full_at = now.saturating_add(used).saturating_add(waiting);
    }
}
