use core::time::Duration;

use super::{Booking, Limiter, Settable, Verdict, Word, check_at_once, parts, within};
use crate::resilience::rate_limit::Quota;
use crate::resilience::rate_limit::decision::{Left, Wait};
use crate::time::Instant;

/// The leaky bucket as a queue: calls leave it in equal gaps, one permit an interval.
///
/// It remembers when the next call may leave. With several permits a call leaves at once, and the
/// next one so many gaps later. A call that would have to wait for longer than `burst` gaps finds the
/// bucket full.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::Quota;
/// use reliability::resilience::rate_limit::algorithm::{LeakyBucket, Limiter};
/// use reliability::time::Instant;
///
/// let bucket = LeakyBucket::new(Quota::per_second(100).burst(2));
/// let mut state = bucket.empty();
/// let mut book = || bucket.book(&mut state, Instant::ZERO, 1, Duration::MAX);
/// let leaves: Vec<_> = (0..3).filter_map(|_| book().ok()).map(|b| b.starts_at()).collect();
/// let at = |millis| Instant::ZERO.saturating_add(Duration::from_millis(millis));
/// assert_eq!(leaves, [at(0), at(10), at(20)]);
/// assert_eq!(book(), Err(Duration::from_millis(30)), "two wait already");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeakyBucket {
    interval_nanos: u64,
    /// The longest line: `burst` intervals.
    line_nanos: u64,
}

impl LeakyBucket {
    /// The bucket of that quota, empty.
    pub const fn new(quota: Quota) -> Self {
        let interval_nanos = quota.interval_nanos();
        let burst = if quota.burst == 0 { 1 } else { quota.burst as u64 };
        Self { interval_nanos, line_nanos: interval_nanos.saturating_mul(burst) }
    }
}

impl Settable for LeakyBucket {
    fn of(quota: Quota) -> Self {
        Self::new(quota)
    }

    #[inline]
    fn from_words([interval_nanos, line_nanos]: [u64; 2]) -> Self {
        Self { interval_nanos, line_nanos }
    }

    fn words(&self) -> [u64; 2] {
        [self.interval_nanos, self.line_nanos]
    }

    fn used(&self, next_at: &u64, now: Instant) -> u64 {
        parts(next_at.saturating_sub(now.as_nanos()), self.line_nanos)
    }
}

impl Word for LeakyBucket {
    #[inline]
    fn decide(&self, next_at: u64, now: Instant, permits: u32) -> Option<Verdict> {
        let now = now.as_nanos();
        let cost = self.interval_nanos.checked_mul(permits.into())?;
        if cost > self.line_nanos {
            return None;
        }
        match next_at.checked_sub(now) {
            None | Some(0) => Some(Verdict::Allowed(now.checked_add(cost)?, Left::permits(0))),
            Some(ahead) => Some(Verdict::Limited(Wait::nanos(ahead))),
        }
    }
}

impl Limiter for LeakyBucket {
    /// When the next call may leave, in nanoseconds.
    type State = u64;

    fn empty(&self) -> u64 {
        0
    }

    fn most_at_once(&self) -> u32 {
        (self.line_nanos / self.interval_nanos.max(1)).min(u32::MAX.into()) as u32
    }

    fn book(
        &self,
        next_at: &mut u64,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        check_at_once(permits, self.most_at_once())?;
        let starts_at = Instant::from_nanos((*next_at).max(now.as_nanos()));
        within(now, starts_at, longest.min(Duration::from_nanos(self.line_nanos)))?;
        let cost = self.interval_nanos.saturating_mul(permits.into());
        *next_at = starts_at.as_nanos().saturating_add(cost);
        Ok(Booking { starts_at, permits, place: *next_at, before: 0, remaining: 0 })
    }

    fn give_back(&self, next_at: &mut u64, now: Instant, booking: &Booking) {
        // Those behind have their times already, so the gap can only be closed at the end.
        if *next_at == booking.place {
            let cost = self.interval_nanos.saturating_mul(booking.permits.into());
            let back = cost.min(booking.place.saturating_sub(now.as_nanos()));
            *next_at = next_at.saturating_sub(back);
        }
    }

    fn remaining(&self, next_at: &u64, now: Instant) -> u32 {
        u32::from(*next_at <= now.as_nanos())
    }

    /// Who is in line keeps the time that was promised, also where the gaps become shorter: then the
    /// next one leaves a gap of the new length behind the last of the line.
    fn carry_over(&self, next_at: &mut u64, now: Instant, before: &Self) {
        let ahead = next_at.saturating_sub(now.as_nanos());
        let scaled = u128::from(ahead) * u128::from(self.interval_nanos);
        let scaled = scaled.div_ceil(before.interval_nanos.max(1).into());
        let scaled = u64::try_from(scaled).unwrap_or(u64::MAX);
        let line = ahead.saturating_sub(before.interval_nanos);
        let behind = if line > 0 { line.saturating_add(self.interval_nanos) } else { 0 };
        *next_at = now.as_nanos().saturating_add(scaled.max(behind));
    }
}
