use core::fmt;
use core::time::Duration;

use crate::sre::{Reading, Target};

/// How much of what may go wrong has gone wrong, over the whole window and weighted by events.
///
/// Where a part of the window is unknown - too little history, or the rest of the month - this is the
/// best case: as if that part were clean, with as much traffic as the rest.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Budget, GoodAndBad, Reading, Target};
///
/// const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
///
/// let reading = Reading::rolling(MONTH, MONTH, GoodAndBad::new(999_400, 600));
/// let budget = Budget::new(Target::percent("99.9"), reading);
/// assert_eq!(budget.allowed(), 1_000.0);
/// assert!((budget.remaining().unwrap() - 0.4).abs() < 1e-9);
/// assert_eq!(budget.to_string(), "40.0% left");
/// assert!((budget.consumed().unwrap() - 0.6).abs() < 1e-9);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    target: Target,
    reading: Reading,
}

impl Budget {
    /// The budget of a target, and what was counted in its window.
    pub const fn new(target: Target, reading: Reading) -> Self {
        Self { target, reading }
    }

    /// What was counted.
    pub const fn reading(&self) -> &Reading {
        &self.reading
    }

    /// How many of the events that were counted might have been bad.
    pub fn allowed(&self) -> f64 {
        let budget = u128::from(self.target.budget_parts_per_billion());
        (u128::from(self.reading.counts.total()) * budget) as f64 / 1e9
    }

    /// The share that is used: 0 to 1, and more when too much was bad. `None` when nothing was
    /// counted.
    pub fn consumed(&self) -> Option<f64> {
        // What is used of a budget in its own window is how fast it burns there.
        self.reading.burn(self.target)
    }

    /// The share that is left: 1 for all of it, below 0 when more was bad than may be. `None` when
    /// nothing was counted.
    pub fn remaining(&self) -> Option<f64> {
        self.consumed().map(|consumed| 1.0 - consumed)
    }

    /// How long it lasts if it burns on at that rate: what is left, times the window, by the rate.
    ///
    /// `None` when nothing is left, nothing burns, or nothing was counted.
    pub fn lasts(&self, burn: f64) -> Option<Duration> {
        let remaining = self.remaining().filter(|remaining| *remaining > 0.0)?;
        let seconds = remaining * self.reading.window.as_secs_f64() / burn;
        (burn > 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    /// Whether less is left than that, for certain, and in whole numbers. False when nothing was
    /// counted.
    pub(in crate::sre) fn is_below_percent(&self, percent: i16) -> bool {
        let used = u64::from(100_i32.saturating_sub(i32::from(percent)).max(0).unsigned_abs());
        self.reading.burns_above(used * 10_000, self.target)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.remaining() {
            None => f.write_str("no data"),
            Some(remaining) if self.reading.is_whole() => {
                write!(f, "{:.1}% left", remaining * 100.0)
            }
            Some(remaining) => write!(
                f,
                "{:.1}% left at best, {:.1}% of the time seen",
                remaining * 100.0,
                100.0 * self.reading.seen.as_secs_f64() / self.reading.over.as_secs_f64(),
            ),
        }
    }
}
