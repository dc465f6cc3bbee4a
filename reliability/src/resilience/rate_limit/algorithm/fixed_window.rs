use core::time::Duration;

use super::{Booking, Limiter, Settable, parts, within};
use crate::resilience::rate_limit::Quota;
use crate::time::Instant;

/// So many permits in each period; the first period begins at the origin of the clock.
///
/// It remembers one number: the place that is free next, counted from the first permit of the first
/// window. The window of a place is the place divided by the permits of a window, so booking ahead is
/// counting on.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::{Decision, Quota};
/// use reliability::resilience::rate_limit::algorithm::{FixedWindow, Limiter};
/// use reliability::time::Instant;
///
/// let window = FixedWindow::new(Quota::per_second(10));
/// let mut state = window.empty();
/// let at = |millis| Instant::ZERO.saturating_add(Duration::from_millis(millis));
/// assert_eq!(window.check(&mut state, at(900), 10), Decision::Allowed { remaining: 0 });
/// let retry_after = Duration::from_millis(100);
/// assert_eq!(window.check(&mut state, at(900), 1), Decision::Limited { retry_after });
/// assert_eq!(window.check(&mut state, at(1_000), 1), Decision::Allowed { remaining: 9 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedWindow {
    permits: u64,
    period_nanos: u64,
}

impl FixedWindow {
    /// The windows of that quota.
    pub const fn new(quota: Quota) -> Self {
        let permits = if quota.permits == 0 { 1 } else { quota.permits as u64 };
        Self { permits, period_nanos: quota.period_nanos() }
    }

    fn window_at(&self, now: Instant) -> u64 {
        now.as_nanos() / self.period_nanos.max(1)
    }

    fn window_of(&self, place: u64) -> u64 {
        place / self.permits.max(1)
    }

    /// The place that is free next, given the time.
    fn free(&self, next: u64, now: Instant) -> u64 {
        next.max(self.window_at(now).saturating_mul(self.permits))
    }
}

impl Settable for FixedWindow {
    fn of(quota: Quota) -> Self {
        Self::new(quota)
    }

    fn from_words([permits, period_nanos]: [u64; 2]) -> Self {
        Self { permits, period_nanos }
    }

    fn words(&self) -> [u64; 2] {
        [self.permits, self.period_nanos]
    }

    fn used(&self, next: &u64, now: Instant) -> u64 {
        let begin = self.window_at(now).saturating_mul(self.permits);
        parts(next.saturating_sub(begin), self.permits)
    }
}

impl Limiter for FixedWindow {
    /// The place that is free next.
    type State = u64;

    fn empty(&self) -> u64 {
        0
    }

    fn most_at_once(&self) -> u32 {
        self.permits.min(u32::MAX.into()) as u32
    }

    fn book(
        &self,
        next: &mut u64,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        if permits > self.most_at_once() {
            return Err(Duration::MAX);
        }
        let mut first = self.free(*next, now);
        let mut window = self.window_of(first);
        let mut end = window.saturating_add(1).saturating_mul(self.permits);
        if first.saturating_add(permits.into()) > end {
            // All or nothing, so all of them in one window.
            (first, window) = (end, window.saturating_add(1));
            end = end.saturating_add(self.permits);
        }
        let starts_at = window.saturating_mul(self.period_nanos);
        let starts_at = Instant::from_nanos(starts_at.max(now.as_nanos()));
        within(now, starts_at, longest)?;
        let place = first.saturating_add(permits.into());
        let before = core::mem::replace(next, place);
        let remaining = end.saturating_sub(place).min(u32::MAX.into()) as u32;
        Ok(Booking { starts_at, permits, place, before, remaining })
    }

    fn give_back(&self, next: &mut u64, now: Instant, booking: &Booking) {
        let window = self.window_of(booking.place.saturating_sub(1));
        if *next == booking.place {
            *next = booking.before;
        } else if window == self.window_of(next.saturating_sub(1)) && window >= self.window_at(now)
        {
            // A window that has passed gives nothing; into one behind which others have booked
            // already nobody could be let any more.
            *next = next.saturating_sub(booking.permits.into());
        }
    }

    fn remaining(&self, next: &u64, now: Instant) -> u32 {
        let end = self.window_at(now).saturating_add(1).saturating_mul(self.permits);
        end.saturating_sub(self.free(*next, now)).min(u32::MAX.into()) as u32
    }

    /// The window of the last permit that was given out stays the last, and so does what is used in
    /// it: who has booked ahead keeps the time that was promised.
    fn carry_over(&self, next: &mut u64, now: Instant, before: &Self) {
        let current = before.window_at(now);
        let last = before.window_of(next.saturating_sub(1)).max(current);
        let starts_at = last.saturating_mul(before.period_nanos).max(now.as_nanos());
        let window = self.window_at(Instant::from_nanos(starts_at));
        let begins_at = Instant::from_nanos(window.saturating_mul(self.period_nanos));
        let begin = before.window_at(begins_at).max(current).saturating_mul(before.permits);
        let used = next.saturating_sub(begin).min(self.permits);
        *next = window.saturating_mul(self.permits).saturating_add(used);
    }
}
