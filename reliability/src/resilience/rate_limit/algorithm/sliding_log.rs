use alloc::collections::VecDeque;
use core::time::Duration;

use super::{Booking, Limiter, Settable, check_at_once, parts, within};
use crate::resilience::rate_limit::Quota;
use crate::time::Instant;

/// So many permits in any stretch of time as long as the period, exactly.
///
/// It remembers when each permit of the last period was used, 8 bytes each: as many as the quota has,
/// and up to as many again that are booked ahead. The memory is taken when it is first needed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::Quota;
/// use reliability::resilience::rate_limit::algorithm::{Limiter, SlidingLog};
/// use reliability::time::Instant;
///
/// let log = SlidingLog::new(Quota::per_second(2));
/// let mut state = log.empty();
/// let at = |millis| Instant::ZERO.saturating_add(Duration::from_millis(millis));
/// assert!(log.check(&mut state, at(400), 1).is_allowed());
/// assert!(log.check(&mut state, at(900), 1).is_allowed());
/// let limited = log.check(&mut state, at(1_000), 1);
/// assert_eq!(limited.retry_after(), Some(Duration::from_millis(400)));
/// assert!(log.check(&mut state, at(1_400), 1).is_allowed());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlidingLog {
    permits: u64,
    period_nanos: u64,
}

/// When the last permits were used, or will be: the state of a [`SlidingLog`].
///
/// # Examples
///
/// See [`SlidingLog`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// Oldest first; at most twice as many as the quota has permits.
    used_at: VecDeque<u64>,
    /// The latest of those that are no longer remembered.
    forgotten_at: Option<u64>,
}

#[cfg(all(test, not(reliability_loom)))]
impl Log {
    pub(super) fn capacity(&self) -> usize {
        self.used_at.capacity()
    }
}

impl SlidingLog {
    /// The log of that quota.
    pub const fn new(quota: Quota) -> Self {
        let permits = if quota.permits == 0 { 1 } else { quota.permits as u64 };
        Self { permits, period_nanos: quota.period_nanos() }
    }

    /// When so many permits are free, if nobody comes before.
    fn starts_at(&self, log: &Log, now: Instant, permits: u64) -> u64 {
        // Nobody passes those who wait.
        let last = log.used_at.back().copied().unwrap_or(0);
        // The one that must be a period old by then. Where more were booked ahead than are
        // remembered, and given back, that may be a forgotten one.
        let oldest = (log.used_at.len() as u64 + permits).checked_sub(self.permits + 1);
        let oldest = oldest.and_then(|index| log.used_at.get(index as usize)).copied();
        let oldest = oldest.max(log.forgotten_at);
        let free_at = oldest.map_or(0, |used_at| used_at.saturating_add(self.period_nanos));
        now.as_nanos().max(last).max(free_at)
    }

    fn is_gone(&self, used_at: u64, now: Instant) -> bool {
        used_at.saturating_add(self.period_nanos) <= now.as_nanos()
    }

    /// Makes room for so many entries: drops those that count no more, and the oldest of the others
    /// if there are too many.
    fn forget(&self, log: &mut Log, now: Instant, room_for: u64) {
        let gone = log.used_at.partition_point(|used_at| self.is_gone(*used_at, now));
        let most = 2 * self.permits;
        let surplus = (log.used_at.len() as u64 + room_for).saturating_sub(most) as usize;
        let last = log.used_at.drain(..gone.max(surplus).min(log.used_at.len())).next_back();
        log.forgotten_at = log.forgotten_at.max(last);
    }
}

impl Settable for SlidingLog {
    fn of(quota: Quota) -> Self {
        Self::new(quota)
    }

    fn from_words([permits, period_nanos]: [u64; 2]) -> Self {
        Self { permits, period_nanos }
    }

    fn words(&self) -> [u64; 2] {
        [self.permits, self.period_nanos]
    }

    fn used(&self, log: &Log, now: Instant) -> u64 {
        let left = u64::from(self.remaining(log, now));
        parts(self.permits.saturating_sub(left), self.permits)
    }
}

impl Limiter for SlidingLog {
    type State = Log;

    fn empty(&self) -> Log {
        Log::default()
    }

    fn most_at_once(&self) -> u32 {
        self.permits.min(u32::MAX.into()) as u32
    }

    fn book(
        &self,
        log: &mut Log,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        check_at_once(permits, self.most_at_once())?;
        let starts_at = self.starts_at(log, now, permits.into());
        within(now, Instant::from_nanos(starts_at), longest)?;
        self.forget(log, now, permits.into());
        log.used_at.extend((0..permits).map(|_| starts_at));
        let remaining = self.remaining(log, now);
        Ok(Booking {
            starts_at: Instant::from_nanos(starts_at),
            permits,
            place: starts_at,
            before: 0,
            remaining,
        })
    }

    fn give_back(&self, log: &mut Log, _: Instant, booking: &Booking) {
        let first = log.used_at.partition_point(|used_at| *used_at < booking.place);
        let same = log.used_at.range(first..).take_while(|used_at| **used_at == booking.place);
        let end = first + same.take(booking.permits as usize).count();
        log.used_at.drain(first..end);
    }

    fn remaining(&self, log: &Log, now: Instant) -> u32 {
        let somebody_waits = log.used_at.back().is_some_and(|last| *last > now.as_nanos());
        if somebody_waits || log.forgotten_at.is_some_and(|at| !self.is_gone(at, now)) {
            return 0;
        }
        let gone = log.used_at.partition_point(|used_at| self.is_gone(*used_at, now));
        let within = log.used_at.len() - gone;
        self.permits.saturating_sub(within as u64).min(u32::MAX.into()) as u32
    }

    fn carry_over(&self, log: &mut Log, now: Instant, before: &Self) {
        // What was forgotten because it did not count any more does not begin to count again.
        log.forgotten_at = log.forgotten_at.filter(|used_at| !before.is_gone(*used_at, now));
        // More than all there is cannot be used up.
        let used = log.used_at.partition_point(|used_at| *used_at <= now.as_nanos());
        log.used_at.drain(..used.saturating_sub(self.permits as usize));
        self.forget(log, now, 0);
    }
}
