use core::time::Duration;

use super::{Booking, Limiter, Settable, Verdict, Word, check_at_once, parts, within};
use crate::resilience::rate_limit::Quota;
use crate::resilience::rate_limit::decision::{Left, Wait};
use crate::time::Instant;

/// So many permits in each period; the first period begins at the origin of the clock.
///
/// It remembers one word: the last window that permits were given out of, and how many of them.
///
/// ```text
///   63                           20 19                 0
///  +-------------------------------+--------------------+
///  | number of the window          | permits given out  |
///  +-------------------------------+--------------------+
/// ```
///
/// A later state is a larger number, and whether now is still in that window takes no division. What
/// is booked ahead lies in a window that has not begun. A quota with more than
/// [`PERMITS_MAX`](Quota::PERMITS_MAX) permits, or a period below
/// [`PERIOD_MIN`](Quota::PERIOD_MIN), counts as one with just these.
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

/// The bits of a state that count permits.
const COUNT_BITS: u32 = 20;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
/// The last window there is, 557 years after the first.
const WINDOW_MAX: u64 = u64::MAX >> COUNT_BITS;
const _: () = assert!(Quota::PERMITS_MAX as u64 <= COUNT_MASK);

const fn state_of(window: u64, used: u64) -> u64 {
    window << COUNT_BITS | used
}

const fn parts_of(state: u64) -> (u64, u64) {
    (state >> COUNT_BITS, state & COUNT_MASK)
}

impl FixedWindow {
    /// The windows of that quota.
    pub const fn new(quota: Quota) -> Self {
        let permits = match quota.permits {
            0 => 1,
            permits if permits > Quota::PERMITS_MAX => Quota::PERMITS_MAX,
            permits => permits,
        };
        let shortest = Quota::PERIOD_MIN.as_nanos() as u64;
        let period = quota.period_nanos();
        let period_nanos = if period < shortest { shortest } else { period };
        Self { permits: permits as u64, period_nanos }
    }

    fn window_at(&self, now: Instant) -> u64 {
        (now.as_nanos() / self.period_nanos.max(1)).min(WINDOW_MAX)
    }

    fn begin_of(&self, window: u64) -> u64 {
        window.saturating_mul(self.period_nanos)
    }

    /// The window out of which permits are given next, and how many are used of it.
    fn free(&self, state: u64, now: Instant) -> (u64, u64) {
        parts_of(state.max(state_of(self.window_at(now), 0)))
    }

    /// How many permits were given out since the begin of a window.
    fn used_since(&self, state: u64, first: u64) -> u64 {
        let (window, used) = parts_of(state);
        match window.checked_sub(first) {
            Some(windows) => windows.saturating_mul(self.permits).saturating_add(used),
            None => 0,
        }
    }
}

impl Settable for FixedWindow {
    fn of(quota: Quota) -> Self {
        Self::new(quota)
    }

    #[inline]
    fn from_words([permits, period_nanos]: [u64; 2]) -> Self {
        Self { permits, period_nanos }
    }

    fn words(&self) -> [u64; 2] {
        [self.permits, self.period_nanos]
    }

    fn used(&self, state: &u64, now: Instant) -> u64 {
        parts(self.used_since(*state, self.window_at(now)), self.permits)
    }
}

impl Word for FixedWindow {
    #[inline]
    fn decide(&self, state: u64, now: Instant, permits: u32) -> Option<Verdict> {
        let (window, used) = parts_of(state);
        let into = now.as_nanos().checked_sub(window.checked_mul(self.period_nanos)?)?;
        let to_the_end = self.period_nanos.checked_sub(into).filter(|nanos| *nanos > 0)?;
        let permits = u64::from(permits);
        match self.permits.checked_sub(used + permits) {
            Some(left) => Some(Verdict::Allowed(state + permits, Left::permits(left as u32))),
            None if permits <= self.permits => Some(Verdict::Limited(Wait::nanos(to_the_end))),
            None => None,
        }
    }
}

impl Limiter for FixedWindow {
    /// The last window that permits were given out of, and how many of them.
    type State = u64;

    fn empty(&self) -> u64 {
        0
    }

    fn most_at_once(&self) -> u32 {
        self.permits.min(u32::MAX.into()) as u32
    }

    fn book(
        &self,
        state: &mut u64,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        check_at_once(permits, self.most_at_once())?;
        let (mut window, mut used) = self.free(*state, now);
        if used + u64::from(permits) > self.permits {
            // All or nothing, so all of them in one window.
            (window, used) = (window + 1, 0);
        }
        let begin = window.checked_mul(self.period_nanos).filter(|_| window <= WINDOW_MAX);
        // Behind the last window of the timeline there is none.
        let begin = begin.ok_or(Duration::MAX)?;
        let starts_at = Instant::from_nanos(begin.max(now.as_nanos()));
        within(now, starts_at, longest)?;
        let used = used + u64::from(permits);
        let place = state_of(window, used);
        let before = core::mem::replace(state, place);
        let remaining = self.permits.saturating_sub(used) as u32;
        Ok(Booking { starts_at, permits, place, before, remaining })
    }

    fn give_back(&self, state: &mut u64, now: Instant, booking: &Booking) {
        let (window, used) = parts_of(*state);
        let (booked_in, _) = parts_of(booking.place);
        if *state == booking.place {
            *state = booking.before;
        } else if window == booked_in && window >= self.window_at(now) {
            // A window that has passed gives nothing; into one behind which others have booked
            // already nobody could be let any more.
            *state = state_of(window, used.saturating_sub(booking.permits.into()));
        }
    }

    fn remaining(&self, state: &u64, now: Instant) -> u32 {
        let used = self.used_since(*state, self.window_at(now));
        self.permits.saturating_sub(used) as u32
    }

    /// The window of the last permit that was given out stays the last, and so does what is used in
    /// it: who has booked ahead keeps the time that was promised.
    fn carry_over(&self, state: &mut u64, now: Instant, before: &Self) {
        let current = before.window_at(now);
        let (window, used) = parts_of(*state);
        // Out of a window whose permits were all given back none was given out.
        let last = if used > 0 { window } else { window.saturating_sub(1) }.max(current);
        let starts_at = before.begin_of(last).max(now.as_nanos());
        let window = self.window_at(Instant::from_nanos(starts_at));
        let begins_at = Instant::from_nanos(self.begin_of(window));
        let first = before.window_at(begins_at).max(current);
        let used = before.used_since(*state, first).min(self.permits);
        *state = state_of(window, used);
    }
}
