use core::time::Duration;

use super::{Booking, Limiter, Settable, check_at_once, parts, within};
use crate::resilience::rate_limit::Quota;
use crate::time::Instant;

/// So many permits in about any stretch of time as long as the period, with two counts.
///
/// ```text
///        window before        this window
///   |====================|=======.------------|
///                 |<-- period -->|
///                 '-- counted: the share of the window before that lies in the period,
///                     and all of this one
/// ```
///
/// What was used in the window before is taken as evenly spread. When it was not, there can be more
/// in one period than the quota says; never more than twice as many.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::{Decision, Quota};
/// use reliability::resilience::rate_limit::algorithm::{Limiter, SlidingCounter};
/// use reliability::time::Instant;
///
/// let counter = SlidingCounter::new(Quota::per_second(10));
/// let mut state = counter.empty();
/// let at = |millis| Instant::ZERO.saturating_add(Duration::from_millis(millis));
/// assert!(counter.check(&mut state, at(900), 10).is_allowed());
/// // Half of the window before still counts, so half of the quota is free.
/// assert_eq!(counter.check(&mut state, at(1_500), 4), Decision::Allowed { remaining: 1 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlidingCounter {
    permits: u64,
    period_nanos: u64,
}

/// What was used in the last windows: the state of a [`SlidingCounter`].
///
/// # Examples
///
/// See [`SlidingCounter`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Windows {
    /// The number of the latest one.
    window: u64,
    /// Latest first. Two decide; the others are for bookings ahead, up to two windows, that are
    /// given back.
    used: [u32; 4],
}

impl Windows {
    /// The same windows, seen from a later one.
    fn advanced_to(self, window: u64) -> Self {
        let by = usize::try_from(window.saturating_sub(self.window)).unwrap_or(usize::MAX);
        let mut used = [0; 4];
        for (later, earlier) in used.iter_mut().skip(by).zip(self.used) {
            *later = earlier;
        }
        Self { window: self.window.max(window), used }
    }

    /// Seen from the window before. What is not known any more is taken as `most`.
    fn stepped_back(self, most: u32) -> Self {
        let [_, used, before, long_before] = self.used;
        Self { window: self.window.saturating_sub(1), used: [used, before, long_before, most] }
    }

    fn this(&self) -> u64 {
        self.used[0].into()
    }

    fn before(&self) -> u64 {
        self.used[1].into()
    }
}

impl SlidingCounter {
    /// The windows of that quota.
    pub const fn new(quota: Quota) -> Self {
        let permits = if quota.permits == 0 { 1 } else { quota.permits as u64 };
        Self { permits, period_nanos: quota.period_nanos() }
    }

    fn windows_at(&self, state: &Windows, now: Instant) -> Windows {
        // Whether it is still the same window takes no division.
        let begin = state.window.checked_mul(self.period_nanos);
        let into = begin.and_then(|begin| now.as_nanos().checked_sub(begin));
        if into.is_some_and(|into| into < self.period_nanos) {
            return *state;
        }
        state.advanced_to(now.as_nanos() / self.period_nanos.max(1))
    }

    /// How far into the window so many permits are free; `None` if not in this one.
    fn free_after(&self, windows: Windows, permits: u32) -> Option<u64> {
        let wanted = windows.this() + u64::from(permits);
        let left = self.permits.checked_sub(wanted)?;
        let before = windows.before();
        if before <= left {
            return Some(0);
        }
        // The share of the window before that may still count: left / before of it.
        let counted = u128::from(left) * u128::from(self.period_nanos) / u128::from(before);
        // At the very end of a window the next one has begun.
        (counted > 0).then(|| self.period_nanos - counted as u64)
    }

    /// What counts of the window before, rounded up.
    fn counted_before(&self, windows: Windows, now: Instant) -> u64 {
        let begin = windows.window.saturating_mul(self.period_nanos);
        let into = now.as_nanos().saturating_sub(begin).min(self.period_nanos);
        let (left, period) = (self.period_nanos - into, self.period_nanos.max(1));
        match windows.before().checked_mul(left) {
            Some(share) => share.div_ceil(period),
            None => {
                let share = u128::from(windows.before()) * u128::from(left);
                share.div_ceil(u128::from(period)) as u64
            }
        }
    }

    /// What could be had now, given the windows as of now or later.
    fn remaining_in(&self, windows: Windows, now: Instant) -> u32 {
        if windows.window.saturating_mul(self.period_nanos) > now.as_nanos() {
            return 0;
        }
        let used = self.counted_before(windows, now).saturating_add(windows.this());
        self.permits.saturating_sub(used).min(u32::MAX.into()) as u32
    }
}

impl Settable for SlidingCounter {
    fn of(quota: Quota) -> Self {
        Self::new(quota)
    }

    fn from_words([permits, period_nanos]: [u64; 2]) -> Self {
        Self { permits, period_nanos }
    }

    fn words(&self) -> [u64; 2] {
        [self.permits, self.period_nanos]
    }

    fn used(&self, state: &Windows, now: Instant) -> u64 {
        let left = u64::from(self.remaining(state, now));
        parts(self.permits.saturating_sub(left), self.permits)
    }
}

impl Limiter for SlidingCounter {
    type State = Windows;

    fn empty(&self) -> Windows {
        Windows::default()
    }

    fn most_at_once(&self) -> u32 {
        self.permits.min(u32::MAX.into()) as u32
    }

    fn book(
        &self,
        state: &mut Windows,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        check_at_once(permits, self.most_at_once())?;
        let mut windows = self.windows_at(state, now);
        let mut free_after = self.free_after(windows, permits);
        // In the second window ahead nothing of this one counts any more.
        for ahead in windows.window.saturating_add(1)..=windows.window.saturating_add(2) {
            if free_after.is_some() {
                break;
            }
            windows = windows.advanced_to(ahead);
            free_after = self.free_after(windows, permits);
        }
        let begin = windows.window.saturating_mul(self.period_nanos);
        let free_at = begin.saturating_add(free_after.unwrap_or(self.period_nanos));
        let starts_at = Instant::from_nanos(free_at.max(now.as_nanos()));
        within(now, starts_at, longest)?;
        windows.used[0] = windows.used[0].saturating_add(permits);
        *state = windows;
        let remaining = self.remaining_in(windows, now);
        Ok(Booking { starts_at, permits, place: windows.window, before: 0, remaining })
    }

    fn give_back(&self, state: &mut Windows, now: Instant, booking: &Booking) {
        let ago = state.window.saturating_sub(booking.place);
        let used = usize::try_from(ago).ok().and_then(|ago| state.used.get_mut(ago));
        if let Some(used) = used {
            *used = used.saturating_sub(booking.permits);
        }
        // Nobody is booked ahead any more.
        while state.this() == 0 && state.window.saturating_mul(self.period_nanos) > now.as_nanos() {
            *state = state.stepped_back(self.most_at_once());
        }
    }

    fn remaining(&self, state: &Windows, now: Instant) -> u32 {
        self.remaining_in(self.windows_at(state, now), now)
    }

    fn carry_over(&self, state: &mut Windows, now: Instant, before: &Self) {
        if self.period_nanos == before.period_nanos {
            return;
        }
        // Windows of another length have other boundaries: all that counts goes into the new one.
        let windows = before.windows_at(state, now);
        let used = before.counted_before(windows, now).saturating_add(windows.this());
        let used = used.min(self.permits) as u32;
        // The one that is when the last of them is used, so that nobody passes who waits.
        let begin = windows.window.saturating_mul(before.period_nanos);
        let last_after = before.free_after(windows, 0).unwrap_or(before.period_nanos);
        let last_at = begin.saturating_add(last_after).max(now.as_nanos());
        let window = last_at / self.period_nanos.max(1);
        *state = Windows { window, used: [used, 0, 0, 0] };
    }
}
