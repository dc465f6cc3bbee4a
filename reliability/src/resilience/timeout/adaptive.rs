use core::time::Duration;

use super::Rule;
use crate::error::Name;
use crate::resilience::Invalid;
use crate::sync::Quantile;

/// A timeout that follows what attempts took lately: a quantile times a factor, within two bounds.
///
/// Made by [`Timeout::adaptive`](super::Timeout::adaptive).
///
/// | setting | default | range |
/// |---|---|---|
/// | `quantile` | | p50 to p99.9: below, the timeout would say more of the usual attempt than of the slow one; above, the last thousand attempts do not know it |
/// | [`times`](Adaptive::times) | 2: twice as slow as all but one in a hundred is no longer usual | 1.25 to 100 |
/// | [`min`](Adaptive::min) | 50 ms: pauses of a scheduler or a garbage collector are shorter | 1 ms to an hour |
/// | [`max`](Adaptive::max) | 2 s: hardly any caller waits longer for one attempt | above `min`, at most an hour |
///
/// Until there are enough attempts to know the quantile - as many as it takes for one of them to lie
/// beyond it, 100 for p99, and 20 at least - the timeout is `max`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::timeout::Timeout;
/// use reliability::sync::Quantile;
///
/// let adaptive = Timeout::adaptive(Quantile::P99)
///     .times(2.0)
///     .min(Duration::from_millis(50))
///     .max(Duration::from_secs(2));
///
/// let millis = |p99| adaptive.timeout(Some(Duration::from_millis(p99))).as_millis();
/// assert_eq!([millis(5), millis(300), millis(1_500)], [50, 600, 2_000]);
/// assert_eq!(adaptive.timeout(None), Duration::from_secs(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
#[must_use = "hand it to `Policy::builder(..).timeout(..)`"]
pub struct Adaptive {
    /// What it follows.
    pub quantile: Quantile,
    /// How many times the quantile it is.
    pub factor: f64,
    /// What it is at least.
    pub min: Duration,
    /// What it is at most, and as long as too little is known.
    pub max: Duration,
}

const QUANTILES: core::ops::RangeInclusive<Quantile> = Quantile::P50..=Quantile::of(0.999);
const FACTORS: core::ops::RangeInclusive<f64> = 1.25..=100.0;
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(60 * 60);

impl Adaptive {
    pub(super) const fn following(quantile: Quantile) -> Self {
        Self { quantile, factor: 2.0, min: Duration::from_millis(50), max: Duration::from_secs(2) }
    }

    /// This many times the quantile.
    pub const fn times(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// At least this long.
    pub const fn min(mut self, min: Duration) -> Self {
        self.min = min;
        self
    }

    /// At most this long, and exactly this long while too little is known.
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// The timeout when that is the quantile.
    pub fn timeout(&self, quantile: Option<Duration>) -> Duration {
        match quantile {
            Some(quantile) => Rule::scaled(quantile, self.factor, self.min, self.max),
            None => self.max,
        }
    }

    pub(super) fn check(&self, policy: &Name) -> Result<(), Invalid> {
        let invalid = |setting, expected: alloc::string::String, got: alloc::string::String| {
            Invalid::new(policy.clone(), setting, expected, got)
        };
        check_quantile(policy, "timeout", self.quantile)?;
        if !FACTORS.contains(&self.factor) {
            let expected = alloc::format!("{} to {}", FACTORS.start(), FACTORS.end());
            let got = alloc::format!("{}", self.factor);
            return Err(invalid("times", expected, got).with_advice(
                "a timeout that is hardly longer than what attempts take cannot grow with them",
            ));
        }
        for (setting, bound) in [("min", self.min), ("max", self.max)] {
            if !(SHORTEST..=LONGEST).contains(&bound) {
                let expected = alloc::format!("{SHORTEST:?} to {LONGEST:?}");
                return Err(invalid(setting, expected, alloc::format!("{bound:?}")));
            }
        }
        if self.min >= self.max {
            let expected = alloc::format!("shorter than `max`, {:?}", self.max);
            return Err(invalid("min", expected, alloc::format!("{:?}", self.min))
                .with_advice("where both are the same, write a fixed timeout"));
        }
        Ok(())
    }
}

/// Refuses quantiles that the last thousand attempts cannot tell.
pub(crate) fn check_quantile(
    policy: &Name,
    setting: &'static str,
    quantile: Quantile,
) -> Result<(), Invalid> {
    if QUANTILES.contains(&quantile) {
        return Ok(());
    }
    let expected = alloc::format!("a quantile from {} to {}", QUANTILES.start(), QUANTILES.end());
    let invalid = Invalid::new(policy.clone(), setting, expected, quantile);
    let share = quantile.share();
    Err(if share > 1.0 && share <= 100.0 {
        invalid.with_advice(alloc::format!("write `Quantile::of({})`", share / 100.0))
    } else {
        invalid
    })
}
