use core::time::Duration;

use crate::sre::{GoodAndBad, Target};

/// What was counted in one window, and how much of the window was seen.
///
/// Readings of replicas may be [added](Reading::plus): counts are exact sums.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{GoodAndBad, Reading, Target};
///
/// const HOUR: Duration = Duration::from_secs(3600);
///
/// // One call of a hundred was bad in the last hour, which is ten times what may be.
/// let here = Reading::rolling(HOUR, HOUR, GoodAndBad::new(99, 1));
/// assert_eq!(here.error_rate(), Some(0.01));
/// assert!(here.is_whole());
/// let burn = here.burn(Target::percent("99.9")).expect("something was counted");
/// assert!((burn - 10.0).abs() < 1e-9);
///
/// // With the replica beside it, which was started half an hour ago.
/// let there = Reading::rolling(HOUR, HOUR / 2, GoodAndBad::new(100, 0));
/// assert_eq!(here.plus(there).counts, GoodAndBad::new(199, 1));
///
/// // Of the day that has begun 6 hours ago.
/// let today = Reading::calendar(24 * HOUR, 6 * HOUR, 6 * HOUR, GoodAndBad::new(600, 3));
/// assert_eq!(today.counts.total(), 603);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// How long the window is; of a calendar window from its beginning to its end.
    pub window: Duration,
    /// How much of it is over: all of a rolling one, and of a calendar one what lies before now.
    pub over: Duration,
    /// How much of that somebody was there to count.
    pub seen: Duration,
    /// What was counted.
    pub counts: GoodAndBad,
}

impl Reading {
    /// A reading of a rolling window.
    pub const fn rolling(window: Duration, seen: Duration, counts: GoodAndBad) -> Self {
        let seen = if seen.as_nanos() > window.as_nanos() { window } else { seen };
        Self { window, over: window, seen, counts }
    }

    /// A reading of a calendar window that goes on.
    pub const fn calendar(
        window: Duration,
        over: Duration,
        seen: Duration,
        counts: GoodAndBad,
    ) -> Self {
        let over = if over.as_nanos() > window.as_nanos() { window } else { over };
        let seen = if seen.as_nanos() > over.as_nanos() { over } else { seen };
        Self { window, over, seen, counts }
    }

    /// Whether somebody was there all the time.
    pub const fn is_whole(&self) -> bool {
        self.seen.as_nanos() >= self.over.as_nanos()
    }

    /// The share of what was bad; `None` when nothing was counted. 0 to 1.
    pub fn error_rate(&self) -> Option<f64> {
        let total = self.counts.total();
        (total > 0).then(|| self.counts.bad as f64 / total as f64)
    }

    /// How fast a budget of that target burns in this window; `None` when nothing was counted.
    ///
    /// The share of what was bad, by the share that may be (SRE Workbook, chapter 5). Of a window of
    /// which a part is unknown this is the burn rate at least: as if that part had been clean, with
    /// as much traffic as the rest.
    pub fn burn(&self, target: Target) -> Option<f64> {
        let budget = f64::from(target.budget_parts_per_billion()) / 1e9;
        Some(self.error_rate()? * self.known() / budget)
    }

    /// The same of two replicas, exactly. The longer window and history count.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            window: self.window.max(other.window),
            over: self.over.max(other.over),
            seen: self.seen.max(other.seen),
            counts: self.counts + other.counts,
        }
    }

    /// Whether the budget burns faster than that for certain: strictly, and in whole numbers.
    ///
    /// `bad / total * seen / window > burn * budget`. What was not seen counts as clean: whoever
    /// takes an hour for six because that is all there is calls people for nothing.
    pub(in crate::sre) fn burns_above(&self, burn_millionths: u64, target: Target) -> bool {
        let GoodAndBad { bad, .. } = self.counts;
        let total = self.counts.total();
        // 40 bits of counts, 36 of milliseconds and 50 of the rate go into 128; beyond a million
        // million events a window is exact to 2^-40.
        let shift = 24_u32.saturating_sub(total.leading_zeros());
        let (bad, total) = (u128::from(bad >> shift), u128::from(total >> shift));
        let millis = |duration: Duration| duration.as_millis().min((1 << 36) - 1);
        let budget = u128::from(target.budget_parts_per_billion());
        // At this rate and above even a total outage is not enough.
        let most = 1_000_000_000_000_000_u128;
        let rate = u128::from(burn_millionths) * budget;
        if rate >= most {
            return false;
        }
        bad * millis(self.seen) * most > rate * total * millis(self.window)
    }

    fn known(&self) -> f64 {
        if self.window.is_zero() {
            1.0
        } else {
            self.seen.as_secs_f64() / self.window.as_secs_f64()
        }
    }
}
